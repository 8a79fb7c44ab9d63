"""What a run tells while it goes on: journal, failures and events."""

from __future__ import annotations

import threading
import time

from bicoastal.lab.engine.results import Event, OnEvent, ResourceFailure
from bicoastal.lab.engine.state import Kind, ResourceState, State

_GERUNDS: dict[Kind, str] = {
    "create": "creating",
    "update": "updating",
    "replace": "replacing",
    "delete": "deleting",
}


class Progress:
    """Journal, failures and events of one run.

    Args:
        state: where the journal is.
        on_event: who watches, or None.
    """

    def __init__(self, state: State, on_event: OnEvent | None) -> None:
        self.failures: list[ResourceFailure] = []
        self.skipped: list[str] = []
        self.deleted: list[str] = []
        self.changes: dict[str, int] = {}
        self._state = state
        self._on_event = on_event
        self._lock = threading.Lock()
        self._done = 0

    def begin(self, kind: Kind, resource: ResourceState) -> float:
        """Say that something begins; return the time for `end`."""
        self._emit(_GERUNDS[kind], resource)
        return time.monotonic()

    def end(self, kind: Kind, resource: ResourceState, started: float, reason: str = "") -> None:
        """Say that something ended."""
        self._state.record(kind, resource, started=started, reason=reason)
        if kind != "fail" and (not resource.custom or resource.is_provider):
            return
        with self._lock:
            self._done += 1
            self.changes[kind] = self.changes.get(kind, 0) + 1
            if kind == "fail":
                failure = ResourceFailure(resource.urn, reason, resource.type, resource.name)
                self.failures.append(failure)
            elif kind == "skip":
                self.skipped.append(resource.urn)
            elif kind == "delete":
                self.deleted.append(resource.urn)
        self._emit(kind, resource, reason)

    def _emit(self, kind: str, resource: ResourceState, reason: str = "") -> None:
        if self._on_event is not None:
            self._on_event(
                Event(
                    kind, resource.urn, resource.type, resource.name, resource.region, self._done,
                    reason,
                )
            )  # fmt: skip
