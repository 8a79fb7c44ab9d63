"""k of the last n probes: fewer probes to see a half-broken member, at the price of more alarms.

A window of n that holds k failures is entered from one that held k - 1, dropped a success and took
in a failure: n - 1 probes of which k - 1 failed, one success before them and one failure after:

    lambda = C(n-1, k-1) p^k (1 - p)^(n-k+1) / T

With k = n = m that is the rate of m in a row. Entries can come in clusters, so lambda is an upper
bound for the rate of incidents.
"""

from __future__ import annotations

import math

from bicoastal.failover.detection.inputs import at_most, positive, share

_MOST_PROBES = 12
_SETTLED = 1e-12


def k_of_n_alarm_rate(fail_share: float, failures: int, window: int, interval_s: float) -> float:
    """Entries of a healthy member's window into "k of n failed", per second.

    Args:
        fail_share: p.
        failures: k.
        window: n.
        interval_s: T, seconds.

    Returns:
        Entries per second.

    Raises:
        ValueError: not a probability, k above n, or an interval that is not positive.
    """
    share("fail_share", fail_share)
    at_most("failures", failures, window)
    positive("interval_s", interval_s)
    ways = math.comb(window - 1, failures - 1)
    good = (1 - fail_share) ** (window - failures + 1)
    return ways * fail_share**failures * good / interval_s


def probes_to_k_of_n(fail_share: float, failures: int, window: int) -> float:
    """How many probes it takes until k of the last n have failed, on average; exact.

    The state is which of the last n - 1 probes failed, at first none. E[K] is the sum over j of the
    chance that the goal was not reached in j probes. That chance soon shrinks by the same factor at
    every probe; from there on the sum is a geometric series.

    Args:
        fail_share: f, above 0.
        failures: k.
        window: n, at most 12.

    Returns:
        The mean number of probes.

    Raises:
        ValueError: f is 0 or no probability, k above n, or n above 12.
    """
    share("fail_share", fail_share)
    positive("fail_share", fail_share)
    at_most("window", window, _MOST_PROBES)
    at_most("failures", failures, window)
    states = {0: 1.0}
    total = before = 1.0
    settling = math.inf
    probe = 0
    while True:
        probe += 1
        states = _next(states, fail_share, failures, window)
        left = math.fsum(states.values())
        ratio, before = left / before, left
        total += left
        if left == 0:
            return total
        # The goal is out of reach for k - 1 probes, and the window fills up only after n.
        if probe > window and abs(ratio - settling) < _SETTLED:
            return total + left * ratio / (1 - ratio)
        settling = ratio


def _next(
    states: dict[int, float], fail_share: float, failures: int, window: int
) -> dict[int, float]:
    """One more probe; what reached the goal is dropped."""
    mask = (1 << (window - 1)) - 1
    after: dict[int, float] = {}
    for state, chance in states.items():
        for bit, weight in ((1, fail_share), (0, 1 - fail_share)):
            seen = state << 1 | bit
            if weight and seen.bit_count() < failures:
                after[seen & mask] = after.get(seen & mask, 0.0) + chance * weight
    return after
