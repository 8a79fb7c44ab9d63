"""What `bicoastal doctor` prints, and how it ends."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from typer.testing import CliRunner

from bicoastal.cli.app import app
from bicoastal.lab import planning
from bicoastal.operate.doctor import examining
from bicoastal.operate.doctor.finding import Finding

FOUND = Finding("key-state", "us-east-1 k", "Disabled", "Enabled", "it stops", "aws kms enable-key")


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    credentials = {"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "y"}
    planned = [planning.PlannedResource("us-east-1", "aws:sns/topic:Topic", "notify-use1-dev")]
    monkeypatch.setattr(planning, "planned_resources", lambda _settings: planned)

    def invoke(*arguments: str, found: tuple[Finding, ...] = ()) -> Any:
        def examine(access: Any, asked: Any, **more: Any) -> tuple[Finding, ...]:
            assert [each.name for each in asked] == ["notify-use1-dev"]
            assert more["ask_dns"](access.target).asked == "127.0.0.1:1"
            return found

        monkeypatch.setattr(examining, "examine", examine)
        given = ("doctor", "--resolver", "127.0.0.1:1", *arguments)
        return CliRunner(env=credentials).invoke(app, given)

    return invoke


def test_nothing_found(run: Callable[..., Any]) -> None:
    result = run()
    assert (result.exit_code, result.stdout) == (0, "nothing found: all is well\n")
    assert json.loads(run("--json").stdout) == {"healthy": True, "findings": []}


def test_a_finding_has_its_reason_and_its_cure(run: Callable[..., Any]) -> None:
    result = run(found=(FOUND,))
    assert result.exit_code == 1
    assert result.stdout.splitlines() == [
        "key-state  us-east-1 k",
        "  is         Disabled",
        "  should be  Enabled",
        "  because    it stops",
        "  cure       aws kms enable-key",
        "1 found",
    ]
    values = json.loads(run("--json", found=(FOUND,)).stdout)
    assert values["healthy"] is False
    assert values["findings"][0] == {
        "id": "key-state", "subject": "us-east-1 k", "is": "Disabled", "should_be": "Enabled",
        "why": "it stops", "cure": "aws kms enable-key",
    }  # fmt: skip


def test_bad_usage_is_no_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "x")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "y")
    result = CliRunner().invoke(app, ("doctor", "--region", "eu-west-3"))
    assert "--region must be one of" in str(result.exception)
