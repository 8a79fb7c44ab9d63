"""What the data plane remembers: every change of a status, every distinct answer."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from bicoastal.lab.route53.zones import Answer


@dataclass(frozen=True)
class StatusChange:
    """A health check took a status.

    Attributes:
        check: Its identifier.
        healthy: The new status.
        wall_s: Epoch seconds.
        monotonic_s: Seconds of this machine's monotonic clock.
    """

    check: str
    healthy: bool
    wall_s: float
    monotonic_s: float


@dataclass(frozen=True)
class AnswerChange:
    """A name was answered otherwise than the last time.

    Attributes:
        name: The name asked for.
        type: The type asked for.
        code: ``NOERROR``, ``NXDOMAIN`` ...
        chain: Names that CNAME records led to.
        address: The address at the end, None if there is none.
        member: The member that the address leads to, None if none.
        wall_s: Epoch seconds.
        monotonic_s: Seconds of this machine's monotonic clock.
    """

    name: str
    type: str
    code: str
    chain: tuple[str, ...]
    address: str | None
    member: str | None
    wall_s: float
    monotonic_s: float


class PlaneHistory:
    """Collects changes from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._statuses: dict[str, bool] = {}
        self._status_changes: list[StatusChange] = []
        self._answers: dict[tuple[str, str], tuple[Any, ...]] = {}
        self._answer_changes: list[AnswerChange] = []

    def note_statuses(self, statuses: Mapping[str, bool]) -> bool:
        """Remember statuses; only changes are kept.

        Args:
            statuses: Status of every health check.

        Returns:
            Whether anything changed (a new check is a change).
        """
        wall_s, monotonic_s = time.time(), time.monotonic()
        with self._lock:
            changed = [item for item in statuses.items() if self._statuses.get(item[0]) != item[1]]
            self._statuses.update(changed)
            self._status_changes += [StatusChange(*item, wall_s, monotonic_s) for item in changed]
        return bool(changed)

    def note_answer(self, name: str, type_: str, answer: Answer, member: str | None) -> None:
        """Remember an answer if it differs from the last one for that name and type.

        Args:
            name: The name asked for.
            type_: The type asked for.
            answer: What was answered.
            member: The member that the answer's address leads to.
        """
        said = (answer.code, answer.chain, answer.address, member)
        with self._lock:
            if self._answers.get((name, type_)) == said:
                return
            self._answers[name, type_] = said
            change = AnswerChange(name, type_, *said, time.time(), time.monotonic())
            self._answer_changes.append(change)

    @property
    def status_changes(self) -> tuple[StatusChange, ...]:
        """Every change of a status, oldest first."""
        with self._lock:
            return tuple(self._status_changes)

    @property
    def answer_changes(self) -> tuple[AnswerChange, ...]:
        """Every distinct answer, oldest first."""
        with self._lock:
            return tuple(self._answer_changes)

    def to_dict(self) -> dict[str, list[dict[str, Any]]]:
        """Give everything as plain values for a report."""
        return {
            "statuses": [asdict(change) for change in self.status_changes],
            "answers": [asdict(change) for change in self.answer_changes],
        }
