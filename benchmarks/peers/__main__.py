"""Compare: the same faults, clients and oracle for every contestant, in one run.

make peers                                            everything
python -m benchmarks.peers --only naive --fault kill  one cell
"""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.console import Console
from rich.markup import escape

from benchmarks.peers.contestants import CONTESTANTS, Contestant
from benchmarks.peers.judging import measure
from benchmarks.peers.table import LIMITS, Cell, print_cells, print_totals, to_values
from bicoastal.cli.stackfile import deployable_settings
from bicoastal.errors import LabError
from bicoastal.lab.drill.options import DrillOptions
from bicoastal.lab.scenarios import find
from bicoastal.settings import Settings
from bicoastal.wholefile import write_whole

FAULTS = (
    "kill", "hang", "partition",
    "restart-in-window", "cut-43-seconds", "regions-partitioned",
)  # fmt: skip

WIDTH = 116
"""Columns of the table where no terminal says otherwise."""


def main(
    only: Annotated[str, typer.Option(help="Contestants, separated by commas.")] = "",
    fault: Annotated[str, typer.Option(help="Scenarios, separated by commas.")] = ",".join(FAULTS),
    pace: Annotated[float, typer.Option(min=1.0, max=20.0, help="As `bicoastal drill`.")] = 15.0,
    seed: Annotated[int, typer.Option(min=0, help="As `bicoastal drill`.")] = 1,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the figures.")] = None,
) -> None:
    """Play every scenario on every contestant and print what came out."""
    signal.signal(signal.SIGTERM, _leave)
    names = only.split(",") if only else [each.name for each in CONTESTANTS]
    known = {each.name: each for each in CONTESTANTS}
    if unknown := [name for name in names if name not in known]:
        raise typer.BadParameter(f"no contestant {unknown}; there are {list(known)}")
    chosen = [known[name] for name in names]
    try:
        scenarios = [find(name) for name in fault.split(",")]
    except LabError as error:
        raise typer.BadParameter(str(error)) from None
    settings = deployable_settings(None)
    about = _about(chosen, settings, pace)
    out, log = _console(), Console(stderr=True, highlight=False)
    cells: list[Cell] = []
    for contestant in chosen:
        if missing := contestant.missing():
            log.print(f"{contestant.name} left out: {missing}")
            continue
        for scenario in scenarios:
            log.print(f"{contestant.name}: {scenario.name}")
            options = DrillOptions(scenario=scenario, pace=pace, seed=seed)
            cells.append(_cell(contestant, settings, options, log))
            if json_file is not None:  # after every run: an hour is not lost with the last minute
                write_whole(json_file, _json(about, pace, cells))
    print_cells(out, cells)
    out.print()
    print_totals(out, cells)
    out.print()
    for name, text in about.items():
        out.print(f"{name}: {text}")
    out.print(LIMITS)


def _json(about: dict[str, str], pace: float, cells: list[Cell]) -> str:
    values = {"about": about, "limits": LIMITS, "pace": pace, "cells": to_values(cells)}
    return json.dumps(values, indent=2) + "\n"


def _console() -> Console:
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=WIDTH)


def _cell(contestant: Contestant, settings: Settings, options: DrillOptions, log: Console) -> Cell:
    name, scenario = contestant.name, options.scenario.name
    try:
        run = contestant.run(settings, options, lambda text: log.print(f"  [dim]{escape(text)}[/]"))
        return Cell(name, scenario, measure(run))
    except Exception as error:  # whatever a peer does, the others are still compared
        return Cell(name, scenario, None, f"failed: {type(error).__name__}: {error}")


def _about(chosen: list[Contestant], settings: Settings, pace: float) -> dict[str, str]:
    load = ", ".join(f"{each:.1f}" for each in os.getloadavg())
    machine = f"{os.cpu_count()} cores, load {load} at the beginning, pace {pace:g}"
    about = {"machine": f"{machine}, Python {sys.version.split()[0]}"}
    for each in chosen:
        missing = each.missing()
        about[each.name] = (
            f"not installed: {missing}"
            if missing
            else f"{each.what} ({each.version()}); believes a loss after "
            + each.detects(settings, pace)
        )
    return about


def _leave(number: int, _frame: object) -> NoReturn:
    sys.exit(128 + number)


if __name__ == "__main__":
    typer.run(main)
