"""What a record shows, placed on one time axis: seconds after the fault. Pure."""

from __future__ import annotations

import itertools
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace

from bicoastal.failover.audit import Entry, verify_chain
from bicoastal.failover.errors import RecordError
from bicoastal.lab.drill.report import DrillReport, Observations


@dataclass(frozen=True)
class Span:
    """Something that lasted.

    Attributes:
        start_s: From when, seconds after the fault.
        end_s: Until when; infinity for the last.
        name: What it was.
        detail: More about it.
    """

    start_s: float
    end_s: float
    name: str
    detail: str


@dataclass(frozen=True)
class Ballot:
    """A witness's vote in one round.

    Attributes:
        at_s: When the round began, seconds after the fault.
        witness: The witness's region.
        verdict: UP, DOWN or UNKNOWN.
        reason: Why, in words.
    """

    at_s: float
    witness: str
    verdict: str
    reason: str


@dataclass(frozen=True)
class Mark:
    """A moment that divides the outage.

    Attributes:
        at_s: When, seconds after the fault.
        text: What happened.
        fault: Whether that was a fault, or otherwise what followed.
    """

    at_s: float
    text: str
    fault: bool = False


def members(record: Observations) -> list[str]:
    """The members' regions, the one that was lost first."""
    first = [answer.region for answer in record.dns[:1]]
    return first + [member.region for member in record.members if member.region not in first]


def answers(record: Observations) -> list[Span]:
    """What DNS answered, and how long."""
    return _spans([(a.at_s, a.region, a.answer) for a in record.dns])


def states(record: Observations) -> list[Span]:
    """The controller's states; empty if the record does not tell when the fault was."""
    if record.fault_at is None:
        return []
    return _spans(
        [
            (entry["at"] - record.fault_at, entry["to_state"], entry["reason"])
            for before, entry in itertools.pairwise([{}, *record.audit])
            if entry["to_state"] != before.get("to_state")
        ]
    )


def ballots(record: Observations) -> list[Ballot]:
    """Every vote of every round; empty if the record does not tell when the fault was."""
    if record.fault_at is None:
        return []
    return [
        Ballot(each["at"] - record.fault_at, witness, *_verdict(vote))
        for each in record.rounds
        for witness, vote in each.get("votes", {}).items()
    ]


def lags(record: Observations) -> list[tuple[float, float]]:
    """The replication lag that was published, and what the controller saw of it.

    Args:
        record: The record.

    Returns:
        Seconds after the fault, and seconds of lag.
    """
    published = [(sample.at_s, sample.lag_s) for sample in record.lags]
    if record.fault_at is None:
        return published
    seen = [entry["evidence"] for entry in record.audit if entry["evidence"]]
    return published + [
        (e["taken_at"] - record.fault_at, e["lag_s"]) for e in seen if e["lag_s"] is not None
    ]


def marks(record: Observations) -> list[Mark]:
    """The fault, what ended each part of the outage, and the return of the old member."""
    found = [
        Mark(entry.at_s, entry.text)
        for entry in record.timeline
        if entry.source == "drill" and entry.at_s >= 0
    ]
    outage = record.recovery_time
    if outage is not None:
        parts = (outage.detect_s, outage.decide_s, outage.promote_s, outage.redirect_s)
        names = (
            "the controller first sees it down",
            "claimed and confirmed: the promotion is asked for",
            "the new writer is verified",
            "DNS answers with the new writer",
        )
        ends = itertools.accumulate(parts)
        found += [Mark(at, name) for at, name in zip(ends, names, strict=True)]
        found.append(Mark(outage.total_s, "first write acknowledged by the new writer"))
    found.sort(key=lambda mark: mark.at_s)
    return [replace(mark, fault=number == 0) for number, mark in enumerate(found)]


def chain_problems(record: DrillReport) -> list[str]:
    """Check the audit trail's hashes anew.

    Args:
        record: The record.

    Returns:
        What is wrong, in words; empty if every hash and every link is right.
    """
    try:
        return verify_chain([Entry.from_json(json.dumps(entry)) for entry in record.audit])
    except RecordError as error:
        return [str(error)]


def _verdict(vote: str) -> tuple[str, str]:
    verdict, _, reason = vote.partition(" ")
    return verdict, reason


def _spans(changes: Sequence[tuple[float, str, str]]) -> list[Span]:
    ends = [at for at, _, _ in changes[1:]] + [float("inf")]
    return [
        Span(at, end, name, detail) for (at, name, detail), end in zip(changes, ends, strict=False)
    ]
