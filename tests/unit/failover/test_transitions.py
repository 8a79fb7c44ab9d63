"""Every transition of the decision, as a table: record, evidence, what follows, and why."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bicoastal.failover.decision import participates, step, subject
from bicoastal.failover.state import Page, Promote, Record, SetLatch, State, Step
from bicoastal.failover.votes import Evidence, Observation, Topology

from .fakes import (
    ARNS,
    FURTHER,
    HEALTHY,
    HOME,
    MOVED,
    MOVING,
    POLICY,
    STANDBY,
    STANDBY_ARN,
    armed,
    evidence,
    votes,
)

NOW = 1000.0
# A run of bad rounds that the next bad round completes: m = 3, T = 10, g = 5.
RUN = {"bad_rounds": 2, "first_bad_at": NOW - 25, "last_bad_at": NOW - 10}
SERVED = {"bad_rounds": 3, "first_bad_at": NOW - 30, "last_bad_at": NOW}
TARGET: dict[str, Any] = {"target_region": STANDBY, "target_arn": STANDBY_ARN}
CLAIMED = armed(State.FENCING, since=NOW - 1, **SERVED, **TARGET)
INTENDED = armed(State.PROMOTING, epoch=2, since=NOW - 20, **TARGET)
AFTER: dict[str, Any] = {"epoch": 2, "writer": STANDBY, "latch": 0, "armed": False, **TARGET}
FAILED_OVER = {**AFTER, "last_failover_at": NOW - 60, "acknowledged": False}


def ev(letters: str, member: str = HOME, **changes: Any) -> Evidence:
    return evidence(NOW, letters, member, **changes)


def ailing(letters: str, **how: Any) -> Evidence:
    """Those that say UP found a member that is of no use."""
    return Evidence(NOW, votes(letters, **how), HEALTHY)


def barred(letters: str) -> Evidence:
    """The first of the witnesses that say UNKNOWN is not let in."""
    found = list(votes(letters))
    number = letters.index("?")
    found[number] = replace(found[number], needs_repair=True)
    return Evidence(NOW, tuple(found), HEALTHY)


S = State
TABLE: list[tuple[str, Record, Evidence, State, str]] = [
    # --- OBSERVE
    ("disarmed stays", armed(S.OBSERVE, armed=False), ev("UUU"), S.OBSERVE, "disarmed"),
    ("disarmed, bad", armed(S.OBSERVE, armed=False), ev("?DD"), S.OBSERVE, "would be SUSPECT"),
    (
        "disarmed, window served",
        armed(S.OBSERVE, armed=False, **RUN),
        ev("?DD"),
        S.OBSERVE,
        f"disarmed: would have claimed for {STANDBY_ARN}",
    ),
    (
        "disarmed, window served, gate red",
        armed(S.OBSERVE, armed=False, **RUN),
        ev("?DD", topology=None),
        S.OBSERVE,
        "would be HELD (the RDS API of this region does not answer",
    ),
    ("armed, dirty", armed(S.OBSERVE), ev("UUD"), S.OBSERVE, "waiting for a clean round"),
    ("armed, first clean", armed(S.OBSERVE), ev("UUU"), S.OBSERVE, "clean round 1 of 2"),
    ("armed, clean", armed(S.OBSERVE, clean_rounds=1), ev("UUU"), S.STEADY, "2 clean rounds"),
    ("armed, lost before clean", armed(S.OBSERVE), ev("DDD"), S.OBSERVE, "not clean yet"),
    # --- STEADY
    ("steady", armed(), ev("UUU"), S.STEADY, "steady"),
    ("steady, first DOWN", armed(), ev("?D?"), S.SUSPECT, "the run starts again"),
    ("steady, bad round", armed(), ev("?DD"), S.SUSPECT, "1 bad rounds"),
    ("steady, one liar", armed(), ev("UDU"), S.STEADY, "DOWN vetoed by UP from"),
    (
        "steady, one DOWN and one overloaded",
        armed(),
        Evidence(NOW, (*votes("U--", overloaded=True), *votes("?D?")), HEALTHY),
        S.STEADY,
        "vetoed by UP from us-east-1",
    ),
    ("steady, one ailing", armed(), ailing("U--", written=False), S.STEADY, "steady"),
    (
        "steady, overloaded",
        armed(),
        ailing("UU-", overloaded=True),
        S.SUSPECT,
        "the run starts again",
    ),
    ("steady, one not let in", armed(), barred("UU?"), S.SUSPECT, "the run starts again"),
    ("steady, contested", armed(), ev("UDD"), S.SUSPECT, "the run starts again"),
    ("steady, blind", armed(), ev("???"), S.STEADY, "nothing known"),
    ("steady, no vote", armed(), ev("---"), S.STEADY, "no vote"),
    ("steady, disarmed", armed(armed=False), ev("UUU"), S.OBSERVE, "disarmed"),
    (
        "steady, maintenance",
        armed(maintenance_until=NOW + 60),
        ev("DDD"),
        S.OBSERVE,
        "in maintenance for another 60 s",
    ),
    ("maintenance over", armed(maintenance_until=NOW), ev("UUU"), S.STEADY, "steady"),
    ("steady, moved", armed(), ev("UUU", topology=MOVED), S.OBSERVE, "API calls us-west-2 the w"),
    ("steady, moving", armed(), ev("UUU", topology=MOVING), S.STEADY, "steady"),
    # --- SUSPECT
    ("suspect, UP", armed(S.SUSPECT, **RUN), ev("U?D"), S.STEADY, "veto: UP from us-east-1"),
    ("suspect, counts", armed(S.SUSPECT, **RUN | {"bad_rounds": 1}), ev("?DD"), S.SUSPECT, "2 bad"),
    (
        "suspect, rounds but no span",
        armed(S.SUSPECT, **RUN | {"first_bad_at": NOW - 24}),
        ev("?DD"),
        S.SUSPECT,
        "3 bad rounds",
    ),
    ("suspect, served", armed(S.SUSPECT, **RUN), ev("?DD"), S.FENCING, "claimed for arn:aws:rds"),
    ("suspect, all DOWN", armed(S.SUSPECT, **RUN), ev("DDD"), S.FENCING, "claimed for"),
    (
        "suspect, writer outside of the pair",
        armed(S.SUSPECT, writer=FURTHER, **RUN),
        ev("DDD", FURTHER, topology=replace(HEALTHY, writer=FURTHER)),
        S.HELD,
        "a further standby's region: the automation only observes",
    ),
    ("suspect, one DOWN", armed(S.SUSPECT, **RUN), ev("??D"), S.SUSPECT, "the run starts again"),
    ("suspect, blind", armed(S.SUSPECT, **RUN), ev("???"), S.SUSPECT, "the run starts again"),
    (
        "suspect, undecided for two windows",
        armed(S.SUSPECT, since=NOW - 51),
        ev("??D"),
        S.HELD,
        "no decision in two windows",
    ),
    ("suspect, contested", armed(S.SUSPECT, **RUN), ev("UDD"), S.SUSPECT, "the run starts again"),
    (
        "suspect, contested for two windows",
        armed(S.SUSPECT, since=NOW - 51),
        ev("UDD"),
        S.HELD,
        "no decision in two windows",
    ),
    ("suspect, closed", armed(S.SUSPECT), ailing("UUU", read_only=True), S.SUSPECT, "starts again"),
    (
        "suspect, closed for the window",
        armed(S.SUSPECT, since=NOW - 25),
        ailing("U-U", read_only=True),
        S.HELD,
        "held: the writer is alive but of no use",
    ),
    (
        "suspect, stalled for the window",
        armed(S.SUSPECT, since=NOW - 25),
        ailing("UUU", written=False),
        S.HELD,
        "held: the writer is alive but of no use",
    ),
    (
        "suspect, a witness not let in for the window",
        armed(S.SUSPECT, since=NOW - 25),
        barred("UU?"),
        S.HELD,
        "held: a witness is not let in",
    ),
    ("held, stalled", armed(S.HELD), ailing("UUU", written=False), S.HELD, "starts again"),
    ("held, well again", armed(S.HELD, noticed=True), ev("UUU"), S.STEADY, "veto: UP from"),
    (
        "suspect, lost while a witness is not let in",
        armed(S.SUSPECT, **RUN),
        barred("?DD"),
        S.FENCING,
        "claimed for",
    ),
    ("suspect, disarmed", armed(S.SUSPECT, armed=False, **RUN), ev("?DD"), S.OBSERVE, "disarmed"),
    (
        "suspect, moved",
        armed(S.SUSPECT, **RUN),
        ev("?DD", topology=MOVED),
        S.OBSERVE,
        "until a human says which is right",
    ),
    (
        "suspect, after a hole",
        armed(S.SUSPECT, **RUN | {"first_bad_at": NOW - 90, "last_bad_at": NOW - 31}),
        ev("?DD"),
        S.SUSPECT,
        "1 bad rounds",
    ),
    # --- gates: SUSPECT -> HELD
    (
        "gate: API silent",
        armed(S.SUSPECT, **RUN),
        ev("?DD", topology=None),
        S.HELD,
        "the RDS API of this region does not answer",
    ),
    (
        "gate: changing",
        armed(S.SUSPECT, **RUN),
        ev("?DD", topology=MOVING),
        S.HELD,
        "the global database is changing",
    ),
    (
        "gate: no writer",
        armed(S.SUSPECT, **RUN),
        ev("?DD", topology=replace(HEALTHY, writer=None)),
        S.HELD,
        "the API calls None the writer",
    ),
    (
        "gate: headless",
        armed(S.SUSPECT, **RUN),
        ev("?DD", topology=replace(HEALTHY, standby_ready=False)),
        S.HELD,
        "has no instance",
    ),
    (
        "gate: version",
        armed(S.SUSPECT, **RUN),
        ev("?DD", topology=replace(HEALTHY, versions=("3.12.0", "3.10.4"))),
        S.HELD,
        "the standby runs 3.12.0, the global database 3.10.4",
    ),
    (
        "gate: the same version",
        armed(S.SUSPECT, **RUN),
        ev("?DD", topology=replace(HEALTHY, versions=("3.10.4", "3.10.4"))),
        S.FENCING,
        "claimed for",
    ),
    (
        "gate: cooldown",
        armed(S.SUSPECT, last_failover_at=NOW - 3000, **RUN),
        ev("?DD"),
        S.HELD,
        "cooldown for another 600 s",
    ),
    (
        "gate: acknowledgement",
        armed(S.SUSPECT, acknowledged=False, **RUN),
        ev("?DD"),
        S.HELD,
        "not been acknowledged",
    ),
    (
        "gate: lag",
        armed(S.SUSPECT, **RUN),
        ev("?DD", lag_s=31.0, lag_age_s=40.0),
        S.HELD,
        "31.0 s exceeds the budget of 30 s",
    ),
    (
        "gate: lag is old",
        armed(S.SUSPECT, **RUN),
        ev("?DD", lag_s=1.0, lag_age_s=601.0),
        S.HELD,
        "is 601 s old",
    ),
    (
        "gate: lag within budget",
        armed(S.SUSPECT, **RUN),
        ev("?DD", lag_s=30.0, lag_age_s=600.0),
        S.FENCING,
        "claimed",
    ),
    (
        "gate: lag over budget, approved",
        armed(S.SUSPECT, approved_until=NOW + 1, **RUN),
        ev("?DD", lag_s=31.0, lag_age_s=40.0),
        S.FENCING,
        "claimed",
    ),
    (
        "gate: cooldown over",
        armed(S.SUSPECT, last_failover_at=NOW - 3600, **RUN),
        ev("?DD"),
        S.FENCING,
        "claimed",
    ),
    (
        "gate: observed red and unknown",
        armed(S.SUSPECT, **RUN),
        ev("?DD", observations=(
            Observation("versions", green=False, detail="3.10.3 and 3.10.4"),
            Observation("application", green=None, detail="not seen"),
            Observation("quota", green=True, detail="enough"),
        )),
        S.HELD,
        "versions: 3.10.3 and 3.10.4; application: not seen",
    ),
    # --- HELD
    ("held, UP", armed(S.HELD, noticed=True, **RUN), ev("UUU"), S.STEADY, "veto"),
    ("held, green", armed(S.HELD, noticed=True, **RUN), ev("?DD"), S.FENCING, "claimed"),
    ("held, red", armed(S.HELD, noticed=True, **RUN), ev("?DD", topology=None), S.HELD, "held"),
    ("held, blind for ever", armed(S.HELD, since=0.0, noticed=True), ev("???"), S.HELD,
     "the run starts again"),
    ("held, disarmed", armed(S.HELD, armed=False), ev("?DD"), S.OBSERVE, "disarmed"),
    # --- FENCING
    ("fencing, confirmed", CLAIMED, ev("?DD"), S.PROMOTING, "in epoch 2"),
    ("fencing, UP", CLAIMED, ev("?UD"), S.STEADY, "aborted at the last moment: UP from us-west-2"),
    ("fencing, one DOWN", CLAIMED, ev("??D"), S.FENCING, "not confirmed yet"),
    ("fencing, blind", CLAIMED, ev("???"), S.FENCING, "not confirmed yet"),
    ("fencing, disarmed", replace(CLAIMED, armed=False), ev("?DD"), S.OBSERVE, "disarmed"),
    ("fencing, moved", CLAIMED, ev("?DD", topology=MOVED), S.OBSERVE, "the API calls us-west-2"),
    ("fencing, too late", replace(CLAIMED, since=NOW - 61), ev("?DD"), S.HELD, "not confirmed in"),
    ("fencing, gate red", CLAIMED, ev("?DD", topology=MOVING), S.HELD, "changing"),
    (
        "fencing, somebody else's claim",
        replace(CLAIMED, target_region="eu-west-1", target_arn="arn"),
        ev("?DD"),
        S.FENCING,
        "claimed by the controller of eu-west-1",
    ),
    # --- PROMOTING
    ("promoting, API silent", INTENDED, ev("?UU", STANDBY, topology=None), S.PROMOTING, "not ver"),
    ("promoting, under way", INTENDED, ev("?UU", STANDBY, topology=MOVING), S.PROMOTING, "not ver"),
    ("promoting, lost call", INTENDED, ev("?UU", STANDBY), S.PROMOTING, "asking again for arn"),
    (
        "promoting, lost call, elsewhere",
        replace(INTENDED, target_region="eu-west-1"),
        ev("?UU", "eu-west-1"),
        S.PROMOTING,
        "not verified yet",
    ),
    ("promoted, unseen", INTENDED, ev("??U", STANDBY, topology=MOVED), S.PROMOTING, "not verified"),
    ("promoted, seen", INTENDED, ev("?U?", STANDBY, topology=MOVED), S.REDIRECTING, "verified"),
    (
        "promoted, still changing",
        INTENDED,
        ev("?UU", STANDBY, topology=replace(MOVED, settled=False)),
        S.PROMOTING,
        "not verified",
    ),
    (
        "promoted, read-only",
        INTENDED,
        Evidence(NOW, votes("?UU", STANDBY, read_only=True), MOVED),
        S.PROMOTING,
        "not verified",
    ),
    (
        "promoting, somebody else's failover",
        INTENDED,
        ev("?UU", STANDBY, topology=replace(MOVING, failover_target=ARNS[HOME])),
        S.LOCKED,
        "a failover to arn:aws:rds:us-east-1",
    ),
    (
        "promoting, timeout",
        replace(INTENDED, since=NOW - 901),
        ev("?UU", STANDBY, topology=MOVING),
        S.LOCKED,
        "not verified as the writer in time",
    ),
    (
        "promoted at the very end",
        replace(INTENDED, since=NOW - 901),
        ev("?UU", STANDBY, topology=MOVED),
        S.REDIRECTING,
        "verified",
    ),
    # --- REDIRECTING
    (
        "redirecting, old value",
        armed(S.REDIRECTING, since=NOW - 1, **AFTER),
        ev("?UU", STANDBY, latch_value=1, latch_regions=3),
        S.REDIRECTING,
        "latch accepted",
    ),
    (
        "redirecting, one region",
        armed(S.REDIRECTING, since=NOW - 1, **AFTER),
        ev("?UU", STANDBY, latch_value=0, latch_regions=1),
        S.REDIRECTING,
        "by 1 regions of 2 needed",
    ),
    (
        "redirected",
        armed(S.REDIRECTING, since=NOW - 1, **AFTER),
        ev("?UU", STANDBY, latch_value=0, latch_regions=2),
        S.COOLDOWN,
        "serving from us-west-2 in epoch 2",
    ),
    (
        "redirecting, timeout",
        armed(S.REDIRECTING, since=NOW - 901, **AFTER),
        ev("?UU", STANDBY, latch_value=0, latch_regions=1),
        S.LOCKED,
        "DNS could not be moved in time",
    ),
    # --- COOLDOWN
    ("cooldown", armed(S.COOLDOWN, **FAILED_OVER), ev("UUU", STANDBY), S.COOLDOWN, "acknowledged"),
    (
        "cooldown, acknowledged early",
        armed(S.COOLDOWN, **FAILED_OVER | {"acknowledged": True}),
        ev("UUU", STANDBY),
        S.COOLDOWN,
        "cooldown for another 3540 s",
    ),
    (
        "cooldown over, not acknowledged",
        armed(S.COOLDOWN, **FAILED_OVER | {"last_failover_at": 0.0}),
        ev("UUU", STANDBY),
        S.COOLDOWN,
        "acknowledged",
    ),
    (
        "cooldown over",
        armed(S.COOLDOWN, **FAILED_OVER | {"last_failover_at": NOW - 3600, "acknowledged": True}),
        ev("UUU", STANDBY),
        S.REJOINING,
        "the cooldown is over",
    ),
    (
        "second outage begins",
        armed(S.COOLDOWN, **FAILED_OVER),
        ev("D?D", STANDBY),
        S.COOLDOWN,
        "second outage without a standby, held; 1 bad",
    ),
    (
        "second outage confirmed",
        armed(S.COOLDOWN, **FAILED_OVER, **RUN),
        ev("D?D", STANDBY),
        S.COOLDOWN,
        "second outage without a standby, held; 3 bad",
    ),
    (
        "second outage unseen",  # no witness has the lost member to prove its connection with
        armed(S.COOLDOWN, **FAILED_OVER, **RUN),
        ev("???", STANDBY),
        S.COOLDOWN,
        "second outage without a standby, held; 3 bad",
    ),
    # --- REJOINING and LOCKED
    ("rejoining, alone", armed(S.REJOINING, **AFTER), ev("UUU", STANDBY, topology=MOVED),
     S.REJOINING, "waiting for the old member"),
    ("rejoining, silent", armed(S.REJOINING, **AFTER), ev("UUU", STANDBY, topology=None),
     S.REJOINING, "waiting for the old member"),
    (
        "rejoined",
        armed(S.REJOINING, **AFTER),
        ev("UUU", STANDBY, topology=replace(HEALTHY, writer=STANDBY)),
        S.OBSERVE,
        "a human has to arm",
    ),
    (
        "second outage while rejoining",
        armed(S.REJOINING, **{**AFTER, **RUN}),
        ev("D?D", STANDBY),
        S.REJOINING,
        "second outage without a standby, held; 3 bad",
    ),
    (
        "second outage unseen while rejoining",
        armed(S.REJOINING, **{**AFTER, **RUN}),
        ev("?D?", STANDBY),
        S.REJOINING,
        "second outage without a standby, held; 3 bad",
    ),
    (
        "named the writer",
        armed(S.OBSERVE, writer=STANDBY, latch=0, target_region=STANDBY, armed=False),
        ev("UUU", STANDBY, topology=MOVED),
        S.OBSERVE,
        "the latch is kept",
    ),
    ("locked", armed(S.LOCKED, noticed=True, **AFTER), ev("UUU", STANDBY), S.LOCKED,
     "a human has to unlock"),
]  # fmt: skip


def once(record: Record, found: Evidence) -> Step:
    return step(record, found, NOW, POLICY)


@pytest.mark.parametrize(
    ("record", "found", "state", "reason"),
    [case[1:] for case in TABLE],
    ids=[case[0] for case in TABLE],
)
def test_transition(record: Record, found: Evidence, state: State, reason: str) -> None:
    outcome = once(record, found)
    assert outcome.record.state is state
    assert reason in outcome.reason
    assert outcome.record.version == record.version, "versions are the store's"
    assert outcome.actions[-1] == SetLatch(outcome.record.latch)
    if state is not record.state:
        assert outcome.record.since == NOW
    assert once(record, found) == outcome, "pure"


@pytest.mark.parametrize("state", list(State))
def test_every_state_is_in_the_table_as_a_start_and_as_an_outcome(state: State) -> None:
    assert any(case[1].state is state for case in TABLE)
    assert any(case[3] is state for case in TABLE)


def actions(outcome: Step, kind: type) -> list[Any]:
    return [action for action in outcome.actions if isinstance(action, kind)]


def case(name: str) -> Step:
    (found,) = [c for c in TABLE if c[0] == name]
    return once(found[1], found[2])


def test_the_intent_raises_the_epoch_and_promotes_the_target_of_the_record() -> None:
    record = replace(CLAIMED, target_arn="arn:fixed-by-the-claim")
    outcome = once(record, ev("?DD"))
    assert outcome.record.epoch == record.epoch + 1
    assert actions(outcome, Promote) == [Promote("arn:fixed-by-the-claim")]


def test_asking_again_names_the_target_of_the_record_and_keeps_the_epoch() -> None:
    record = replace(INTENDED, target_arn="arn:fixed-by-the-claim")
    outcome = once(record, ev("?UU", STANDBY))
    assert actions(outcome, Promote) == [Promote("arn:fixed-by-the-claim")]
    assert outcome.record is record


def test_the_claim_itself_promotes_nothing() -> None:
    outcome = case("suspect, served")
    assert actions(outcome, Promote) == []
    assert (outcome.record.target_region, outcome.record.target_arn) == (STANDBY, STANDBY_ARN)
    assert outcome.record.epoch == 1


def test_a_verified_promotion_moves_writer_and_latch_and_disarms() -> None:
    record = case("promoted, seen").record
    assert (record.writer, record.latch, record.epoch) == (STANDBY, 0, 2)
    assert (record.armed, record.acknowledged, record.last_failover_at) == (False, False, NOW)


def test_an_abort_forgets_the_claim_and_the_approval() -> None:
    outcome = once(replace(CLAIMED, approved_until=NOW + 99), ev("UUU"))
    assert outcome.record == armed(since=NOW)


@pytest.mark.parametrize(
    "name",
    [c[0] for c in TABLE if c[3] in (State.HELD, State.LOCKED) and c[1].state is not c[3]]
    + ["fencing, confirmed", "redirected", "rejoined", "steady, moved", "second outage confirmed"]
    + ["disarmed, window served", "second outage unseen", "second outage unseen while rejoining"],
)
def test_pages_exactly_once(name: str) -> None:
    assert len(actions(case(name), Page)) == 1


@pytest.mark.parametrize("name", ("held, red", "held, blind for ever", "suspect, served", "locked"))
def test_does_not_page_again(name: str) -> None:
    assert actions(case(name), Page) == []


@pytest.mark.parametrize("name", ("disarmed, window served", "second outage confirmed"))
def test_a_lasting_outage_without_a_failover_pages_once_and_stops_changing(name: str) -> None:
    first = case(name).record
    (found,) = [c[2] for c in TABLE if c[0] == name]
    found = replace(found, taken_at=NOW + 10)
    again = step(first, found, NOW + 10, POLICY)
    assert len(actions(again, Page)) == 1, "the first invocation may have ended before its page"
    second = step(first, replace(found, paged=True), NOW + 10, POLICY)
    assert actions(second, Page) == []
    assert second.record == replace(first, last_bad_at=NOW + 10, noticed=True)
    assert actions(step(second.record, found, NOW + 10, POLICY), Page) == []


@pytest.mark.parametrize(
    ("record", "found"),
    (
        (armed(S.HELD, **RUN), ev("?DD", topology=None)),
        (armed(S.HELD), ev("???")),
        (armed(S.HELD), ev("?DD")),
        (armed(S.LOCKED, **AFTER), ev("UUU", STANDBY)),
    ),
)
def test_held_and_locked_page_until_a_page_was_heard(record: Record, found: Evidence) -> None:
    first = step(record, found, NOW, POLICY)
    assert len(actions(first, Page)) == 1
    assert not first.record.noticed
    heard = step(record, replace(found, paged=True), NOW, POLICY)
    assert (len(actions(heard, Page)), heard.record.noticed) == (0, True)


def test_the_writers_controller_leaves_the_clean_rounds_alone() -> None:
    record = armed(S.OBSERVE, writer=STANDBY, latch=0, target_region=STANDBY, clean_rounds=1)
    assert step(record, ev("UUU", STANDBY, topology=MOVED), NOW, POLICY).record == record


@pytest.mark.parametrize("is_armed", (True, False))
def test_a_writer_that_moved_pages_once_unless_somebody_works_on_it(is_armed: bool) -> None:
    record, found = armed(S.OBSERVE, armed=is_armed, clean_rounds=1), ev("UUU", topology=MOVED)
    first = step(record, found, NOW, POLICY)
    assert [page.subject for page in actions(first, Page)] == [
        "The writer moved behind the record's back"
    ]
    assert (first.record.state, first.record.armed, first.record.clean_rounds) == (
        S.OBSERVE, is_armed, 0,
    )  # fmt: skip
    heard = step(record, replace(found, paged=True), NOW, POLICY).record
    assert heard.noticed
    assert actions(step(heard, found, NOW, POLICY), Page) == []
    held = replace(record, maintenance_until=NOW + 60)
    assert actions(step(held, found, NOW, POLICY), Page) == []


def test_approve_mode_waits_for_a_human_and_then_still_needs_the_evidence() -> None:
    policy = replace(POLICY, mode="approve")
    held = step(armed(State.SUSPECT, **RUN), ev("?DD"), NOW, policy)
    assert held.record.state is State.HELD
    assert "waiting for a human's approval" in held.reason
    approved = replace(held.record, approved_until=NOW + 20)
    later = NOW + 10
    assert step(approved, evidence(later, "?DD"), later, policy).record.state is State.FENCING
    assert step(approved, evidence(later, "UUU"), later, policy).record.state is State.STEADY
    expired = NOW + 20
    assert step(approved, evidence(expired, "?DD"), expired, policy).record.state is State.HELD


def test_observe_mode_says_what_it_would_do() -> None:
    policy = replace(POLICY, mode="observe")
    outcome = step(armed(State.SUSPECT, approved_until=NOW + 9, **RUN), ev("?DD"), NOW, policy)
    assert outcome.record.state is State.HELD
    assert "mode is observe" in outcome.reason


def test_an_unknown_lag_holds_where_it_is_required() -> None:
    policy = replace(POLICY, lag_required=True)
    outcome = step(armed(State.SUSPECT, **RUN), ev("?DD"), NOW, policy)
    assert outcome.record.state is State.HELD
    assert "lag is unknown" in outcome.reason


def test_stale_votes_are_unknown_also_when_the_step_comes_late() -> None:
    stale = Evidence(NOW, votes("DDD", age_s=15.0), HEALTHY)
    assert step(armed(), stale, NOW + 5, POLICY).record.state is State.SUSPECT
    assert step(armed(), stale, NOW + 6, POLICY).record.state is State.STEADY
    veto = Evidence(NOW, (*votes("U??", age_s=21.0), *votes("?DD")), HEALTHY)
    assert once(armed(), veto).record.state is State.SUSPECT


def test_votes_about_another_member_do_not_count() -> None:
    assert once(armed(), ev("DDD", STANDBY)).record.state is State.STEADY


def test_a_witness_counts_once_and_its_UP_counts_more_than_its_DOWN() -> None:  # noqa: N802
    twice = Evidence(NOW, (*votes("?D?"), *votes("?D?")), HEALTHY)
    assert once(armed(State.SUSPECT, **RUN), twice).record.bad_rounds == 0
    both = Evidence(NOW, (*votes("?DD"), *votes("?U?")), HEALTHY)
    assert once(armed(State.SUSPECT, **RUN), both).record.state is State.STEADY


def test_down_votes_asked_for_before_the_claim_do_not_confirm_it() -> None:
    for age, state in ((1.5, State.FENCING), (1.0, State.PROMOTING)):
        found = Evidence(NOW, votes("?DD", age_s=age), HEALTHY)
        assert once(CLAIMED, found).record.state is state


def test_a_writer_that_ails_or_does_not_let_a_witness_in_is_not_clean() -> None:
    waiting = armed(State.OBSERVE, clean_rounds=1)
    flags: tuple[dict[str, Any], ...] = (
        {"overloaded": True},
        {"read_only": True},
        {"written": False},
        {"needs_repair": True},
    )
    for changes in flags:
        found = Evidence(NOW, votes("UUU", **changes), HEALTHY)
        assert once(waiting, found).record == replace(waiting, clean_rounds=0)


@pytest.mark.parametrize(
    "topology",
    (
        None,
        Topology(HOME, settled=False, standby_ready=True),
        Topology(HOME, settled=True, standby_ready=False),
        Topology(STANDBY, settled=True, standby_ready=True),
    ),
)
def test_arming_needs_a_topology_that_agrees(topology: Topology | None) -> None:
    waiting = armed(State.OBSERVE, clean_rounds=1)
    assert once(waiting, ev("UUU", topology=topology)).record.state is State.OBSERVE


def test_a_clock_that_jumps_back_serves_no_window_and_ends_no_state() -> None:
    record = armed(State.SUSPECT, since=NOW + 500, bad_rounds=3, first_bad_at=NOW + 500,
                   last_bad_at=NOW + 500)  # fmt: skip
    assert once(record, ev("?DD")).record.state is State.SUSPECT


def test_with_threshold_one_and_no_grace_the_first_bad_round_claims() -> None:
    policy = replace(POLICY, threshold=1, grace_s=0.0)
    assert step(armed(), ev("?DD"), NOW, policy).record.state is State.FENCING


def test_the_other_direction_sets_the_latch_back_home() -> None:
    policy = replace(POLICY, region=HOME, arn=ARNS[HOME])
    record = armed(State.PROMOTING, writer=STANDBY, latch=0, epoch=4, since=NOW,
                   target_region=HOME, target_arn=ARNS[HOME])  # fmt: skip
    outcome = step(record, ev("U?U"), NOW, policy)
    assert (outcome.record.state, outcome.record.latch) == (State.REDIRECTING, 1)


def test_subject_is_the_target_only_while_promoting() -> None:
    assert subject(armed()) == HOME
    assert subject(CLAIMED) == HOME
    assert subject(INTENDED) == STANDBY
    assert subject(replace(INTENDED, target_region=None)) == HOME


@pytest.mark.parametrize(
    ("record", "home", "standby"),
    (
        (armed(), False, True),
        (CLAIMED, False, True),
        (INTENDED, False, True),
        (armed(State.REDIRECTING, **AFTER), True, True),
        (armed(State.COOLDOWN, **AFTER), True, True),
        (armed(State.REJOINING, **AFTER), True, True),
        (armed(State.LOCKED, **AFTER), True, True),
        (armed(State.OBSERVE, **AFTER), True, True),
        (armed(State.OBSERVE, **{**AFTER, "target_region": None}), True, False),
        (armed(State.STEADY, **AFTER), True, False),
    ),
)
def test_who_participates(record: Record, home: bool, standby: bool) -> None:
    assert participates(record, HOME) is home
    assert participates(record, STANDBY) is standby
