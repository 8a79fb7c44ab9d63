"""Tells what the controller, DNS and the health checks do, as it happens."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping

from bicoastal.failover.record import Entry, RecordStore
from bicoastal.lab.drill.recording import Recording
from bicoastal.lab.route53 import AnswerChange, ResolutionError, Resolver, Route53DataPlane


class Narrator:
    """Notes everything new since it was last asked.

    Args:
        recording: Where to note it.
        store: The controller's record.
        route53: Health checks and DNS answers.
        domain: The database's name; changes of other names are left out.
        checks: Health check's id to the name that it is told by.
        resolver: Asks for the name at every turn. Clients ask only when they connect, and would
            not notice that DNS has moved under their living connections.
    """

    def __init__(
        self,
        *,
        recording: Recording,
        store: RecordStore,
        route53: Route53DataPlane,
        domain: str,
        checks: Mapping[str, str],
        resolver: Resolver,
    ) -> None:
        self._recording = recording
        self._store = store
        self._route53 = route53
        self._domain = domain
        self._checks = checks
        self._resolver = resolver
        self._audit: dict[int, Entry] = {}
        self._answers = 0
        self._statuses = 0

    @property
    def audit(self) -> list[Entry]:
        """The whole audit trail so far, oldest first, even what the record has dropped."""
        return [entry for _, entry in sorted(self._audit.items())]

    @property
    def answers(self) -> list[AnswerChange]:
        """Every change of what DNS answered for the database's name."""
        return [
            change
            for change in self._route53.history.answer_changes
            if change.name.rstrip(".") == self._domain and change.type == "A"
        ]

    def tell(self) -> None:
        """Note what is new."""
        with contextlib.suppress(ResolutionError):  # the answer, even an error, is in the history
            self._resolver.resolve(self._domain)
        for entry in self._store.audit():
            if entry.seq not in self._audit:
                self._audit[entry.seq] = entry
                self._recording.note("controller", _told(entry), entry.at)
        answers = self.answers
        for answer in answers[self._answers :]:
            where = answer.member or answer.code
            self._recording.note("dns", f"{self._domain} is now {where}", answer.wall_s)
        self._answers = len(answers)
        statuses = self._route53.history.status_changes
        for change in statuses[self._statuses :]:
            name = self._checks.get(change.check, change.check)
            state = "healthy" if change.healthy else "unhealthy"
            self._recording.note("health check", f"{name} is {state}", change.wall_s)
        self._statuses = len(statuses)


def _told(entry: Entry) -> str:
    if entry.from_state != entry.to_state:
        return f"{entry.from_state} -> {entry.to_state}: {entry.reason}"
    # The evidence was told when the state began; the record has it for every round.
    return f"{entry.to_state}: {entry.reason.split(';')[0]}"
