"""Two drills side by side: what differs. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from bicoastal.lab.drill.report import DrillReport, RecoveryTime

_PARTS = ("total_s", "detect_s", "decide_s", "promote_s", "redirect_s", "reconnect_s", "floor_s")
_NONE = "none"


@dataclass(frozen=True)
class Row:
    """One thing in both drills.

    Attributes:
        name: What it is.
        first: In the first drill.
        second: In the second drill.
        change: The difference of numbers, with its sign; empty for words.
    """

    name: str
    first: str
    second: str
    change: str = ""


def outcomes(first: DrillReport, second: DrillReport) -> list[Row]:
    """The requirements' outcomes; those that only one drill has are `none` in the other."""
    a = {requirement.id: requirement.outcome for requirement in first.requirements}
    b = {requirement.id: requirement.outcome for requirement in second.requirements}
    return [Row(name, a.get(name, _NONE), b.get(name, _NONE)) for name in {**a, **b}]


def recoveries(first: DrillReport, second: DrillReport) -> list[Row]:
    """The recovery time and its parts, in seconds."""
    return [
        _numbers(name.removesuffix("_s"), _part(first, name), _part(second, name), "s")
        for name in _PARTS
    ]


def writes(first: DrillReport, second: DrillReport) -> list[Row]:
    """What became of the writes."""
    counts = ("attempted", "acknowledged", "failed", "unknown")
    lists = ("lost", "phantom", "duplicates", "divergent")
    a, b = first.writes, second.writes
    return [
        *(_numbers(name, getattr(a, name), getattr(b, name)) for name in counts),
        *(_numbers(name, len(getattr(a, name)), len(getattr(b, name))) for name in lists),
        _numbers("oldest lost before the fault", a.rpo_s, b.rpo_s, "s"),
    ]


def circumstances(first: DrillReport, second: DrillReport) -> list[Row]:
    """Where, how and with which settings the drills ran: only what differs."""
    a, b = dict(_flat(_circumstances(first))), dict(_flat(_circumstances(second)))
    return [
        Row(key, a.get(key, _NONE), b.get(key, _NONE))
        for key in {**a, **b}
        if a.get(key) != b.get(key)
    ]


def _circumstances(record: DrillReport) -> dict[str, Any]:
    names = ("fault", "armed", "dns_mode", "seed", "pace", "tool_version", "versions", "host")
    return {
        **{name: getattr(record, name) for name in names},
        "load": record.load.model_dump() if record.load else {},
        "settings": record.settings,
    }


def _flat(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for key, value in values.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", str(value)


def _part(record: DrillReport, name: str) -> float | None:
    outage: RecoveryTime | None = record.recovery_time
    return None if outage is None else getattr(outage, name)


def _numbers(name: str, first: float | None, second: float | None, unit: str = "") -> Row:
    change = "" if first is None or second is None else _told(second - first, unit, "+")
    return Row(name, _told(first, unit), _told(second, unit), change)


def _told(value: float | None, unit: str, sign: str = "") -> str:
    if value is None:
        return _NONE
    return f"{value:{sign}.2f} {unit}" if unit else f"{value:{sign}d}"
