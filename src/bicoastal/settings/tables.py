"""Dated tables of what AWS offers: instance classes, engine versions, regions.

Each table is a JSON file in the package with the day on which it was read (`as_of`) and the page
it was read from (`source`). What a table does not know is a warning, never an error: AWS adds
classes, versions and regions faster than anyone releases tables.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

_DATA = Path(__file__).parent / "data"
_VERSION = re.compile(
    r"8\.0\.mysql_aurora\.(?P<v3>3\.[0-9]{2}\.[0-9]{1,2})"
    r"|8\.4\.mysql_aurora\.(?P<v84>8\.4\.[0-9]{1,2}(?:\.[0-9]{1,2})?)"
)


def path(name: str) -> Path:
    """The file of a table: `classes`, `versions` or `regions`."""
    return _DATA / f"{name}.json"


@cache
def _read(name: str) -> dict[str, Any]:
    table: dict[str, Any] = json.loads(path(name).read_text("utf-8"))
    return table


def as_of(name: str) -> str:
    """The day on which a table was read, as `YYYY-MM-DD`."""
    return str(_read(name)["as_of"])


def source(name: str) -> str:
    """The address of the page that a table was read from."""
    return str(_read(name)["source"])


MOST_SECONDARIES = 10
"""Secondary regions that a global database may have.

Source:
https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-global-database.configuration.requirements.html
"""


# --- regions ----------------------------------------------------------------------------------
@dataclass(frozen=True)
class Region:
    """A region that the table knows.

    Attributes:
        name: what AWS calls it, such as `US West (Oregon)`.
        partition: `aws`, `aws-cn` or `aws-us-gov`.
        region_set: the set within which DynamoDB offers multi-Region strong consistency, if any.
        octet: the second byte of the range that a further standby there has by default; it never
            changes, and a new region takes the next one.
    """

    name: str
    partition: str
    region_set: str | None
    octet: int


@cache
def regions() -> dict[str, Region]:
    """Every known region by its code, such as `us-east-1`."""
    return {code: Region(**entry) for code, entry in _read("regions")["regions"].items()}


# --- instance classes -------------------------------------------------------------------------
def classes() -> dict[str, Any]:
    """The table of instance classes: `memory_optimized`, `burstable`, `not_offered`."""
    return _read("classes")


def family(instance_class: str) -> str:
    """The family of a class: `db.r6g` of `db.r6g.large`."""
    return instance_class.rpartition(".")[0]


# --- engine versions --------------------------------------------------------------------------
@dataclass(frozen=True)
class Version:
    """An Aurora MySQL version out of an engine version string.

    Attributes:
        text: Aurora's own number, such as `3.10.4` or `8.4.7`.
        number: the same, comparable.
    """

    text: str
    number: tuple[int, ...]

    @property
    def minor(self) -> str:
        """The release line as the calendar lists it: `3.10`, or `8.4.7`."""
        parts = self.text.split(".")
        return ".".join(parts[:2] if parts[0] == "3" else parts[:3])


def parse_version(engine_version: str) -> Version | None:
    """Read a full engine version, such as `8.0.mysql_aurora.3.10.4`.

    Args:
        engine_version: the string that RDS takes as EngineVersion.

    Returns:
        The version, or `None` if the string is not a full version of Aurora MySQL 3 or 8.4.
    """
    match = _VERSION.fullmatch(engine_version)
    if match is None:
        return None
    return number(match["v3"] or match["v84"])


def number(text: str) -> Version:
    """A version from Aurora's own number, such as `3.08.0`."""
    return Version(text, tuple(int(part) for part in text.split(".")))


def major(engine_version: str) -> str:
    """The major version: what stands before Aurora's own number, such as `8.0`.

    Args:
        engine_version: such as `8.0.mysql_aurora.3.10.4`.
    """
    return engine_version.partition(".mysql_aurora.")[0]


def parameter_family(engine_version: str) -> str:
    """The parameter group family of an engine version.

    Source: https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/USER_WorkingWithParamGroups.html

    Args:
        engine_version: such as `8.0.mysql_aurora.3.10.4`.

    Returns:
        The family, such as `aurora-mysql8.0`.
    """
    return f"aurora-mysql{'.'.join(engine_version.split('.')[:2])}"


def is_lower(one: str, other: str) -> bool:
    """Whether an engine version comes before another one.

    Args:
        one: a full engine version.
        other: another one; versions that are not full ones have no order.
    """
    first, second = parse_version(one), parse_version(other)
    return first is not None and second is not None and first.number < second.number


@dataclass(frozen=True)
class Release:
    """A release line of the calendar.

    Attributes:
        standard_support_ends: the last day of standard support.
        lts: whether it is a long-term support release.
        patches: every known patch, or `None` if the calendar does not list them.
    """

    standard_support_ends: date
    lts: bool
    patches: tuple[str, ...] | None


def release(version: Version) -> Release | None:
    """The release line of a version, or `None` if the calendar does not list it."""
    entry = _read("versions")["minor"].get(version.minor)
    if entry is None:
        return None
    patches = entry["patches"]
    return Release(
        standard_support_ends=date.fromisoformat(entry["standard_support_ends"]),
        lts=entry["lts"],
        patches=None if patches is None else tuple(patches),
    )
