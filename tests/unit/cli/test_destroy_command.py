"""What `bicoastal destroy` says of a plan and of an end."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bicoastal.cli.app import app
from bicoastal.operate import destroying, pulumi_cli
from bicoastal.operate.destroying import DestroyPlan
from bicoastal.operate.dismantling import Step

PLAN = DestroyPlan(
    cluster="global-dev",
    writer="us-west-2",
    steps=(Step("delete", "DB cluster", "c", "us-east-1", snapshot="final-use1-dev"),),
    refusals=(),
    record=None,
    there=("us-east-1 VPC vpc-1",),
)


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch):
    left = ("us-east-1 VPC vpc-1",)
    monkeypatch.setattr(destroying, "plan", lambda *_, **__: PLAN)
    monkeypatch.setattr(destroying, "destroy", lambda *_, **__: left)
    monkeypatch.setattr(pulumi_cli, "find", lambda *_: pulumi_cli.PulumiCli("p", Path(), None))
    credentials = {"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "y"}

    def invoke(*arguments: str):
        given = ("destroy", "--reason", "r", "--requester", "me", *arguments)
        return CliRunner(env=credentials).invoke(app, given)

    return invoke


def test_a_plan_names_what_stays(run) -> None:
    assert run("--dry-run").stdout.splitlines() == [
        "now          writer us-west-2, 1 things in the account",
        "would         1 delete DB cluster c (us-east-1), after the final snapshot final-use1-dev",
        "would         2 pulumi destroy --refresh, for everything else",
        "would keep   final-use1-dev",
    ]


def test_an_end_names_what_is_left_and_what_is_kept(run) -> None:
    told = run("--yes")
    assert told.exit_code == 1
    assert told.stdout.splitlines() == [
        "left         us-east-1 VPC vpc-1",
        "kept         final-use1-dev",
        "1 things are left",
    ]
    assert json.loads(run("--yes", "--json").stdout)["kept"] == ["final-use1-dev"]
    assert run("--yes", "--databases-only").exit_code == 0
