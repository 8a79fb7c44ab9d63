"""The topology that is no global database, on real databases: promoted by hand, left alone."""

from __future__ import annotations

import pytest

from bicoastal.cli.stackfile import PLACEHOLDER_SECRET
from bicoastal.lab.drill.environment import Environment
from bicoastal.lab.engine import Deployment
from bicoastal.lab.planning import PROJECT, pulumi_config
from bicoastal.lab.provider import LabProvider
from bicoastal.operate.inventory import inventory
from bicoastal.settings import load
from bicoastal.stack.program import program

pytestmark = pytest.mark.lab

HOME, STANDBY = "us-east-1", "us-west-2"


def test_a_replica_is_deployed_promoted_by_hand_left_alone_and_destroyed() -> None:
    settings = load(
        {
            "secretArn": PLACEHOLDER_SECRET.format(region=HOME),
            "topology": "binlog-replica",
            "database": {"instanceClass": "db.t4g.medium"},
            "failover": {"mode": "observe"},
        }
    )
    with Environment(settings, pace=20.0) as lab:
        before = inventory(lab.client, settings.regions.all)
        deployed = settings.model_copy(update={"secret_arn": lab.secret_arn})
        provider = LabProvider(lab.aws.endpoint_url)
        deployment = Deployment(PROJECT, "dev", pulumi_config(deployed), provider=provider)
        outputs = deployment.up(program).outputs
        rds = lab.client("rds", STANDBY)

        def source() -> str | None:
            (cluster,) = rds.describe_db_clusters()["DBClusters"]
            found: str | None = cluster.get("ReplicationSourceIdentifier")
            return found

        assert source() == outputs["primary_cluster_arn"]
        assert rds.describe_global_clusters()["GlobalClusters"] == []
        rds.promote_read_replica_db_cluster(DBClusterIdentifier="aurora-usw2-dev")
        assert source() is None
        assert set(deployment.up(program).changes) == {"same"}
        assert source() is None
        deployment.destroy()
        assert inventory(lab.client, settings.regions.all) == before
