"""Planned switchovers of the deployed stack, and that the program stays quiet after each.

The tests leave the writer at home.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from bicoastal.failover.record import Note, RecordStore
from bicoastal.failover.state import State
from bicoastal.lab.drill.deploying import Stack
from bicoastal.lab.drill.environment import Environment
from bicoastal.lab.waiting import wait_until
from bicoastal.stack import database

from .names import CLOSED, HOME, STANDBY, WHY, Run, control

pytestmark = pytest.mark.lab

ARNS = {
    HOME: f"arn:aws:rds:{HOME}:123456789012:cluster:aurora-use1-dev",
    STANDBY: f"arn:aws:rds:{STANDBY}:123456789012:cluster:aurora-usw2-dev",
}


@pytest.fixture
def healthy(lab: Environment, run: Run) -> None:
    """The writer is at home, and all is well."""
    if lab.aws.member(HOME).role != "writer":  # an earlier test failed half-way
        lab.client("rds", STANDBY).switchover_global_cluster(
            GlobalClusterIdentifier="global-dev", TargetDbClusterIdentifier=ARNS[HOME]
        )
        assert wait_until(lambda: lab.aws.member(HOME).role == "writer", 60)
    wait_until_well(lab, run, STANDBY)


def wait_until_well(lab: Environment, run: Run, standby: str) -> None:
    """Wait for the old member's return, and until no metric speaks of the earlier writer."""

    def well() -> bool:
        control(lab, standby)
        return bool(run("status").exit_code == 0)

    assert wait_until(lambda: all(m.state == "available" for m in lab.aws.members()), 60)
    assert wait_until(well, 60), run("status").stdout


def wait_until_steady(lab: Environment, standby: str) -> None:
    """Run the standby's controller until it is armed and sees that all is well."""
    assert wait_until(lambda: bool(control(lab, standby).get("state") == "STEADY"), 60)


def done(run: Run, *arguments: str, typed: str | None = None) -> Any:
    """Run a command until it is not refused: on a busy machine a witness may be late."""
    results = []

    def accepted() -> bool:
        results.append(run(*arguments, typed=typed))
        return bool(results[-1].exit_code == 0)

    assert wait_until(accepted, 60), results[-1].output
    return results[-1]


def changes(stack: Stack, *, refresh: bool = True) -> list[tuple[str, str, str]]:
    return [(each.kind, each.name, each.reason) for each in stack.changes(refresh=refresh)]


def changes_without(stack: Stack, *ignored: str) -> list[tuple[str, str, str]]:
    """What a broken program would do, one that no longer ignores some properties."""
    with pytest.MonkeyPatch.context() as mutant:
        for name in ("CLUSTER_IGNORES", "INSTANCE_IGNORES"):
            kept = tuple(each for each in getattr(database, name) if each not in ignored)
            mutant.setattr(database, name, kept)
        return changes(stack, refresh=False)


@pytest.mark.usefixtures("healthy")
def test_a_switchover_and_a_failback_keep_record_dns_and_program_right(
    lab: Environment, stack: Stack, run: Run, store: RecordStore
) -> None:
    run("arm", *WHY)
    result = done(run, "switchover", "--to", STANDBY, *WHY, typed="global-dev\n")
    assert len([line for line in result.stderr.splitlines() if line.startswith("green")]) == 13
    assert f"{STANDBY} is the writer, in epoch 2" in result.stdout
    assert lab.aws.failovers()[-1]["kind"] == "switchover"
    record = store.read()
    assert (record.state, record.writer, record.latch) == (State.OBSERVE, STANDBY, 0)
    assert (record.armed, record.maintenance_until) == (True, None)
    reasons = [entry.reason.split(":")[0] for entry in store.audit()]
    assert reasons[-2:] == ["switchover to arn", f"switched over to {STANDBY}, verified"]
    assert run("audit").exit_code == 0

    # The new standby is home: its controller watches the new writer, and is armed as before.
    wait_until_steady(lab, HOME)
    wait_until_well(lab, run, HOME)
    assert json.loads(run("status", "--json").stdout)["quiet"] is True
    assert store.read().writer == STANDBY
    again = run("switchover", "--to", STANDBY, "--yes", *WHY)
    assert (again.exit_code, "the writer already" in again.stdout) == (0, True)

    assert changes(stack) == []
    assert changes_without(stack, "replication_source_identifier") == [
        ("update", "aurora-use1-dev", "replicationSourceIdentifier")
    ]

    back = done(run, "failback", "--yes", "--json", *WHY)
    assert json.loads(back.stdout)["writer"] == HOME
    assert (store.read().latch, store.read().armed, store.read().epoch) == (1, True, 3)
    wait_until_steady(lab, STANDBY)
    assert changes(stack) == []
    assert changes_without(stack, "replication_source_identifier") == [
        ("update", "aurora-usw2-dev", "replicationSourceIdentifier")
    ]


@pytest.mark.usefixtures("healthy")
def test_a_switchover_needs_the_writers_region_and_a_sound_stack(
    lab: Environment, run: Run, store: RecordStore
) -> None:
    away = ("--endpoint-url", lab.aws.endpoint_url, "--endpoint-url", f"{HOME}={CLOSED}")
    dry = run("switchover", "--to", STANDBY, "--dry-run", "--json", *away, *WHY)
    assert dry.exit_code == 1
    found = json.loads(dry.stdout)
    assert found["preconditions"]["regions"] == [f"{HOME}: no answer (EndpointConnectionError)"]
    assert found["preconditions"]["versions"] == []

    old = store.read()
    after_failover = replace(old, state=State.COOLDOWN, acknowledged=False, writer=HOME)
    store.write(old, after_failover, Note(1.0, "test", "as after a failover"))
    unsettled = run("switchover", "--to", STANDBY, "--yes", *WHY)
    assert unsettled.exit_code == 1
    assert (
        "rest: the record is not at rest: COOLDOWN (acknowledge, then rejoin)" in unsettled.stderr
    )
    assert store.read().maintenance_until is None
    assert lab.aws.member(HOME).role == "writer"


@pytest.mark.usefixtures("healthy")
def test_what_aws_refuses_leaves_everything_as_it_was(
    lab: Environment, run: Run, store: RecordStore
) -> None:
    run("arm", *WHY)
    lab.aws.refuse(
        "SwitchoverGlobalCluster", code="InvalidGlobalClusterStateFault", message="not now"
    )
    try:
        # Until it comes so far: on a busy machine a witness may be late.
        assert wait_until(
            lambda: "nothing was moved" in run("switchover", "--to", STANDBY, "--yes", *WHY).stderr,
            60,
        )
    finally:
        lab.aws.refuse_nothing()
    record = store.read()
    assert (record.writer, record.maintenance_until, record.armed) == (HOME, None, True)
    assert store.audit()[-1].reason.endswith("InvalidGlobalClusterStateFault: not now")


@pytest.fixture
def other_version(lab: Environment) -> Iterator[None]:
    """Aurora itself gives the standby another engine version."""
    rds = lab.client("rds", STANDBY)
    name = "aurora-usw2-dev"
    before = rds.describe_db_clusters(DBClusterIdentifier=name)["DBClusters"][0]["EngineVersion"]
    lab.aws.set_version(STANDBY, "8.0.mysql_aurora.3.10.3")
    yield
    lab.aws.set_version(STANDBY, before)


@pytest.mark.usefixtures("healthy", "other_version")
def test_another_engine_version_is_told_and_left_alone(stack: Stack, run: Run) -> None:
    refused = run("switchover", "--to", STANDBY, "--dry-run", *WHY)
    assert refused.exit_code == 1
    assert "versions: the members' engine versions differ" in refused.stdout
    assert "EngineVersion is 8.0.mysql_aurora.3.10.3" in run("status").stdout
    assert changes(stack) == []
    assert changes_without(stack, "engine_version") == [
        ("update", "aurora-usw2-dev", "engineVersion"),
        ("update", "db-usw2-1-dev", "engineVersion"),
    ]


@pytest.mark.usefixtures("healthy")
def test_after_a_failover_the_old_writer_rejoins_and_the_writer_comes_home(
    lab: Environment, stack: Stack, run: Run, store: RecordStore
) -> None:
    lab.aws.refuse("DescribeDBClusterSnapshots", code="AccessDenied", message="not you")
    assert run("failover", "--to", STANDBY, "--yes", *WHY).exit_code == 0
    early = run("rejoin", "--yes", *WHY)
    assert early.exit_code == 1
    assert "the failover has not been acknowledged" in early.stdout
    assert f"the snapshots in {HOME} are unknown: AccessDenied" in early.stdout
    lab.aws.refuse_nothing()
    run("acknowledge", *WHY)
    assert wait_until(lambda: all(m.state == "available" for m in lab.aws.members()), 60)
    assert changes(stack) == []

    refused = run("failback", "--yes", *WHY)
    assert (refused.exit_code, "acknowledge, then rejoin" in refused.stderr) == (1, True)
    named = run("rejoin", *WHY, typed="something else\n")
    assert (named.exit_code, store.read().state) == (1, State.COOLDOWN)
    dry = json.loads(done(run, "rejoin", "--dry-run", "--json", *WHY).stdout)
    assert (dry["clean"], dry["after"]["state"]) == (True, "OBSERVE")
    assert store.read().state is State.COOLDOWN
    result = done(run, "rejoin", *WHY, typed="global-dev\n")
    assert "lost writes  may be in rds:unplanned-global-failover-aurora-use1-dev" in result.stdout
    assert f"{HOME} is a clean standby; the record is in OBSERVE" in result.stdout
    wait_until_well(lab, run, HOME)
    done(run, "failback", "--yes", *WHY)
    assert lab.aws.member(HOME).role == "writer"


@pytest.mark.usefixtures("healthy")
def test_a_member_that_left_is_told_and_not_forced_back(
    lab: Environment, stack: Stack, run: Run
) -> None:
    """Last in this file: nothing adds the member back."""
    lab.client("rds", STANDBY).remove_from_global_cluster(
        GlobalClusterIdentifier="global-dev", DbClusterIdentifier=ARNS[STANDBY]
    )
    report = run("rejoin", "--yes", *WHY)
    assert report.exit_code == 1
    assert f"diverged: {STANDBY} is not a member of the global database" in report.stdout
    assert f"{STANDBY} is not a member of the global database" in run("status").stdout
    assert changes(stack) == []
    assert changes_without(stack, "global_cluster_identifier") == [
        ("update", "aurora-usw2-dev", "globalClusterIdentifier")
    ]


CREATION_ONLY = {
    "master_username": "masterUsername",
    "master_password": "masterPassword",
    "master_password_wo_version": "masterPasswordWoVersion",
    "database_name": "databaseName",
    "snapshot_identifier": "snapshotIdentifier",
}


def test_what_counts_at_creation_only_is_ignored_later(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A rotated secret, another name of the schema, a restored snapshot."""

    def asks_otherwise(kind: str, name: str, inputs: dict[str, Any]) -> dict[str, Any] | None:
        if (kind, name) != ("aws:rds/cluster:Cluster", "aurora-use1-dev"):
            return None
        return {**inputs, **dict.fromkeys(CREATION_ONLY.values(), 2)}

    monkeypatch.setattr(stack.deployment, "_transform", asks_otherwise)
    assert changes(stack, refresh=False) == []
    found = changes_without(stack, *CREATION_ONLY)
    (cluster,) = [each for each in found if each[1] == "aurora-use1-dev"]
    assert cluster[0] == "replace"
    assert set(cluster[2].split(", ")) == set(CREATION_ONLY.values())
    # Write-only values are in no state and never differ.
    tested = {*CREATION_ONLY, "replication_source_identifier", "global_cluster_identifier"}
    assert set(database.CLUSTER_IGNORES) - tested == {"engine_version", "master_password_wo"}
