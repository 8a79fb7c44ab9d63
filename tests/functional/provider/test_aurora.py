"""The global database: members, instances, and the order in which they can go."""

from __future__ import annotations

from typing import Any

import pytest

from bicoastal.lab.engine.values import Secret, to_plain
from bicoastal.lab.provider import ProviderError

from .conftest import EAST, WEST, Client, Hand, Hands, Made, life

GLOBAL = "aws:rds/globalCluster:GlobalCluster"
CLUSTER = "aws:rds/cluster:Cluster"
INSTANCE = "aws:rds/clusterInstance:ClusterInstance"
VERSION = "8.0.mysql_aurora.3.10.3"
PASSWORD = "Sup3rSecretX9"


def subnet_group(hand: Hand) -> str:
    vpc = hand.create("aws:ec2/vpc:Vpc", "v", cidrBlock="10.1.0.0/16").id
    subnets = [
        hand.create(
            "aws:ec2/subnet:Subnet", zone, vpcId=vpc, availabilityZone=hand.provider._region + zone,
            cidrBlock=f"10.1.{number}.0/24",
        ).id
        for number, zone in enumerate("ab")
    ]  # fmt: skip
    return hand.create("aws:rds/subnetGroup:SubnetGroup", "g", name="group", subnetIds=subnets).id


class Database:
    """A global database with a member in each of two regions."""

    def __init__(self, hands: Hands, client: Client) -> None:
        self.east, self.west = hands(EAST), hands(WEST)
        self.client = client
        self.whole = self.east.create(
            GLOBAL, "g", globalClusterIdentifier="global-dev", engine="aurora-mysql",
            engineVersion=VERSION, storageEncrypted=False, deletionProtection=False,
            tags={"Name": "g"},
        )  # fmt: skip
        common: dict[str, Any] = {
            "engine": "aurora-mysql", "engineMode": "provisioned", "engineVersion": VERSION,
            "globalClusterIdentifier": self.whole.id, "port": 3306, "backupRetentionPeriod": 1,
            "skipFinalSnapshot": True, "applyImmediately": True, "tags": {"Name": "c"},
            "serverlessv2ScalingConfiguration": {"minCapacity": 0.5, "maxCapacity": 2},
        }  # fmt: skip
        self.home = self.east.create(
            CLUSTER, "home", **common, clusterIdentifier="aurora-use1", databaseName="app",
            masterUsername="admin", masterPasswordWo=Secret(PASSWORD), masterPasswordWoVersion=1,
            dbSubnetGroupName=subnet_group(self.east),
        )  # fmt: skip
        self.home_instance = self._instance(self.east, "db-use1", self.home)
        self.standby = self.west.create(
            CLUSTER, "standby", **common, clusterIdentifier="aurora-usw2"
        )
        self.standby_instance = self._instance(self.west, "db-usw2", self.standby)

    def _instance(self, hand: Hand, name: str, cluster: Made) -> Made:
        return hand.create(
            INSTANCE, name, identifier=name, clusterIdentifier=cluster.id, engine="aurora-mysql",
            instanceClass="db.serverless", engineVersion=VERSION, publiclyAccessible=False,
            autoMinorVersionUpgrade=False, tags={"Name": "i"},
        )  # fmt: skip

    def members(self) -> dict[str, bool]:
        """Return who is the writer, by region."""
        (found,) = self.client("rds").describe_global_clusters()["GlobalClusters"]
        return {
            member["DBClusterArn"].split(":")[3]: member["IsWriter"]
            for member in found["GlobalClusterMembers"]
        }

    def nothing_is_left(self) -> bool:
        return not any(
            found
            for region in (EAST, WEST)
            for rds in [self.client("rds", region)]
            for found in (
                rds.describe_db_clusters()["DBClusters"],
                rds.describe_db_instances()["DBInstances"],
                rds.describe_global_clusters()["GlobalClusters"],
            )
        )


@pytest.fixture
def database(hands: Hands, client: Client) -> Database:
    return Database(hands, client)


def test_the_members_are_made(database: Database) -> None:
    assert database.members() == {EAST: True, WEST: False}
    rds = database.client("rds")
    (found,) = rds.describe_db_clusters(DBClusterIdentifier="aurora-use1")["DBClusters"]
    assert found["MasterUsername"] == "admin"
    assert found["DatabaseName"] == "app"
    assert found["ServerlessV2ScalingConfiguration"]["MaxCapacity"] == 2
    outputs = database.home.outputs
    assert outputs["arn"] == found["DBClusterArn"]
    assert outputs["endpoint"] == database.home.outputs["endpoint"]
    assert outputs["readerEndpoint"]
    assert outputs["clusterResourceId"].startswith("cluster-")
    assert outputs["hostedZoneId"]
    assert database.home_instance.outputs["writer"] is True
    assert database.whole.outputs["arn"].endswith("global-cluster:global-dev")


def test_a_write_only_password_is_in_no_output(database: Database) -> None:
    assert "masterPasswordWo" not in database.home.state
    assert PASSWORD not in repr(to_plain(database.home.state))
    assert PASSWORD not in repr(database.home.outputs)


def test_a_password_that_is_kept_is_a_secret_everywhere(hand: Hand) -> None:
    made = hand.create(
        CLUSTER, "c", engine="aurora-mysql", masterUsername="admin",
        masterPassword=Secret(PASSWORD),
    )  # fmt: skip
    assert made.outputs["clusterIdentifier"].startswith("c-")
    assert PASSWORD not in repr(to_plain(made.state))
    hand.update(made, masterPassword=Secret(PASSWORD + "2"))


def test_members_go_standby_first(database: Database) -> None:
    for hand, name in ((database.west, "standby"), (database.east, "home")):
        hand.delete(getattr(database, f"{name}_instance"))
        hand.delete(getattr(database, name))
    database.east.delete(database.whole)
    assert database.nothing_is_left()


def test_a_writer_does_not_go_before_its_secondaries(database: Database) -> None:
    """As with the real provider: after a role swap Pulumi's order fails."""
    database.client("rds", WEST).failover_global_cluster(
        GlobalClusterIdentifier="global-dev", AllowDataLoss=True,
        TargetDbClusterIdentifier=database.standby.outputs["arn"],
    )  # fmt: skip
    database.west.delete(database.standby_instance)
    with pytest.raises(ProviderError, match="while reader members remain"):
        database.west.delete(database.standby)
    assert database.members() == {EAST: False, WEST: True}


def test_a_forced_global_cluster_lets_its_members_go_the_writer_last(database: Database) -> None:
    database.client("rds", WEST).failover_global_cluster(
        GlobalClusterIdentifier="global-dev", AllowDataLoss=True,
        TargetDbClusterIdentifier=database.standby.outputs["arn"],
    )  # fmt: skip
    database.east.delete(database.east.update(database.whole, forceDestroy=True))
    assert database.client("rds").describe_global_clusters()["GlobalClusters"] == []
    for region in (EAST, WEST):
        assert len(database.client("rds", region).describe_db_clusters()["DBClusters"]) == 1


def test_every_part_lives_its_life(database: Database) -> None:
    life(database.west, database.standby_instance, {"promotionTier": 3, "tags": {"Other": "x"}})
    standby = database.west.update(
        database.standby, backupRetentionPeriod=2, tags={"Other": "x"},
        serverlessv2ScalingConfiguration={"minCapacity": 1, "maxCapacity": 4},
        enabledCloudwatchLogsExports=["error"],
    )  # fmt: skip
    rds = database.client("rds", WEST)
    (found,) = rds.describe_db_clusters(DBClusterIdentifier="aurora-usw2")["DBClusters"]
    assert found["BackupRetentionPeriod"] == 2
    assert found["ServerlessV2ScalingConfiguration"]["MaxCapacity"] == 4
    assert found["TagList"] == [{"Key": "Other", "Value": "x"}]
    standby = database.west.update(standby, enabledCloudwatchLogsExports=[])
    assert database.west.diff(
        standby, **{**to_plain(standby.inputs), "storageEncrypted": True}
    ).replaces == ["storageEncrypted"]
    life(database.west, standby)
    life(database.east, database.home_instance)
    life(database.east, database.home)
    whole = database.east.update(database.whole, deletionProtection=True, tags={"Other": "x"})
    with pytest.raises(ProviderError, match="DeletionProtection"):
        database.east.delete(whole)
    life(database.east, whole, {"deletionProtection": False})
    assert database.nothing_is_left()


def test_a_new_password_is_sent_when_its_version_changes(database: Database) -> None:
    inputs = to_plain(database.home.inputs)
    again = {**inputs, "masterPasswordWo": Secret("0therSecretX9")}
    del again["tagsAll"]
    assert database.east.diff(database.home, **again).changes is False
    again["masterPasswordWoVersion"] = 2
    assert database.east.diff(database.home, **again).diffs == ["masterPasswordWoVersion"]
    now = database.east.update(database.home, **again)
    assert "0therSecretX9" not in repr(now.outputs)


def test_a_member_leaves_when_the_program_takes_it_out(database: Database) -> None:
    database.west.update(database.standby, globalClusterIdentifier=None)
    assert database.members() == {EAST: True}


def test_a_protected_member_stays_in_its_global_cluster(database: Database) -> None:
    standby = database.west.update(database.standby, deletionProtection=True)
    database.west.delete(database.standby_instance)
    with pytest.raises(ProviderError, match="set deletionProtection to false"):
        database.west.delete(standby)
    assert set(database.members()) == {EAST, WEST}


def test_a_final_snapshot_is_asked_for(hand: Hand) -> None:
    made = hand.create(
        CLUSTER, "c", engine="aurora-mysql", masterUsername="admin", skipFinalSnapshot=False,
        finalSnapshotIdentifier="last", masterPassword=Secret(PASSWORD),
    )  # fmt: skip
    life(hand, made)


def test_refusals_are_in_the_words_of_aws(database: Database) -> None:
    with pytest.raises(ProviderError) as caught:
        database.west.create(
            CLUSTER, "third", engine="aurora-mysql", clusterIdentifier="third",
            engineVersion=VERSION, globalClusterIdentifier="global-dev",
        )  # fmt: skip
    assert caught.value.code
    assert str(caught.value).startswith(caught.value.code + ": ")
    assert str(caught.value).endswith("(CreateDBCluster)")


def test_subnet_group(hand: Hand, client: Client) -> None:
    vpc = hand.create("aws:ec2/vpc:Vpc", "v", cidrBlock="10.1.0.0/16").id
    subnets = [
        hand.create(
            "aws:ec2/subnet:Subnet", f"s{n}", vpcId=vpc, cidrBlock=f"10.1.{n}.0/24",
            availabilityZone=f"us-east-1{'abc'[n]}",
        ).id
        for n in range(3)
    ]  # fmt: skip
    group = hand.create(
        "aws:rds/subnetGroup:SubnetGroup", "g", name="group", description="d",
        subnetIds=subnets[:2], tags={"Name": "g"},
    )  # fmt: skip
    rds = client("rds")

    def found() -> dict[str, Any]:
        return dict(rds.describe_db_subnet_groups(DBSubnetGroupName="group")["DBSubnetGroups"][0])

    assert {s["SubnetIdentifier"] for s in found()["Subnets"]} == set(subnets[:2])
    assert found()["DBSubnetGroupDescription"] == "d"
    group = hand.update(group, subnetIds=subnets, tags={"Other": "x"})
    assert {s["SubnetIdentifier"] for s in found()["Subnets"]} == set(subnets)
    tags = rds.list_tags_for_resource(ResourceName=found()["DBSubnetGroupArn"])["TagList"]
    assert tags == [{"Key": "Other", "Value": "x"}]
    life(hand, group)


def test_cluster_parameter_group(hand: Hand, client: Client) -> None:
    parameters = [
        {"name": "require_secure_transport", "value": "ON", "applyMethod": "immediate"},
        {"name": "binlog_format", "value": "OFF", "applyMethod": "pending-reboot"},
    ]
    group = hand.create(
        "aws:rds/clusterParameterGroup:ClusterParameterGroup", "p", name="params",
        family="aurora-mysql8.0", parameters=parameters, tags={"Name": "p"},
    )  # fmt: skip
    rds = client("rds")

    def found() -> dict[str, str]:
        pages = rds.get_paginator("describe_db_cluster_parameters").paginate(
            DBClusterParameterGroupName="params", Source="user"
        )
        return {
            p["ParameterName"]: p.get("ParameterValue", "")
            for page in pages
            for p in page["Parameters"]
            if p.get("Source") == "user"
        }

    assert found() == {"require_secure_transport": "ON", "binlog_format": "OFF"}
    group = hand.update(
        group, parameters=[{"name": "require_secure_transport", "value": "OFF"}],
        tags={"Other": "x"},
    )  # fmt: skip
    assert found() == {"require_secure_transport": "OFF"}
    life(hand, group)
