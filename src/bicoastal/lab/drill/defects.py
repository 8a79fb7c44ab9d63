"""Deploys a scenario's mutant: the deliberate defect that the scenario must notice."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

from bicoastal.errors import LabError
from bicoastal.failover import bundle
from bicoastal.failover.config import CONFIG_VARIABLE
from bicoastal.lab.engine import Transform
from bicoastal.lab.scenarios import Mutant

_FUNCTION = "aws:lambda/function:Function"


def deploying(mutant: Mutant) -> Transform:
    """Change the controllers on their way into the deployment.

    Args:
        mutant: The defect.

    Returns:
        A transform for the engine.
    """

    def transform(kind: str, _name: str, inputs: dict[str, Any]) -> dict[str, Any] | None:
        if kind != _FUNCTION:
            return None
        variables = inputs["environment"]["variables"]
        config = json.loads(variables[CONFIG_VARIABLE])
        if "witnesses" not in config:  # a prober
            return None
        changed = json.dumps({**config, **mutant.config}, sort_keys=True)
        return {
            **inputs,
            "environment": {"variables": {**variables, CONFIG_VARIABLE: changed}},
        }

    return transform


def broken_bundle(mutant: Mutant) -> bytes | None:
    """The functions' bundle with the defect in it.

    Args:
        mutant: The defect.

    Returns:
        The zip, or None when the defect is in the configuration only.

    Raises:
        LabError: The text to change is not in the file exactly once.
    """
    if not mutant.file:
        return None
    name = f"bicoastal/failover/{mutant.file}"
    packed = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(bundle.build())) as whole,
        zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as broken,
    ):
        for entry in whole.infolist():
            content = whole.read(entry)
            if entry.filename == name:
                text = content.decode()
                if text.count(mutant.old) != 1:
                    raise LabError(f"{name} has not exactly one {mutant.old!r}")
                content = text.replace(mutant.old, mutant.new).encode()
            broken.writestr(entry, content)
    return packed.getvalue()
