"""Every topology: the unchanged program, deployed into an embedded AWS and taken away again."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bicoastal.lab.drill.inventory import inventory
from bicoastal.lab.engine import Deployment
from bicoastal.lab.planning import PROJECT, pulumi_config
from bicoastal.lab.provider import LabProvider
from bicoastal.settings import Settings, load
from bicoastal.stack.program import program

from .conftest import WEST, Client

SHAPES: dict[str, dict[str, Any]] = {
    "headless": {
        "database": {"headlessStandby": True},
        "failover": {"mode": "approve"},
    },
    "binlog-replica": {
        "topology": "binlog-replica",
        "database": {"instanceClass": "db.t4g.medium"},
        "failover": {"mode": "observe"},
    },
    "io-optimized": {"database": {"instanceClass": "db.r6g.large", "storageType": "aurora-iopt1"}},
}


@pytest.fixture
def settings(request: pytest.FixtureRequest, client: Client) -> Settings:
    """A topology, with a secret that exists."""
    user = json.dumps({"username": "admin", "password": "Sup3rSecretX9"})
    secret = client("secretsmanager").create_secret(
        Name="database", SecretString=user, AddReplicaRegions=[{"Region": WEST}]
    )
    return load({"secretArn": secret["ARN"], **SHAPES[request.param]})


@pytest.fixture
def deployment(endpoint: str, settings: Settings) -> Deployment:
    provider = LabProvider(endpoint, patience=10)
    return Deployment(PROJECT, "dev", pulumi_config(settings), provider=provider)


@pytest.mark.parametrize("settings", SHAPES, indirect=True)
def test_it_is_deployed_is_quiet_and_goes_away(
    deployment: Deployment, settings: Settings, client: Client
) -> None:
    before = inventory(client, settings.regions.all)
    made = deployment.up(program)
    assert set(made.changes) == {"create"}
    for region in settings.regions.members:
        found = client("rds", region).describe_db_instances()["DBInstances"]
        assert len(found) == settings.instances(region)
        assert {one["DBInstanceClass"] for one in found} <= {settings.database.instance_class}
    assert set(deployment.up(program).changes) == {"same"}
    deployment.destroy()
    assert inventory(client, settings.regions.all) == before
