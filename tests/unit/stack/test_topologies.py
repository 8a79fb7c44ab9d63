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
HOME, STANDBY = "us-east-1", "us-west-2"


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


def test_everything_is_encrypted_with_the_key_of_its_own_region(program: Any) -> None:
    encrypted = {
        (found.region, found.inputs[key]) for found in program.custom for key in KEYS
        if key in found.inputs
    }  # fmt: skip
    assert encrypted == {
        (region, f"arn:aws:key:{region}:123456789012:aurora-{region_code(region)}-dev")
        for region in (HOME, STANDBY)
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
