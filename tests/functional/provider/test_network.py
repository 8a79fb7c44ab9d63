"""VPCs and what is in them."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from bicoastal.lab.provider import ProviderError

from .conftest import EAST, WEST, Client, Hand, Hands, life

VPC = "aws:ec2/vpc:Vpc"
SUBNET = "aws:ec2/subnet:Subnet"
GATEWAY = "aws:ec2/internetGateway:InternetGateway"
TABLE = "aws:ec2/routeTable:RouteTable"
ROUTE = "aws:ec2/route:Route"
ASSOCIATION = "aws:ec2/routeTableAssociation:RouteTableAssociation"
GROUP = "aws:ec2/securityGroup:SecurityGroup"
INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
EGRESS = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
PEERING = "aws:ec2/vpcPeeringConnection:VpcPeeringConnection"
ACCEPTER = "aws:ec2/vpcPeeringConnectionAccepter:VpcPeeringConnectionAccepter"
OPTIONS = "aws:ec2/peeringConnectionOptions:PeeringConnectionOptions"


def tags_of(client: Client, id_: str, region: str = EAST) -> dict[str, str]:
    by_id = [{"Name": "resource-id", "Values": [id_]}]
    found = client("ec2", region).describe_tags(Filters=by_id)["Tags"]
    return {tag["Key"]: tag["Value"] for tag in found}


def test_vpc(hand: Hand, client: Client) -> None:
    ec2 = client("ec2")
    vpc = hand.create(
        VPC, "v", cidrBlock="10.1.0.0/16", enableDnsHostnames=True, enableDnsSupport=True,
        tags={"Name": "v", "Old": "1"},
    )  # fmt: skip

    found = ec2.describe_vpcs(VpcIds=[vpc.id])["Vpcs"][0]
    assert found["CidrBlock"] == "10.1.0.0/16"
    assert tags_of(client, vpc.id) == {"Name": "v", "Old": "1"}
    attribute = ec2.describe_vpc_attribute(VpcId=vpc.id, Attribute="enableDnsHostnames")
    assert attribute["EnableDnsHostnames"]["Value"] is True
    assert vpc.outputs["arn"].endswith(f":vpc/{vpc.id}")
    assert vpc.outputs["defaultRouteTableId"].startswith("rtb-")
    assert vpc.outputs["defaultSecurityGroupId"].startswith("sg-")

    vpc = hand.update(vpc, enableDnsHostnames=False, tags={"Name": "w"})
    attribute = ec2.describe_vpc_attribute(VpcId=vpc.id, Attribute="enableDnsHostnames")
    assert attribute["EnableDnsHostnames"]["Value"] is False
    assert tags_of(client, vpc.id) == {"Name": "w"}

    assert hand.diff(vpc, cidrBlock="10.2.0.0/16").replaces == ["cidrBlock"]
    life(hand, vpc)
    with pytest.raises(ClientError, match="NotFound"):
        ec2.describe_vpcs(VpcIds=[vpc.id])


def test_subnet(hand: Hand, client: Client) -> None:
    vpc = hand.create(VPC, "v", cidrBlock="10.1.0.0/16")
    subnet = hand.create(
        SUBNET, "s", vpcId=vpc.id, cidrBlock="10.1.1.0/24", availabilityZone="us-east-1b",
        mapPublicIpOnLaunch=True, tags={"Name": "s"},
    )  # fmt: skip

    found = client("ec2").describe_subnets(SubnetIds=[subnet.id])["Subnets"][0]
    assert (found["VpcId"], found["CidrBlock"]) == (vpc.id, "10.1.1.0/24")
    assert found["AvailabilityZone"] == "us-east-1b"
    assert found["MapPublicIpOnLaunch"] is True
    life(hand, subnet, {"mapPublicIpOnLaunch": False, "tags": {"Name": "t"}})


def test_internet_gateway(hand: Hand, client: Client) -> None:
    vpcs = [hand.create(VPC, "v", cidrBlock=f"10.{n}.0.0/16").id for n in (1, 2)]
    gateway = hand.create(GATEWAY, "g", vpcId=vpcs[0], tags={"Name": "g"})

    def attached() -> str:
        found = client("ec2").describe_internet_gateways(InternetGatewayIds=[gateway.id])
        return str(found["InternetGateways"][0]["Attachments"][0]["VpcId"])

    assert attached() == vpcs[0]
    gateway = hand.update(gateway, vpcId=vpcs[1])
    assert attached() == vpcs[1]
    life(hand, gateway, {"tags": {"Name": "h"}})


def test_routes(hand: Hand, client: Client) -> None:
    vpc = hand.create(VPC, "v", cidrBlock="10.1.0.0/16")
    gateways = [hand.create(GATEWAY, "g", vpcId=vpc.id).id for _ in (1, 2)]
    subnet = hand.create(SUBNET, "s", vpcId=vpc.id, cidrBlock="10.1.1.0/24")
    table = hand.create(TABLE, "t", vpcId=vpc.id, tags={"Name": "t"})
    association = hand.create(ASSOCIATION, "a", routeTableId=table.id, subnetId=subnet.id)
    route = hand.create(
        ROUTE, "r", routeTableId=table.id, destinationCidrBlock="0.0.0.0/0", gatewayId=gateways[0]
    )

    def found() -> dict[str, Any]:
        tables = client("ec2").describe_route_tables(RouteTableIds=[table.id])["RouteTables"]
        return dict(tables[0])

    targets = {r["DestinationCidrBlock"]: r["GatewayId"] for r in found()["Routes"]}
    assert targets["0.0.0.0/0"] == gateways[0]
    assert [a["SubnetId"] for a in found()["Associations"]] == [subnet.id]
    assert route.id.startswith(f"r-{table.id}")

    route = hand.update(route, gatewayId=gateways[1])
    targets = {r["DestinationCidrBlock"]: r["GatewayId"] for r in found()["Routes"]}
    assert targets["0.0.0.0/0"] == gateways[1]

    assert hand.diff(association, routeTableId="rtb-other", subnetId=subnet.id).replaces
    life(hand, route)
    life(hand, association)
    life(hand, table, {"tags": {"Name": "u"}})


def test_a_route_whose_table_is_gone_is_gone(hand: Hand) -> None:
    vpc = hand.create(VPC, "v", cidrBlock="10.1.0.0/16")
    subnet = hand.create(SUBNET, "s", vpcId=vpc.id, cidrBlock="10.1.1.0/24")
    table = hand.create(TABLE, "t", vpcId=vpc.id)
    gateway = hand.create(GATEWAY, "g", vpcId=vpc.id)
    route = hand.create(
        ROUTE, "r", routeTableId=table.id, destinationCidrBlock="0.0.0.0/0", gatewayId=gateway.id
    )
    association = hand.create(ASSOCIATION, "a", routeTableId=table.id, subnetId=subnet.id)
    hand.delete(association)
    hand.delete(table)

    assert hand.read(route) is None
    assert hand.read(association) is None


def test_security_groups_start_closed(hand: Hand, client: Client) -> None:
    vpc = hand.create(VPC, "v", cidrBlock="10.1.0.0/16")
    group = hand.create(
        GROUP, "g", vpcId=vpc.id, name="database", description="d", tags={"Name": "g"}
    )

    (found,) = client("ec2").describe_security_groups(GroupIds=[group.id])["SecurityGroups"]
    assert (found["GroupName"], found["Description"]) == ("database", "d")
    assert found["IpPermissions"] == []
    assert found["IpPermissionsEgress"] == []
    life(hand, group, {"tags": {"Name": "h"}})


def test_security_group_rules(hand: Hand, client: Client) -> None:
    vpc = hand.create(VPC, "v", cidrBlock="10.1.0.0/16")
    group = hand.create(GROUP, "g", vpcId=vpc.id)
    assert group.outputs["name"].startswith("g-")  # made up from the logical name
    other = hand.create(GROUP, "o", vpcId=vpc.id, name="other")
    prefix = hand.ask(
        "aws:ec2/getManagedPrefixList:getManagedPrefixList",
        name="com.amazonaws.us-east-1.route53-healthchecks",
    ).return_value["id"].value  # fmt: skip
    common: dict[str, Any] = {
        "securityGroupId": group.id, "ipProtocol": "tcp", "fromPort": 3306, "toPort": 3306,
    }  # fmt: skip
    rules = [
        hand.create(INGRESS, "a", **common, cidrIpv4="10.0.0.0/8", description="inside"),
        hand.create(INGRESS, "b", **common, referencedSecurityGroupId=other.id),
        hand.create(INGRESS, "c", **common, prefixListId=prefix, tags={"Name": "c"}),
        hand.create(EGRESS, "d", **common, cidrIpv4="10.0.0.0/8"),
    ]

    (found,) = client("ec2").describe_security_groups(GroupIds=[group.id])["SecurityGroups"]
    ranges = [r for p in found["IpPermissions"] for r in p["IpRanges"]]
    assert ranges == [{"CidrIp": "10.0.0.0/8", "Description": "inside"}]
    pairs = [r["GroupId"] for p in found["IpPermissions"] for r in p["UserIdGroupPairs"]]
    assert pairs == [other.id]
    (egress,) = found["IpPermissionsEgress"]
    assert (egress["FromPort"], egress["IpRanges"][0]["CidrIp"]) == (3306, "10.0.0.0/8")
    assert all(rule.id.startswith("sgr-") for rule in rules)

    assert hand.diff(rules[0], **{**common, "toPort": 3307}, cidrIpv4="10.0.0.0/8").replaces
    for rule in rules:
        life(hand, rule, {"tags": {"Name": "x"}})
    (found,) = client("ec2").describe_security_groups(GroupIds=[group.id])["SecurityGroups"]
    assert found["IpPermissions"] == found["IpPermissionsEgress"] == []


def test_peering_across_regions(hands: Hands, client: Client) -> None:
    east, west = hands(EAST), hands(WEST)
    ours = east.create(VPC, "v", cidrBlock="10.1.0.0/16")
    theirs = west.create(VPC, "v", cidrBlock="10.2.0.0/16")
    peering = east.create(
        PEERING, "p", vpcId=ours.id, peerVpcId=theirs.id, peerRegion=WEST, autoAccept=False,
        tags={"Name": "p"},
    )  # fmt: skip
    assert peering.outputs["acceptStatus"] == "pending-acceptance"
    accepter = west.create(
        ACCEPTER, "a", vpcPeeringConnectionId=peering.id, autoAccept=True, tags={"Name": "a"}
    )
    assert accepter.outputs["acceptStatus"] == "active"
    assert accepter.id == peering.id
    options = east.create(
        OPTIONS, "o", vpcPeeringConnectionId=peering.id,
        requester={"allowRemoteVpcDnsResolution": True},
    )  # fmt: skip
    assert east.read(options) is not None
    options = east.update(options, requester={"allowRemoteVpcDnsResolution": False})

    table = east.create(TABLE, "t", vpcId=ours.id)
    east.create(
        ROUTE, "r", routeTableId=table.id, destinationCidrBlock="10.2.0.0/16",
        vpcPeeringConnectionId=peering.id,
    )  # fmt: skip
    (found,) = client("ec2").describe_route_tables(RouteTableIds=[table.id])["RouteTables"]
    assert peering.id in {r.get("VpcPeeringConnectionId") for r in found["Routes"]}

    accepter = west.update(accepter, tags={"Name": "b"})
    east.delete(options)
    west.delete(accepter)  # the connection belongs to the requester
    assert east.read(peering) is not None
    life(east, peering, {"tags": {"Name": "q"}})
    assert west.read(accepter) is None
    assert east.read(options) is None


def test_peering_inside_a_region_can_be_accepted_at_once(hand: Hand) -> None:
    vpcs = [hand.create(VPC, "v", cidrBlock=f"10.{n}.0.0/16").id for n in (1, 2)]
    peering = hand.create(PEERING, "p", vpcId=vpcs[0], peerVpcId=vpcs[1], autoAccept=True)
    assert peering.outputs["acceptStatus"] == "active"
    accepter = hand.create(ACCEPTER, "a", vpcPeeringConnectionId=peering.id, autoAccept=True)
    assert accepter.id == peering.id


def test_options_that_aws_refuses_are_an_error(hand: Hand, monkeypatch: pytest.MonkeyPatch) -> None:
    """MiniStack does not know the call and is forgiven; any other refusal is not."""
    from bicoastal.lab.provider.aws import Clients

    class Refusing:
        def modify_vpc_peering_connection_options(self, **arguments: object) -> None:
            error = {"Error": {"Code": "OperationNotPermitted", "Message": "no"}}
            raise ClientError(error, "ModifyVpcPeeringConnectionOptions")  # type: ignore[arg-type]

    monkeypatch.setattr(Clients, "get", lambda *_: Refusing())
    with pytest.raises(ProviderError, match="OperationNotPermitted: no"):
        hand.create(OPTIONS, "o", vpcPeeringConnectionId="pcx-1", accepter={})
