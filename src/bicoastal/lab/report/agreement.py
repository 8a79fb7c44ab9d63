"""Many measured detection times against the closed form: a test of the theory. Pure.

Each run's time is put through the distribution that the closed form predicts for it. If the form
is right, the results are uniform on (0, 1), whatever each run's votes took, and so can be held
against the uniform distribution by Kolmogorov's distance (Rosenblatt's transformation,
https://doi.org/10.1214/aoms/1177729394).
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from bicoastal.failover.detection import confidence
from bicoastal.lab.drill.report import DrillReport
from bicoastal.lab.report.expected import Measured, detection

RUNS_NEEDED = 30
"""Fewer runs would let a wrong form pass: with 30, a distance of 0.25 is still allowed."""


@dataclass(frozen=True)
class Agreement:
    """One closed form and what was measured of it.

    Attributes:
        name: What was measured.
        runs: How often.
        predicted_mean_s: The mean that the form predicts, in seconds of the drills' pace.
        measured_mean_s: The mean that was measured.
        distance: Kolmogorov's distance between measured and predicted distribution.
        allowed: The distance that chance exceeds at most in one of twenty cases.
        chance: How often chance alone gives this distance, at most.
        agrees: Whether the distance is allowed.
    """

    name: str
    runs: int
    predicted_mean_s: float
    measured_mean_s: float
    distance: float
    allowed: float
    chance: float
    agrees: bool


def agreements(records: Sequence[DrillReport]) -> list[Agreement]:
    """Hold the detection times of many runs against their closed forms.

    Args:
        records: The drills' records.

    Returns:
        One agreement a form; none while fewer than `RUNS_NEEDED` runs promoted somebody.
    """
    found = [each for record in records if (each := detection(record)) is not None]
    if len(found) < RUNS_NEEDED:
        return []
    return [_held([each.noticed for each in found]), _held([each.acted for each in found])]


def _held(measured: Sequence[Measured]) -> Agreement:
    runs = len(measured)
    shares = [each.predicted.cdf(each.measured_s) for each in measured]
    distance, allowed = confidence.distance(shares, 0, 1), confidence.distance_allowed(runs)
    return Agreement(
        name=measured[0].name,
        runs=runs,
        predicted_mean_s=statistics.fmean(each.predicted.mean_s for each in measured),
        measured_mean_s=statistics.fmean(each.measured_s for each in measured),
        distance=distance,
        allowed=allowed,
        chance=confidence.chance_of_distance(distance, runs),
        agrees=distance <= allowed,
    )
