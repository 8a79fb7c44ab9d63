"""A terminal sees passing numbers and colours; a file sees neither."""

from __future__ import annotations

import io

from rich.console import Console

from bicoastal.cli.drill_view import Progress, print_report
from bicoastal.lab.drill.report import DrillReport


def test_a_terminal_shows_the_passing_numbers() -> None:
    console = Console(file=io.StringIO(), force_terminal=True, width=120)
    with Progress(console=console) as progress:
        progress.status("12 writes")
        assert progress._status is not None
        assert progress._status.status == "12 writes"
        progress.event("drill", "deployed")
    assert "deployed" in console.file.getvalue()  # type: ignore[attr-defined]  # it is a StringIO


def test_a_file_gets_lines_without_colours_or_passing_numbers() -> None:
    console = Console(file=io.StringIO(), width=40)
    with Progress(console=console) as progress:
        progress.status("12 writes")
        progress.event("drill", "x" * 100)
    lines = console.file.getvalue().splitlines()  # type: ignore[attr-defined]  # it is a StringIO
    assert len(lines) == 1
    assert lines[0].endswith("x" * 100)
    assert "\x1b" not in lines[0]


def test_the_bar_is_as_long_as_the_outage_in_parts(report: DrillReport) -> None:
    console = Console(file=io.StringIO(), width=200)
    print_report(report, console)
    text = console.file.getvalue()  # type: ignore[attr-defined]  # it is a StringIO
    bar = next(line for line in text.splitlines() if line.strip().startswith("|"))
    assert len(bar.strip()) == 60 + 2
    assert bar.count("decide") == 1
