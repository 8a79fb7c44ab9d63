"""Durations as people write them: `4h`, `2d`, `1h30m`."""

from __future__ import annotations

import re

_UNITS = {"d": 86400, "h": 3600, "m": 60, "s": 1}
_DURATION = re.compile(r"(?:[0-9]{1,9}[dhms])+")


def seconds(text: str) -> int | None:
    """Read a duration.

    Args:
        text: days, hours, minutes and seconds, each a whole number with its letter.

    Returns:
        Seconds; None if it is not a duration, or none at all.
    """
    if not _DURATION.fullmatch(text):
        return None
    total = sum(int(n) * _UNITS[unit] for n, unit in re.findall(r"([0-9]+)([dhms])", text))
    return total or None


def shortly(span: float) -> str:
    """A span of time by its two largest units, such as `3d 4h`.

    Args:
        span: seconds, not negative.

    Returns:
        Text; less than a minute is `0m`.
    """
    minutes = int(span // 60)
    parts = ((minutes // 1440, "d"), (minutes // 60 % 24, "h"), (minutes % 60, "m"))
    found = [f"{count}{unit}" for count, unit in parts if count]
    return " ".join(found[:2]) or "0m"
