"""The record, and what a human may ask of it: arm, disarm, approve, acknowledge, unlock.

The item's value is in `state`, its store in `store`, its audit trail in `audit`; all three can be
had from here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from bicoastal.failover.audit import Entry, Note, verify_chain
from bicoastal.failover.errors import Conflict, RecordError
from bicoastal.failover.state import Record, State
from bicoastal.failover.store import RecordStore

__all__ = [
    "Entry",
    "Note",
    "Record",
    "RecordStore",
    "acknowledge",
    "approve",
    "arm",
    "disarm",
    "unlock",
    "verify_chain",
]


def arm(store: RecordStore, requester: str, reason: str, now: float) -> Record:
    """Arm the failover; it becomes STEADY after enough clean rounds.

    Args:
        store: the record's store.
        requester: who asks.
        reason: why, for the audit trail.
        now: seconds since the epoch.

    Returns:
        The record as written, or as found when it was armed already.

    Raises:
        RecordError: the last failover is not acknowledged, or the state is not one to arm in.
        Conflict: the record kept changing.
        StoreError: DynamoDB did not answer.
    """

    def change(record: Record) -> Record:
        if record.armed:
            return record
        if not record.acknowledged:
            raise RecordError("acknowledge the last failover before arming the next one")
        if record.state is not State.OBSERVE:
            raise RecordError(f"only OBSERVE can be armed; the record is in {record.state}")
        return replace(record, armed=True, clean_rounds=0)

    return _request(store, change, Note(now, requester, f"armed: {reason}"))


def disarm(store: RecordStore, requester: str, reason: str, now: float) -> Record:
    """Disarm the failover; what is past the point of no return is still brought to its end.

    Args:
        store: the record's store.
        requester: who asks.
        reason: why, for the audit trail.
        now: seconds since the epoch.

    Returns:
        The record as written, or as found when it was disarmed already.

    Raises:
        Conflict: the record kept changing.
        StoreError: DynamoDB did not answer.
    """
    note = Note(now, requester, f"disarmed: {reason}")
    return _request(store, lambda record: replace(record, armed=False), note)


def approve(
    store: RecordStore, requester: str, reason: str, now: float, *, valid_s: float = 300.0
) -> Record:
    """Approve the failover that is held; the evidence is still required.

    Args:
        store: the record's store.
        requester: who approves.
        reason: why, for the audit trail.
        now: seconds since the epoch.
        valid_s: how long the approval lasts, seconds.

    Returns:
        The record as written.

    Raises:
        RecordError: nothing is held.
        Conflict: the record kept changing.
        StoreError: DynamoDB did not answer.
    """

    def change(record: Record) -> Record:
        if record.state is not State.HELD:
            raise RecordError(f"nothing waits for approval; the record is in {record.state}")
        return replace(record, approved_until=now + valid_s)

    return _request(store, change, Note(now, requester, f"approved: {reason}"))


def acknowledge(store: RecordStore, requester: str, reason: str, now: float) -> Record:
    """Acknowledge the last failover, so that another one can be armed.

    Args:
        store: the record's store.
        requester: who acknowledges.
        reason: why, for the audit trail.
        now: seconds since the epoch.

    Returns:
        The record as written, or as found when it was acknowledged already.

    Raises:
        Conflict: the record kept changing.
        StoreError: DynamoDB did not answer.
    """
    note = Note(now, requester, f"acknowledged: {reason}")
    return _request(store, lambda record: replace(record, acknowledged=True), note)


def unlock(store: RecordStore, requester: str, reason: str, now: float, *, writer: str) -> Record:
    """Leave LOCKED, or correct OBSERVE: a human says which region is the writer.

    Args:
        store: the record's store.
        requester: who says so.
        reason: why, for the audit trail.
        now: seconds since the epoch.
        writer: region of the writer; DNS follows it.

    Returns:
        The record as written: OBSERVE, disarmed.

    Raises:
        RecordError: the automation is not at rest.
        Conflict: the record kept changing.
        StoreError: DynamoDB did not answer.
    """

    def change(record: Record) -> Record:
        if record.state not in (State.LOCKED, State.OBSERVE):
            raise RecordError(f"only LOCKED or OBSERVE can be set; the record is in {record.state}")
        return Record(
            cluster=record.cluster,
            writer=writer,
            epoch=record.epoch + (writer != record.writer),
            version=record.version,
            since=now,
            # So that the writer's own controller moves DNS, too: the other region may be lost.
            target_region=writer,
            latch=int(writer == store.home_region),
            last_failover_at=record.last_failover_at,
        )

    return _request(store, change, Note(now, requester, f"unlocked: {reason}"))


def _request(store: RecordStore, change: Callable[[Record], Record], note: Note) -> Record:
    """Apply a human's change, again if a controller was quicker."""
    for _ in range(5):
        old = store.read()
        new = change(old)
        if new == old:
            return old
        try:
            return store.write(old, new, note)
        except Conflict:
            continue
    raise Conflict("the record kept changing; try again")
