"""The topology that is no global database, on real databases: promoted by hand, left alone."""

from __future__ import annotations

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
        file = tmp_path / "Pulumi.dev.yaml"
        keys = {**raw, "secretArn": lab.secret_arn}
        file.write_text(yaml.safe_dump({"config": {f"bicoastal:{k}": v for k, v in keys.items()}}))
        variables = {
            "AWS_ENDPOINT_URL": lab.aws.endpoint_url,
            "AWS_ACCESS_KEY_ID": lab.aws.account_id,
            "AWS_SECRET_ACCESS_KEY": "test",
            "BICOASTAL_PACE": "20",
        }

        def run(*arguments: str) -> Any:
            options = ("--stack", str(file), "--reason", "a test")
            return CliRunner(env=variables).invoke(app, (*arguments, *options))

        def source() -> str | None:
            (cluster,) = rds.describe_db_clusters()["DBClusters"]
            found: str | None = cluster.get("ReplicationSourceIdentifier")
            return found

        assert source() == outputs["primary_cluster_arn"]
        assert rds.describe_global_clusters()["GlobalClusters"] == []
        moved = run("switchover", "--to", STANDBY, "--yes")
        assert "this command knows global databases only" in str(moved.exception)

        # The writer is there, and nothing would keep it from writing on.
        dry = ("failover", "--to", STANDBY, "--dry-run")
        assert wait_until(lambda: f"{HOME} answers (" in run(*dry).stdout, 60)
        stopped = (*dry, "--stopped")
        assert wait_until(lambda: run(*stopped).exit_code == 0, 60), run(*stopped).output
        told = run(*stopped).stdout
        assert f"would call   rds:PromoteReadReplicaDBCluster in {STANDBY}: aurora-usw2" in told
        assert store.read().writer == HOME

        done = run("failover", "--to", STANDBY, "--stopped", "--yes")
        assert done.exit_code == 0, done.output
        assert f"{HOME} is no standby any more, and takes writes if it comes back" in done.stdout
        assert source() is None
        record = store.read()
        assert (record.writer, record.latch, record.state) == (STANDBY, 0, State.COOLDOWN)
        promotions = [e for e in store.audit() if "promotion of" in e.reason and e.request_ids]
        assert len(promotions) == 1
        assert run("acknowledge").exit_code == 0
        assert lab.aws.member(STANDBY).role == "writer"

        assert set(deployment.up(program).changes) == {"same"}
        assert source() is None
        deployment.destroy()
        assert inventory(lab.client, settings.regions.all) == before
