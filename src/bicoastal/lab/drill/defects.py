"""Deploys a scenario's mutant: the deliberate defect that the scenario must notice."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
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


def broken_bundle(mutant: Mutant, ca_file: Path | None = None) -> bytes | None:
    """The functions' bundle with the defect in it.

    Args:
        mutant: The defect.
        ca_file: See `bundle.build`.

    Returns:
        The zip, or None when the defect is in the configuration only.

    Raises:
        LabError: The text to change is not in the file exactly once.
    """
    if not mutant.file:
        return None
    return changed_bundle(mutant.file, mutant.old, mutant.new, ca_file)


def changed_bundle(file: str, old: str, new: str, ca_file: Path | None = None) -> bytes:
    """The functions' bundle with one text changed.

    Args:
        file: The file in the failover package.
        old: The text; it must be there exactly once.
        new: What stands there instead.
        ca_file: See `bundle.build`.

    Returns:
        The zip.

    Raises:
        LabError: The text is not in the file exactly once.
    """
    name = f"bicoastal/failover/{file}"
    packed = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(bundle.build(ca_file))) as whole,
        zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as broken,
    ):
        for entry in whole.infolist():
            content = whole.read(entry)
            if entry.filename == name:
                text = content.decode()
                if text.count(old) != 1:
                    raise LabError(f"{name} has not exactly one {old!r}")
                content = text.replace(old, new).encode()
            broken.writestr(entry, content)
    return packed.getvalue()
