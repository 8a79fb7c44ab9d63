"""Reading drills' records."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from bicoastal.errors import BicoastalError
from bicoastal.lab.drill.report import SCHEMA, DrillReport

_LISTED = 5


class RecordFileError(BicoastalError):
    """A file that is no drill's record."""


@dataclass(frozen=True)
class Drill:
    """A record and where it came from.

    Attributes:
        name: What the report calls it: the file's name without its suffix, numbered if the file
            holds several.
        record: The record.
    """

    name: str
    record: DrillReport


def read_drills(paths: Sequence[Path]) -> list[Drill]:
    """Read records.

    Args:
        paths: Files that `bicoastal drill --json` wrote: a record each, or an array of several.

    Returns:
        The drills, in the given order, one at least.

    Raises:
        RecordFileError: Some file is no record; the message tells what is wrong with each.
    """
    drills, problems = [], []
    for path in paths:
        try:
            found = _load(path)
        except RecordFileError as error:
            problems.append(f"{path}: {error}")
            continue
        for number, raw in enumerate(found, start=1):
            place = f", record {number}" if len(found) > 1 else ""
            name = f"{path.stem}-{number}" if len(found) > 1 else path.stem
            try:
                drills.append(Drill(name, _record(raw)))
            except RecordFileError as error:
                problems.append(f"{path}{place}: {error}")
    if problems:
        raise RecordFileError("\n  ".join(problems))
    return drills


def _load(path: Path) -> list[Any]:
    """One record, or an array of several."""
    try:
        raw: Any = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise RecordFileError(f"cannot be read ({error.strerror}); name a drill's record") from None
    except ValueError as error:
        cure = "write one with `bicoastal drill --json FILE`"
        raise RecordFileError(f"is not JSON ({error}); {cure}") from None
    if raw == []:
        raise RecordFileError("holds no record")
    return raw if isinstance(raw, list) else [raw]


def _record(raw: Any) -> DrillReport:
    schema = raw.get("schema_version") if isinstance(raw, dict) else None
    if schema != SCHEMA:
        cure = f"its schema_version is {schema!r}, but must be {SCHEMA!r}"
        raise RecordFileError(f"is no drill's record of this version: {cure}")
    try:
        return DrillReport.model_validate(raw)
    except ValidationError as error:
        raise RecordFileError(_what(error, raw.get("tool_version"))) from None


def _what(error: ValidationError, version: Any) -> str:
    wrong = [f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()]
    more = f" and {len(wrong) - _LISTED} more" if len(wrong) > _LISTED else ""
    told = "; ".join(wrong[:_LISTED])
    return f"does not fit {SCHEMA} (written by bicoastal {version}): {told}{more}"
