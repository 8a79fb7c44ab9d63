"""A minor upgrade in the embedded AWS, with databases and records that are not real."""

from __future__ import annotations

from typing import Any

from pymysql.err import OperationalError

from bicoastal.lab.aws import offers, upgrades

from .test_control_plane import HOME, STANDBY, Lab, run

OLD, NEW = "8.0.mysql_aurora.3.10.4", "8.0.mysql_aurora.3.12.0"


def versioned(lab: Lab, region: str, **cluster: Any) -> Any:
    """A member whose records know versions."""
    member = lab.member(region)
    member.cluster.update({"EngineVersion": OLD, "GlobalClusterIdentifier": "g"} | cluster)
    lab.group["EngineVersion"] = OLD
    member.records.upgraded = []
    member.records.upgrade_instances = member.records.upgraded.append
    member.records.global_cluster = lambda name: lab.group if name == "g" else None
    return member


async def upgrade(lab: Lab, member: Any) -> None:
    await upgrades.begin(lab.members, member.records, member.cluster, NEW)


def test_a_database_is_away_and_comes_back_in_its_role_with_the_version() -> None:
    async def test(lab: Lab) -> None:
        standby = versioned(lab, STANDBY)
        standby.database.calls.clear()
        await upgrade(lab, standby)
        assert (standby.state, standby.cluster["Status"]) == ("upgrading", "upgrading")
        assert standby.cluster["EngineVersion"] == OLD
        await standby.starting
        calls = [c for c in standby.database.calls if c in ("stop", "launch", "follow")]
        assert calls == ["stop", "launch", "follow"]
        assert (standby.state, standby.cluster["EngineVersion"]) == ("available", NEW)
        assert standby.records.statuses[-2:] == ["upgrading", "available"]
        assert lab.group["EngineVersion"] == OLD
        home = versioned(lab, HOME)
        await upgrade(lab, home)
        await home.starting
        assert lab.group["EngineVersion"] == NEW
        assert home.records.upgraded == [home.cluster]

    run(test, upgrade_s=0.0)


def test_a_database_that_does_not_come_back_has_failed() -> None:
    async def test(lab: Lab) -> None:
        home = versioned(lab, HOME)
        home.database.fails["wait_ready"] = OperationalError(2003, "down")
        await upgrade(lab, home)
        await home.starting
        assert (home.state, home.cluster["EngineVersion"]) == ("failed", OLD)
        assert "down" in home.error

    run(test, upgrade_s=0.0)


def test_a_cluster_without_a_database_has_the_version_at_once() -> None:
    async def test(lab: Lab) -> None:
        standby = versioned(lab, STANDBY, GlobalClusterIdentifier=None)
        standby.state = "stopped"
        await upgrade(lab, standby)
        assert (standby.state, standby.cluster["EngineVersion"]) == ("stopped", NEW)

    run(test)


def test_every_later_version_is_a_target_and_another_release_a_major_one() -> None:
    body = b"".join(
        f"<EngineVersion>{version}</EngineVersion><Engine/><ValidUpgradeTarget/>".encode()
        for version in (OLD, NEW)
    )
    text = offers.with_targets(body, {OLD, NEW, "8.4.mysql_aurora.8.4.7"}).decode()
    first, second = text.split("<Engine/>")[1:]
    assert f"<EngineVersion>{NEW}</EngineVersion><AutoUpgrade>false" in first
    assert "8.4.7</EngineVersion><AutoUpgrade>false</AutoUpgrade><IsMajorVersionUpgrade>true" in (
        first
    )
    assert f"<EngineVersion>{OLD}</EngineVersion><AutoUpgrade>" not in second
