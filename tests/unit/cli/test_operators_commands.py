"""The operator's commands without a stack: usage, output, exit codes."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from bicoastal.cli import operating
from bicoastal.cli.app import app
from bicoastal.errors import BicoastalError
from bicoastal.failover.errors import ConfigError
from bicoastal.failover.state import Record, State
from bicoastal.failover.votes import Evidence
from bicoastal.operate import access as access_module
from bicoastal.operate import moving, overriding, rejoining, switching
from bicoastal.operate.conduct import Conduct
from bicoastal.operate.errors import Refused
from bicoastal.operate.overriding import Plan
from bicoastal.operate.rejoining import RejoinReport
from bicoastal.operate.target import Target
from bicoastal.settings import load

HOME, STANDBY = "us-east-1", "us-west-2"
WHY = ("--reason", "a test")
RECORD = Record("global-dev", HOME)


def run(*arguments: str, **more: Any) -> Any:
    variables = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
    return CliRunner(env=variables).invoke(app, arguments, **more)


@pytest.mark.parametrize(
    ("arguments", "text"),
    (
        (("arm", *WHY, "--region", "us-east-2"), "--region must be one of us-east-1, us-west-2"),
        (("arm", *WHY, "--endpoint-url", "here"), "--endpoint-url must be URL or REGION=URL"),
        (("unlock", *WHY, "--writer", "mars"), "--writer must be one of us-east-1, us-west-2"),
        (("failover", *WHY, "--to", "us-east-2"), "--to must be one of us-east-1, us-west-2"),
        (("maintenance", *WHY), "either --for TIME or --end"),
        (("maintenance", *WHY, "--for", "2h", "--end"), "either --for TIME or --end"),
        (("maintenance", *WHY, "--for", "8d"), "longer than 7d"),
        (("maintenance", *WHY, "--for", "2"), "'2' is not a duration"),
        (("approve", *WHY, "--for", "0m"), "'0m' is not a duration"),
    ),
)
def test_bad_usage_is_an_error_of_ours(arguments: tuple[str, ...], text: str) -> None:
    error = run(*arguments).exception
    assert isinstance(error, BicoastalError)
    assert text in str(error)


@pytest.mark.parametrize(
    "command",
    (
        *("arm", "disarm", "approve", "acknowledge", "unlock", "maintenance", "failover"),
        *("switchover", "failback", "rejoin", "upgrade"),
    ),
)
def test_every_change_needs_a_reason(command: str) -> None:
    result = run(command)
    assert result.exit_code == 2


@pytest.mark.parametrize(
    ("text", "expected"), (("2h", 7200), ("1h30m", 5400), ("1d", 86400), ("45s", 45))
)
def test_durations(text: str, expected: float) -> None:
    assert operating.seconds(text) == expected


def test_values_of_the_record_as_words() -> None:
    words = [operating.word(value) for value in (None, True, False, 0.0, 3, "x")]
    assert words == ["none", "yes", "no", "1970-01-01 00:00:00Z", "3", "x"]


def test_a_wrong_pace_is_bad_input_and_not_a_negative_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("BICOASTAL_PACE", "fast")
    with pytest.raises(ConfigError), operating.answers():
        operating.pace()


@pytest.fixture
def planned(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Replaces record, plan and failover by what a test says; remembers what was asked."""
    asked: dict[str, Any] = {"end": replace(RECORD, state=State.COOLDOWN, writer=STANDBY, epoch=2)}
    config = Target(load({})).controller_config(STANDBY, {})
    plan = Plan(config, RECORD, Evidence(1.0, lag_s=0.5, lag_age_s=20.0), (("armed", "no"),), ())

    def carry_out(_access: Any, _store: Any, _plan: Any, conduct: Conduct) -> Record:
        asked.update(requester=conduct.requester, reason=conduct.reason)
        if isinstance(asked["end"], BaseException):
            raise asked["end"]
        end: Record = asked["end"]
        return end

    monkeypatch.setattr(access_module.Access, "open", lambda _self, _tell: (None, STANDBY))
    asked["plan"] = plan

    def planned_so(*_: Any, stopped: bool) -> Plan:
        asked["stopped"] = stopped
        found: Plan = asked["plan"]
        return found

    monkeypatch.setattr(overriding, "plan", planned_so)
    monkeypatch.setattr(overriding, "carry_out", carry_out)
    return asked


def test_a_failover_says_who_serves(planned: dict[str, Any]) -> None:
    result = run(
        "failover", "--to", STANDBY, "--requester", "ada", *WHY, input="global-dev\n"
    )  # fmt: skip
    assert result.exit_code == 0
    assert f"{STANDBY} serves, in epoch 2" in result.stdout
    assert "lag          0.5 s, 20 s ago" in result.stderr
    assert "gate red     armed: no" in result.stderr
    assert "gates green  none" in result.stderr
    assert (planned["requester"], planned["reason"]) == ("ada", "a test")


@pytest.fixture
def replica(tmp_path: Path) -> str:
    """The stack file of a replica by binary log."""
    keys = "config:\n  bicoastal:topology: binlog-replica\n  bicoastal:failover: {mode: observe}\n"
    file = tmp_path / "Pulumi.dev.yaml"
    file.write_text(keys)
    return str(file)


def test_a_promoted_replica_has_no_way_back(planned: dict[str, Any], replica: str) -> None:
    config = replace(planned["plan"].config, topology="binlog-replica", mode="observe")
    planned["plan"] = replace(planned["plan"], config=config)
    options = ("--to", STANDBY, "--yes", "--stopped", "--requester", "ada", *WHY)
    result = run("failover", "--stack", replica, *options)
    assert result.exit_code == 0
    assert f"{HOME} is no standby any more" in result.stdout
    assert planned["stopped"] is True
    wrong = run("failover", *options).exception
    assert isinstance(wrong, BicoastalError)
    assert "--stopped is for topology binlog-replica" in str(wrong)


def test_a_failed_failover_is_exit_code_one(planned: dict[str, Any]) -> None:
    planned["end"] = replace(RECORD, state=State.LOCKED, writer=HOME)
    options = ("--to", STANDBY, "--yes", "--requester", "ada", *WHY)
    result = run("failover", *options)
    assert (result.exit_code, "does NOT serve: the record is LOCKED" in result.stdout) == (1, True)
    assert json.loads(run("failover", "--json", *options).stdout)["serves"] is False


def test_leaving_a_failover_says_that_it_goes_on(planned: dict[str, Any]) -> None:
    planned["end"] = KeyboardInterrupt()
    result = run("failover", "--to", STANDBY, "--yes", "--requester", "ada", *WHY)
    assert result.exit_code == 130
    assert "the controllers bring it to its end" in result.stderr


@pytest.fixture
def switchable(planned: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Replaces plan and switchover likewise; `asked["red"]` is what is refused."""
    planned["end"] = replace(RECORD, writer=STANDBY, epoch=2)
    planned["red"], planned["done"], planned["resumes"] = (), False, False

    def plan(access: Any, _store: Any, region: str, *_: Any) -> switching.SwitchPlan:
        planned["region"] = region
        return switching.SwitchPlan(
            access.target.controller_config(region, {}), RECORD,
            (("database", ()), ("lag", planned["red"])),
            planned["resumes"], planned["done"],
        )  # fmt: skip

    monkeypatch.setattr(switching, "plan", plan)
    monkeypatch.setattr(moving, "carry_out", overriding.carry_out)
    return planned


def test_a_switchover_shows_each_precondition_and_asks(switchable: dict[str, Any]) -> None:
    options = ("switchover", "--to", STANDBY, "--requester", "ada", *WHY)
    result = run(*options, input="global-dev\n")
    assert result.exit_code == 0
    assert "green        database" in result.stderr
    assert f"{STANDBY} is the writer, in epoch 2; nothing was lost" in result.stdout
    assert (switchable["requester"], switchable["reason"]) == ("ada", "a test")
    switchable["resumes"] = True
    assert "would resume" in run(*options, "--dry-run").stdout
    assert json.loads(run(*options, "--yes", "--json").stdout)["writer"] == STANDBY


def test_a_replica_has_no_switchover_but_a_way_to_move(replica: str) -> None:
    for command, to in (("switchover", STANDBY), ("failback", HOME)):
        where = ("--to", to) if command == "switchover" else ()
        error = run(command, "--stack", replica, *where, *WHY).exception
        assert isinstance(error, BicoastalError)
        assert "for which AWS has no switchover" in str(error)
        assert f"run 'bicoastal failover --to {to} --stopped'" in str(error)


def test_a_failback_goes_home_and_a_refusal_is_exit_code_one(switchable: dict[str, Any]) -> None:
    switchable["red"], switchable["end"] = ("too much",), Refused("lag: too much")
    options = ("failback", "--requester", "ada", *WHY)
    result = run(*options)
    assert (result.exit_code, switchable["region"]) == (1, HOME)
    assert "REFUSED      lag: too much" in result.stderr
    assert run(*options, "--dry-run").exit_code == 1
    switchable["red"], switchable["done"] = (), True
    done = run(*options)
    assert (done.exit_code, done.stdout) == (0, f"{HOME} is the writer already: nothing to do\n")


def test_leaving_a_switchover_says_how_it_goes_on(switchable: dict[str, Any]) -> None:
    switchable["end"] = KeyboardInterrupt()
    result = run("switchover", "--to", STANDBY, "--yes", "--requester", "ada", *WHY)
    assert result.exit_code == 130
    assert "run 'bicoastal switchover' again" in result.stderr


def test_a_rejoin_ends_the_failover_when_the_member_is_clean(
    planned: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    from bicoastal.failover import switching as requests

    over = replace(RECORD, state=State.COOLDOWN, writer=STANDBY)
    report = RejoinReport(HOME, STANDBY, over, (("replica", ()),), ("a note",), ("rds:x",))
    ended = replace(over, state=State.OBSERVE)
    monkeypatch.setattr(rejoining, "examine", lambda *_: report)
    monkeypatch.setattr(requests, "end_rejoining", lambda *_: ended)
    options = ("rejoin", "--requester", "ada", *WHY)
    assert "that is not its name" in run(*options, input="no\n").stderr
    result = run(*options, input="global-dev\n")
    assert result.exit_code == 0
    lines = ("clean        replica", "note         a note", "lost writes  may be in rds:x")
    assert all(line in result.stdout for line in lines)
    assert f"{HOME} is a clean standby; the record is in OBSERVE" in result.stdout
    assert "would be in OBSERVE" in run(*options, "--dry-run").stdout
    assert json.loads(run(*options, "--yes", "--json").stdout)["after"]["state"] == "OBSERVE"

    monkeypatch.setattr(
        rejoining, "examine", lambda *_: replace(report, findings=(("replica", ("diverged",)),))
    )
    refused = run(*options)
    assert (refused.exit_code, "NOT CLEAN    replica: diverged" in refused.stdout) == (1, True)


def test_a_switchovers_plan_as_json(switchable: dict[str, Any]) -> None:
    found = json.loads(run("failback", "--dry-run", "--json", *WHY).stdout)
    assert found["preconditions"] == {"database": [], "lag": []}
