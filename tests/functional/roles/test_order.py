"""Every topology in every assignment of roles: in the computed order all goes, in no other."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from bicoastal.operate.deletion_order import Live, Step, look, refusals, steps
from bicoastal.operate.dismantling import dismantle
from bicoastal.operate.errors import Refused
from bicoastal.settings import Settings, region_code

from .conftest import (
    ARNS,
    ENGINE,
    GLOBAL,
    GLOBAL_TOPOLOGIES,
    HOME,
    MASTER,
    PACE,
    STANDBY,
    Deploy,
    Deployed,
    make_adopted,
)

Assign = Callable[[Deployed], str | None]
WITH_BINLOG = {"DBClusterParameterGroupName": "with-binlog"}


def make(deployed: Deployed) -> None:
    """The databases of a topology, by RDS's own calls."""
    settings, kind = deployed.settings, deployed.kind()
    adopts, group = settings.adopts(HOME), GLOBAL if settings.is_global else {}
    if group:
        new = {**ENGINE, "StorageEncrypted": True, "DeletionProtection": False}
        begins = {"SourceDBClusterIdentifier": ARNS[HOME]} if adopts else new
        deployed.rds(HOME).create_global_cluster(**GLOBAL, **begins)
    for region in settings.regions.members[1 if adopts else 0 :]:
        first = MASTER if group else {**MASTER, **WITH_BINLOG}
        other = {} if group else {"ReplicationSourceIdentifier": ARNS[HOME]}
        deployed.rds(region).create_db_cluster(
            **group, **kind, **(first if region == HOME else other), KmsKeyId="k",
            DBClusterIdentifier=f"aurora-{region_code(region)}-dev",
        )  # fmt: skip
        for number in range(1, settings.instances(region) + 1):
            deployed.add_instance(region, number)


@pytest.fixture(scope="module")
def account(request: pytest.FixtureRequest, deploy: Deploy) -> Deployed:
    """An account without databases of the stack, for all assignments of a topology."""
    deployed = deploy(request.param)
    if not deployed.settings.is_global:
        rds = deployed.rds(HOME)
        rds.create_db_cluster_parameter_group(
            **WITH_BINLOG, DBParameterGroupFamily="aurora-mysql8.0", Description="-"
        )
        mixed = {"ParameterName": "binlog_format", "ParameterValue": "MIXED"}
        rds.modify_db_cluster_parameter_group(
            **WITH_BINLOG, Parameters=[{**mixed, "ApplyMethod": "pending-reboot"}]
        )
    return deployed


def as_deployed(deployed: Deployed) -> str:
    del deployed
    return HOME


def switched_over(deployed: Deployed) -> str:
    deployed.switch_over(STANDBY)
    return STANDBY


def switched_to_a_further_one(deployed: Deployed) -> str:
    (*_, last) = deployed.settings.regions.members
    deployed.switch_over(last)
    return last


def failed_over(deployed: Deployed) -> str:
    deployed.fail_over(STANDBY)
    return STANDBY


def with_the_old_writer_back(deployed: Deployed) -> str:
    deployed.fail_over(STANDBY)
    deployed.come_back()
    return STANDBY


def with_the_old_writer_gone(deployed: Deployed) -> str:
    deployed.fail_over(STANDBY)
    deployed.detach(HOME)
    return STANDBY


def with_the_old_writer_deleted(deployed: Deployed) -> str:
    with_the_old_writer_gone(deployed)
    deployed.delete(HOME)
    return STANDBY


def with_the_old_writer_added_again(deployed: Deployed) -> str:
    with_the_old_writer_gone(deployed)
    deployed.add_again(HOME)
    deployed.add_instance(HOME)
    return STANDBY


def promoted(deployed: Deployed) -> None:
    deployed.rds(STANDBY).promote_read_replica_db_cluster(DBClusterIdentifier="aurora-usw2-dev")


def promoted_with_the_old_source_deleted(deployed: Deployed) -> None:
    promoted(deployed)
    deployed.delete(HOME)


SWAPS = (
    as_deployed, switched_over, failed_over, with_the_old_writer_back, with_the_old_writer_gone,
)  # fmt: skip
CASES: list[tuple[str, Assign]] = [
    *((topology, assign) for topology in GLOBAL_TOPOLOGIES for assign in SWAPS),
    ("further-standbys", switched_to_a_further_one),
    ("global-serverless", with_the_old_writer_deleted),
    ("global-serverless", with_the_old_writer_added_again),
    ("binlog-replica", as_deployed),
    ("binlog-replica", promoted),
    ("binlog-replica", promoted_with_the_old_source_deleted),
]


def said(deployed: Deployed, step: Step) -> str:
    """In which words AWS refuses a step now, of which it could be asked again later."""
    told: list[str] = []

    def stop(_seconds: float) -> None:
        raise Refused(told[-1])

    with pytest.raises(Refused):
        dismantle(deployed.aws.client, (step,), tell=told.append, sleep=stop)
    return told[-1].removeprefix("not yet: ")


def out_of_order(
    planned: tuple[Step, ...], live: Live, settings: Settings
) -> Iterator[tuple[Step, str]]:
    """What AWS refuses to do first, and in which words."""
    writer = live.writer
    if settings.is_global:
        yield planned[-1], "Global cluster still has member clusters"
        first = next(n for n, step in enumerate(planned) if step.region == writer)
        assert {step.region for step in planned[first:-1]} == {writer}
        if len(live.members) > 1:
            (leaving,) = (
                step for step in planned if step.action == "detach" and step.region == writer
            )
            yield leaving, "Cannot remove the writer DB cluster while reader members remain"
    elif writer is None:
        yield planned[-1], "Cannot delete a DB cluster while it contains DB instances"
    else:
        promotion, replica, _, source, _ = planned
        assert (promotion.action, replica.region, source.region) == ("promote", STANDBY, HOME)
        yield replica, "Cannot delete the last instance of the read replica DB cluster"
        yield source, "Cannot delete the last instance of the master cluster"


@pytest.mark.parametrize(
    ("account", "assign"),
    [pytest.param(*case, id=f"{case[0]}-{case[1].__name__}") for case in CASES],
    indirect=("account",),
)
def test_everything_goes(account: Deployed, assign: Assign) -> None:
    make(account)
    if account.settings.database.headless_standby and assign is not as_deployed:
        account.add_instance(STANDBY)
    writer = assign(account)
    client, settings = account.aws.client, account.settings
    live = look(client, settings)
    assert (live.writer, list(refusals(settings, live))) == (writer, [])
    planned = steps(settings, live)
    for step, words in out_of_order(planned, live, settings):
        assert words in said(account, step)
    dismantle(client, planned, pace=PACE)
    (account.workspace.path / "away").unlink(missing_ok=True)
    kept = ["db-use1-1-dev"] if settings.adopts(HOME) else []
    assert account.adopted() == kept
    for region in settings.regions.members:
        rds = account.rds(region)
        assert rds.describe_global_clusters()["GlobalClusters"] == []
        if not kept or region != HOME:
            assert rds.describe_db_instances()["DBInstances"] == []
            assert rds.describe_db_clusters()["DBClusters"] == []
    if kept:
        account.delete(HOME)
        make_adopted(account)
