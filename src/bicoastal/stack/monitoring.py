"""The alarms: one by one where they can wait, through composite alarms of their region where not.

Alarms are regional and can notify only a topic of their own region. Each also says when all is well
again. What is watched, and what it means when there is no data, stands in `alarm_rules`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pulumi
import pulumi_aws as aws

from bicoastal.failover import config
from bicoastal.settings import Names
from bicoastal.stack.alarm_rules import (
    CONTROLLER_RULES,
    MAINTENANCE,
    STATUS_RULE,
    VOTES_DOWN,
    VOTES_UNKNOWN,
    AlarmRule,
    maintenance_rule,
    member_rules,
    vote_rules,
)
from bicoastal.stack.context import HEALTH_METRICS_REGION, Context
from bicoastal.stack.database import Member

_COUNTED = {"down": VOTES_DOWN, "unknown": VOTES_UNKNOWN, "maintenance": MAINTENANCE}
"""Numbers in the line that a controller logs in each round, and the metrics that they become."""
_WAIT_S = 60
"""So long an alarm may be ahead of the one that mutes it: both look at whole minutes."""
_RECOVERY_S = 180
"""So long alarms may still go off when the work is over: three periods."""
_BOTH_DOWN = ("connectivity", "down")
"""In the standby's region: neither the standby nor the writer can be reached."""


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
        self._urgent: dict[str, dict[str, aws.cloudwatch.MetricAlarm]] = {}
        self._expected: dict[str, dict[str, aws.cloudwatch.MetricAlarm]] = {}
        self._muting: dict[str, aws.cloudwatch.MetricAlarm] = {}
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
            for field, metric in _COUNTED.items()
        ]
        self._muting[region] = self._alarm(maintenance_rule(namespace), region, {}, after=filters)
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
        """Put the urgent alarms of each member region under those that wake somebody, once.

        A composite alarm names those that made it go off. What planned work looks like stands under
        one of its own, which is muted in maintenance: there, where a controller says so. That both
        members are down is no plan.
        Sources: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-combining.html
        https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Create_Composite_Alarm_Suppression.html
        """
        for region in self._context.settings.regions.members:
            urgent, expected = self._urgent[region], self._expected[region]
            muting = self._muting.get(region)
            if muting is None:
                self._composite("page", region, [[alarm] for alarm in (urgent | expected).values()])
                continue
            both = [expected[kind] for kind in _BOTH_DOWN if kind in expected]
            terms = [[alarm] for alarm in urgent.values()]
            self._composite("page", region, [*terms, both] if len(both) > 1 else terms)
            self._composite("outage", region, [[alarm] for alarm in expected.values()], muting)

    def _composite(
        self,
        kind: str,
        region: str,
        terms: list[list[aws.cloudwatch.MetricAlarm]],
        muting: aws.cloudwatch.MetricAlarm | None = None,
    ) -> None:
        """Make an alarm that goes off with all alarms of any of its terms."""
        name = self._context.names.alarm(kind, region)
        tell = [self._topics[region].arn]
        names = pulumi.Output.all(
            *(pulumi.Output.all(*(alarm.name for alarm in term)) for term in terms)
        )
        aws.cloudwatch.CompositeAlarm(
            name,
            alarm_name=name,
            alarm_description=f"Look now: the database in {region}, or its failover, is not "
            "well. The alarms below this one say what.",
            alarm_rule=names.apply(lambda found: " OR ".join(map(_all_of, found))),
            actions_suppressor=None
            if muting is None
            else {
                "alarm": muting.name,
                "wait_period": _WAIT_S,
                "extension_period": _RECOVERY_S,
            },
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
    ) -> aws.cloudwatch.MetricAlarm:
        name = self._context.names.alarm(rule.kind, region)
        # A region without a member has no composite alarm; what is urgent there tells by itself.
        is_paged = rule.pages and region in self._context.settings.regions.members
        tells_nobody = is_paged or rule.metric == MAINTENANCE
        tell = None if tells_nobody else [self._topics[region].arn]
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
            below = self._expected if rule.planned else self._urgent
            below.setdefault(region, {})[rule.kind] = alarm
        return alarm


def _all_of(names: Sequence[str]) -> str:
    joined = " AND ".join(f'ALARM("{name}")' for name in names)
    return joined if len(names) == 1 else f"({joined})"
