"""The decision whether to abandon a region, and possibly lose writes: one pure function.

`step` looks at the record and at one round's evidence and says what the record should become,
what to do once it is written, and why. It reads no clock and does no I/O. Its guards and gates
are in `guards`, one small function each.

Whoever writes the result writes it under the condition that the record has not changed since,
and performs the actions only then. A failover takes two such writes: the claim (FENCING), after
which the evidence is read once more, and the intent (PROMOTING), which is the point of no return.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from bicoastal.failover import guards
from bicoastal.failover.guards import View, subject
from bicoastal.failover.state import (
    Action,
    Gather,
    Page,
    Policy,
    Promote,
    Record,
    SetLatch,
    State,
    Step,
)
from bicoastal.failover.votes import Evidence

__all__ = ["participates", "step", "subject"]


def step(record: Record, evidence: Evidence, now: float, policy: Policy) -> Step:
    """Decide.

    Args:
        record: the record as it was read.
        evidence: what the round found out, gathered after the record was read.
        now: seconds since the epoch.
        policy: thresholds, and which member this controller may promote.

    Returns:
        The record to write (the same object if nothing is to be written; its version is left to
        the store), the actions to perform after the write, and the reason.
    """
    view = View(record, evidence, now, policy, guards.tally(record, evidence, now, policy))
    outcome = _STATES[record.state](view)
    # Asked for in every round, which heals what an earlier put missed; how often an unchanged one
    # is put is the controller's business.
    actions = (*outcome.actions, SetLatch(outcome.record.latch))
    return Step(outcome.record, actions, outcome.reason)


def participates(record: Record, region: str) -> bool:
    """Whether the controller of a region has anything to do.

    Args:
        record: the record as it was read.
        region: the controller's own region.

    Returns:
        True for a standby's controller; also for the one whose region was just promoted, or was
        named by the human who unlocked: it has to finish what was begun, and to keep the latch
        set until a standby is back, because the other region may be lost.
    """
    after = (State.OBSERVE, State.REDIRECTING, State.COOLDOWN, State.REJOINING, State.LOCKED)
    return region != record.writer or (record.state in after and region == record.target_region)


def _observe(view: View) -> Step:
    why = guards.stopped(view.record, view.now)
    if guards.confirmed(view.votes, view.policy):
        return _observe_loss(view, why or "not clean yet")
    if not guards.held_still(view.record, view.now) and (moved := _moved(view)) is not None:
        return _tell(view, _changed(view.record, clean_rounds=0, **_RESTARTED), moved)
    return _observe_quiet(view, why)


def _observe_quiet(view: View, why: str | None) -> Step:
    """Keep the latch, or count the clean rounds before STEADY."""
    if view.policy.region == view.record.writer:
        reason = f"a human named this region the writer: the latch is kept; {view.votes.words}"
        return _stay(view, reason, **_QUIET)
    if why is not None:
        return _stay(view, f"{why}; {view.votes.words}", clean_rounds=0, **_QUIET)
    if not guards.clean(view.votes, view.record, view.evidence, view.policy):
        reason = f"armed, waiting for a clean round; {view.votes.words}"
        return _stay(view, reason, clean_rounds=0, **_QUIET)
    changed = guards.redeployed(view.record, view.policy)
    rounds = 1 if changed else view.record.clean_rounds + 1
    known = {"deployment": view.policy.deployment}
    if rounds < view.policy.clean_rounds:
        reason = f"armed, clean round {rounds} of {view.policy.clean_rounds}"
        return _stay(view, reason, clean_rounds=rounds, **known, **_QUIET)
    reason = f"armed, {rounds} clean rounds"
    return _to(view, State.STEADY, reason, clean_rounds=0, **known, **_CALM)


def _observe_loss(view: View, why: str) -> Step:
    """Say what would have been done, and page once when it would have been a failover."""
    counted = _changed(_count_bad(view), clean_rounds=0)
    if not guards.window_served(counted, view.now, view.policy):
        return Step(
            counted, (), f"{why}: would be SUSPECT, {_run(counted, view.now)}; {view.votes.words}"
        )
    red = guards.red_gates(replace(view, record=replace(counted, armed=True)))
    would = f"would be HELD ({red})" if red else f"would have claimed for {view.policy.arn}"
    reason = f"{why}: {would}; {view.votes.words}"
    if guards.attended(view.record, view.now):
        return Step(counted, (), f"{view.record.held_by} is at work; {reason}")
    return _tell(view, counted, Page("The writer seems lost and nothing is done", reason))


def _steady(view: View) -> Step:
    votes = view.votes
    if (left := _leave(view)) is not None:
        return left
    lost = votes.down and not votes.up
    if lost or guards.contested(votes, view.policy) or guards.troubled(votes, view.policy):
        entered = replace(view.record, state=State.SUSPECT, since=view.now, noticed=False)
        return _suspect(replace(view, record=entered))
    if votes.down:
        return _stay(view, f"DOWN vetoed by UP from {', '.join(votes.up)}; {votes.words}")
    return _stay(view, f"steady; {votes.words}" if votes.up else f"nothing known; {votes.words}")


def _suspect(view: View) -> Step:
    """SUSPECT and HELD: they differ only in that the latter has paged and has no time limit."""
    votes = view.votes
    if (left := _leave(view)) is not None:
        return left
    troubled = guards.troubled(votes, view.policy)
    if votes.up and not troubled and not guards.contested(votes, view.policy):
        reason = f"veto: UP from {', '.join(votes.up)}; {votes.words}"
        return _to(view, State.STEADY, reason, **_CALM)
    if guards.confirmed(votes, view.policy):
        return _bad_round(view)
    reason = f"no bad round, so the run starts again; {votes.words}"
    if troubled and view.elapsed >= view.policy.window_s:
        what = "the writer is alive but of no use" if votes.ailing else "a witness is not let in"
        return _hold(view, _restarted(view.record), f"{what}; {votes.words}")
    if view.record.state is State.SUSPECT and view.elapsed > 2 * view.policy.window_s:
        return _hold(view, _restarted(view.record), f"no decision in two windows; {reason}")
    return _undecided(view, _restarted(view.record), reason)


def _bad_round(view: View) -> Step:
    counted = _count_bad(view)
    if not guards.window_served(counted, view.now, view.policy):
        return _undecided(view, counted, f"{_run(counted, view.now)}; {view.votes.words}")
    if red := guards.red_gates(view):
        return _hold(view, counted, f"{red}; {view.votes.words}")
    return _to(
        replace(view, record=counted),
        State.FENCING,
        f"claimed for {view.policy.arn}: {_run(counted, view.now)}; {view.votes.words}",
        Gather(),
        target_region=view.policy.region,
        target_arn=view.policy.arn,
    )


def _fencing(view: View) -> Step:
    votes = view.votes
    if (left := _leave(view)) is not None:
        return left
    if votes.up:
        reason = f"aborted at the last moment: UP from {', '.join(votes.up)}; {votes.words}"
        return _to(view, State.STEADY, reason, **_CALM)
    if view.elapsed > view.policy.claim_timeout_s:
        restarted = _restarted(view.record)
        return _hold(view, restarted, f"the claim was not confirmed in time; {votes.words}")
    if view.record.target_region != view.policy.region:
        return _stay(view, f"claimed by the controller of {view.record.target_region}")
    if not guards.reconfirmed(view.record, view.evidence, view.now, view.policy):
        return _stay(view, f"claimed, not confirmed yet; {votes.words}", Gather())
    return _intend(view)


def _intend(view: View) -> Step:
    """The point of no return."""
    record = view.record
    if red := guards.red_gates(view):
        return _hold(view, record, f"{red}; {view.votes.words}")
    epoch = record.epoch + 1
    reason = f"confirmed after the claim: promoting {record.target_arn} in epoch {epoch}"
    page = Page(f"Failing over to {record.target_region}", f"{reason}; {view.votes.words}")
    promote = Promote(str(record.target_arn))
    return _to(view, State.PROMOTING, f"{reason}; {view.votes.words}", promote, page, epoch=epoch)


def _promoting(view: View) -> Step:
    record = view.record
    region = str(record.target_region)
    if guards.verified(record, view.evidence, view.votes, view.policy):
        return _to(
            view,
            State.REDIRECTING,
            f"{region} is the writer, verified; moving DNS; {view.votes.words}",
            Gather(),
            **{**_QUIET, "approved_until": None},
            writer=region,
            latch=guards.home_is_writer(region, view.policy),
            last_failover_at=view.now,
            acknowledged=False,
            armed=False,
        )
    if view.elapsed > view.policy.promotion_timeout_s:
        return _lock(view, f"{region} was not verified as the writer in time; {view.votes.words}")
    topology = view.evidence.topology
    if topology is not None and topology.failover_target not in (None, record.target_arn):
        other = topology.failover_target
        return _lock(view, f"a failover to {other} is under way, not to {record.target_arn}")
    if not guards.promotion_missing(record, view.evidence, view.policy):
        return _stay(view, f"promoting, not verified yet; {view.votes.words}")
    # The call was never made, or was refused: ask again, for the very same target.
    arn = str(record.target_arn)
    return _stay(view, f"no failover is under way, asking again for {arn}", Promote(arn))


def _redirecting(view: View) -> Step:
    record, evidence, policy = view.record, view.evidence, view.policy
    accepted = f"latch accepted by {evidence.latch_regions} regions of {policy.latch_quorum} needed"
    if guards.redirected(record, evidence, policy):
        reason = f"serving from {record.writer} in epoch {record.epoch}; {accepted}"
        page = Page(f"Failed over to {record.writer}", f"{reason}; automation is locked")
        return _to(view, State.COOLDOWN, reason, page)
    if view.elapsed > policy.promotion_timeout_s:
        return _lock(view, f"DNS could not be moved in time: {accepted}")
    return _stay(view, accepted)


def _cooldown(view: View) -> Step:
    if guards.unseen(view.votes):
        return _second_outage(view)
    if red := guards.gate_acknowledged(view) or guards.gate_cooldown(view):
        return _stay(view, f"{red}; {view.votes.words}", **_QUIET)
    return _to(view, State.REJOINING, "acknowledged and the cooldown is over", **_QUIET)


def _rejoining(view: View) -> Step:
    if guards.unseen(view.votes):
        return _second_outage(view)
    if not guards.rejoined(view.record, view.evidence):
        return _stay(view, "waiting for the old member to come back as a standby", **_QUIET)
    reason = "a standby replicates again; a human has to arm the failover"
    return _to(view, State.OBSERVE, reason, Page("A standby is back", reason), **_CALM)


def _second_outage(view: View) -> Step:
    """Nobody sees the new writer while there is no standby: nothing can be done but to page."""
    counted = _count_bad(view)
    reason = f"second outage without a standby, held; {_run(counted, view.now)}; {view.votes.words}"
    if not guards.window_served(counted, view.now, view.policy):
        return Step(counted, (), reason)
    return _tell(view, counted, Page("Second outage, held", reason))


def _locked(view: View) -> Step:
    reason = "locked; a human has to unlock it"
    return _tell(view, view.record, Page("The failover is locked", reason))


_STATES: dict[State, Callable[[View], Step]] = {
    State.OBSERVE: _observe,
    State.STEADY: _steady,
    State.SUSPECT: _suspect,
    State.HELD: _suspect,
    State.FENCING: _fencing,
    State.PROMOTING: _promoting,
    State.REDIRECTING: _redirecting,
    State.COOLDOWN: _cooldown,
    State.REJOINING: _rejoining,
    State.LOCKED: _locked,
}

# What is forgotten when a run of bad rounds ends; and with it, a claim and an approval.
_RESTARTED: dict[str, object] = {"bad_rounds": 0, "first_bad_at": None, "last_bad_at": None}
_QUIET: dict[str, object] = {**_RESTARTED, "noticed": False}
_UNCLAIMED: dict[str, object] = {"target_region": None, "target_arn": None}
_CALM: dict[str, object] = {**_QUIET, **_UNCLAIMED, "approved_until": None}
_HELD = "Failover held: a human is needed"


def _leave(view: View) -> Step | None:
    """What ends everything before the point of no return.

    That is: disarming, maintenance, changed code or configuration, a writer that moved.
    """
    why = guards.stopped(view.record, view.now)
    if why is not None:
        return _to(view, State.OBSERVE, f"{why}; {view.votes.words}", clean_rounds=0, **_CALM)
    if guards.redeployed(view.record, view.policy):
        reason = f"code or configuration changed: clean rounds first; {view.votes.words}"
        return _to(view, State.OBSERVE, reason, clean_rounds=0, **_CALM)
    page = _moved(view)
    if page is None:
        return None
    return _to(view, State.OBSERVE, page.message, page, clean_rounds=0, armed=False, **_CALM)


def _moved(view: View) -> Page | None:
    """The page about a writer that moved without the record; None when it did not."""
    writer = guards.moved(view.record, view.evidence)
    if writer is None:
        return None
    reason = (
        f"the API calls {writer} the writer, the record {view.record.writer}: nothing is done, and "
        "DNS left alone, until a human says which is right"
    )
    return Page("The writer moved behind the record's back", reason)


def _hold(view: View, record: Record, reason: str) -> Step:
    reason = f"held: {reason}"
    if record.state is State.HELD:
        return _undecided(view, record, reason)
    page = Page(_HELD, reason)
    return _to(replace(view, record=record), State.HELD, reason, page, **_UNCLAIMED)


def _undecided(view: View, record: Record, reason: str) -> Step:
    """SUSPECT waits in silence; HELD makes sure that somebody knows."""
    if record.state is not State.HELD:
        return Step(record, (), reason)
    return _tell(view, record, Page(_HELD, reason))


def _tell(view: View, record: Record, page: Page) -> Step:
    """Page until one has been heard, and only then note it: an invocation may end before it."""
    if record.noticed:
        return Step(record, (), page.message)
    if view.evidence.paged:
        return Step(_changed(record, noticed=True), (), page.message)
    return Step(record, (page,), page.message)


def _lock(view: View, reason: str) -> Step:
    page = Page("Failover failed after the point of no return: locked", reason)
    return _to(view, State.LOCKED, f"locked: {reason}", page, armed=False)


def _stay(view: View, reason: str, *actions: Action, **changes: object) -> Step:
    return Step(_changed(view.record, **changes), actions, reason)


def _to(view: View, state: State, reason: str, *actions: Action, **changes: object) -> Step:
    entered = {"noticed": False, **changes, "state": state, "since": view.now}
    return Step(_changed(view.record, **entered), actions, reason)


def _restarted(record: Record) -> Record:
    return _changed(record, **_RESTARTED)


def _count_bad(view: View) -> Record:
    """One more bad round; counted up to m, which is all that matters."""
    run = view.record
    if not guards.continues(run, view.now, view.policy):
        run = replace(run, bad_rounds=0, first_bad_at=view.now)
    bad_rounds = min(run.bad_rounds + 1, view.policy.threshold)
    return replace(run, bad_rounds=bad_rounds, last_bad_at=view.now)


def _run(record: Record, now: float) -> str:
    first = now if record.first_bad_at is None else record.first_bad_at
    return f"{record.bad_rounds} bad rounds in {now - first:.1f} s"


def _changed(record: Record, **changes: object) -> Record:
    """The record with the changes, or the very same object when there are none."""
    if all(getattr(record, name) == value for name, value in changes.items()):
        return record
    return replace(record, **changes)  # type: ignore[arg-type]  # names and values are ours
