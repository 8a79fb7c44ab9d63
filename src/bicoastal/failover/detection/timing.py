"""How long a detection takes.

A member is lost at a moment that has nothing to do with the probes, so the next probe starts after
U, uniform on (0, T). m failing probes in a row are m - 1 intervals more, and the last one is known
to have failed after tau:

    D = U + (m - 1) T + tau (+ g)        E[D] = (m - 1/2) T + tau + g

A detector that waits T after each *reply* pays tau for every probe: D = U + (m - 1) T + m tau.
Route 53 does: its request interval runs from an endpoint's response to the next request.
https://docs.aws.amazon.com/Route53/latest/APIReference/API_HealthCheckConfig.html

With N observers that do not run in step, of which q must have noticed, U becomes the q-th smallest
of N uniforms, T Beta(q, N + 1 - q) with mean T q / (N + 1): more observers with q < N are quicker.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from bicoastal.failover.detection.inputs import at_most, positive, share

_HALVINGS = 60


@dataclass(frozen=True)
class DetectionTime:
    """A detection time over a random phase: `base_s` plus T times the rank-th of N uniforms.

    Attributes:
        base_s: seconds that every detection takes.
        interval_s: T, seconds.
        rank: q, how many observers must have noticed.
        observers: N, how many there are.
    """

    base_s: float
    interval_s: float
    rank: int = 1
    observers: int = 1

    @property
    def minimum_s(self) -> float:
        """The shortest, seconds."""
        return self.base_s

    @property
    def mean_s(self) -> float:
        """The mean, seconds."""
        return self.base_s + self.interval_s * self.rank / (self.observers + 1)

    @property
    def maximum_s(self) -> float:
        """The longest, seconds."""
        return self.base_s + self.interval_s

    @property
    def deviation_s(self) -> float:
        """The standard deviation, seconds; T / sqrt(12) for one observer."""
        n, q = self.observers, self.rank
        return self.interval_s * math.sqrt(q * (n + 1 - q) / ((n + 1) ** 2 * (n + 2)))

    def cdf(self, seconds: float) -> float:
        """The chance that the detection takes at most this long.

        Args:
            seconds: the time.

        Returns:
            0 to 1: at least q of N uniforms lie below the corresponding share of T.
        """
        x = min(1.0, max(0.0, (seconds - self.base_s) / self.interval_s))
        n = self.observers
        return math.fsum(
            math.comb(n, j) * x**j * (1 - x) ** (n - j) for j in range(self.rank, n + 1)
        )

    def quantile(self, part: float) -> float:
        """The time within which this part of all detections has happened.

        Args:
            part: 0 to 1, such as 0.95.

        Returns:
            Seconds, by bisection of `cdf`.

        Raises:
            ValueError: not a probability.
        """
        share("part", part)
        low, high = self.minimum_s, self.maximum_s
        for _ in range(_HALVINGS):
            middle = (low + high) / 2
            low, high = (middle, high) if self.cdf(middle) < part else (low, middle)
        return high


def fixed_schedule(
    interval_s: float,
    threshold: int,
    timeout_s: float,
    *,
    grace_s: float = 0.0,
    rank: int = 1,
    observers: int = 1,
) -> DetectionTime:
    """The detection time of probes on a fixed grid: U + (m - 1) T + tau + g.

    Args:
        interval_s: T, seconds.
        threshold: m.
        timeout_s: tau, seconds.
        grace_s: g, seconds.
        rank: q, how many unsynchronised observers must have noticed.
        observers: N.

    Returns:
        The distribution.

    Raises:
        ValueError: an interval or a threshold that is not positive, or a rank above N.
    """
    positive("interval_s", interval_s)
    positive("threshold", threshold)
    at_most("rank", rank, observers)
    return DetectionTime(
        (threshold - 1) * interval_s + timeout_s + grace_s, interval_s, rank, observers
    )


def after_reply(
    interval_s: float, threshold: int, timeout_s: float, *, rank: int = 1, observers: int = 1
) -> DetectionTime:
    """The detection time where each probe begins T after the answer to the one before.

    Args:
        interval_s: T, seconds from an answer to the next probe.
        threshold: m.
        timeout_s: tau, seconds.
        rank: q, how many unsynchronised observers must have noticed.
        observers: N.

    Returns:
        The distribution: U + (m - 1) T + m tau, at most m (T + tau).

    Raises:
        ValueError: see `fixed_schedule`.
    """
    waiting_s = threshold * timeout_s
    return fixed_schedule(interval_s, threshold, waiting_s, rank=rank, observers=observers)


def probes_to_run(fail_share: float, threshold: int) -> float:
    """How many probes of a half-broken member it takes to see m failures in a row, on average.

    From E_i = 1 + f E_(i+1) + (1 - f) E_0 with E_m = 0, i the failures in a row so far:
    E_0 = (1 - f^m) / ((1 - f) f^m); m for f = 1.

    Args:
        fail_share: f, above 0.
        threshold: m.

    Returns:
        The mean number of probes.

    Raises:
        ValueError: not a probability, or 0.
    """
    share("fail_share", fail_share)
    positive("fail_share", fail_share)
    if fail_share == 1:
        return float(threshold)
    return (1 - fail_share**threshold) / ((1 - fail_share) * fail_share**threshold)


def mean_of_gray_failure(interval_s: float, timeout_s: float, probes: float) -> float:
    """The mean detection time of a member of which only some probes fail: T/2 + (K - 1) T + tau.

    Args:
        interval_s: T, seconds.
        timeout_s: tau, seconds.
        probes: K, the mean number of probes, from `probes_to_run` or `windows.probes_to_k_of_n`.

    Returns:
        Seconds.
    """
    return interval_s / 2 + (probes - 1) * interval_s + timeout_s
