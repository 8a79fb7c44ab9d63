"""The record's table: its three places, its consistency, its key, its protection, its backups."""

from __future__ import annotations

from typing import Any

import pytest

from bicoastal.operate.doctor.record_table import backups, table
from bicoastal.settings import load

from .played import absent, clients, ids
from .samples import HOME, SETTINGS, STANDBY, WITNESS

WHOLE: dict[str, Any] = {
    "TableStatus": "ACTIVE",
    "DeletionProtectionEnabled": False,
    "MultiRegionConsistency": "STRONG",
    "Replicas": [{"RegionName": HOME, "ReplicaStatus": "ACTIVE"}],
    "GlobalTableWitnesses": [{"RegionName": WITNESS, "WitnessStatus": "ACTIVE"}],
}
KEY = "arn:aws:kms:us-west-2:123456789012:key/1"


def found(region: str = STANDBY, settings: Any = SETTINGS, **changes: Any) -> list[Any]:
    asked = clients(describe_table={"Table": WHOLE | changes})
    return list(table(asked, settings, region))


def test_a_table_as_deployed_has_no_finding() -> None:
    assert found() == []
    assert found(TableStatus="UPDATING") == []
    assert found(SSEDescription={"Status": "DISABLED", "SSEType": "KMS"}) == []


@pytest.mark.parametrize(
    ("changes", "id_", "subject", "live", "cure"),
    (
        ({"TableStatus": "ARCHIVED"}, "record-status", STANDBY, "ARCHIVED", "describe-table"),
        (
            {"Replicas": [{"RegionName": "eu-west-1", "ReplicaStatus": "ACTIVE"}]},
            "record-replica",
            HOME,
            "eu-west-1",
            "make record-dev anew",
        ),
        (
            {"Replicas": [{"RegionName": HOME, "ReplicaStatus": "REGION_DISABLED"}]},
            "record-replica",
            HOME,
            "REGION_DISABLED",
            f"--region {HOME}",
        ),
        ({"GlobalTableWitnesses": []}, "record-witness", WITNESS, "none", "make record-dev anew"),
        (
            {"GlobalTableWitnesses": [{"RegionName": WITNESS, "WitnessStatus": "CREATING"}]},
            "record-witness",
            WITNESS,
            "CREATING",
            "describe-table",
        ),
        (
            {"MultiRegionConsistency": "EVENTUAL"},
            "record-consistency",
            "record-dev",
            "EVENTUAL",
            "",
        ),
        (
            {"SSEDescription": {"SSEType": "KMS", "Status": "ENABLED", "KMSMasterKeyArn": KEY}},
            "record-encryption",
            STANDBY,
            KEY,
            "Enabled=false",
        ),
        (
            {"DeletionProtectionEnabled": True},
            "record-protection",
            STANDBY,
            "True",
            "--no-deletion-protection-enabled",
        ),
    ),
)
def test_each_difference_is_named_with_its_cure(
    changes: dict[str, Any], id_: str, subject: str, live: str, cure: str
) -> None:
    (one,) = found(**changes)
    assert (one.id, one.live) == (id_, live)
    assert one.subject.startswith(subject)
    assert cure in one.cure
    assert one.why


def test_a_table_that_is_alone_lost_its_other_places() -> None:
    alone: dict[str, Any] = {
        "Replicas": [],
        "GlobalTableWitnesses": [],
        "MultiRegionConsistency": "EVENTUAL",
    }
    assert ids(found(**alone)) == ["record-replica", "record-witness"]


def test_the_home_region_tells_of_its_own_table_only() -> None:
    assert found(HOME, Replicas=[], GlobalTableWitnesses=[]) == []
    (one,) = found(HOME, TableStatus="ARCHIVED")
    assert one.subject == f"{HOME} record-dev"


def test_protection_is_what_the_settings_say() -> None:
    protected = load({"database": {"deletionProtection": True}})
    assert found(settings=protected, DeletionProtectionEnabled=True) == []
    (one,) = found(settings=protected)
    assert (one.id, one.live, one.wanted) == ("record-protection", "False", "True")
    assert "--deletion-protection-enabled" in one.cure


def test_a_lost_table_is_one_finding() -> None:
    gone = absent("ResourceNotFoundException")
    asked = clients(describe_table=gone, describe_continuous_backups=gone)
    (one,) = [*table(asked, SETTINGS, HOME), *backups(asked, SETTINGS, HOME)]
    assert (one.id, one.subject, one.live) == ("record-missing", f"{HOME} record-dev", "gone")
    assert "anew" in one.cure


@pytest.mark.parametrize("state", ("ENABLED", "DISABLED", None))
def test_each_replica_is_backed_up(state: str | None) -> None:
    description = {"PointInTimeRecoveryDescription": {"PointInTimeRecoveryStatus": state}}
    answer = {"ContinuousBackupsDescription": description if state else {}}
    one = list(backups(clients(describe_continuous_backups=answer), SETTINGS, STANDBY))
    assert ids(one) == ([] if state == "ENABLED" else ["record-backup"])
    assert all(f"--region {STANDBY}" in each.cure for each in one)
