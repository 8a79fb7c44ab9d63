"""VPC, subnets and gateways, and what all of EC2 has in common."""

from __future__ import annotations

from typing import Any

from bicoastal.lab.provider.aws import Aws, absent_ok, pick, sync_tags, tag_list
from bicoastal.lab.provider.handler import Handler, Inputs, differs


def tag_specification(kind: str, inputs: Inputs) -> dict[str, Any]:
    """Return the argument that tags an EC2 resource as it is created, if there are tags."""
    tags = inputs.get("tagsAll")
    if not tags:
        return {}
    return {"TagSpecifications": [{"ResourceType": kind, "Tags": tag_list(tags)}]}


def retag(aws: Aws, id_: str, old: Inputs, new: Inputs) -> None:
    """Change the tags of an EC2 resource."""
    ec2 = aws.client("ec2")
    sync_tags(
        old.get("tagsAll") or {},
        new.get("tagsAll") or {},
        lambda tags: ec2.create_tags(Resources=[id_], Tags=tag_list(tags)),
        lambda keys: ec2.delete_tags(Resources=[id_], Tags=[{"Key": key} for key in keys]),
    )


def first(response: dict[str, Any], key: str) -> dict[str, Any] | None:
    """Return the first element of a list in a response, if there is one."""
    found: list[dict[str, Any]] = response.get(key, [])
    return found[0] if found else None


class Vpc(Handler):
    """A virtual network."""

    type = "aws:ec2/vpc:Vpc"
    required = ("cidrBlock",)
    fixed = frozenset({"cidrBlock", "instanceTenancy", "region"})
    taggable = True

    def create(self, aws: Aws, inputs: Inputs) -> str:
        """Create the VPC, then set its DNS attributes."""
        response = aws.client("ec2").create_vpc(
            **pick(inputs, "cidrBlock", "instanceTenancy"), **tag_specification("vpc", inputs)
        )
        aws.made = id_ = str(response["Vpc"]["VpcId"])
        self._set_dns(aws, id_, {"enableDnsSupport": True, "enableDnsHostnames": False}, inputs)
        return id_

    def read(self, aws: Aws, id_: str, state: Inputs) -> dict[str, Any] | None:
        """Read the VPC and what AWS made with it."""
        del state
        ec2 = aws.client("ec2")
        with absent_ok():
            vpc = ec2.describe_vpcs(VpcIds=[id_])["Vpcs"][0]
            of_vpc = [{"Name": "vpc-id", "Values": [id_]}]
            tables = ec2.describe_route_tables(
                Filters=[*of_vpc, {"Name": "association.main", "Values": ["true"]}]
            )
            groups = ec2.describe_security_groups(
                Filters=[*of_vpc, {"Name": "group-name", "Values": ["default"]}]
            )
            table = (first(tables, "RouteTables") or {}).get("RouteTableId")
            return {
                "arn": f"arn:aws:ec2:{aws.region}:{vpc['OwnerId']}:vpc/{id_}",
                "cidrBlock": vpc["CidrBlock"],
                "ownerId": vpc["OwnerId"],
                "defaultRouteTableId": table,
                "mainRouteTableId": table,
                "defaultSecurityGroupId": (first(groups, "SecurityGroups") or {}).get("GroupId"),
            }
        return None

    def update(self, aws: Aws, id_: str, old: Inputs, new: Inputs) -> None:
        """Change DNS attributes and tags."""
        self._set_dns(aws, id_, old, new)
        retag(aws, id_, old, new)

    def delete(self, aws: Aws, id_: str, state: Inputs) -> None:
        """Delete the VPC."""
        del state
        with absent_ok():
            aws.client("ec2").delete_vpc(VpcId=id_)

    def _set_dns(self, aws: Aws, id_: str, old: Inputs, new: Inputs) -> None:
        for name in ("enableDnsSupport", "enableDnsHostnames"):  # AWS takes one at a time
            if new.get(name) is not None and differs(old, new, name):
                attribute = pick({name: {"Value": new[name]}}, name)
                aws.client("ec2").modify_vpc_attribute(VpcId=id_, **attribute)


class Subnet(Handler):
    """A subnet in one zone."""

    type = "aws:ec2/subnet:Subnet"
    required = ("vpcId",)
    fixed = frozenset({"vpcId", "cidrBlock", "availabilityZone", "region"})
    taggable = True

    def create(self, aws: Aws, inputs: Inputs) -> str:
        """Create the subnet."""
        response = aws.client("ec2").create_subnet(
            **pick(inputs, "vpcId", "cidrBlock", "availabilityZone"),
            **tag_specification("subnet", inputs),
        )
        aws.made = id_ = str(response["Subnet"]["SubnetId"])
        self._set_public(aws, id_, {"mapPublicIpOnLaunch": False}, inputs)
        return id_

    def read(self, aws: Aws, id_: str, state: Inputs) -> dict[str, Any] | None:
        """Read the subnet."""
        del state
        with absent_ok():
            subnet = aws.client("ec2").describe_subnets(SubnetIds=[id_])["Subnets"][0]
            owner = subnet["OwnerId"]
            return {
                "arn": f"arn:aws:ec2:{aws.region}:{owner}:subnet/{id_}",
                "ownerId": owner,
                "vpcId": subnet["VpcId"],
                "cidrBlock": subnet["CidrBlock"],
                "availabilityZone": subnet["AvailabilityZone"],
                "availabilityZoneId": subnet.get("AvailabilityZoneId"),
            }
        return None

    def update(self, aws: Aws, id_: str, old: Inputs, new: Inputs) -> None:
        """Change whether instances get public addresses, and the tags."""
        self._set_public(aws, id_, old, new)
        retag(aws, id_, old, new)

    def delete(self, aws: Aws, id_: str, state: Inputs) -> None:
        """Delete the subnet."""
        del state
        with absent_ok():
            aws.client("ec2").delete_subnet(SubnetId=id_)

    def _set_public(self, aws: Aws, id_: str, old: Inputs, new: Inputs) -> None:
        if differs(old, new, "mapPublicIpOnLaunch"):
            public = {"Value": bool(new.get("mapPublicIpOnLaunch"))}
            aws.client("ec2").modify_subnet_attribute(SubnetId=id_, MapPublicIpOnLaunch=public)


class InternetGateway(Handler):
    """The way to the internet."""

    type = "aws:ec2/internetGateway:InternetGateway"
    fixed = frozenset({"region"})
    taggable = True

    def create(self, aws: Aws, inputs: Inputs) -> str:
        """Create the gateway and attach it."""
        response = aws.client("ec2").create_internet_gateway(
            **tag_specification("internet-gateway", inputs)
        )
        aws.made = id_ = str(response["InternetGateway"]["InternetGatewayId"])
        self._move(aws, id_, None, inputs.get("vpcId"))
        return id_

    def read(self, aws: Aws, id_: str, state: Inputs) -> dict[str, Any] | None:
        """Read the gateway."""
        del state
        with absent_ok():
            found = aws.client("ec2").describe_internet_gateways(InternetGatewayIds=[id_])
            gateway = found["InternetGateways"][0]
            attachment = first(gateway, "Attachments") or {}
            owner = gateway.get("OwnerId", "")
            return {
                "arn": f"arn:aws:ec2:{aws.region}:{owner}:internet-gateway/{id_}",
                "ownerId": owner,
                "vpcId": attachment.get("VpcId"),
            }
        return None

    def update(self, aws: Aws, id_: str, old: Inputs, new: Inputs) -> None:
        """Attach it to another VPC, and change the tags."""
        self._move(aws, id_, old.get("vpcId"), new.get("vpcId"))
        retag(aws, id_, old, new)

    def delete(self, aws: Aws, id_: str, state: Inputs) -> None:
        """Detach the gateway and delete it."""
        gateway = self.read(aws, id_, state)
        if gateway is not None:
            self._move(aws, id_, gateway["vpcId"], None)
            aws.client("ec2").delete_internet_gateway(InternetGatewayId=id_)

    def _move(self, aws: Aws, id_: str, old: str | None, new: str | None) -> None:
        ec2 = aws.client("ec2")
        if old and old != new:
            ec2.detach_internet_gateway(InternetGatewayId=id_, VpcId=old)
        if new and old != new:
            ec2.attach_internet_gateway(InternetGatewayId=id_, VpcId=new)


HANDLERS = (Vpc(), Subnet(), InternetGateway())
