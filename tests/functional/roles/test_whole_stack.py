"""`bicoastal doctor` and `destroy` on the whole stack, with stubs for databases.

Destruction is refused, interrupted, run again, and nothing is left. The standby is headless, so
that a human has added what Pulumi does not know of.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from typer.testing import CliRunner

from bicoastal.cli.app import app
from bicoastal.failover.audit import Note
from bicoastal.failover.config import PACE_VARIABLE
from bicoastal.failover.record import RecordStore, arm
from bicoastal.failover.state import State
from bicoastal.lab.planning import planned_resources
from bicoastal.operate import destroying, pulumi_cli
from bicoastal.operate.access import Access
from bicoastal.operate.doctor import examining
from bicoastal.operate.doctor.finding import Planned
from bicoastal.operate.report import Status
from bicoastal.operate.target import Target

from .conftest import CODES, HOME, PACE, STANDBY, TOPOLOGIES, Deploy, Deployed

STACK = ("--stack", str(TOPOLOGIES / "headless.yaml"))
EMPTY_ZIP = b"PK\x05\x06" + bytes(18)
Run = Callable[..., Any]


@pytest.fixture(scope="module")
def there() -> list[Deployed]:
    """The stack that is deployed now, if one is."""
    return []


@pytest.fixture
def deployed(deploy: Deploy, there: list[Deployed]) -> Deployed:
    """The stack, for tests that leave its resources there."""
    if not there:
        made = deploy("headless", whole=True)
        made.up()
        for region, code in CODES.items():
            made.aws.client("events", region).disable_rule(Name=f"control-{code}-dev")
        there.append(made)
    return there[0]


@pytest.fixture
def doomed(deployed: Deployed, there: list[Deployed]) -> Deployed:
    """The stack, for a test that destroys it."""
    there.clear()
    return deployed


@pytest.fixture
def variables(deployed: Deployed) -> dict[str, str]:
    return {**deployed.aws.variables, PACE_VARIABLE: str(PACE)}


@pytest.fixture
def run(variables: dict[str, str]) -> Run:
    def invoke(*arguments: str, typed: str | None = None) -> Any:
        given = ("destroy", "--reason", "a test", *STACK, *arguments)
        return CliRunner(env=variables).invoke(app, given, input=typed)

    return invoke


@pytest.fixture
def store(deployed: Deployed) -> RecordStore:
    client = deployed.aws.client("dynamodb", STANDBY)
    return RecordStore(client, "record-dev", "global-dev", HOME)


@pytest.fixture
def findings(
    deployed: Deployed, variables: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> Callable[[], list[str]]:
    """What the doctor finds beyond what `status` does, which asks databases."""
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(examining, "look", lambda *_: Status("global-dev", 0.0, {}))
    planned = [Planned(*each) for each in planned_resources(deployed.settings)]

    def examined() -> list[str]:
        found = examining.examine(Access(Target(deployed.settings)), planned)
        words = [f"{each.id} {each.subject}" for each in found]
        return [each for each in words if not each.startswith("status-")]

    return examined


def test_the_doctor_finds_nothing_in_what_was_deployed_and_names_what_was_broken(
    deployed: Deployed, findings: Callable[[], list[str]]
) -> None:
    schedules = [f"schedule-disabled {r} control-{code}-dev" for r, code in CODES.items()]
    assert findings() == schedules  # the tests switched them off

    clients = {
        name: deployed.aws.client(name, HOME)
        for name in ("cloudwatch", "kms", "lambda", "rds", "sns")
    }
    keys = clients["kms"].describe_key(KeyId="alias/aurora-use1-dev")
    key = keys["KeyMetadata"]["KeyId"]
    clients["kms"].disable_key_rotation(KeyId=key)
    clients["cloudwatch"].delete_alarms(AlarmNames=["page-use1-dev"])
    clients["lambda"].update_function_code(FunctionName="probe-use1-dev", ZipFile=EMPTY_ZIP)
    clients["rds"].modify_db_instance(
        DBInstanceIdentifier="db-use1-1-dev", DBInstanceClass="db.r6g.xlarge", ApplyImmediately=True
    )
    clients["rds"].modify_event_subscription(
        SubscriptionName="events-use1-cluster-dev", Enabled=False
    )
    clients["lambda"].get_waiter("function_active_v2").wait(FunctionName="probe-use1-dev")
    assert findings() == [
        f"instance-DBInstanceClass {HOME} db-use1-1-dev",
        f"key-rotation {HOME} alias/aurora-use1-dev",
        f"alarm-missing {HOME} page-use1-dev",
        f"events-disabled {HOME} events-use1-cluster-dev",
        f"function-code {HOME} probe-use1-dev",
        *schedules,
    ]


def test_the_plan_comes_first_and_writes_nothing(run: Run, store: RecordStore) -> None:
    before = store.read()
    dry = run("--dry-run", "--json")
    assert dry.exit_code == 0, dry.output
    values = json.loads(dry.stdout)
    assert [step["name"] for step in values["steps"]] == [
        "aurora-usw2-dev", "aurora-usw2-dev",
        "db-use1-1-dev", "aurora-use1-dev", "aurora-use1-dev", "global-dev",
    ]  # fmt: skip
    assert (values["writer"], values["refusals"], store.read()) == (HOME, [], before)
    assert len(values["there"]) > 80

    other = run("--databases-only", typed="something else\n")
    assert "would         1 detach DB cluster aurora-usw2-dev (us-west-2)" in other.stderr
    assert (other.exit_code, "nothing was done" in other.stderr) == (1, True)
    assert store.read() == before


def test_it_is_refused_during_a_failover_and_while_protected(
    deployed: Deployed, run: Run, store: RecordStore
) -> None:
    rds, before = deployed.rds(HOME), store.read()
    note = Note(1.0, "test", "a failover")
    claimed = store.write(before, replace(before, state=State.PROMOTING), note)
    rds.modify_db_cluster(DBClusterIdentifier="aurora-use1-dev", DeletionProtection=True)
    refused = run("--yes")
    assert refused.exit_code == 1
    assert "REFUSED      the record is in PROMOTING: wait until it is over" in refused.stdout
    assert "deletion protection is on for aurora-use1-dev: set database." in refused.stdout
    assert len(rds.describe_db_instances()["DBInstances"]) == 1
    rds.modify_db_cluster(DBClusterIdentifier="aurora-use1-dev", DeletionProtection=False)
    store.write(claimed, before, note)


def test_without_the_pulumi_cli_nothing_is_begun(
    run: Run, store: RecordStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = store.read()
    monkeypatch.setattr("shutil.which", lambda _name: None)
    result = run("--yes")
    assert result.exit_code != 0
    assert "the Pulumi CLI is not on PATH" in str(result.exception)
    assert store.read() == before


def test_ctrl_c_says_how_to_go_on(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(destroying, "destroy", interrupted)
    result = run("--databases-only", typed="global-dev\n")
    assert (result.exit_code, "run 'bicoastal destroy' again" in result.stderr) == (130, True)


def test_a_killed_run_is_taken_up_by_the_next_one_after_a_role_swap(
    doomed: Deployed,
    run: Run,
    store: RecordStore,
    variables: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    doomed.add_instance(STANDBY)
    doomed.switch_over(STANDBY)
    arm(store, "test", "to be disarmed", 1.0)
    # It waits at the old writer's cluster, as if AWS took long, and is killed there.
    busy = {"code": "InvalidDBClusterStateFault", "message": "it is promoting"}
    doomed.aws.refuse("DeleteDBCluster", **busy)
    command = [sys.executable, "-m", "bicoastal.cli", "destroy", "--reason", "a test", "--yes"]
    with subprocess.Popen(
        [*command, "--databases-only", *STACK],
        env={**os.environ, **variables},
        stderr=subprocess.PIPE,
        text=True,
    ) as killed:
        assert killed.stderr is not None
        for line in killed.stderr:
            if "it is promoting" in line:
                break
        killed.kill()
    assert killed.returncode == -9
    assert doomed.rds(HOME).describe_db_instances()["DBInstances"] == []
    assert set(doomed.roles()) == {STANDBY}
    assert (store.read().armed, store.read().state) == (False, State.OBSERVE)
    doomed.aws.refuse_nothing()

    half = run("--databases-only", "--yes")
    assert half.exit_code == 0, half.output
    assert "1/5 delete DB cluster aurora-use1-dev" in half.stderr
    assert "left         us-east-1 VPC vpc-" in half.stdout
    assert "now run 'pulumi destroy --refresh' for the rest" in half.stdout
    assert doomed.rds(STANDBY).describe_global_clusters()["GlobalClusters"] == []

    def pulumi_destroy() -> None:
        doomed.deployment.refresh()
        doomed.deployment.destroy()

    monkeypatch.setattr(pulumi_cli, "find", lambda *_: SimpleNamespace(destroy=pulumi_destroy))
    result = run("--yes")
    assert result.exit_code == 0, result.output
    assert "nothing is left" in result.stdout
    assert doomed.left() == ()
    # Once more does no harm: there are no databases and no record.
    assert "now          writer none\n" in run("--databases-only", typed="no\n").stderr
