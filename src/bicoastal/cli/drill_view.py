"""What a drill shows: live progress while it runs, and the verdict as a page."""

from __future__ import annotations

import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.markup import escape
from rich.status import Status

from bicoastal.lab.drill.report import DrillReport, RecoveryTime, Writes

_MARKS = {"pass": "[green]ok  [/]", "fail": "[bold red]FAIL[/]", "not promised": "[yellow]--  [/]"}
_BAR_WIDTH = 60
_LISTED = 5


class Progress:
    """Prints each event as a line, and on a terminal the current numbers below them.

    Everything goes to standard error, so that a report on standard output stays clean.

    Args:
        quiet: Print nothing.
        console: Where to print; standard error by default.
    """

    def __init__(self, *, quiet: bool = False, console: Console | None = None) -> None:
        self._console = console or Console(stderr=True, quiet=quiet, highlight=False)
        self._begun = time.monotonic()
        self._status: Status | None = None

    def __enter__(self) -> Self:
        if self._console.is_terminal and not self._console.quiet:
            self._status = self._console.status("starting")
            self._status.start()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._status is not None:
            self._status.stop()

    def event(self, source: str, text: str) -> None:
        """Show one event.

        Args:
            source: Who saw or did it.
            text: What happened.
        """
        elapsed = time.monotonic() - self._begun
        self._console.print(
            f"[dim]{elapsed:6.1f} s[/]  [cyan]{source:<12}[/] {escape(text)}", soft_wrap=True
        )

    def status(self, text: str) -> None:
        """Show passing numbers; only a terminal sees them.

        Args:
            text: The numbers.
        """
        if self._status is not None:
            self._status.update(escape(text))


def print_report(report: DrillReport, console: Console | None = None) -> None:
    """Print the verdict, the outage with its parts, the writes and every requirement.

    Args:
        report: The drill's record.
        console: Where to print; standard output by default.
    """
    console = console or Console(highlight=False, soft_wrap=True)
    colour = "green" if report.verdict == "pass" else "red"
    console.print()
    console.print(
        f"[bold {colour}]Verdict: {report.verdict.upper()}[/]   fault {report.fault}, "
        f"{report.deployment.resources} resources, dns.mode {report.dns_mode}, "
        f"pace {report.pace:g}, seed {report.seed}"
        + (f", replication {report.load.replication}" if report.load else "")
    )
    if report.broken and report.scenario is not None:
        mutant = report.scenario.mutant
        by = ", ".join(report.noticed_by)
        noticed = f"[green]noticed by {by}[/]" if by else "[bold red]NOT NOTICED[/]"
        console.print(f"Mutant {mutant.name}: {escape(mutant.what)}; {noticed}")
    console.print()
    if report.recovery_time is not None:
        _print_recovery(report.recovery_time, console)
    _print_writes(report.writes, console)
    console.print(
        "DNS      "
        + ", then ".join(f"{answer.region} from {answer.at_s:+.2f} s" for answer in report.dns)
    )
    console.print()
    for requirement in report.requirements:
        console.print(
            f"{_MARKS[requirement.outcome]}  {requirement.id:<20} {escape(requirement.observed)}"
        )
        if requirement.outcome == "fail":
            console.print(f"{'':<26} promised: {escape(requirement.promise)}")
    console.print()
    for limit in report.limits:
        console.print(f"[dim]note: {escape(limit)}[/]")


def _print_writes(writes: Writes, console: Console) -> None:
    console.print(
        f"Writes   {writes.attempted} attempted, {writes.acknowledged} acknowledged, "
        f"{writes.failed} refused, {writes.unknown} unanswered"
    )
    console.print(
        f"         {len(writes.lost)} acknowledged lost, {len(writes.phantom)} phantom, "
        f"{len(writes.duplicates)} duplicate, {len(writes.divergent)} only on the old primary"
    )
    for write in writes.lost[:_LISTED]:
        console.print(
            f"         lost: client {write.client} write {write.seq} at {write.at_s:+.3f} s "
            f"({write.id})"
        )
    if len(writes.lost) > _LISTED:
        console.print(f"         and {len(writes.lost) - _LISTED} more: --json FILE lists them all")


def _print_recovery(recovery: RecoveryTime, console: Console) -> None:
    parts = {
        "detect": (recovery.detect_s, "red"),
        "decide": (recovery.decide_s, "yellow"),
        "promote": (recovery.promote_s, "magenta"),
        "redirect": (recovery.redirect_s, "blue"),
        "reconnect": (recovery.reconnect_s, "cyan"),
    }
    console.print(
        f"RTO      [bold]{recovery.total_s:.2f} s[/] = "
        + " + ".join(f"{name} {seconds:.2f}" for name, (seconds, _) in parts.items())
        + f"   (floor {recovery.floor_s:.2f} s)"
    )
    bar = ""
    for name, (seconds, colour) in parts.items():
        width = round(_BAR_WIDTH * seconds / recovery.total_s)
        bar += f"[{colour}]{name[:width].ljust(width, '·')}[/]"
    console.print(f"         |{bar}|")
