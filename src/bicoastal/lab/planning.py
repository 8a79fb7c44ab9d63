"""Evaluating the Pulumi program in this process: its configuration, and what it would create."""

from __future__ import annotations

import json
from typing import NamedTuple

from bicoastal.lab.engine import Deployment
from bicoastal.settings import Settings
from bicoastal.stack.program import program

PROJECT = "bicoastal"
"""The Pulumi project's name, which is also the namespace of its configuration."""


class PlannedResource(NamedTuple):
    """One resource that `pulumi up` would create.

    Attributes:
        region: AWS region of its provider.
        type: Pulumi type token.
        name: Logical name.
    """

    region: str
    type: str
    name: str


def pulumi_config(settings: Settings) -> dict[str, str]:
    """Write settings in the form in which Pulumi hands configuration to a program.

    Args:
        settings: Validated settings.

    Returns:
        `bicoastal:<key>` to text; structured values are JSON, as Pulumi has them.
    """
    values = settings.model_dump(mode="json", by_alias=True, exclude_none=True)
    return {
        f"{PROJECT}:{key}": value if isinstance(value, str) else json.dumps(value)
        for key, value in values.items()
    }


def planned_resources(settings: Settings) -> list[PlannedResource]:
    """Evaluate the Pulumi program without AWS and list what it registers.

    Args:
        settings: Validated settings.

    Returns:
        Every resource, components and providers left out, by region, type and name.

    Raises:
        BicoastalError: The program refuses the settings.
    """
    deployment = Deployment(PROJECT, settings.environment_suffix, pulumi_config(settings))
    planned = deployment.preview(program)
    return sorted(
        PlannedResource(resource.region, resource.type, resource.name)
        for resource in planned
        if resource.region and resource.type.startswith("aws:")
    )
