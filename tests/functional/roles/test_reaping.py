"""What is deployed, priced as AWS describes it, and reaped when it has outlived its purpose.

The last test destroys the stack.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from typer.testing import CliRunner

from bicoastal.cli.app import app
from bicoastal.failover.config import PACE_VARIABLE
from bicoastal.failover.record import Note, RecordStore
from bicoastal.failover.state import State
from bicoastal.live import asking
from bicoastal.operate import pulumi_cli

from .conftest import CODES, HOME, PACE, STANDBY, TOPOLOGIES, Deploy, Deployed

LOOK = ("--region", HOME, "--region", STANDBY)
Later = Callable[[float], None]
Run = Callable[..., Any]


@pytest.fixture(scope="module")
def deployed(deploy: Deploy) -> Deployed:
    made = deploy("global-serverless", whole=True, expires_after="4h")
    made.up()
    for region, code in CODES.items():
        made.aws.client("events", region).disable_rule(Name=f"control-{code}-dev")
    return made


@pytest.fixture(scope="module")
def session() -> Any:
    """One session for all commands: reading the models of the services takes a second."""
    return boto3.session.Session()


@pytest.fixture
def run(deployed: Deployed, session: Any, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setattr("bicoastal.failover.gateway.boto3.session.Session", lambda: session)
    # The lab loads a service when it is first asked, which takes long on a busy machine.
    monkeypatch.setattr(asking, "READ_TIMEOUT_S", 60.0)

    variables = {**deployed.aws.variables, PACE_VARIABLE: str(PACE)}

    def invoke(*arguments: str, typed: str | None = None) -> Any:
        return CliRunner(env=variables).invoke(app, arguments, input=typed)

    return invoke


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Later:
    """Lets some hours go by for the command."""

    def go(hours: float) -> None:
        at = datetime.now(UTC) + timedelta(hours=hours)
        monkeypatch.setattr("bicoastal.cli.reap._now", lambda: at)

    return go


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The stack file that the stack was deployed from, in the current folder."""
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "Pulumi.dev.yaml"
    stack = (TOPOLOGIES / "global-serverless.yaml").read_text()
    file.write_text(stack + "  bicoastal:expiresAfter: 4h\n")
    return file


@pytest.fixture
def with_pulumi(file: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The same, and a program called pulumi, which is looked for before anything is done."""
    program = file.with_name("pulumi")
    program.write_text("#!/bin/sh\nexit 1\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(file.parent), prepend=":")
    return file


def body(result: Any, code: int) -> Any:
    assert result.exit_code == code, result.output
    return json.loads(result.stdout)


def test_what_was_deployed_costs_what_was_estimated(run: Run, file: Path) -> None:
    found = body(run("cost", str(file), "--diff", "deployed", "--json"), 0)
    assert found["differences"] == []
    assert found["pastTotalMonthlyCost"] == found["totalMonthlyCost"] == "101.83"
    assert not [line for line in found["warnings"] if "own quantity stands" in line]


def test_what_was_changed_by_hand_is_priced(deployed: Deployed, run: Run, file: Path) -> None:
    rds, cloudwatch = (
        deployed.aws.client("rds", STANDBY),
        deployed.aws.client("cloudwatch", STANDBY),
    )
    scaling = {"MinCapacity": 0.5, "MaxCapacity": 2.0}
    cluster = {"DBClusterIdentifier": "aurora-usw2-dev", "ApplyImmediately": True}
    (alarm,) = cloudwatch.describe_alarms(AlarmNames=["cpu-usw2-dev"])["MetricAlarms"]
    size = {"MetricName": "VolumeBytesUsed", "Value": 40 * 1024**3, "Unit": "Bytes"}
    size["Dimensions"] = [{"Name": "DBClusterIdentifier", "Value": "aurora-usw2-dev"}]
    cloudwatch.put_metric_data(Namespace="AWS/RDS", MetricData=[size])
    cloudwatch.delete_alarms(AlarmNames=["cpu-usw2-dev"])
    rds.modify_db_cluster(
        **cluster, ServerlessV2ScalingConfiguration={**scaling, "MinCapacity": 1.5}
    )
    try:
        found = body(run("cost", str(file), "--diff", "deployed", "--json"), 0)
    finally:
        rds.modify_db_cluster(**cluster, ServerlessV2ScalingConfiguration=scaling)
        cloudwatch.put_metric_alarm(
            **{
                key: alarm[key]
                for key in (
                    "AlarmName", "ComparisonOperator", "EvaluationPeriods", "MetricName",
                    "Namespace", "Period", "Statistic", "Threshold",
                )
            }
        )  # fmt: skip
    changes = {
        (entry["region"], entry["figure"]): (
            entry["old"]["monthlyQuantity"],
            entry["new"]["monthlyQuantity"],
        )
        for entry in found["differences"]
    }
    assert changes == {
        (STANDBY, "aurora:acu/aurora"): ("1095", "365"),
        (STANDBY, "aurora:storage/aurora"): ("40", "10"),
        (STANDBY, "cloudwatch:alarm"): ("15", "16"),
    }
    assert found["diffTotalMonthlyCost"] == "-90.50"  # 730 x 0.12, 30 x 0.10, less an alarm


def test_it_is_listed_with_its_price_when_it_has_expired(run: Run, later: Later) -> None:
    found = body(run("reap", *LOOK, "--json"), 0)
    assert (found["expired"], found["notRead"]) == ([], [])
    assert [each["environment"] for each in found["living"]] == ["dev"]
    later(5)
    (dev,) = body(run("reap", *LOOK, "--json"), 1)["expired"]
    assert (dev["regions"], dev["expiresAfter"]) == ([HOME, STANDBY], "4h")
    assert 3600 <= dev["overdueS"] < 3600 + 900
    assert float(dev["monthlyUsd"]) == pytest.approx(101.83, abs=5)  # and what has been written
    text = run("reap", *LOOK)
    assert text.exit_code == 1
    assert "dev          us-east-1, us-west-2" in text.stdout


def test_without_regions_all_of_the_account_are_asked(run: Run) -> None:
    assert [each["environment"] for each in body(run("reap", "--json"), 0)["living"]] == ["dev"]


def test_it_is_not_destroyed_during_a_failover(
    deployed: Deployed, run: Run, later: Later, with_pulumi: Path
) -> None:
    table = deployed.aws.client("dynamodb", STANDBY)
    store = RecordStore(table, "record-dev", "global-dev", HOME)
    record = store.read()
    busy = replace(record, state=State.PROMOTING, target_region=STANDBY)
    store.write(record, busy, Note(0.0, "test", "a failover"))
    later(5)
    found = body(run("reap", *LOOK, "--destroy", "--yes", "--json"), 1)
    table.delete_item(TableName="record-dev", Key={"cluster": {"S": "global-dev"}})
    (outcome,) = found["outcomes"]
    assert "PROMOTING" in outcome["refused"].upper()
    clusters = deployed.aws.client("rds", HOME).describe_db_clusters()["DBClusters"]
    assert [cluster["DBClusterIdentifier"] for cluster in clusters] == ["aurora-use1-dev"]


def test_it_is_destroyed_when_somebody_types_its_name(
    deployed: Deployed, run: Run, later: Later, with_pulumi: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        pulumi_cli.PulumiCli, "destroy", lambda _self: deployed.deployment.destroy()
    )
    later(5)
    done = run("reap", *LOOK, "--destroy", typed="dev\n")
    assert done.exit_code == 0, done.output
    assert "dev: nothing is left" in done.output
    assert body(run("reap", *LOOK, "--json"), 0)["living"] == []
