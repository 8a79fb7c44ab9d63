"""Print, from one run on this machine: drill phases, RTO against its floor, start-up, memory,
and `bicoastal check` beside cfn-lint (alone: python -m benchmarks.linting).

make bench                      one drill of each fault
python -m benchmarks --runs 10  ten of each
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from benchmarks.linting import compare
from benchmarks.memory import PeakMemory

COMMAND = Path(sys.executable).parent / "bicoastal"
FAULTS = ("kill", "hang", "partition")
START_UPS = 5


def run_drill(fault: str, seed: int, report: Path) -> tuple[float, float, dict[str, Any]]:
    """Run one drill; return its wall time in s, its peak memory in MiB, and its record."""
    begun = time.perf_counter()
    process = subprocess.Popen(
        [COMMAND, "drill", "--quiet", "--fault", fault, "--seed", str(seed), "--json", report],
        stdout=subprocess.DEVNULL,
    )
    with PeakMemory(process.pid) as memory:
        process.wait()
    return time.perf_counter() - begun, memory.peak_mib, json.loads(report.read_text())


def median_s(arguments: list[str], runs: int = START_UPS) -> float:
    """Return the median wall time of a command in s."""
    times = []
    for _ in range(runs):
        begun = time.perf_counter()
        subprocess.run(
            [COMMAND, *arguments], stdout=subprocess.DEVNULL, check=True, env={**os.environ}
        )
        times.append(time.perf_counter() - begun)
    return statistics.median(times)


def drills(console: Console, runs: int) -> None:
    """Print the phases, the outage and the memory of drills, one column a fault."""
    rows: dict[str, dict[str, list[float]]] = {}
    verdicts: dict[str, list[str]] = {fault: [] for fault in FAULTS}

    def add(name: str, fault: str, value: float) -> None:
        rows.setdefault(name, {f: [] for f in FAULTS})[fault].append(value)

    with tempfile.TemporaryDirectory() as folder:
        for seed in range(1, runs + 1):
            for fault in FAULTS:
                wall_s, mib, record = run_drill(fault, seed, Path(folder) / "drill.json")
                verdicts[fault].append(record["verdict"])
                for phase in record["phases"]:
                    add(f"{phase['name']}, s", fault, phase["seconds"])
                add("whole drill, s", fault, wall_s)
                add("peak memory, MiB", fault, mib)
                if (rto := record["recovery_time"]) is not None:
                    add("RTO, s", fault, rto["total_s"])
                    add("RTO floor, s", fault, rto["floor_s"])
                    add("RTO / floor", fault, rto["total_s"] / rto["floor_s"])
    table = Table("median of " + str(runs), *FAULTS, box=None, title="Drills")
    table.add_row("verdicts passed", *(f"{verdicts[f].count('pass')} of {runs}" for f in FAULTS))
    for name, values in rows.items():
        table.add_row(
            name, *(f"{statistics.median(values[f]):.2f}" if values[f] else "-" for f in FAULTS)
        )
    console.print(table)


def start_up(console: Console) -> None:
    """Print how long commands take from a cold start, against Python alone."""
    python = statistics.median(_python_s() for _ in range(START_UPS))
    table = Table("command", "s", "times Python's own start", box=None, title="Start-up")
    for arguments in (["--help"], ["check"], ["cost"], ["drill", "--help"], ["plan"]):
        seconds = median_s(arguments)
        table.add_row(
            "bicoastal " + " ".join(arguments), f"{seconds:.2f}", f"{seconds / python:.1f}"
        )
    console.print(table)


def _python_s() -> float:
    begun = time.perf_counter()
    subprocess.run([sys.executable, "-c", "pass"], check=True)
    return time.perf_counter() - begun


def main(runs: Annotated[int, typer.Option(min=1, help="Drills of each fault.")] = 1) -> None:
    """Measure and print."""
    console = Console(highlight=False)
    console.print(f"{os.cpu_count()} cores, Python {sys.version.split()[0]}")
    start_up(console)
    compare(console)
    drills(console, runs)


if __name__ == "__main__":
    typer.run(main)
