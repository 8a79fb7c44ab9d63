"""Moves the clients' name for a peer that decides by itself who may be written to."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Self

from benchmarks.peers.place import Place


class Redirect:
    """Asks from the third region, once an interval, whether each member serves.

    Args:
        place: The clients' name, and the interval.
        serves: Asks a member, at an address, whether clients may write to it now.
        threshold: How many times in a row the present member must fail first.
    """

    def __init__(self, place: Place, serves: Callable[[str], bool], threshold: int) -> None:
        self._place = place
        self._serves = serves
        self._threshold = threshold
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="redirect", daemon=True)
        self.member = place.home

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._thread.join()

    def _watch(self) -> None:
        place, failures = self._place, 0
        while not self._stopping.wait(place.interval_s):
            failures = 0 if self._asked(self.member) else failures + 1
            if failures < self._threshold:
                continue
            other = place.standby if self.member == place.home else place.home
            if self._asked(other):
                self.member, failures = other, 0
                place.point(other)

    def _asked(self, member: str) -> bool:
        return self._serves(self._place.address(member, self._place.third))
