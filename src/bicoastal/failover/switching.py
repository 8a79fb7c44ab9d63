"""What a planned switchover asks of the record: to keep still, to follow, or to go on as before.

Meanwhile the record is in OBSERVE and in maintenance, which ends by itself: a controller does
nothing, an armed record stays armed, and nothing has to be undone if whoever began goes away.
"""

from __future__ import annotations

from dataclasses import replace

from bicoastal.failover.audit import Note
from bicoastal.failover.errors import RecordError
from bicoastal.failover.guards import held_still
from bicoastal.failover.record import request
from bicoastal.failover.state import Record, State
from bicoastal.failover.store import RecordStore

AT_REST = (State.OBSERVE, State.STEADY)
"""From where a switchover may begin."""
RETURNING = (State.COOLDOWN, State.REJOINING)
_LOST = "held for the switchover: somebody else acted"


def begin_switchover(
    store: RecordStore, requester: str, reason: str, now: float, *, region: str, hold_s: float
) -> Record:
    """Keep the automation still before the writer is moved.

    Args:
        store: the record's store.
        requester: who asks.
        reason: why, for the audit trail.
        now: seconds since the epoch.
        region: region of the writer to be.
        hold_s: for how long, seconds; a longer maintenance is kept.

    Returns:
        The record as written: OBSERVE, in maintenance.

    Raises:
        RecordError: the record is not at rest, the region is the writer, or somebody is at work.
        Conflict: the record kept changing.
        StoreError: DynamoDB did not answer.
    """

    def change(record: Record) -> Record:
        if record.writer == region:
            raise RecordError(f"{region} is the writer already")
        # The region that a human named last keeps its controller: it may still be moving DNS.
        return held(record, now, hold_s, "a switchover")

    note = Note(now, requester, f"switchover to {region} begins, {hold_s:.0f} s at most: {reason}")
    return request(store, change, note)


def finish_switchover(
    store: RecordStore,
    requester: str,
    reason: str,
    now: float,
    *,
    region: str,
    maintenance_until: float | None,
) -> Record:
    """Name the verified new writer; the controllers move DNS, and act again if they were armed.

    Args:
        store: the record's store.
        requester: who asks.
        reason: why, for the audit trail.
        now: seconds since the epoch.
        region: region of the new writer.
        maintenance_until: a maintenance that was announced before, and goes on.

    Returns:
        The record as written: OBSERVE, in the next epoch, armed as before.

    Raises:
        RecordError: the switchover is not under way any more.
        Conflict: the record kept changing.
        StoreError: DynamoDB did not answer.
    """

    def change(record: Record) -> Record:
        check_held(record, now, _LOST)
        return replace(
            calmed(record),
            since=now,
            writer=region,
            epoch=record.epoch + (region != record.writer),
            # So that the new writer's controller moves DNS, too.
            target_region=region,
            latch=int(region == store.home_region),
            maintenance_until=maintenance_until,
        )

    note = Note(now, requester, f"switched over to {region}, verified: {reason}")
    return request(store, change, note)


def abandon_switchover(
    store: RecordStore, requester: str, reason: str, now: float, *, maintenance_until: float | None
) -> Record:
    """The writer was not moved: let the automation go on as before.

    Args:
        store: the record's store.
        requester: who asks.
        reason: why it was not moved, for the audit trail.
        now: seconds since the epoch.
        maintenance_until: a maintenance that was announced before, and goes on.

    Returns:
        The record as written.

    Raises:
        RecordError: the switchover is not under way any more.
        Conflict: the record kept changing.
        StoreError: DynamoDB did not answer.
    """

    def change(record: Record) -> Record:
        check_held(record, now, _LOST)
        return replace(record, maintenance_until=maintenance_until)

    return request(store, change, Note(now, requester, f"switchover abandoned: {reason}"))


def end_rejoining(store: RecordStore, requester: str, reason: str, now: float) -> Record:
    """After a failover: a human has seen that the old member is a clean standby again.

    The cooldown's gate stays: it looks at when the last failover was, not at the state.

    Args:
        store: the record's store.
        requester: who says so.
        reason: why, for the audit trail.
        now: seconds since the epoch.

    Returns:
        The record as written: OBSERVE, disarmed; or as found when it was at rest already.

    Raises:
        RecordError: the failover is not acknowledged, or not at its end.
        Conflict: the record kept changing.
        StoreError: DynamoDB did not answer.
    """

    def change(record: Record) -> Record:
        if record.state in AT_REST:
            return record
        if record.state not in RETURNING:
            raise RecordError(f"there is nothing to rejoin in {record.state}")
        if not record.acknowledged:
            raise RecordError("acknowledge the last failover first")
        return replace(calmed(record), state=State.OBSERVE, since=now, target_region=None)

    return request(store, change, Note(now, requester, f"a clean standby again: {reason}"))


def occupied(record: Record, now: float) -> str | None:
    """Why nobody may begin work now.

    Args:
        record: the record.
        now: seconds since the epoch.

    Returns:
        Who is at work and until when to wait; None if nobody is.
    """
    if record.held_by is None or record.held_until is None or record.held_until <= now:
        return None
    left = record.held_until - now
    return (
        f"{record.held_by} is under way. If it was interrupted, run the same command again in "
        f"{left:.0f} s"
    )


def held(record: Record, now: float, hold_s: float, what: str) -> Record:
    """Keep the automation still, if nobody is at work and the record is at rest.

    Args:
        record: the record.
        now: seconds since the epoch.
        hold_s: for how long, seconds; a longer maintenance is kept.
        what: what begins, for the message.

    Returns:
        A changed copy: OBSERVE, in maintenance, armed as before.

    Raises:
        RecordError: it may not begin now.
    """
    if problem := occupied(record, now):
        raise RecordError(problem)
    if record.state not in AT_REST:
        raise RecordError(f"{what} begins in OBSERVE or STEADY, not in {record.state}")
    until = max(now + hold_s, record.maintenance_until or 0.0)
    return replace(calmed(record), state=State.OBSERVE, since=now, maintenance_until=until)


def check_held(record: Record, now: float, lost: str) -> None:
    """Make sure that the automation still keeps still.

    Args:
        record: the record.
        now: seconds since the epoch.
        lost: what would be no longer, and by whom, for the message.

    Raises:
        RecordError: it does not.
    """
    if record.state is not State.OBSERVE or not held_still(record, now):
        raise RecordError(
            f"the record is in {record.state} and no longer {lost}, or it took too long"
        )


def calmed(record: Record) -> Record:
    """Forget runs, claims and approvals; who is the writer and what is armed stay.

    Args:
        record: the record.

    Returns:
        A changed copy.
    """
    return replace(
        record,
        target_arn=None,
        first_bad_at=None,
        last_bad_at=None,
        bad_rounds=0,
        clean_rounds=0,
        noticed=False,
        approved_until=None,
    )
