"""Outages that mend themselves, and bursts of loss: what a quorum does not help against.

An outage of length L beginning at a random phase covers m probes, and outlasts the grace, with

    P(L) = clip((L - W) / T, 0, 1)       W = (m - 1) T + g, the window

For exponential lengths of mean B the mean of that is e^(-W/B) (B/T) (1 - e^(-T/B)).

Bursts on independent paths (gamma a second each, mean length B, gamma B << 1) overlap on q of N at
the rate C(N, q) q gamma^q B^(q-1): one of the q begins while the q - 1 others last; what is left of
such an overlap is exponential with mean B / q.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from bicoastal.failover.detection.inputs import at_most, positive


def chance_to_trigger(duration_s: float, window_s: float, interval_s: float) -> float:
    """The chance that an outage of this length outlasts the window.

    Args:
        duration_s: L, seconds.
        window_s: W, seconds.
        interval_s: T, seconds.

    Returns:
        A probability, over the random phase.

    Raises:
        ValueError: the interval is not positive.
    """
    positive("interval_s", interval_s)
    return min(1.0, max(0.0, (duration_s - window_s) / interval_s))


def mean_chance_to_trigger(mean_s: float, window_s: float, interval_s: float) -> float:
    """The same for outages of exponential length.

    Args:
        mean_s: B, seconds.
        window_s: W, seconds.
        interval_s: T, seconds.

    Returns:
        A probability.

    Raises:
        ValueError: a mean or an interval that is not positive.
    """
    positive("mean_s", mean_s)
    positive("interval_s", interval_s)
    covered = -math.expm1(-interval_s / mean_s) * mean_s / interval_s
    return math.exp(-window_s / mean_s) * covered


def overlap_rate(rate: float, mean_s: float, *, quorum: int, observers: int) -> float:
    """How often bursts on independent paths overlap on q of N of them.

    Args:
        rate: gamma, bursts per second on each path.
        mean_s: B, mean length of a burst, seconds.
        quorum: q.
        observers: N.

    Returns:
        Overlaps per second.

    Raises:
        ValueError: a quorum above N.
    """
    at_most("quorum", quorum, observers)
    return math.comb(observers, quorum) * quorum * rate**quorum * mean_s ** (quorum - 1)


@dataclass(frozen=True)
class FalseFailovers:
    """Failovers that nothing warranted, per year, by cause.

    Attributes:
        loss: single probes failing by chance, m rounds in a row.
        path: overlapping bursts on the paths of enough observers.
        common: outages of the member itself that would have mended themselves.
    """

    loss: float
    path: float
    common: float

    @property
    def total(self) -> float:
        """All of them, per year."""
        return math.fsum((self.loss, self.path, self.common))

    def precision(self, losses_per_year: float) -> float:
        """The share of failovers that a real loss warrants.

        Args:
            losses_per_year: how often a region is really lost.

        Returns:
            real / (real + false); 1 if there is neither.
        """
        everything = losses_per_year + self.total
        return losses_per_year / everything if everything else 1.0
