"""Tables and their replicas."""

from __future__ import annotations

import pytest

from bicoastal.lab.provider import ProviderError

from .conftest import EAST, MIDDLE, WEST, Client, Hand, life

TABLE = "aws:dynamodb/table:Table"


def test_table_with_replicas(hand: Hand, client: Client) -> None:
    table = hand.create(
        TABLE, "t", name="record", billingMode="PAY_PER_REQUEST", hashKey="cluster",
        attributes=[{"name": "cluster", "type": "S"}], streamEnabled=True,
        streamViewType="NEW_AND_OLD_IMAGES",
        replicas=[
            {
                "regionName": WEST, "consistencyMode": "STRONG", "propagateTags": True,
                "pointInTimeRecovery": True, "deletionProtectionEnabled": True,
            }
        ],
        globalTableWitness={"regionName": MIDDLE}, pointInTimeRecovery={"enabled": True},
        deletionProtectionEnabled=False, tags={"Name": "t"},
    )  # fmt: skip

    dynamodb = client("dynamodb")
    found = dynamodb.describe_table(TableName="record")["Table"]
    assert found["KeySchema"] == [{"AttributeName": "cluster", "KeyType": "HASH"}]
    assert table.outputs["streamArn"] == found["LatestStreamArn"]
    dynamodb.put_item(TableName="record", Item={"cluster": {"S": "c"}, "epoch": {"N": "1"}})
    there = client("dynamodb", WEST).get_item(
        TableName="record", Key={"cluster": {"S": "c"}}, ConsistentRead=True
    )
    assert there["Item"]["epoch"] == {"N": "1"}

    def kept(region: str) -> tuple[str, bool]:
        """Whether the region's replica can be restored, and whether it may be deleted."""
        one = client("dynamodb", region)
        backups = one.describe_continuous_backups(TableName="record")
        status = backups["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"]
        described = one.describe_table(TableName="record")["Table"]
        return status["PointInTimeRecoveryStatus"], described["DeletionProtectionEnabled"]

    assert (kept(EAST), kept(WEST)) == (("ENABLED", False), ("ENABLED", True))
    table = hand.update(
        table, pointInTimeRecovery=None, tags={"Other": "x"},
        replicas=[{"regionName": WEST, "consistencyMode": "STRONG", "propagateTags": True}],
    )  # fmt: skip
    assert (kept(EAST), kept(WEST)) == (("DISABLED", False), ("DISABLED", False))
    tags = dynamodb.list_tags_of_resource(ResourceArn=table.outputs["arn"])["Tags"]
    assert tags == [{"Key": "Other", "Value": "x"}]
    life(hand, table)
    for region in (EAST, WEST, MIDDLE):
        assert client("dynamodb", region).list_tables()["TableNames"] == []


def test_table_changes(hand: Hand, client: Client) -> None:
    table = hand.create(
        TABLE, "t", name="plain", hashKey="a", rangeKey="b", readCapacity=2,
        attributes=[{"name": "a", "type": "S"}, {"name": "b", "type": "N"}],
    )  # fmt: skip
    found = client("dynamodb").describe_table(TableName="plain")["Table"]
    assert found["ProvisionedThroughput"]["ReadCapacityUnits"] == 2
    assert [key["KeyType"] for key in found["KeySchema"]] == ["HASH", "RANGE"]

    table = hand.update(
        table, billingMode="PAY_PER_REQUEST", streamEnabled=True, streamViewType="KEYS_ONLY",
        deletionProtectionEnabled=True,
        replicas=[{"regionName": WEST}, {"regionName": MIDDLE}],
    )  # fmt: skip
    assert client("dynamodb", MIDDLE).list_tables()["TableNames"] == ["plain"]
    with pytest.raises(ProviderError, match="protect"):
        hand.delete(table)
    table = hand.update(
        table, replicas=[{"regionName": WEST}], deletionProtectionEnabled=False, billingMode=None
    )
    assert client("dynamodb", MIDDLE).list_tables()["TableNames"] == []
    life(hand, table)
