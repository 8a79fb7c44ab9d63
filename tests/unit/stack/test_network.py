"""VPCs, subnets, peerings and who may reach the database port."""

from __future__ import annotations

import ipaddress
from itertools import combinations
from typing import Any

import pytest

from bicoastal.errors import BicoastalError
from bicoastal.stack.network import pick_zone, subnet_cidrs

REGIONS = ("us-east-1", "us-west-2", "us-east-2")
CODES = dict(zip(REGIONS, ("use1", "usw2", "use2"), strict=True))
CIDRS = dict(zip(REGIONS, ("10.10.0.0/16", "10.20.0.0/16", "10.30.0.0/16"), strict=True))
MEMBERS = REGIONS[:2]


def test_each_region_has_a_vpc_with_private_subnets_in_different_zones(default: Any) -> None:
    assert {found.region: found.inputs["cidrBlock"] for found in default.of("Vpc")} == CIDRS
    for region in REGIONS:
        (vpc,) = (found for found in default.of("Vpc") if found.region == region)
        assert vpc.inputs["enableDnsSupport"]
        assert vpc.inputs["enableDnsHostnames"]
        subnets = [found for found in default.of("Subnet") if found.region == region]
        assert [found.name for found in sorted(subnets, key=lambda found: found.name)] == [
            f"private-{CODES[region]}-1-dev",
            f"private-{CODES[region]}-2-dev",
        ]
        zones = {found.inputs["availabilityZone"] for found in subnets}
        assert zones == {f"{region}a", f"{region}b"}
        ranges = [ipaddress.IPv4Network(found.inputs["cidrBlock"]) for found in subnets]
        assert all(part.subnet_of(ipaddress.IPv4Network(CIDRS[region])) for part in ranges)
        assert not ranges[0].overlaps(ranges[1])
        assert {found.inputs["vpcId"] for found in subnets} == {f"Vpc-{vpc.name}"}
        assert not any(found.inputs["mapPublicIpOnLaunch"] for found in subnets)


def test_every_subnet_has_its_region_s_only_route_table(default: Any) -> None:
    associations = default.of("RouteTableAssociation")
    assert {found.inputs["subnetId"] for found in associations} == {
        f"Subnet-{found.name}" for found in default.of("Subnet")
    }
    for found in associations:
        (table,) = (entry for entry in default.of("RouteTable") if entry.region == found.region)
        assert found.inputs["routeTableId"] == f"RouteTable-{table.name}"


def test_private_stacks_have_no_way_to_the_internet(default: Any) -> None:
    assert default.of("InternetGateway") == []
    assert default.of("PeeringConnectionOptions") == []
    assert all(found.inputs["destinationCidrBlock"] != "0.0.0.0/0" for found in default.of("Route"))
    assert not any(found.inputs["publiclyAccessible"] for found in default.of("ClusterInstance"))


def test_only_zones_without_opt_in_are_asked_for(default: Any) -> None:
    asked = [
        (region, arguments)
        for token, region, arguments in default.invokes
        if token.endswith("getAvailabilityZones")
    ]
    assert sorted(region for region, _ in asked) == sorted(REGIONS)
    for _, arguments in asked:
        assert arguments["state"] == "available"
        assert arguments["filters"] == [
            {"name": "opt-in-status", "values": ["opt-in-not-required"]}
        ]


@pytest.mark.parametrize(("here", "there"), list(combinations(REGIONS, 2)))
def test_all_vpcs_are_peered_with_routes_on_both_sides(default: Any, here: str, there: str) -> None:
    name = f"peer-{CODES[here]}-{CODES[there]}-dev"
    connection = default.one("VpcPeeringConnection", name)
    assert connection.region == here
    assert connection.inputs["vpcId"] == f"Vpc-vpc-{CODES[here]}-dev"
    assert connection.inputs["peerVpcId"] == f"Vpc-vpc-{CODES[there]}-dev"
    assert connection.inputs["peerRegion"] == there
    assert connection.inputs["autoAccept"] is False
    accepter = default.one("VpcPeeringConnectionAccepter", name)
    assert accepter.region == there
    assert accepter.inputs["autoAccept"] is True
    peering = f"VpcPeeringConnection-{name}"
    assert accepter.inputs["vpcPeeringConnectionId"] == peering
    for side, other in ((here, there), (there, here)):
        route = default.one("Route", f"{name}-from-{CODES[side]}")
        assert route.region == side
        assert route.inputs["routeTableId"] == f"RouteTable-rt-{CODES[side]}-private-dev"
        assert route.inputs["destinationCidrBlock"] == CIDRS[other]
        assert route.inputs["vpcPeeringConnectionId"] == peering
        assert accepter.urn in route.dependencies


def rules(program: Any, kind: str, group: str) -> set[tuple[str, int]]:
    """The rules of a group as a set of (source, port)."""
    found = [
        rule
        for rule in program.of(f"SecurityGroup{kind}Rule")
        if rule.inputs["securityGroupId"] == f"SecurityGroup-{group}"
    ]
    keys = ("referencedSecurityGroupId", "cidrIpv4", "prefixListId")
    described = set()
    for rule in found:
        (source,) = (rule.inputs[key] for key in keys if key in rule.inputs)
        assert rule.inputs["ipProtocol"] == "tcp"
        assert rule.inputs["fromPort"] == rule.inputs["toPort"]
        described.add((source, rule.inputs["toPort"]))
    assert len(described) == len(found)
    return described


@pytest.mark.parametrize("region", MEMBERS)
def test_a_member_admits_the_probers_and_nobody_else(default: Any, region: str) -> None:
    group = f"db-{CODES[region]}-dev"
    others = {(CIDRS[other], 3306) for other in REGIONS if other != region}
    assert rules(default, "Ingress", group) == {
        (f"SecurityGroup-probe-{CODES[region]}-dev", 3306),
        *others,
    }
    assert rules(default, "Egress", group) == set()


@pytest.mark.parametrize("region", REGIONS)
def test_a_prober_reaches_the_members_and_nothing_else(default: Any, region: str) -> None:
    group = f"probe-{CODES[region]}-dev"
    expected = {
        (f"SecurityGroup-db-{CODES[member]}-dev" if member == region else CIDRS[member], 3306)
        for member in MEMBERS
    }
    assert rules(default, "Egress", group) == expected
    assert rules(default, "Ingress", group) == set()


def test_security_groups_carry_no_rules_of_their_own(default: Any) -> None:
    groups = default.of("SecurityGroup")
    assert {found.name for found in groups} == {
        *(f"db-{CODES[region]}-dev" for region in MEMBERS),
        *(f"probe-{CODES[region]}-dev" for region in REGIONS),
    }
    for found in groups:
        assert {"ingress", "egress"}.isdisjoint(found.inputs)
        assert found.inputs["vpcId"].startswith("Vpc-vpc-")


def test_a_public_endpoint_admits_route_53_and_the_application(public: Any) -> None:
    for region in MEMBERS:
        admitted = rules(public, "Ingress", f"db-{CODES[region]}-dev")
        assert admitted == {
            (f"SecurityGroup-probe-{CODES[region]}-dev", 3306),
            *((CIDRS[other], 3306) for other in REGIONS if other != region),
            ("203.0.113.0/24", 3306),
            ("198.51.100.7/32", 3306),
            (f"pl-com.amazonaws.{region}.route53-healthchecks", 3306),
        }
    asked = {
        (region, arguments["name"])
        for token, region, arguments in public.invokes
        if token.endswith("getManagedPrefixList")
    }
    assert asked == {(region, f"com.amazonaws.{region}.route53-healthchecks") for region in MEMBERS}


def test_only_the_members_of_a_public_stack_are_in_public_subnets(public: Any) -> None:
    for region in MEMBERS:
        code = CODES[region]
        gateway = public.one("InternetGateway", f"igw-{code}-dev")
        assert gateway.inputs["vpcId"] == f"Vpc-vpc-{code}-dev"
        route = public.one("Route", f"igw-{code}-dev")
        assert route.inputs["destinationCidrBlock"] == "0.0.0.0/0"
        assert route.inputs["gatewayId"] == f"InternetGateway-igw-{code}-dev"
        assert route.inputs["routeTableId"] == f"RouteTable-rt-{code}-public-dev"
        assert public.one("Subnet", f"public-{code}-1-dev").region == region
    assert len(public.of("InternetGateway")) == 2
    assert public.one("Subnet", "private-use2-1-dev").region == "us-east-2"
    assert all(found.inputs["publiclyAccessible"] for found in public.of("ClusterInstance"))


@pytest.mark.parametrize(("here", "there"), list(combinations(REGIONS, 2)))
def test_witnesses_of_a_public_stack_resolve_members_to_private_addresses(
    public: Any, here: str, there: str
) -> None:
    name = f"peer-{CODES[here]}-{CODES[there]}-dev"
    accepter = public.one("VpcPeeringConnectionAccepter", name)
    for side, region in (("requester", here), ("accepter", there)):
        options = public.one("PeeringConnectionOptions", f"{name}-{side}")
        assert options.region == region
        assert options.inputs[side] == {"allowRemoteVpcDnsResolution": True}
        assert options.inputs["vpcPeeringConnectionId"] == f"VpcPeeringConnection-{name}"
        assert accepter.urn in options.dependencies


def test_three_zones_can_be_asked_for(production: Any) -> None:
    zones = {found.inputs["availabilityZone"] for found in production.of("Subnet")}
    assert len(production.of("Subnet")) == len(zones) == 9


@pytest.mark.parametrize(
    ("cidr", "count", "expected"),
    (
        ("10.0.0.0/16", 2, ["10.0.0.0/20", "10.0.16.0/20"]),
        ("10.0.0.0/24", 3, ["10.0.0.0/28", "10.0.0.16/28", "10.0.0.32/28"]),
        ("10.0.0.0/26", 2, ["10.0.0.0/28", "10.0.0.16/28"]),
    ),
)
def test_subnets_are_cut_from_the_start_of_the_vpc(
    cidr: str, count: int, expected: list[str]
) -> None:
    assert subnet_cidrs(cidr, count) == expected


@pytest.mark.parametrize(("cidr", "count"), (("10.0.0.0/28", 2), ("10.0.0.0/27", 3)))
def test_a_vpc_without_room_for_the_subnets_is_refused(cidr: str, count: int) -> None:
    with pytest.raises(BicoastalError, match=f"{cidr} is too small for {count} subnets"):
        subnet_cidrs(cidr, count)


def test_a_region_without_enough_zones_is_refused() -> None:
    assert pick_zone(["a", "b"], 1, "us-east-1") == "b"
    with pytest.raises(BicoastalError, match="us-east-1 offers 2 zones"):
        pick_zone(["a", "b"], 2, "us-east-1")


def test_every_vpc_has_a_flow_log_where_it_is_asked_for(default: Any, public: Any) -> None:
    assert default.of("FlowLog") == []
    logged = {found.inputs["vpcId"]: found for found in public.of("FlowLog")}
    assert set(logged) == {f"Vpc-{found.name}" for found in public.of("Vpc")}
    for found in logged.values():
        assert found.inputs["trafficType"] == "ALL"
        group = public.one("LogGroup", found.name)
        assert group.inputs["retentionInDays"] == 30
        assert group.region == found.region
        assert found.inputs["logDestination"].endswith(f":{group.inputs['name']}")
        assert public.one("RolePolicy", found.name).urn in found.dependencies
        # Encrypted with the member's key, which admits this very group.
        if group.inputs.get("kmsKeyId"):
            (key,) = (key for key in public.of("Key") if key.region == found.region)
            (logs,) = (s for s in key.policy() if s["Sid"] == "Logs")
            admitted = logs["Condition"]["ArnLike"]["kms:EncryptionContext:aws:logs:arn"]
            name = group.inputs["name"]
            assert f"arn:aws:logs:{found.region}:123456789012:log-group:{name}" in admitted
