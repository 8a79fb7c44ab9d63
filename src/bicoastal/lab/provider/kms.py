"""Keys and their names."""

from __future__ import annotations

from typing import Any

from bicoastal.lab.provider.aws import Aws, absent_ok, pick, sync_tags, tag_list
from bicoastal.lab.provider.handler import Handler, Inputs, differs


class Key(Handler):
    """A customer managed key."""

    type = "aws:kms/key:Key"
    fixed = frozenset({"keyUsage", "customerMasterKeySpec", "multiRegion", "region"})
    taggable = True

    def create(self, aws: Aws, inputs: Inputs) -> str:
        """Create the key and switch its rotation on if wanted."""
        response = aws.client("kms").create_key(
            **pick(inputs, "description", "keyUsage", "policy", "multiRegion"),
            Tags=tag_list(inputs.get("tagsAll") or {}, "TagKey", "TagValue"),
        )
        aws.made = id_ = str(response["KeyMetadata"]["KeyId"])
        self._rotate(aws, id_, {"enableKeyRotation": False}, inputs)
        return id_

    def read(self, aws: Aws, id_: str, state: Inputs) -> dict[str, Any] | None:
        """Read the key; one that is to be deleted counts as gone."""
        del state
        with absent_ok():
            key = aws.client("kms").describe_key(KeyId=id_)["KeyMetadata"]
            if key["KeyState"] != "PendingDeletion":
                return {"arn": key["Arn"], "keyId": key["KeyId"]}
        return None

    def update(self, aws: Aws, id_: str, old: Inputs, new: Inputs) -> None:
        """Change description, policy, rotation and tags."""
        kms = aws.client("kms")
        if differs(old, new, "description"):
            kms.update_key_description(KeyId=id_, Description=new.get("description") or "")
        if differs(old, new, "policy") and new.get("policy"):
            kms.put_key_policy(KeyId=id_, PolicyName="default", Policy=new["policy"])
        self._rotate(aws, id_, old, new)
        sync_tags(
            old.get("tagsAll") or {},
            new.get("tagsAll") or {},
            lambda tags: kms.tag_resource(KeyId=id_, Tags=tag_list(tags, "TagKey", "TagValue")),
            lambda keys: kms.untag_resource(KeyId=id_, TagKeys=keys),
        )

    def delete(self, aws: Aws, id_: str, state: Inputs) -> None:
        """Schedule the key's deletion: AWS never deletes one at once."""
        if self.read(aws, id_, state) is not None:
            aws.client("kms").schedule_key_deletion(
                KeyId=id_, PendingWindowInDays=state.get("deletionWindowInDays") or 30
            )

    def _rotate(self, aws: Aws, id_: str, old: Inputs, new: Inputs) -> None:
        if not differs(old, new, "enableKeyRotation"):
            return
        kms = aws.client("kms")
        if new.get("enableKeyRotation"):
            kms.enable_key_rotation(KeyId=id_)
        else:
            kms.disable_key_rotation(KeyId=id_)


class Alias(Handler):
    """A name for a key."""

    type = "aws:kms/alias:Alias"
    required = ("name", "targetKeyId")
    fixed = frozenset({"name", "region"})

    def create(self, aws: Aws, inputs: Inputs) -> str:
        """Create the alias; its id is its name."""
        aws.client("kms").create_alias(AliasName=inputs["name"], TargetKeyId=inputs["targetKeyId"])
        return str(inputs["name"])

    def read(self, aws: Aws, id_: str, state: Inputs) -> dict[str, Any] | None:
        """Find the alias."""
        del state
        pages = aws.client("kms").get_paginator("list_aliases").paginate()
        for alias in (alias for page in pages for alias in page["Aliases"]):
            if alias["AliasName"] == id_:
                return {"arn": alias["AliasArn"]}
        return None

    def update(self, aws: Aws, id_: str, old: Inputs, new: Inputs) -> None:
        """Point the alias to another key."""
        del old
        aws.client("kms").update_alias(AliasName=id_, TargetKeyId=new["targetKeyId"])

    def delete(self, aws: Aws, id_: str, state: Inputs) -> None:
        """Delete the alias."""
        del state
        with absent_ok():
            aws.client("kms").delete_alias(AliasName=id_)


HANDLERS = (Key(), Alias())
