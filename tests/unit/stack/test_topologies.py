"""Each topology: what it consists of, by region, and what a preview sees of it.

`<topology>.yaml` is its stack file and `<topology>.json` what `bicoastal plan --json --stack
<topology>.yaml` prints: run that to write one anew, and read the difference.
"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from bicoastal.cli.app import app
from bicoastal.settings import region_code, validate_stack_file

FOLDER = Path(__file__).with_name("topologies")
TOPOLOGIES = sorted(file.stem for file in FOLDER.glob("*.yaml"))
TAGS = {
    "Environment": "dev",
    "Project": "bicoastal",
    "CostCenter": "research",
    "ManagedBy": "pulumi",
}
KEYS = ("kmsKeyId", "kmsMasterKeyId", "kmsKeyArn")
HOME, STANDBY, WITNESS = "us-east-1", "us-west-2", "us-east-2"
FURTHER = ("eu-west-1", "ap-southeast-2")


def keys_of(topology: str) -> dict[str, Any]:
    config = yaml.safe_load((FOLDER / f"{topology}.yaml").read_text())["config"]
    return {key.removeprefix("bicoastal:"): value for key, value in config.items()}


@pytest.fixture(params=TOPOLOGIES)
def topology(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def program(topology: str, evaluate: Any) -> Any:
    return evaluate(**keys_of(topology))


def instances(program: Any) -> Counter[str]:
    return Counter(found.region for found in program.of("ClusterInstance"))


def test_the_plan_is_the_one_that_was_agreed(topology: str) -> None:
    file = FOLDER / f"{topology}.yaml"
    result = CliRunner().invoke(app, ["plan", "--json", "--stack", str(file)])
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout) == json.loads(file.with_suffix(".json").read_text())


def test_the_stack_file_may_be_deployed(topology: str) -> None:
    found = validate_stack_file(FOLDER / f"{topology}.yaml", deploying=True)
    assert [finding.rule_id for finding in found if finding.severity == "error"] == []


def test_what_was_planned_is_what_is_registered(topology: str, program: Any) -> None:
    planned = json.loads((FOLDER / f"{topology}.json").read_text())
    registered = [[found.region, found.type, found.name] for found in program.custom]
    assert sorted(registered) == [[one["region"], one["type"], one["name"]] for one in planned]


def test_everything_that_takes_tags_has_them(program: Any) -> None:
    untagged = [
        found.name
        for found in program.custom
        if program.takes(found, "tags")
        and not (found.inputs["tags"].items() >= TAGS.items() and found.inputs["tags"]["Name"])
    ]
    assert untagged == []


def test_everything_is_encrypted_with_the_key_of_its_own_region(
    topology: str, program: Any
) -> None:
    encrypted = {
        (found.region, found.inputs[key]) for found in program.custom for key in KEYS
        if key in found.inputs
    }  # fmt: skip
    assert encrypted == {
        (region, f"arn:aws:key:{region}:123456789012:aurora-{region_code(region)}-dev")
        for region in (HOME, STANDBY, *(FURTHER if topology == "further-standbys" else ()))
    }
    for cluster in program.of("Cluster"):
        assert cluster.inputs["storageEncrypted"] is True
        assert f":{cluster.region}:" in cluster.inputs["kmsKeyId"]


def test_a_preview_that_knows_nothing_registers_the_same(
    topology: str, program: Any, evaluate: Any
) -> None:
    """No branch hangs on what only AWS can tell, which a first preview does not know."""
    preview = evaluate(preview=True, knows_nothing=True, **keys_of(topology))
    assert {found.urn for found in preview.resources} == {found.urn for found in program.resources}
    named = [found.inputs.get("dbSubnetGroupName") for found in preview.of("Cluster")]
    assert not {"subnets-use1-dev", "subnets-usw2-dev"} & set(named), "it knew what it was told"


# --- what tells them apart ----------------------------------------------------------------------
def test_a_headless_standby_has_all_but_instances(evaluate: Any) -> None:
    headless = evaluate(**keys_of("headless"))
    assert instances(headless) == {HOME: 1}
    home, standby = (
        next(found for found in headless.of("Cluster") if found.region == region)
        for region in (HOME, STANDBY)
    )
    assert standby.inputs["globalClusterIdentifier"] == home.inputs["globalClusterIdentifier"]
    assert standby.inputs["kmsKeyId"] == f"arn:aws:key:{STANDBY}:123456789012:aurora-usw2-dev"
    assert [role.name for role in headless.of("Role") if role.name.startswith("mon-")] == [
        "mon-use1-dev"
    ]
    # An alarm on silence would never be quiet where nothing is to be heard.
    watched = {
        found.name.partition("-")[0]
        for found in headless.of("MetricAlarm")
        if found.region == STANDBY and "DBClusterIdentifier" in found.inputs.get("dimensions", {})
    }
    assert watched == {"storage", "rpo", "lag"}


def test_a_replica_follows_the_home_member_outside_a_global_database(evaluate: Any) -> None:
    program = evaluate(**keys_of("binlog-replica"))
    assert program.of("GlobalCluster") == []
    home, standby = (
        next(found for found in program.of("Cluster") if found.region == region)
        for region in (HOME, STANDBY)
    )
    source = "arn:aws:rds:us-east-1:123456789012:cluster:aurora-use1-dev"
    assert standby.inputs["replicationSourceIdentifier"] == source
    # After a promotion the live cluster has no source any more, and that is no difference.
    assert "replicationSourceIdentifier" in standby.ignores
    assert "sourceRegion" not in standby.inputs
    given = {"masterUsername", "masterPasswordWo", "masterPasswordWoVersion", "databaseName"}
    assert set(home.inputs) - set(standby.inputs) == given
    assert set(standby.inputs) - set(home.inputs) == {"replicationSourceIdentifier"}
    assert program.one("ClusterInstance", "db-use1-1-dev").urn in standby.dependencies
    for group in program.of("ClusterParameterGroup"):
        binlog = {"name": "binlog_format", "value": "MIXED", "applyMethod": "pending-reboot"}
        assert binlog in group.inputs["parameters"]
    assert {one.inputs["instanceClass"] for one in program.of("ClusterInstance")} == {
        "db.t4g.medium"
    }


def test_a_replica_is_watched_and_never_promoted(evaluate: Any) -> None:
    program = evaluate(**keys_of("binlog-replica"))
    for region in (HOME, STANDBY):
        code = region_code(region)
        lag = program.one("MetricAlarm", f"lag-{code}-dev")
        assert (lag.inputs["metricName"], lag.inputs["threshold"]) == ("AuroraBinlogReplicaLag", 5)
        broken = program.one("MetricAlarm", f"binlog-{code}-dev")
        assert (broken.inputs["metricName"], broken.inputs["threshold"]) == (
            "AuroraBinlogReplicaLag", 0,
        )  # fmt: skip
        assert broken.inputs["comparisonOperator"] == "LessThanThreshold"
        (policy,) = (p for p in program.of("RolePolicy") if p.name == f"control-{code}-dev")
        allowed = json.dumps(policy.policy())
        assert "rds:DescribeDBClusters" in allowed
        assert "Global" not in allowed
        assert "Promote" not in allowed
        function = program.one("Function", f"control-{code}-dev")
        config = json.loads(function.inputs["environment"]["variables"]["BICOASTAL_CONFIG"])
        assert (config["topology"], config["mode"]) == ("binlog-replica", "observe")
        assert config["cluster"] == config["latch"]["dimension_value"] == "global-dev"


def test_only_a_global_database_has_outputs_of_one(evaluate: Any) -> None:
    alone = {"global_cluster_id", "global_writer_endpoint"}
    whole = set(evaluate(**keys_of("global-serverless")).outputs)
    assert whole - set(evaluate(**keys_of("binlog-replica")).outputs) == alone
    assert evaluate(**keys_of("binlog-replica")).outputs["latch"]["dimension_value"] == "global-dev"


def test_the_oldest_burstable_classes_have_no_insights(evaluate: Any) -> None:
    old = keys_of("binlog-replica") | {"database": {"instanceClass": "db.t3.medium"}}
    for keys, insights in ((old, None), (keys_of("binlog-replica"), "standard")):
        for cluster in evaluate(**keys).of("Cluster"):
            assert cluster.inputs.get("databaseInsightsMode") == insights


def test_both_members_have_the_storage_that_was_asked_for(evaluate: Any) -> None:
    optimized, standard = (
        [found.inputs.get("storageType") for found in evaluate(**keys_of(name)).of("Cluster")]
        for name in ("io-optimized", "global-provisioned")
    )
    assert optimized == ["aurora-iopt1"] * 2
    assert standard == [None] * 2  # AWS reads it back empty


# --- further standbys ---------------------------------------------------------------------------
@pytest.fixture
def five(evaluate: Any) -> Any:
    """Two further standbys, so that five regions hold something."""
    return evaluate(**keys_of("further-standbys"))


def test_a_further_standby_is_a_member_like_the_standby(five: Any) -> None:
    """Whatever the standby's region has for its member, each further one has, under its name."""
    function = (
        "probe", "control", "errors", "throttles", "silent", "down", "blind", "votes",
        "maintenance", "outage",
    )  # fmt: skip
    peering = (
        "VpcPeeringConnection", "VpcPeeringConnectionAccepter", "Route", "SecurityGroupIngressRule",
    )  # fmt: skip

    def made(region: str) -> list[tuple[str, str]]:
        code = region_code(region)
        return sorted(
            (found.type, found.name.replace(f"-{code}-", "-here-"))
            for found in five.custom
            if found.region == region
            and not found.name.startswith(function)
            and found.type.rpartition(":")[2] not in peering
        )

    for region in FURTHER:
        assert made(region) == made(STANDBY)
    standby, *further = (
        next(found for found in five.of("Cluster") if found.region == region)
        for region in (STANDBY, *FURTHER)
    )
    own = {
        "clusterIdentifier", "dbSubnetGroupName", "dbClusterParameterGroupName", "kmsKeyId",
        "vpcSecurityGroupIds", "tags",
    }  # fmt: skip
    for cluster in further:
        differing = {
            key for key in cluster.inputs if cluster.inputs[key] != standby.inputs.get(key)
        }
        assert differing == own
        assert set(cluster.inputs) == set(standby.inputs)
        assert cluster.ignores == standby.ignores


def test_members_join_one_after_the_other(five: Any) -> None:
    instances = {found.region: found.urn for found in five.of("ClusterInstance")}
    order = (HOME, STANDBY, *FURTHER)
    for place, region in enumerate(order):
        cluster = next(found for found in five.of("Cluster") if found.region == region)
        waits_for = {other for other in order if instances[other] in cluster.dependencies}
        assert waits_for == set(order[:place])


def test_each_witness_reaches_each_further_standby_and_nobody_else_does(five: Any) -> None:
    peerings = {found.name for found in five.of("VpcPeeringConnection")}
    witnesses = [region_code(region) for region in (HOME, STANDBY, WITNESS)]
    among = {"peer-use1-usw2-dev", "peer-use1-use2-dev", "peer-usw2-use2-dev"}
    to_further = {
        f"peer-{witness}-{region_code(region)}-dev" for witness in witnesses for region in FURTHER
    }
    assert peerings == among | to_further
    for region in FURTHER:
        group = f"db-{region_code(region)}-dev"
        admitted = {
            rule.inputs["cidrIpv4"]: rule.name for rule in five.of("SecurityGroupIngressRule")
            if rule.name.startswith(group)
        }  # fmt: skip
        assert set(admitted) == {"10.10.0.0/16", "10.20.0.0/16", "10.30.0.0/16"}
        (vpc,) = (found for found in five.of("Vpc") if found.region == region)
        for witness in witnesses:
            rule = five.one(
                "SecurityGroupEgressRule", f"probe-{witness}-dev-to-{region_code(region)}"
            )
            assert rule.inputs["cidrIpv4"] == vpc.inputs["cidrBlock"]


def test_functions_and_record_stay_with_the_pair(five: Any) -> None:
    assert {found.name for found in five.of("Function")} == {
        "probe-use1-dev", "probe-usw2-dev", "probe-use2-dev", "control-use1-dev",
        "control-usw2-dev",
    }  # fmt: skip
    (table,) = five.of("Table")
    assert [replica["regionName"] for replica in table.inputs["replicas"]] == [STANDBY]
    variables = {
        found.name: json.loads(found.inputs["environment"]["variables"]["BICOASTAL_CONFIG"])
        for found in five.of("Function")
    }
    for name, config in variables.items():
        assert config["further"] == list(FURTHER), name
        assert set(config["members"]) == {HOME, STANDBY, *FURTHER}, name
    assert set(variables["control-use1-dev"]["witnesses"]) == {HOME, STANDBY, WITNESS}


def test_a_controller_may_promote_the_pair_and_nobody_else(five: Any) -> None:
    for code in ("use1", "usw2"):
        (policy,) = (p for p in five.of("RolePolicy") if p.name == f"control-{code}-dev")
        (allowed,) = (s for s in policy.policy() if s["Sid"] == "FailOver")
        assert allowed["Resource"] == [
            "arn:aws:rds::123456789012:global-cluster:global-dev",
            "arn:aws:rds:us-east-1:123456789012:cluster:aurora-use1-dev",
            "arn:aws:rds:us-west-2:123456789012:cluster:aurora-usw2-dev",
        ]


def test_a_key_lets_in_only_the_logs_that_its_region_has(five: Any) -> None:
    for region, functions in ((STANDBY, True), (FURTHER[0], False)):
        (key,) = (found for found in five.of("Key") if found.region == region)
        (logs,) = (s for s in key.policy() if s["Sid"] == "Logs")
        groups = logs["Condition"]["ArnLike"]["kms:EncryptionContext:aws:logs:arn"]
        assert any("/aws/lambda/" in group for group in groups) is functions
        assert any("/aws/rds/cluster/" in group for group in groups)
        assert any("/aws/vpc/" in group for group in groups)


def test_a_dashboard_shows_votes_where_a_controller_counts_them(five: Any) -> None:
    for region, votes in ((STANDBY, True), (FURTHER[0], False)):
        (board,) = (found for found in five.of("Dashboard") if found.region == region)
        titles = {
            widget["properties"]["title"]
            for widget in json.loads(board.inputs["dashboardBody"])["widgets"]
        }
        assert ({"Witnesses that say DOWN", "Witnesses"} <= titles) is votes
        assert {"Lag, ms", "CPU, %"} <= titles
        # Only a controller can say that it is in maintenance: elsewhere nothing is muted.
        over = five.one(
            "CompositeAlarm", f"{'outage' if votes else 'page'}-{region_code(region)}-dev"
        )
        assert f"rpo-{region_code(region)}-dev" in over.inputs["alarmRule"]
        assert ("actionsSuppressor" in over.inputs) is votes


def test_the_outputs_name_every_member(five: Any) -> None:
    assert set(five.outputs["members"]) == {HOME, STANDBY, *FURTHER}
    assert five.outputs["secondary_cluster_arn"].endswith("aurora-usw2-dev")
    assert set(five.outputs["topic_arns"]) == {HOME, STANDBY, *FURTHER}


def test_headless_standbys_are_all_headless(evaluate: Any) -> None:
    keys = keys_of("further-standbys")
    headless = evaluate(
        **keys | {"database": {"headlessStandby": True}, "failover": {"mode": "approve"}}
    )
    assert instances(headless) == {HOME: 1}


def test_the_latch_stays_in_the_three_regions_of_the_witnesses(evaluate: Any) -> None:
    latched = evaluate(**keys_of("further-standbys") | {"dns": {"mode": "latch"}})
    assert latched.outputs["latch"]["regions"] == [HOME, STANDBY, WITNESS]
    checks = [found.name for found in latched.of("HealthCheck")]
    assert sorted(checks) == ["latch-dev", "latch-use1-dev", "latch-use2-dev", "latch-usw2-dev"]
    targets = {found.inputs["records"][0] for found in latched.of("Record")}
    assert {target.partition(".")[0] for target in targets} == {
        "aurora-use1-dev", "aurora-usw2-dev",
    }  # fmt: skip
