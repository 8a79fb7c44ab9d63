"""The whole stack: regions, names, tags, outputs, secrets, and what it refuses."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bicoastal.settings import (
    InvalidSettingsError,
    Settings,
    TapStackArgs,
    load,
    region_code,
)
from bicoastal.stack import TapStack
from bicoastal.stack.tap_stack import accept

OTHER = "o" * 50
SECRET_ARN = "arn:aws:secretsmanager:us-east-1:123456789012:secret:bicoastal/dev-AbCdEf"
PASSWORD = "correct-horse-battery"
GLOBAL_SERVICES = ("aws:budgets/", "aws:iam/", "aws:route53/")


def test_registers_a_whole_stack(default: Any) -> None:
    assert len(default.custom) >= 60
    names = [(found.type, found.name) for found in default.resources]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("which", ("default", "public", "production", "european"))
def test_every_resource_has_an_explicit_provider_of_its_own_region(
    which: str, request: pytest.FixtureRequest
) -> None:
    program = request.getfixturevalue(which)
    providers = {found.inputs["region"]: found.name for found in program.of("aws")}
    home = next(region for token, region, _ in program.invokes if "getSecretVersion" in token)
    assert providers == {region: f"aws-{region_code(region)}" for region in providers}
    by_code = {region_code(region): region for region in providers}
    for found in program.custom:
        codes = [by_code[part] for part in found.name.split("-") if part in by_code]
        if found.type.startswith(GLOBAL_SERVICES) or not codes:
            expected = home
        elif "PeeringConnectionAccepter" in found.type or found.name.endswith("-accepter"):
            expected = codes[1]
        elif found.type.endswith(":Route"):
            expected = codes[-1]
        else:
            expected = codes[0]
        assert found.region == expected, (found.type, found.name)
        assert program.takes(found, "region") != found.type.startswith(GLOBAL_SERVICES)


def test_each_region_has_a_provider_and_metrics_of_health_checks_have_theirs(european: Any) -> None:
    assert {found.inputs["region"] for found in european.of("aws")} == {
        "eu-central-1",
        "eu-west-1",
        "eu-west-3",
        "us-east-1",
    }
    elsewhere = [found for found in european.custom if found.region == "us-east-1"]
    assert {found.type.rpartition(":")[2] for found in elsewhere} == {
        "Topic",
        "TopicPolicy",
        "MetricAlarm",
    }


@pytest.mark.parametrize("which", ("default", "public", "production", "european"))
def test_everything_that_takes_tags_has_them(which: str, request: pytest.FixtureRequest) -> None:
    program = request.getfixturevalue(which)
    suffix = {"production": "live", "european": OTHER}.get(which, "dev")
    wanted = {
        "Environment": suffix,
        "Project": "bicoastal",
        "CostCenter": "unassigned",
        "ManagedBy": "pulumi",
    }
    if which == "production":
        wanted["Team"] = "payments"
    for found in program.custom:
        if program.takes(found, "tags"):
            assert found.inputs["tags"].items() >= wanted.items(), (found.type, found.name)
            assert found.inputs["tags"]["Name"], (found.type, found.name)
        else:
            assert "tags" not in found.inputs


def test_names_end_with_the_suffix_and_never_tell_a_role(production: Any) -> None:
    for found in production.custom:
        assert "live" in found.name.split("-"), (found.type, found.name)
        for role in ("primary", "secondary", "writer-e", "replica"):
            assert role not in found.name


def test_named_things_are_called_by_their_logical_names(default: Any) -> None:
    keys = ("name", "identifier", "clusterIdentifier", "globalClusterIdentifier")
    for found in default.custom:
        for key in keys:
            is_own = key == "name" or found.type.startswith("aws:rds/")
            is_reference = found.type.endswith(":ClusterInstance") and key == "clusterIdentifier"
            is_reference |= found.type.endswith(":Cluster") and key == "globalClusterIdentifier"
            if key in found.inputs and is_own and not is_reference:
                value = found.inputs[key]
                if not found.type.startswith(("aws:route53/", "aws:cloudwatch/logGroup")):
                    assert value.removeprefix("alias/") == found.name


@pytest.mark.parametrize("which", ("default", "european"))
def test_even_with_the_longest_suffix_names_fit_their_services(
    which: str, request: pytest.FixtureRequest
) -> None:
    program = request.getfixturevalue(which)
    limits = {
        "Role": 64,
        "Function": 64,
        "EventRule": 64,
        "Cluster": 63,
        "ClusterInstance": 63,
        "GlobalCluster": 63,
        "RolePolicy": 128,
        "MetricAlarm": 255,
        "SecurityGroup": 255,
        "SubnetGroup": 255,
        "ClusterParameterGroup": 255,
        "Table": 255,
        "Topic": 256,
    }
    for found in program.custom:
        assert len(found.name) <= limits.get(found.type.rpartition(":")[2], 128), found.name
        assert "--" not in found.name
        for value in found.inputs.get("tags", {}).values():
            assert len(value) <= 256


def test_outputs_tell_everything_that_a_caller_needs(default: Any) -> None:
    outputs = default.outputs
    home = "aurora-use1-dev.cluster-x1.us-east-1.rds.amazonaws.com"
    standby = "aurora-usw2-dev.cluster-x1.us-west-2.rds.amazonaws.com"
    assert outputs["primary_cluster_endpoint"] == home
    assert outputs["primary_cluster_reader_endpoint"] == home.replace("x1", "ro-x1")
    assert outputs["primary_cluster_arn"].endswith("us-east-1:123456789012:cluster:aurora-use1-dev")
    assert outputs["secondary_cluster_endpoint"] == standby
    assert outputs["secondary_cluster_reader_endpoint"] == standby.replace("x1", "ro-x1")
    assert outputs["secondary_cluster_arn"].endswith(":cluster:aurora-usw2-dev")
    assert outputs["global_cluster_id"] == "global-dev"
    assert outputs["global_writer_endpoint"] == "global-dev.global-x1.global.rds.amazonaws.com"
    assert outputs["member_endpoints"] == {"us-east-1": home, "us-west-2": standby}
    assert outputs["members"]["us-west-2"] == {
        "cluster_id": "aurora-usw2-dev",
        "arn": outputs["secondary_cluster_arn"],
        "endpoint": standby,
        "reader_endpoint": outputs["secondary_cluster_reader_endpoint"],
    }
    assert outputs["domain_name"] == "db-dev.example.com"
    assert outputs["zone_id"] == "Zexample.com"
    assert outputs["record_table"] == "record-dev"
    assert outputs["controllers"] == {
        "us-east-1": "control-use1-dev",
        "us-west-2": "control-usw2-dev",
    }
    assert outputs["probers"] == {
        "us-east-1": "probe-use1-dev",
        "us-west-2": "probe-usw2-dev",
        "us-east-2": "probe-use2-dev",
    }
    assert set(outputs["topic_arns"]) == {"us-east-1", "us-west-2"}
    assert outputs["latch"] == {
        "namespace": "Bicoastal",
        "metric": "HomeIsWriter",
        "dimension_name": "Cluster",
        "dimension_value": "global-dev",
        "period_s": 60,
        "regions": ["us-east-1", "us-west-2", "us-east-2"],
        "alarms": {
            "us-east-1": "latch-use1-dev",
            "us-west-2": "latch-usw2-dev",
            "us-east-2": "latch-use2-dev",
        },
    }
    assert outputs["status_check"] == "latch-dev"
    assert set(outputs["health_checks"]) == {
        "latch-dev",
        *outputs["latch"]["alarms"].values(),
    }


def test_without_a_latch_the_outputs_name_none(production: Any) -> None:
    assert production.outputs["latch"]["regions"] == []
    assert production.outputs["latch"]["alarms"] == {}
    assert production.outputs["health_checks"] == {}
    assert production.outputs.get("status_check") is None


def test_the_password_goes_to_the_seed_alone_and_is_never_readable(default: Any) -> None:
    holders = [
        (found.name, key)
        for found in default.resources
        for key, value in found.inputs.items()
        if PASSWORD in json.dumps(value, default=str)
    ]
    assert holders == [("aurora-use1-dev", "masterPasswordWo")]
    for found in default.resources:
        assert PASSWORD not in json.dumps(found.readable), found.name
    # What is read from the secret is secret as a whole, the user's name included.
    seed = default.one("Cluster", "aurora-use1-dev")
    assert seed.readable["masterUsername"] == seed.readable["masterPasswordWo"] == "[secret]"
    assert PASSWORD not in json.dumps(default.outputs)
    assert default.readable_outputs == default.outputs


def test_without_a_secret_nothing_is_registered(run_program: Any) -> None:
    def build() -> None:
        with pytest.raises(InvalidSettingsError) as caught:
            TapStack("bicoastal", TapStackArgs())
        (finding,) = caught.value.findings
        assert finding.key == "secretArn"
        assert finding.severity == "error"
        assert "pulumi config set" in finding.cure

    program = run_program(build)
    assert program.resources == []
    assert program.invokes == []


def test_what_is_remarkable_is_said_but_does_not_stop_the_program(public: Any) -> None:
    settings = load(
        {
            "secretArn": SECRET_ARN,
            "dns": {"mode": "health-check"},
            "health": {"endpointCheck": "public"},
        }
    )
    secret_arn, remarks = accept(settings)
    assert secret_arn == SECRET_ARN
    by_rule = {remark.rule_id: remark.severity for remark in remarks}
    assert "warning" in by_rule.values()
    for rule, severity in by_rule.items():
        assert [level for level, text in public.said if rule in text][:1] == [severity]


def test_settings_that_were_made_without_their_rules_are_still_refused() -> None:
    with pytest.raises(InvalidSettingsError, match="us-west-1"):
        accept(Settings(secret_arn=SECRET_ARN.replace("us-east-1", "us-west-1")))


def test_a_role_swap_asks_for_no_change(default: Any, evaluate: Any) -> None:
    home, standby = (
        default.outputs["primary_cluster_arn"],
        default.outputs["secondary_cluster_arn"],
    )
    swapped = evaluate(
        overrides={
            "state of aurora-use1-dev": {"replicationSourceIdentifier": standby},
            "state of aurora-usw2-dev": {"replicationSourceIdentifier": ""},
            "state of global-dev": {
                "globalClusterMembers": [
                    {"dbClusterArn": home, "isWriter": False},
                    {"dbClusterArn": standby, "isWriter": True},
                ]
            },
        }
    )

    def asked(program: Any) -> list[tuple[str, str]]:
        return sorted(
            (found.urn, json.dumps(found.inputs, sort_keys=True, default=repr).split(" object")[0])
            for found in program.resources
        )

    assert asked(swapped) == asked(default)


def test_a_preview_registers_the_same_resources(default: Any, evaluate: Any) -> None:
    preview = evaluate(preview=True)
    assert {found.urn for found in preview.resources} == {found.urn for found in default.resources}
