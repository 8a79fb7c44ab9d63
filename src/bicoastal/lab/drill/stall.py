"""Notices when the machine itself stands still: then a drill measures the machine."""

from __future__ import annotations

import threading
import time

_INTERVAL_S = 0.02


class StallWatch:
    """Sleeps a little again and again, and remembers the longest oversleeping.

    A context manager.

    Attributes:
        longest_s: The longest time that it was not woken when it should have been, in seconds.
    """

    def __init__(self) -> None:
        self.longest_s = 0.0
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="stall-watch", daemon=True)

    def __enter__(self) -> StallWatch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        last = time.monotonic()
        while not self._stopping.wait(_INTERVAL_S):
            now = time.monotonic()
            self.longest_s = max(self.longest_s, now - last - _INTERVAL_S)
            last = now
