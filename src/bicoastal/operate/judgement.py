"""What is wrong with what was seen: pure, one small function for each part.

Not being armed, and maintenance, are decisions of people and not wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

from bicoastal.failover.audit import Entry, verify_chain
from bicoastal.failover.state import Record, State
from bicoastal.failover.votes import Verdict
from bicoastal.operate.report import GONE, MemberReport, Status
from bicoastal.settings import Settings

LAG_MAX_AGE_S = 600.0
"""As old as the controller accepts it."""
LATCH_MAX_AGE_S = 300.0
"""The standby's controller puts the latch once a minute: five minutes of silence mean that it does
not run."""

PROTECTION = "protection"
"""The part that says whether a controller would fail over from where the writer is."""

_TROUBLE = {
    State.SUSPECT: "the writer looks lost: {state}",
    State.HELD: "a failover is HELD and waits for a human: approve it, or repair what is red",
    State.FENCING: "a failover to {target_region} is under way: {state}",
    State.PROMOTING: "a failover to {target_region} is under way: {state}",
    State.REDIRECTING: "a failover to {target_region} is under way: {state}",
    State.LOCKED: "the automation is LOCKED: say which region is the writer (unlock)",
}


def problems(status: Status, settings: Settings) -> tuple[str, ...]:
    """Say what is wrong.

    Args:
        status: what was seen.
        settings: what is meant to be.

    Returns:
        One line for each thing; empty when all is well.
    """
    return tuple(line for _, lines in by_part(status, settings) for line in lines)


def by_part(status: Status, settings: Settings) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Say what is wrong, part by part.

    Args:
        status: what was seen.
        settings: what is meant to be.

    Returns:
        Each part's name, and a line for each thing that is wrong with it.
    """
    silent = {region for region, problem in status.regions.items() if problem is not None}
    # A silent region is named once; what it therefore does not tell is no further thing.
    status = replace(
        status,
        lags=tuple(lag for lag in status.lags if lag.region not in silent),
        latch=tuple(latch for latch in status.latch if latch.region not in silent),
    )
    return tuple((name, tuple(part(status, settings))) for name, part in _PARTS)


def trail_problems(record: Record, entries: Sequence[Entry]) -> tuple[str, ...]:
    """Check an audit trail, and that it ends in the record as it is.

    Args:
        record: the record.
        entries: its trail, oldest first.

    Returns:
        What is wrong, in words.
    """
    found = verify_chain(entries)
    if not entries:
        return ("the record was written, but its trail is empty",) if record.version else ()
    if Record.from_dict(entries[-1].after).settled() != record.settled():
        found.append(f"the record is not what its last entry ({entries[-1].seq}) left")
    return tuple(found)


def _regions(status: Status, _settings: Settings) -> Iterator[str]:
    for region, problem in status.regions.items():
        if problem is not None:
            yield f"{region}: {problem}"


def _database(status: Status, settings: Settings) -> Iterator[str]:
    database = status.database
    if not settings.is_global:
        return
    if database is None:
        yield f"the topology is unknown: {status.database_problem}"
        return
    if database.failover is not None or database.status != "available":
        yield f"the global database is {database.failover or database.status}"
    if database.writer is None:
        yield "the global database has no writer"
    for member in database.members:
        if member.role == "standby" and member.sync != "connected":
            yield f"{member.region} does not replicate ({member.sync or 'unknown'})"
        yield from _member(member, settings)
    yield from (
        f"{region} is not a member of the global database"
        for region in settings.regions.members
        if region not in database.arns
    )


def _member(member: MemberReport, settings: Settings) -> Iterator[str]:
    if member.status not in (None, "available"):
        yield f"the member in {member.region} is {member.status}"
    if member.instances == 0 and settings.instances(member.region):
        yield f"the member in {member.region} has no instance"


def _pair(status: Status, settings: Settings) -> Iterator[str]:
    """Two clusters that replicate by binary log, which no global database holds together."""
    database = status.database
    if settings.is_global:
        return
    if database is None or status.database_problem is not None:
        yield f"the topology is unknown: {status.database_problem}"
    members = database.members if database else ()
    for member in members:
        others = {other.region for other in members} - {member.region}
        if member.role == GONE:
            yield f"the cluster in {member.region} is gone"
        elif member.source is not None and member.source not in others:
            yield f"{member.region} replicates from {member.source}, which is not of the pair"
        yield from _member(member, settings)
    alone = [member.region for member in members if member.role == "writer"]
    if len(alone) > 1:
        yield (
            f"neither of {' and '.join(alone)} replicates from the other, so each takes writes "
            "that the other does not get: let clients reach the writer only, and make a new pair"
        )


def _decision(status: Status, _settings: Settings) -> Iterator[str]:
    decision = status.decision
    if decision is None:
        yield f"the record is unknown: {status.decision_problem}"
        return
    record, database = decision.record, status.database
    if record.state in _TROUBLE:
        yield _TROUBLE[record.state].format(state=record.state, target_region=record.target_region)
    if not record.acknowledged:
        yield f"the failover to {record.writer} has not been acknowledged (acknowledge)"
    yield from (f"audit trail: {problem}" for problem in decision.tampering)
    if database is not None and database.writer not in (None, record.writer):
        yield f"RDS calls {database.writer} the writer, the record {record.writer}"


def _protection(status: Status, settings: Settings) -> Iterator[str]:
    writer = status.decision.record.writer if status.decision else None
    if writer in settings.regions.further_standbys:
        yield (
            f"the writer is in {writer}, from where nothing fails over by itself: the controllers "
            "only observe (failback, or switchover to the standby)"
        )


def _lags(status: Status, settings: Settings) -> Iterator[str]:
    budget = settings.failover.rpo_budget_s
    for lag in status.lags:
        if lag.value is None or lag.age_s is None:
            yield f"the replication lag of {lag.region} is unknown: {lag.problem}"
        elif lag.age_s > LAG_MAX_AGE_S:
            yield f"the replication lag of {lag.region} was measured {lag.age_s:.0f} s ago"
        elif lag.value > budget:
            yield f"{lag.region} lags by {lag.value:.1f} s, more than the budget of {budget} s"


def _votes(status: Status, settings: Settings) -> Iterator[str]:
    for vote in status.votes:
        if vote.verdict is Verdict.UNKNOWN and status.regions.get(vote.witness) is not None:
            continue  # the region is silent, which has been said
        if vote.verdict is not Verdict.UP:
            yield f"the witness in {vote.witness} says {vote.verdict}: {vote.reason}"
        elif vote.overloaded or vote.read_only:
            why = "is overloaded" if vote.overloaded else "refuses writes"
            yield f"the witness in {vote.witness} says that the writer {why}"
    up = sum(vote.verdict is Verdict.UP for vote in status.votes)
    if up < settings.failover.quorum:
        yield f"only {up} of {len(status.votes)} witnesses see the writer"


def _latch(status: Status, _settings: Settings) -> Iterator[str]:
    wanted = status.decision.record.latch if status.decision else None
    for latch in status.latch:
        if latch.value is None or latch.age_s is None:
            yield f"the latch has no value in {latch.region}: {latch.problem}"
        elif latch.age_s > LATCH_MAX_AGE_S:
            yield (
                f"the latch in {latch.region} was last put {latch.age_s:.0f} s ago: does the "
                "standby's controller run?"
            )
        elif wanted is not None and latch.value != wanted:
            yield f"the latch in {latch.region} is {latch.value:g}, the record says {wanted}"


def _checks(status: Status, settings: Settings) -> Iterator[str]:
    record = status.decision.record if status.decision else None
    for check in status.checks:
        if check.healthy is None or record is None:
            continue
        # Healthy means: DNS answers with the home region.
        wanted = record.writer == settings.regions.home
        if check.healthy != wanted:
            is_, should = ("healthy", "unhealthy") if check.healthy else ("unhealthy", "healthy")
            yield f"health check {check.name} is {is_}, but with this writer it should be {should}"


def _drift(status: Status, _settings: Settings) -> Iterator[str]:
    for one in status.drift or ():
        would = "the next pulumi up changes it" if one.acted_on else "the program leaves it alone"
        yield f"{one.region}: {one.what} is {one.live}, the program says {one.wanted}; {would}"


def _dns(status: Status, _settings: Settings) -> Iterator[str]:
    dns, record = status.dns, status.decision.record if status.decision else None
    # No answer is not wrong: the name may be known in the clients' networks only.
    if dns is not None and record is not None and dns.region not in (None, record.writer):
        yield f"{dns.name} leads to {dns.region}, the writer is {record.writer}"


_Part = Callable[[Status, Settings], Iterable[str]]
_PARTS: tuple[tuple[str, _Part], ...] = (
    ("regions", _regions),
    ("database", _database),
    ("replica", _pair),
    ("record", _decision),
    (PROTECTION, _protection),
    ("lag", _lags),
    ("votes", _votes),
    ("latch", _latch),
    ("checks", _checks),
    ("program", _drift),
    ("dns", _dns),
)
