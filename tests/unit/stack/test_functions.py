"""Probers, controllers, their code, their schedule and the record that they share."""

from __future__ import annotations

import base64
import hashlib
import io
import zipfile
from pathlib import Path
from typing import Any

import pytest

from bicoastal.errors import BicoastalError
from bicoastal.failover import bundle, handlers
from bicoastal.failover.config import ControllerConfig, ProberConfig
from bicoastal.stack.functions import cache_folder, write_code

OTHER = "o" * 50
CODES = {"us-east-1": "use1", "us-west-2": "usw2", "us-east-2": "use2"}
MEMBERS = ("us-east-1", "us-west-2")


def config(program: Any, name: str) -> str:
    return str(program.one("Function", name).inputs["environment"]["variables"]["BICOASTAL_CONFIG"])


@pytest.mark.parametrize("region", CODES)
def test_each_region_has_a_prober_inside_its_vpc(default: Any, region: str) -> None:
    code = CODES[region]
    function = default.one("Function", f"probe-{code}-dev")
    assert function.region == region
    assert function.inputs["vpcConfig"] == {
        "subnetIds": [f"Subnet-private-{code}-1-dev", f"Subnet-private-{code}-2-dev"],
        "securityGroupIds": [f"SecurityGroup-probe-{code}-dev"],
    }
    assert function.inputs["handler"] == "bicoastal.failover.handlers.prober"
    assert "reservedConcurrentExecutions" not in function.inputs


@pytest.mark.parametrize("region", CODES)
def test_a_prober_knows_every_member_s_own_endpoint(default: Any, region: str) -> None:
    known = ProberConfig.from_json(config(default, f"probe-{CODES[region]}-dev"))
    assert known.region == region
    assert {member: (found.host, found.port) for member, found in known.members.items()} == {
        member: (default.outputs["member_endpoints"][member], 3306) for member in MEMBERS
    }
    assert known.timeout_s == 2.0


@pytest.mark.parametrize("region", MEMBERS)
def test_each_member_region_has_one_controller_outside_any_vpc(default: Any, region: str) -> None:
    function = default.one("Function", f"control-{CODES[region]}-dev")
    assert function.region == region
    assert "vpcConfig" not in function.inputs
    assert function.inputs["reservedConcurrentExecutions"] == 1
    assert function.inputs["handler"] == "bicoastal.failover.handlers.controller"
    known = ControllerConfig.from_json(config(default, function.name))
    assert function.inputs["timeout"] > known.run_s
    assert len([found for found in default.of("Function") if found.name[:7] == "control"]) == 2


@pytest.mark.parametrize("region", MEMBERS)
def test_a_controller_knows_what_it_may_have_to_do(default: Any, region: str) -> None:
    known = ControllerConfig.from_json(config(default, f"control-{CODES[region]}-dev"))
    assert (known.cluster, known.region, known.home_region) == ("global-dev", region, "us-east-1")
    assert {member: (found.arn, found.cluster_id) for member, found in known.members.items()} == {
        member: (found["arn"], found["cluster_id"])
        for member, found in default.outputs["members"].items()
    }
    assert known.witnesses == default.outputs["probers"]
    assert known.table == "record-dev"
    assert known.topic_arn == default.outputs["topic_arns"][region]
    assert known.latch.regions == ("us-east-1", "us-west-2", "us-east-2")
    assert (known.latch.namespace, known.latch.metric) == ("Bicoastal", "HomeIsWriter")
    assert (known.latch.dimension_name, known.latch.dimension_value) == ("Cluster", "global-dev")


def test_the_policy_of_failover_reaches_the_controllers(european: Any) -> None:
    for code in ("euc1", "euw1"):
        known = ControllerConfig.from_json(config(european, f"control-{code}-{OTHER}"))
        assert known.mode == "approve"
        assert known.probe_interval_s == 20
        assert known.threshold == 5
        assert known.grace_s == 40
        assert known.quorum == 3
        assert known.cooldown_s == 7200
        assert known.rpo_budget_s == 11
        assert known.promotion_timeout_s == 1200
        assert known.clean_rounds == 4
    prober = ProberConfig.from_json(config(european, f"probe-euw3-{OTHER}"))
    assert prober.timeout_s == 3
    assert european.one("Function", f"probe-euw3-{OTHER}").inputs["timeout"] == 2 * 5 * 3 + 5


def test_a_witness_logs_in_where_it_is_asked_to(default: Any, production: Any) -> None:
    shallow = ProberConfig.from_json(config(default, "probe-use2-dev"))
    assert (shallow.probe_user, shallow.heartbeat, shallow.ca_file) == (None, None, None)
    name = next(f.inputs["name"] for f in production.of("Function") if "probe" in f.inputs["name"])
    deep = ProberConfig.from_json(config(production, name))
    assert (deep.probe_user, deep.heartbeat) == ("bicoastal_probe", "bicoastal.heartbeat")


def test_controllers_set_no_latch_that_dns_does_not_follow(public: Any) -> None:
    known = ControllerConfig.from_json(config(public, "control-usw2-dev"))
    assert known.latch.regions == ()


def test_functions_run_the_bundle_on_arm(default: Any) -> None:
    digest = bundle.digest()
    for function in default.of("Function"):
        assert function.inputs["runtime"] == "python3.13"
        assert function.inputs["architectures"] == ["arm64"]
        assert function.inputs["sourceCodeHash"] == digest
        code = Path(function.inputs["code"].path)
        assert code.is_absolute()
        assert code.read_bytes() == bundle.build()
        module, _, name = function.inputs["handler"].rpartition(".")
        assert module == handlers.__name__
        assert callable(getattr(handlers, name))
        member = f"{module.replace('.', '/')}.py"
        assert member in zipfile.ZipFile(io.BytesIO(code.read_bytes())).namelist()


def test_log_groups_and_roles_exist_before_their_functions(default: Any) -> None:
    for function in default.of("Function"):
        group = default.one("LogGroup", function.name)
        assert group.inputs["name"] == f"/aws/lambda/{function.name}"
        assert group.inputs["retentionInDays"] == 30
        assert group.region == function.region
        assert ("kmsKeyId" in group.inputs) == (function.region in MEMBERS)
        policy = default.one("RolePolicy", function.name)
        assert {group.urn, policy.urn} <= set(function.dependencies)
        role = default.one("Role", function.name)
        (trusted,) = role.policy("assumeRolePolicy")
        assert trusted["Principal"] == {"Service": "lambda.amazonaws.com"}
        assert function.inputs["role"].endswith(f":{role.name}")
        assert policy.inputs["role"] == role.name


@pytest.mark.parametrize("region", MEMBERS)
def test_each_controller_runs_once_a_minute(default: Any, region: str) -> None:
    name = f"control-{CODES[region]}-dev"
    rule = default.one("EventRule", name)
    assert rule.region == region
    assert rule.inputs["scheduleExpression"] == "rate(1 minute)"
    assert rule.inputs["state"] == "ENABLED"
    target = default.one("EventTarget", name)
    assert target.inputs["rule"] == name
    assert target.inputs["arn"].endswith(f"function:{region}:123456789012:{name}")
    assert target.inputs["retryPolicy"] == {
        "maximumEventAgeInSeconds": 60,
        "maximumRetryAttempts": 0,
    }
    permission = default.one("Permission", name)
    assert permission.inputs["principal"] == "events.amazonaws.com"
    assert permission.inputs["action"] == "lambda:InvokeFunction"
    assert permission.inputs["function"] == name
    assert permission.inputs["sourceArn"].endswith(f"eventrule:{region}:123456789012:{name}")
    assert permission.urn in target.dependencies


def test_the_record_is_strongly_consistent_over_three_regions(
    default: Any, production: Any
) -> None:
    (table,) = default.of("Table")
    assert table.region == "us-east-1"
    inputs = table.inputs
    assert (inputs["hashKey"], inputs["attributes"]) == (
        "cluster",
        [{"name": "cluster", "type": "S"}],
    )
    assert "rangeKey" not in inputs
    (replica,) = inputs["replicas"]
    assert (replica["regionName"], replica["consistencyMode"]) == ("us-west-2", "STRONG")
    assert replica["propagateTags"] is True
    assert inputs["globalTableWitness"] == {"regionName": "us-east-2"}
    assert inputs["billingMode"] == "PAY_PER_REQUEST"
    assert inputs["pointInTimeRecovery"] == {"enabled": True}
    assert inputs["deletionProtectionEnabled"] is False
    (protected,) = production.of("Table")
    assert protected.inputs["deletionProtectionEnabled"] is True
    assert protected.inputs["replicas"][0]["deletionProtectionEnabled"] is True


def test_the_code_is_written_once_and_mended_if_it_is_incomplete(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "cache"
    path = write_code(folder)
    digest = base64.b64encode(hashlib.sha256(path.read_bytes()).digest()).decode()
    assert digest == bundle.digest()
    written = path.stat()
    assert write_code(folder) == path
    assert (path.stat().st_ino, path.stat().st_mtime_ns) == (written.st_ino, written.st_mtime_ns)
    path.write_bytes(b"half")
    assert write_code(folder).read_bytes() == bundle.build()
    assert list(folder.iterdir()) == [path]


def test_a_folder_that_cannot_be_written_to_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(BicoastalError, match=r"cannot be written to .*file.* XDG_CACHE_HOME"):
        write_code(tmp_path / "file")


def test_the_cache_follows_the_base_directory_specification(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder() == tmp_path / "bicoastal"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache_folder() == tmp_path / ".cache" / "bicoastal"
