"""The cluster that is to be adopted, beside what the settings say of it."""

from __future__ import annotations

from typing import Any

import pytest

from bicoastal.live import adopting
from bicoastal.settings import load
from bicoastal.settings.account import Adopted
from bicoastal.settings.rules.adopting import WHOLE

from .test_reading import unread

SETTINGS = load({"adopt": WHOLE})
CLUSTER: dict[str, Any] = {
    "DBClusterIdentifier": "orders", "Engine": "aurora-mysql", "EngineMode": "provisioned",
    "EngineVersion": "8.0.mysql_aurora.3.10.4", "StorageEncrypted": True,
    "KmsKeyId": WHOLE["kmsKeyArn"], "DBSubnetGroup": "orders", "Port": 3306,
    "VpcSecurityGroups": [{"VpcSecurityGroupId": WHOLE["securityGroupIds"][0]}],
    "DBClusterParameterGroup": "params-use1-dev", "BackupRetentionPeriod": 1,
    "IAMDatabaseAuthenticationEnabled": True, "DeletionProtection": False,
    "ServerlessV2ScalingConfiguration": {"MinCapacity": 0.5, "MaxCapacity": 2.0},
    "DBClusterMembers": [{"DBInstanceIdentifier": "orders-1"}],
    "PreferredBackupWindow": "03:00-04:00",
}  # fmt: skip
INSTANCE = {"DBInstanceIdentifier": "orders-1", "DBInstanceClass": "db.serverless"}
TABLE = {
    "RouteTableId": WHOLE["routeTableIds"][0],
    "Associations": [{"SubnetId": WHOLE["subnetIds"][0]}, {"Main": True}],
}


def told(
    stubs: Any,
    settings: Any = SETTINGS,
    *,
    instances: Any = (INSTANCE,),
    parameters: Any = (),
    tables: Any = (TABLE,),
    logs: Any = (),
    cidr: str = "10.10.0.0/16",
    **changes: Any,
) -> Any:
    stubs.answer("rds", "describe_db_clusters", {"DBClusters": [{**CLUSTER, **changes}]})
    subnets = [{"SubnetIdentifier": id_} for id_ in WHOLE["subnetIds"]]
    group = {"VpcId": WHOLE["vpcId"], "Subnets": subnets}
    stubs.answer("rds", "describe_db_subnet_groups", {"DBSubnetGroups": [group]})
    vpc = {"VpcId": WHOLE["vpcId"], "CidrBlock": cidr}
    stubs.answer("ec2", "describe_vpcs", {"Vpcs": [vpc]})
    stubs.answer("ec2", "describe_route_tables", {"RouteTables": list(tables)})
    names = [{"logGroupName": f"/aws/rds/cluster/orders/{log}"} for log in logs]
    stubs.answer("logs", "describe_log_groups", {"logGroups": names})
    stubs.answer("rds", "describe_db_instances", {"DBInstances": list(instances)})
    stubs.answer("rds", "describe_db_cluster_parameters", {"Parameters": list(parameters)})
    return adopting.read(stubs, settings)


def test_a_cluster_as_the_file_says_changes_nothing(stubs: Any) -> None:
    assert told(stubs) == Adopted((), ())


@pytest.mark.parametrize(
    ("changes", "words"),
    (
        ({"Engine": "aurora-postgresql"}, "it is aurora-postgresql (provisioned), not"),
        ({"EngineMode": "serverless"}, "it is aurora-mysql (serverless), not"),
        ({"StorageEncrypted": False}, "it is not encrypted: restore"),
        ({"MasterUserSecret": {"SecretArn": "s"}}, "RDS manages its password"),
        ({"BacktrackWindow": 60}, "it can be backtracked"),
        ({"ReplicationSourceIdentifier": "arn:x"}, "it is a replica of arn:x"),
        ({"GlobalClusterIdentifier": "other"}, "it is a member of other already"),
        ({"EngineVersion": "8.0.mysql_aurora.3.10.3"}, "it runs 8.0.mysql_aurora.3.10.3"),
        ({"KmsKeyId": "k"}, "the cluster has k"),
        ({"cidr": "10.99.0.0/16"}, "network.homeCidr is 10.10.0.0/16, the cluster has 10.99"),
        ({"instances": ()}, "adopt.instances is orders-1, the cluster has none"),
        ({"logs": ("error",)}, "adopt.logGroups is none, the cluster has error"),
        (
            {"VpcSecurityGroups": [{"VpcSecurityGroupId": "sg-1"}]},
            "adopt.securityGroupIds is sg-0123456789abcdef0, the cluster has sg-1",
        ),
        (
            {"tables": ({**TABLE, "Associations": []},)},
            "adopt.routeTableIds is rtb-0123456789abcdef0, the cluster has none",
        ),
    ),
)
def test_what_forbids_it_is_told(changes: dict[str, Any], words: str, stubs: Any) -> None:
    found = told(stubs, **changes)
    logs = changes.get("logs")
    assert words in "; ".join(found.forbidden), found
    assert len(found.forbidden) == 1 or logs, found


def test_after_the_adoption_what_the_stack_added_is_no_difference(stubs: Any) -> None:
    groups = [{"VpcSecurityGroupId": id_} for id_ in (WHOLE["securityGroupIds"][0], "sg-own")]
    found = told(
        stubs, GlobalClusterIdentifier="global-dev", VpcSecurityGroups=groups, logs=("error",)
    )
    assert found == Adopted((), ())


def test_what_would_be_changed_in_place_is_told(stubs: Any) -> None:
    settings = load(
        {
            "adopt": WHOLE,
            "database": {"backupWindow": "05:00-06:00", "maintenanceWindow": "sun:07:00-sun:08:00"},
        }
    )
    found = told(
        stubs, settings, Port=3307, DBClusterParameterGroup="orders",
        PreferredBackupWindow="05:00-06:00",
        instances=({**INSTANCE, "DBInstanceClass": "db.r6g.large"},),
        parameters=({"ParameterName": "max_connections", "ParameterValue": "7"},
                    {"ParameterName": "unset"}),
    )  # fmt: skip
    assert found == Adopted((), (
        "Port from 3307 to 3306",
        "PreferredMaintenanceWindow from None to sun:07:00-sun:08:00",
        "orders-1 from db.r6g.large to db.serverless, which restarts it",
        "the parameter group from orders to params-use1-dev, without max_connections=7",
    ))  # fmt: skip
    plain = told(stubs, DBClusterParameterGroup="orders")
    assert plain.changed == ("the parameter group from orders to params-use1-dev",)


def test_a_cluster_that_is_not_there_or_may_not_be_read(stubs: Any) -> None:
    stubs.refuse("rds", "describe_db_clusters", "DBClusterNotFoundFault")
    assert adopting.read(stubs, SETTINGS) is None
    stubs.refuse("rds", "describe_db_clusters", "AccessDenied")
    unread(adopting.read(stubs, SETTINGS), "rds:DescribeDBClusters", "Grant")
