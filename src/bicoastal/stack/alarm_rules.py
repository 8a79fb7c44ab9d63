"""What is watched: the metric, the threshold, what no data means, and whether it wakes somebody.

Every rule of a member applies in each member region, whichever of them holds the writer. Where a
metric exists on one side only, no data is no breach, so that a swap of roles moves the alarm along.
Sources: https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/Aurora.AuroraMonitoring.Metrics.html
https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
"""

from __future__ import annotations

from dataclasses import dataclass

from bicoastal.failover.config import GLOBAL_LAG, REPLICA_LAG
from bicoastal.settings import Settings

_MIB = 1024**2
_GIB = 1024**3

ABOVE, BELOW = "GreaterThanThreshold", "LessThanThreshold"
QUIET, LOUD, UNKNOWN = "notBreaching", "breaching", "missing"
"""What no data means: all is well, an alarm, or nothing."""

VOTES_DOWN, VOTES_UNKNOWN, MAINTENANCE = "WitnessesDown", "WitnessesUnknown", "Maintenance"


@dataclass(frozen=True)
class AlarmRule:
    """When an alarm goes off.

    Attributes:
        kind: the first part of the alarm's name.
        description: what it means, for the one who is woken by it.
        namespace: the metric's namespace.
        metric: the metric.
        statistic: how the values of a period are put together.
        comparison: how the result is compared with the threshold.
        threshold: in the metric's own unit.
        periods: for how many periods in a row.
        missing: what no data means: `QUIET`, `LOUD` or `UNKNOWN`.
        period_s: the length of a period in seconds.
        pages: whether it wakes somebody, by the region's composite alarm; otherwise it tells the
            topic itself and can wait for the morning.
        planned: whether planned work looks the same, a member's restart or a switchover; then
            maintenance mutes it.
    """

    kind: str
    description: str
    namespace: str
    metric: str
    statistic: str
    comparison: str
    threshold: float
    periods: int
    missing: str = QUIET
    period_s: int = 60
    pages: bool = False
    planned: bool = False


def _member(
    kind: str,
    metric: str,
    comparison: str,
    threshold: float,
    means: str,
    *,
    statistic: str = "",
    periods: int = 5,
    missing: str = QUIET,
    pages: bool = False,
    planned: bool = False,
) -> AlarmRule:
    """A rule on a metric of a member's cluster; the worst instance counts if nothing is said."""
    worst = "Maximum" if comparison == ABOVE else "Minimum"
    return AlarmRule(
        kind, means, "AWS/RDS", metric, statistic or worst, comparison, threshold, periods,
        missing, pages=pages, planned=planned,
    )  # fmt: skip


def member_rules(settings: Settings, *, has_instances: bool) -> tuple[AlarmRule, ...]:
    """The alarms of each member, on metrics of its cluster.

    Args:
        settings: the thresholds, the topology, and whether the instances are serverless.
        has_instances: whether there is anything that reports; a headless standby has only a volume.

    Returns:
        The rules.
    """
    volume = _member(
        "storage", "AuroraVolumeBytesLeftTotal", BELOW,
        settings.monitoring.volume_left_alarm_gib * _GIB,
        f"Less than {settings.monitoring.volume_left_alarm_gib} GiB are left before the cluster "
        "volume reaches its limit", pages=True,
    )  # fmt: skip
    instances = _instance_rules(settings) if has_instances else ()
    return (*instances, volume, *_replication_rules(settings))


def _replication_rules(settings: Settings) -> tuple[AlarmRule, ...]:
    """On replication, made of other metrics in either topology.

    They exist only in a region that is standby at the time. A replica by binary log tells its lag
    in seconds, and -1 while it does not know it: when it is being made, or is in error. Source:
    https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-global-database-monitoring.html
    """
    watch = settings.monitoring
    means = f"The member is more than {watch.lag_alarm_ms} ms behind the writer"
    if settings.is_global:
        return (
            _member(
                "rpo", "AuroraGlobalDBRPOLag", ABOVE, watch.rpo_alarm_ms,
                f"A failover now would lose more than {watch.rpo_alarm_ms} ms of writes",
                periods=3, pages=True, planned=True,
            ),
            _member("lag", GLOBAL_LAG, ABOVE, watch.lag_alarm_ms, means, periods=3),
        )  # fmt: skip
    return (
        _member(
            "binlog", REPLICA_LAG, BELOW, 0,
            "The member no longer replicates the writer's binary log", pages=True, planned=True,
        ),
        _member("lag", REPLICA_LAG, ABOVE, watch.lag_alarm_ms / 1000, means, periods=3),
    )  # fmt: skip


def _instance_rules(settings: Settings) -> tuple[AlarmRule, ...]:
    """On what instances report.

    Local storage is not reported by serverless ones. Deadlocks and failed logins are reported as an
    average per second.
    """
    watch = settings.monitoring
    rules = [
        # No data means that no instance reports, which is what this alarm is for.
        _member(
            "connectivity", "EngineUptime", BELOW, 1,
            "No instance of this member has reported its uptime for three minutes",
            statistic="Maximum", periods=3, missing=LOUD, pages=True, planned=True,
        ),
        _member(
            "cpu", "CPUUtilization", ABOVE, watch.cpu_alarm_percent,
            f"The busiest instance uses more than {watch.cpu_alarm_percent:g} % of its CPU",
        ),
        _member(
            "memory", "FreeableMemory", BELOW, watch.memory_alarm_mib * _MIB,
            f"An instance has less than {watch.memory_alarm_mib} MiB of memory left",
        ),
        _member(
            "connections", "DatabaseConnections", ABOVE, watch.connections_alarm,
            f"An instance has more than {watch.connections_alarm} connections",
        ),
        _member(
            "deadlocks", "Deadlocks", ABOVE, watch.deadlocks_alarm_per_minute / 60,
            f"More than {watch.deadlocks_alarm_per_minute:g} deadlocks a minute",
            statistic="Average",
        ),
        _member(
            "logins", "LoginFailures", ABOVE, watch.login_failures_alarm_per_minute / 60,
            f"More than {watch.login_failures_alarm_per_minute:g} failed logins a minute",
            statistic="Average",
        ),
    ]  # fmt: skip
    if not settings.database.is_serverless:
        rules.append(
            _member(
                "disk", "FreeLocalStorage", BELOW, watch.local_storage_alarm_mib * _MIB,
                f"An instance has less than {watch.local_storage_alarm_mib} MiB of local storage "
                "left for temporary tables and logs",
            )
        )  # fmt: skip
    return tuple(rules)


CONTROLLER_RULES = (
    # A controller that does not run cannot report that it does not run.
    AlarmRule(
        "silent", "The controller has not run for five minutes: nobody watches, nobody fails over",
        "AWS/Lambda", "Invocations", "Sum", BELOW, 1, 1, LOUD, period_s=300, pages=True,
    ),
    AlarmRule(
        "errors", "The controller has failed in three runs within five minutes",
        "AWS/Lambda", "Errors", "Sum", ABOVE, 2, 1, period_s=300, pages=True,
    ),
    # One run meets the next by a second now and then; five in five minutes is no chance.
    AlarmRule(
        "throttles", "Half of the controller's runs were refused within ten minutes",
        "AWS/Lambda", "Throttles", "Sum", ABOVE, 4, 1, period_s=600, pages=True,
    ),
)  # fmt: skip
"""The alarms of each controller, on metrics of its function.

Source: https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
"""

STATUS_RULE = AlarmRule(
    "status", "The check behind the PRIMARY record is unhealthy: DNS answers with the standby",
    "AWS/Route53", "HealthCheckStatus", "Minimum", BELOW, 1, 1, UNKNOWN, pages=True,
)  # fmt: skip
"""The alarm on the health check that moves DNS.

Source: https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/monitoring-cloudwatch.html
"""


def vote_rules(namespace: str, quorum: int, witnesses: int) -> tuple[AlarmRule, ...]:
    """The alarms on what the witnesses say; the standby's controller has them in its log.

    Args:
        namespace: the namespace of the stack's own metrics.
        quorum: witnesses that must say DOWN before anything happens.
        witnesses: how many there are.

    Returns:
        The rules.
    """
    most = witnesses - quorum
    return (
        AlarmRule(
            "down", f"{quorum} or more witnesses cannot reach the writer",
            namespace, VOTES_DOWN, "Maximum", ABOVE, quorum - 1, 1, pages=True, planned=True,
        ),
        AlarmRule(
            "blind", f"More than {most} of {witnesses} witnesses say nothing: no quorum",
            namespace, VOTES_UNKNOWN, "Minimum", ABOVE, most, 3, pages=True,
        ),
    )  # fmt: skip


def maintenance_rule(namespace: str) -> AlarmRule:
    """The alarm that mutes: it goes off in maintenance, and tells nobody.

    No data mutes nothing, so it ends when maintenance does and when no controller runs.

    Args:
        namespace: the namespace of the stack's own metrics.

    Returns:
        The rule.
    """
    return AlarmRule(
        "maintenance", "Somebody works on the database: the alarm 'outage' tells nobody meanwhile",
        namespace, MAINTENANCE, "Maximum", ABOVE, 0, 1,
    )  # fmt: skip
