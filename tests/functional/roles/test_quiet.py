"""For every topology and assignment of roles: the program asks for nothing, and all of it goes.

The whole program is deployed and destroyed on real databases elsewhere; here are its databases
alone, in more combinations. Each assertion of quietness has its mutant, a program that no longer
ignores what a role swap moves; each destruction has one that follows Pulumi's own order.
"""

from __future__ import annotations

import pytest

from bicoastal.lab.engine import ResourcesFailedError
from bicoastal.operate.deletion_order import look, steps
from bicoastal.operate.dismantling import dismantle
from bicoastal.settings import region_code

from .conftest import FURTHER, HOME, PACE, STANDBY, Deploy, Deployed

SOURCE, GROUP = "replication_source_identifier", "global_cluster_identifier"


def would_promote(region: str) -> tuple[str, str, str]:
    return ("update", f"aurora-{region_code(region)}-dev", "replicationSourceIdentifier")


def destroyed(deployed: Deployed) -> tuple[str, ...]:
    """Take the databases apart as `bicoastal destroy` does, and let Pulumi do the rest."""
    client = deployed.aws.client
    dismantle(client, steps(deployed.settings, look(client, deployed.settings)), pace=PACE)
    deployed.deployment.refresh()
    deployed.deployment.destroy()
    return deployed.left()


@pytest.mark.parametrize(
    ("topology", "trap"),
    (
        ("global-serverless", "Cannot delete the last instance of the master cluster"),
        ("global-provisioned", "Cannot delete the last instance of the master cluster"),
        ("io-optimized", "Cannot delete the last instance of the master cluster"),
        # Pulumi knows nothing of the instance that a human made, and begins with the cluster.
        ("headless", "Cannot remove the writer DB cluster while reader members remain"),
    ),
)
def test_a_global_database_is_left_alone_whoever_is_the_writer(
    deploy: Deploy, topology: str, trap: str
) -> None:
    deployed = deploy(topology)
    deployed.up()
    for region in (HOME, STANDBY):
        found = deployed.rds(region).describe_db_instances()["DBInstances"]
        assert len(found) == deployed.settings.instances(region)
    assert deployed.roles() == {HOME: (True, "connected"), STANDBY: (False, "connected")}
    assert deployed.changes() == []
    assert deployed.changes(SOURCE) == [would_promote(STANDBY)]
    if topology == "headless":
        deployed.add_instance(STANDBY)

    deployed.switch_over(STANDBY)
    assert deployed.changes() == []
    assert deployed.changes(SOURCE) == [would_promote(HOME)]

    deployed.fail_over(HOME)
    assert deployed.roles()[STANDBY] == (False, "pending-resync")
    assert deployed.changes() == []

    deployed.come_back()
    assert deployed.changes() == []
    deployed.switch_over(STANDBY)

    # Aurora itself may move a member that was re-added to another version.
    deployed.upgrade(HOME, "8.0.mysql_aurora.3.11.1")
    assert deployed.changes() == []
    found = {name: reason for _, name, reason in deployed.changes("engine_version")}
    assert "engineVersion" in found["aurora-use1-dev"]

    with pytest.raises(ResourcesFailedError, match=trap):
        deployed.deployment.destroy()
    assert destroyed(deployed) == ()


def test_further_standbys_are_left_alone_whoever_is_the_writer(deploy: Deploy) -> None:
    """Each in turn: one of them, the standby by a failover, and home again."""
    ireland, sydney = FURTHER
    deployed = deploy("further-standbys")
    deployed.up()
    assert deployed.changes() == []
    everybody = {HOME, STANDBY, *FURTHER}

    for writer, move in (
        (ireland, deployed.switch_over),
        (STANDBY, deployed.fail_over),
        (sydney, deployed.switch_over),
    ):
        move(writer)
        if move == deployed.fail_over:
            assert {sync for _, sync in deployed.roles().values()} == {
                "connected",
                "pending-resync",
            }
            assert deployed.changes() == []
            deployed.come_back()
        assert {region for region, (writes, _) in deployed.roles().items() if writes} == {writer}
        assert set(deployed.roles()) == everybody
        assert deployed.changes() == []
    promoted = sorted(would_promote(region) for region in everybody - {sydney})
    assert sorted(deployed.changes(SOURCE)) == promoted
    planned = steps(deployed.settings, look(deployed.aws.client, deployed.settings))
    assert [step.region for step in planned if step.action == "detach"][-1] == sydney
    assert destroyed(deployed) == ()


def test_the_old_writer_is_gone(deploy: Deploy) -> None:
    deployed = deploy("global-serverless")
    deployed.up()
    deployed.fail_over(STANDBY)
    deployed.detach(HOME)
    assert set(deployed.roles()) == {STANDBY}
    assert deployed.changes() == []
    assert deployed.changes(GROUP) == [("update", "aurora-use1-dev", "globalClusterIdentifier")]
    assert destroyed(deployed) == ()


def test_a_replica_is_left_alone_before_and_after_its_promotion(deploy: Deploy) -> None:
    deployed = deploy("binlog-replica")
    deployed.up()
    assert deployed.changes() == []
    deployed.rds(STANDBY).promote_read_replica_db_cluster(DBClusterIdentifier="aurora-usw2-dev")
    assert deployed.changes() == []
    # Without the guard the promoted cluster would be made a replica again: AWS has no such call.
    assert deployed.changes(SOURCE) == [would_promote(STANDBY)]
    assert destroyed(deployed) == ()
