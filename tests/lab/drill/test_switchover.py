"""Switchovers and a human's failover under load, on real databases: what clients lose."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from typer.testing import CliRunner

from bicoastal.cli.app import app
from bicoastal.cli.stackfile import PLACEHOLDER_SECRET
from bicoastal.failover.record import RecordStore, arm
from bicoastal.failover.state import State
from bicoastal.lab import oracle
from bicoastal.lab.clients import Writers
from bicoastal.lab.drill.databases import Databases
from bicoastal.lab.drill.deploying import Stack
from bicoastal.lab.drill.environment import CLIENTS, MASTER_USER, Environment
from bicoastal.lab.drill.running import CLIENT_TIMEOUT_S
from bicoastal.lab.drill.schedule import SCHEDULE_S, Schedule
from bicoastal.lab.waiting import wait_until
from bicoastal.settings import load

pytestmark = pytest.mark.lab

HOME, STANDBY = "us-east-1", "us-west-2"
PACE = 20.0
PATIENCE_S = 60.0
SETTINGS = load({"secretArn": PLACEHOLDER_SECRET.format(region=HOME)})


class Scene:
    """A deployed stack with running controllers, and clients that write through its DNS name."""

    def __init__(self, lab: Environment, running: ExitStack) -> None:
        self.lab = lab
        self.stack = Stack(lab, SETTINGS)
        outputs = self.stack.deploy()
        resolver = lab.start_route53(seed=1)
        host, port = lab.route53.address
        self.resolver = f"{host}:{port}"
        database = SETTINGS.database
        self.databases = Databases(MASTER_USER, lab.password, database.database_name, database.port)
        self.databases.create_schema(lab.plan.address(CLIENTS, HOME))
        self.store = RecordStore(
            lab.client("dynamodb", STANDBY),
            outputs["record_table"],
            outputs["global_cluster_id"],
            HOME,
        )
        arm(self.store, "test", "rehearsal", time.time())
        schedule = Schedule(lab.client, outputs["controllers"], SCHEDULE_S / PACE)
        running.enter_context(schedule)
        self.writers = running.enter_context(
            Writers(
                resolver,
                SETTINGS.domain_name,
                port=database.port,
                user=MASTER_USER,
                password=lab.password,
                database=database.database_name,
                count=4,
                rate_per_s=50.0,
                timeout_s=CLIENT_TIMEOUT_S,
                seed=1,
            )
        )
        self.wait(lambda: self.store.read().state is State.STEADY)

    def wait(self, condition: Callable[[], bool]) -> None:
        assert wait_until(condition, PATIENCE_S), self.run("status").output

    def run(self, *arguments: str) -> Any:
        return CliRunner(env=self.lab.aws.variables).invoke(app, arguments)

    def wait_for_success(self, *command: str) -> None:
        """Run a command until it is not refused."""
        self.wait(lambda: self.run(*command, "--yes", "--reason", "a test").exit_code == 0)

    def wait_for_writes_in(self, region: str) -> None:
        """Wait until an attempt that began after this moment is acknowledged there."""
        begun, member_of = time.monotonic(), self.lab.plan.member_of
        self.wait(
            lambda: any(
                op.outcome == "ok" and op.invoked_s > begun and member_of(op.address) == region
                for op in reversed(self.writers.history.ops)
            )
        )

    def wait_until_well(self) -> None:
        self.wait(lambda: self.run("status", "--resolver", self.resolver).exit_code == 0)

    def judge(self, writer: str, fault_s: float) -> oracle.Judgement:
        """Stop the clients and compare what they were told with what the writer holds."""
        self.writers.stop()
        rows = self.databases.rows(self.lab.plan.address(CLIENTS, writer))
        return oracle.judge(self.writers.history, rows, None, fault_s=fault_s)


@pytest.fixture
def scene() -> Iterator[Scene]:
    with Environment(SETTINGS, PACE) as lab, ExitStack() as running:
        yield Scene(lab, running)


def test_a_switchover_and_a_failback_under_load_lose_nothing(scene: Scene) -> None:
    begun = time.monotonic()
    scene.wait_for_writes_in(HOME)
    scene.wait_until_well()
    for command, writer in (
        (("switchover", "--to", STANDBY), STANDBY),
        (("failback",), HOME),
    ):
        # Until it is not refused: on a busy machine a witness may be late.
        scene.wait_for_success(*command)
        scene.wait_for_writes_in(writer)
        # DNS, health checks, latch, record and database agree, and the controllers are armed.
        scene.wait_until_well()
        scene.wait(lambda: scene.store.read().state is State.STEADY)
        assert f"that is {writer}" in scene.run("status", "--resolver", scene.resolver).stdout
        assert scene.stack.changes() == []
    judgement = scene.judge(HOME, begun)
    assert judgement.acked > 100
    assert (judgement.lost, judgement.phantom, judgement.duplicates) == ((), (), ())
    kinds = [each["kind"] for each in scene.lab.aws.failovers()]
    assert kinds == ["switchover", "switchover"]
    assert scene.databases.rows(scene.lab.plan.address(CLIENTS, HOME)) == scene.databases.rows(
        scene.lab.plan.address(CLIENTS, STANDBY)
    )


def test_a_humans_failover_from_a_dead_primary_serves_and_rejoins(scene: Scene) -> None:
    scene.wait_for_writes_in(HOME)
    assert scene.run("disarm", "--reason", "a test").exit_code == 0
    killed = time.monotonic()
    pid = scene.lab.aws.member(HOME).pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    refused = scene.run("switchover", "--to", STANDBY, "--yes", "--reason", "a test")
    assert (refused.exit_code, scene.store.read().writer) == (1, HOME)
    result = scene.run("failover", "--to", STANDBY, "--yes", "--reason", "a test")
    assert result.exit_code == 0, result.output
    scene.wait_for_writes_in(STANDBY)
    assert scene.stack.changes() == []  # the old member is still gone

    scene.lab.aws.restart(HOME)
    assert scene.run("acknowledge", "--reason", "a test").exit_code == 0
    scene.wait_for_success("rejoin")
    assert scene.stack.changes() == []
    scene.wait_until_well()
    scene.wait_for_success("failback")
    scene.wait_for_writes_in(HOME)
    judgement = scene.judge(HOME, killed)
    # How much is lost is for the drill to say: replication may not have had the last writes.
    assert (judgement.phantom, judgement.duplicates) == ((), ())
    assert [each["kind"] for each in scene.lab.aws.failovers()] == ["failover", "switchover"]
