"""Notices when the machine itself stands still: then a drill measures the machine.

A process of its own sleeps and looks at the clock. A thread of the drill would also notice the
drill's own work, for which the machine is not to blame.
"""

from __future__ import annotations

import signal
import sys
import time
from pathlib import Path

from bicoastal.lab.processes import Child

_INTERVAL_S = 0.02
_MODULE = "bicoastal.lab.drill.stall"


class StallWatch:
    """Sleeps a little again and again, and remembers the longest oversleeping.

    A context manager; enter it in the main thread.

    Args:
        folder: Where its log is kept.
    """

    def __init__(self, folder: Path) -> None:
        self._log = folder / "stall.log"
        self._child: Child

    def __enter__(self) -> StallWatch:
        self._child = Child([sys.executable, "-m", _MODULE], log=self._log, name="the stall watch")
        return self

    def __exit__(self, *_: object) -> None:
        self._child.stop()

    @property
    def pid(self) -> int:
        """The watching process."""
        return self._child.pid

    @property
    def longest_s(self) -> float:
        """The longest time that it was not woken when it should have been, in seconds."""
        lines = self._log.read_text().split()
        return float(lines[-1]) if lines else 0.0


def watch() -> None:
    """Print the longest oversleeping, in seconds, each time that it grows; until SIGTERM."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    longest, last = 0.0, time.monotonic()
    while True:
        time.sleep(_INTERVAL_S)
        now = time.monotonic()
        late = now - last - _INTERVAL_S
        if late > longest:
            longest = late
            sys.stdout.write(f"{longest:.3f}\n")
            sys.stdout.flush()
        last = now


if __name__ == "__main__":
    watch()
