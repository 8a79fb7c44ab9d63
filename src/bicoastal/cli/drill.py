"""`bicoastal drill`: rehearse the loss of the primary on real databases."""

from __future__ import annotations

import os
import signal
import sys
import tempfile
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from bicoastal.cli.stackfile import deployable_settings
from bicoastal.lab.drill.fault import Fault
from bicoastal.lab.drill.probe import Probe

if TYPE_CHECKING:
    from bicoastal.lab.drill.report import DrillReport


def _check_destination(destination: Path | None) -> Path | None:
    """Refuse a report file that could not be written, before half a minute is spent."""
    if destination is None or str(destination) == "-":
        return destination
    if destination.is_dir():
        raise typer.BadParameter(f"{destination} is a folder; name a file")
    if not destination.parent.is_dir():
        raise typer.BadParameter(f"folder {destination.parent} does not exist; create it first")
    if not os.access(destination.parent, os.W_OK):
        raise typer.BadParameter(f"folder {destination.parent} is not writable; name another")
    return destination


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
    probe: Annotated[
        Probe,
        typer.Option(
            "--probe",
            help="How deep the witnesses probe: the greeting, the role (login over TLS with an "
            "IAM token), or a canary write as well.",
        ),
    ] = Probe.CANARY,
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
            callback=_check_destination,
            help="Write the whole record as JSON ('-' for standard output).",
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
    options = DrillOptions(fault=fault, pace=pace, probe=probe, armed=not disarmed, seed=seed)
    with Progress(quiet=quiet) as progress:
        report = rehearse(settings, options, progress)
    if json_file is not None:
        _write(report, json_file)
    if str(json_file) != "-":
        print_report(report)
    raise typer.Exit(0 if report.verdict == "pass" else 1)


def _leave(number: int, _frame: FrameType | None) -> NoReturn:
    sys.exit(128 + number)


def _write(report: DrillReport, destination: Path) -> None:
    text = report.model_dump_json(indent=2) + "\n"
    if str(destination) == "-":
        typer.echo(text, nl=False)
        return
    # Whole or not at all: a reader never sees half a record.
    with tempfile.NamedTemporaryFile(
        "w", dir=destination.parent, prefix=f".{destination.name}.", delete=False
    ) as partial:
        partial.write(text)
    Path(partial.name).replace(destination)
