"""An existing cluster with data becomes the home member: kept as it is, a standby is added."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from bicoastal.cli.app import app
from bicoastal.cli.stackfile import PLACEHOLDER_SECRET
from bicoastal.lab.databases import connect
from bicoastal.lab.drill.deploying import Stack
from bicoastal.lab.drill.environment import MASTER_USER, Environment
from bicoastal.lab.waiting import wait_until
from bicoastal.operate import destroying
from bicoastal.operate.access import Access
from bicoastal.operate.target import Target
from bicoastal.settings import load

pytestmark = pytest.mark.lab

HOME, STANDBY = "us-east-1", "us-west-2"
RANGE = "10.10.0.0/16"
VERSION = "8.0.mysql_aurora.3.10.4"


def existing(lab: Environment) -> dict[str, Any]:
    """A cluster that somebody made by hand, with what belongs to it; what adopt says of it."""
    ec2, rds = lab.client("ec2", HOME), lab.client("rds", HOME)
    vpc = ec2.create_vpc(CidrBlock=RANGE)["Vpc"]["VpcId"]
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.10.{n}.0/24", AvailabilityZone=f"{HOME}{zone}")[
            "Subnet"
        ]["SubnetId"]
        for n, zone in enumerate("ab")
    ]
    table = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
    for subnet in subnets:
        ec2.associate_route_table(RouteTableId=table, SubnetId=subnet)
    group = ec2.create_security_group(GroupName="orders", Description="orders", VpcId=vpc)
    key = lab.client("kms", HOME).create_key()["KeyMetadata"]["Arn"]
    lab.client("logs", HOME).create_log_group(logGroupName="/aws/rds/cluster/orders/error")
    rds.create_db_subnet_group(
        DBSubnetGroupName="orders", DBSubnetGroupDescription="orders", SubnetIds=subnets
    )
    rds.create_db_cluster_parameter_group(
        DBClusterParameterGroupName="orders", DBParameterGroupFamily="aurora-mysql8.0",
        Description="orders",
    )  # fmt: skip
    rds.modify_db_cluster_parameter_group(
        DBClusterParameterGroupName="orders",
        Parameters=[{
            "ParameterName": "max_connections", "ParameterValue": "700",
            "ApplyMethod": "immediate",
        }],
    )  # fmt: skip
    rds.create_db_cluster(
        DBClusterIdentifier="orders", Engine="aurora-mysql", EngineVersion=VERSION,
        MasterUsername=MASTER_USER, MasterUserPassword=lab.password, DatabaseName="orders",
        DBSubnetGroupName="orders", StorageEncrypted=True, KmsKeyId=key, BackupRetentionPeriod=3,
        VpcSecurityGroupIds=[group["GroupId"]], DBClusterParameterGroupName="orders",
        ServerlessV2ScalingConfiguration={"MinCapacity": 0.5, "MaxCapacity": 2.0},
    )  # fmt: skip
    rds.create_db_instance(
        DBInstanceIdentifier="orders-1", DBClusterIdentifier="orders", Engine="aurora-mysql",
        DBInstanceClass="db.serverless",
    )  # fmt: skip
    assert wait_until(lambda: lab.aws.member(HOME).state == "available", 60)
    return {
        "cluster": "orders", "instances": ["orders-1"], "subnetGroup": "orders", "kmsKeyArn": key,
        "securityGroupIds": [group["GroupId"]], "vpcId": vpc, "subnetIds": subnets,
        "routeTableIds": [table], "logGroups": ["error"],
    }  # fmt: skip


def sql(lab: Environment, region: str, statement: str) -> list[Any]:
    socket = lab.aws.member(region).socket
    with connect(lab.workspace, socket=socket) as connection, connection.cursor() as cursor:
        cursor.execute("SET SESSION sql_log_bin = 1")  # as a client's would be
        cursor.execute(statement)
        return list(cursor.fetchall())


def cluster(lab: Environment) -> Any:
    return lab.client("rds", HOME).describe_db_clusters(DBClusterIdentifier="orders")["DBClusters"][
        0
    ]


def findings(lab: Environment, raw: dict[str, Any], folder: Path) -> dict[str, list[str]]:
    """What `check --live` says of the adoption: rule to messages."""
    file = folder / "Pulumi.dev.yaml"
    asked = {**raw, "secretArn": lab.secret_arn}
    file.write_text(yaml.safe_dump({"config": {f"bicoastal:{k}": v for k, v in asked.items()}}))
    select = ("--select", "BC714,BC715,BC716")
    found: list[Any] = []

    def answered() -> bool:
        """On a busy machine somebody may answer late."""
        result = CliRunner(env=lab.aws.variables).invoke(
            app, ("check", "--live", "--json", *select, str(file))
        )
        found[:] = json.loads(result.stdout)["findings"]
        return all(finding["checked"] for finding in found)

    assert wait_until(answered, 60), found
    ids = {finding["rule_id"] for finding in found}
    return {id_: [f["message"] for f in found if f["rule_id"] == id_] for id_ in ids}


def test_a_cluster_with_data_is_adopted_and_outlives_the_stack(tmp_path: Path) -> None:
    raw: dict[str, Any] = {"secretArn": PLACEHOLDER_SECRET.format(region=HOME)}
    with Environment(load(raw), pace=20.0) as lab:
        raw["adopt"] = existing(lab)
        sql(lab, HOME, "CREATE TABLE orders.o (id INT PRIMARY KEY)")
        sql(lab, HOME, "INSERT INTO orders.o VALUES (1)")
        before, pid = cluster(lab), lab.aws.member(HOME).pid

        wrong = {
            **raw,
            "adopt": {**raw["adopt"], "kmsKeyArn": f"arn:aws:kms:{HOME}:1:key/other",
                      "logGroups": [], "subnetIds": raw["adopt"]["subnetIds"][:1]},
            "database": {"engineVersion": "8.0.mysql_aurora.3.10.3"},
        }  # fmt: skip
        said = "\n".join(findings(lab, wrong, tmp_path)["BC715"])
        for words in (
            "adopt.kmsKeyArn is",
            "it runs",
            "adopt.logGroups is none",
            "adopt.subnetIds",
        ):
            assert words in said
        found = findings(lab, raw, tmp_path)
        assert set(found) == {"BC716"}, found
        told = "\n".join(found["BC716"])
        assert "BackupRetentionPeriod from 3 to 1" in told
        assert "the parameter group from orders to params-use1-dev, without max_connections" in told

        stack = Stack(lab, load(raw))
        stack.deploy()
        kinds = {
            (entry.kind, entry.name)
            for entry in stack.journal
            if entry.name in ("orders", "orders-1")
        }
        assert {("import", "orders"), ("update", "orders"), ("import", "orders-1")} <= kinds
        assert not kinds & {(kind, name) for kind in ("create", "replace", "delete")
                            for name in ("orders", "orders-1")}  # fmt: skip
        after = cluster(lab)
        same = ("DbClusterResourceId", "KmsKeyId", "DBSubnetGroup", "Endpoint", "DatabaseName")
        assert [after[name] for name in same] == [before[name] for name in same]
        assert lab.aws.member(HOME).pid == pid
        groups = {group["VpcSecurityGroupId"] for group in after["VpcSecurityGroups"]}
        assert groups > set(raw["adopt"]["securityGroupIds"])
        assert (after["BackupRetentionPeriod"], after["GlobalClusterIdentifier"]) == (
            1, "global-dev",
        )  # fmt: skip
        assert sql(lab, STANDBY, "SELECT id FROM orders.o") == [{"id": 1}]
        assert stack.changes() == []

        # Before the stack goes, the cluster is freed of what hangs on it, with all that is its own.
        access = Access(
            Target(load(raw)), lambda _: lab.aws.endpoint_url, session=lab.aws.new_session()
        )
        steps: list[str] = []
        agreed = destroying.plan(access)
        assert agreed.refusals == ()
        left_over = destroying.destroy(
            access,
            agreed,
            stack.destroy,
            requester="ada",
            reason="over",
            pace=20,
            tell=steps.append,
        )
        assert left_over == ()
        assert any(
            "free DB cluster orders (us-east-1) of the stack's groups" in one for one in steps
        )
        left = cluster(lab)
        assert left["DBClusterParameterGroup"] == "default.aurora-mysql8.0"
        own = [{"VpcSecurityGroupId": g} for g in raw["adopt"]["securityGroupIds"]]
        assert [
            {"VpcSecurityGroupId": g["VpcSecurityGroupId"]} for g in left["VpcSecurityGroups"]
        ] == own
        assert left["DbClusterResourceId"] == before["DbClusterResourceId"]
        assert "GlobalClusterIdentifier" not in left
        assert sql(lab, HOME, "SELECT id FROM orders.o") == [{"id": 1}]
