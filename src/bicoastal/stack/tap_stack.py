"""`TapStack`: the whole of it, put together from one component for each concern."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi

from bicoastal.costs.budget import require_budget
from bicoastal.failover.sizing import LATCH_PERIOD_S
from bicoastal.settings import Finding, InvalidSettingsError, Settings, TapStackArgs, check
from bicoastal.stack.access import Access
from bicoastal.stack.budget import CostWatch
from bicoastal.stack.context import Context, create_context
from bicoastal.stack.controller import Controller, create_record_table
from bicoastal.stack.credentials import read_credentials
from bicoastal.stack.dashboards import Dashboards
from bicoastal.stack.database import Member, Seed
from bicoastal.stack.dns import LATCH_DIMENSION, LATCH_METRIC, NAMESPACE, Dns
from bicoastal.stack.events import MemberEvents
from bicoastal.stack.flow_logs import FlowLogs
from bicoastal.stack.global_cluster import create_global_cluster, joint_name
from bicoastal.stack.keys import RegionKey
from bicoastal.stack.monitoring import Alarms
from bicoastal.stack.network import Peering, RegionNetwork, peered
from bicoastal.stack.probing import Prober
from bicoastal.stack.topics import Topics


def accept(settings: Settings) -> tuple[str, list[Finding]]:
    """Look once more at settings that are about to be deployed.

    Some keys may be absent from a stack file that is being written, but not from one that is
    deployed: there is no safe default for the secret that the master user comes from.

    Args:
        settings: what is asked for.

    Returns:
        The secret's ARN, and what is remarkable without being wrong.

    Raises:
        InvalidSettingsError: something is wrong or missing; the error lists everything that is.
    """
    findings = check(settings, deploying=True)
    if settings.secret_arn is None or any(found.severity == "error" for found in findings):
        raise InvalidSettingsError(findings)
    return settings.secret_arn, findings


class TapStack(pulumi.ComponentResource):
    """Aurora MySQL in two or more regions, with witnesses, controllers and a DNS name.

    Args:
        name: the component's name in Pulumi.
        args: what is asked for.
        opts: Pulumi's options of the component.

    Attributes:
        settings: what was asked for.
        outputs: name -> value of everything that a caller may want to know; no secrets.

    Raises:
        InvalidSettingsError: something is wrong, or no secret is given; nothing has been registered
            then.
        BudgetError: the estimate exceeds `budget.monthlyUsd`; nothing has been registered then.
    """

    def __init__(
        self, name: str, args: TapStackArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        secret_arn, remarks = accept(args.settings)
        unsure = require_budget(args.settings)
        super().__init__("bicoastal:stack:TapStack", name, {}, opts)
        for remark in remarks:
            say = pulumi.log.warn if remark.severity == "warning" else pulumi.log.info
            say(str(remark), self)
        for warning in unsure:
            pulumi.log.warn(warning, self)
        self.settings = args.settings
        context = create_context(args.settings, self)
        self._build(context, secret_arn)
        self.outputs = self._collect(context)
        self.register_outputs(self.outputs)

    def _build(self, context: Context, secret_arn: str) -> None:
        regions = context.settings.regions
        networks = {region: RegionNetwork(region, context, self) for region in regions.all}
        for requester, accepter in peered(regions):
            Peering(networks[requester], networks[accepter], context, self)
        access = Access(networks, context, self)
        keys = {region: RegionKey(region, context, self) for region in regions.members}
        if context.settings.network.flow_logs:
            FlowLogs(networks, keys, context, self)
        self._topics = Topics(keys, context, self)
        # One that begins with an adopted cluster is made when that has been taken over.
        adopts = context.settings.adopts(context.home)
        self._global_cluster = None if adopts else create_global_cluster(context, self)
        self._members = self._create_members(networks, access, keys, context, secret_arn)
        self._probers = {
            region: Prober(
                region,
                context,
                self,
                network=networks[region],
                security_group=access.probers[region],
                members=self._members,
                key_arn=keys[region].arn if region in keys else None,
            ).function
            for region in regions.witnesses
        }
        self._table = create_record_table(context, self)
        self._controllers = {
            region: Controller(
                region,
                context,
                self,
                global_cluster=self._global_cluster,
                members=self._members,
                probers=self._probers,
                table=self._table,
                topic=self._topics.topics[region],
                key=keys[region],
            )
            for region in regions.pair
        }
        self._dns = Dns(networks, self._members, self._global_cluster, context, self)
        self._watch(context)

    def _create_members(
        self,
        networks: Mapping[str, RegionNetwork],
        access: Access,
        keys: Mapping[str, RegionKey],
        context: Context,
        secret_arn: str,
    ) -> dict[str, Member]:
        """The members, the home region's first: a region joins a writer that is available.

        One after the other: while a region joins, the global database takes no other.

        Source:
        https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-global-database-attaching.html
        """
        seed = Seed(
            read_credentials(secret_arn, context, self), context.settings.database.database_name
        )
        members: dict[str, Member] = {}
        for region in context.settings.regions.members:
            members[region] = Member(
                region,
                context,
                self,
                network=networks[region],
                security_group=access.databases[region],
                key=keys[region],
                global_cluster=self._global_cluster,
                source=None if context.settings.is_global else members.get(context.home),
                seed=seed if region == context.home else None,
                after=[found for member in members.values() for found in member.instances],
            )
            if context.settings.adopts(region):
                self._global_cluster = create_global_cluster(context, self, members[region])
        return members

    def _watch(self, context: Context) -> None:
        MemberEvents(self._members, self._topics, context, self)
        alarms = Alarms(self._topics.topics, context, self)
        for member in self._members.values():
            alarms.watch_member(member)
        for region, controller in self._controllers.items():
            alarms.watch_controller(region, controller.function, controller.log_group)
        if self._dns.status_check:
            alarms.watch_status(self._dns.health_checks[self._dns.status_check])
        alarms.page()
        alarms.register_outputs({})
        if context.settings.monitoring.dashboards:
            Dashboards(alarms, self._members, context, self)
        limit_usd = context.settings.budget.monthly_usd
        if limit_usd is not None:
            CostWatch(self._topics, limit_usd, context, self)

    def _global_outputs(self) -> dict[str, pulumi.Output[str]]:
        """What only a global database has."""
        if self._global_cluster is None:
            return {}
        return {
            "global_cluster_id": self._global_cluster.id,
            "global_writer_endpoint": self._global_cluster.endpoint,
        }

    def _collect(self, context: Context) -> dict[str, Any]:
        settings, names = context.settings, context.names
        home, standby = (self._members[region].cluster for region in settings.regions.pair)
        follows_latch = settings.dns.mode == "latch"
        return {
            # Names by role, kept because the field knows them: `primary` is the home region,
            # `secondary` the standby region, whichever of them is the writer at the moment.
            "primary_cluster_endpoint": home.endpoint,
            "primary_cluster_reader_endpoint": home.reader_endpoint,
            "primary_cluster_arn": home.arn,
            "secondary_cluster_endpoint": standby.endpoint,
            "secondary_cluster_reader_endpoint": standby.reader_endpoint,
            "secondary_cluster_arn": standby.arn,
            **self._global_outputs(),
            "members": {
                region: {
                    "cluster_id": member.cluster.cluster_identifier,
                    "arn": member.cluster.arn,
                    "endpoint": member.cluster.endpoint,
                    "reader_endpoint": member.cluster.reader_endpoint,
                }
                for region, member in self._members.items()
            },
            "member_endpoints": {
                region: member.cluster.endpoint for region, member in self._members.items()
            },
            "domain_name": settings.domain_name,
            "zone_id": self._dns.zone_id,
            "health_checks": self._dns.health_checks,
            "status_check": self._dns.status_check,
            "record_table": self._table.name,
            "latch": {
                "namespace": NAMESPACE,
                "metric": LATCH_METRIC,
                "dimension_name": LATCH_DIMENSION,
                "dimension_value": joint_name(self._global_cluster, context),
                "period_s": LATCH_PERIOD_S,
                "regions": list(settings.regions.witnesses) if follows_latch else [],
                "alarms": {
                    region: names.latch_alarm(region)
                    for region in (settings.regions.witnesses if follows_latch else ())
                },
            },
            "controllers": {
                region: found.function.name for region, found in self._controllers.items()
            },
            "probers": {region: found.name for region, found in self._probers.items()},
            "topic_arns": {region: topic.arn for region, topic in self._topics.topics.items()},
        }
