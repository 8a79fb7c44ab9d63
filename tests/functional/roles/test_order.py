"""Every topology in every assignment of roles: in the computed order all goes, in no other."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from bicoastal.operate.deletion_order import Step, look, refusals, steps
from bicoastal.operate.dismantling import dismantle
from bicoastal.operate.errors import Refused
from bicoastal.settings import region_code

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
    else:
        rds = deployed.rds(HOME)
        rds.create_db_cluster_parameter_group(
            **WITH_BINLOG, DBParameterGroupFamily="aurora-mysql8.0", Description="-"
        )
        mixed = {"ParameterName": "binlog_format", "ParameterValue": "MIXED"}
        rds.modify_db_cluster_parameter_group(
            **WITH_BINLOG, Parameters=[{**mixed, "ApplyMethod": "pending-reboot"}]
        )
    for region in settings.regions.members[1 if adopts else 0 :]:
        first = MASTER if group else {**MASTER, **WITH_BINLOG}
        other = {} if group else {"ReplicationSourceIdentifier": ARNS[HOME]}
        deployed.rds(region).create_db_cluster(
            **group, **kind, **(first if region == HOME else other), KmsKeyId="k",
            DBClusterIdentifier=f"aurora-{region_code(region)}-dev",
        )  # fmt: skip
        for number in range(1, settings.instances(region) + 1):
            deployed.add_instance(region, number)


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


@pytest.mark.parametrize(
    ("topology", "assign"),
    [pytest.param(*case, id=f"{case[0]}-{case[1].__name__}") for case in CASES],
)
def test_everything_goes(deploy: Deploy, topology: str, assign: Assign) -> None:
    deployed = deploy(topology)
    make(deployed)
    if deployed.settings.database.headless_standby and assign is not as_deployed:
        deployed.add_instance(STANDBY)
    writer = assign(deployed)
    client, settings = deployed.aws.client, deployed.settings
    live = look(client, settings)
    assert (live.writer, list(refusals(settings, live))) == (writer, [])
    planned = steps(settings, live)
    *_, last = planned
    # AWS would have it in no other order: neither what is last now, ...
    remains = "Global cluster still has member clusters" if settings.is_global else "contains DB"
    assert remains in said(deployed, last)
    if writer is not None and len(live.clusters) > 1:
        # ... nor what belongs to the writer, of which nothing comes before all the others.
        first = next(n for n, step in enumerate(planned) if step.region == writer)
        rest = planned[first:-1] if settings.is_global else planned[first:]
        assert {step.region for step in rest} == {writer}
    if writer is not None and len(live.members) > 1:
        leaving = next(step for step in planned if step.arn == ARNS[writer])
        assert "Cannot remove the writer DB cluster" in said(deployed, leaving)
    elif topology == "binlog-replica" and writer is not None:
        promotion, *instances = (
            step for step in planned if step.action != "delete" or step.kind == "DB instance"
        )
        assert promotion.action == "promote"
        words = ("last instance of the read replica", "last instance of the master cluster")
        for step, expected in zip(instances, words, strict=True):
            assert expected in said(deployed, step)
    dismantle(client, planned, pace=PACE)
    (deployed.workspace.path / "away").unlink(missing_ok=True)
    assert deployed.left() == ()
    assert deployed.adopted() == (["db-use1-1-dev"] if settings.adopts(HOME) else [])
