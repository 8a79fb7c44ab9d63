"""The VPC of each region and the peerings between them.

The witnesses' three VPCs are peered pairwise, and each with that of every further standby, so that
each witness reaches each member by private addresses. Further standbys are not peered with each
other: nothing of the stack goes from one to the next, and Aurora replicates by its own network.
Inter-region peering is not transitive: https://docs.aws.amazon.com/vpc/latest/peering/
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from functools import partial
from itertools import combinations, product

import pulumi
import pulumi_aws as aws

from bicoastal.errors import BicoastalError
from bicoastal.settings import Regions, region_code
from bicoastal.stack.context import Context

_SMALLEST_SUBNET = 28
_SUBNET_BITS = 4


def subnet_cidrs(vpc_cidr: str, count: int) -> list[str]:
    """Cut the ranges of a VPC's subnets out of its own range.

    Sixteenths, as long as these are not smaller than what AWS allows (/28).
    Source: https://docs.aws.amazon.com/vpc/latest/userguide/subnet-sizing.html

    Args:
        vpc_cidr: the VPC's range.
        count: the number of subnets.

    Returns:
        The ranges, in the order of the zones.

    Raises:
        BicoastalError: the VPC is too small for so many.
    """
    network = ipaddress.ip_network(vpc_cidr)
    length = max(network.prefixlen, min(network.prefixlen + _SUBNET_BITS, _SMALLEST_SUBNET))
    cidrs = [str(part) for part in network.subnets(new_prefix=length)][:count]
    if len(cidrs) < count:
        msg = (
            f"{vpc_cidr} is too small for {count} subnets, one in each zone; give network.*Cidr a "
            "shorter prefix or lower network.zonesPerRegion."
        )
        raise BicoastalError(msg)
    return cidrs


def peered(regions: Regions) -> list[tuple[str, str]]:
    """The pairs of regions whose VPCs are peered.

    Args:
        regions: the regions of the stack.

    Returns:
        Pairs of a requester and an accepter.
    """
    among = combinations(regions.witnesses, 2)
    return [*among, *product(regions.witnesses, regions.further_standbys)]


def pick_zone(zones: Sequence[str], index: int, region: str) -> str:
    """The zone of a subnet.

    Args:
        zones: the zones that the region offers.
        index: the subnet's number, from 0.
        region: the region, for the message.

    Returns:
        The zone's name.

    Raises:
        BicoastalError: the region has fewer zones than are asked for.
    """
    if index >= len(zones):
        msg = (
            f"{region} offers {len(zones)} zones but network.zonesPerRegion asks for at least "
            f"{index + 1}; lower it."
        )
        raise BicoastalError(msg)
    return zones[index]


class RegionNetwork(pulumi.ComponentResource):
    """One region's VPC with a subnet in each of several zones and one route table.

    The subnets are private, except those of a member whose endpoint Route 53 is to check
    (`health.endpointCheck: public`): these have a way to the internet.

    Attributes:
        region: the region's name.
        cidr: the VPC's range.
        is_public: whether the subnets have a way to the internet.
        vpc: the VPC.
        subnets: one per zone.
        route_tables: the table of all subnets; an adopted VPC may have several.
    """

    def __init__(self, region: str, context: Context, parent: pulumi.Resource) -> None:
        super().__init__(
            "bicoastal:stack:RegionNetwork",
            f"network-{region_code(region)}",
            {},
            pulumi.ResourceOptions(parent=parent),
        )
        settings, names = context.settings, context.names
        self.region = region
        self.cidr = settings.cidr(region)
        self.is_public = (
            settings.health.endpoint_check == "public" and region in settings.regions.members
        )
        kind = "public" if self.is_public else "private"
        if settings.adopts(region):
            self._take_over(context)
            return
        self.vpc = aws.ec2.Vpc(
            names.vpc(region),
            cidr_block=self.cidr,
            enable_dns_support=True,
            enable_dns_hostnames=True,
            tags=context.tags(names.vpc(region)),
            opts=context.options(region, self),
        )
        table_name = names.route_table(region, kind)
        self.route_tables = [
            aws.ec2.RouteTable(
                table_name,
                vpc_id=self.vpc.id,
                tags=context.tags(table_name),
                opts=context.options(region, self),
            )
        ]
        self.subnets = self._subnets(kind, context)
        if self.is_public:
            self._internet(context)
        self.register_outputs({"vpc_id": self.vpc.id})

    def _take_over(self, context: Context) -> None:
        """Live in the VPC of an adopted cluster, which cannot leave it. Only routes are added."""
        adopt, names, region = context.settings.adopt, context.names, self.region
        opts = context.options(region, self)
        self.vpc = aws.ec2.Vpc.get(names.vpc(region), str(adopt.vpc_id), opts=opts)
        self.subnets = [
            aws.ec2.Subnet.get(names.subnet(region, "adopted", n), id_, opts=opts)
            for n, id_ in enumerate(adopt.subnet_ids, start=1)
        ]
        self.route_tables = [
            aws.ec2.RouteTable.get(f"{names.route_table(region, 'adopted')}-{n}", id_, opts=opts)
            for n, id_ in enumerate(adopt.route_table_ids, start=1)
        ]
        self.register_outputs({"vpc_id": self.vpc.id})

    def _subnets(self, kind: str, context: Context) -> list[aws.ec2.Subnet]:
        region, count = self.region, context.settings.network.zones_per_region
        zones = aws.get_availability_zones_output(
            state="available",
            # Local Zones and Wavelength Zones must be opted into and cannot hold Aurora.
            filters=[{"name": "opt-in-status", "values": ["opt-in-not-required"]}],
            opts=context.asking(region, self),
        ).names
        subnets = []
        for index, cidr in enumerate(subnet_cidrs(self.cidr, count)):
            name = context.names.subnet(region, kind, index + 1)
            subnet = aws.ec2.Subnet(
                name,
                vpc_id=self.vpc.id,
                cidr_block=cidr,
                availability_zone=zones.apply(partial(pick_zone, index=index, region=region)),
                # Aurora gives its own instances public addresses; nothing else should get one.
                map_public_ip_on_launch=False,
                tags=context.tags(name),
                opts=context.options(region, self),
            )
            aws.ec2.RouteTableAssociation(
                name,
                route_table_id=self.route_tables[0].id,
                subnet_id=subnet.id,
                opts=context.options(region, self),
            )
            subnets.append(subnet)
        return subnets

    def _internet(self, context: Context) -> None:
        name = context.names.internet_gateway(self.region)
        gateway = aws.ec2.InternetGateway(
            name,
            vpc_id=self.vpc.id,
            tags=context.tags(name),
            opts=context.options(self.region, self),
        )
        aws.ec2.Route(
            name,
            route_table_id=self.route_tables[0].id,
            destination_cidr_block="0.0.0.0/0",
            gateway_id=gateway.id,
            opts=context.options(self.region, self),
        )


class Peering(pulumi.ComponentResource):
    """The peering of two regions' VPCs, accepted, with routes on both sides.

    Attributes:
        connection: the peering, made in the first region.
        accepter: its acceptance, in the second.
    """

    def __init__(
        self,
        requester: RegionNetwork,
        accepter: RegionNetwork,
        context: Context,
        parent: pulumi.Resource,
    ) -> None:
        name = context.names.peering(requester.region, accepter.region)
        super().__init__("bicoastal:stack:Peering", name, {}, pulumi.ResourceOptions(parent=parent))
        self.connection = aws.ec2.VpcPeeringConnection(
            name,
            vpc_id=requester.vpc.id,
            peer_vpc_id=accepter.vpc.id,
            peer_region=accepter.region,
            # Only the other region can accept; asking for it here is an error.
            auto_accept=False,
            tags=context.tags(name),
            opts=context.options(requester.region, self),
        )
        self.accepter = aws.ec2.VpcPeeringConnectionAccepter(
            name,
            vpc_peering_connection_id=self.connection.id,
            auto_accept=True,
            tags=context.tags(name),
            opts=context.options(accepter.region, self),
        )
        for here, there in ((requester, accepter), (accepter, requester)):
            for number, table in enumerate(here.route_tables):
                aws.ec2.Route(
                    f"{name}-from-{region_code(here.region)}" + (f"-{number}" if number else ""),
                    route_table_id=table.id,
                    destination_cidr_block=there.cidr,
                    vpc_peering_connection_id=self.connection.id,
                    opts=context.options(here.region, self, depends_on=[self.accepter]),
                )
        if requester.is_public or accepter.is_public:
            self._resolve_privately(requester, accepter, context)
        self.register_outputs({"peering_id": self.connection.id})

    def _resolve_privately(
        self, requester: RegionNetwork, accepter: RegionNetwork, context: Context
    ) -> None:
        """Let a witness get the private address of a member whose endpoint is public.

        Without this its name resolves to the public address, to which a witness has no way.
        Source: https://docs.aws.amazon.com/vpc/latest/peering/vpc-peering-dns.html
        """
        name = context.names.peering(requester.region, accepter.region)
        aws.ec2.PeeringConnectionOptions(
            f"{name}-requester",
            vpc_peering_connection_id=self.connection.id,
            requester={"allow_remote_vpc_dns_resolution": True},
            opts=context.options(requester.region, self, depends_on=[self.accepter]),
        )
        aws.ec2.PeeringConnectionOptions(
            f"{name}-accepter",
            vpc_peering_connection_id=self.connection.id,
            accepter={"allow_remote_vpc_dns_resolution": True},
            opts=context.options(accepter.region, self, depends_on=[self.accepter]),
        )
