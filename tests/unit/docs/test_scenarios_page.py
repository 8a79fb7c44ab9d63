"""The manual's page of scenarios is what the scenario files say."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

from bicoastal.lab.scenarios import all_scenarios
from bicoastal.lab.scenarios.model import Expectation
from bicoastal.lab.scenarios.reference import page
from bicoastal.lab.scenarios.words import told_expectation

PAGE = Path(__file__).parents[3] / "docs" / "scenarios.md"
COMMAND = "bicoastal.lab.scenarios.reference"


def test_the_page_is_not_stale() -> None:
    assert PAGE.read_text() == page(), f"run python -m {COMMAND} > docs/scenarios.md"


def test_the_command_that_writes_the_page_prints_it(capsys: pytest.CaptureFixture[str]) -> None:
    runpy.run_module(COMMAND, run_name="__main__")
    assert capsys.readouterr().out == page()


def test_every_scenario_is_told_with_its_defect() -> None:
    text = page()
    for scenario in all_scenarios().values():
        assert f"### {scenario.name}\n" in text
        assert f"- Mutant **{scenario.mutant.name}**: {scenario.mutant.what}; fails " in text


def test_everything_that_can_be_expected_is_told() -> None:
    told = told_expectation(Expectation(promotion=True, states=("COOLDOWN",), divergent=False))
    assert told.endswith("no write diverges")
