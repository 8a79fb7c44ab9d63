"""Many drills of one fault: the distribution of their recovery times. Pure."""

from __future__ import annotations

import itertools
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from bicoastal.failover.detection import confidence
from bicoastal.lab.drill.report import RecoveryTime
from bicoastal.lab.report.agreement import Agreement, agreements
from bicoastal.lab.report.charts.recovery import PARTS
from bicoastal.lab.report.reading import Drill
from bicoastal.lab.scenarios.words import told_expectation

_PART = 0.95


@dataclass(frozen=True)
class Spread:
    """How far a time spreads over several drills, in seconds.

    Attributes:
        minimum_s: The shortest.
        median_s: The median.
        maximum_s: The longest.
    """

    minimum_s: float
    median_s: float
    maximum_s: float


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
        parts: The parts of the recovery time, by name; empty if no clients wrote again.
        detection: The detection times against their closed forms; empty below 30 runs.
        expected: What the scenario expects, in words; empty in records of older versions.
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
    parts: dict[str, Spread]
    detection: list[Agreement]
    expected: str


def groups(drills: Sequence[Drill]) -> list[Group]:
    """Summarise drills by fault.

    Args:
        drills: The drills; those of one fault should have the same settings and pace.

    Returns:
        One group a fault, in alphabetical order. Drills with a mutant are in none: they have to
        fail, and their times say nothing about the controller.
    """
    ordered = sorted((drill for drill in drills if not drill.record.broken), key=_fault)
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


def told(summary: Sequence[Group]) -> list[str]:
    """Tell groups in lines for a terminal.

    Args:
        summary: The groups.

    Returns:
        A line a group, and one for each closed form that its runs were held against.
    """
    lines = []
    for group in summary:
        passed = f"{group.passed} of {group.drills} passed"
        lines.append(f"{group.fault}: {passed}; {group.statement}")
        lines += [_held(form) for form in group.detection]
    return lines


def _held(form: Agreement) -> str:
    return (
        f"  {form.name}: {form.measured_mean_s:.2f} s on average, predicted "
        f"{form.predicted_mean_s:.2f} s; {form.runs} runs "
        f"{'agree with' if form.agrees else 'differ from'} the closed form "
        f"(distance {form.distance:.3f}, allowed {form.allowed:.3f})"
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
        parts=_parts([r.recovery_time for r in records if r.recovery_time is not None]),
        detection=agreements(records),
        expected=told_expectation(scenario.expect) if (scenario := records[0].scenario) else "",
    )


def _parts(outages: Sequence[RecoveryTime]) -> dict[str, Spread]:
    if not outages:
        return {}
    times = {part: [getattr(outage, f"{part}_s") for outage in outages] for part in PARTS}
    return {
        part: Spread(min(each), statistics.median(each), max(each)) for part, each in times.items()
    }
