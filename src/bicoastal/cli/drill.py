"""`bicoastal drill`: rehearse the loss of the primary on real databases."""

from __future__ import annotations

import signal
import sys
from pathlib import Path
from types import FrameType
from typing import Annotated, NoReturn

import typer

from bicoastal.cli.destination import writable_file, write_text
from bicoastal.cli.stackfile import deployable_settings
from bicoastal.lab.drill.fault import Fault


def drill(
    fault: Annotated[
        Fault,
        typer.Option(
            "--fault",
            help="How the primary is lost: kill (SIGKILL of its server), hang (SIGSTOP: a TCP "
            "connect still succeeds), partition (cut off from everyone, but alive).",
        ),
    ] = Fault.KILL,
    stack: Annotated[
        Path | None,
        typer.Option(
            "--stack", metavar="FILE", help="Rehearse this stack file instead of the defaults."
        ),
    ] = None,
    pace: Annotated[
        float,
        typer.Option(
            "--pace",
            min=1.0,
            max=40.0,
            help="Seconds of AWS time in one second here: intervals, windows and TTLs are divided.",
        ),
    ] = 15.0,
    disarmed: Annotated[
        bool,
        typer.Option(
            "--disarmed", help="Forbid the failover: the drill must then fail. Shows that it can."
        ),
    ] = False,
    seed: Annotated[
        int,
        typer.Option("--seed", min=0, help="Fixes what is drawn by lot, e.g. the fault's phase."),
    ] = 1,
    json_file: Annotated[
        Path | None,
        typer.Option(
            "--json",
            metavar="FILE",
            callback=writable_file,
            help="Write the whole record as JSON ('-' for standard output).",
        ),
    ] = None,
    html: Annotated[
        Path | None,
        typer.Option(
            "--html",
            metavar="FILE",
            callback=writable_file,
            help="Write the report as a page; 'bicoastal report' makes it from the record, too.",
        ),
    ] = None,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="No progress, only the verdict.")
    ] = False,
) -> None:
    """Deploy the stack into an embedded AWS, lose its primary, fail over, judge, destroy.

    Everything runs on this machine and on loopback: the Pulumi program, MariaDB servers in place
    of Aurora, a DNS server in place of Route 53, the functions' real code. Exit code 0 means a
    passing verdict, 1 a failed one, 2 bad usage.
    """
    settings = deployable_settings(stack)
    from bicoastal.cli.drill_view import Progress, print_report
    from bicoastal.lab.drill.options import DrillOptions
    from bicoastal.lab.drill.run import rehearse

    # A polite end unwinds like Ctrl-C does; SIGKILL is the kernel's part (PDEATHSIG).
    signal.signal(signal.SIGTERM, _leave)
    options = DrillOptions(fault=fault, pace=pace, armed=not disarmed, seed=seed)
    with Progress(quiet=quiet) as progress:
        report = rehearse(settings, options, progress)
    if json_file is not None:
        write_text(report.model_dump_json(indent=2) + "\n", json_file)
    if html is not None:
        from bicoastal.lab.report.pages import page
        from bicoastal.lab.report.reading import Drill

        write_text(page([Drill(html.stem, report)]), html)
    if "-" not in {str(json_file), str(html)}:
        print_report(report)
    raise typer.Exit(0 if report.verdict == "pass" else 1)


def _leave(number: int, _frame: FrameType | None) -> NoReturn:
    sys.exit(128 + number)
