"""The program with an existing cluster as the home member."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from bicoastal.settings.rules.adopting import WHOLE
from bicoastal.stack.global_cluster import ADOPTING_IGNORES

HOME, STANDBY = "us-east-1", "us-west-2"


@pytest.fixture
def adopting(evaluate: Callable[..., Any]) -> Any:
    two = ["rtb-0123456789abcdef0", "rtb-0123456789abcdef1"]
    return evaluate(adopt={**WHOLE, "logGroups": ["error"], "routeTableIds": two})


def test_what_exists_is_imported_with_what_it_has_and_outlives_the_stack(adopting: Any) -> None:
    taken = {(r.type.rpartition(":")[2], r.existing) for r in adopting.resources if r.existing}
    assert taken == {
        ("Cluster", "orders"),
        ("ClusterInstance", "orders-1"),
        ("LogGroup", "/aws/rds/cluster/orders/error"),
    }
    assert all(bool(r.existing) is r.kept for r in adopting.resources)
    inputs = adopting.one("Cluster", "orders").inputs
    assert (inputs["kmsKeyId"], inputs["dbSubnetGroupName"]) == (WHOLE["kmsKeyArn"], "orders")
    assert inputs["vpcSecurityGroupIds"][1:] == WHOLE["securityGroupIds"]
    assert "globalClusterIdentifier" not in inputs
    assert adopting.one("ClusterInstance", "orders-1").inputs["dbSubnetGroupName"] == "orders"


def test_the_global_database_begins_with_it_and_the_standby_joins(adopting: Any) -> None:
    group = adopting.one("GlobalCluster", "global-dev")
    first = adopting.one("Cluster", "orders")
    assert set(group.inputs) >= {"sourceDbClusterIdentifier", "forceDestroy"}
    assert not {"engine", "engineVersion", "storageEncrypted"} & set(group.inputs)
    assert first.urn in group.dependencies
    assert len(group.ignores) == len(ADOPTING_IGNORES)
    standby = adopting.one("Cluster", "aurora-usw2-dev")
    assert standby.inputs["globalClusterIdentifier"] == "global-dev"
    assert group.urn in standby.dependencies
    assert "kmsKeyId" in standby.inputs


def test_its_network_is_lived_in_and_gets_routes_only(adopting: Any) -> None:
    made = {r.type.rpartition(":")[2] for r in adopting.resources if r.region == HOME}
    assert not {"Vpc", "Subnet", "RouteTable", "InternetGateway", "SubnetGroup"} & made
    routes = [r for r in adopting.of("Route") if r.region == HOME]
    assert sorted(r.inputs["routeTableId"] for r in routes) == sorted(
        2 * ["rtb-0123456789abcdef0", "rtb-0123456789abcdef1"]
    )
    prober = adopting.one("Function", "probe-use1-dev")
    assert prober.inputs["vpcConfig"]["subnetIds"] == WHOLE["subnetIds"]


def test_everything_else_knows_it_by_its_name(adopting: Any) -> None:
    for word in ("'aurora-use1-dev'", "cluster:aurora-use1-dev", "cluster/aurora-use1-dev"):
        found = [r.name for r in adopting.resources if word in str(r.inputs)]
        assert set(found) <= {"aurora-use1-dev"}  # the key's own name
