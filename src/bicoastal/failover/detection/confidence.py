"""How many runs prove a number. Free of any assumption about the distribution.

Each of n independent runs lies below the true quantile x_q with probability q. The r-th smallest
of n exceeds x_q unless r or more lie below it, so it is an upper bound with confidence
P(Binomial(n, q) < r). For r = n that is 1 - q^n: the longest of 59 runs bounds the 95th percentile
with 95 % confidence (Conover, Practical Nonparametric Statistics, tolerance limits).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from bicoastal.failover.detection.inputs import positive


def runs_needed(part: float, confidence: float = 0.95) -> int:
    """How many runs it takes until the longest bounds a quantile.

    Args:
        part: the quantile, such as 0.95, above 0 and below 1.
        confidence: how sure, above 0 and below 1.

    Returns:
        The least n with q^n <= 1 - confidence: 29, 59, 299 for 0.90, 0.95, 0.99.

    Raises:
        ValueError: a number out of range.
    """
    _inside("part", part)
    _inside("confidence", confidence)
    return math.ceil(math.log(1 - confidence) / math.log(part))


def quantile_bounded(runs: int, confidence: float = 0.95) -> float:
    """Which quantile the longest of n runs bounds.

    Args:
        runs: n, at least 1.
        confidence: how sure, above 0 and below 1.

    Returns:
        (1 - confidence)^(1/n).

    Raises:
        ValueError: a number out of range.
    """
    positive("runs", runs)
    _inside("confidence", confidence)
    return math.pow(1 - confidence, 1 / runs)


def upper_bound(values: Sequence[float], part: float, confidence: float = 0.95) -> float | None:
    """The least of the values that bounds a quantile from above.

    Args:
        values: one measurement a run.
        part: the quantile, above 0 and below 1.
        confidence: how sure, above 0 and below 1.

    Returns:
        The bound; None while there are too few runs for any.

    Raises:
        ValueError: a number out of range.
    """
    _inside("part", part)
    _inside("confidence", confidence)
    n = len(values)
    below = 0.0
    for rank, value in enumerate(sorted(values), start=1):
        below += math.comb(n, rank - 1) * part ** (rank - 1) * (1 - part) ** (n - rank + 1)
        if below >= confidence:
            return value
    return None


def rate_bounded(hours: float, confidence: float = 0.95) -> float:
    """The rate that is excluded when nothing happened: about 3 / H (the "rule of three").

    Args:
        hours: H, observed without an event.
        confidence: how sure, above 0 and below 1.

    Returns:
        Events per hour.

    Raises:
        ValueError: a number out of range.
    """
    positive("hours", hours)
    _inside("confidence", confidence)
    return -math.log(1 - confidence) / hours


def distance(values: Sequence[float], low: float, high: float) -> float:
    """Kolmogorov's distance between the values and the uniform distribution.

    Args:
        values: one measurement a run, at least one.
        low: where the uniform distribution begins.
        high: where it ends.

    Returns:
        The largest difference of the distribution functions, 0 to 1.
    """
    n = len(values)
    shares = [min(1.0, max(0.0, (value - low) / (high - low))) for value in sorted(values)]
    return max(max((i + 1) / n - x, x - i / n) for i, x in enumerate(shares))


def distance_allowed(runs: int) -> float:
    """The distance that chance exceeds at most in one of twenty cases: 1.358 / sqrt(n).

    It is what `chance_of_distance` makes 0.05, and for large n also the critical value of the
    Kolmogorov-Smirnov test.

    Args:
        runs: n.

    Returns:
        The largest distance that does not contradict the distribution at 5 %.
    """
    return math.sqrt(math.log(2 / 0.05) / (2 * runs))


def chance_of_distance(length: float, runs: int) -> float:
    """How often chance alone gives such a distance, at most: 2 e^(-2 n d^2).

    The Dvoretzky-Kiefer-Wolfowitz inequality with Massart's constant; it holds for every n
    (https://doi.org/10.1214/aop/1176990746).

    Args:
        length: d, from `distance`.
        runs: n.

    Returns:
        An upper bound of the p-value, at most 1.
    """
    return min(1.0, 2 * math.exp(-2 * runs * length**2))


def _inside(name: str, value: float) -> None:
    if not 0 < value < 1:
        raise ValueError(f"{name} is {value}, but must be above 0 and below 1")
