"""How clients find the writer: a name, and what moves it.

`latch`: a failover pair whose PRIMARY follows a metric that only the controller sets.
`health-check`: the classical pair, whose PRIMARY follows a TCP check on the home endpoint.
`global-endpoint`: one CNAME to Aurora's own global writer endpoint.

A healthy PRIMARY always wins, and a record without a check counts as healthy, so the SECONDARY has
none: it is the answer whenever the PRIMARY is unhealthy.
Source: https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/dns-failover.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

import pulumi
import pulumi_aws as aws

from bicoastal.failover import config
from bicoastal.failover.sizing import LATCH_PERIOD_S
from bicoastal.settings import region_code
from bicoastal.settings.names import zone_comment
from bicoastal.stack.context import Context
from bicoastal.stack.database import Member
from bicoastal.stack.global_cluster import joint_name
from bicoastal.stack.network import RegionNetwork

NAMESPACE = config.LATCH_NAMESPACE
LATCH_METRIC = config.LATCH_METRIC
LATCH_DIMENSION = config.LATCH_DIMENSION
LATCH_QUORUM = 2
"""Of the three latch regions, so that losing any one neither moves DNS nor keeps it from moving."""


class Latch(pulumi.ComponentResource):
    """The health check that says whether the home region is the writer.

    In each region a check follows that region's copy of the metric; a check that gets no data
    keeps its last status. The latch is healthy while two of three are. Route 53 reads the metric's
    data itself, at standard resolution, without waiting for the alarm.
    Source: https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/health-checks-types.html

    Attributes:
        checks: region -> the check on its metric.
        check: the CALCULATED check over them.
    """

    def __init__(
        self, cluster: pulumi.Output[str], context: Context, parent: pulumi.Resource
    ) -> None:
        super().__init__(
            "bicoastal:stack:Latch", "latch", {}, pulumi.ResourceOptions(parent=parent)
        )
        self._context = context
        self.checks = {
            region: self._check(region, cluster) for region in context.settings.regions.witnesses
        }
        self.check = calculated_check(
            context.names.latch_check, list(self.checks.values()), LATCH_QUORUM, context, self
        )
        self.register_outputs({"check_id": self.check.id})

    def _check(self, region: str, cluster: pulumi.Output[str]) -> aws.route53.HealthCheck:
        context = self._context
        alarm_name = context.names.latch_alarm(region)
        alarm = aws.cloudwatch.MetricAlarm(
            alarm_name,
            name=alarm_name,
            alarm_description="The home region is not the writer; DNS answers with the standby",
            namespace=NAMESPACE,
            metric_name=LATCH_METRIC,
            dimensions={LATCH_DIMENSION: cluster},
            statistic="Minimum",
            period=LATCH_PERIOD_S,
            evaluation_periods=1,
            comparison_operator="LessThanThreshold",
            threshold=1,
            treat_missing_data="missing",
            tags=context.tags(alarm_name),
            opts=context.options(region, self),
        )
        name = context.names.latch_region_check(region)
        # Route 53 copies the alarm's definition once and does not notice when it is edited.
        copied: dict[str, pulumi.Input[str]] = {
            "metric": cluster.apply(
                lambda found: json.dumps([NAMESPACE, LATCH_METRIC, LATCH_DIMENSION, found])
            ),
            "evaluation": f"Minimum < 1 over 1 x {LATCH_PERIOD_S} s",
        }
        return aws.route53.HealthCheck(
            name,
            type="CLOUDWATCH_METRIC",
            cloudwatch_alarm_name=alarm.name,
            cloudwatch_alarm_region=region,
            insufficient_data_health_status="LastKnownStatus",
            triggers=copied,
            tags=context.tags(name),
            opts=context.options(context.home, self),
        )


def calculated_check(
    name: str,
    children: Sequence[aws.route53.HealthCheck],
    threshold: int,
    context: Context,
    parent: pulumi.Resource,
) -> aws.route53.HealthCheck:
    """A health check over others.

    Args:
        name: its name.
        children: the checks that it counts; one without any would be healthy or not for ever.
        threshold: how many of them must be healthy.
        context: names and providers.
        parent: the component that it belongs to.

    Returns:
        The check.
    """
    return aws.route53.HealthCheck(
        name,
        type="CALCULATED",
        child_healthchecks=[child.id for child in children],
        child_health_threshold=threshold,
        tags=context.tags(name),
        opts=context.options(context.home, parent),
    )


class Dns(pulumi.ComponentResource):
    """The zone, the health checks and the records behind the domain name.

    Attributes:
        zone_id: the hosted zone that holds the name.
        health_checks: name -> id of every health check.
        status_check: the name of the check that the PRIMARY record follows, if there is one.
    """

    def __init__(
        self,
        networks: Mapping[str, RegionNetwork],
        members: Mapping[str, Member],
        global_cluster: aws.rds.GlobalCluster | None,
        context: Context,
        parent: pulumi.Resource,
    ) -> None:
        super().__init__("bicoastal:stack:Dns", "dns", {}, pulumi.ResourceOptions(parent=parent))
        self._context = context
        self._members = members
        settings = context.settings
        self.zone_id = (
            pulumi.Output.from_input(settings.hosted_zone_id)
            if settings.hosted_zone_id
            else self._private_zone(networks)
        )
        self.health_checks: dict[str, pulumi.Output[str]] = {}
        self.status_check: str | None = None
        if settings.dns.mode == "global-endpoint" and global_cluster:
            self._record("global", global_cluster.endpoint)
        elif settings.dns.mode == "health-check":
            self._follow_endpoint()
        else:
            self._follow_latch(joint_name(global_cluster, context))
        self.register_outputs({"zone_id": self.zone_id})

    def _private_zone(self, networks: Mapping[str, RegionNetwork]) -> pulumi.Output[str]:
        """A zone of the stack's own, seen from the stack's VPCs only."""
        parent_domain = self._context.settings.domain_name.partition(".")[2]
        zone = aws.route53.Zone(
            f"zone-{self._context.names.suffix}",
            name=parent_domain,
            comment=zone_comment(self._context.settings.domain_name),
            vpcs=[
                {"vpc_id": network.vpc.id, "vpc_region": region}
                for region, network in networks.items()
            ],
            tags=self._context.tags(parent_domain),
            opts=self._context.options(self._context.home, self),
        )
        return zone.zone_id

    def _follow_latch(self, cluster: pulumi.Output[str]) -> None:
        latch = Latch(cluster, self._context, self)
        names = self._context.names
        self.health_checks = {
            names.latch_region_check(region): check.id for region, check in latch.checks.items()
        }
        self._failover_pair(names.latch_check, latch.check)

    def _follow_endpoint(self) -> None:
        context, home = self._context, self._context.home
        name = context.names.endpoint_check(home)
        endpoint = aws.route53.HealthCheck(
            name,
            type="TCP",
            fqdn=self._members[home].cluster.endpoint,
            port=context.settings.database.port,
            request_interval=context.settings.health.interval_s,
            failure_threshold=context.settings.health.failure_threshold,
            tags=context.tags(name),
            opts=context.options(home, self),
        )
        self.health_checks = {name: endpoint.id}
        over = context.names.endpoint_calculated_check
        self._failover_pair(over, calculated_check(over, [endpoint], 1, context, self))

    def _failover_pair(self, name: str, check: aws.route53.HealthCheck) -> None:
        self.health_checks[name] = check.id
        self.status_check = name
        home, standby = self._context.settings.regions.pair
        for region, role in ((home, "PRIMARY"), (standby, "SECONDARY")):
            self._record(
                region_code(region),
                self._members[region].cluster.endpoint,
                set_identifier=self._context.names.set_identifier(region),
                failover_routing_policies=[{"type": role}],
                health_check_id=check.id if region == home else None,
            )

    def _record(
        self,
        which: str,
        target: pulumi.Input[str],
        *,
        set_identifier: str | None = None,
        failover_routing_policies: list[aws.route53.RecordFailoverRoutingPolicyArgsDict]
        | None = None,
        health_check_id: pulumi.Input[str] | None = None,
    ) -> None:
        aws.route53.Record(
            f"writer-{which}-{self._context.names.suffix}",
            zone_id=self.zone_id,
            name=self._context.settings.domain_name,
            type="CNAME",
            ttl=self._context.settings.dns.ttl_s,
            records=[target],
            set_identifier=set_identifier,
            failover_routing_policies=failover_routing_policies,
            health_check_id=health_check_id,
            opts=self._context.options(self._context.home, self),
        )
