"""How long to wait: the price of an outage's second against the price of a needless failover.

Acting after D seconds of an outage whose length has the survival function S costs, in seconds of
outage, J(D) = (integral of S from 0 to D) + S(D) C, where C = F + c_x / c_d: the failover takes F
seconds and has a fixed price. J'(D) = S(D) (1 - h(D) C) with the hazard h of mending by itself: act
when h falls below 1 / C.

Choosing m: waiting costs l_f m T c_d a year, false alarms cost (Y / T) (1 - p) p^m c_x. Setting the
derivative in m to zero gives m* = ln(Y (1 - p) c_x |ln p| / (l_f T^2 c_d)) / |ln p|.
"""

from __future__ import annotations

import math

from bicoastal.failover.detection.alarms import YEAR_S
from bicoastal.failover.detection.inputs import positive


def cost_of_acting_s(failover_s: float, needless_cost: float, outage_cost_per_s: float) -> float:
    """C: what a failover costs, in seconds of outage.

    Args:
        failover_s: F, seconds until clients write again.
        needless_cost: c_x: lost writes, hours without a standby, the way back; in money.
        outage_cost_per_s: c_d, in the same money per second.

    Returns:
        Seconds. It is also the wait that is never worse than twice the best one, whatever the
        distribution of outages is (the ski-rental argument).

    Raises:
        ValueError: an outage that costs nothing.
    """
    positive("outage_cost_per_s", outage_cost_per_s)
    return failover_s + needless_cost / outage_cost_per_s


def best_wait_exponential_s(mean_s: float, acting_s: float) -> float:
    """The best wait if outages mend themselves at a constant hazard 1 / mean.

    Args:
        mean_s: mean length of an outage, seconds.
        acting_s: C, seconds.

    Returns:
        0 if the mean exceeds C, else infinity: waiting teaches nothing.

    Raises:
        ValueError: the mean is not positive.
    """
    positive("mean_s", mean_s)
    return 0.0 if mean_s > acting_s else math.inf


def best_wait_pareto_s(alpha: float, acting_s: float) -> float:
    """The best wait if long outages have a Pareto tail: its hazard alpha / D falls below 1 / C.

    Args:
        alpha: the tail's exponent.
        acting_s: C, seconds.

    Returns:
        alpha C, seconds.

    Raises:
        ValueError: the exponent is not positive.
    """
    positive("alpha", alpha)
    return alpha * acting_s


def best_threshold(
    *,
    fail_share: float,
    interval_s: float,
    losses_per_year: float,
    outage_cost_per_s: float,
    needless_cost: float,
) -> float:
    """m*: the number of consecutive failures that costs least, as a real number.

    Args:
        fail_share: p, above 0 and below 1.
        interval_s: T, seconds.
        losses_per_year: l_f, real losses a year.
        outage_cost_per_s: c_d.
        needless_cost: c_x, in the same money.

    Returns:
        m*, to be rounded; below 1 means that 1 is enough.

    Raises:
        ValueError: a number that is not positive, or p of 1 or more.
    """
    for name, value in (
        ("fail_share", fail_share),
        ("1 - fail_share", 1 - fail_share),
        ("interval_s", interval_s),
        ("losses_per_year", losses_per_year),
        ("outage_cost_per_s", outage_cost_per_s),
        ("needless_cost", needless_cost),
    ):
        positive(name, value)
    decay = -math.log(fail_share)
    alarms = YEAR_S * (1 - fail_share) * needless_cost * decay
    return math.log(alarms / (losses_per_year * interval_s**2 * outage_cost_per_s)) / decay
