"""VPC flow logs, where `network.flowLogs` asks for them: every connection tried, taken or refused.

Source: https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-cwl.html
"""

from __future__ import annotations

from collections.abc import Mapping

import pulumi
import pulumi_aws as aws

from bicoastal.stack.context import Context
from bicoastal.stack.database import LOG_RETENTION_DAYS
from bicoastal.stack.keys import RegionKey
from bicoastal.stack.network import RegionNetwork
from bicoastal.stack.policies import Statement, document, statement, trust, write_logs


class FlowLogs(pulumi.ComponentResource):
    """The flow log of each region's VPC, its log group, and the role that writes it."""

    def __init__(
        self,
        networks: Mapping[str, RegionNetwork],
        keys: Mapping[str, RegionKey],
        context: Context,
        parent: pulumi.Resource,
    ) -> None:
        super().__init__(
            "bicoastal:stack:FlowLogs", "flow-logs", {}, pulumi.ResourceOptions(parent=parent)
        )
        self._context = context
        for region, network in networks.items():
            self._log(region, network, keys[region].arn if region in keys else None)
        self.register_outputs({})

    def _log(self, region: str, network: RegionNetwork, key_arn: pulumi.Input[str] | None) -> None:
        context = self._context
        name, group_name = context.names.flow_log(region), context.names.flow_log_group(region)
        group = aws.cloudwatch.LogGroup(
            name,
            name=group_name,
            retention_in_days=LOG_RETENTION_DAYS,
            kms_key_id=key_arn,
            tags=context.tags(group_name),
            opts=context.options(region, self),
        )
        role = aws.iam.Role(
            name,
            name=name,
            description=f"Writes the flow log of the VPC in {region}",
            assume_role_policy=trust("vpc-flow-logs.amazonaws.com"),
            tags=context.tags(name),
            opts=context.options(context.home, self),
        )
        policy = aws.iam.RolePolicy(
            name,
            name=name,
            role=role.name,
            policy=document([write_logs(group.arn), self._find_group(region)]),
            opts=context.options(context.home, self),
        )
        aws.ec2.FlowLog(
            name,
            vpc_id=network.vpc.id,
            traffic_type="ALL",
            log_destination_type="cloud-watch-logs",
            log_destination=group.arn,
            iam_role_arn=role.arn,
            max_aggregation_interval=60,
            tags=context.tags(name),
            opts=context.options(region, self, depends_on=[policy]),
        )

    def _find_group(self, region: str) -> Statement:
        """What the service needs to find the group; it lists those of the account by name."""
        groups = pulumi.Output.concat(
            "arn:aws:logs:", region, ":", self._context.account_id, ":log-group:*"
        )
        return statement(
            "FindGroup", ["logs:DescribeLogGroups", "logs:DescribeLogStreams"], [groups]
        )
