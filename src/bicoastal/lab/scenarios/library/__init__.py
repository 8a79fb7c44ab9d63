"""The scenario files of this folder, one YAML document each, and the mutants that they name."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Any

import yaml

from bicoastal.errors import LabError
from bicoastal.lab.scenarios.model import Scenario


@cache
def all_scenarios() -> dict[str, Scenario]:
    """Read every scenario.

    Returns:
        Name to scenario, in the order of the names.

    Raises:
        LabError: A file names a mutant that does not exist.
        pydantic.ValidationError: A file has not the form of a scenario.
    """
    mutants = _read(resources.files("bicoastal.lab.scenarios") / "mutants.yaml")
    files = sorted(
        (f for f in resources.files(__name__).iterdir() if f.name.endswith(".yaml")),
        key=lambda file: file.name.removesuffix(".yaml"),
    )
    found = {}
    for file in files:
        name = file.name.removesuffix(".yaml")
        found[name] = scenario(name, _read(file), mutants)
    return found


def scenario(
    name: str, content: Mapping[str, Any], mutants: Mapping[str, Mapping[str, Any]]
) -> Scenario:
    """Make a scenario of what its file says.

    Args:
        name: The scenario's name.
        content: The file's content; `brokenBy` names the mutant, `fails` what must fail then.
        mutants: The mutants by name, as in `mutants.yaml`.

    Returns:
        The scenario with its mutant.

    Raises:
        LabError: It names none, or one that does not exist.
        pydantic.ValidationError: It has not the form of a scenario.
    """
    values = dict(content)
    broken_by, fails = values.pop("brokenBy", None), values.pop("fails", ())
    if broken_by not in mutants:
        raise LabError(
            f"{name}.yaml: brokenBy is {broken_by!r}, but must be one of: {', '.join(mutants)}"
        )
    mutant = {"name": broken_by, **mutants[broken_by], "fails": fails}
    return Scenario.model_validate({"name": name, **values, "mutant": mutant})


def find(name: str) -> Scenario:
    """Give one scenario.

    Args:
        name: Its name.

    Returns:
        The scenario.

    Raises:
        LabError: There is none of that name; the message lists those that there are.
    """
    scenarios = all_scenarios()
    if name not in scenarios:
        raise LabError(f"there is no scenario {name!r}; there are: {', '.join(scenarios)}")
    return scenarios[name]


def _read(file: Traversable) -> Any:
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return yaml.load(file.read_text(), Loader=loader)  # noqa: S506 - a safe loader
