"""`bicoastal upgrade` without a stack: usage, the plan's table, exit codes."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from bicoastal.cli.app import app
from bicoastal.errors import BicoastalError
from bicoastal.failover.state import Record
from bicoastal.operate import access as access_module
from bicoastal.operate import rolling, upgrading
from bicoastal.operate.conduct import Conduct
from bicoastal.operate.errors import Refused
from bicoastal.operate.report import MemberReport
from bicoastal.operate.upgrading import UpgradePlan

OLD, NEW = "8.0.mysql_aurora.3.10.4", "8.0.mysql_aurora.3.12.0"
RECORD = Record("global-dev", "us-east-1")
PLAN = UpgradePlan(
    "global-dev", NEW, RECORD,
    (
        MemberReport("us-west-2", "arn-2", "standby", "connected", "available", 1, OLD),
        MemberReport("us-east-1", "arn-1", "writer", "connected", "available", 1, OLD),
    ),
    (("database", ()),), ("a note",),
)  # fmt: skip
OPTIONS = ("upgrade", "--to", NEW, "--reason", "a test", "--requester", "ada")


def run(*arguments: str, **more: Any) -> Any:
    variables = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
    return CliRunner(env=variables).invoke(app, arguments, **more)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Replaces plan and upgrade by what a test says; remembers what was asked."""
    found: dict[str, Any] = {"plan": PLAN, "end": RECORD}

    def carry_out(_access: Any, _store: Any, _plan: Any, conduct: Conduct) -> Record:
        found.update(vars(conduct))
        if isinstance(found["end"], BaseException):
            raise found["end"]
        return RECORD

    monkeypatch.setattr(access_module.Access, "open", lambda _self, _tell: (None, "us-west-2"))
    monkeypatch.setattr(upgrading, "plan", lambda *_: found["plan"])
    monkeypatch.setattr(rolling, "carry_out", carry_out)
    return found


def test_it_shows_the_plan_asks_and_says_what_to_write_down(
    asked: dict[str, Any], tmp_path: Path
) -> None:
    assert "that is not its name" in run(*OPTIONS, input="no\n").stderr
    assert "hold_s" not in asked
    file = tmp_path / "Pulumi.dev.yaml"
    file.write_text("config: {}\n")
    result = run(*OPTIONS, "--stack", str(file), "--for", "90m", input="global-dev\n")
    assert result.exit_code == 0
    lines = result.stderr.splitlines()
    assert lines[0].split() == ["region", "role", "version", "what", "is", "done"]
    assert lines[1] == (
        f"1  us-west-2  standby  {OLD} -> {NEW}  rds:ModifyDBCluster in us-west-2, at once"
    )
    assert lines[2].startswith("2  us-east-1  writer ")
    assert lines[3:5] == ["green        database", "note         a note"]
    assert (asked["hold_s"], asked["requester"], asked["reason"]) == (5400.0, "ada", "a test")
    assert f"now write it into {file}" in result.stdout
    assert f"pulumi config set --path 'bicoastal:database.engineVersion' {NEW}" in result.stdout


def test_a_dry_run_writes_nothing_and_tells_why_not(asked: dict[str, Any]) -> None:
    assert run(*OPTIONS, "--dry-run").exit_code == 0
    asked["plan"] = replace(
        PLAN,
        preconditions=(("lag", ("too much",)),),
        members=(replace(PLAN.members[0], version=NEW), PLAN.members[1]),
    )
    result = run(*OPTIONS, "--dry-run")
    assert (result.exit_code, "REFUSED      lag: too much" in result.stdout) == (1, True)
    assert "an earlier run has begun it: this one goes on" in result.stdout
    values = json.loads(run(*OPTIONS, "--dry-run", "--json").stdout)
    assert (values["refusals"], values["begun"]) == (["too much"], True)
    assert "hold_s" not in asked


def test_a_refusal_is_exit_code_one(asked: dict[str, Any]) -> None:
    asked["plan"] = replace(PLAN, preconditions=(("lag", ("too much",)),))
    asked["end"] = Refused("too much")
    result = run(*OPTIONS)
    assert (result.exit_code, "error: too much" in result.stderr) == (1, True)
    assert "REFUSED      lag: too much" in result.stderr


def test_what_is_done_already_is_said(asked: dict[str, Any]) -> None:
    done = tuple(replace(member, version=NEW) for member in PLAN.members)
    asked["plan"] = replace(PLAN, members=done)
    result = run(*OPTIONS)
    assert result.exit_code == 0
    assert f"every member of global-dev runs {NEW} already" in result.stdout
    assert "now write it into the stack file" in result.stdout
    assert json.loads(run(*OPTIONS, "--json").stdout)["done"] is True
    same = replace(PLAN, to=OLD)
    asked["plan"] = same
    written = run("upgrade", "--to", OLD, *OPTIONS[3:])
    assert "now write" not in written.stdout


def test_the_result_as_json_and_an_interruption(asked: dict[str, Any]) -> None:
    result = run(*OPTIONS, "--yes", "--json")
    assert json.loads(result.stdout)["version"] == NEW
    asked["end"] = KeyboardInterrupt()
    left = run(*OPTIONS, "--yes")
    assert (left.exit_code, "Run the same command again" in left.stderr) == (130, True)


def test_a_replica_by_binary_log_is_refused_with_the_steps_in_their_order(
    asked: dict[str, Any], tmp_path: Path
) -> None:
    file = tmp_path / "Pulumi.dev.yaml"
    keys = {"topology": "binlog-replica", "failover": {"mode": "observe"}}
    file.write_text(json.dumps({"config": {f"bicoastal:{key}": v for key, v in keys.items()}}))
    error = run(*OPTIONS, "--stack", str(file)).exception
    assert isinstance(error, BicoastalError)
    first, *steps = str(error).splitlines()
    assert "topology is binlog-replica" in first
    assert [step.split()[0] for step in steps] == ["1.", "2.", "3.", "4.", "5.", "6."]
    replica, source = (
        f"modify-db-cluster --region {region} --db-cluster-identifier aurora-{code}-dev "
        f"--engine-version {NEW}"
        for region, code in (("us-west-2", "usw2"), ("us-east-1", "use1"))
    )
    assert replica in steps[1]
    assert source in steps[3]
    assert "lag-usw2-dev" in steps[2]
    assert "hold_s" not in asked


@pytest.mark.parametrize(("text", "words"), (("8d", "longer than 7d"), ("x", "not a duration")))
def test_bad_usage(text: str, words: str) -> None:
    error = run(*OPTIONS, "--for", text).exception
    assert isinstance(error, BicoastalError)
    assert words in str(error)
