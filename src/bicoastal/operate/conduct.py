"""How a person's change of a stack is carried out, whatever it changes."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from bicoastal.failover.audit import Note
from bicoastal.failover.record import annotate
from bicoastal.failover.store import RecordStore
from bicoastal.operate.access import Told, ask
from bicoastal.operate.errors import Refused


@dataclass(frozen=True)
class Conduct:
    """Who asks, why, and how it is gone about.

    Attributes:
        requester: who asks.
        reason: why, for the audit trail.
        hold_s: how long the automation keeps still at most, seconds, where the change lets a person
            choose.
        pace: by how much durations are divided.
        tell: takes progress.
        sleep: waits a number of seconds.
    """

    requester: str
    reason: str
    hold_s: float = 0.0
    pace: float = 1.0
    tell: Told = lambda _line: None
    sleep: Callable[[float], None] = time.sleep

    def remember(
        self, store: RecordStore, outcome: str, request_ids: tuple[str, ...], at: float
    ) -> None:
        """Tell the outcome of a call, and write it into the audit trail if that can be done.

        Args:
            store: the record's store.
            outcome: what AWS answered.
            request_ids: AWS's request ids.
            at: seconds since the epoch.
        """
        self.tell(outcome)
        note = Note(at, self.requester, outcome, request_ids=request_ids)
        if problem := ask(annotate, store, note).problem:
            self.tell(f"the audit trail misses this call: {problem}")


def insist(refusals: tuple[str, ...]) -> None:
    """Begin nothing that was found impossible.

    Args:
        refusals: why it cannot be done.

    Raises:
        Refused: there is a reason.
    """
    if refusals:
        raise Refused("; ".join(refusals))
