"""The invariants of a write, a put and a promotion call, each a small pure function."""

from __future__ import annotations

from bicoastal.failover import decision
from bicoastal.failover.state import Record, State
from bicoastal.proof.values import CUT, HOME, MEMBERS, OK, Slot, Spot

S = State
BEFORE = (S.OBSERVE, S.STEADY, S.SUSPECT, S.HELD, S.FENCING)
ALLOWED = frozenset(
    {
        (S.OBSERVE, S.STEADY),
        (S.STEADY, S.SUSPECT),
        (S.SUSPECT, S.STEADY),
        (S.SUSPECT, S.HELD),
        (S.SUSPECT, S.FENCING),
        (S.HELD, S.STEADY),
        (S.HELD, S.FENCING),
        (S.FENCING, S.STEADY),
        (S.FENCING, S.HELD),
        (S.FENCING, S.PROMOTING),
        (S.PROMOTING, S.REDIRECTING),
        (S.PROMOTING, S.LOCKED),
        (S.REDIRECTING, S.COOLDOWN),
        (S.REDIRECTING, S.LOCKED),
        (S.COOLDOWN, S.REJOINING),
        (S.REJOINING, S.OBSERVE),
        *((state, S.OBSERVE) for state in BEFORE),
        *((state, state) for state in S),
    }
)
"""What a controller may write; a human may also unlock."""


def write_breaks(old: Record, new: Record) -> str | None:
    """The invariant that a controller's write breaks.

    Args:
        old: the record in the store.
        new: the record that replaces it, before its epoch is normalised.

    Returns:
        The invariant in words, or None.
    """
    intent = new.state is S.PROMOTING and old.state is not S.PROMOTING
    acting = new.state in (S.FENCING, S.PROMOTING) and new.state is not old.state
    broken = {
        f"no transition leads from {old.state} to {new.state}": (old.state, new.state)
        not in ALLOWED,
        "I10: the epoch rises with the intent only": new.epoch != old.epoch + intent,
        "I7: a claim although the record is disarmed": acting and not old.armed,
        "I7: a claim in maintenance": acting and old.maintenance_until is not None,
        "I11: the intent's target is not the claim's": intent and new.target_arn != old.target_arn,
        "I6: the writer changes without a promotion": (new.writer, new.latch)
        != (old.writer, old.latch)
        and (old.state, new.state) != (S.PROMOTING, S.REDIRECTING),
        "I8: the latch and the writer disagree": new.latch != int(new.writer == HOME),
        "I7: a controller arms": new.armed and not old.armed,
        "I2: a controller acknowledges": new.acknowledged and not old.acknowledged,
        "I2: a failover needs no acknowledgement": new.state is S.REDIRECTING and new.acknowledged,
    }
    return next((name for name, is_broken in broken.items() if is_broken), None)


def put_breaks(record: Record, dns: int) -> str | None:
    """The invariant that putting the latch breaks."""
    if dns == MEMBERS.index(record.writer):
        return None
    return "I6: DNS moves to a member that the record does not call the writer"


def call_breaks(spot: Spot, record: Record, slot: Slot, target: int) -> str | None:
    """The invariant that an accepted call for a promotion breaks."""
    if spot.promoted:
        return "I2: a second promotion in one epoch"
    if slot.stale == 2:
        return "I2: a promotion of an earlier epoch"
    if record.state not in (S.PROMOTING, S.LOCKED):
        return "I10: a promotion without an intent"
    if record.target_region != MEMBERS[target]:
        return "I11: the target promoted is not the record's"
    return None


def held(record: Record) -> bool:
    """Whether the record is held still, so that a human may move the writer."""
    return record.state is S.OBSERVE and record.maintenance_until is not None


def spot_breaks(spot: Spot, record: Record) -> str | None:
    """The invariant that a state breaks."""
    if record.state in (S.COOLDOWN, S.REJOINING):
        where = MEMBERS.index(record.writer)
        if spot.writer != where:
            return "I8: the record and the database disagree"
        if spot.dns != where:
            return "I5/I8: DNS does not point to the writer"
    if record.state in (S.STEADY, S.SUSPECT, S.HELD) and spot.writer != MEMBERS.index(
        record.writer
    ):
        return "I8: the record and the database disagree"
    return None


def at_rest(spot: Spot, record: Record) -> bool:
    """Liveness's good ends: serving with DNS, record and database agreeing, or a human called.

    Args:
        spot: the state of the world.
        record: its record.

    Returns:
        Whether nothing needs to happen next.
    """
    if spot.slots:
        return False
    where = MEMBERS.index(record.writer)
    agree = spot.dns == where == spot.writer
    if not _watched(spot, record):
        # No controller can run, so the dead-man alarm calls a human; whose word on the writer
        # must have been followed as long as any region is there to do it.
        unnamed = spot.writer != where  # nobody has said yet that the writer moved
        lost = spot.members == (CUT, CUT)
        return agree or record.state is not S.OBSERVE or unnamed or lost
    if record.state in (S.HELD, S.LOCKED):
        return spot.paged
    if record.state is S.OBSERVE and spot.writer != where:
        # A switchover that nobody brought to its end: only a human may say where DNS leads.
        return spot.paged and record.maintenance_until is None
    if record.state not in (S.OBSERVE, S.STEADY, S.COOLDOWN, S.REJOINING) or not agree:
        return False
    return spot.members[where] == OK or (spot.paged and record.state is not S.STEADY)


def _watched(spot: Spot, record: Record) -> bool:
    return any(
        spot.members[index] != CUT and decision.participates(record, region)
        for index, region in enumerate(MEMBERS)
    )
