"""Collecting what happens during a drill, and putting it together into the record."""

from __future__ import annotations

import os
import platform
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from bicoastal.lab.drill.report import Phase, Source, TimelineEntry


class Observer(Protocol):
    """Whoever watches a drill while it runs."""

    def event(self, source: str, text: str) -> None:
        """Show one event."""
        ...

    def status(self, text: str) -> None:
        """Show passing numbers."""
        ...


class Silent:
    """An observer that shows nothing."""

    def event(self, source: str, text: str) -> None:
        """Show nothing."""

    def status(self, text: str) -> None:
        """Show nothing."""


class Recording:
    """The drill's own log: events on one clock, and how long each phase took.

    Args:
        observer: Sees each event as it happens.
    """

    def __init__(self, observer: Observer) -> None:
        self._observer = observer
        self._lock = threading.Lock()
        self._events: list[tuple[float, Source, str]] = []
        self.phases: list[Phase] = []
        self.started_at = time.time()

    def note(self, source: Source, text: str, at: float | None = None) -> float:
        """Remember an event and show it.

        Args:
            source: Who saw or did it.
            text: What happened.
            at: Wall clock in seconds; now if left out.

        Returns:
            The time that it was noted with.
        """
        at = time.time() if at is None else at
        with self._lock:
            self._events.append((at, source, text))
        self._observer.event(source, text)
        return at

    def status(self, text: str) -> None:
        """Show passing numbers without remembering them."""
        self._observer.status(text)

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Measure a phase; it counts only when it ends well."""
        begun = time.perf_counter()
        yield
        self.phases.append(Phase(name=name, seconds=time.perf_counter() - begun))

    def timeline(self, origin: float) -> list[TimelineEntry]:
        """Give every event in order of time.

        Args:
            origin: Wall clock of second zero.
        """
        with self._lock:
            ordered = sorted(self._events, key=lambda event: event[0])
        return [
            TimelineEntry(at_s=round(at - origin, 3), source=source, text=text)
            for at, source, text in ordered
        ]


def host() -> dict[str, str]:
    """Describe the machine, for the record."""
    return {
        "system": platform.system(),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "cores": str(os.cpu_count()),
        "clock": "one machine: every time is from one clock",
    }
