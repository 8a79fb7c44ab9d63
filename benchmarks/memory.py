"""Peak memory of a process and everything it started."""

from __future__ import annotations

import threading
from pathlib import Path
from types import TracebackType
from typing import Self

INTERVAL_S = 0.25


class PeakMemory:
    """Samples the proportional set size of a process tree; shared pages count once.

    Args:
        pid: The tree's root.
    """

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._sample)
        self.peak_mib = 0.0

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._done.set()
        self._thread.join()

    def _sample(self) -> None:
        while not self._done.wait(INTERVAL_S):
            self.peak_mib = max(self.peak_mib, sum(map(_pss_kib, tree(self._pid))) / 1024)


def tree(pid: int) -> list[int]:
    """List a process and everything it started, as far as it still has a parent there."""
    try:
        threads = [
            int(child)
            for task in Path(f"/proc/{pid}/task").iterdir()
            for child in (task / "children").read_text().split()
        ]
    except OSError:
        return []
    return [pid, *(p for child in set(threads) for p in tree(child))]


def _pss_kib(pid: int) -> int:
    try:
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0
    return next(
        (int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:")), 0
    )
