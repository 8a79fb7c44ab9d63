"""The prober functions: one witness in each of the three regions, inside that region's VPC."""

from __future__ import annotations

import math
from collections.abc import Mapping

import pulumi
import pulumi_aws as aws

from bicoastal.failover import bundle
from bicoastal.failover.config import (
    CA_FILE,
    CONFIG_VARIABLE,
    HEARTBEAT_TABLE,
    PROBE_USER,
    Endpoint,
    ProberConfig,
)
from bicoastal.failover.sizing import FUNCTION_MEMORY_MB
from bicoastal.settings import region_code
from bicoastal.stack.context import Context
from bicoastal.stack.database import Member
from bicoastal.stack.functions import ARCHITECTURE, RUNTIME, FunctionHome
from bicoastal.stack.network import RegionNetwork
from bicoastal.stack.policies import Statement, statement

# Connect, greeting, login, role, canary: each may take the whole probe timeout, and so again for
# the other member, which a witness reaches to prove itself before it says DOWN.
_STEPS = 2 * 5
_INTERFACES = (
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:AssignPrivateIpAddresses",
    "ec2:UnassignPrivateIpAddresses",
)
_LISTINGS = ("ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets")


def interface_statements(region: str, context: Context) -> list[Statement]:
    """What Lambda needs to put a function into a VPC, and what the code itself must not do with it.

    The listings know no resources; interfaces do not exist yet when they are allowed.
    Source: https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html

    Args:
        region: the function's region.
        context: names and account.

    Returns:
        The statements.
    """
    here = pulumi.Output.concat("arn:aws:ec2:", region, ":", context.account_id, ":*/*")
    function = pulumi.Output.concat(
        "arn:aws:lambda:", region, ":", context.account_id, ":function:",
        context.names.prober(region),
    )  # fmt: skip
    return [
        statement("Interfaces", _INTERFACES, [here]),
        statement("Listings", _LISTINGS, ["*"]),
        statement(
            "NotByTheCode",
            (*_INTERFACES, *_LISTINGS),
            ["*"],
            effect="Deny",
            condition={"ArnEquals": {"lambda:SourceFunctionArn": [function]}},
        ),
    ]


def login_statements(members: Mapping[str, Member], context: Context) -> list[Statement]:
    """Lets a prober log in as the probe user, and as nobody else, where it probes that deep.

    Source:
    https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/UsingWithRDS.IAMDBAuth.IAMPolicy.html

    Args:
        members: every member, by region.
        context: settings and account.

    Returns:
        The statement, if there is anything to allow.
    """
    if context.settings.health.probe == "greeting":
        return []
    users = [
        pulumi.Output.concat(
            "arn:aws:rds-db:", region, ":", context.account_id, ":dbuser:",
            member.cluster.cluster_resource_id, "/", PROBE_USER,
        )
        for region, member in members.items()
    ]  # fmt: skip
    return [statement("LogIn", ["rds-db:connect"], users)]


def prober_config(
    region: str, members: Mapping[str, Member], context: Context
) -> pulumi.Output[str]:
    """The configuration of one prober.

    Args:
        region: the prober's region.
        members: every member, by region.
        context: the settings.

    Returns:
        The JSON text that `ProberConfig.from_json` reads.
    """
    settings = context.settings

    def as_json(hosts: Mapping[str, str]) -> str:
        port = settings.database.port
        endpoints = {member: Endpoint(host, port) for member, host in hosts.items()}
        health = settings.health
        return ProberConfig(
            region,
            endpoints,
            settings.failover.probe_timeout_s,
            probe_user=None if health.probe == "greeting" else PROBE_USER,
            heartbeat=HEARTBEAT_TABLE if health.probe == "canary" else None,
            ca_file=None if health.ca_file is None else CA_FILE,
            further=settings.regions.further_standbys,
        ).to_json()

    hosts = {member: found.cluster.endpoint for member, found in members.items()}
    return pulumi.Output.all(**hosts).apply(as_json)


class Prober(pulumi.ComponentResource):
    """One witness: a function in its region's VPC that can reach the members' port and no more.

    Attributes:
        function: the function.
    """

    def __init__(
        self,
        region: str,
        context: Context,
        parent: pulumi.Resource,
        *,
        network: RegionNetwork,
        security_group: aws.ec2.SecurityGroup,
        members: Mapping[str, Member],
        key_arn: pulumi.Input[str] | None = None,
    ) -> None:
        super().__init__(
            "bicoastal:stack:Prober",
            f"prober-{region_code(region)}",
            {},
            pulumi.ResourceOptions(parent=parent),
        )
        name = context.names.prober(region)
        home = FunctionHome(
            name,
            region,
            context,
            self,
            role_name=context.names.prober_role(region),
            statements=[
                *interface_statements(region, context),
                *login_statements(members, context),
            ],
            key_arn=key_arn,
        )
        self.function = aws.lambda_.Function(
            name,
            name=name,
            description=f"Probes every member from {region} and votes",
            role=home.role.arn,
            runtime=RUNTIME,
            architectures=[ARCHITECTURE],
            handler=bundle.PROBER_HANDLER,
            code=home.code,
            source_code_hash=home.code_hash,
            timeout=math.ceil(_STEPS * context.settings.failover.probe_timeout_s) + 5,
            memory_size=FUNCTION_MEMORY_MB,
            environment={"variables": {CONFIG_VARIABLE: prober_config(region, members, context)}},
            vpc_config={
                "subnet_ids": [subnet.id for subnet in network.subnets],
                "security_group_ids": [security_group.id],
            },
            tags=context.tags(name),
            opts=context.options(region, self, depends_on=home.required),
        )
        self.register_outputs({"name": self.function.name})
