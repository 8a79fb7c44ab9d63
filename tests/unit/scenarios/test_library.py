"""Every scenario file can be played, and its mutant changes what is deployed."""

from __future__ import annotations

import io
import json
import ssl
import zipfile
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from bicoastal.cli.stackfile import PLACEHOLDER_SECRET
from bicoastal.errors import LabError
from bicoastal.failover import bundle
from bicoastal.failover.config import CA_FILE, CONFIG_VARIABLE, ControllerConfig
from bicoastal.failover.state import State
from bicoastal.lab.drill import defects
from bicoastal.lab.drill.actions import ACTIONS, RESTORING, unknown_actions
from bicoastal.lab.drill.run import with_overrides
from bicoastal.lab.scenarios import Mutant, Scenario, Step, all_scenarios, find, library
from bicoastal.settings import InvalidSettingsError, load

SCENARIOS = tuple(all_scenarios().values())
LOSES = {"kill", "hang", "cut", "lose-answers", "lose-requests"}
CONFIG = {
    "cluster": "global", "region": "us-west-2", "home_region": "us-east-1", "table": "record",
    "members": {
        region: {"arn": f"arn:{region}", "cluster_id": region}
        for region in ("us-east-1", "us-west-2")
    },
    "witnesses": {"us-west-2": "p", "us-east-1": "q", "us-east-2": "r"},
    "latch": {
        "namespace": "n", "metric": "m", "dimension_name": "d", "dimension_value": "v",
        "regions": [],
    },
}  # fmt: skip


def settings() -> Any:
    return load({"secretArn": PLACEHOLDER_SECRET.format(region="us-east-1")})


def function(config: dict[str, Any]) -> dict[str, Any]:
    return {"environment": {"variables": {CONFIG_VARIABLE: json.dumps(config), "OTHER": "kept"}}}


def test_there_are_scenarios_of_both_kinds() -> None:
    assert len(SCENARIOS) >= 35
    assert {scenario.expect.promotion for scenario in SCENARIOS} == {True, False}


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_a_scenario_can_be_played(scenario: Scenario) -> None:
    assert unknown_actions(scenario) == []
    assert set(scenario.expect.states) <= set(State)
    with_overrides(settings(), scenario.settings)
    done = [step.do for step in scenario.steps if step.place == "home" and step.do]
    # The oracle reads the writer at the end, so whatever took it away is undone.
    assert not LOSES & set(done) or RESTORING & set(done)


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_a_mutant_is_deployed(scenario: Scenario) -> None:
    mutant = scenario.mutant
    assert mutant.fails
    transformed = defects.deploying(mutant)("aws:lambda/function:Function", "c", function(CONFIG))
    assert transformed is not None
    variables = transformed["environment"]["variables"]
    assert variables["OTHER"] == "kept"
    ControllerConfig.from_json(variables[CONFIG_VARIABLE])
    for key, value in mutant.config.items():
        assert json.loads(variables[CONFIG_VARIABLE])[key] == value
    packed = defects.broken_bundle(mutant)
    if packed is None:
        assert mutant.config
        return
    with zipfile.ZipFile(io.BytesIO(packed)) as broken:
        text = broken.read(f"bicoastal/failover/{mutant.file}").decode()
        assert mutant.new in text
        compile(text, mutant.file, "exec")
        with zipfile.ZipFile(io.BytesIO(bundle.build())) as whole:
            assert broken.namelist() == whole.namelist()


def test_every_mutant_is_the_proof_of_some_scenario() -> None:
    catalogue = yaml.safe_load((Path(library.__file__).parents[1] / "mutants.yaml").read_text())
    assert {scenario.mutant.name for scenario in SCENARIOS} == set(catalogue)
    assert list(catalogue) == sorted(catalogue)


@pytest.mark.parametrize("content", ({}, {"brokenBy": "rust"}))
def test_a_scenario_without_a_mutant_is_refused(content: dict[str, Any]) -> None:
    with pytest.raises(LabError, match=r"fire\.yaml: brokenBy is .*, but must be one of: a, b"):
        library.scenario("fire", content, {"a": {}, "b": {}})


def test_a_witness_that_is_broken_knows_the_authorities() -> None:
    mutant = find("hang").mutant
    assert mutant.of == "probers"
    authorities = Path(ssl.get_default_verify_paths().cafile or "")
    packed = defects.broken_bundle(mutant, authorities)
    assert packed is not None
    with zipfile.ZipFile(io.BytesIO(packed)) as broken:
        assert broken.read(CA_FILE) == authorities.read_bytes()


def test_only_controllers_are_broken() -> None:
    transform = defects.deploying(find("kill").mutant)
    assert transform("aws:lambda/function:Function", "p", function({"region": "x"})) is None
    assert transform("aws:ec2/vpc:Vpc", "v", {}) is None


def test_a_mutant_of_what_is_not_there_is_an_error() -> None:
    mutant = Mutant(what="w", file="guards.py", old="no such text", fails=("x",))
    with pytest.raises(LabError, match=r"guards\.py has not exactly one 'no such text'"):
        defects.broken_bundle(mutant)


def test_an_unknown_scenario_is_named_with_those_that_exist() -> None:
    with pytest.raises(LabError, match="there is no scenario 'fire'; there are: approved"):
        find("fire")


@pytest.mark.parametrize("step", ({}, {"do": "kill", "wait_s": 1}, {"until": "held", "do": "x"}))
def test_a_step_is_one_thing(step: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="exactly one of do, wait_s and until"):
        Step.model_validate(step)


def test_a_mutant_changes_something() -> None:
    with pytest.raises(ValidationError, match="changes the configuration, or one file's text"):
        Mutant(what="nothing", fails=("x",))


def test_settings_that_a_scenario_changes_are_validated() -> None:
    changed = with_overrides(settings(), {"failover": {"rpoBudgetS": 5}})
    assert (changed.failover.rpo_budget_s, changed.failover.threshold) == (5, 7)
    with pytest.raises(InvalidSettingsError, match=r"failover\.threshold"):
        with_overrides(settings(), {"failover": {"threshold": "many"}})


def test_every_action_says_what_it_does() -> None:
    assert all(action.__doc__ for action in ACTIONS.values())


@pytest.mark.parametrize(
    ("name", "mode", "warned"),
    (
        ("kill", "automatic", False),
        ("kill", "observe", True),
        ("kill", "approve", True),
        ("disarmed", "observe", False),  # promises no promotion
        ("approved", "approve", False),  # asks for its mode itself
    ),
)
def test_a_mode_in_which_nobody_is_promoted_is_told(name: str, mode: str, warned: bool) -> None:
    warning = find(name).warning(mode)
    assert (warning is not None) is warned
    assert not warned or f"failover.mode is {mode}" in str(warning)
