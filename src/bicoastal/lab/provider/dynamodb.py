"""Tables, with replicas in other regions."""

from __future__ import annotations

from typing import Any

from bicoastal.lab.provider.aws import Aws, ProviderError, absent_ok, pick, sync_tags, tag_list
from bicoastal.lab.provider.handler import Handler, Inputs, differs


class Table(Handler):
    """A table; with replicas it is a global table.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/V2globaltables_HowItWorks.html
    """

    type = "aws:dynamodb/table:Table"
    required = ("attributes", "hashKey")
    fixed = frozenset({"name", "hashKey", "rangeKey", "region"})
    named = "name"
    taggable = True

    def create(self, aws: Aws, inputs: Inputs) -> str:
        """Create the table, then its replicas; its id is its name."""
        name = str(inputs["name"])
        keys = [{"AttributeName": inputs["hashKey"], "KeyType": "HASH"}]
        if inputs.get("rangeKey"):
            keys.append({"AttributeName": inputs["rangeKey"], "KeyType": "RANGE"})
        aws.client("dynamodb").create_table(
            TableName=name,
            KeySchema=keys,
            AttributeDefinitions=[
                {"AttributeName": a["name"], "AttributeType": a["type"]}
                for a in inputs["attributes"]
            ],
            Tags=tag_list(inputs.get("tagsAll") or {}),
            **_capacity(inputs),
            **_stream(inputs),
            **pick(inputs, "tableClass", "deletionProtectionEnabled"),
        )
        aws.made = name
        self._settled(aws, name)
        self._replicate(aws, name, {}, inputs)
        self._back_up(aws, name, {}, inputs)
        self._keep_replicas(aws, name, {}, inputs)
        return name

    def read(self, aws: Aws, id_: str, state: Inputs) -> dict[str, Any] | None:
        """Read the table."""
        del state
        found = self._find(aws, id_)
        if found is None:
            return None
        return {
            "name": id_,
            "arn": found["TableArn"],
            "streamArn": found.get("LatestStreamArn"),
            "streamLabel": found.get("LatestStreamLabel"),
        }

    def update(self, aws: Aws, id_: str, old: Inputs, new: Inputs) -> None:
        """Change capacity, stream, protection, replicas, backups and tags, one after the other.

        DynamoDB takes one kind of change at a time.
        """
        dynamodb = aws.client("dynamodb")
        changes: list[dict[str, Any]] = []
        if differs(old, new, "billingMode", "readCapacity", "writeCapacity"):
            changes.append(_capacity(new))
        if differs(old, new, "streamEnabled", "streamViewType"):
            changes.append(_stream(new))
        if differs(old, new, "deletionProtectionEnabled"):
            changes.append(
                {"DeletionProtectionEnabled": bool(new.get("deletionProtectionEnabled"))}
            )
        for change in changes:
            dynamodb.update_table(TableName=id_, **change)
            self._settled(aws, id_)
        self._replicate(aws, id_, old, new)
        self._back_up(aws, id_, old, new)
        self._keep_replicas(aws, id_, old, new)
        arn = self._settled(aws, id_)["TableArn"]
        sync_tags(
            old.get("tagsAll") or {},
            new.get("tagsAll") or {},
            lambda tags: dynamodb.tag_resource(ResourceArn=arn, Tags=tag_list(tags)),
            lambda keys: dynamodb.untag_resource(ResourceArn=arn, TagKeys=keys),
        )

    def delete(self, aws: Aws, id_: str, state: Inputs) -> None:
        """Delete the replicas, then the table."""
        found = self._find(aws, id_)
        if found is None:
            return
        if found.get("DeletionProtectionEnabled"):  # say so before the replicas are gone
            message = f"table {id_} is protected: set deletionProtectionEnabled to false first"
            raise ProviderError(message, "ValidationException")
        regions = [replica["RegionName"] for replica in found.get("Replicas", [])]
        replicas = [{"regionName": region} for region in regions if region != aws.region]
        witness = state.get("globalTableWitness")
        self._replicate(aws, id_, {"replicas": replicas, "globalTableWitness": witness}, {})
        with absent_ok():
            aws.client("dynamodb").delete_table(TableName=id_)
        aws.until(f"table {id_} to be gone", lambda: self._find(aws, id_) is None or None)

    @staticmethod
    def _find(aws: Aws, name: str) -> dict[str, Any] | None:
        with absent_ok():
            return dict(aws.client("dynamodb").describe_table(TableName=name)["Table"])
        return None

    def _settled(self, aws: Aws, name: str) -> dict[str, Any]:
        """Wait until the table and all its replicas are active."""

        def look() -> dict[str, Any] | None:
            found = self._find(aws, name) or {}
            statuses = [r.get("ReplicaStatus", "ACTIVE") for r in found.get("Replicas", [])]
            statuses.append(found.get("TableStatus", "CREATING"))
            return found if all(status == "ACTIVE" for status in statuses) else None

        return aws.until(f"table {name} to be active", look)

    def _replicate(self, aws: Aws, name: str, old: Inputs, new: Inputs) -> None:
        """Make and delete replicas; with strong consistency all of them in one call.

        A strongly consistent global table has exactly three places, one of which may be a
        witness, and is made (and taken apart) in a single UpdateTable.
        https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/V2globaltables_HowItWorks.html
        """
        before = {r["regionName"]: r for r in old.get("replicas") or []}
        after = {r["regionName"]: r for r in new.get("replicas") or []}
        made = [after[region] for region in sorted(set(after) - set(before))]
        dropped = sorted(set(before) - set(after))
        strong = any(replica.get("consistencyMode") == "STRONG" for replica in made)
        witness = _witness(old, new)
        updates = [{"Delete": {"RegionName": region}} for region in dropped]
        updates += [{"Create": pick(r, "regionName", kmsKeyArn="KMSMasterKeyId")} for r in made]
        together = bool(strong or witness)
        batches = [updates] if together and updates else [[update] for update in updates]
        for batch in batches:
            aws.client("dynamodb").update_table(
                TableName=name,
                ReplicaUpdates=batch,
                **({"MultiRegionConsistency": "STRONG"} if strong else {}),
                **witness,
            )
            self._settled(aws, name)

    def _keep_replicas(self, aws: Aws, name: str, old: Inputs, new: Inputs) -> None:
        """Protect each replica and back it up, in its own region: neither is replicated."""
        before = {r["regionName"]: r for r in old.get("replicas") or []}
        for replica in new.get("replicas") or []:
            region = replica["regionName"]
            was = before.get(region, {})
            is_protected = bool(replica.get("deletionProtectionEnabled"))
            if is_protected != bool(was.get("deletionProtectionEnabled")):
                aws.client("dynamodb", region).update_table(
                    TableName=name, DeletionProtectionEnabled=is_protected
                )
            keeps = bool(replica.get("pointInTimeRecovery"))
            if keeps != bool(was.get("pointInTimeRecovery")):
                _keep(aws, name, region, keeps=keeps)

    def _back_up(self, aws: Aws, name: str, old: Inputs, new: Inputs) -> None:
        before = bool((old.get("pointInTimeRecovery") or {}).get("enabled"))
        after = bool((new.get("pointInTimeRecovery") or {}).get("enabled"))
        if before != after:
            _keep(aws, name, aws.region, keeps=after)


def _keep(aws: Aws, name: str, region: str, *, keeps: bool) -> None:
    aws.client("dynamodb", region).update_continuous_backups(
        TableName=name, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": keeps}
    )


def _capacity(inputs: Inputs) -> dict[str, Any]:
    if inputs.get("billingMode") == "PAY_PER_REQUEST":
        return {"BillingMode": "PAY_PER_REQUEST"}
    units = {
        "ReadCapacityUnits": inputs.get("readCapacity") or 1,
        "WriteCapacityUnits": inputs.get("writeCapacity") or 1,
    }
    return {"BillingMode": "PROVISIONED", "ProvisionedThroughput": units}


def _stream(inputs: Inputs) -> dict[str, Any]:
    enabled = bool(inputs.get("streamEnabled"))
    view = pick(inputs, "streamViewType") if enabled else {}
    return {"StreamSpecification": {"StreamEnabled": enabled, **view}}


def _witness(old: Inputs, new: Inputs) -> dict[str, Any]:
    before = (old.get("globalTableWitness") or {}).get("regionName")
    after = (new.get("globalTableWitness") or {}).get("regionName")
    if before == after:
        return {}
    updates = [{"Delete": {"RegionName": before}}] if before else []
    updates += [{"Create": {"RegionName": after}}] if after else []
    return {"GlobalTableWitnessUpdates": updates}


HANDLERS = (Table(),)
