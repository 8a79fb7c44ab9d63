"""The controllers, one in each of the pair, the record that they share, and their schedule."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi
import pulumi_aws as aws

from bicoastal.failover import bundle
from bicoastal.failover.config import CONFIG_VARIABLE, ControllerConfig, Latch
from bicoastal.failover.config import Member as MemberConfig
from bicoastal.failover.sizing import FUNCTION_MEMORY_MB
from bicoastal.settings import region_code
from bicoastal.stack.context import Context
from bicoastal.stack.database import Member
from bicoastal.stack.dns import LATCH_DIMENSION, LATCH_METRIC, NAMESPACE
from bicoastal.stack.functions import ARCHITECTURE, RUNTIME, FunctionHome
from bicoastal.stack.global_cluster import joint_name
from bicoastal.stack.keys import RegionKey
from bicoastal.stack.policies import Statement, statement

RECORD_KEY = "cluster"
SCHEDULE = "rate(1 minute)"
TIMEOUT_S = 75


def create_record_table(context: Context, parent: pulumi.Resource) -> aws.dynamodb.Table:
    """Make the table that holds the decision record.

    A global table with multi-Region strong consistency: a conditional write is decided once for
    all regions, and the loss of any one region leaves it readable and writable.
    Source:
    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/multi-region-strong-consistency-gt.html

    Args:
        context: settings, names and providers.
        parent: the component that it belongs to.

    Returns:
        The table in the home region, with its replica and witness.
    """
    regions, name = context.settings.regions, context.names.record_table
    is_protected = context.settings.database.deletion_protection
    return aws.dynamodb.Table(
        name,
        name=name,
        billing_mode="PAY_PER_REQUEST",
        hash_key=RECORD_KEY,
        attributes=[{"name": RECORD_KEY, "type": "S"}],
        stream_enabled=True,
        stream_view_type="NEW_AND_OLD_IMAGES",
        replicas=[
            {
                "region_name": regions.standby,
                "consistency_mode": "STRONG",
                "deletion_protection_enabled": is_protected,
                "point_in_time_recovery": True,
                "propagate_tags": True,
            }
        ],
        global_table_witness={"region_name": regions.witness},
        point_in_time_recovery={"enabled": True},
        deletion_protection_enabled=is_protected,
        tags=context.tags(name),
        opts=context.options(context.home, parent),
    )


class Controller(pulumi.ComponentResource):
    """One region's controller: outside any VPC, run once a minute, never twice at a time.

    Attributes:
        function: the function.
        log_group: where it says what it did in each round.
    """

    def __init__(
        self,
        region: str,
        context: Context,
        parent: pulumi.Resource,
        *,
        global_cluster: aws.rds.GlobalCluster | None,
        members: Mapping[str, Member],
        probers: Mapping[str, aws.lambda_.Function],
        table: aws.dynamodb.Table,
        topic: aws.sns.Topic,
        key: RegionKey,
    ) -> None:
        super().__init__(
            "bicoastal:stack:Controller",
            f"controller-{region_code(region)}",
            {},
            pulumi.ResourceOptions(parent=parent),
        )
        self._region = region
        self._context = context
        self._global_cluster = global_cluster
        self._members = members
        self._probers = probers
        self._table = table
        self._topic = topic
        self._key = key
        self.function = self._create_function()
        self._run_every_minute()
        self.register_outputs({"name": self.function.name})

    def _create_function(self) -> aws.lambda_.Function:
        context, region = self._context, self._region
        name = context.names.controller(region)
        home = FunctionHome(
            name,
            region,
            context,
            self,
            role_name=context.names.controller_role(region),
            statements=self._statements(),
            key_arn=self._key.arn,
        )
        self.log_group = home.log_group
        return aws.lambda_.Function(
            name,
            name=name,
            description=f"Gathers votes and decides; acts while {region} is a standby",
            role=home.role.arn,
            runtime=RUNTIME,
            architectures=[ARCHITECTURE],
            handler=bundle.CONTROLLER_HANDLER,
            code=home.code,
            source_code_hash=home.code_hash,
            timeout=TIMEOUT_S,
            memory_size=FUNCTION_MEMORY_MB,
            # The record's conditional writes keep two runs apart; this keeps them from meeting.
            reserved_concurrent_executions=1,
            environment={"variables": {CONFIG_VARIABLE: self._config(home.code_hash)}},
            tags=context.tags(name),
            opts=context.options(region, self, depends_on=home.required),
        )

    def _statements(self) -> list[Statement]:
        """What a controller may do, each on the very things that it acts on."""
        regions, account = self._context.settings.regions, self._context.account_id
        tables = [
            pulumi.Output.concat(
                "arn:aws:dynamodb:", member, ":", account, ":table/", self._table.name
            )
            for member in regions.pair
        ]
        own = self._members[self._region]
        return [
            statement(
                "AskWitnesses",
                ["lambda:InvokeFunction"],
                [prober.arn for prober in self._probers.values()],
            ),
            *self._global_statements(),
            statement("LookCloser", ["rds:DescribeDBClusters"], [own.cluster.arn]),
            # Metrics cannot be told apart when they are read.
            statement("ReadLag", ["cloudwatch:GetMetricStatistics"], ["*"]),
            statement("Record", ["dynamodb:GetItem", "dynamodb:PutItem"], tables),
            # Metrics have no ARN; the namespace is what can be told apart.
            statement(
                "SetLatch",
                ["cloudwatch:PutMetricData"],
                ["*"],
                condition={"StringEquals": {"cloudwatch:namespace": NAMESPACE}},
            ),
            statement("Notify", ["sns:Publish"], [self._topic.arn]),
            statement("EncryptNotices", ["kms:Decrypt", "kms:GenerateDataKey*"], [self._key.arn]),
        ]

    def _global_statements(self) -> list[Statement]:
        """What only a controller of a global database may do."""
        if self._global_cluster is None:
            return []
        pair = self._context.settings.regions.pair
        clusters = [self._members[region].cluster.arn for region in pair]
        whole = self._global_cluster.arn
        return [
            statement("Look", ["rds:DescribeGlobalClusters"], [whole]),
            statement("FailOver", ["rds:FailoverGlobalCluster"], [whole, *clusters]),
        ]

    def _config(self, code: str) -> pulumi.Output[str]:
        """The JSON text that `ControllerConfig.from_json` reads."""
        known = {
            "cluster": joint_name(self._global_cluster, self._context),
            "table": self._table.name,
            "topic": self._topic.arn,
            "witnesses": {region: prober.name for region, prober in self._probers.items()},
            "arns": {region: member.cluster.arn for region, member in self._members.items()},
            "ids": {
                region: member.cluster.cluster_identifier
                for region, member in self._members.items()
            },
        }
        return pulumi.Output.from_input(known).apply(lambda found: self._config_json(found, code))

    def _config_json(self, known: Mapping[str, Any], code: str) -> str:
        settings = self._context.settings
        regions, failover = settings.regions, settings.failover
        cluster: str = known["cluster"]
        follows_latch = settings.dns.mode == "latch"
        return ControllerConfig(
            cluster=cluster,
            region=self._region,
            home_region=regions.home,
            members={
                region: MemberConfig(arn, known["ids"][region])
                for region, arn in known["arns"].items()
            },
            witnesses=known["witnesses"],
            table=known["table"],
            latch=Latch(
                namespace=NAMESPACE,
                metric=LATCH_METRIC,
                dimension_name=LATCH_DIMENSION,
                dimension_value=cluster,
                regions=regions.witnesses if follows_latch else (),
            ),
            topic_arn=known["topic"],
            topology=settings.topology,
            mode=failover.mode,
            probe_interval_s=failover.probe_interval_s,
            threshold=failover.threshold,
            grace_s=failover.grace_s,
            quorum=failover.quorum,
            cooldown_s=failover.cooldown_s,
            rpo_budget_s=failover.rpo_budget_s,
            promotion_timeout_s=failover.promotion_timeout_s,
            clean_rounds=failover.clean_rounds,
            further=regions.further_standbys,
            code=code,
        ).to_json()

    def _run_every_minute(self) -> None:
        context, region = self._context, self._region
        name = context.names.schedule(region)
        rule = aws.cloudwatch.EventRule(
            name,
            name=name,
            description=f"Runs {context.names.controller(region)} once a minute",
            schedule_expression=SCHEDULE,
            state="ENABLED",
            tags=context.tags(name),
            opts=context.options(region, self),
        )
        permission = aws.lambda_.Permission(
            name,
            statement_id="schedule",
            action="lambda:InvokeFunction",
            function=self.function.name,
            principal="events.amazonaws.com",
            source_arn=rule.arn,
            opts=context.options(region, self),
        )
        aws.cloudwatch.EventTarget(
            name,
            rule=rule.name,
            target_id="controller",
            arn=self.function.arn,
            # A run that comes too late is worth nothing: the next minute brings a fresh one.
            retry_policy={"maximum_event_age_in_seconds": 60, "maximum_retry_attempts": 0},
            opts=context.options(region, self, depends_on=[permission]),
        )
