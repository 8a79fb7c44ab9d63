"""The alarms: one by one where they can wait, through one composite alarm a region where not.

Alarms are regional and can notify only a topic of their own region. Each also says when all is well
again. What is watched, and what it means when there is no data, stands in `alarm_rules`.
"""

from __future__ import annotations

from collections.abc import Mapping

import pulumi
import pulumi_aws as aws

from bicoastal.failover import config
from bicoastal.settings import Names
from bicoastal.stack.alarm_rules import (
    CONTROLLER_RULES,
    STATUS_RULE,
    VOTES_DOWN,
    VOTES_UNKNOWN,
    AlarmRule,
    member_rules,
    vote_rules,
)
from bicoastal.stack.context import HEALTH_METRICS_REGION, Context
from bicoastal.stack.database import Member

_VOTES = {"down": VOTES_DOWN, "unknown": VOTES_UNKNOWN}


def vote_namespace(names: Names) -> str:
    """The namespace of the stack's metrics of votes, which no other stack of the account has.

    Args:
        names: the stack's names.

    Returns:
        The namespace.
    """
    return f"{config.LATCH_NAMESPACE}/{names.suffix}"


class Alarms(pulumi.ComponentResource):
    """The alarms of all members, both controllers and the name.

    Attributes:
        alarms: region -> its alarms on metrics, in the order in which they were made.
    """

    def __init__(
        self, topics: Mapping[str, aws.sns.Topic], context: Context, parent: pulumi.Resource
    ) -> None:
        super().__init__(
            "bicoastal:stack:Alarms", "alarms", {}, pulumi.ResourceOptions(parent=parent)
        )
        self._topics = topics
        self._context = context
        self._urgent: dict[str, list[aws.cloudwatch.MetricAlarm]] = {}
        self.alarms: dict[str, list[aws.cloudwatch.MetricAlarm]] = {}

    def watch_member(self, member: Member) -> None:
        """Make the alarms of one member.

        Args:
            member: the member.
        """
        on = {"DBClusterIdentifier": member.cluster.cluster_identifier}
        has_instances = bool(member.instances)
        for rule in member_rules(self._context.settings, has_instances=has_instances):
            self._alarm(rule, member.region, on)

    def watch_controller(
        self, region: str, function: aws.lambda_.Function, log_group: aws.cloudwatch.LogGroup
    ) -> None:
        """Make the alarms of one controller, and of what it hears from the witnesses.

        Args:
            region: its region.
            function: the controller's function.
            log_group: the group that its log goes to.
        """
        for rule in CONTROLLER_RULES:
            self._alarm(rule, region, {"FunctionName": function.name})
        settings, namespace = self._context.settings, vote_namespace(self._context.names)
        filters = [
            self._vote_filter(region, field, metric, namespace, log_group)
            for field, metric in _VOTES.items()
        ]
        for rule in vote_rules(
            namespace, settings.failover.quorum, len(settings.regions.witnesses)
        ):
            self._alarm(rule, region, {}, after=filters)

    def watch_status(self, check_id: pulumi.Input[str]) -> None:
        """Make the alarm on the health check that moves DNS.

        Args:
            check_id: the check's id.
        """
        self._alarm(STATUS_RULE, HEALTH_METRICS_REGION, {"HealthCheckId": check_id})

    def page(self) -> None:
        """Put the urgent alarms of each member region under one that wakes somebody, once.

        A composite alarm names those that made it go off.
        Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-combining.html
        """
        for region in self._context.settings.regions.members:
            name = self._context.names.alarm("page", region)
            tell = [self._topics[region].arn]
            names = pulumi.Output.all(*(alarm.name for alarm in self._urgent[region]))
            aws.cloudwatch.CompositeAlarm(
                name,
                alarm_name=name,
                alarm_description=f"Look now: the database in {region}, or its failover, is not "
                "well. The alarms below this one say what.",
                alarm_rule=names.apply(lambda found: " OR ".join(f'ALARM("{n}")' for n in found)),
                alarm_actions=tell,
                ok_actions=tell,
                tags=self._context.tags(name),
                opts=self._context.options(region, self),
            )

    def _vote_filter(
        self,
        region: str,
        field: str,
        metric: str,
        namespace: str,
        log_group: aws.cloudwatch.LogGroup,
    ) -> aws.cloudwatch.LogMetricFilter:
        """Make a metric of a number that the controller logs in each round.

        Source:
        https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
        """
        name = self._context.names.vote_filter(region, field)
        return aws.cloudwatch.LogMetricFilter(
            name,
            name=name,
            log_group_name=log_group.name,
            pattern=f'{{ $.event = "round" && $.{field} >= 0 }}',
            metric_transformation={"name": metric, "namespace": namespace, "value": f"$.{field}"},
            opts=self._context.options(region, self),
        )

    def _alarm(
        self,
        rule: AlarmRule,
        region: str,
        dimensions: Mapping[str, pulumi.Input[str]],
        *,
        after: list[aws.cloudwatch.LogMetricFilter] | None = None,
    ) -> None:
        name = self._context.names.alarm(rule.kind, region)
        # A region without a member has no composite alarm; what is urgent there tells by itself.
        is_paged = rule.pages and region in self._context.settings.regions.members
        tell = None if is_paged else [self._topics[region].arn]
        alarm = aws.cloudwatch.MetricAlarm(
            name,
            name=name,
            alarm_description=rule.description,
            namespace=rule.namespace,
            metric_name=rule.metric,
            dimensions=dimensions or None,
            statistic=rule.statistic,
            period=rule.period_s,
            evaluation_periods=rule.periods,
            comparison_operator=rule.comparison,
            threshold=rule.threshold,
            treat_missing_data=rule.missing,
            alarm_actions=tell,
            ok_actions=tell,
            tags=self._context.tags(name),
            opts=self._context.options(region, self, depends_on=after or ()),
        )
        self.alarms.setdefault(region, []).append(alarm)
        if is_paged:
            self._urgent.setdefault(region, []).append(alarm)
