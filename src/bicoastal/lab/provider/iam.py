"""Roles and their policies."""

from __future__ import annotations

from typing import Any

from bicoastal.lab.provider.aws import Aws, absent_ok, pick, sync_tags, tag_list
from bicoastal.lab.provider.handler import EVERYTHING, Handler, Inputs, differs


class Role(Handler):
    """A role that a service assumes."""

    type = "aws:iam/role:Role"
    required = ("assumeRolePolicy",)
    fixed = frozenset({"name", "path"})
    named = "name"
    taggable = True

    def create(self, aws: Aws, inputs: Inputs) -> str:
        """Create the role; its id is its name."""
        aws.client("iam").create_role(
            RoleName=inputs["name"],
            AssumeRolePolicyDocument=inputs["assumeRolePolicy"],
            Tags=tag_list(inputs.get("tagsAll") or {}),
            **pick(inputs, "description", "path", "maxSessionDuration"),
        )
        return str(inputs["name"])

    def read(self, aws: Aws, id_: str, state: Inputs) -> dict[str, Any] | None:
        """Read the role."""
        del state
        with absent_ok():
            role = aws.client("iam").get_role(RoleName=id_)["Role"]
            return {"arn": role["Arn"], "name": id_, "uniqueId": role["RoleId"]}
        return None

    def update(self, aws: Aws, id_: str, old: Inputs, new: Inputs) -> None:
        """Change trust, description and tags."""
        iam = aws.client("iam")
        if differs(old, new, "assumeRolePolicy"):
            iam.update_assume_role_policy(RoleName=id_, PolicyDocument=new["assumeRolePolicy"])
        if differs(old, new, "description", "maxSessionDuration"):
            iam.update_role(RoleName=id_, **pick(new, "description", "maxSessionDuration"))
        sync_tags(
            old.get("tagsAll") or {},
            new.get("tagsAll") or {},
            lambda tags: iam.tag_role(RoleName=id_, Tags=tag_list(tags)),
            lambda keys: iam.untag_role(RoleName=id_, TagKeys=keys),
        )

    def delete(self, aws: Aws, id_: str, state: Inputs) -> None:
        """Delete the role; its policies are resources of their own and gone by then."""
        del state
        with absent_ok():
            aws.client("iam").delete_role(RoleName=id_)


class RolePolicy(Handler):
    """A policy inside a role."""

    type = "aws:iam/rolePolicy:RolePolicy"
    required = ("role", "policy")
    fixed = frozenset({"name", "role"})
    named = "name"

    def create(self, aws: Aws, inputs: Inputs) -> str:
        """Put the policy into the role."""
        self._put(aws, inputs)
        return f"{inputs['role']}:{inputs['name']}"

    def read(self, aws: Aws, id_: str, state: Inputs) -> dict[str, Any] | None:
        """Read the policy."""
        del state
        role, _, name = id_.partition(":")
        with absent_ok():
            aws.client("iam").get_role_policy(RoleName=role, PolicyName=name)
            return {"name": name, "role": role}
        return None

    def update(self, aws: Aws, id_: str, old: Inputs, new: Inputs) -> None:
        """Replace the policy's text."""
        del id_, old
        self._put(aws, new)

    def delete(self, aws: Aws, id_: str, state: Inputs) -> None:
        """Take the policy out of the role."""
        del state
        role, _, name = id_.partition(":")
        with absent_ok():
            aws.client("iam").delete_role_policy(RoleName=role, PolicyName=name)

    def _put(self, aws: Aws, inputs: Inputs) -> None:
        aws.client("iam").put_role_policy(
            RoleName=inputs["role"], PolicyName=inputs["name"], PolicyDocument=inputs["policy"]
        )


class RolePolicyAttachment(Handler):
    """A managed policy attached to a role."""

    type = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
    required = ("role", "policyArn")
    fixed = EVERYTHING

    def create(self, aws: Aws, inputs: Inputs) -> str:
        """Attach the policy."""
        aws.client("iam").attach_role_policy(RoleName=inputs["role"], PolicyArn=inputs["policyArn"])
        return f"{inputs['role']}/{inputs['policyArn']}"

    def read(self, aws: Aws, id_: str, state: Inputs) -> dict[str, Any] | None:
        """Look whether the policy is attached."""
        del state
        role, _, policy = id_.partition("/")
        with absent_ok():
            attached = aws.client("iam").list_attached_role_policies(RoleName=role)
            if any(item["PolicyArn"] == policy for item in attached["AttachedPolicies"]):
                return {"role": role, "policyArn": policy}
        return None

    def delete(self, aws: Aws, id_: str, state: Inputs) -> None:
        """Detach the policy."""
        del state
        role, _, policy = id_.partition("/")
        with absent_ok():
            aws.client("iam").detach_role_policy(RoleName=role, PolicyArn=policy)


HANDLERS = (Role(), RolePolicy(), RolePolicyAttachment())
