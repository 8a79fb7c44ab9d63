"""What one run of one contestant comes to: pure functions over what clients and canaries saw."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bicoastal.lab.drill.recovery import longest_silence
from bicoastal.lab.history import History, rto
from bicoastal.lab.network import AddressPlan

GAP_S = 0.6
"""Longest time between two accepted writes of a member that still counts as accepting them."""
STEADY_S = 1.0
"""Seconds for which writing must go well before an outage counts as over."""
Interval = tuple[float, float]


@dataclass(frozen=True)
class Attempt:
    """One attempt to write into a member.

    Attributes:
        member: The member's region.
        at_s: Monotonic seconds when the outcome was known.
        accepted: Whether it was acknowledged.
    """

    member: str
    at_s: float
    accepted: bool


@dataclass(frozen=True)
class Run:
    """What was seen of one contestant under one scenario.

    Attributes:
        plan: Tells which address leads to which member.
        home: The member that is writer at the beginning.
        history: The clients' attempts.
        canaries: The attempts to write into each member.
        fault_s: Monotonic seconds of the first fault.
        lost: Acknowledged writes that the final writer does not hold.
        divergent: Rows that only the old writer holds; None if nobody could look.
        one_writer: Whether only one member is meant to take writes; a multi-master cluster
            takes them everywhere by design.
        stall_s: Longest time that the machine stood still while clients wrote, in seconds.
    """

    plan: AddressPlan
    home: str
    history: History
    canaries: Sequence[Attempt]
    fault_s: float
    lost: int
    divergent: int | None = None
    one_writer: bool = True
    stall_s: float = 0.0


@dataclass(frozen=True)
class Measured:
    """One row of the comparison.

    Attributes:
        rto_s: Seconds from the fault until clients write steadily again in the other region;
            None if they never did.
        silence_s: Longest time without any acknowledged write, in seconds; to the end of the run
            if none came any more.
        acknowledged: Acknowledged writes.
        lost: How many of them the final writer does not hold.
        divergent: Rows on the old writer only; None if unknown.
        moved: Whether clients were sent to the other region, or it was opened for writes.
        double_writer_s: Seconds for which both members took writes; None for a multi-master.
        stall_s: Longest time that the machine itself stood still, in seconds.
    """

    rto_s: float | None
    silence_s: float
    acknowledged: int
    lost: int
    divergent: int | None
    moved: bool
    double_writer_s: float | None
    stall_s: float


def measure(run: Run) -> Measured:
    """Take the figures of the comparison from a run.

    Args:
        run: What was seen.

    Returns:
        The figures.
    """
    ops = run.history.ops
    others = {address for (_, member), address in run.plan.paths().items() if member != run.home}
    timeline = rto(run.history, run.fault_s, others, steady_for_s=STEADY_S, share=0.95)
    acknowledged = [op for op in ops if op.outcome == "ok"]
    attempts = [
        *run.canaries,
        *(Attempt(run.plan.member_of(op.address) or "", op.done_s, True) for op in acknowledged),
    ]
    # Nobody acknowledging anything any more is a silence, too.
    ends = [max(op.done_s for op in ops)] if ops else []
    sent_away = any(op.address in others for op in ops)
    opened = any(a.accepted and a.member != run.home for a in run.canaries)
    return Measured(
        rto_s=None if timeline.steady_s is None else timeline.steady_s - run.fault_s,
        silence_s=longest_silence([*(op.done_s for op in acknowledged), *ends]),
        acknowledged=len(acknowledged),
        lost=run.lost,
        divergent=run.divergent,
        moved=sent_away or (opened and run.one_writer),
        double_writer_s=double_writer_s(attempts) if run.one_writer else None,
        stall_s=run.stall_s,
    )


def double_writer_s(attempts: Iterable[Attempt]) -> float:
    """Add up the time for which at least two members took writes.

    Args:
        attempts: Attempts to write, of anybody.

    Returns:
        Seconds; two members that took a single write each at about the same time count nothing.
    """
    by_member: dict[str, list[Attempt]] = {}
    for attempt in attempts:
        by_member.setdefault(attempt.member, []).append(attempt)
    open_times = [accepting(each) for each in by_member.values()]
    edges = sorted(edge for spans in open_times for a, b in spans for edge in ((a, 1), (b, -1)))
    total, writers, since = 0.0, 0, 0.0
    for at, step in edges:
        if writers >= 2:
            total += at - since
        writers, since = writers + step, at
    return total


def accepting(attempts: Iterable[Attempt]) -> list[Interval]:
    """Find when one member took writes.

    Args:
        attempts: Attempts to write into it.

    Returns:
        From the first to the last accepted write of each run of them: a refusal, or silence for
        longer than `GAP_S`, ends it.
    """
    spans: list[Interval] = []
    open_since: float | None = None
    last = 0.0
    for attempt in sorted(attempts, key=lambda each: each.at_s):
        if open_since is not None and (not attempt.accepted or attempt.at_s - last > GAP_S):
            spans.append((open_since, last))
            open_since = None
        if attempt.accepted:
            open_since = attempt.at_s if open_since is None else open_since
            last = attempt.at_s
    if open_since is not None:
        spans.append((open_since, last))
    return spans
