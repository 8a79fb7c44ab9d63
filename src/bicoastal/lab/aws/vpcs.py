"""MiniStack's VPCs, subnets and security groups, as the refusals want to see them."""

from __future__ import annotations

from typing import Any


class VpcRecords:
    """The networks that exist for the request that is being handled; a `Networks` of the refusals.

    Args:
        ec2: MiniStack's EC2 module.
    """

    def __init__(self, ec2: Any) -> None:
        self._ec2 = ec2

    def range_of(self, vpc: str, region: str = "") -> str | None:
        """A VPC's range, in the request's region if no other is named."""
        account, here = self._ec2.get_account_id(), self._ec2.get_region()
        found = self._ec2._vpcs.get_scoped(account, region or here, vpc)
        return str(found["CidrBlock"]) if found else None

    def subnet_ranges(self, vpc: str) -> list[str]:
        """The ranges of a VPC's subnets."""
        return [s["CidrBlock"] for s in self._ec2._subnets.values() if s["VpcId"] == vpc]

    def admitted(self, group: str) -> list[tuple[str, str, str]]:
        """What a security group lets in: first port, last port, range."""
        rules = (self._ec2._security_groups.get(group) or {}).get("IpPermissions", ())
        return [
            (str(rule.get("FromPort", "")), str(rule.get("ToPort", "")), cidr["CidrIp"])
            for rule in rules
            for cidr in rule["IpRanges"]
        ]
