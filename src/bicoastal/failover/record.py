"""The record, and what a human may ask of it: arming, approval, maintenance, unlocking, failover.

The item's value is in `state`, its store in `store`, its audit trail in `audit`; all three can be
had from here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

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
    "annotate",
    "approve",
    "arm",
    "disarm",
    "maintain",
    "request",
    "request_failover",
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

    return request(store, change, Note(now, requester, f"armed: {reason}"))


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
    return request(store, lambda record: replace(record, armed=False), note)


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

    return request(store, change, Note(now, requester, f"approved: {reason}"))


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
    return request(store, lambda record: replace(record, acknowledged=True), note)


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

    return request(store, change, Note(now, requester, f"unlocked: {reason}"))


def maintain(
    store: RecordStore, requester: str, reason: str, now: float, *, until: float | None
) -> Record:
    """Begin, prolong or end maintenance: the failover does nothing meanwhile, and then goes on.

    An armed record stays armed; after the end it needs clean rounds before it is STEADY.

    Args:
        store: the record's store.
        requester: who asks.
        reason: why, for the audit trail.
        now: seconds since the epoch.
        until: when it ends, seconds since the epoch; None ends it at once.

    Returns:
        The record as written, or as found when there was no maintenance to end.

    Raises:
        RecordError: the end has passed already.
        Conflict: the record kept changing.
        StoreError: DynamoDB did not answer.
    """
    if until is not None and until <= now:
        raise RecordError("maintenance must end in the future")
    what = "maintenance ended" if until is None else f"maintenance for {until - now:.0f} s"
    note = Note(now, requester, f"{what}: {reason}")
    return request(store, lambda record: replace(record, maintenance_until=until), note)


def request_failover(
    store: RecordStore,
    requester: str,
    reason: str,
    now: float,
    *,
    region: str,
    arn: str,
    evidence: Mapping[str, Any] | None = None,
) -> Record:
    """Write a human's intent to fail over: from here on the controllers bring it to its end.

    The human stands in for the claim and its evidence; the target is fixed just the same.

    Args:
        store: the record's store.
        requester: who asks.
        reason: why, for the audit trail.
        now: seconds since the epoch.
        region: region to promote.
        arn: ARN of the member there.
        evidence: what the human was shown, as JSON values.

    Returns:
        The record as written: PROMOTING, in the next epoch.

    Raises:
        RecordError: the region is the writer, a failover is under way, or the record is locked.
        Conflict: the record kept changing.
        StoreError: DynamoDB did not answer.
    """

    def change(record: Record) -> Record:
        if record.writer == region:
            raise RecordError(f"{region} is the writer already")
        if record.state in (State.FENCING, State.PROMOTING, State.REDIRECTING):
            raise RecordError(f"a failover to {record.target_region} is under way already")
        if record.state is State.LOCKED:
            raise RecordError("the record is LOCKED: say first which region is the writer (unlock)")
        return replace(
            record,
            state=State.PROMOTING,
            since=now,
            epoch=record.epoch + 1,
            target_region=region,
            target_arn=arn,
            first_bad_at=None,
            last_bad_at=None,
            bad_rounds=0,
            clean_rounds=0,
            noticed=False,
            approved_until=None,
        )

    note = Note(now, requester, f"failover to {region} requested: {reason}", evidence)
    return request(store, change, note)


def annotate(store: RecordStore, note: Note) -> Record:
    """Add an entry to the audit trail without changing anything else.

    Args:
        store: the record's store.
        note: what is to be remembered.

    Returns:
        The record as written.

    Raises:
        Conflict: the record kept changing.
        StoreError: DynamoDB did not answer.
    """
    return request(store, lambda record: record, note, always=True)


def request(
    store: RecordStore, change: Callable[[Record], Record], note: Note, *, always: bool = False
) -> Record:
    """Apply a human's change, again if a controller was quicker.

    Args:
        store: the record's store.
        change: makes the new record from the old one.
        note: who asks and why.
        always: write the note even when nothing changes.

    Returns:
        The record as written, or as found when there was nothing to change.

    Raises:
        Conflict: the record kept changing.
        StoreError: DynamoDB did not answer.
    """
    for _ in range(5):
        old = store.read()
        new = change(old)
        if new == old and not always:
            return old
        try:
            return store.write(old, new, note)
        except Conflict:
            continue
    raise Conflict("the record kept changing; try again")
