"""What `bicoastal status` prints: the answer first, then what it rests on."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Console
from rich.markup import escape

from bicoastal.cli.operating import moment
from bicoastal.failover.config import BINLOG_REPLICA
from bicoastal.failover.votes import Verdict
from bicoastal.operate.report import Measurement, MemberReport, RecordReport, Status

_COLOURS = {Verdict.UP: "green", Verdict.DOWN: "bold red", Verdict.UNKNOWN: "yellow"}
_LIMITS = (
    "topology binlog-replica: there is no global database, so AWS has no switchover, no way back",
    "         and no fencing, and tells no state of the replication but its lag; the controllers",
    "         only observe, a person promotes (failover)",
)
_MARKS = {True: "[green]healthy[/]", False: "[red]unhealthy[/]", None: "[yellow]unknown[/]"}


def print_status(status: Status, console: Console | None = None) -> None:
    """Print a status.

    Args:
        status: what was seen.
        console: where to; standard output by default.
    """
    console = console or Console(highlight=False, soft_wrap=True)
    for line in _lines(status):
        console.print(line)


def ago(age_s: float) -> str:
    """A time span in one unit, as people say it.

    Args:
        age_s: seconds.
    """
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60)):
        if age_s >= 2 * size:
            return f"{age_s / size:.0f} {unit}"
    return f"{age_s:.0f} s"


def _lines(status: Status) -> Iterator[str]:
    count = len(status.problems)
    colour, verdict = "green", "all is well"
    if count:
        colour, verdict = "red", f"{count} thing{'s are' if count > 1 else ' is'} wrong"
    yield f"[bold]{escape(status.cluster)}[/]  [bold {colour}]{verdict}[/]  {moment(status.at)}"
    for problem in status.problems:
        yield f"  [{colour}]![/] {escape(problem)}"
    yield ""
    if status.topology == BINLOG_REPLICA:
        yield from _LIMITS
    yield from _decision(status.decision, status.at)
    yield from _members(status)
    for lag in status.lags:
        yield f"lag      {lag.region}  {_measured(lag, ' s')}"
    for vote in status.votes:
        yield (
            f"vote     {vote.witness}  [{_COLOURS[vote.verdict]}]{vote.verdict:<7}[/]  "
            f"{vote.depth} in {vote.elapsed_s:.2f} s: {escape(vote.reason)}"
        )
    for latch in status.latch:
        yield f"latch    {latch.region}  {_measured(latch, '')}"
    for check in status.checks:
        yield f"check    {escape(check.name)}  {_MARKS[check.healthy]}  {escape(check.detail)}"
    if status.checks_problem is not None:
        yield f"check    [yellow]Route 53: {escape(status.checks_problem)}[/]"
    yield from _dns(status)
    yield from _program(status)
    for region, silence in status.regions.items():
        if silence is not None:
            yield f"region   [red]{region}: {escape(silence)}[/]"


def _decision(decision: RecordReport | None, now: float) -> Iterator[str]:
    if decision is None:
        yield "record   [red]unknown[/]"
        return
    record, last = decision.record, decision.last
    since = f", for {ago(now - record.since)}" if record.since else ""
    armed = "[green]armed[/]" if record.armed else "[yellow]not armed[/]"
    if record.maintenance_until is not None and record.maintenance_until > now:
        armed += f", [yellow]in maintenance until {moment(record.maintenance_until)}[/]"
    yield (
        f"record   [bold]{record.state}[/]{since}, {armed}, epoch {record.epoch}, "
        f"writer {record.writer}, latch {record.latch}  (asked {decision.asked})"
    )
    failed_over = record.last_failover_at
    acknowledged = "" if record.acknowledged else ", [red]not acknowledged[/]"
    yield (
        "         last failover "
        + (moment(failed_over) if failed_over is not None else "never")
        + acknowledged
    )
    if last is not None:
        yield (
            f"         last entry {moment(last.at)} by {escape(last.requester)}: "
            f"{escape(last.reason)}"
        )


def _members(status: Status) -> Iterator[str]:
    database = status.database
    if database is None:
        yield "members  [red]unknown[/]"
        return
    under_way = f", [yellow]{escape(database.failover)}[/]" if database.failover else ""
    yield f"database {escape(database.status)}{under_way}  (asked {database.asked})"
    for member in database.members:
        count = "?" if member.instances is None else str(member.instances)
        version = f", {escape(member.version)}" if member.version else ""
        yield (
            f"member   {member.region}  {member.role:<7}  {member.status or 'no answer'}, "
            f"{_sync(member, status.topology)}, instances: {count}{version}"
        )


def _sync(member: MemberReport, topology: str) -> str:
    if topology != BINLOG_REPLICA:
        return member.sync or "sync unknown"
    if member.source is not None:
        return f"replicates from {member.source}"
    return "replicates from nobody" if member.status is not None else "source unknown"


def _dns(status: Status) -> Iterator[str]:
    dns = status.dns
    if dns is None:
        return
    answer = f"[yellow]{escape(dns.problem or '')}[/]"
    if dns.problem is None:
        answer = f"{escape(' '.join(dns.answer))}, that is {dns.region or 'no member by its name'}"
    yield f"dns      {escape(dns.name)}  {answer}  (asked {escape(dns.asked)})"


def _program(status: Status) -> Iterator[str]:
    if status.quiet is None:
        yield "program  [yellow]unknown[/]: no member was described"
    elif status.quiet:
        yield "program  [green]quiet[/]: pulumi up --refresh would change no member"
    else:
        yield "program  [red]not quiet[/]: pulumi up --refresh would change a member"


def _measured(found: Measurement, unit: str) -> str:
    if found.value is None or found.age_s is None:
        return f"[yellow]unknown[/]: {escape(found.problem or '')}"
    return f"{found.value:g}{unit}  measured {ago(found.age_s)} ago"
