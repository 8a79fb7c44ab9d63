"""The database and its failover as `status` judges them, as findings: pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from bicoastal.operate import judgement
from bicoastal.operate.doctor.finding import Finding
from bicoastal.operate.report import Drift, Status
from bicoastal.settings import Settings


class _Part(NamedTuple):
    """What a part of a status should be, why that matters, and what to do first."""

    wanted: str
    why: str
    cure: str


_PARTS = {
    "regions": _Part(
        "every region answers",
        "what a silent region holds is unknown, and it cannot take part in a failover",
        "look again; if it stays silent, follow docs/operate.md",
    ),
    "database": _Part(
        "one available global database with a writer and a connected standby",
        "without a standby in step there is nothing to fail over to",
        "bicoastal status, then bicoastal rejoin after a failover",
    ),
    "replica": _Part(
        "two available clusters, of which one replicates from the other",
        "what one of them loses, the other does not have",
        "bicoastal status; after a promotion make a new pair: docs/deploying.md has the steps",
    ),
    "record": _Part(
        "a record at rest that agrees with RDS, with an unbroken trail",
        "the controllers act by the record",
        "bicoastal audit, then acknowledge, rejoin or unlock as it says",
    ),
    judgement.PROTECTION: _Part(
        "a writer in the pair that fails over",
        "from anywhere else the controllers only observe",
        "bicoastal failback, or bicoastal switchover --to the standby",
    ),
    "lag": _Part(
        "a fresh lag within failover.rpoBudgetS",
        "a failover now would lose what the standby has not got, so the automatic one holds",
        "see docs/monitoring.md on replication; the alarms lag and rpo have its history",
    ),
    "votes": _Part(
        "a quorum of witnesses sees a writable writer",
        "without a quorum nothing is decided",
        "look at the log group /aws/lambda/probe-<region>-<suffix> of the witness",
    ),
    "latch": _Part(
        "a fresh value in each region, as the record says",
        "DNS follows the latch",
        "look at the log group /aws/lambda/control-<region>-<suffix> of the standby",
    ),
    "checks": _Part(
        "each check says who the writer is",
        "DNS follows the checks",
        "bicoastal status; a check follows its latch within a few minutes",
    ),
    "dns": _Part(
        "the name leads to the writer",
        "clients write where the name leads",
        "wait for the TTL, then look at the records of the zone",
    ),
}
_ACTED_ON = "the next deployment changes the member, perhaps at a bad moment"
_IGNORED = {
    "EngineVersion": (
        "AWS refuses to fail over between differing patch levels, and the program leaves versions "
        "alone"
    ),
}


def findings(status: Status, settings: Settings) -> Iterator[Finding]:
    """Turn what is wrong with a status into findings.

    Args:
        status: what was seen.
        settings: what is meant to be.

    Yields:
        One finding for each thing.
    """
    for name, lines in judgement.by_part(status, settings):
        if name in _PARTS:
            part = _PARTS[name]
            for line in lines:
                yield Finding(f"status-{name}", name, line, part.wanted, part.why, part.cure)
    yield from _drift(status.drift or ())


def _drift(found: tuple[Drift, ...]) -> Iterator[Finding]:
    for one in found:
        cure = "pulumi preview --refresh, then pulumi up --refresh, or change the stack file"
        if not one.acted_on:
            cure = "set database.engineVersion to what should run, and bring every member to it"
        yield Finding(
            f"drift-{one.what}",
            f"{one.region} {one.what}",
            _text(one.live),
            _text(one.wanted),
            _ACTED_ON if one.acted_on else _IGNORED.get(one.what, _ACTED_ON),
            cure,
        )


def _text(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    return str(value)
