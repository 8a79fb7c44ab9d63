"""For every topology and assignment of roles: the program asks for nothing, and all of it goes.

The whole program is deployed and destroyed on real databases elsewhere; here are its databases
alone, in all combinations: each topology is walked through the assignments and destroyed in the
last of them, and `test_order` takes the databases apart in each. Each assertion of quietness has
its mutant, a program that no longer ignores what the role swap moved; each destruction has one that
follows Pulumi's own order.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bicoastal.lab.engine import ResourcesFailedError
from bicoastal.operate.deletion_order import look, steps
from bicoastal.operate.dismantling import dismantle
from bicoastal.settings import region_code

from .conftest import (
    ARNS,
    ENGINE,
    GLOBAL_TOPOLOGIES,
    HOME,
    PACE,
    STANDBY,
    Deploy,
    Deployed,
)

SOURCE, GROUP = "replication_source_identifier", "global_cluster_identifier"
VERSION = "engine_version"
REPLICATES, BELONGS = "replicationSourceIdentifier", "globalClusterIdentifier"
LAST_INSTANCE = "Cannot delete the last instance of the master cluster"
TRAPS = {
    # Pulumi knows nothing of the instance that a human made, and begins with the cluster.
    "headless": "Cannot remove the writer DB cluster while reader members remain",
    # The adopted member outlives the stack, and what the stack gave it.
    "adopted": "Cannot delete the parameter group 'params-use1-dev': in use by aurora-use1-dev",
}


def is_quiet(deployed: Deployed, expected: dict[str, list[str]]) -> None:
    """Nothing is asked for; without the guards, these members would be changed in this."""
    assert deployed.changes() == []
    found = {name: reason for _, name, reason in deployed.changes(SOURCE, GROUP, VERSION)}
    clusters = {each: found[each] for each in found if each.startswith("aurora-")}
    assert clusters == {
        f"aurora-{region_code(region)}-dev": ", ".join(why) for region, why in expected.items()
    }


def is_left_alone(deployed: Deployed, writer: str) -> None:
    """The roles are as expected, and nothing is asked for.

    Without the guard, whoever replicates would be promoted; who left would be sent back; and who
    was adopted, which the program puts into no global database because one begins with it, would
    leave. Another version would be changed back.
    """
    roles = deployed.roles()
    assert [region for region, (writes, _) in roles.items() if writes] == [writer]
    expected = {each: [REPLICATES] for each in roles if each != writer}
    if deployed.settings.adopts(HOME) == (HOME in roles):
        expected.setdefault(HOME, []).insert(0, BELONGS)
    if deployed.cluster(HOME)["EngineVersion"] != ENGINE["EngineVersion"]:
        expected.setdefault(HOME, []).insert(0, "engineVersion")
    is_quiet(deployed, expected)


def destroyed(deployed: Deployed) -> tuple[str, ...]:
    """Take the databases apart as `bicoastal destroy` does, and let Pulumi do the rest."""
    client = deployed.aws.client
    dismantle(client, steps(deployed.settings, look(client, deployed.settings)), pace=PACE)
    deployed.deployment.refresh()
    deployed.deployment.destroy()
    return deployed.left()


def walk(deployed: Deployed) -> Iterator[str]:
    """Each assignment of roles in turn, told by its writer."""
    further = deployed.settings.regions.further_standbys
    yield HOME
    if deployed.settings.database.headless_standby:
        deployed.add_instance(STANDBY)
    for region in (*further[-1:], STANDBY):
        deployed.switch_over(region)
        yield region
    deployed.fail_over(HOME)
    assert deployed.roles()[STANDBY] == (False, "pending-resync")
    yield HOME
    deployed.come_back()
    yield HOME
    deployed.fail_over(STANDBY)
    deployed.detach(HOME)
    deployed.come_back()
    assert HOME not in deployed.roles()
    yield STANDBY
    if not deployed.settings.adopts(HOME):
        deployed.add_again(HOME)
        deployed.deployment.refresh()
        deployed.up()  # AWS made no instances with it
    # Aurora itself may move a member that was re-added to another version.
    deployed.upgrade(HOME, "8.0.mysql_aurora.3.11.1")
    yield STANDBY


@pytest.mark.parametrize("topology", GLOBAL_TOPOLOGIES)
def test_a_global_database_is_left_alone_whoever_is_the_writer(
    deploy: Deploy, topology: str
) -> None:
    deployed = deploy(topology)
    deployed.up()
    for region in deployed.settings.regions.members:
        found = deployed.rds(region).describe_db_instances()["DBInstances"]
        assert len(found) == deployed.settings.instances(region)
    assert set(deployed.roles()) == set(deployed.settings.regions.members)
    for writer in walk(deployed):
        is_left_alone(deployed, writer)

    with pytest.raises(ResourcesFailedError, match=TRAPS.get(topology, LAST_INSTANCE)):
        deployed.deployment.destroy()
    assert destroyed(deployed) == ()
    assert deployed.adopted() == (["db-use1-1-dev"] if deployed.settings.adopts(HOME) else [])


def test_a_writer_that_was_deleted_is_not_made_anew_by_the_program(deploy: Deploy) -> None:
    """It would come with a password and a schema, which AWS takes from the first member only."""
    deployed = deploy("global-serverless")
    deployed.up()
    deployed.fail_over(STANDBY)
    deployed.detach(HOME)
    deployed.delete(HOME)
    missing = [(kind, name) for kind, name, _ in deployed.changes()]
    assert missing == [("create", "aurora-use1-dev"), ("create", "db-use1-1-dev")]
    with pytest.raises(ResourcesFailedError, match="for cross region replication cluster"):
        deployed.up()
    assert deployed.roles() == {STANDBY: (True, "connected")}
    assert destroyed(deployed) == ()


def test_a_replica_is_left_alone_before_and_after_its_promotion(deploy: Deploy) -> None:
    deployed = deploy("binlog-replica")
    deployed.up()
    is_quiet(deployed, {})  # the program and AWS name the same source
    with pytest.raises(ResourcesFailedError, match="last instance of the read replica DB cluster"):
        deployed.deployment.destroy()
    assert deployed.cluster(STANDBY)["ReplicationSourceIdentifier"] == ARNS[HOME]

    deployed.rds(STANDBY).promote_read_replica_db_cluster(DBClusterIdentifier="aurora-usw2-dev")
    # Without the guard the promoted cluster would be made a replica again: AWS has no such call.
    is_quiet(deployed, {STANDBY: [REPLICATES]})

    deployed.delete(HOME)
    missing = [("create", "aurora-use1-dev"), ("create", "db-use1-1-dev")]
    assert [(kind, name) for kind, name, _ in deployed.changes()] == missing
    deployed.up()
    is_quiet(deployed, {STANDBY: [REPLICATES]})
    assert destroyed(deployed) == ()
