"""What long work on the database asks of the record: to keep still, for one worker at a time.

As in a switchover the record is in OBSERVE and in maintenance, which ends by itself. On top of that
it names the worker, who says again and again that they are still there: while they do, nobody else
begins the same, and nobody is paged about a writer that they have restarted. A worker that is gone
without a word is followed by the next one when that time is over.
"""

from __future__ import annotations

from dataclasses import replace

from bicoastal.failover.audit import Note
from bicoastal.failover.errors import RecordError
from bicoastal.failover.guards import attended, held_still
from bicoastal.failover.record import request
from bicoastal.failover.state import Record
from bicoastal.failover.store import RecordStore
from bicoastal.failover.switching import check_held, held

LEASE_S = 120.0
"""So long a worker is taken to be there after their last word, seconds; it has no pace."""


def is_planned(record: Record, now: float) -> bool:
    """Whether what becomes of the members is somebody's work, so that nobody need be woken by it.

    Args:
        record: the record.
        now: seconds since the epoch.

    Returns:
        True in maintenance, and where a worker is named only while they say that they are there:
        one that was killed mutes nothing.
    """
    return held_still(record, now) and (record.held_by is None or attended(record, now))


def begin_work(
    store: RecordStore, requester: str, reason: str, now: float, *, holder: str, hold_s: float
) -> Record:
    """Keep the automation still, and everybody else away.

    Args:
        store: the record's store.
        requester: who asks.
        reason: why, for the audit trail.
        now: seconds since the epoch.
        holder: the worker and the work; another one for each run.
        hold_s: for how long, seconds; a longer maintenance is kept.

    Returns:
        The record as written: OBSERVE, in maintenance, held.

    Raises:
        RecordError: the record is not at rest, or somebody else is at work.
        Conflict: the record kept changing.
        StoreError: DynamoDB did not answer.
    """

    def change(record: Record) -> Record:
        still = held(record, now, hold_s, "work")
        return replace(still, held_by=holder, held_until=now + LEASE_S)

    note = Note(now, requester, f"{holder} begins, {hold_s:.0f} s at most: {reason}")
    return request(store, change, note)


def go_on(store: RecordStore, now: float, *, holder: str) -> Record:
    """Say that the worker is still there, and make sure that nobody else took over.

    Args:
        store: the record's store.
        now: seconds since the epoch.
        holder: the worker, as when it began.

    Returns:
        The record as written; the audit trail gets no entry.

    Raises:
        RecordError: the automation is no longer held for this worker.
        Conflict: the record changed at the same moment; ask again.
        StoreError: DynamoDB did not answer.
    """
    record = store.read()
    _check_held(record, holder, now)
    return store.write(record, replace(record, held_until=now + LEASE_S), None)


def leave_work(
    store: RecordStore, requester: str, reason: str, now: float, *, holder: str
) -> Record:
    """Go away with the work half done: the maintenance goes on, another run may take over at once.

    Args:
        store: the record's store.
        requester: who leaves.
        reason: why, for the audit trail.
        now: seconds since the epoch.
        holder: the worker, as when it began.

    Returns:
        The record as written, or as found when it is somebody else's already.

    Raises:
        Conflict: the record kept changing.
        StoreError: DynamoDB did not answer.
    """

    def change(record: Record) -> Record:
        return replace(record, held_until=now) if record.held_by == holder else record

    return request(store, change, Note(now, requester, f"{holder} left undone: {reason}"))


def end_work(
    store: RecordStore,
    requester: str,
    reason: str,
    now: float,
    *,
    holder: str,
    maintenance_until: float | None,
) -> Record:
    """The work is done, or was never begun: let the automation go on as before.

    Args:
        store: the record's store.
        requester: who asks.
        reason: how it ended, for the audit trail.
        now: seconds since the epoch.
        holder: the worker, as when it began.
        maintenance_until: a maintenance that was announced before, and goes on.

    Returns:
        The record as written, armed as before.

    Raises:
        RecordError: the automation is no longer held for this worker.
        Conflict: the record kept changing.
        StoreError: DynamoDB did not answer.
    """

    def change(record: Record) -> Record:
        _check_held(record, holder, now)
        return replace(record, maintenance_until=maintenance_until, held_by=None, held_until=None)

    return request(store, change, Note(now, requester, f"{holder}: {reason}"))


def _check_held(record: Record, holder: str, now: float) -> None:
    if record.held_by != holder:
        raise RecordError(f"the record is held by {record.held_by or 'nobody'}, not by {holder}")
    check_held(record, now, "in maintenance: somebody ended it")
