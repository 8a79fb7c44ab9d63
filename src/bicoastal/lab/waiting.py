"""Waiting for a condition instead of for a time."""

from __future__ import annotations

import time
from collections.abc import Callable

INTERVAL_S = 0.05


def wait_until(
    condition: Callable[[], object], timeout_s: float, interval_s: float = INTERVAL_S
) -> bool:
    """Ask again and again until something holds.

    Args:
        condition: What is waited for.
        timeout_s: Seconds to wait at most.
        interval_s: Seconds between two questions.

    Returns:
        Whether it held in time.
    """
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() >= deadline:
            return False
        time.sleep(interval_s)
    return True
