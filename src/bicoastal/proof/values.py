"""The small world's values: its policy, its state, and how the record's times are abstracted.

Times. The record's moments are kept relative to a fixed NOW, and an age is cut off at the first
tick at which no guard tells it from an older one: the window, the gap, the claim's and the
promotion's timeout, the cooldown. What no guard reads is forgotten. The epoch and the version are
normalised too: they are only ever compared for being unchanged, which the invocations' slots
record exactly (a slot is stale once somebody else has written).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import NamedTuple

from bicoastal.failover.state import Policy, Record, State

NOW = 1000.0
TICK_S = 1.0
HOME, STANDBY, THIRD = "home", "standby", "third"
MEMBERS = (HOME, STANDBY)
WITNESSES = (HOME, STANDBY, THIRD)
ARNS = {region: f"arn:{region}" for region in MEMBERS}
NOBODY = -1

# Of a member: it serves (or replicates), its database is dead, its whole region is cut off while
# the database lives on inside, and with it the region's witness and controller.
OK, DEAD, CUT = range(3)
CONDITIONS = ("well", "dead", "cut off")


def policy(region: int, mode: str) -> Policy:
    """The policy with durations of a tick or two.

    Args:
        region: index of the controller's member.
        mode: automatic or approve.

    Returns:
        The policy: two bad rounds at least one tick apart; a run breaks after two ticks.
    """
    return Policy(
        region=MEMBERS[region],
        arn=ARNS[MEMBERS[region]],
        home_region=HOME,
        mode=mode,
        interval_s=0.5,
        threshold=2,
        grace_s=0.5,
        cooldown_s=2.0,
        promotion_timeout_s=1.5,
        clean_rounds=1,
        vote_max_age_s=0.5,
    )


POLICY = policy(1, "automatic")
_CUTOFF_S = {
    State.SUSPECT: math.floor(2 * POLICY.window_s) + 1.0,
    State.FENCING: math.floor(POLICY.claim_timeout_s) + 1.0,
    State.PROMOTING: math.floor(POLICY.promotion_timeout_s) + 1.0,
    State.REDIRECTING: math.floor(POLICY.promotion_timeout_s) + 1.0,
}
_GAP_S = math.floor(POLICY.max_gap_s) + 1.0


def canonical(record: Record, later_s: float = 0.0) -> Record:
    """The record that every guard treats like this one, seen from NOW.

    Args:
        record: a record whose moments are relative to NOW.
        later_s: how much time passes, seconds.

    Returns:
        The representative.
    """
    if record.last_bad_at is not None and record.last_bad_at - later_s <= NOW - _GAP_S:
        record = replace(record, bad_rounds=0, first_bad_at=None, last_bad_at=None)
    failed_over = _past(record.last_failover_at, later_s, POLICY.cooldown_s)
    if failed_over is not None and NOW - failed_over >= POLICY.cooldown_s:
        failed_over = None
    return replace(
        record,
        epoch=1,
        version=1,
        since=max(record.since - later_s, NOW - _CUTOFF_S.get(record.state, 0.0)),
        first_bad_at=_past(record.first_bad_at, later_s, POLICY.window_s),
        last_bad_at=None if record.last_bad_at is None else record.last_bad_at - later_s,
        last_failover_at=failed_over,
        approved_until=_future(record.approved_until, later_s),
        # Without effect while disarmed; and whoever arms again may announce it again.
        maintenance_until=_future(record.maintenance_until, later_s) if record.armed else None,
    )


def _past(moment: float | None, later_s: float, cutoff_s: float) -> float | None:
    return None if moment is None else max(moment - later_s, NOW - cutoff_s)


def _future(moment: float | None, later_s: float) -> float | None:
    return None if moment is None or moment - later_s <= NOW else moment - later_s


@dataclass(frozen=True)
class Use:
    """How the controller uses the decision; each part can be broken on its own.

    Attributes:
        conditional: a write loses when somebody else has written since the record was read.
        rereads: the record is read again right before the promotion is asked for.
        stamped: a latch put late speaks for the time in which it was decided.
        fixed_target: the call names the record's target, not "whoever is the standby now".
        waits_for_write: actions follow the write, never precede it.
    """

    conditional: bool = True
    rereads: bool = True
    stamped: bool = True
    fixed_target: bool = True
    waits_for_write: bool = True


SHIPPED = Use()


class Slot(NamedTuple):
    """An invocation between two of its steps.

    Attributes:
        step: `write` (decided, not written), `check` (written, about to read the record again
            before it asks for the promotion), `call` (the call to RDS is on its way).
        region: index of the controller's member.
        what: `write`: the outcome's number; otherwise the index of the member to promote.
        stale: somebody else has written since; 2 when the epoch has changed, too.
        age: ticks that the call has been on its way.
    """

    step: str
    region: int
    what: int
    stale: int = 0
    age: int = 0


class Spot(NamedTuple):
    """A state of the small world.

    Attributes:
        record: the record's number.
        members: condition of the home member and of the standby.
        writer: index of the member that RDS calls the writer.
        target: index of the member that RDS is promoting, or NOBODY.
        dns: index of the member that DNS, following the latch, points to.
        diverged: the old writer was cut off alive when the other was promoted, and is not rebuilt.
        paged: somebody has been paged about the record's present state or run.
        promoted: RDS has completed the promotion that is meant; forgotten afterwards.
        slots: the invocations under way, sorted.
    """

    record: int
    members: tuple[int, int]
    writer: int
    target: int
    dns: int
    diverged: bool
    paged: bool
    promoted: bool
    slots: tuple[Slot, ...]


class Move(NamedTuple):
    """One transition.

    Attributes:
        words: what happens.
        spot: what comes of it.
        helps: it needs no luck: no human, no repair, no lie, no crash.
        problem: the invariant that it breaks, or None.
    """

    words: str
    spot: Spot
    helps: bool = False
    problem: str | None = None
