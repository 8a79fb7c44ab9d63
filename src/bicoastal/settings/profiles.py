"""Profiles: named sets of defaults. A profile decides nothing that a key cannot override.

`validation` is what the models give by themselves: the cheapest lawful global database, which can
be destroyed without leaving anything behind.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel
from pydantic.alias_generators import to_camel

PROFILES: dict[str, dict[str, dict[str, Any]]] = {
    "validation": {},
    "staging": {
        "database": {"backup_retention_days": 7, "skip_final_snapshot": False},
    },
    "production": {
        "database": {
            "instance_class": "db.r6g.large",
            "instances_per_member": 2,
            "backup_retention_days": 35,
            "skip_final_snapshot": False,
            "deletion_protection": True,
        },
        # Needs `bicoastal bootstrap`; without it the failover does not become armed.
        "health": {"probe": "canary"},
        # 80 % of the 1,000 that a db.r6g.large takes by default:
        # https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/AuroraMySQL.Managing.Performance.html
        "monitoring": {"connections_alarm": 800},
    },
}
"""Profile name -> group -> field -> default, where it differs from the model's own default."""


def with_profile(data: Any) -> Any:
    """Add the defaults of the profile that `data` names, where it is silent.

    Args:
        data: what is about to be validated as `Settings`; anything but a mapping comes back as is.

    Returns:
        A new mapping with the profile's defaults filled in, or `data` unchanged.
    """
    if not isinstance(data, Mapping):
        return data
    profile = data.get("profile")
    groups = PROFILES.get(profile, {}) if isinstance(profile, str) else {}
    filled = dict(data)
    for group, defaults in groups.items():
        filled[group] = _fill(data.get(group, {}), defaults)
    return filled


def _fill(given: Any, defaults: Mapping[str, Any]) -> Any:
    if isinstance(given, BaseModel):
        missing = {k: v for k, v in defaults.items() if k not in given.model_fields_set}
        return given.model_copy(update=missing)
    if isinstance(given, Mapping):
        missing = {
            to_camel(k): v
            for k, v in defaults.items()
            if k not in given and to_camel(k) not in given
        }
        return {**missing, **given}
    return given  # a wrong shape; validation says so
