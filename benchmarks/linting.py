"""`bicoastal check` beside cfn-lint, on the same member of the same global database.

python -m benchmarks.linting

cfn-lint comes from requirements/cfn-lint.txt into an environment of its own, made at the first run:
it is a peer to be measured against, not a dependency.
"""

from __future__ import annotations

import re
import statistics
import subprocess
import sys
import time
import venv
from pathlib import Path
from typing import NamedTuple

from rich.console import Console
from rich.table import Table

HERE = Path(__file__).parent
ROOT = HERE.parent
ENVIRONMENT = ROOT / ".venv" / "cfn-lint"
REQUIREMENTS = ROOT / "requirements" / "cfn-lint.txt"
RUNS = 7


class Row(NamedTuple):
    """What was measured of a command: median seconds, and the mistakes that it named."""

    start_s: float
    total_s: float
    named: frozenset[str]


def cfn_lint() -> Path:
    """Return cfn-lint's command; install it if this version is not there."""
    command = ENVIRONMENT / "bin" / "cfn-lint"
    note = ENVIRONMENT / "requirements.txt"
    if not note.exists() or note.read_text() != REQUIREMENTS.read_text():
        venv.create(ENVIRONMENT, clear=True, with_pip=True)
        pip = (
            ENVIRONMENT / "bin" / "python",
            "-m",
            "pip",
            "install",
            "-q",
            "--disable-pip-version-check",
        )
        subprocess.run((*pip, "--require-hashes", "-r", REQUIREMENTS), check=True, cwd=ENVIRONMENT)
        note.write_text(REQUIREMENTS.read_text())
    return command


def run_s(command: list[str | Path]) -> tuple[float, str]:
    """Run a command, whatever its exit code; return its wall time in s and what it printed."""
    begun = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return time.perf_counter() - begun, done.stdout


def measure(command: list[str | Path], file: Path, ids: str) -> Row:
    """Measure a linter: its start-up (`--version`), and all that it says of a file."""
    run_s([*command, file])  # the first run writes and warms caches
    starts, totals, text = [], [], ""
    for _ in range(RUNS):
        starts.append(run_s([*command[:1], "--version"])[0])
        seconds, text = run_s([*command, file])
        totals.append(seconds)
    named = frozenset(re.findall(ids, text))
    return Row(statistics.median(starts), statistics.median(totals), named)


def compare(console: Console) -> None:
    """Print both, and how many times as long cfn-lint takes."""
    own = Path(sys.executable).parent / "bicoastal"
    ours = measure([own, "check"], HERE / "Pulumi.linted.yaml", r"BC\d{3}(?= error)")
    theirs = measure([cfn_lint()], HERE / "global-database.yaml", r"\bE\d{4}\b")
    table = Table("", "bicoastal check", "cfn-lint", "ratio", box=None, title="Before deploying")
    for name, mine, peer in (
        ("start-up, s", ours.start_s, theirs.start_s),
        ("whole, s", ours.total_s, theirs.total_s),
    ):
        table.add_row(name, f"{mine:.2f}", f"{peer:.2f}", f"{peer / mine:.1f}")
    table.add_row("errors named", *(", ".join(sorted(r.named)) or "none" for r in (ours, theirs)))
    console.print(table)


if __name__ == "__main__":
    compare(Console(highlight=False))
