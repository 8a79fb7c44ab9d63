"""The VPCs of a region: whose they are, which addresses they have, and how many there may be."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from bicoastal.failover.gateway import Clients
from bicoastal.live.asking import asked, client, pages
from bicoastal.settings import Names, Settings
from bicoastal.settings.account import Fact, Quota, Range, Unread

VPCS_PER_REGION = "L-F678F1CE"
"""Source: https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html"""


@dataclass(frozen=True)
class Vpcs:
    """The VPCs of a region.

    Attributes:
        region: the region.
        own: the ids of those that the stack has made.
        ranges: the id of every VPC, and of every VPC that one is peered with, and its addresses.
        count: how many VPCs the region has.
    """

    region: str
    own: frozenset[str]
    ranges: tuple[tuple[str, str], ...]
    count: int


def read(clients: Clients, settings: Settings, region: str) -> Fact[Vpcs]:
    """The VPCs of a region and what they are peered with.

    Args:
        clients: boto3's clients.
        settings: give the name of the stack's own VPC.
        region: the region.

    Returns:
        The VPCs.
    """
    name, ec2 = Names(settings).vpc(region), client(clients, "ec2", region)
    taken = settings.adopt.vpc_id if settings.adopts(region) else None
    found = asked("ec2:DescribeVpcs", region, lambda: pages(ec2, "describe_vpcs", "Vpcs"))
    if isinstance(found, Unread):
        return found
    peerings = asked(
        "ec2:DescribeVpcPeeringConnections",
        region,
        lambda: pages(ec2, "describe_vpc_peering_connections", "VpcPeeringConnections"),
    )
    if isinstance(peerings, Unread):
        return peerings
    ranges = [(vpc["VpcId"], block) for vpc in found for block in _blocks(vpc)]
    for peering in peerings:
        if peering["Status"]["Code"] == "active":
            for side in ("RequesterVpcInfo", "AccepterVpcInfo"):
                info = peering[side]
                ranges += [(info["VpcId"], b["CidrBlock"]) for b in info.get("CidrBlockSet", ())]
    own = frozenset(vpc["VpcId"] for vpc in found if _name(vpc) == name or vpc["VpcId"] == taken)
    return Vpcs(region, own, tuple(dict.fromkeys(ranges)), len(found))


def _blocks(vpc: Mapping[str, Any]) -> list[str]:
    return [
        block["CidrBlock"]
        for block in vpc["CidrBlockAssociationSet"]
        if block["CidrBlockState"]["State"] in {"associating", "associated"}
    ]


def _name(vpc: Mapping[str, Any]) -> str:
    tags = {tag["Key"]: tag["Value"] for tag in vpc.get("Tags", ())}
    return str(tags.get("Name", ""))


def others(vpcs: Fact[Vpcs], own: Collection[str]) -> Fact[tuple[Range, ...]]:
    """The addresses that are not the stack's own.

    Args:
        vpcs: the VPCs of a region.
        own: the ids of the stack's VPCs in every region: they are peered with each other.

    Returns:
        The addresses with their owners.
    """
    if isinstance(vpcs, Unread):
        return vpcs
    return tuple(
        Range(cidr, f"{owner}, seen in {vpcs.region}")
        for owner, cidr in vpcs.ranges
        if owner not in own
    )


def quota(clients: Clients, vpcs: Fact[Vpcs], region: str) -> Fact[Quota]:
    """How many VPCs a region may have.

    Args:
        clients: boto3's clients.
        vpcs: those that it has.
        region: the region.

    Returns:
        The quota.
    """
    if isinstance(vpcs, Unread):
        return vpcs
    limit = asked(
        "servicequotas:GetServiceQuota",
        region,
        lambda: int(
            client(clients, "service-quotas", region).get_service_quota(
                ServiceCode="vpc", QuotaCode=VPCS_PER_REGION
            )["Quota"]["Value"]
        ),
    )
    if isinstance(limit, Unread):
        return limit
    return Quota("VPCs", vpcs.count, limit, 0 if vpcs.own else 1)
