"""Engine upgrades of the deployed stack: AWS's rules, the order, interruptions, a quiet program."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from bicoastal.failover.record import RecordStore
from bicoastal.lab.drill.deploying import Stack
from bicoastal.lab.drill.environment import Environment
from bicoastal.lab.planning import pulumi_config
from bicoastal.lab.waiting import wait_until
from bicoastal.settings import load

from .names import HOME, STANDBY, WHY, Run, control

pytestmark = pytest.mark.lab

BEFORE, AFTER, LATER = (f"8.0.mysql_aurora.3.{patch}" for patch in ("10.4", "12.0", "13.0"))
NAMES = {HOME: "aurora-use1-dev", STANDBY: "aurora-usw2-dev"}


@pytest.fixture(autouse=True)
def old_version(lab: Environment) -> Iterator[None]:
    """Every test begins with the version that was deployed, and all members available."""
    yield
    lab.aws.refuse_nothing()
    assert wait_until(lambda: all(m.state == "available" for m in lab.aws.members()), 60)
    for region in NAMES:
        lab.aws.set_version(region, BEFORE)


def member(lab: Environment, region: str) -> Any:
    found = lab.client("rds", region).describe_db_clusters(DBClusterIdentifier=NAMES[region])
    return found["DBClusters"][0]


def modify(lab: Environment, region: str, version: str, **more: Any) -> Any:
    answer = lab.client("rds", region).modify_db_cluster(
        DBClusterIdentifier=NAMES[region],
        EngineVersion=version,
        **{"ApplyImmediately": True} | more,
    )
    return answer["DBCluster"]


def versions(lab: Environment) -> dict[str, str]:
    return {region: member(lab, region)["EngineVersion"] for region in NAMES}


def begun(run: Run, *arguments: str, **more: Any) -> Any:
    """Run the command until it begins: on a busy machine a witness or a measurement is late."""
    results = []

    def tried() -> bool:
        results.append(run("upgrade", *arguments, **more))
        return "REFUSED" not in results[-1].stderr

    assert wait_until(tried, 60), results[-1].output
    return results[-1]


def test_aws_has_an_order_takes_its_time_and_never_goes_back(lab: Environment) -> None:
    with pytest.raises(ClientError, match="Please upgrade global replicas first before"):
        modify(lab, HOME, AFTER)
    with pytest.raises(ClientError, match="can't perform minor version upgrades through Modify"):
        lab.client("rds", HOME).modify_global_cluster(
            GlobalClusterIdentifier="global-dev", EngineVersion=AFTER
        )
    with pytest.raises(ClientError, match="AllowMajorVersionUpgrade flag must be present"):
        lab.client("rds", HOME).modify_global_cluster(
            GlobalClusterIdentifier="global-dev", EngineVersion="8.4.mysql_aurora.8.4.7"
        )
    assert modify(lab, STANDBY, AFTER, ApplyImmediately=False)["Status"] == "available"
    answer = modify(lab, STANDBY, AFTER)
    assert (answer["Status"], answer["EngineVersion"]) == ("upgrading", BEFORE)
    with pytest.raises(ClientError, match="not available for modification with status upgrading"):
        modify(lab, STANDBY, LATER)
    assert wait_until(lambda: member(lab, STANDBY)["Status"] == "available", 60)
    assert versions(lab) == {HOME: BEFORE, STANDBY: AFTER}
    with pytest.raises(ClientError, match="must have the same engine version as current primary"):
        lab.client("rds", STANDBY).failover_global_cluster(
            GlobalClusterIdentifier="global-dev",
            TargetDbClusterIdentifier=member(lab, STANDBY)["DBClusterArn"],
            AllowDataLoss=True,
        )
    with pytest.raises(ClientError, match="Cannot find upgrade target"):
        modify(lab, STANDBY, BEFORE)


def test_all_members_are_upgraded_and_the_program_with_the_new_version_is_quiet(
    lab: Environment, stack: Stack, run: Run, store: RecordStore
) -> None:
    control(lab)
    run("arm", *WHY)
    seen: list[tuple[dict[str, str], float | None]] = []
    over = threading.Event()

    def watch() -> None:
        while not over.wait(0.1):
            seen.append((versions(lab), store.read().maintenance_until))

    watcher = threading.Thread(target=watch)
    watcher.start()
    result = begun(run, "--to", AFTER, *WHY, typed="global-dev\n")
    over.set()
    watcher.join()
    assert result.exit_code == 0, result.output
    assert "2  us-east-1  writer   8.0.mysql_aurora.3.10.4 -> 8.0.mysql_aurora.3.12.0" in (
        result.stderr
    )
    assert f"bicoastal:database.engineVersion' {AFTER}" in result.stdout
    assert versions(lab) == dict.fromkeys(NAMES, AFTER)
    assert ({HOME: BEFORE, STANDBY: AFTER}) in [at for at, _ in seen]
    assert {HOME: AFTER, STANDBY: BEFORE} not in [at for at, _ in seen]
    assert all(held for at, held in seen if len(set(at.values())) > 1)
    record = store.read()
    assert (record.armed, record.maintenance_until, record.held_by) == (True, None, None)
    trail = store.audit()
    calls = [entry for entry in trail if "accepted" in entry.reason]
    assert [entry.reason.split(" in ")[1].split()[0] for entry in calls] == [STANDBY, HOME]
    assert all(entry.request_ids for entry in calls)
    assert {entry.requester for entry in calls} == {"arn:aws:iam::123456789012:root"}
    assert run("audit", "--replay").exit_code == 0
    again = run("upgrade", "--to", AFTER, "--yes", *WHY)
    assert (again.exit_code, "runs 8.0.mysql_aurora.3.12.0 already" in again.stdout) == (0, True)

    # The old program is quiet, because it ignores what differs; one with the new version, too.
    assert stack.changes() == []
    old, new = (
        pulumi_config(load({"secretArn": lab.secret_arn, "database": {"engineVersion": version}}))
        for version in (BEFORE, AFTER)
    )
    config = stack.deployment._config
    config.update(new)
    try:
        assert stack.changes(refresh=False) == []
    finally:
        config.update(old)


def test_what_aws_refuses_changes_nothing_and_half_an_upgrade_is_gone_on_with(
    lab: Environment, run: Run, store: RecordStore
) -> None:
    control(lab)
    refusal = {"code": "InvalidParameterCombination", "message": "isn't supported in place"}
    lab.aws.refuse("ModifyDBCluster", region=STANDBY, **refusal)
    first = begun(run, "--to", AFTER, "--yes", *WHY)
    assert (first.exit_code, "nothing was changed" in first.stderr) == (1, True)
    assert (store.read().maintenance_until, store.read().held_by) == (None, None)

    lab.aws.refuse_nothing()
    lab.aws.refuse("ModifyDBCluster", region=HOME, **refusal)
    second = begun(run, "--to", AFTER, "--yes", *WHY)
    assert (second.exit_code, "run the same command again" in second.stderr) == (1, True)
    assert versions(lab) == {HOME: BEFORE, STANDBY: AFTER}
    held = store.read()
    assert held.maintenance_until
    assert held.held_by

    # Somebody else is at work, as far as the record says.
    busy = store.write(held, replace(held, held_until=held.maintenance_until), None)
    other = run("upgrade", "--to", AFTER, "--yes", *WHY)
    assert (other.exit_code, "is under way" in other.stderr) == (1, True)
    store.write(busy, replace(busy, held_until=1.0), None)

    lab.aws.refuse_nothing()
    plan = json.loads(run("upgrade", "--to", AFTER, "--dry-run", "--json", *WHY).stdout)
    assert (plan["begun"], [step["region"] for step in plan["steps"]]) == (True, [STANDBY, HOME])
    third = begun(run, "--to", AFTER, "--yes", "--json", *WHY)
    assert json.loads(third.stdout)["version"] == AFTER
    assert versions(lab) == dict.fromkeys(NAMES, AFTER)
    assert (store.read().maintenance_until, store.read().held_by) == (None, None)


def test_a_version_that_rds_does_not_offer_is_refused_with_what_it_offers(
    run: Run, store: RecordStore
) -> None:
    result = run("upgrade", "--to", "8.0.mysql_aurora.3.99.0", "--yes", *WHY)
    assert result.exit_code == 1
    assert f"{HOME} does not upgrade {BEFORE} to 8.0.mysql_aurora.3.99.0, but to 8.0" in (
        result.stderr
    )
    assert store.read().version == 0
