"""What EC2 refuses and MiniStack accepts: ranges of networks, and rules that are there already."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from ipaddress import IPv4Network
from typing import Protocol, TypeAlias

from bicoastal.lab.aws.refusal import Parameters, Refusal


class Networks(Protocol):
    """What exists when a rule is asked."""

    def range_of(self, vpc: str, region: str = "") -> str | None:
        """A VPC's range, in the request's region if no other is named."""
        ...

    def subnet_ranges(self, vpc: str) -> list[str]:
        """The ranges of a VPC's subnets."""
        ...

    def admitted(self, group: str) -> list[tuple[str, str, str]]:
        """What a security group lets in: first port, last port, range."""
        ...


Rule: TypeAlias = Callable[[Parameters, Networks], Refusal | None]


def vpc_range(parameters: Parameters, _: Networks) -> Refusal | None:
    """A VPC's range is /16 to /28.

    https://docs.aws.amazon.com/vpc/latest/userguide/vpc-cidr-blocks.html
    """
    cidr = parameters["CidrBlock"]
    if 16 <= IPv4Network(cidr, strict=False).prefixlen <= 28:
        return None
    return Refusal("InvalidVpc.Range", f"The CIDR '{cidr}' is invalid.")


def subnet_range(parameters: Parameters, networks: Networks) -> Refusal | None:
    """A subnet is /16 to /28, lies in its VPC, and apart from the other subnets.

    https://docs.aws.amazon.com/vpc/latest/userguide/subnet-sizing.html
    """
    vpc, text = parameters["VpcId"], parameters["CidrBlock"]
    whole, subnet = networks.range_of(vpc), IPv4Network(text, strict=False)
    inside = whole is None or subnet.subnet_of(IPv4Network(whole, strict=False))
    if not inside or not 16 <= subnet.prefixlen <= 28:
        return Refusal("InvalidSubnet.Range", f"The CIDR '{text}' is invalid.")
    if any(subnet.overlaps(IPv4Network(other)) for other in networks.subnet_ranges(vpc)):
        return Refusal("InvalidSubnet.Conflict", f"The CIDR '{text}' conflicts with another subnet")
    return None


def peering_ranges(parameters: Parameters, networks: Networks) -> Refusal | None:
    """Peered VPCs do not overlap; on AWS the request is taken and the connection ends as failed.

    https://docs.aws.amazon.com/vpc/latest/peering/vpc-peering-basics.html
    """
    mine = networks.range_of(parameters["VpcId"])
    peer = networks.range_of(parameters["PeerVpcId"], parameters.get("PeerRegion", ""))
    if mine and peer and IPv4Network(mine).overlaps(IPv4Network(peer)):
        return Refusal(
            "InvalidParameterValue", f"The VPCs' CIDR blocks overlap: {mine} and {peer}."
        )
    return None


def rule_once(parameters: Parameters, networks: Networks) -> Refusal | None:
    """A security group takes no second rule for one range and port.

    https://docs.aws.amazon.com/vpc/latest/userguide/security-group-rules.html
    """
    rule = "IpPermissions.1."
    wanted = tuple(
        parameters.get(rule + name, "") for name in ("FromPort", "ToPort", "IpRanges.1.CidrIp")
    )
    if wanted not in networks.admitted(parameters.get("GroupId", "")):
        return None
    first, last, cidr = wanted
    return Refusal(
        "InvalidPermission.Duplicate",
        f'the specified rule "peer: {cidr}, TCP, from port: {first}, to port: {last}, ALLOW" '
        "already exists",
    )


RULES: Mapping[str, Rule] = {
    "CreateVpc": vpc_range,
    "CreateSubnet": subnet_range,
    "CreateVpcPeeringConnection": peering_ranges,
    "AuthorizeSecurityGroupIngress": rule_once,
}


def refused(action: str, parameters: Parameters, networks: Networks) -> Refusal | None:
    """Whether EC2 would refuse a request that MiniStack accepts.

    Args:
        action: The action, one of `RULES`.
        parameters: The request's parameters, one value each.
        networks: What exists.

    Returns:
        The refusal, or None.
    """
    return RULES[action](parameters, networks)
