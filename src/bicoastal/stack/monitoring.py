"""Whom to tell, and when: topics, subscriptions and alarms.

Alarms are regional and can notify only a topic of their own region. Each one also says when all is
well again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from bicoastal.failover.config import GLOBAL_LAG, REPLICA_LAG
from bicoastal.settings import Settings, region_code
from bicoastal.stack.context import HEALTH_METRICS_REGION, Context
from bicoastal.stack.database import Member
from bicoastal.stack.keys import RegionKey

_MIB = 1024 * 1024
_TIB = _MIB * _MIB


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
        missing: what no data means: `notBreaching`, `breaching` or `missing`.
        period_s: the length of a period in seconds.
    """

    kind: str
    description: str
    namespace: str
    metric: str
    statistic: str
    comparison: str
    threshold: float
    periods: int
    missing: str
    period_s: int = 60


ABOVE, BELOW = "GreaterThanThreshold", "LessThanThreshold"

INSTANCE_RULES = (
    AlarmRule(
        "cpu", "The busiest instance uses more than 80 % of its CPU",
        "AWS/RDS", "CPUUtilization", "Maximum", ABOVE, 80, 5, "notBreaching",
    ),
    AlarmRule(
        "memory", "An instance has less than 128 MiB of memory left",
        "AWS/RDS", "FreeableMemory", "Minimum", BELOW, 128 * _MIB, 5, "notBreaching",
    ),
    # No data means that no instance reports, which is what this alarm is for.
    AlarmRule(
        "connectivity", "No instance of this member has reported its uptime for three minutes",
        "AWS/RDS", "EngineUptime", "Maximum", BELOW, 1, 3, "breaching",
    ),
)  # fmt: skip
"""The alarms of each member that has instances, on metrics of its cluster.

Source:
https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/Aurora.AuroraMonitoring.Metrics.html
"""

MEMBER_RULES = (
    AlarmRule(
        "storage", "Less than 1 TiB is left before the cluster volume reaches its limit",
        "AWS/RDS", "AuroraVolumeBytesLeftTotal", "Minimum", BELOW, _TIB, 5, "notBreaching",
    ),
)  # fmt: skip
"""The alarms of each member, headless or not, besides the lag; source as above."""

CONTROLLER_RULES = (
    # A controller that does not run cannot report that it does not run.
    AlarmRule(
        "silent", "The controller has not run for five minutes: nobody watches, nobody fails over",
        "AWS/Lambda", "Invocations", "Sum", BELOW, 1, 1, "breaching", period_s=300,
    ),
    AlarmRule(
        "errors", "The controller has failed in three runs within five minutes",
        "AWS/Lambda", "Errors", "Sum", ABOVE, 2, 1, "notBreaching", period_s=300,
    ),
)  # fmt: skip
"""The alarms of each controller, on metrics of its function.

Source: https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
"""

STATUS_RULE = AlarmRule(
    "status", "The check behind the PRIMARY record is unhealthy: DNS answers with the standby",
    "AWS/Route53", "HealthCheckStatus", "Minimum", BELOW, 1, 1, "missing",
)  # fmt: skip
"""The alarm on the health check that moves DNS.

Source: https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/monitoring-cloudwatch.html
"""


def lag_rules(settings: Settings) -> tuple[AlarmRule, ...]:
    """The alarms on replication, which is made of other metrics in either topology.

    The metrics exist only in the region that is standby at the time, so the alarms are made in both
    and stay quiet on the side that has no data. A replica by binary log tells its lag in seconds,
    and -1 while it does not know it: when it is being made, or is in error.
    Sources:
    https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-global-database-monitoring.html
    https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/Aurora.AuroraMonitoring.Metrics.html

    Args:
        settings: the topology, and the lag in milliseconds above which the alarm goes off.

    Returns:
        The rules.
    """
    threshold_ms = settings.monitoring.lag_alarm_ms
    metric, threshold = GLOBAL_LAG, float(threshold_ms)
    if not settings.is_global:
        metric, threshold = REPLICA_LAG, threshold_ms / 1000
    lag = AlarmRule(
        "lag", f"The member is more than {threshold_ms} ms behind the writer",
        "AWS/RDS", metric, "Maximum", ABOVE, threshold, 3, "notBreaching",
    )  # fmt: skip
    broken = AlarmRule(
        "binlog", "The member no longer replicates the writer's binary log",
        "AWS/RDS", metric, "Minimum", BELOW, 0, 5, "notBreaching",
    )  # fmt: skip
    return (lag,) if settings.is_global else (lag, broken)


class Topics(pulumi.ComponentResource):
    """A topic in each region that has something to say to people, with the same subscribers.

    Attributes:
        topics: region -> its topic.
    """

    def __init__(
        self, keys: Mapping[str, RegionKey], context: Context, parent: pulumi.Resource
    ) -> None:
        super().__init__(
            "bicoastal:stack:Topics", "topics", {}, pulumi.ResourceOptions(parent=parent)
        )
        self.topics: dict[str, aws.sns.Topic] = {}
        for region in context.topic_regions:
            name = context.names.topic(region)
            topic = aws.sns.Topic(
                name,
                name=name,
                kms_master_key_id=keys[region].arn if region in keys else None,
                tags=context.tags(name),
                opts=context.options(region, self),
            )
            for number, address in enumerate(context.settings.monitoring.alarm_emails, start=1):
                aws.sns.TopicSubscription(
                    f"{name}-{number}",
                    topic=topic.arn,
                    protocol="email",
                    endpoint=address,
                    opts=context.options(region, self),
                )
            self.topics[region] = topic
        self.register_outputs({})


class Alarms(pulumi.ComponentResource):
    """The alarms of both members, both controllers and the name."""

    def __init__(
        self, topics: Mapping[str, aws.sns.Topic], context: Context, parent: pulumi.Resource
    ) -> None:
        super().__init__(
            "bicoastal:stack:Alarms", "alarms", {}, pulumi.ResourceOptions(parent=parent)
        )
        self._topics = topics
        self._context = context

    def watch_member(self, member: Member) -> None:
        """Make the alarms of one member.

        Args:
            member: the member.
        """
        on = {"DBClusterIdentifier": member.cluster.cluster_identifier}
        lag = lag_rules(self._context.settings)
        for rule in (*(INSTANCE_RULES if member.instances else ()), *MEMBER_RULES, *lag):
            self._alarm(rule, member.region, on)

    def watch_controller(self, region: str, function: aws.lambda_.Function) -> None:
        """Make the alarms of one controller.

        Args:
            region: its region.
            function: the controller's function.
        """
        for rule in CONTROLLER_RULES:
            self._alarm(rule, region, {"FunctionName": function.name})

    def watch_status(self, check_id: pulumi.Input[str]) -> None:
        """Make the alarm on the health check that moves DNS.

        Args:
            check_id: the check's id.
        """
        self._alarm(STATUS_RULE, HEALTH_METRICS_REGION, {"HealthCheckId": check_id})

    def _alarm(
        self, rule: AlarmRule, region: str, dimensions: Mapping[str, pulumi.Input[str]]
    ) -> None:
        names = self._context.names
        is_lag = rule.kind == "lag"
        name = (
            names.lag_alarm(region)
            if is_lag
            else f"{rule.kind}-{region_code(region)}-{names.suffix}"
        )
        tell = [self._topics[region].arn]
        aws.cloudwatch.MetricAlarm(
            name,
            name=name,
            alarm_description=rule.description,
            namespace=rule.namespace,
            metric_name=rule.metric,
            dimensions=dimensions,
            statistic=rule.statistic,
            period=rule.period_s,
            evaluation_periods=rule.periods,
            comparison_operator=rule.comparison,
            threshold=rule.threshold,
            treat_missing_data=rule.missing,
            alarm_actions=tell,
            ok_actions=tell,
            tags=self._context.tags(name),
            opts=self._context.options(region, self),
        )
