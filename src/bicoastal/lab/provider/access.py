"""Security groups and their rules."""

from __future__ import annotations

from typing import Any, ClassVar

from bicoastal.lab.provider.aws import Aws, absent_ok, pick
from bicoastal.lab.provider.ec2 import first, retag, tag_specification
from bicoastal.lab.provider.handler import Handler, Inputs


class SecurityGroup(Handler):
    """A security group; its rules are resources of their own."""

    type = "aws:ec2/securityGroup:SecurityGroup"
    fixed = frozenset({"name", "description", "vpcId", "region"})
    named = "name"
    taggable = True

    def create(self, aws: Aws, inputs: Inputs) -> str:
        """Create the group, and take away the rule that lets everything out.

        AWS adds that rule to every new group; Pulumi's provider removes it, and so does this one.
        """
        ec2 = aws.client("ec2")
        response = ec2.create_security_group(
            GroupName=inputs["name"],
            Description=inputs.get("description") or "Managed by Pulumi",
            **pick(inputs, "vpcId"),
            **tag_specification("security-group", inputs),
        )
        aws.made = id_ = str(response["GroupId"])
        group = ec2.describe_security_groups(GroupIds=[id_])["SecurityGroups"][0]
        ec2.revoke_security_group_egress(GroupId=id_, IpPermissions=group["IpPermissionsEgress"])
        return id_

    def read(self, aws: Aws, id_: str, state: Inputs) -> dict[str, Any] | None:
        """Read the group."""
        del state
        with absent_ok():
            groups = aws.client("ec2").describe_security_groups(GroupIds=[id_])
            group = groups["SecurityGroups"][0]
            owner = group["OwnerId"]
            return {
                "arn": f"arn:aws:ec2:{aws.region}:{owner}:security-group/{id_}",
                "ownerId": owner,
                "name": group["GroupName"],
                "description": group["Description"],
                "vpcId": group["VpcId"],
            }
        return None

    def update(self, aws: Aws, id_: str, old: Inputs, new: Inputs) -> None:
        """Change the tags."""
        retag(aws, id_, old, new)

    def delete(self, aws: Aws, id_: str, state: Inputs) -> None:
        """Delete the group."""
        del state
        with absent_ok():
            aws.client("ec2").delete_security_group(GroupId=id_)


class SecurityGroupIngressRule(Handler):
    """One rule that lets something in."""

    type = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
    required = ("securityGroupId", "ipProtocol")
    taggable = True
    way: ClassVar[str] = "ingress"

    def create(self, aws: Aws, inputs: Inputs) -> str:
        """Add the rule."""
        ec2 = aws.client("ec2")
        add = getattr(ec2, f"authorize_security_group_{self.way}")
        response = add(
            GroupId=inputs["securityGroupId"],
            IpPermissions=[_permission(inputs)],
            **tag_specification("security-group-rule", inputs),
        )
        return str(response["SecurityGroupRules"][0]["SecurityGroupRuleId"])

    def read(self, aws: Aws, id_: str, state: Inputs) -> dict[str, Any] | None:
        """Read the rule."""
        del state
        with absent_ok():
            rules = aws.client("ec2").describe_security_group_rules(SecurityGroupRuleIds=[id_])
            rule = first(rules, "SecurityGroupRules")
            if rule is not None:
                owner = rule.get("GroupOwnerId", "")
                arn = f"arn:aws:ec2:{aws.region}:{owner}:security-group-rule/{id_}"
                return {"securityGroupRuleId": id_, "arn": arn}
        return None

    def update(self, aws: Aws, id_: str, old: Inputs, new: Inputs) -> None:
        """Change the tags."""
        retag(aws, id_, old, new)

    def delete(self, aws: Aws, id_: str, state: Inputs) -> None:
        """Take the rule away."""
        if self.read(aws, id_, state) is not None:
            take = getattr(aws.client("ec2"), f"revoke_security_group_{self.way}")
            take(GroupId=state["securityGroupId"], SecurityGroupRuleIds=[id_])


class SecurityGroupEgressRule(SecurityGroupIngressRule):
    """One rule that lets something out."""

    type = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
    way = "egress"


def _permission(inputs: Inputs) -> dict[str, Any]:
    described = pick(inputs, "description")
    permission = pick(inputs, "ipProtocol", "fromPort", "toPort")
    peers = {
        "cidrIpv4": ("IpRanges", "CidrIp"),
        "cidrIpv6": ("Ipv6Ranges", "CidrIpv6"),
        "prefixListId": ("PrefixListIds", "PrefixListId"),
        "referencedSecurityGroupId": ("UserIdGroupPairs", "GroupId"),
    }
    for name, (group, key) in peers.items():
        if inputs.get(name):
            permission[group] = [{key: inputs[name], **described}]
    return permission


HANDLERS = (SecurityGroup(), SecurityGroupIngressRule(), SecurityGroupEgressRule())
