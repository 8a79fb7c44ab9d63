"""The global database, its members, their keys and their credentials."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bicoastal.errors import BicoastalError
from bicoastal.settings import PROFILES
from bicoastal.settings.tables import parameter_family
from bicoastal.stack.credentials import parse_secret

SEED_INPUTS = {"masterUsername", "masterPasswordWo", "masterPasswordWoVersion", "databaseName"}
CODES = {"us-east-1": "use1", "us-west-2": "usw2"}
VERSION = "8.0.mysql_aurora.3.10.4"
SECRET_ARN = "arn:aws:secretsmanager:us-east-1:123456789012:secret:bicoastal/dev-AbCdEf"


def members(program: Any) -> dict[str, Any]:
    return {found.region: found for found in program.of("Cluster")}


def test_the_global_cluster_is_made_first_and_empty(default: Any) -> None:
    (found,) = default.of("GlobalCluster")
    tags = found.inputs.pop("tags")
    assert tags["Name"] == "global-dev"
    assert found.inputs == {
        "globalClusterIdentifier": "global-dev",
        "engine": "aurora-mysql",
        "engineVersion": VERSION,
        "storageEncrypted": True,
        "deletionProtection": False,
    }
    found.inputs["tags"] = tags
    assert all(found.urn in member.dependencies for member in members(default).values())


def test_members_differ_only_in_region_and_seed(default: Any) -> None:
    home, standby = (members(default)[region] for region in CODES)
    assert set(home.inputs) - set(standby.inputs) == SEED_INPUTS
    assert set(standby.inputs) <= set(home.inputs)
    shared = {key: value for key, value in home.inputs.items() if key not in SEED_INPUTS}
    as_standby = json.dumps(shared).replace("use1", "usw2").replace("us-east-1", "us-west-2")
    assert json.loads(as_standby) == standby.inputs
    assert home.ignores == standby.ignores


def test_instances_of_both_members_are_alike(default: Any) -> None:
    home, standby = (default.one("ClusterInstance", f"db-{code}-1-dev") for code in CODES.values())
    as_standby = json.dumps(home.inputs).replace("use1", "usw2").replace("us-east-1", "us-west-2")
    assert json.loads(as_standby) == standby.inputs
    assert home.inputs["autoMinorVersionUpgrade"] is False
    assert home.inputs["engineVersion"] == VERSION
    assert home.inputs["instanceClass"] == "db.serverless"
    assert home.inputs["clusterIdentifier"] == "aurora-use1-dev"
    assert home.ignores == standby.ignores == ("engineVersion",)
    assert default.one("GlobalCluster", "global-dev").ignores == ("engineVersion",)


@pytest.mark.parametrize("region", CODES)
def test_each_member_ignores_what_a_role_swap_or_an_upgrade_changes(
    default: Any, region: str
) -> None:
    assert set(members(default)[region].ignores) >= {
        "replicationSourceIdentifier",
        "globalClusterIdentifier",
        "masterPassword",
        "masterPasswordWo",
        "masterPasswordWoVersion",
        "masterUsername",
        "databaseName",
        "snapshotIdentifier",
        "engineVersion",
    }


@pytest.mark.parametrize("region", CODES)
def test_members_follow_the_rules_of_a_global_database(default: Any, region: str) -> None:
    inputs = members(default)[region].inputs
    assert inputs["engine"] == "aurora-mysql"
    assert inputs["engineMode"] == "provisioned"
    assert inputs["engineVersion"] == VERSION
    assert inputs["globalClusterIdentifier"] == "global-dev"
    assert inputs["storageEncrypted"] is True
    assert inputs["kmsKeyId"].split(":")[3] == region
    assert inputs["backupRetentionPeriod"] == 1
    assert inputs["databaseInsightsMode"] == "standard"
    assert inputs["iamDatabaseAuthenticationEnabled"] is True
    assert inputs["port"] == 3306
    assert inputs["serverlessv2ScalingConfiguration"] == {"minCapacity": 0.5, "maxCapacity": 2.0}
    assert inputs["vpcSecurityGroupIds"] == [f"SecurityGroup-db-{CODES[region]}-dev"]
    never = {
        "availabilityZones",
        "replicationSourceIdentifier",
        "sourceRegion",
        "manageMasterUserPassword",
        "masterPassword",
        "performanceInsightsEnabled",
        "snapshotIdentifier",
        "storageType",
        "finalSnapshotIdentifier",
    }
    assert never.isdisjoint(inputs)


def test_the_seed_is_given_name_user_and_password(default: Any) -> None:
    inputs = members(default)["us-east-1"].inputs
    assert inputs["masterUsername"] == "admin"
    assert inputs["masterPasswordWo"] == "correct-horse-battery"
    assert inputs["masterPasswordWoVersion"] == 1
    assert inputs["databaseName"] == "app"
    (asked,) = (call for call in default.invokes if call[0].endswith("getSecretVersion"))
    assert asked[1:] == ("us-east-1", {"secretId": SECRET_ARN})


def test_the_standby_waits_for_an_instance_of_the_home_member(default: Any) -> None:
    home, standby = (members(default)[region] for region in CODES)
    instance = default.one("ClusterInstance", "db-use1-1-dev")
    assert instance.urn in standby.dependencies
    assert instance.urn not in home.dependencies


def test_log_groups_exist_before_the_cluster_writes_to_them(default: Any) -> None:
    for region, code in CODES.items():
        cluster = members(default)[region]
        assert cluster.inputs["enabledCloudwatchLogsExports"] == ["error", "slowquery"]
        for log in ("error", "slowquery"):
            group = default.one("LogGroup", f"aurora-{code}-dev-{log}")
            assert group.inputs["name"] == f"/aws/rds/cluster/aurora-{code}-dev/{log}"
            assert group.inputs["retentionInDays"] == 30
            assert group.inputs["kmsKeyId"].split(":")[3] == region
            assert group.urn in cluster.dependencies


def test_both_parameter_groups_are_equal_and_require_tls(default: Any) -> None:
    groups = default.of("ClusterParameterGroup")
    assert [found.inputs["family"] for found in groups] == ["aurora-mysql8.0"] * 2
    first, second = (found.inputs["parameters"] for found in groups)
    assert first == second
    assert {"name": "require_secure_transport", "value": "ON", "applyMethod": "immediate"} in first
    for code in CODES.values():
        cluster = default.one("Cluster", f"aurora-{code}-dev")
        assert cluster.inputs["dbClusterParameterGroupName"] == f"params-{code}-dev"


def test_the_subnet_group_spans_all_zones(default: Any) -> None:
    for code in CODES.values():
        group = default.one("SubnetGroup", f"subnets-{code}-dev")
        assert group.inputs["subnetIds"] == [
            f"Subnet-private-{code}-1-dev",
            f"Subnet-private-{code}-2-dev",
        ]
        instance = default.one("ClusterInstance", f"db-{code}-1-dev")
        assert instance.inputs["dbSubnetGroupName"] == group.name


def test_enhanced_monitoring_has_a_role_in_each_region(default: Any) -> None:
    for region, code in CODES.items():
        role = default.one("Role", f"mon-{code}-dev")
        (trusted,) = role.policy("assumeRolePolicy")
        assert trusted["Principal"] == {"Service": "monitoring.rds.amazonaws.com"}
        attachment = default.one("RolePolicyAttachment", f"mon-{code}-dev")
        assert attachment.inputs["policyArn"].endswith("/AmazonRDSEnhancedMonitoringRole")
        instance = default.one("ClusterInstance", f"db-{code}-1-dev")
        assert instance.region == region
        assert instance.inputs["monitoringInterval"] == 60
        assert instance.inputs["monitoringRoleArn"].endswith(f"mon-{code}-dev")
        assert attachment.urn in instance.dependencies


def test_without_enhanced_monitoring_there_is_no_role(production: Any) -> None:
    assert not [found for found in production.of("Role") if found.name.startswith("mon-")]
    for instance in production.of("ClusterInstance"):
        assert instance.inputs["monitoringInterval"] == 0
        assert "monitoringRoleArn" not in instance.inputs


def test_production_is_provisioned_protected_and_keeps_a_last_snapshot(production: Any) -> None:
    wanted = PROFILES["production"]["database"]
    for code in ("euc1", "euw1"):
        inputs = production.one("Cluster", f"aurora-{code}-live").inputs
        assert inputs["deletionProtection"] is True
        assert inputs["skipFinalSnapshot"] is False
        assert inputs["finalSnapshotIdentifier"] == f"final-{code}-live"
        assert inputs["backupRetentionPeriod"] == wanted["backup_retention_days"]
        assert inputs["preferredBackupWindow"] == "02:00-03:00"
        assert inputs["preferredMaintenanceWindow"] == "sun:03:00-sun:04:00"
        assert inputs["storageType"] == "aurora-iopt1"
        assert "serverlessv2ScalingConfiguration" not in inputs
    instances = production.of("ClusterInstance")
    assert len(instances) == 2 * wanted["instances_per_member"]
    assert {found.inputs["instanceClass"] for found in instances} == {wanted["instance_class"]}
    windows = {found.inputs["preferredMaintenanceWindow"] for found in instances}
    assert windows == {"sun:03:00-sun:04:00"}
    assert production.of("GlobalCluster")[0].inputs["deletionProtection"] is True


def test_the_standby_waits_for_all_instances_of_the_home_member(production: Any) -> None:
    standby = production.one("Cluster", "aurora-euw1-live")
    homes = [found for found in production.of("ClusterInstance") if found.region == "eu-central-1"]
    assert len(homes) == 2
    assert {found.urn for found in homes} <= set(standby.dependencies)


def test_each_member_region_has_a_rotated_key_with_an_alias(default: Any, production: Any) -> None:
    for region, code in CODES.items():
        key = default.one("Key", f"aurora-{code}-dev")
        assert key.region == region
        assert key.inputs["enableKeyRotation"] is True
        assert key.inputs["deletionWindowInDays"] == 7
        alias = default.one("Alias", f"aurora-{code}-dev")
        assert alias.inputs["name"] == f"alias/aurora-{code}-dev"
        assert alias.inputs["targetKeyId"] == f"key-aurora-{code}-dev"
    assert {found.inputs["deletionWindowInDays"] for found in production.of("Key")} == {30}


def test_a_key_serves_the_account_its_own_logs_alarms_and_events(default: Any) -> None:
    own, logs, alarms, events = default.one("Key", "aurora-usw2-dev").policy()
    assert own["Principal"] == {"AWS": "arn:aws:iam::123456789012:root"}
    assert logs["Principal"] == {"Service": "logs.us-west-2.amazonaws.com"}
    groups = "arn:aws:logs:us-west-2:123456789012:log-group:"
    assert logs["Condition"] == {
        "ArnLike": {
            "kms:EncryptionContext:aws:logs:arn": [
                f"{groups}/aws/rds/cluster/aurora-usw2-dev/*",
                f"{groups}/aws/lambda/probe-usw2-dev",
                f"{groups}/aws/lambda/control-usw2-dev",
            ]
        }
    }
    assert alarms["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
    assert events["Principal"] == {"Service": "events.rds.amazonaws.com"}
    for told in (alarms, events):
        assert told["Condition"] == {"StringEquals": {"aws:SourceAccount": "123456789012"}}


@pytest.mark.parametrize(
    ("version", "family"),
    ((VERSION, "aurora-mysql8.0"), ("8.4.mysql_aurora.8.4.8", "aurora-mysql8.4")),
)
def test_the_parameter_family_follows_the_engine_version(version: str, family: str) -> None:
    assert parameter_family(version) == family


@pytest.mark.parametrize(
    "text",
    (
        None,
        "",
        "not json",
        '["admin", "hush-hush"]',
        '{"username": "admin"}',
        '{"username": "", "password": "hush-hush"}',
        '{"username": "admin", "password": 12345678}',
    ),
)
def test_a_secret_of_another_shape_is_refused_without_repeating_it(text: str | None) -> None:
    with pytest.raises(BicoastalError) as caught:
        parse_secret(text, "arn:the-secret")
    assert "arn:the-secret" in str(caught.value)
    assert "hush" not in str(caught.value)


def test_a_secret_may_hold_more_than_the_master_user() -> None:
    text = json.dumps({"username": "admin", "password": "hush-hush", "engine": "mysql"})
    assert parse_secret(text, "arn") == {"username": "admin", "password": "hush-hush"}


def test_a_bad_secret_stops_the_program_with_its_message(evaluate: Any) -> None:
    with pytest.raises(BicoastalError, match="does not hold a JSON object"):
        evaluate(overrides={"getSecretVersion": {"secretString": "plain-text"}})


def test_an_audit_log_is_kept_where_it_is_asked_for(default: Any, strict: Any) -> None:
    audited = {"server_audit_logging": "1", "server_audit_events": "CONNECT,QUERY_DCL,QUERY_DDL"}
    for program, logs in (
        (default, ["error", "slowquery"]),
        (strict, ["error", "slowquery", "audit"]),
    ):
        for cluster in program.of("Cluster"):
            assert cluster.inputs["enabledCloudwatchLogsExports"] == logs
            groups = [program.one("LogGroup", f"{cluster.name}-{log}") for log in logs]
            assert {group.urn for group in groups} <= set(cluster.dependencies)
        for group in program.of("ClusterParameterGroup"):
            values = {each["name"]: each["value"] for each in group.inputs["parameters"]}
            assert (audited.items() <= values.items()) is ("audit" in logs)
