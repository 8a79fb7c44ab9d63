"""Keys as they are written in a stack file, and what a mistyped one probably meant."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence
from functools import cache

from pydantic import BaseModel

from bicoastal.settings.absent import bare
from bicoastal.settings.models import Settings
from bicoastal.settings.secrecy import printable

_PLAIN = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_:/-]*")
_LONGEST = 160  # a tag's key may have 128
_SYNONYMS = {
    "databasepassword": "secretArn",
    "dbpassword": "secretArn",
    "environment": "environmentSuffix",
    "furtherregions": "regions.furtherStandbys",
    "headless": "database.headlessStandby",
    "instancetype": "database.instanceClass",
    "masterpassword": "secretArn",
    "password": "secretArn",
    "primaryregion": "regions.home",
    "region": "regions.home",
    "secondaryregion": "regions.standby",
    "secondaryregions": "regions.furtherStandbys",
    "standbyregion": "regions.standby",
    "standbyregions": "regions.furtherStandbys",
    "standbys": "regions.furtherStandbys",
    "witnessregion": "regions.witness",
    "zoneid": "hostedZoneId",
}


def dotted(path: Iterable[str | int]) -> str:
    """A path as text: `database.port`, `network.clientCidrs[0]`, `tags["a b"]`.

    The text is safe to print, and a part that is longer than any key is shortened.
    """
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
            continue
        part = printable(step if len(step) <= _LONGEST else step[: _LONGEST - 3] + "...")
        if _PLAIN.fullmatch(part):
            text += f".{part}" if text else part
        else:
            text += f'["{part}"]'
    return text


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
    wanted = bare(str(path[-1]))
    if wanted in _SYNONYMS:
        return _SYNONYMS[wanted]
    keys = [*known_keys(), *groups()]
    siblings = {bare(k.removeprefix(group)): k for k in keys if k.startswith(group)}
    anywhere = {bare(key.rsplit(".", 1)[-1]): key for key in keys}
    for candidates in (siblings, anywhere):
        near = nearest(wanted, candidates, cutoff=0.75)
        if near:
            return candidates[near]
    return None


def nearest(wanted: str, known: Iterable[str], cutoff: float = 0.6) -> str | None:
    """The known word that is nearest to a mistyped one.

    Args:
        wanted: the mistyped word.
        known: the words that exist.
        cutoff: how alike they must be, 0 to 1.

    Returns:
        A known word, or `None` if nothing is near. A word with the same letters in another order
        comes first, which difflib alone does not see.
    """
    near = difflib.get_close_matches(wanted, list(known), n=5, cutoff=cutoff)
    letters = sorted(wanted)
    swapped = [word for word in near if sorted(word) == letters]
    return next(iter(swapped or near), None)
