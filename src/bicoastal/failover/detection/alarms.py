"""How often a healthy member looks lost because single probes fail by chance.

A run of failures reaches m exactly when a success is followed by m failures. That happens at a
probe with probability (1 - p) p^m, so by renewal-reward the exact long-run rate is

    lambda = (1 - p) p^m / T

Observers that vote in the same round act like one whose probe fails with pi, the chance that at
least q of N fail: put pi for p.

Observers that each keep their own state (m failures to go down, u successes to come up) and do not
run in step are alternating renewal processes. The mean number of probes to m failures is
t_u = (1 - p^m) / ((1 - p) p^m), to u successes t_d = (1 - (1 - p)^u) / (p (1 - p)^u); each is down
for the share P = t_d / (t_u + t_d) of the time and goes down 1 / ((t_u + t_d) T) times a second.
How many are down goes from q - 1 to q when one of the N goes down while exactly q - 1 others are:

    lambda = N / ((t_u + t_d) T) * C(N-1, q-1) P^(q-1) (1 - P)^(N-q)
"""

from __future__ import annotations

import math

from bicoastal.failover.detection.inputs import at_most, positive, share

YEAR_S = 31_557_600.0
"""Seconds in a year of 365.25 days."""


def false_alarm_rate(fail_share: float, threshold: int, interval_s: float) -> float:
    """False alarms per second of one observer: (1 - p) p^m / T.

    Args:
        fail_share: p, or the pi of `round_failure`.
        threshold: m.
        interval_s: T, seconds.

    Returns:
        Alarms per second.

    Raises:
        ValueError: not a probability, or an interval that is not positive.
    """
    share("fail_share", fail_share)
    positive("interval_s", interval_s)
    return (1 - fail_share) * fail_share**threshold / interval_s


def round_failure(fail_share: float, quorum: int, observers: int) -> float:
    """The chance that at least q of N independent probes of one round fail.

    Args:
        fail_share: p of each.
        quorum: q.
        observers: N.

    Returns:
        pi, a probability.

    Raises:
        ValueError: not a probability, or a quorum above N.
    """
    share("fail_share", fail_share)
    at_most("quorum", quorum, observers)
    return math.fsum(
        math.comb(observers, j) * fail_share**j * (1 - fail_share) ** (observers - j)
        for j in range(quorum, observers + 1)
    )


def latched_alarm_rate(
    fail_share: float,
    threshold: int,
    recovery: int,
    interval_s: float,
    *,
    quorum: int,
    observers: int,
) -> float:
    """False alarms per second where each observer keeps its own up or down (Route 53's way).

    Args:
        fail_share: p, above 0 and below 1.
        threshold: m, failures to go down.
        recovery: u, successes to come up.
        interval_s: T, seconds.
        quorum: q.
        observers: N.

    Returns:
        Up-crossings of "q are down" per second.

    Raises:
        ValueError: p is 0 or 1 or no probability, or a quorum above N.
    """
    share("fail_share", fail_share)
    positive("fail_share", fail_share)
    positive("1 - fail_share", 1 - fail_share)
    at_most("quorum", quorum, observers)
    good = 1 - fail_share
    up = (1 - fail_share**threshold) / (good * fail_share**threshold)
    down = (1 - good**recovery) / (fail_share * good**recovery)
    is_down = down / (up + down)
    others = math.comb(observers - 1, quorum - 1) * is_down ** (quorum - 1)
    return observers * others * (1 - is_down) ** (observers - quorum) / ((up + down) * interval_s)


def per_year(rate: float) -> float:
    """Turn events per second into events per year.

    Args:
        rate: events per second.

    Returns:
        Events per year.
    """
    return rate * YEAR_S


def chance_in_a_year(alarms_per_year: float) -> float:
    """The chance of at least one alarm in a year, if they come independently: 1 - e^-A.

    Args:
        alarms_per_year: A.

    Returns:
        A probability, never above A.
    """
    return -math.expm1(-alarms_per_year)


def checkers_to_fail(checkers: int, healthy_share: float = 0.18) -> int:
    """How many of Route 53's checkers must fail before the endpoint counts as unhealthy.

    It is healthy while more than 18 % say so:
    https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/dns-failover-determining-health-of-endpoints.html

    Args:
        checkers: N.
        healthy_share: the share above which it is healthy.

    Returns:
        q = N - floor(0.18 N).
    """
    return checkers - math.floor(healthy_share * checkers)
