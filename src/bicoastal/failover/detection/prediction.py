"""What the theory says about the controller of this package, at given settings.

The controller asks every witness at once, in rounds T apart, so its witnesses share one phase. A
round is bad if q say DOWN and nobody says UP: a single UP vetoes. The run of bad rounds must count
m and span the window W = (m - 1) T + g, which on a grid of T takes R = m + ceil(g / T) rounds. Then
the claim is written, everybody is asked once more, and the promotion begins:

    first bad round   D1 = U + tau
    promotion         D2 = U + (R - 1) T + 2 tau

Because of the veto a healthy member looks lost only when every witness fails in the same round, so
chance and bursts count with q = N. Where a run's last round comes a moment before the window's end,
one round more is needed; reading and writing the record is left out, milliseconds on AWS.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from bicoastal.failover.detection.alarms import YEAR_S, false_alarm_rate, per_year, round_failure
from bicoastal.failover.detection.outages import (
    FalseFailovers,
    mean_chance_to_trigger,
    overlap_rate,
)
from bicoastal.failover.detection.timing import DetectionTime, fixed_schedule

FLOOR_PER_YEAR = 1e-4
"""Below once in ten thousand years, bugs and wrong configuration decide, not this model."""


@dataclass(frozen=True)
class Events:
    """How often what goes wrong. The defaults are assumptions, not measurements.

    Measure your own in `failover.mode: observe` before you believe a rate computed from them.

    Attributes:
        fail_share: p, the chance that one probe of a healthy member fails.
        bursts_per_year: bursts of loss on each witness's path, a year.
        burst_s: their mean length, seconds.
        outages_per_year: outages of the writer that mend themselves (a failover within the
            region, a restart, a deployment), a year.
        outage_s: their mean length, seconds.
        losses_per_year: real losses of a region, a year.
    """

    fail_share: float = 0.005
    bursts_per_year: float = 12.0
    burst_s: float = 20.0
    outages_per_year: float = 8.0
    outage_s: float = 25.0
    losses_per_year: float = 0.1


@dataclass(frozen=True)
class Prediction:
    """What is to be expected.

    Attributes:
        noticed: from the loss to the first bad round.
        acted: from the loss to the confirmed claim, when the promotion begins.
        needless: failovers that nothing warranted, per year.
        precision: the share of failovers that a real loss warrants.
    """

    noticed: DetectionTime
    acted: DetectionTime
    needless: FalseFailovers
    precision: float


def predict(
    *,
    interval_s: float,
    threshold: int,
    grace_s: float,
    timeout_s: float,
    confirming_s: float | None = None,
    witnesses: int = 3,
    events: Events | None = None,
) -> Prediction:
    """Apply the closed forms to the controller.

    Args:
        interval_s: T, seconds.
        threshold: m.
        grace_s: g, seconds.
        timeout_s: tau, seconds from asking to knowing that all failed.
        confirming_s: the same for the look after the claim; tau by default.
        witnesses: N.
        events: how often what goes wrong; the assumptions of `Events` by default.

    Returns:
        The prediction.

    Raises:
        ValueError: an interval or a threshold that is not positive.
    """
    events = events or Events()
    confirming_s = timeout_s if confirming_s is None else confirming_s
    # A hair less, so that 2 / (10 / 15) is three rounds and not four.
    rounds = threshold + math.ceil(grace_s / interval_s - 1e-9)
    needless = false_failovers(
        interval_s=interval_s,
        threshold=rounds,
        grace_s=0.0,
        quorum=witnesses,
        observers=witnesses,
        events=events,
    )
    return Prediction(
        noticed=fixed_schedule(interval_s, 1, timeout_s),
        acted=fixed_schedule(interval_s, rounds, timeout_s + confirming_s),
        needless=needless,
        precision=needless.precision(events.losses_per_year),
    )


def false_failovers(
    *,
    interval_s: float,
    threshold: int,
    grace_s: float,
    quorum: int,
    observers: int,
    events: Events,
) -> FalseFailovers:
    """Failovers a year that nothing warranted, of q of N observers that vote in rounds.

    Args:
        interval_s: T, seconds.
        threshold: m.
        grace_s: g, seconds.
        quorum: q.
        observers: N.
        events: how often what goes wrong.

    Returns:
        The rates, by cause. Grace is counted for outages and bursts, not for chance.

    Raises:
        ValueError: a number out of range.
    """
    window_s = (threshold - 1) * interval_s + grace_s
    pi = round_failure(events.fail_share, quorum, observers)
    burst_rate = events.bursts_per_year / YEAR_S
    overlaps = overlap_rate(burst_rate, events.burst_s, quorum=quorum, observers=observers)
    left_s = events.burst_s / quorum
    common = mean_chance_to_trigger(events.outage_s, window_s, interval_s)
    return FalseFailovers(
        loss=per_year(false_alarm_rate(pi, threshold, interval_s)),
        path=per_year(overlaps) * mean_chance_to_trigger(left_s, window_s, interval_s),
        common=events.outages_per_year * common,
    )


def rate_in_words(events_per_year: float) -> str:
    """A yearly rate for people; nothing is claimed below the model's floor.

    Args:
        events_per_year: the rate.

    Returns:
        Such as `0.18 a year`, `once in 51 years` or `below the model's floor`.
    """
    if events_per_year < FLOOR_PER_YEAR:
        return f"below the model's floor of {FLOOR_PER_YEAR:g} a year"
    if events_per_year < 0.1:
        return f"once in {1 / events_per_year:,.0f} years"
    return f"{events_per_year:.2g} a year"
