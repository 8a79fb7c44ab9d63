"""What the estimator must know of the program that it may not import; tests hold them together."""

from __future__ import annotations

from decimal import Decimal

from bicoastal.failover.sizing import FUNCTION_MEMORY_MB, LATCH_PERIOD_S, RUN_S
from bicoastal.settings import Settings

MEMORY_GB = Decimal(FUNCTION_MEMORY_MB) / 1024
"""Memory of every function."""

LATCH_PUTS_PER_RUN = -(-RUN_S // LATCH_PERIOD_S)
"""How often a run, which remembers nothing of the one before, puts a latch that does not change."""

MEMBER_ALARMS = 3
"""Volume, and two on replication: both lags of a global database, lag and failure of a replica."""

INSTANCE_ALARMS = 6
"""Connectivity, CPU, memory, connections, deadlocks, failed logins, of a member with instances.


Instances that are not serverless have one more, on their local storage.
"""

CONTROLLER_ALARMS = 6
"""Silent, errors, throttles; witnesses that say DOWN, that say nothing; and one that mutes."""

COMPOSITE_ALARMS = 2
"""Where there is a controller: over what is always told, and over what maintenance mutes."""

VOTE_METRICS = 3
"""Metrics read from a controller's log."""

HEALTH_METRICS_REGION = "us-east-1"
"""The only region with metrics of health checks.

Source: https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/monitoring-cloudwatch.html
"""


def rounds_per_run(probe_interval_s: int) -> int:
    """How many rounds the standby's controller does in each of its runs, one a minute.

    It starts one every T seconds and the last one before `RUN_S` have gone by.

    Args:
        probe_interval_s: T, in seconds.

    Returns:
        The rounds, at least one.
    """
    return max(1, -(-RUN_S // probe_interval_s))


def topic_regions(settings: Settings) -> tuple[str, ...]:
    """The regions that have a topic: the members', and that of health-check metrics if needed."""
    extra = () if settings.dns.mode == "global-endpoint" else (HEALTH_METRICS_REGION,)
    return tuple(dict.fromkeys((*settings.regions.members, *extra)))


def alarms(settings: Settings) -> dict[str, int]:
    """Region -> how many alarms it has."""
    of_instances = INSTANCE_ALARMS + (not settings.database.is_serverless)
    counts = {
        region: MEMBER_ALARMS
        + (CONTROLLER_ALARMS if region in settings.regions.pair else 0)
        + (of_instances if settings.instances(region) else 0)
        for region in settings.regions.members
    }
    latched = settings.regions.witnesses if settings.dns.mode == "latch" else ()
    watched = () if settings.dns.mode == "global-endpoint" else (HEALTH_METRICS_REGION,)
    for region in (*latched, *watched):
        counts[region] = counts.get(region, 0) + 1
    return counts
