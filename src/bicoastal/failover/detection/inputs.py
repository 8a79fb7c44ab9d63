"""Refusing numbers that no formula has a meaning for."""

from __future__ import annotations

import math


def share(name: str, value: float) -> None:
    """Require a probability.

    Args:
        name: what it is called in the message.
        value: the number.

    Raises:
        ValueError: it is not from 0 to 1.
    """
    if not 0 <= value <= 1:
        raise ValueError(f"{name} is {value}, but a probability is from 0 to 1")


def positive(name: str, value: float) -> None:
    """Require a finite number above 0.

    Args:
        name: what it is called in the message.
        value: the number.

    Raises:
        ValueError: it is not.
    """
    if not (math.isfinite(value) and value > 0):
        raise ValueError(f"{name} is {value}, but must be above 0")


def at_most(name: str, value: int, limit: int) -> None:
    """Require a count from 1 to a limit.

    Args:
        name: what it is called in the message.
        value: the count.
        limit: the greatest that makes sense.

    Raises:
        ValueError: it is less than 1 or more than the limit.
    """
    if not 1 <= value <= limit:
        raise ValueError(f"{name} is {value}, but must be from 1 to {limit}")
