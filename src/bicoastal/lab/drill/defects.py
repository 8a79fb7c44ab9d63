"""Deploys a scenario's mutant: the deliberate defect that the scenario must notice."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from bicoastal.errors import LabError
from bicoastal.failover import bundle
from bicoastal.failover.config import CONFIG_VARIABLE
from bicoastal.lab.engine import Transform
from bicoastal.lab.scenarios import Mutant

_FUNCTION = "aws:lambda/function:Function"


class Change(NamedTuple):
    """A text in a file of the failover package, and what stands there instead."""

    file: str
    old: str
    new: str


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
    return changed_bundle([change], ca_file) if (change := change_of(mutant)) else None


def change_of(mutant: Mutant) -> Change | None:
    """What a mutant changes in the functions' code; None for one of the configuration only."""
    return Change(mutant.file, mutant.old, mutant.new) if mutant.file else None


def changed_bundle(changes: Sequence[Change], ca_file: Path | None = None) -> bytes:
    """The functions' bundle with texts changed.

    Args:
        changes: The texts; each must be there exactly once when its turn comes.
        ca_file: See `bundle.build`.

    Returns:
        The zip.

    Raises:
        LabError: A text is not in its file exactly once.
    """
    packed = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(bundle.build(ca_file))) as whole,
        zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as broken,
    ):
        for entry in whole.infolist():
            content = whole.read(entry)
            for file, old, new in changes:
                if entry.filename == f"bicoastal/failover/{file}":
                    text = content.decode()
                    if text.count(old) != 1:
                        raise LabError(f"{entry.filename} has not exactly one {old!r}")
                    content = text.replace(old, new).encode()
            broken.writestr(entry, content)
    return packed.getvalue()
