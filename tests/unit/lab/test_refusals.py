from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from bicoastal.lab.aws.refusals import refused

V3 = "8.0.mysql_aurora.3.10.3"


def cluster(name: str, **extra: Any) -> dict[str, Any]:
    return {
        "DBClusterIdentifier": name,
        "Engine": "aurora-mysql",
        "EngineVersion": V3,
        "DBSubnetGroup": "default",
        "DBClusterParameterGroup": "default.aurora-mysql",
    } | extra


@dataclass
class Fake:
    """One region with a plain cluster, a member of a global cluster, and their like."""

    known: list[dict[str, Any]] = field(
        default_factory=lambda: [
            cluster("plain"),
            cluster(
                "member",
                GlobalClusterIdentifier="g",
                ServerlessV2ScalingConfiguration={"MinCapacity": 0.5},
            ),
            cluster("v2", EngineVersion="5.7.mysql_aurora.2.11.5"),
            cluster("old", EngineVersion="8.0.mysql_aurora.3.04.3"),
            cluster("user", DBSubnetGroup="used", DBClusterParameterGroup="tuned"),
            cluster("first", DBClusterArn="first", GlobalClusterIdentifier="two"),
            cluster("second", DBClusterArn="second", GlobalClusterIdentifier="two"),
            cluster("busy", Status="upgrading"),
        ]
    )
    writer: dict[str, Any] | None = field(default_factory=lambda: cluster("writer"))
    status: str = "available"
    members: int = 2
    instances: int = 1

    def cluster(self, identifier: str) -> Mapping[str, Any] | None:
        return next((c for c in self.known if c["DBClusterIdentifier"] == identifier), None)

    def global_cluster(self, identifier: str) -> Mapping[str, Any] | None:
        known = {"g": False, "encrypted": True, "two": False}
        if identifier not in known:
            return None
        arns = {"first": True, "second": False} if identifier == "two" else {}
        members: list[Any] = [{"DBClusterArn": arn, "IsWriter": is_} for arn, is_ in arns.items()]
        return {
            "GlobalClusterIdentifier": identifier,
            "StorageEncrypted": known[identifier],
            "EngineVersion": V3,
            "GlobalClusterMembers": members or [{}] * self.members,
        }

    def writer_of(self, global_cluster: Mapping[str, Any]) -> Mapping[str, Any] | None:
        return self.writer

    def instances_of(self, cluster: Mapping[str, Any]) -> list[Mapping[str, Any]]:
        return [{"DBInstanceStatus": self.status}] * self.instances

    def instance(self, identifier: str) -> Mapping[str, Any] | None:
        name = identifier.removeprefix("i-")
        return {"DBClusterIdentifier": name} if self.cluster(name) else None

    def replicas_of(self, cluster: Mapping[str, Any]) -> list[Mapping[str, Any]]:
        name = cluster["DBClusterIdentifier"]
        return [c for c in self.known if c.get("ReplicationSourceIdentifier") == name]

    def clusters(self) -> list[Mapping[str, Any]]:
        return list(self.known)

    def parameters_of(self, cluster: Mapping[str, Any]) -> Mapping[str, str]:
        tuned = cluster["DBClusterParameterGroup"] == "tuned"
        return {"binlog_format": "MIXED"} if tuned else {}

    def subnet_groups(self) -> Mapping[str, Mapping[str, Any]]:
        return {"used": {}, "free": {}}


NEW = {"DBClusterIdentifier": "c", "MasterUsername": "admin", "MasterUserPassword": "long-enough"}
SECOND = {"DBClusterIdentifier": "c", "GlobalClusterIdentifier": "g"}
COPY = {"DBClusterIdentifier": "c", "StorageEncrypted": "true", "KmsKeyId": "k"}
SEALED = SECOND | {"GlobalClusterIdentifier": "encrypted", "StorageEncrypted": "true"}


SCALING = "ServerlessV2ScalingConfiguration."
BACKUP, MAINTENANCE = "PreferredBackupWindow", "PreferredMaintenanceWindow"


def instance(cluster_id: str, kind: str, **extra: str) -> dict[str, str]:
    return {
        "DBInstanceIdentifier": "i",
        "DBClusterIdentifier": cluster_id,
        "DBInstanceClass": kind,
        "Engine": "aurora-mysql",
    } | extra


def upgrade(name: str, version: str = "8.0.mysql_aurora.3.12.0") -> dict[str, str]:
    return {"DBClusterIdentifier": name, "EngineVersion": version}


def upgrade_all(version: str, **extra: str) -> dict[str, str]:
    return {"GlobalClusterIdentifier": "two", "EngineVersion": version} | extra


@pytest.mark.parametrize(
    ("action", "parameters", "code", "words"),
    (
        ("CreateGlobalCluster", {"GlobalClusterIdentifier": "1g"}, "InvalidParameterValue", "lett"),
        ("CreateDBCluster", NEW | {"DBClusterIdentifier": "a--b"}, "InvalidParameterValue", "hyp"),
        ("CreateDBCluster", NEW | {"DBClusterIdentifier": "a-"}, "InvalidParameterValue", "hyphen"),
        ("CreateDBCluster", NEW | {"BackupRetentionPeriod": "0"}, "InvalidParameterValue", "1 and"),
        ("CreateDBCluster", NEW | {"BackupRetentionPeriod": "36"}, "InvalidParameterValue", "36"),
        ("CreateDBCluster", NEW | {"BackupRetentionPeriod": "x"}, "InvalidParameterValue", "x"),
        ("ModifyDBCluster", {"BackupRetentionPeriod": "36"}, "InvalidParameterValue", "36"),
        ("CreateDBCluster", NEW | {"Port": "80"}, "InvalidParameterValue", "1150"),
        ("CreateDBCluster", NEW | {"StorageType": "gp3"}, "InvalidParameterCombination", "gp3"),
        (
            "CreateDBCluster",
            COPY | {"ReplicationSourceIdentifier": "missing"},
            "DBClusterNotFoundFault",
            "missing",
        ),
        (
            "CreateDBCluster",
            COPY | {"ReplicationSourceIdentifier": "plain"},
            "InvalidDBClusterStateFault",
            "doesn't have binlogs enabled",
        ),
        (
            "CreateDBCluster",
            NEW | {"ReplicationSourceIdentifier": "user"},
            "InvalidParameterCombination",
            "user name",
        ),
        ("CreateDBCluster", NEW | {"DatabaseName": "2app"}, "InvalidParameterValue", "2app"),
        ("CreateDBCluster", NEW | {"DatabaseName": "MySQL"}, "InvalidParameterValue", "MySQL"),
        ("CreateDBCluster", NEW | {SCALING + "MaxCapacity": "0.5"}, "InvalidParameterValue", "0.5"),
        ("ModifyDBCluster", {SCALING + "MinCapacity": "0.7"}, "InvalidParameterValue", "0.7"),
        ("CreateDBCluster", NEW | {BACKUP: "03:00-03:10"}, "InvalidParameterValue", "backup"),
        ("ModifyDBCluster", {MAINTENANCE: "05:00-06:00"}, "InvalidParameterValue", "mainten"),
        (
            "CreateDBCluster",
            NEW | {BACKUP: "23:30-00:30", MAINTENANCE: "mon:00:00-mon:01:00"},
            "InvalidParameterValue",
            "overlap",
        ),
        (
            "CreateDBCluster",
            SECOND | {"BacktrackWindow": "3600"},
            "InvalidParameterCombination",
            "Backtrack",
        ),
        (
            "CreateDBInstance",
            instance("plain", "db.serverless"),
            "InvalidDBClusterStateFault",
            "scaling configuration",
        ),
        (
            "CreateDBInstance",
            instance("plain", "db.r6gd.xlarge"),
            "InvalidParameterCombination",
            "",
        ),
        ("CreateDBInstance", instance("plain", "db.r6g.medium"), "InvalidParameterCombination", ""),
        ("CreateDBInstance", instance("old", "db.r8g.large"), "InvalidParameterCombination", "r8g"),
        (
            "CreateDBInstance",
            instance("plain", "db.r6g.large", MonitoringInterval="20"),
            "InvalidParameterValue",
            "20",
        ),
        (
            "CreateDBInstance",
            instance("plain", "db.r6g.large", MonitoringInterval="60"),
            "InvalidParameterCombination",
            "MonitoringRoleARN",
        ),
        (
            "CreateDBSubnetGroup",
            {"SubnetIds.SubnetIdentifier.1": "s"},
            "DBSubnetGroupDoesNotCoverEnoughAZs",
            "2 AZs",
        ),
        (
            "CreateDBCluster",
            NEW | {"DBSubnetGroupName": "no"},
            "DBSubnetGroupNotFoundFault",
            "'no'",
        ),
        (
            "CreateDBCluster",
            {"DBClusterIdentifier": "c"},
            "InvalidParameterValue",
            "MasterUsername",
        ),
        ("CreateDBCluster", NEW | {"MasterUserPassword": ""}, "InvalidParameterValue", "Password"),
        ("CreateDBCluster", NEW | {"MasterUserPassword": "short"}, "InvalidParameterValue", "8 to"),
        (
            "CreateDBCluster",
            NEW | {"MasterUserPassword": "with a / b"},
            "InvalidParameterValue",
            "/",
        ),
        (
            "CreateDBCluster",
            NEW | {"MasterUserPassword": "ünprintable"},
            "InvalidParameterValue",
            "",
        ),
        (
            "CreateDBCluster",
            SECOND | {"ManageMasterUserPassword": "true"},
            "InvalidParameterCombination",
            "ManageMasterUserPassword",
        ),
        (
            "CreateDBCluster",
            SECOND | {"GlobalClusterIdentifier": "encrypted"},
            "InvalidParameterCombination",
            "storageEncrypted",
        ),
        ("CreateDBCluster", SEALED, "InvalidParameterCombination", "kmsKeyId"),
        (
            "CreateDBCluster",
            SECOND | {"DatabaseName": "app"},
            "InvalidParameterCombination",
            "database name",
        ),
        (
            "CreateDBCluster",
            SECOND | {"MasterUsername": "admin"},
            "InvalidParameterCombination",
            "user name",
        ),
        (
            "CreateDBCluster",
            SECOND | {"MasterUserPassword": "long-enough"},
            "InvalidParameterCombination",
            "password",
        ),
        ("CreateDBInstance", instance("missing", "db.r6g.large"), "DBClusterNotFoundFault", "miss"),
        ("ModifyDBCluster", upgrade("busy"), "InvalidDBClusterStateFault", "status upgrading"),
        (
            "ModifyDBCluster",
            upgrade("plain", "8.0.mysql_aurora.3.10.2"),
            "InvalidParameterCombination",
            f"Cannot find upgrade target from {V3}",
        ),
        ("ModifyDBCluster", upgrade("first"), "InvalidParameterValue", "global replicas first"),
        ("ModifyGlobalCluster", upgrade_all(V3[:-1] + "4"), "InvalidParameterValue", "minor"),
        (
            "ModifyGlobalCluster",
            upgrade_all("8.4.mysql_aurora.8.4.7"),
            "InvalidParameterCombination",
            "AllowMajorVersionUpgrade",
        ),
        (
            "FailoverGlobalCluster",
            {"AllowDataLoss": "true", "Switchover": "true"},
            "InvalidParameterCombination",
            "cannot both",
        ),
        (
            "CreateDBInstance",
            instance("plain", "db.r6g.large", DBInstanceIdentifier="-"),
            "InvalidParameterValue",
            "",
        ),
        (
            "CreateDBInstance",
            instance("plain", "db.zz.huge"),
            "InvalidParameterValue",
            "db.zz.huge",
        ),
        (
            "CreateDBInstance",
            instance("member", "db.t4g.medium"),
            "InvalidParameterCombination",
            "not supported by global databases: db.t4g.medium",
        ),
        (
            "CreateDBInstance",
            instance("plain", "db.t3.small"),
            "InvalidParameterCombination",
            f"DBInstanceClass=db.t3.small, Engine=aurora-mysql, EngineVersion={V3}",
        ),
        (
            "CreateDBInstance",
            instance("plain", "db.r6g.large", Engine="mysql"),
            "InvalidParameterCombination",
            "engine",
        ),
        (
            "DeleteDBCluster",
            {"DBClusterIdentifier": "plain"},
            "InvalidParameterCombination",
            "required unless",
        ),
        (
            "DeleteDBCluster",
            {
                "DBClusterIdentifier": "plain",
                "SkipFinalSnapshot": "true",
                "FinalDBSnapshotIdentifier": "s",
            },
            "InvalidParameterCombination",
            "can't be specified",
        ),
        (
            "DeleteDBSubnetGroup",
            {"DBSubnetGroupName": "used"},
            "InvalidDBSubnetGroupStateFault",
            "in use by user",
        ),
        (
            "DeleteDBClusterParameterGroup",
            {"DBClusterParameterGroupName": "tuned"},
            "InvalidDBParameterGroupState",
            "in use by user",
        ),
    ),
)
def test_what_aws_refuses(action: str, parameters: dict[str, str], code: str, words: str) -> None:
    answer = refused(action, parameters, Fake())
    assert answer is not None
    assert answer.code == code
    assert words in answer.message
    assert answer.status == (404 if "NotFound" in code else 400)


@pytest.mark.parametrize(
    ("action", "parameters"),
    (
        ("DescribeDBClusters", {}),
        ("CreateGlobalCluster", {"GlobalClusterIdentifier": "g-1"}),
        ("CreateGlobalCluster", {}),
        ("CreateDBCluster", NEW | {"BackupRetentionPeriod": "1", "DBSubnetGroupName": "free"}),
        ("CreateDBCluster", NEW | {"BackupRetentionPeriod": "35", "DBSubnetGroupName": "default"}),
        ("CreateDBCluster", SECOND),
        ("CreateDBCluster", SECOND | {"StorageEncrypted": "true", "KmsKeyId": "k"}),
        ("CreateDBCluster", SEALED | {"KmsKeyId": "k"}),
        ("CreateDBCluster", {"DBClusterIdentifier": "c", "ManageMasterUserPassword": "true"}),
        ("CreateDBCluster", COPY | {"ReplicationSourceIdentifier": "user"}),
        ("CreateDBInstance", instance("member", "db.r6g.large")),
        ("CreateDBInstance", instance("member", "db.r8g.48xlarge")),
        ("CreateDBInstance", instance("member", "db.serverless")),
        ("CreateDBInstance", instance("plain", "db.t4g.medium")),
        ("CreateDBInstance", instance("v2", "db.t3.small")),
        ("CreateDBInstance", {"DBInstanceIdentifier": "i", "Engine": "mysql"}),
        ("CreateDBInstance", {"DBClusterIdentifier": "plain"}),
        ("DeleteDBCluster", {"DBClusterIdentifier": "plain", "SkipFinalSnapshot": "true"}),
        ("DeleteDBCluster", {"DBClusterIdentifier": "plain", "FinalDBSnapshotIdentifier": "s"}),
        ("CreateDBInstance", instance("old", "db.r7g.large")),
        ("CreateDBInstance", instance("v2", "db.r4.large")),
        ("DeleteDBCluster", {"DBClusterIdentifier": "missing"}),
        ("DeleteDBSubnetGroup", {"DBSubnetGroupName": "free"}),
        ("ModifyDBCluster", upgrade("plain")),
        ("ModifyDBCluster", upgrade("second")),
        ("ModifyDBCluster", upgrade("first", V3)),
        ("ModifyDBCluster", upgrade("missing")),
        ("ModifyGlobalCluster", upgrade_all(V3)),
        ("ModifyGlobalCluster", upgrade_all("8.4.x", AllowMajorVersionUpgrade="true")),
        ("ModifyGlobalCluster", {"GlobalClusterIdentifier": "missing", "EngineVersion": "9"}),
        ("FailoverGlobalCluster", {"AllowDataLoss": "true"}),
    ),
)
def test_what_aws_accepts(action: str, parameters: dict[str, str]) -> None:
    assert refused(action, parameters, Fake()) is None


@pytest.mark.parametrize(
    ("writes", "world", "is_refused"),
    (
        (True, {}, True),
        (True, {"instances": 2}, False),
        (True, {"members": 1}, False),
        (False, {}, False),
    ),
)
def test_a_writer_keeps_its_last_instance_while_others_replicate(
    writes: bool, world: dict[str, Any], is_refused: bool
) -> None:
    existing = Fake(**world)
    if writes:
        existing.writer = existing.known[1]
    answer = refused("DeleteDBInstance", {"DBInstanceIdentifier": "i-member"}, existing)
    assert (answer is not None) is is_refused
    for other in ("i-plain", "missing"):
        assert refused("DeleteDBInstance", {"DBInstanceIdentifier": other}, existing) is None


def test_neither_a_replica_by_binary_log_nor_its_source_loses_its_last_instance() -> None:
    pair = [cluster("plain"), cluster("copy", ReplicationSourceIdentifier="plain")]
    for name, words in (("plain", "of the master cluster"), ("copy", "of the read replica")):
        last = {"DBInstanceIdentifier": f"i-{name}"}
        answer = refused("DeleteDBInstance", last, Fake(known=pair))
        assert answer is not None
        assert words in answer.message
        assert refused("DeleteDBInstance", last, Fake(known=pair, instances=2)) is None


def test_a_secondary_waits_for_the_primarys_instance() -> None:
    waiting = refused("CreateDBCluster", SECOND, Fake(status="creating"))
    assert waiting is not None
    assert waiting.code == "InvalidDBClusterStateFault"
    assert "writer" in waiting.message


def test_the_first_member_of_a_global_cluster_is_like_any_other_cluster() -> None:
    first = Fake(writer=None)
    assert refused("CreateDBCluster", NEW | {"GlobalClusterIdentifier": "g"}, first) is None
    assert refused("CreateDBCluster", SECOND, first) is not None


def test_a_secondary_is_upgraded_with_an_instance_only_and_before_the_writer() -> None:
    headless = refused("ModifyDBCluster", upgrade("second"), Fake(instances=0))
    assert headless is not None
    assert "at least one DB instance" in headless.message
    ready = Fake()
    ready.cluster("second")["EngineVersion"] = "8.0.mysql_aurora.3.12.0"  # type: ignore[index]
    assert refused("ModifyDBCluster", upgrade("first"), ready) is None
    assert refused("ModifyDBCluster", upgrade("first", "8.0.mysql_aurora.3.13.0"), ready)


def test_a_global_cluster_has_a_writer_and_ten_secondaries() -> None:
    assert refused("CreateDBCluster", SECOND, Fake(members=10)) is None
    eleventh = refused("CreateDBCluster", SECOND, Fake(members=11))
    assert eleventh is not None
    assert eleventh.code == "InvalidGlobalClusterStateFault"
    assert "maximum number of secondary clusters (10)" in eleventh.message
    assert refused("CreateDBCluster", NEW, Fake(members=11)) is None
