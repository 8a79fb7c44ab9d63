"""Every assignment of roles: in the computed order all goes, in any other AWS refuses."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from bicoastal.operate.dismantling import Step, dismantle, look, refusals, steps
from bicoastal.operate.errors import Refused

from .conftest import ARNS, CODES, GLOBAL, HOME, PACE, STANDBY, Deploy, Deployed

ENGINE = {"Engine": "aurora-mysql", "EngineVersion": "8.0.mysql_aurora.3.10.4"}


def make(deployed: Deployed) -> None:
    """The databases of a topology, by RDS's own calls."""
    deployed.rds(HOME).create_global_cluster(
        **GLOBAL, **ENGINE, StorageEncrypted=True, DeletionProtection=False
    )
    credentials = {"MasterUsername": "admin", "MasterUserPassword": "long-enough"}
    for region, code in CODES.items():
        rds = deployed.rds(region)
        rds.create_db_cluster(
            **GLOBAL, **ENGINE, DBClusterIdentifier=f"aurora-{code}-dev", StorageEncrypted=True,
            KmsKeyId="k", **(credentials if region == HOME else {}),
        )  # fmt: skip
        for number in range(1, deployed.settings.instances(region) + 1):
            deployed.add_instance(region, number)


def as_deployed(deployed: Deployed) -> str:
    assert deployed.roles()[HOME][0]
    return HOME


def after_a_switchover(deployed: Deployed) -> str:
    deployed.switch_over(STANDBY)
    return STANDBY


def after_a_failover(deployed: Deployed) -> str:
    deployed.fail_over(STANDBY)
    return STANDBY


def with_the_old_writer_gone(deployed: Deployed) -> str:
    deployed.fail_over(STANDBY)
    deployed.detach(HOME)
    return STANDBY


def with_the_old_writer_back(deployed: Deployed) -> str:
    deployed.fail_over(STANDBY)
    deployed.come_back()
    return STANDBY


@pytest.fixture(scope="module", params=("global-provisioned", "headless"))
def account(request: pytest.FixtureRequest, deploy: Deploy) -> Deployed:
    return deploy(request.param)


def is_refused(deployed: Deployed, step: Step) -> bool:
    """Whether AWS refuses a step now, in words of which it could be asked again later."""
    told: list[str] = []

    def stop(_seconds: float) -> None:
        raise Refused(told[-1])

    with pytest.raises(Refused):
        dismantle(deployed.aws.client, (step,), tell=told.append, sleep=stop)
    return told[-1].startswith("not yet: Cannot remove the writer")


@pytest.mark.parametrize(
    "assign",
    (
        as_deployed, after_a_switchover, after_a_failover, with_the_old_writer_gone,
        with_the_old_writer_back,
    ),
)  # fmt: skip
def test_everything_goes(account: Deployed, assign: Callable[[Deployed], str]) -> None:
    make(account)
    if account.settings.database.headless_standby and assign is not as_deployed:
        account.add_instance(STANDBY)
    writer = assign(account)
    client, settings = account.aws.client, account.settings
    live = look(client, settings)
    assert (live.writer, list(refusals(settings, live))) == (writer, [])
    planned = steps(settings, live)
    # What belongs to the writer comes last, and AWS would have it no other way.
    first = next(n for n, step in enumerate(planned) if step.region == writer)
    assert {step.region for step in planned[first:-1]} == {writer}
    if assign is not with_the_old_writer_gone:
        assert is_refused(account, next(step for step in planned if step.arn == ARNS[writer]))
    dismantle(client, planned, pace=PACE)
    (account.workspace.path / "away").unlink(missing_ok=True)
    for region in CODES:
        rds = account.rds(region)
        assert rds.describe_db_instances()["DBInstances"] == []
        assert rds.describe_db_clusters()["DBClusters"] == []
        assert rds.describe_global_clusters()["GlobalClusters"] == []
