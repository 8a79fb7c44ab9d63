"""The global database and its instances."""

from __future__ import annotations

from typing import Any

import pytest

from bicoastal.operate.doctor.members import global_cluster, instances
from bicoastal.settings import load

from .fake_rds import group
from .played import absent, clients, ids
from .samples import HOME, SETTINGS, STANDBY

GROUP = group(HOME, HOME, STANDBY, StorageEncrypted=True, DeletionProtection=False)
INSTANCE = {
    "DBInstanceClass": "db.serverless",
    "AutoMinorVersionUpgrade": False,
    "PubliclyAccessible": False,
    "DBInstanceStatus": "available",
}


@pytest.mark.parametrize(
    ("change", "expected"),
    (
        ({}, []),
        ({"DeletionProtection": True}, ["global-DeletionProtection"]),
        ({"StorageEncrypted": False}, ["global-StorageEncrypted"]),
    ),
)
def test_the_global_database(change: dict[str, Any], expected: list[str]) -> None:
    asked = clients(describe_global_clusters={"GlobalClusters": [GROUP | change]})
    assert ids(global_cluster(asked, SETTINGS, HOME)) == expected


def test_one_that_is_gone_is_another_finding() -> None:
    asked = clients(describe_global_clusters=absent("GlobalClusterNotFoundFault"))
    assert ids(global_cluster(asked, SETTINGS, HOME)) == []
    asked = clients(describe_db_instances=absent("DBInstanceNotFound"))
    assert ids(instances(asked, SETTINGS, HOME)) == []


@pytest.mark.parametrize(
    ("what", "value", "cure"),
    (
        ("DBInstanceClass", "db.r6g.large", "pulumi preview"),
        ("AutoMinorVersionUpgrade", True, "pulumi preview"),
        ("PubliclyAccessible", True, "pulumi preview"),
        ("DBInstanceStatus", "incompatible-parameters", "wait"),
    ),
)
def test_an_instance_is_as_asked_for(what: str, value: Any, cure: str) -> None:
    assert ids(instances(_of(INSTANCE), SETTINGS, HOME)) == []
    (found,) = instances(_of(INSTANCE | {what: value}), SETTINGS, HOME)
    assert (found.id, found.subject) == (f"instance-{what}", "us-east-1 db-use1-1-dev")
    assert (found.live, found.cure.startswith(cure)) == (str(value), True)


def test_every_instance_is_asked_for_by_its_own_name() -> None:
    asked: list[str] = []

    def describe(*, DBInstanceIdentifier: str) -> Any:  # noqa: N803 - AWS's
        asked.append(DBInstanceIdentifier)
        return {"DBInstances": [INSTANCE | {"PubliclyAccessible": True}]}

    database = {"instancesPerMember": 2, "headlessStandby": True}
    two = load({"database": database, "failover": {"mode": "approve"}})
    public = two.model_copy(
        update={"health": two.health.model_copy(update={"endpoint_check": "public"})}
    )
    assert ids(instances(clients(describe_db_instances=describe), public, HOME)) == []
    assert ids(instances(clients(describe_db_instances=describe), public, STANDBY)) == []
    assert asked == ["db-use1-1-dev", "db-use1-2-dev"]


def _of(instance: dict[str, Any]) -> Any:
    return clients(describe_db_instances={"DBInstances": [instance]})
