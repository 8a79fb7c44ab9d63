"""Who may reach the database port: security groups and their rules, by least privilege.

A member admits its own region's prober, if it has one, by security group, the others by the range
of their VPC (a security group cannot be referenced across regions), the application's ranges, and,
if its endpoint is public, Route 53's health checkers. Everything else is refused. A member opens no
connections, so its group has no egress rule; a prober opens them to the members only.
"""

from __future__ import annotations

from collections.abc import Mapping

import pulumi
import pulumi_aws as aws

from bicoastal.settings import region_code
from bicoastal.stack.context import Context
from bicoastal.stack.network import RegionNetwork


class Access(pulumi.ComponentResource):
    """The security groups of all regions.

    Attributes:
        probers: region -> the security group of its prober.
        databases: member region -> the security group of its instances.
    """

    def __init__(
        self, networks: Mapping[str, RegionNetwork], context: Context, parent: pulumi.Resource
    ) -> None:
        super().__init__(
            "bicoastal:stack:Access", "access", {}, pulumi.ResourceOptions(parent=parent)
        )
        self._context = context
        self._networks = networks
        names, regions = context.names, context.settings.regions
        self.probers = {
            region: self._group(region, names.prober_security_group(region), "Prober")
            for region in regions.witnesses
        }
        self.databases = {
            region: self._group(region, names.database_security_group(region), "Aurora member")
            for region in regions.members
        }
        for region in regions.members:
            self._admit(region)
        for region in self.probers:
            self._let_probe(region)
        self.register_outputs({})

    def _group(self, region: str, name: str, description: str) -> aws.ec2.SecurityGroup:
        return aws.ec2.SecurityGroup(
            name,
            name=name,
            description=f"{description} in {region}",
            vpc_id=self._networks[region].vpc.id,
            tags=self._context.tags(name),
            opts=self._context.options(region, self),
        )

    def _admit(self, region: str) -> None:
        """Open the port of a member to those who need it."""
        settings = self._context.settings
        if region in self.probers:
            own = self.probers[region].id
            self._ingress(
                region, "prober", "Prober of this region", referenced_security_group_id=own
            )
        for other in self.probers:
            if other != region:
                code, cidr = region_code(other), self._networks[other].cidr
                self._ingress(region, code, f"Prober in {other}", cidr_ipv4=cidr)
        for number, cidr in enumerate(settings.network.client_cidrs, start=1):
            self._ingress(region, f"client-{number}", "Application", cidr_ipv4=cidr)
        if self._networks[region].is_public:
            checkers = aws.ec2.get_managed_prefix_list_output(
                name=f"com.amazonaws.{region}.route53-healthchecks",
                opts=self._context.asking(region, self),
            )
            self._ingress(region, "route53", "Route 53 checkers", prefix_list_id=checkers.id)

    def _ingress(
        self,
        region: str,
        who: str,
        description: str,
        *,
        referenced_security_group_id: pulumi.Input[str] | None = None,
        cidr_ipv4: str | None = None,
        prefix_list_id: pulumi.Input[str] | None = None,
    ) -> None:
        group = self._context.names.database_security_group(region)
        port = self._context.settings.database.port
        aws.vpc.SecurityGroupIngressRule(
            f"{group}-from-{who}",
            security_group_id=self.databases[region].id,
            ip_protocol="tcp",
            from_port=port,
            to_port=port,
            description=description,
            referenced_security_group_id=referenced_security_group_id,
            cidr_ipv4=cidr_ipv4,
            prefix_list_id=prefix_list_id,
            tags=self._context.tags(f"{group}-from-{who}"),
            opts=self._context.options(region, self),
        )

    def _let_probe(self, region: str) -> None:
        """Let a prober reach the port of each member, and nothing else."""
        group = self._context.names.prober_security_group(region)
        port = self._context.settings.database.port
        for member in self._context.settings.regions.members:
            is_own = member == region
            name = f"{group}-to-{region_code(member)}"
            aws.vpc.SecurityGroupEgressRule(
                name,
                security_group_id=self.probers[region].id,
                ip_protocol="tcp",
                from_port=port,
                to_port=port,
                description=f"Member in {member}",
                referenced_security_group_id=self.databases[member].id if is_own else None,
                cidr_ipv4=None if is_own else self._networks[member].cidr,
                tags=self._context.tags(name),
                opts=self._context.options(region, self),
            )
