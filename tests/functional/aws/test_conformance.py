"""Every behaviour of the embedded AWS that the project relies on, MiniStack's and ours.

Run it at every change of MiniStack's version.
"""

from __future__ import annotations

import json
import time
from importlib.metadata import version
from typing import Any

import pymysql
import pytest
from botocore.exceptions import ClientError

from bicoastal.errors import LabError
from bicoastal.lab.waiting import wait_until

pytestmark = pytest.mark.lab


def refused(code: str) -> Any:
    return pytest.raises(ClientError, match=rf"\({code}\)")


def test_the_version_is_the_one_that_the_patches_are_for() -> None:
    assert version("ministack") == "1.5.33"


def test_the_versions_that_aws_supports_are_known(lab: Any) -> None:
    for number, release in enumerate(
        ("8.0.mysql_aurora.3.10.4", "8.0.mysql_aurora.3.13.0", "8.4.mysql_aurora.8.4.8")
    ):
        lab.rds().create_global_cluster(
            GlobalClusterIdentifier=f"g{number}", Engine="aurora-mysql", EngineVersion=release
        )
    with refused("InvalidParameterCombination"):
        lab.rds().create_global_cluster(
            GlobalClusterIdentifier="g", Engine="aurora-mysql", EngineVersion="8.0.unheard.of"
        )


def test_endpoints_have_the_shape_of_awss_and_stay(lab: Any) -> None:
    lab.make_global()
    credentials = {"MasterUsername": "admin", "MasterUserPassword": lab.password}
    lab.make_cluster(lab.home, GlobalClusterIdentifier="g", **credentials)
    (before,) = lab.rds().describe_db_clusters()["DBClusters"]
    lab.make_instance(lab.home)
    (after,) = lab.rds().describe_db_clusters()["DBClusters"]
    name, unique = f"c-{lab.home}", after["Endpoint"].split(".cluster-")[1]
    assert after["Endpoint"] == before["Endpoint"] == f"{name}.cluster-{unique}"
    assert after["ReaderEndpoint"] == f"{name}.cluster-ro-{unique}"
    assert unique.endswith(f".{lab.home}.rds.amazonaws.com")
    (instance,) = lab.rds().describe_db_instances()["DBInstances"]
    assert instance["Endpoint"]["Address"] == f"i-{lab.home}.{unique}"
    assert instance["Endpoint"]["Port"] == 3306
    assert instance["LicenseModel"] == "general-public-license"
    assert instance["StorageType"] == "aurora"
    group = lab.group()
    assert group["Endpoint"].startswith("g.global-")
    assert group["Endpoint"].endswith(".global.rds.amazonaws.com")
    assert "DatabaseName" not in after
    member = lab.aws.member(lab.home)
    assert (member.endpoint, member.arn) == (after["Endpoint"], after["DBClusterArn"])
    assert member.socket == lab.aws.sockets[lab.home]


def test_instances_are_created_before_they_are_available(lab: Any) -> None:
    lab.make_global()
    credentials = {"MasterUsername": "admin", "MasterUserPassword": lab.password}
    lab.make_cluster(lab.home, GlobalClusterIdentifier="g", DatabaseName="app", **credentials)
    lab.make_instance(lab.home, wait=False)
    assert lab.instance_status(lab.home, f"i-{lab.home}") == "creating"
    assert lab.rds().describe_db_clusters()["DBClusters"][0]["Status"] == "creating"
    with refused("InvalidDBClusterStateFault"):
        lab.make_cluster(lab.standby, GlobalClusterIdentifier="g")
    lab.make_instance(lab.home, name="second", wait=False)
    lab.eventually(lambda: lab.instance_status(lab.home, "second") == "available")
    assert lab.instance_status(lab.home, f"i-{lab.home}") == "available"
    assert lab.rds().describe_db_clusters()["DBClusters"][0]["Status"] == "available"
    lab.make_instance(lab.home, name="third")
    assert len(lab.aws.members()) == 1


def test_a_secondary_replicates_has_its_source_and_takes_no_writes(lab: Any) -> None:
    lab.make_writer()
    with refused("DBClusterAlreadyExistsFault"):
        lab.make_cluster(lab.home, MasterUsername="admin", MasterUserPassword=lab.password)
    for extra, code in (
        ({"MasterUsername": "admin"}, "InvalidParameterCombination"),
        ({"StorageEncrypted": True}, "InvalidParameterCombination"),
    ):
        with refused(code):
            lab.make_cluster(lab.standby, GlobalClusterIdentifier="g", **extra)
    lab.make_standby()
    lab.write(lab.home, "CREATE TABLE rows_of_test (id INT PRIMARY KEY)")
    lab.write(lab.home, "INSERT INTO rows_of_test VALUES (1)")
    lab.replicated(1)
    with pytest.raises(pymysql.err.OperationalError, match="read-only"):
        lab.write(lab.standby, "INSERT INTO rows_of_test VALUES (2)")
    (cluster,) = lab.rds(lab.standby).describe_db_clusters()["DBClusters"]
    assert cluster["ReplicationSourceIdentifier"] == lab.aws.member(lab.home).arn
    assert (cluster["MasterUsername"], cluster["DatabaseName"]) == ("admin", "app")
    (writer,) = lab.rds().describe_db_clusters()["DBClusters"]
    assert "ReplicationSourceIdentifier" not in writer
    with refused("InvalidGlobalClusterStateFault"):
        lab.rds().remove_from_global_cluster(
            GlobalClusterIdentifier="g", DbClusterIdentifier=writer["DBClusterArn"]
        )
    # A secondary that is removed becomes a cluster of its own.
    lab.rds().remove_from_global_cluster(
        GlobalClusterIdentifier="g", DbClusterIdentifier=cluster["DBClusterArn"]
    )
    lab.write(lab.standby, "INSERT INTO rows_of_test VALUES (2)")
    lab.write(lab.home, "INSERT INTO rows_of_test VALUES (3)")
    assert lab.rows(lab.aws.member(lab.standby).socket) == [1, 2]


def test_a_global_database_is_destroyed_in_awss_order_only(lab: Any) -> None:
    lab.make_writer()
    home, rds = f"c-{lab.home}", lab.rds()
    pid = lab.aws.member(lab.home).pid
    with refused("InvalidGlobalClusterStateFault"):
        rds.delete_global_cluster(GlobalClusterIdentifier="g")
    with refused("InvalidDBClusterStateFault"):
        rds.delete_db_cluster(DBClusterIdentifier=home, SkipFinalSnapshot=True)
    rds.delete_db_instance(DBInstanceIdentifier=f"i-{lab.home}", SkipFinalSnapshot=True)
    member = lab.aws.member(lab.home)
    assert (member.state, member.process, member.pid) == ("stopped", "dead", None)
    assert pid
    # The volume outlives the instance.
    lab.make_instance(lab.home)
    assert lab.aws.member(lab.home).volume == member.volume
    lab.write(lab.home, "CREATE TABLE rows_of_test (id INT PRIMARY KEY)")
    rds.delete_db_instance(DBInstanceIdentifier=f"i-{lab.home}", SkipFinalSnapshot=True)
    rds.remove_from_global_cluster(GlobalClusterIdentifier="g", DbClusterIdentifier=member.arn)
    with refused("InvalidParameterCombination"):
        rds.delete_db_cluster(DBClusterIdentifier=home)
    rds.delete_db_cluster(DBClusterIdentifier=home, SkipFinalSnapshot=True)
    rds.delete_global_cluster(GlobalClusterIdentifier="g")
    assert rds.describe_global_clusters()["GlobalClusters"] == []
    assert lab.aws.members() == []
    assert list((lab.workspace.path / "volumes").glob(f"{member.volume}/*")) == []
    with refused("GlobalClusterNotFoundFault"):
        rds.remove_from_global_cluster(GlobalClusterIdentifier="g", DbClusterIdentifier=home)
    for name in ("nothing", ""):
        with pytest.raises(ClientError):
            rds.delete_db_instance(DBInstanceIdentifier=name, SkipFinalSnapshot=True)


def test_subnet_groups_in_use_stay(lab: Any) -> None:
    ec2, rds = lab.aws.client("ec2", lab.home), lab.rds()
    vpc = ec2.create_vpc(CidrBlock="10.10.0.0/16")["Vpc"]["VpcId"]
    subnets = [
        ec2.create_subnet(
            VpcId=vpc, CidrBlock=f"10.10.{n}.0/24", AvailabilityZone=f"{lab.home}{zone}"
        )["Subnet"]["SubnetId"]
        for n, zone in enumerate("ab")
    ]
    rds.create_db_subnet_group(
        DBSubnetGroupName="s", DBSubnetGroupDescription="s", SubnetIds=subnets
    )
    credentials = {"MasterUsername": "admin", "MasterUserPassword": lab.password}
    with refused("DBSubnetGroupNotFoundFault"):
        lab.make_cluster(lab.home, DBSubnetGroupName="t", **credentials)
    lab.make_cluster(lab.home, DBSubnetGroupName="s", **credentials)
    lab.make_instance(lab.home)
    (instance,) = rds.describe_db_instances()["DBInstances"]
    assert instance["DBSubnetGroup"]["VpcId"] == vpc
    with refused("InvalidDBSubnetGroupStateFault"):
        rds.delete_db_subnet_group(DBSubnetGroupName="s")


def test_instances_that_aws_or_the_lab_cannot_run_are_refused(lab: Any) -> None:
    lab.make_writer()
    with refused("DBClusterNotFoundFault"):
        lab.make_instance(lab.home, cluster="missing")
    with refused("InvalidParameterCombination"):
        lab.make_instance(lab.home, name="small", DBInstanceClass="db.t4g.medium")
    with refused("DBInstanceAlreadyExists"):
        lab.make_instance(lab.home)
    credentials = {"MasterUsername": "admin", "MasterUserPassword": lab.password}
    lab.make_cluster(lab.home, identifier="other", **credentials)
    with refused("InstanceQuotaExceeded"):
        lab.make_instance(lab.home, cluster="other", name="of-other")
    lab.make_cluster("us-east-2", **credentials)
    with refused("InsufficientDBInstanceCapacity"):
        lab.make_instance("us-east-2")
    # Deleting what never had a database is harmless.
    lab.rds().delete_db_cluster(DBClusterIdentifier="other", SkipFinalSnapshot=True)


def test_failovers_that_aws_refuses(lab: Any) -> None:
    lab.make_writer()
    lab.make_cluster(lab.standby, GlobalClusterIdentifier="g")
    (headless,) = lab.rds(lab.standby).describe_db_clusters()["DBClusters"]
    arn = headless["DBClusterArn"]

    def fail_over(**options: Any) -> None:
        lab.rds(lab.standby).failover_global_cluster(
            **({"GlobalClusterIdentifier": "g", "TargetDbClusterIdentifier": arn} | options)
        )

    with refused("InvalidDBClusterStateFault"):
        fail_over(AllowDataLoss=True)
    with refused("InvalidParameterCombination"):
        fail_over(AllowDataLoss=True, Switchover=True)
    with refused("GlobalClusterNotFoundFault"):
        fail_over(AllowDataLoss=True, GlobalClusterIdentifier="other")
    with refused("InvalidGlobalClusterStateFault"):
        home = lab.aws.member(lab.home).arn
        fail_over(AllowDataLoss=True, TargetDbClusterIdentifier=home)
    lab.make_instance(lab.standby)
    with refused("InvalidDBClusterStateFault"):
        lab.rds().delete_db_instance(DBInstanceIdentifier=f"i-{lab.home}", SkipFinalSnapshot=True)
    lab.kill(lab.home)
    with refused("InvalidDBClusterStateFault"):
        fail_over()
    assert lab.aws.failovers() == []


def test_a_replica_cluster_follows_its_source_until_it_is_promoted(lab: Any) -> None:
    credentials = {"MasterUsername": "admin", "MasterUserPassword": lab.password}
    group = {"DBClusterParameterGroupName": "logging"}
    lab.rds().create_db_cluster_parameter_group(
        **group, DBParameterGroupFamily="aurora-mysql8.0", Description="d"
    )
    lab.make_cluster(lab.home, DatabaseName="app", **credentials, **group)
    lab.make_instance(lab.home, DBInstanceClass="db.t4g.medium")
    source = lab.aws.member(lab.home).arn
    with refused("InvalidDBClusterStateFault"):
        lab.make_cluster(lab.standby, ReplicationSourceIdentifier=source)
    binlog = {"ParameterName": "binlog_format", "ParameterValue": "MIXED"}
    lab.rds().modify_db_cluster_parameter_group(
        **group, Parameters=[binlog | {"ApplyMethod": "pending-reboot"}]
    )
    lab.make_cluster(lab.standby, ReplicationSourceIdentifier=source)
    lab.make_instance(lab.standby, DBInstanceClass="db.t4g.medium")
    replica = f"c-{lab.standby}"
    (cluster,) = lab.rds(lab.standby).describe_db_clusters()["DBClusters"]
    assert cluster["ReplicationSourceIdentifier"] == source
    lab.write(lab.home, "CREATE TABLE rows_of_test (id INT PRIMARY KEY)")
    lab.write(lab.home, "INSERT INTO rows_of_test VALUES (1)")
    lab.replicated(1)
    rds = lab.rds(lab.standby)
    rds.promote_read_replica_db_cluster(DBClusterIdentifier=replica)
    assert wait_until(
        lambda: not rds.describe_db_clusters()["DBClusters"][0].get("ReplicationSourceIdentifier"),
        15,
    )
    lab.write(lab.standby, "INSERT INTO rows_of_test VALUES (2)")
    with refused("InvalidDBClusterStateFault"):
        rds.promote_read_replica_db_cluster(DBClusterIdentifier=replica)
    with refused("DBClusterNotFoundFault"):
        rds.promote_read_replica_db_cluster(DBClusterIdentifier="missing")


def test_io_optimized_storage_is_read_back_and_standard_storage_is_not(lab: Any) -> None:
    credentials = {"MasterUsername": "admin", "MasterUserPassword": lab.password}
    lab.make_cluster(lab.home, StorageType="aurora-iopt1", **credentials)
    rds = lab.rds()

    def kind() -> Any:
        return rds.describe_db_clusters()["DBClusters"][0].get("StorageType")

    assert kind() == "aurora-iopt1"
    lab.make_instance(lab.home)
    (instance,) = rds.describe_db_instances()["DBInstances"]
    assert instance["StorageType"] == "aurora-iopt1"
    rds.modify_db_cluster(DBClusterIdentifier=f"c-{lab.home}", StorageType="aurora")
    assert kind() is None
    with refused("DBClusterNotFoundFault"):
        rds.modify_db_cluster(DBClusterIdentifier="missing", StorageType="aurora")


def test_a_changed_master_password_is_the_databases_too(lab: Any) -> None:
    lab.make_writer()
    cluster = f"c-{lab.home}"
    lab.rds().modify_db_cluster(DBClusterIdentifier=cluster, BackupRetentionPeriod=2)
    with refused("InvalidParameterValue"):
        lab.rds().modify_db_cluster(DBClusterIdentifier=cluster, BackupRetentionPeriod=36)
    lab.rds().modify_db_cluster(DBClusterIdentifier=cluster, MasterUserPassword="another-one")
    with pytest.raises(pymysql.err.OperationalError, match="Access denied"):
        lab.client(lab.home)
    with lab.client(lab.home, password="another-one") as connection:
        assert connection.open


def test_an_injected_refusal_hits_what_it_is_meant_for(lab: Any) -> None:
    lab.aws.refuse("CreateGlobalCluster", match="g", code="Quota", message="too many", times=1)
    with refused("Quota"):
        lab.make_global()
    lab.make_global()
    lab.aws.refuse("CreateTopic", code="Throttled")
    with refused("Throttled"):
        lab.aws.client("sns", lab.home).create_topic(Name="t")
    lab.aws.refuse_nothing()
    lab.aws.client("sns", lab.home).create_topic(Name="t")


def test_health_checks_are_read_back_as_they_were_made(lab: Any) -> None:
    route53 = lab.aws.client("route53", lab.home)

    def make(**config: Any) -> Any:
        check = route53.create_health_check(
            CallerReference=str(time.monotonic_ns()), HealthCheckConfig=config
        )["HealthCheck"]
        return route53.get_health_check(HealthCheckId=check["Id"])["HealthCheck"]

    tcp = make(
        Type="TCP",
        FullyQualifiedDomainName="db.example.com",
        Port=3306,
        RequestInterval=10,
        FailureThreshold=3,
        Inverted=True,
        Disabled=False,
        Regions=["us-east-1", "us-west-1", "us-west-2"],
    )
    assert tcp["HealthCheckConfig"]["Regions"] == ["us-east-1", "us-west-1", "us-west-2"]
    assert tcp["HealthCheckConfig"]["Inverted"] is True
    assert tcp["HealthCheckConfig"]["Disabled"] is False
    alarm = make(
        Type="CLOUDWATCH_METRIC",
        AlarmIdentifier={"Region": lab.standby, "Name": "a"},
        InsufficientDataHealthStatus="LastKnownStatus",
    )
    assert alarm["HealthCheckConfig"]["AlarmIdentifier"]["Region"] == lab.standby
    children = [tcp["Id"], alarm["Id"]]
    calculated = make(Type="CALCULATED", ChildHealthChecks=children, HealthThreshold=2)
    assert calculated["HealthCheckConfig"]["ChildHealthChecks"] == children
    changed = route53.update_health_check(
        HealthCheckId=calculated["Id"], ChildHealthChecks=children[:1], Inverted=True
    )["HealthCheck"]["HealthCheckConfig"]
    assert (changed["ChildHealthChecks"], changed["Inverted"]) == (children[:1], True)
    listed = route53.list_health_checks()["HealthChecks"]
    assert {c["Id"] for c in listed} == {tcp["Id"], alarm["Id"], calculated["Id"]}
    status = route53.get_health_check_status(HealthCheckId=tcp["Id"])
    assert status["HealthCheckObservations"] == []
    with pytest.raises(route53.exceptions.NoSuchHealthCheck):
        route53.get_health_check_status(HealthCheckId="missing")


def test_failover_records_are_listed_with_their_checks(lab: Any) -> None:
    route53 = lab.aws.client("route53", lab.home)
    zone = route53.create_hosted_zone(Name="example.com", CallerReference="z")["HostedZone"]["Id"]
    record = {
        "Name": "db.example.com",
        "Type": "CNAME",
        "TTL": 5,
        "SetIdentifier": "use1",
        "Failover": "PRIMARY",
        "HealthCheckId": "check",
        "ResourceRecords": [{"Value": "c.example.com"}],
    }
    route53.change_resource_record_sets(
        HostedZoneId=zone,
        ChangeBatch={"Changes": [{"Action": "CREATE", "ResourceRecordSet": record}]},
    )
    listed = route53.list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"]
    (found,) = (r for r in listed if r["Type"] == "CNAME")
    assert found == record | {"Name": "db.example.com."}


def create_table(dynamodb: Any, name: str) -> None:
    dynamodb.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "cluster", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "cluster", "AttributeType": "S"}],
    )


def test_conditional_writes_and_strong_reads_across_regions(lab: Any) -> None:
    home = lab.aws.client("dynamodb", lab.home)
    create_table(home, "record")
    home.update_table(TableName="record", ReplicaUpdates=[{"Create": {"RegionName": lab.standby}}])
    key = {"cluster": {"S": "g"}}
    once: dict[str, Any] = {
        "TableName": "record",
        "ConditionExpression": "attribute_not_exists(#c)",
        "ExpressionAttributeNames": {"#c": "cluster"},
    }
    home.put_item(Item=key | {"epoch": {"N": "1"}}, **once)
    standby = lab.aws.client("dynamodb", lab.standby)
    found = standby.get_item(TableName="record", Key=key, ConsistentRead=True)["Item"]
    assert found["epoch"] == {"N": "1"}
    with refused("ConditionalCheckFailedException"):
        standby.put_item(Item=key, **once)


def test_a_global_table_tells_its_consistency_and_its_witness(lab: Any) -> None:
    home, standby = (lab.aws.client("dynamodb", region) for region in (lab.home, lab.standby))
    replica = {"RegionName": lab.standby}
    witness = {"RegionName": "us-east-2"}
    strong = {
        "MultiRegionConsistency": "STRONG", "GlobalTableWitnessUpdates": [{"Create": witness}],
    }  # fmt: skip
    for name, more in (("strong", strong), ("eventual", {})):
        create_table(home, name)
        assert "MultiRegionConsistency" not in home.describe_table(TableName=name)["Table"]
        home.update_table(TableName=name, ReplicaUpdates=[{"Create": replica}], **more)
    for client in (home, standby):
        found = client.describe_table(TableName="strong")["Table"]
        assert found["MultiRegionConsistency"] == "STRONG"
        assert found["GlobalTableWitnesses"] == [witness | {"WitnessStatus": "ACTIVE"}]
        found = client.describe_table(TableName="eventual")["Table"]
        assert found["MultiRegionConsistency"] == "EVENTUAL"
        assert "GlobalTableWitnesses" not in found
    home.update_table(
        TableName="strong",
        ReplicaUpdates=[{"Delete": replica}],
        GlobalTableWitnessUpdates=[{"Delete": witness}],
    )
    alone = home.describe_table(TableName="strong")["Table"]
    assert {"GlobalTableWitnesses", "MultiRegionConsistency", "Replicas"}.isdisjoint(alone)
    with refused("ResourceNotFoundException"):
        standby.describe_table(TableName="strong")


def test_metrics_have_a_resolution_of_a_second_and_their_region(lab: Any) -> None:
    now = time.time()
    metric = {"Namespace": "Bicoastal", "MetricName": "HomeIsWriter"}
    dimensions = [{"Name": "Cluster", "Value": "g"}]
    client = lab.aws.client("cloudwatch", lab.standby)
    client.put_metric_data(
        Namespace="Bicoastal",
        MetricData=[
            {"MetricName": "HomeIsWriter", "Dimensions": dimensions, "Value": 0, "Timestamp": now}
        ],
    )
    asked = {
        **metric,
        "Dimensions": dimensions,
        "StartTime": now - 10,
        "EndTime": now + 10,
        "Period": 1,
        "Statistics": ["Minimum"],
    }
    (point,) = client.get_metric_statistics(**asked)["Datapoints"]
    assert point["Minimum"] == 0


def test_secrets_are_replicated(lab: Any) -> None:
    secret = json.dumps({"username": "admin", "password": "p"})
    home = lab.aws.client("secretsmanager", lab.home)
    home.create_secret(Name="s", SecretString=secret)
    home.replicate_secret_to_regions(SecretId="s", AddReplicaRegions=[{"Region": lab.standby}])
    copy = lab.aws.client("secretsmanager", lab.standby).get_secret_value(SecretId="s")
    assert copy["SecretString"] == secret


def test_tagged_clusters_are_found_in_their_region_only(lab: Any) -> None:
    tags = [{"Key": "ExpiresAfter", "Value": "4h"}, {"Key": "Name", "Value": "c"}]
    lab.make_cluster(lab.home, MasterUsername="admin", MasterUserPassword=lab.password, Tags=tags)
    asked = {"TagFilters": [{"Key": "ExpiresAfter"}], "ResourceTypeFilters": ["rds:cluster"]}

    def found(region: str) -> list[dict[str, Any]]:
        client = lab.aws.client("resourcegroupstaggingapi", region)
        answer: list[dict[str, Any]] = client.get_resources(**asked)["ResourceTagMappingList"]
        return answer

    (cluster,) = found(lab.home)
    assert cluster["ResourceARN"].endswith(f":cluster:c-{lab.home}")
    assert cluster["Tags"] == tags
    assert found(lab.standby) == []
    lab.rds().delete_db_cluster(DBClusterIdentifier=f"c-{lab.home}", SkipFinalSnapshot=True)
    assert found(lab.home) == []


def test_reset_leaves_nothing(lab: Any) -> None:
    lab.make_writer()
    lab.aws.refuse("DescribeGlobalClusters")
    lab.aws.reset()
    assert lab.rds().describe_global_clusters()["GlobalClusters"] == []
    assert (lab.aws.members(), lab.aws.snapshots(), lab.aws.failovers()) == ([], [], [])


def test_the_labs_own_requests_are_checked(lab: Any) -> None:
    with pytest.raises(LabError, match="us-west-2 has no database"):
        lab.aws.restart(lab.standby)
    with pytest.raises(LabError, match="us-west-2 has no database"):
        lab.aws.member(lab.standby)
    lab.make_writer()
    with pytest.raises(LabError, match="runs already"):
        lab.aws.restart(lab.home)


def test_only_aurora_s_versions_say_what_they_can_be_upgraded_to(lab: Any) -> None:
    rds = lab.rds()
    aurora = rds.describe_db_engine_versions(Engine="aurora-mysql")["DBEngineVersions"]
    assert any(found["ValidUpgradeTarget"] for found in aurora)
    others = rds.describe_db_engine_versions(Engine="postgres")["DBEngineVersions"]
    assert {found["Engine"] for found in others} == {"postgres"}
    assert not any(found.get("ValidUpgradeTarget") for found in others)
