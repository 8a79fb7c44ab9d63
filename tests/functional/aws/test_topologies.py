"""The topology that is no global database, on real databases: promoted by hand, left alone."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from bicoastal.cli.app import app
from bicoastal.cli.stackfile import PLACEHOLDER_SECRET
from bicoastal.failover.state import State
from bicoastal.failover.store import RecordStore
from bicoastal.lab.drill.environment import Environment
from bicoastal.lab.engine import Deployment
from bicoastal.lab.planning import PROJECT, pulumi_config
from bicoastal.lab.provider import LabProvider
from bicoastal.lab.waiting import wait_until
from bicoastal.operate.inventory import inventory
from bicoastal.settings import load
from bicoastal.stack.program import program

pytestmark = pytest.mark.lab

HOME, STANDBY = "us-east-1", "us-west-2"
WHY = ("--reason", "a test")
Run = Callable[..., Any]


def test_a_replica_is_deployed_promoted_by_hand_left_alone_and_destroyed(tmp_path: Path) -> None:
    raw: dict[str, Any] = {
        "topology": "binlog-replica",
        "database": {"instanceClass": "db.t4g.medium"},
        "failover": {"mode": "observe"},
    }
    settings = load({**raw, "secretArn": PLACEHOLDER_SECRET.format(region=HOME)})
    with Environment(settings, pace=20.0) as lab:
        before = inventory(lab.client, settings.regions.all)
        deployed = settings.model_copy(update={"secret_arn": lab.secret_arn})
        provider = LabProvider(lab.aws.endpoint_url)
        deployment = Deployment(PROJECT, "dev", pulumi_config(deployed), provider=provider)
        outputs = deployment.up(program).outputs
        rds = lab.client("rds", STANDBY)
        store = RecordStore(lab.client("dynamodb", STANDBY), "record-dev", "global-dev", HOME)
        run = _commands(lab, tmp_path / "Pulumi.dev.yaml", {**raw, "secretArn": lab.secret_arn})

        def source() -> str | None:
            (cluster,) = rds.describe_db_clusters()["DBClusters"]
            found: str | None = cluster.get("ReplicationSourceIdentifier")
            return found

        assert source() == outputs["primary_cluster_arn"]
        assert rds.describe_global_clusters()["GlobalClusters"] == []
        moved = run("switchover", "--to", STANDBY, "--yes", *WHY)
        assert "for which AWS has no switchover" in str(moved.exception)
        assert f"bicoastal failover --to {STANDBY} --stopped" in str(moved.exception)
        _is_seen_as_well(lab, run)

        # The writer is there, and nothing would keep it from writing on.
        dry = ("failover", "--to", STANDBY, "--dry-run", *WHY)
        assert wait_until(lambda: f"{HOME} answers (" in run(*dry).stdout, 60)
        stopped = (*dry, "--stopped")
        assert wait_until(lambda: run(*stopped).exit_code == 0, 60), run(*stopped).output
        told = run(*stopped).stdout
        assert f"would call   rds:PromoteReadReplicaDBCluster in {STANDBY}: aurora-usw2" in told
        assert store.read().writer == HOME

        done = run("failover", "--to", STANDBY, "--stopped", "--yes", *WHY)
        assert done.exit_code == 0, done.output
        assert f"{HOME} is no standby any more, and takes writes if it comes back" in done.stdout
        assert source() is None
        record = store.read()
        assert (record.writer, record.latch, record.state) == (STANDBY, 0, State.COOLDOWN)
        promotions = [e for e in store.audit() if "promotion of" in e.reason and e.request_ids]
        assert len(promotions) == 1
        assert run("acknowledge", *WHY).exit_code == 0
        after = run("status")
        assert after.exit_code == 1
        assert f"neither of {HOME} and {STANDBY} replicates from the other" in after.stdout
        assert "status-replica" in {finding["id"] for finding in _findings(run)}
        assert lab.aws.member(STANDBY).role == "writer"

        assert set(deployment.up(program).changes) == {"same"}
        assert source() is None
        deployment.destroy()
        assert inventory(lab.client, settings.regions.all) == before


def _commands(lab: Environment, file: Path, keys: dict[str, Any]) -> Run:
    """The commands of a user of the lab, whose stack file has these keys."""
    file.write_text(yaml.safe_dump({"config": {f"bicoastal:{k}": v for k, v in keys.items()}}))
    return lambda *arguments: CliRunner(env=lab.aws.variables).invoke(
        app, (*arguments, "--stack", str(file))
    )


def _is_seen_as_well(lab: Environment, run: Run) -> None:
    """Status and doctor know the pair, and find nothing wrong with it."""

    def is_well() -> bool:
        # Nothing runs the schedule here; the standby's controller puts the latch.
        controller = lab.client("lambda", STANDBY)
        controller.invoke(FunctionName="control-usw2-dev", Payload=b'{"rounds": 1}')
        return bool(run("status").exit_code == 0)

    assert wait_until(is_well, 60), run("status").stdout
    seen = json.loads(run("status", "--json").stdout)
    assert [member["role"] for member in seen["database"]["members"]] == ["writer", "standby"]
    assert (seen["topology"], seen["database"]["status"]) == ("binlog-replica", "replicating")
    assert [lag["region"] for lag in seen["lags"]] == [STANDBY]
    assert seen["quiet"] is True
    assert wait_until(lambda: is_well() and not _findings(run), 60), _findings(run)


def _findings(run: Run) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(run("doctor", "--json").stdout)["findings"]
    return found
