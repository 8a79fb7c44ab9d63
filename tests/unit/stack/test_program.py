"""What `pulumi up` runs, and the files that describe its configuration."""

from __future__ import annotations

import json
import runpy
from pathlib import Path
from typing import Any

import pulumi
import pytest
import yaml
from pulumi.runtime import get_root_resource
from pydantic import BaseModel

from bicoastal.settings import InvalidSettingsError, Settings, from_pulumi_config, load_stack_file
from bicoastal.stack.program import main, program

ROOT = Path(__file__).parents[3]
SECRET_ARN = "arn:aws:secretsmanager:us-east-1:123456789012:secret:bicoastal/dev-AbCdEf"
CONFIG = {
    "bicoastal:secretArn": SECRET_ARN,
    "bicoastal:environmentSuffix": "blue",
    "bicoastal:database": json.dumps({"port": 3307}),
    "aws:region": "eu-west-1",
}


@pytest.fixture(scope="module")
def exported(run_program: Any) -> tuple[Any, dict[str, Any]]:
    """A run of the program by its entry file, and what it exports."""
    exports = {}

    def build() -> None:
        runpy.run_path(str(ROOT / "__main__.py"), run_name="__main__")
        root: Any = get_root_resource()
        exports.update(root.outputs)

    with pytest.MonkeyPatch.context() as patch:
        outer = {"bicoastal:environmentSuffix": "green", "bicoastal:costCenter": "4711"}
        patch.setenv("PULUMI_CONFIG", json.dumps(outer))
        return run_program(build, config=CONFIG), exports


def test_the_program_reads_pulumi_s_configuration(exported: Any) -> None:
    found, _ = exported
    assert found.one("Cluster", "aurora-use1-blue").inputs["port"] == 3307
    assert {one.region for one in found.custom} == {"us-east-1", "us-west-2", "us-east-2"}


def test_the_program_exports_all_outputs(exported: Any) -> None:
    found, exports = exported
    told = {key for key, value in exports.items() if value is not None}
    assert told == set(found.outputs)
    assert found.outputs["domain_name"] == "db-blue.example.com"
    assert found.of("TapStack")[0].name == "bicoastal"


def test_configuration_from_the_environment_is_read_too(exported: tuple[Any, Any]) -> None:
    found, _ = exported
    assert found.outputs["global_cluster_id"] == "global-blue"
    assert found.one("Vpc", "vpc-use1-blue").inputs["tags"]["CostCenter"] == "4711"


def test_the_program_names_all_mistakes_before_it_registers_anything(run_program: Any) -> None:
    mistakes = {
        "bicoastal:environmentSuffix": "Bad_Suffix!",
        "bicoastal:database": json.dumps({"instanceClass": "db.t3.small"}),
    }

    def build() -> None:
        with pytest.raises(InvalidSettingsError) as caught:
            program()
        wrong = {found.key for found in caught.value.findings if found.severity == "error"}
        assert wrong >= {"environmentSuffix", "database.instanceClass", "secretArn"}

    assert run_program(build, config=mistakes).resources == []


def test_mistakes_reach_pulumi_as_words(run_program: Any) -> None:
    def build() -> None:
        with pytest.raises(pulumi.RunError, match="secretArn is missing") as caught:
            main()
        assert caught.value.__suppress_context__

    assert run_program(build, config={}).resources == []


def declared() -> dict[str, Any]:
    config: dict[str, Any] = yaml.safe_load((ROOT / "Pulumi.yaml").read_text())["config"]
    return config


def test_the_schema_declares_every_key_with_a_type_and_a_description() -> None:
    keys = {field.alias for field in Settings.model_fields.values()}
    assert set(declared()) == keys
    for key, entry in declared().items():
        assert entry["type"] in {"string", "object"}, key
        assert entry["description"].endswith("."), key
        assert isinstance(entry["default"], str if entry["type"] == "string" else dict), key


def test_the_schema_names_every_key_of_a_group() -> None:
    for name, field in Settings.model_fields.items():
        group = getattr(Settings(), name)
        if isinstance(group, BaseModel):
            for inner in type(group).model_fields.values():
                assert inner.alias in declared()[str(field.alias)]["description"]


def test_the_schema_s_defaults_are_the_settings_own() -> None:
    given = {
        f"bicoastal:{key}": json.dumps(entry["default"])
        if entry["type"] == "object"
        else entry["default"]
        for key, entry in declared().items()
    }
    assert from_pulumi_config(given) == Settings()


def test_the_example_stack_can_be_deployed() -> None:
    settings = load_stack_file(ROOT / "Pulumi.dev.yaml", deploying=True)
    assert settings.environment_suffix == "dev"
    assert settings.failover.mode == "observe"
