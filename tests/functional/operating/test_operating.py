"""The operator's commands against a deployed stack: the real program in the embedded AWS.

The failover at the end moves the writer and moves it back, so that the order does not matter.
"""

from __future__ import annotations

import json
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bicoastal.failover.record import Note, RecordStore
from bicoastal.failover.state import State
from bicoastal.lab.drill.deploying import Stack
from bicoastal.lab.drill.environment import Environment
from bicoastal.lab.waiting import wait_until

from .names import CLOSED, HOME, STANDBY, WHY, WITNESS, Run, control

pytestmark = pytest.mark.lab


def test_all_is_well_while_disarmed(lab: Environment, run: Run) -> None:
    control(lab)
    result = run("status")
    assert result.exit_code == 0, result.output
    assert "all is well" in result.stdout
    assert "not armed" in result.stdout
    assert f"member   {HOME}  writer   available, connected, instances: 1" in result.stdout
    assert f"lag      {STANDBY}" in result.stdout
    for region in (HOME, STANDBY, WITNESS):
        assert f"vote     {region}  UP" in result.stdout
        assert f"latch    {region}  1  measured" in result.stdout
    assert "check    latch-dev  healthy  3 of 3 children are healthy, 2 needed" in result.stdout


def test_the_role_that_was_deployed_may_fail_over_and_nothing_is_needed_twice(
    lab: Environment, run: Run, tmp_path: Path
) -> None:
    file = stack_file(lab, tmp_path)
    found: list[dict[str, Any]] = []

    def answered() -> bool:
        """IAM was asked and answered in time, which a busy machine may fail to do at first."""
        result = run("check", "--live", "--json", "--select", "BC7", str(file))
        found[:] = json.loads(result.stdout)["findings"]
        return "BC713" not in {f["rule_id"] for f in found if not f["checked"]}

    assert wait_until(answered, 60), found
    assert [f for f in found if f["checked"]] == []


def stack_file(lab: Environment, folder: Path) -> Path:
    """What was deployed, as its user has it."""
    file = folder / "Pulumi.dev.yaml"
    file.write_text(f"config:\n  bicoastal:secretArn: {lab.secret_arn}\n")
    return file


def test_the_doctor_finds_only_what_the_tests_switched_off(
    lab: Environment, run: Run, tmp_path: Path
) -> None:
    control(lab)
    result = run("doctor", "--json", "--stack", str(stack_file(lab, tmp_path)))
    found = json.loads(result.stdout)["findings"]
    assert [(each["id"], each["is"]) for each in found] == [("schedule-disabled", "DISABLED")] * 2
    assert result.exit_code == 1


def test_the_doctor_names_a_lost_place_of_the_record(
    lab: Environment, run: Run, store: RecordStore, tmp_path: Path
) -> None:
    file = str(stack_file(lab, tmp_path))
    home = lab.client("dynamodb", HOME)

    def update(action: str, **more: Any) -> None:
        home.update_table(
            TableName="record-dev",
            ReplicaUpdates=[{action: {"RegionName": STANDBY}}],
            GlobalTableWitnessUpdates=[{action: {"RegionName": WITNESS}}],
            **more,
        )

    def findings() -> dict[str, str]:
        found = json.loads(run("doctor", "--json", "--stack", file).stdout)["findings"]
        return {one["id"]: one["subject"] for one in found if one["id"].startswith("record-")}

    assert findings() == {}
    lab.client("dynamodb", STANDBY).update_continuous_backups(
        TableName="record-dev",
        PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": False},
    )
    assert findings() == {"record-backup": f"{STANDBY} record-dev"}
    update("Delete")
    assert findings() == {"record-missing": f"{STANDBY} record-dev"}
    update("Create", MultiRegionConsistency="STRONG")
    lab.client("dynamodb", STANDBY).update_continuous_backups(
        TableName="record-dev",
        PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True},
    )
    assert findings() == {}
    assert store.read().version == 0


def test_status_as_json(lab: Environment, run: Run) -> None:
    control(lab)
    found = json.loads(run("status", "--json").stdout)
    assert found["schema"] == 1
    assert (found["well"], found["problems"]) == (True, [])
    assert found["regions"] == {HOME: None, STANDBY: None, WITNESS: None}
    assert [member["role"] for member in found["database"]["members"]] == ["writer", "standby"]
    assert found["lags"][0]["region"] == STANDBY
    assert found["lags"][0]["value"] < 30
    assert {vote["depth"] for vote in found["votes"]} == {"greeting"}
    assert [check["name"] for check in found["checks"]][-1] == "latch-dev"


def test_looking_writes_nothing(run: Run, store: RecordStore) -> None:
    run("status")
    run("audit")
    run("failover", "--to", STANDBY, "--dry-run", *WHY)
    run("arm", "--dry-run", *WHY)
    assert store.read().version == 0


@pytest.mark.parametrize("address", (CLOSED, "http://unreachable.invalid"))
def test_without_the_home_region_everything_is_still_told(
    address: str, lab: Environment, run: Run
) -> None:
    control(lab)
    begun = time.monotonic()
    away = ("--endpoint-url", lab.aws.endpoint_url, "--endpoint-url", f"{HOME}={address}")
    result = run("status", *away)
    assert time.monotonic() - begun < 15
    assert result.exit_code == 1
    assert f"! {HOME}: no answer (" in result.stdout
    assert f"vote     {HOME}  UNKNOWN" in result.stdout
    assert f"vote     {STANDBY}  UP" in result.stdout
    assert f"member   {HOME}  writer   no answer" in result.stdout
    assert "record   OBSERVE" in result.stdout
    assert run("arm", *away, *WHY).exit_code == 0
    assert run("audit", *away).exit_code == 0


def test_without_the_standby_region_the_home_region_is_asked(lab: Environment, run: Run) -> None:
    away = ("--endpoint-url", lab.aws.endpoint_url, "--endpoint-url", f"{STANDBY}={CLOSED}")
    result = run("arm", *away, *WHY)
    assert result.exit_code == 0
    assert f"{STANDBY}: no answer (EndpointConnectionError)" in result.stderr
    assert f"asked {HOME}" in result.stdout
    only = run("disarm", *away, "--region", STANDBY, *WHY)
    assert only.exit_code == 1
    assert f"{STANDBY}: no answer" in only.stderr


def test_arming_and_disarming_leave_their_trace(run: Run, store: RecordStore) -> None:
    result = run("arm", *WHY)
    assert result.exit_code == 0
    assert "armed              no -> yes" in result.stdout
    assert "nothing to change" in run("arm", *WHY).stdout
    changed = json.loads(run("disarm", "--requester", "me", "--json", *WHY).stdout)
    assert (changed["changed"], changed["requester"], changed["asked"]) == (True, "me", STANDBY)
    assert (changed["before"]["armed"], changed["after"]["armed"]) == (True, False)
    first, second = store.audit()
    assert first.requester.startswith("arn:aws:iam::123456789012:")
    assert (first.reason, second.requester) == ("armed: a test", "me")


def test_arming_is_refused_before_the_last_failover_is_acknowledged(
    run: Run, store: RecordStore
) -> None:
    old = store.read()
    store.write(old, replace(old, acknowledged=False), Note(1.0, "test", "as after a failover"))
    refused = run("arm", *WHY)
    assert refused.exit_code == 1
    assert "acknowledge the last failover" in refused.stderr
    assert "has not been acknowledged" in run("status").stdout
    assert run("acknowledge", *WHY).exit_code == 0
    assert run("arm", *WHY).exit_code == 0
    assert store.read().armed


def test_approval_needs_something_that_is_held(run: Run, store: RecordStore) -> None:
    refused = run("approve", *WHY)
    assert (refused.exit_code, "nothing waits for approval" in refused.stderr) == (1, True)
    old = store.read()
    store.write(old, replace(old, state=State.HELD), Note(1.0, "test", "held"))
    assert run("approve", "--for", "10m", *WHY).exit_code == 0
    until = store.read().approved_until
    assert until is not None
    assert 590 < until - time.time() <= 600


def test_maintenance_keeps_the_controller_still_and_ends(
    lab: Environment, run: Run, store: RecordStore
) -> None:
    run("arm", *WHY)
    assert run("maintenance", "--for", "2h", *WHY).exit_code == 0
    until = store.read().maintenance_until
    assert until is not None
    assert 7190 < until - time.time() <= 7200
    assert "in maintenance for another" in control(lab)["reason"]
    assert "in maintenance until" in run("status").stdout
    assert run("maintenance", "--end", *WHY).exit_code == 0
    assert "clean round" in control(lab)["reason"]
    assert store.read().armed


def test_unlocking_names_the_writer_and_rds_must_agree(
    lab: Environment, run: Run, store: RecordStore
) -> None:
    old = store.read()
    store.write(old, replace(old, state=State.LOCKED), Note(1.0, "test", "locked"))
    assert "the automation is LOCKED" in run("status").stdout
    refused = run("unlock", "--writer", STANDBY, *WHY)
    assert refused.exit_code == 1
    assert f"RDS in {STANDBY} calls {HOME} the writer, not {STANDBY}" in refused.stderr
    away = [f"--endpoint-url={region}={CLOSED}" for region in (STANDBY,)]
    away.insert(0, f"--endpoint-url={lab.aws.endpoint_url}")
    lab.aws.refuse("DescribeGlobalClusters", code="AccessDenied", message="not you")
    try:
        silent = run("unlock", "--writer", HOME, *away, *WHY)
    finally:
        lab.aws.refuse_nothing()
    assert silent.exit_code == 1
    assert f"{HOME}: AccessDenied: not you" in silent.stderr
    assert run("unlock", "--writer", STANDBY, "--force", "--dry-run", *WHY).exit_code == 0
    assert run("unlock", "--writer", HOME, *WHY).exit_code == 0
    assert store.read().state is State.OBSERVE


def test_a_changed_entry_and_a_changed_record_are_found(
    lab: Environment, run: Run, store: RecordStore
) -> None:
    run("arm", "--reason", "[first]")
    run("disarm", *WHY)
    whole = run("audit")
    assert whole.exit_code == 0
    assert "2 entries, the chain is intact" in whole.stdout
    assert "armed: [first]" in whole.stdout

    dynamodb = lab.client("dynamodb", STANDBY)
    key = {"TableName": "record-dev", "Key": {"cluster": {"S": "global-dev"}}}
    item = dynamodb.get_item(**key)["Item"]
    forged = json.loads(json.dumps(item))
    forged["audit"]["L"][0]["S"] = forged["audit"]["L"][0]["S"].replace("[first]", "[other]")
    dynamodb.put_item(TableName="record-dev", Item=forged)
    result = run("audit", "--json")
    assert result.exit_code == 1
    found = json.loads(result.stdout)
    assert (found["intact"], len(found["entries"])) == (False, 2)
    assert found["problems"] == ["entry 1 was changed after it was written"]
    assert "TAMPERED: entry 1" in run("audit").stdout
    assert "audit trail: entry 1 was changed" in run("status").stdout

    item["record"]["S"] = item["record"]["S"].replace('"armed":false', '"armed":true')
    dynamodb.put_item(TableName="record-dev", Item=item)
    assert "the record is not what its last entry (2) left" in run("audit").stdout


def test_a_forger_who_hashes_anew_is_found_by_the_replay(
    lab: Environment, run: Run, store: RecordStore
) -> None:
    assert run("arm", *WHY).exit_code == 0
    control(lab, rounds=3)
    assert store.read().state is State.STEADY
    whole = run("audit", "--replay")
    assert whole.exit_code == 0, whole.output
    assert "every decision follows from its evidence" in whole.stdout
    assert json.loads(run("audit", "--json").stdout)["does_not_follow"] is None

    away = ("--endpoint-url", lab.aws.endpoint_url, "--endpoint-url", f"{STANDBY}={CLOSED}")
    silent = run("audit", "--replay", *away)
    assert silent.exit_code == 1
    assert f"DOES NOT FOLLOW: the controller of {STANDBY} does not tell its policy" in silent.stdout
    assert f"no policy is known for the controller of {STANDBY}" in silent.stdout

    *earlier, last = store.audit()
    reason = "all three witnesses were content"
    forged = replace(last, reason=reason)
    forged = replace(forged, hash=forged.digest())
    dynamodb = lab.client("dynamodb", STANDBY)
    key = {"TableName": "record-dev", "Key": {"cluster": {"S": "global-dev"}}}
    item = dynamodb.get_item(**key)["Item"]
    text = json.loads(item["audit"]["L"][-1]["S"])
    item["audit"]["L"][-1]["S"] = json.dumps({**text, "reason": reason, "hash": forged.hash})
    dynamodb.put_item(TableName="record-dev", Item=item)
    assert [entry.hash for entry in store.audit()] == [*(e.hash for e in earlier), forged.hash]
    assert run("audit").exit_code == 0  # the hashes are right
    found = run("audit", "--replay", "--json")
    assert found.exit_code == 1
    (problem,) = json.loads(found.stdout)["does_not_follow"]
    assert problem.startswith(f"entry {last.seq}: the decision's reason is")


def test_failover_dry_run_shows_the_call_and_what_is_red(run: Run) -> None:
    result = run("failover", "--to", STANDBY, "--dry-run", *WHY)
    assert result.exit_code == 0
    assert "would write  PROMOTING to us-west-2, epoch 2 (now OBSERVE" in result.stdout
    assert (
        "rds:FailoverGlobalCluster in us-west-2: global-dev to "
        "arn:aws:rds:us-west-2:123456789012:cluster:aurora-usw2-dev, AllowDataLoss"
    ) in result.stdout
    assert "gate red     armed: disarmed" in result.stdout
    assert "gates green  standby" in result.stdout
    found = json.loads(run("failover", "--to", STANDBY, "--dry-run", "--json", *WHY).stdout)
    assert found["gates"]["armed"] == "disarmed"
    assert (found["gates"]["standby"], found["refusals"]) == (None, [])


def test_failover_is_refused_where_it_makes_no_sense(lab: Environment, run: Run) -> None:
    writer = run("failover", "--to", HOME, "--yes", *WHY)
    assert writer.exit_code == 1
    assert f"{HOME} is the writer already" in writer.stderr
    away = ("--endpoint-url", lab.aws.endpoint_url, "--endpoint-url", f"{STANDBY}={CLOSED}")
    silent = run("failover", "--to", STANDBY, "--yes", *away, *WHY)
    assert silent.exit_code == 1
    assert f"RDS in {STANDBY} does not say whether it can be promoted: no answer" in silent.stderr
    dry = run("failover", "--to", STANDBY, "--dry-run", *away, *WHY)
    assert (dry.exit_code, "REFUSED" in dry.stdout) == (1, True)


def test_failover_asks_for_the_name(run: Run, store: RecordStore) -> None:
    result = run("failover", "--to", STANDBY, *WHY, typed="global-prod\n")
    assert result.exit_code == 1
    assert "that is not its name: nothing was done" in result.stderr
    assert store.read().version == 0


def test_a_human_fails_over_without_the_home_region_and_back(
    lab: Environment, run: Run, store: RecordStore
) -> None:
    away = ("--endpoint-url", lab.aws.endpoint_url, "--endpoint-url", f"{HOME}={CLOSED}")
    result = run("failover", "--to", STANDBY, *away, *WHY, typed="global-dev\n")
    assert result.exit_code == 0, result.output
    assert f"{STANDBY} serves, in epoch 2" in result.stdout
    assert "promotion of arn:aws:rds:us-west-2" in result.stderr
    record = store.read()
    assert (record.state, record.writer, record.latch) == (State.COOLDOWN, STANDBY, 0)
    trail = store.audit()
    assert trail[0].reason == f"failover to {STANDBY} requested: a test"
    assert trail[0].to_state == State.PROMOTING
    assert trail[0].evidence is not None
    assert trail[1].request_ids
    assert trail[1].requester == trail[0].requester
    assert run("audit").exit_code == 0

    again = run("failover", "--to", STANDBY, "--yes", *WHY)
    assert (again.exit_code, "is the writer already" in again.stderr) == (1, True)
    deadline = time.monotonic() + 30
    while any(member.state != "available" for member in lab.aws.members()):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    back = run("failover", "--to", HOME, "--yes", "--json", *WHY)
    assert back.exit_code == 0, back.output
    assert json.loads(back.stdout)["record"]["writer"] == HOME
    assert store.read().latch == 1


def test_the_secret_is_where_it_belongs_and_nowhere_else(
    lab: Environment, stack: Stack, run: Run
) -> None:
    """The lab's password is a canary: whoever writes it down anywhere is found by it."""
    canary = lab.password
    (secret,) = lab.client("secretsmanager", HOME).list_secrets()["SecretList"]
    value = lab.client("secretsmanager", HOME).get_secret_value(SecretId=secret["ARN"])
    assert canary in value["SecretString"]  # it is what is searched for
    control(lab)
    said = {"outputs": json.dumps(stack.outputs, default=repr), "journal": repr(stack.journal)}
    for command in (("status",), ("status", "--json"), ("audit",)):
        said[" ".join(command)] = run(*command).output
    lines = 0
    for region in (HOME, STANDBY, WITNESS):
        logs = lab.client("logs", region)
        for group in logs.describe_log_groups()["logGroups"]:
            name = group["logGroupName"]
            events = logs.filter_log_events(logGroupName=name)["events"]
            lines += len(events)
            said[f"log {region} {name}"] = repr(events)
        functions = lab.client("lambda", region)
        for function in functions.list_functions()["Functions"]:
            said[f"function {function['FunctionName']}"] = repr(function)
    files = [path for path in lab.workspace.path.rglob("*") if path.is_file()]
    for path in files:
        said[str(path)] = path.read_bytes().decode(errors="replace")
    assert lines
    assert len(files) > 10
    assert [where for where, text in said.items() if canary in text] == []
    assert len(said["journal"]) > 10_000
