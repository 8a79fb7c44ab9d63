"""What the secret of the master user must hold."""

from __future__ import annotations

import json
import re

FIELDS = ("username", "password")

_USER = re.compile(r"[A-Za-z][A-Za-z0-9]{0,15}")
_SHORTEST, _LONGEST = 8, 41
_REFUSED = re.compile(r"""[/"@ ]|[^!-~]""")


def held(text: str | None) -> dict[str, str] | None:
    """Read what a secret holds.

    Args:
        text: the secret's text.

    Returns:
        `username` and `password`, or None if the text is not a JSON object with both as text.
    """
    try:
        found = json.loads(text or "")
    except ValueError:
        return None
    if not isinstance(found, dict) or not all(
        isinstance(found.get(field), str) and found[field] for field in FIELDS
    ):
        return None
    return {field: found[field] for field in FIELDS}


def faults(text: str | None) -> tuple[str, ...]:
    """Find what AWS would refuse, in words that repeat nothing of it.

    Source: https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBCluster.html

    Args:
        text: the secret's text.

    Returns:
        What is wrong, none if nothing is.
    """
    found = held(text)
    if found is None:
        return ('it is not a JSON object with the texts "username" and "password"',)
    wrong = []
    if not _USER.fullmatch(found["username"]):
        wrong.append("its username is not a letter followed by at most 15 letters and digits")
    if not _SHORTEST <= len(found["password"]) <= _LONGEST:
        wrong.append(f"its password has not {_SHORTEST} to {_LONGEST} characters")
    if _REFUSED.search(found["password"]):
        wrong.append('its password holds a space, one of / " @, or what is not printable ASCII')
    return tuple(wrong)
