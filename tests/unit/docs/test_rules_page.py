"""The pages on checking are true: their rules are the catalogue's, their output is printed."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bicoastal.cli.app import app
from bicoastal.settings import RULES
from bicoastal.settings.reference import page

DOCS = Path(__file__).parents[3] / "docs"
MANUAL = (DOCS / "check.md").read_text("utf-8")


@pytest.fixture(scope="module")
def rules() -> str:
    return page()


def test_the_page_of_rules_is_not_stale(rules: str) -> None:
    assert (DOCS / "rules.md").read_text("utf-8") == rules, (
        "run: python -m bicoastal.settings.reference > docs/rules.md"
    )
    assert rules.count("\n### BC") == len(RULES)


def test_the_command_that_makes_the_page_of_rules_prints_it(rules: str) -> None:
    command = [sys.executable, "-m", "bicoastal.settings.reference"]
    done = subprocess.run(command, capture_output=True, check=True)
    assert done.stdout.decode("utf-8") == rules


def test_the_manual_names_only_rules_that_exist() -> None:
    named = set(re.findall(r"\bBC\d{3}\b", MANUAL))
    assert named
    assert named <= set(RULES)


def test_the_manual_shows_what_the_command_prints(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    stack, session = re.findall(r"```\w+\n(.*?)```", MANUAL, re.DOTALL)[:2]
    Path("Pulumi.dev.yaml").write_text(stack)
    command, _, printed = session.partition("\n")
    result = CliRunner().invoke(app, command.removeprefix("$ bicoastal ").split())
    assert (result.stdout, result.exit_code) == (printed, 1)
