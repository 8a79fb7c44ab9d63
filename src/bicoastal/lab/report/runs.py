"""Many drills of one fault: the distribution of their recovery times. Pure."""

from __future__ import annotations

import itertools
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from bicoastal.failover.detection import confidence
from bicoastal.lab.report.expected import detection
from bicoastal.lab.report.reading import Drill

_PHASES_NEEDED = 30
_PART = 0.95


@dataclass(frozen=True)
class Phases:
    """When, within the probe interval, the faults came; they should be uniform.

    Attributes:
        runs: How many.
        distance: Kolmogorov's distance from the uniform distribution.
        allowed: What chance exceeds in one of twenty cases.
    """

    runs: int
    distance: float
    allowed: float


@dataclass(frozen=True)
class Group:
    """The drills of one fault.

    Attributes:
        fault: The fault.
        drills: How many there are.
        passed: How many passed.
        recovered: How many saw clients write again.
        minimum_s: The shortest recovery time, seconds; None if no clients wrote again.
        median_s: The median.
        maximum_s: The longest.
        p95_at_most_s: Upper bound of the 95th percentile with 95 % confidence; None while there
            are too few runs.
        lost_most: Most acknowledged writes that a drill lost.
        statement: What the runs prove, in words.
        phases: Whether the faults came at a random phase; None below 30 runs.
    """

    fault: str
    drills: int
    passed: int
    recovered: int
    minimum_s: float | None
    median_s: float | None
    maximum_s: float | None
    p95_at_most_s: float | None
    lost_most: int
    statement: str
    phases: Phases | None


def groups(drills: Sequence[Drill]) -> list[Group]:
    """Summarise drills by fault.

    Args:
        drills: The drills; those of one fault should have the same settings and pace.

    Returns:
        One group a fault, in alphabetical order.
    """
    ordered = sorted(drills, key=_fault)
    return [_group(fault, list(some)) for fault, some in itertools.groupby(ordered, _fault)]


def statement(times_s: Sequence[float]) -> str:
    """Say what a number of recovery times proves.

    Args:
        times_s: The recovery times, seconds.

    Returns:
        A sentence.
    """
    needed = confidence.runs_needed(_PART)
    if not times_s:
        return "no client wrote to a new writer: there is no recovery time"
    bound = confidence.upper_bound(times_s, _PART)
    if bound is not None:
        return f"95 of 100 recoveries take at most {bound:.2f} s (95 % confidence)"
    if len(times_s) == 1:
        return f"one run is one sample: a bound for 95 of 100 recoveries needs {needed} runs"
    part = 100 * confidence.quantile_bounded(len(times_s))
    return (
        f"of {len(times_s)} runs the longest took {max(times_s):.2f} s, which bounds {part:.0f} of "
        f"100 recoveries with 95 % confidence; a bound for 95 of 100 needs {needed} runs"
    )


def _fault(drill: Drill) -> str:
    return drill.record.fault


def _group(fault: str, drills: Sequence[Drill]) -> Group:
    records = [drill.record for drill in drills]
    times = [r.recovery_time.total_s for r in records if r.recovery_time is not None]
    return Group(
        fault=fault,
        drills=len(drills),
        passed=sum(record.verdict == "pass" for record in records),
        recovered=len(times),
        minimum_s=min(times, default=None),
        median_s=statistics.median(times) if times else None,
        maximum_s=max(times, default=None),
        p95_at_most_s=confidence.upper_bound(times, _PART),
        lost_most=max(len(record.writes.lost) for record in records),
        statement=statement(times),
        phases=_phases(drills),
    )


def _phases(drills: Sequence[Drill]) -> Phases | None:
    found = [detection(drill.record) for drill in drills]
    shares = [each.phase_s / each.interval_s for each in found if each is not None]
    if len(shares) < _PHASES_NEEDED:
        return None
    return Phases(
        len(shares), confidence.distance(shares, 0, 1), confidence.distance_allowed(len(shares))
    )
