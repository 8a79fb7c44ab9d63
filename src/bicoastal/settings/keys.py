"""Keys as they are written in a stack file, and what a mistyped one probably meant."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence
from functools import cache

from pydantic import BaseModel

from bicoastal.settings.models import Settings

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_:/-]*")
_SYNONYMS = {
    "databasepassword": "secretArn",
    "dbpassword": "secretArn",
    "environment": "environmentSuffix",
    "instancetype": "database.instanceClass",
    "masterpassword": "secretArn",
    "password": "secretArn",
    "primaryregion": "regions.home",
    "region": "regions.home",
    "secondaryregion": "regions.standby",
    "standbyregion": "regions.standby",
    "witnessregion": "regions.witness",
    "zoneid": "hostedZoneId",
}


def dotted(path: Iterable[str | int]) -> str:
    """A path as text: `database.port`, `network.clientCidrs[0]`, `tags["a b"]`."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        elif _PLAIN.fullmatch(part):
            text += f".{part}" if text else part
        else:
            text += f'["{part}"]'
    return text


def within(key: str, outer: str) -> bool:
    """Whether `key` is `outer` or lies under it."""
    return key == outer or key.startswith((f"{outer}.", f"{outer}["))


@cache
def known_keys() -> dict[str, object]:
    """Every key of a stack file with its default; groups are absent, their fields are there."""
    keys: dict[str, object] = {}
    defaults = Settings()
    for name, field in Settings.model_fields.items():
        value = getattr(defaults, name)
        alias = str(field.alias)
        if isinstance(value, BaseModel):
            for inner, inner_field in type(value).model_fields.items():
                keys[f"{alias}.{inner_field.alias}"] = getattr(value, inner)
        else:
            keys[alias] = value
    return keys


@cache
def groups() -> frozenset[str]:
    """The keys that hold a mapping: the groups, and `tags`."""
    found = {key.split(".")[0] for key in known_keys() if "." in key}
    return frozenset(found | {"tags"})


def suggestion(path: Sequence[str | int]) -> str | None:
    """What an unknown key probably meant.

    Args:
        path: the unknown key's path.

    Returns:
        A known key, or `None` if nothing is near.
    """
    group = "".join(f"{part}." for part in path[:-1])
    wanted = _bare(str(path[-1]))
    if wanted in _SYNONYMS:
        return _SYNONYMS[wanted]
    keys = [*known_keys(), *groups()]
    siblings = {_bare(k.removeprefix(group)): k for k in keys if k.startswith(group)}
    anywhere = {_bare(key.rsplit(".", 1)[-1]): key for key in keys}
    for candidates in (siblings, anywhere):
        near = difflib.get_close_matches(wanted, candidates, n=1, cutoff=0.75)
        if near:
            return candidates[near[0]]
    return None


def nearest(wanted: str, known: Iterable[str]) -> str | None:
    """The known word that is nearest to a mistyped one, or `None`."""
    near = difflib.get_close_matches(wanted, list(known), n=1, cutoff=0.6)
    return near[0] if near else None


def _bare(key: str) -> str:
    return re.sub(r"[^a-z0-9]", "", key.lower())
