"""Whether RDS agrees with what a human says, outside of a global database."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from bicoastal.operate.agreement import check_writer
from bicoastal.operate.errors import Refused
from bicoastal.operate.target import Target
from bicoastal.settings import load

from .samples import HOME, STANDBY, arn

REPLICA = load({"topology": "binlog-replica", "failover": {"mode": "observe"}})


def check(cluster: dict[str, Any] | Exception) -> None:
    """Ask about the standby, of which its own region says what a test says."""

    def describe(_self: Any, *, DBClusterIdentifier: str) -> Any:  # noqa: N803  (AWS's name)
        assert DBClusterIdentifier == "aurora-usw2-dev"
        if isinstance(cluster, Exception):
            raise cluster
        return {"DBClusters": [cluster]}

    def get(_self: Any, service: str, region: str, **_: Any) -> Any:
        assert (service, region) == ("rds", STANDBY)
        return type("Client", (), {"describe_db_clusters": describe})()

    clients = type("Clients", (), {"get": get})()
    target = Target(REPLICA, any_topology=True)
    access: Any = type("FakeAccess", (), {"clients": clients, "target": target})()
    check_writer(access, STANDBY)


def test_a_cluster_that_replicates_from_nobody_is_a_writer() -> None:
    check({"Status": "available"})
    with pytest.raises(Refused, match=f"replicates from {arn(HOME)}; --force insists"):
        check({"ReplicationSourceIdentifier": arn(HOME)})
    with pytest.raises(Refused, match=r"does not answer \(no answer"):
        check(EndpointConnectionError(endpoint_url="http://fake"))
