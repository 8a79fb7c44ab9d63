"""What the program would change of live members."""

from __future__ import annotations

from typing import Any

import pytest

from bicoastal.operate.drift import drift
from bicoastal.operate.report import Drift
from bicoastal.settings import Names, load

from .samples import HOME, SETTINGS, STANDBY

DATABASE = SETTINGS.database
LIVE: dict[str, Any] = {
    "BackupRetentionPeriod": DATABASE.backup_retention_days,
    "DBClusterParameterGroup": Names(SETTINGS).parameter_group(STANDBY),
    "DBSubnetGroup": Names(SETTINGS).subnet_group(STANDBY),
    "DeletionProtection": DATABASE.deletion_protection,
    "IAMDatabaseAuthenticationEnabled": True,
    "Port": DATABASE.port,
    "StorageEncrypted": True,
    "ServerlessV2ScalingConfiguration": {
        "MinCapacity": DATABASE.serverless_min_acu,
        "MaxCapacity": DATABASE.serverless_max_acu,
        "SecondsUntilAutoPause": 300,
    },
    "DBClusterMembers": [{"DBInstanceIdentifier": "db-usw2-1-dev"}],
    "EngineVersion": DATABASE.engine_version,
}


def found(**changes: Any) -> tuple[Drift, ...]:
    return drift(SETTINGS, {STANDBY: {**LIVE, **changes}})


def test_a_member_as_deployed_is_quiet() -> None:
    assert found() == ()


@pytest.mark.parametrize(
    ("what", "value"),
    (
        ("BackupRetentionPeriod", 9),
        ("DeletionProtection", not DATABASE.deletion_protection),
        ("Port", 3307),
        ("DBClusterParameterGroup", "default.aurora-mysql8.0"),
        ("IAMDatabaseAuthenticationEnabled", False),
    ),
)
def test_what_a_refresh_would_change(what: str, value: Any) -> None:
    (one,) = found(**{what: value})
    assert (one.region, one.what, one.live, one.acted_on) == (STANDBY, what, value, True)


def test_only_the_scaling_that_is_asked_for_is_compared() -> None:
    (one,) = found(ServerlessV2ScalingConfiguration={"MinCapacity": 7, "MaxCapacity": 8})
    assert one.live == {"MinCapacity": 7, "MaxCapacity": 8}


def test_a_lost_instance_is_made_again_and_a_version_left_alone() -> None:
    lost, version = found(DBClusterMembers=[], EngineVersion="8.0.mysql_aurora.3.99.0")
    assert (lost.what, lost.live, lost.wanted) == ("DBClusterMembers", [], ["db-usw2-1-dev"])
    assert lost.acted_on
    assert (version.what, version.acted_on) == ("EngineVersion", False)


def test_a_provisioned_member_has_no_scaling() -> None:
    settings = load({"database": {"instanceClass": "db.r6g.large"}})
    described = {"DBClusterMembers": [{"DBInstanceIdentifier": "db-use1-1-dev"}]}
    assert drift(settings, {HOME: {**described, "ServerlessV2ScalingConfiguration": {}}}) == ()


def test_a_headless_standby_has_no_instance_to_miss() -> None:
    headless = load({"database": {"headlessStandby": True}, "failover": {"mode": "approve"}})
    live = {**LIVE, "DBClusterMembers": []}
    assert drift(headless, {STANDBY: live}) == ()
    (missing,) = drift(SETTINGS, {STANDBY: live})
    assert missing.what == "DBClusterMembers"
