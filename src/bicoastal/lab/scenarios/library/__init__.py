"""The scenario files of this folder, one YAML document each."""

from __future__ import annotations

from functools import cache
from importlib import resources

import yaml

from bicoastal.errors import LabError
from bicoastal.lab.scenarios.model import Scenario


@cache
def all_scenarios() -> dict[str, Scenario]:
    """Read every scenario.

    Returns:
        Name to scenario, in the order of the names.

    Raises:
        pydantic.ValidationError: A file has not the form of a scenario.
    """
    files = sorted(
        (f for f in resources.files(__name__).iterdir() if f.name.endswith(".yaml")),
        key=lambda file: file.name,
    )
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    found = {}
    for file in files:
        name = file.name.removesuffix(".yaml")
        content = yaml.load(file.read_text(), Loader=loader)  # noqa: S506 - a safe loader
        found[name] = Scenario.model_validate({"name": name, **content})
    return found


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
