"""The loop around the decision, against fakes of clock, store and AWS."""

from __future__ import annotations

import json
import math
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from bicoastal.failover.audit import Note
from bicoastal.failover.controller import Controller
from bicoastal.failover.errors import RecordError, StoreError
from bicoastal.failover.gateway import GatewayError
from bicoastal.failover.state import Record, State
from bicoastal.failover.votes import Vote

from .fakes import (
    HOME,
    MOVING,
    STANDBY,
    STANDBY_ARN,
    WITNESS,
    WITNESSES,
    FakeClock,
    FakeStore,
    FakeWorld,
    armed,
    config,
)

LOST = {HOME: "?DD", STANDBY: "?UU"}


class Rig:
    """A controller with everything around it faked."""

    def __init__(self, record: Record, region: str = STANDBY, **changes: Any) -> None:
        self.clock = FakeClock()
        self.store = FakeStore(record)
        self.world = FakeWorld()
        self.lines: list[dict[str, Any]] = []
        self.config = config(region, **changes)

    def controller(self, **changes: Any) -> Controller:
        return Controller(
            self.config,
            changes.pop("pace", 1.0),
            changes.pop("store", self.store),
            self.world,
            clock=self.clock,
            monotonic=changes.pop("monotonic", self.clock),
            sleep=self.clock.sleep,
            log=lambda line: self.lines.append(json.loads(line)),
        )

    def run(self, rounds: int | None = None, **changes: Any) -> dict[str, Any]:
        return self.controller(**changes).run(rounds=rounds)

    def events(self, kind: str) -> list[dict[str, Any]]:
        return [line for line in self.lines if line["event"] == kind]


@pytest.fixture
def rig() -> Rig:
    return Rig(armed(since=0.0))


def test_from_the_loss_to_service_in_the_other_region(rig: Rig) -> None:
    rig.world.verdicts = dict(LOST)

    def complete_later(arn: str) -> None:
        assert rig.store.record.state is State.PROMOTING, "written before it is asked for"
        rig.world.topology_value = MOVING
        rig.world.on_vote = after_a_while

    def after_a_while() -> None:
        if rig.clock.now > 1035:
            rig.world.topology_value = replace(MOVING, writer=STANDBY, settled=True,
                                               failover_target=None)  # fmt: skip

    rig.world.on_promote = complete_later
    summary = rig.run(20)
    states = [record.state for record in rig.store.history]
    assert [s for n, s in enumerate(states) if n == 0 or s is not states[n - 1]] == [
        State.SUSPECT,
        State.FENCING,
        State.PROMOTING,
        State.REDIRECTING,
        State.COOLDOWN,
    ]
    assert rig.world.promotions == [STANDBY_ARN]
    assert rig.world.pages == [f"Failing over to {STANDBY}", f"Failed over to {STANDBY}"]
    assert summary["state"] == State.COOLDOWN
    assert (summary["acted"], summary["epoch"]) == (True, 2)
    # The latch: 1 until the promotion is verified, 0 ever after, in every region.
    values = [value for region, value in rig.world.latches if region == HOME]
    assert sorted(values, reverse=True) == values
    assert {region for region, value in rig.world.latches if value == 0} == set(WITNESSES)


def test_the_call_is_in_the_trail(rig: Rig) -> None:
    rig.world.verdicts = dict(LOST)
    rig.run(12)
    accepted = [e for e in rig.store.entries if e.request_ids]
    assert [(e.request_ids, e.reason) for e in accepted] == [
        (("request-1",), f"promotion of {STANDBY_ARN} accepted")
    ]


def test_a_controller_in_the_writers_region_is_not_the_standby() -> None:
    rig = Rig(armed(), region=HOME)
    summary = rig.run(5)
    assert (summary["acted"], summary["reason"]) == (False, "not the standby")
    assert (len(summary["rounds"]), rig.world.asked, rig.world.latches) == (1, [], [])


def test_after_the_failover_the_other_regions_controller_takes_over() -> None:
    rig = Rig(armed(State.OBSERVE, writer=STANDBY, latch=0, armed=False), region=HOME)
    assert rig.run(1)["acted"]
    assert sorted(rig.world.asked) == sorted((witness, STANDBY) for witness in WITNESSES)
    assert {value for _, value in rig.world.latches} == {0}


def test_rounds_follow_a_grid_that_does_not_drift(rig: Rig) -> None:
    rig.world.on_vote = lambda: rig.clock.sleep(0.5)
    started = rig.clock.now
    summary = rig.run(4)
    assert [item["at"] - started for item in summary["rounds"]] == [0.0, 10.0, 20.0, 30.0]


def test_a_round_that_takes_too_long_skips_to_the_next_slot(rig: Rig) -> None:
    rig.world.on_vote = lambda: rig.clock.sleep(5.0)
    started = rig.clock.now
    summary = rig.run(2)
    assert [item["at"] - started for item in summary["rounds"]] == [0.0, 20.0]


def test_an_invocation_ends_after_its_time() -> None:
    summary = Rig(armed(), run_s=55.0).run()
    assert len(summary["rounds"]) == 6
    assert len(Rig(armed(), run_s=55.0).run(pace=10.0)["rounds"]) == 6


def test_an_invocation_ends_before_lambda_ends_it(rig: Rig) -> None:
    end = rig.clock.now + 45
    summary = rig.controller().run(remaining=lambda: end - rig.clock.now)
    assert len(summary["rounds"]) == 4, "a fifth round could not be sure to finish"
    assert rig.clock.now < end


def test_while_promoting_the_record_is_looked_at_more_often() -> None:
    rig = Rig(armed(State.PROMOTING, target_region=STANDBY, target_arn=STANDBY_ARN, epoch=2))
    rig.world.topology_value = MOVING
    rig.run(3)
    assert rig.clock.slept == [2.0, 2.0]
    assert rig.world.asked[0] == (HOME, STANDBY), "the witnesses look at the target"


def test_after_the_claim_the_evidence_is_gathered_again_at_once(rig: Rig) -> None:
    rig.world.verdicts = dict(LOST)
    summary = rig.run(5)
    found = [(item["state"], item["at"]) for item in summary["rounds"]]
    (claim,) = [at for state, at in found if state == State.FENCING]
    (intent,) = [at for state, at in found if state == State.PROMOTING]
    assert claim == intent


def test_witnesses_that_fail_are_unknown(rig: Rig) -> None:
    rig.world.verdicts = {HOME: "DDD", STANDBY: "UUU"}
    rig.world.deaf = {STANDBY, WITNESS}
    (item,) = rig.run(1)["rounds"]
    assert item["state"] == State.SUSPECT
    assert item["votes"][STANDBY] == f"UNKNOWN fake: {STANDBY} does not answer"
    assert (item["down"], item["unknown"]) == (1, 2)
    assert rig.store.record.bad_rounds == 0


def test_whoever_does_not_answer_in_time_is_unknown() -> None:
    rig = Rig(armed(), vote_timeout_s=2.0)
    release = threading.Event()
    vote, topology = rig.world.vote, rig.world.topology

    def slow_vote(witness: str, member: str, number: int) -> Vote:
        if witness == WITNESS:
            release.wait(10)
        return vote(witness, member, number)

    def slow_topology() -> Any:
        release.wait(10)
        return topology()

    def slow_latch(region: str, value: int, at: float) -> None:
        release.wait(10)

    rig.world.vote = slow_vote  # type: ignore[method-assign]
    rig.world.topology = slow_topology  # type: ignore[method-assign]
    rig.world.put_latch = slow_latch  # type: ignore[method-assign]
    controller = rig.controller()
    controller._timeout_s = 0.05
    (item,) = controller.run(rounds=1)["rounds"]
    release.set()
    assert item["votes"][WITNESS] == "UNKNOWN no vote within 0.05 s"
    problems = [line["problem"] for line in rig.events("problem")]
    assert problems == ["topology: no answer within 0.05 s"] + 3 * [
        "latch: no answer within 0.05 s"
    ]


def test_votes_are_as_old_as_the_question(rig: Rig) -> None:
    rig.world.verdicts = dict(LOST)
    rig.world.on_vote = lambda: rig.clock.sleep(1.0)
    rig.run(1)
    (entry,) = rig.store.entries
    assert entry.evidence is not None
    assert [vote["age_s"] for vote in entry.evidence["votes"]] == [3.0, 3.0, 3.0]
    assert entry.evidence["taken_at"] == entry.at == 1003.0


def test_the_lag_is_asked_for_when_it_matters_and_kept_with_its_age(rig: Rig) -> None:
    rig.world.lag_value = (0.8, 990.0)
    rig.run(1)
    assert rig.store.entries == []
    rig.world.verdicts = dict(LOST)
    rig.run(2)
    first, second = (entry.evidence for entry in rig.store.entries)
    assert first is not None
    assert second is not None
    assert (first["lag_s"], first["lag_age_s"]) == (None, None), "no bad round yet"
    assert (second["lag_s"], second["lag_age_s"]) == (0.8, 20.0)


def test_an_rds_api_that_is_silent_holds_the_failover(rig: Rig) -> None:
    rig.world.verdicts = dict(LOST)
    rig.world.topology_value = None
    summary = rig.run(5)
    assert summary["state"] == State.HELD
    assert rig.world.pages == ["Failover held: a human is needed"]
    assert rig.world.promotions == []
    assert "topology: fake: RDS does not answer" in [e["problem"] for e in rig.events("problem")]


def test_a_lasting_hold_does_not_fill_the_trail(rig: Rig) -> None:
    rig.world.verdicts = dict(LOST)
    rig.world.topology_value = None
    rig.run(5)
    entries = len(rig.store.entries)
    rig.run(3)
    assert len(rig.store.entries) == entries
    assert rig.store.record.last_bad_at == rig.clock.now - 0.0


def test_a_lost_write_means_that_nothing_is_done(rig: Rig) -> None:
    rig.world.verdicts = dict(LOST)
    rig.store.record = armed(State.FENCING, since=999.0, bad_rounds=3, first_bad_at=970.0,
                             target_region=STANDBY, target_arn=STANDBY_ARN)  # fmt: skip

    def interfere(record: Record) -> None:
        rig.store.before_write = lambda record: None
        rig.store.record = replace(rig.store.record, armed=False, version=8)

    rig.store.before_write = interfere
    first, second = rig.run(2)["rounds"]
    assert first["conflict"]
    assert first["reason"].startswith("somebody else acted")
    assert second["state"] == State.OBSERVE, "re-read: a human has disarmed"
    assert (rig.world.promotions, rig.world.pages) == ([], [])


def test_two_invocations_at_once_promote_once(rig: Rig) -> None:
    rig.world.verdicts = dict(LOST)
    rig.run(3)
    assert rig.store.record.state is State.SUSPECT
    rig.clock.sleep(10.0)
    nested: list[dict[str, Any]] = []

    def twice(record: Record) -> None:
        rig.store.before_write = lambda record: None
        nested.append(rig.controller().run(rounds=2))

    rig.store.before_write = twice
    outer = rig.run(1)
    assert outer["rounds"][0]["conflict"]
    assert nested[0]["state"] == State.PROMOTING
    rig.run(3)
    assert rig.world.promotions == [STANDBY_ARN]


def test_a_store_that_does_not_answer_means_that_nothing_is_done(rig: Rig) -> None:
    class Silent(FakeStore):
        def read(self) -> Record:
            raise StoreError("fake: DynamoDB does not answer")

    summary = rig.run(2, store=Silent(armed()))
    assert [item["failed"] for item in summary["rounds"]] == [True, True]
    assert summary["reason"] == "nothing done: fake: DynamoDB does not answer"
    assert rig.world.asked == []


def test_a_damaged_record_means_that_nothing_is_done(rig: Rig) -> None:
    class Damaged(FakeStore):
        def read(self) -> Record:
            raise RecordError("fake: damaged")

    assert rig.run(1, store=Damaged(armed()))["rounds"][0]["failed"]


def test_a_frozen_invocation_does_not_act_on_what_it_saw(rig: Rig) -> None:
    rig.store.record = armed(State.FENCING, since=999.0, bad_rounds=3, first_bad_at=970.0,
                             target_region=STANDBY, target_arn=STANDBY_ARN)  # fmt: skip
    rig.world.verdicts = dict(LOST)
    rig.world.on_vote = lambda: rig.clock.sleep(7.0)
    (item,) = rig.run(1)["rounds"]
    assert item["failed"]
    assert "too late to act on" in item["reason"]
    assert rig.store.history == []


def test_a_freeze_that_only_the_wall_clock_saw_counts_too(rig: Rig) -> None:
    rig.world.verdicts = dict(LOST)
    rig.world.on_vote = lambda: rig.clock.sleep(7.0)
    (item,) = rig.run(1, monotonic=lambda: 5.0)["rounds"]
    assert item["failed"]


# --- crashes and ambiguous answers after the point of no return


def intended(**changes: Any) -> Record:
    values: dict[str, Any] = {
        "epoch": 2,
        "since": 999.0,
        "target_region": STANDBY,
        "target_arn": STANDBY_ARN,
    }
    return armed(State.PROMOTING, **{**values, **changes})


def test_an_intent_whose_call_was_never_made_is_carried_out_with_the_same_target() -> None:
    rig = Rig(intended(target_arn="arn:as-recorded"))
    rig.run(1)
    assert rig.world.promotions == ["arn:as-recorded"]
    assert rig.store.record.epoch == 2


def test_an_intent_that_is_under_way_is_only_polled() -> None:
    rig = Rig(intended())
    rig.world.topology_value = MOVING
    rig.run(4)
    assert rig.world.promotions == []


def test_an_intent_is_not_repeated_while_rds_is_silent() -> None:
    rig = Rig(intended())
    rig.world.topology_value = None
    rig.run(4)
    assert rig.world.promotions == []


def test_a_call_that_timed_out_after_it_was_accepted_is_settled_by_polling() -> None:
    rig = Rig(intended())

    def accept_and_time_out(arn: str) -> None:
        rig.world.topology_value = MOVING
        raise GatewayError("fake: read timeout")

    rig.world.on_promote = accept_and_time_out
    rig.run(5)
    assert rig.world.promotions == [STANDBY_ARN]
    assert rig.world.pages == ["The promotion was not accepted; asking again"]
    rig.world.topology_value = replace(MOVING, writer=STANDBY, settled=True, failover_target=None)
    assert rig.run(3)["state"] == State.COOLDOWN
    assert rig.world.promotions == [STANDBY_ARN]


def test_a_refused_call_is_repeated_once_per_interval_and_paged_once() -> None:
    rig = Rig(intended())

    def refuse(arn: str) -> None:
        raise GatewayError("fake: AccessDenied", "AccessDenied")

    rig.world.on_promote = refuse
    rig.run(11)
    assert rig.clock.now == 1000 + 10 * 2.0
    assert len(rig.world.promotions) == 3
    assert rig.world.pages == ["The promotion was not accepted; asking again"]
    assert [entry.reason for entry in rig.store.entries] == ["fake: AccessDenied"]


def test_a_promotion_that_never_comes_about_is_locked_and_paged() -> None:
    rig = Rig(intended(since=0.0))
    rig.world.topology_value = MOVING
    summary = rig.run(2)
    assert summary["state"] == State.LOCKED
    assert rig.world.pages == ["Failover failed after the point of no return: locked"]


def test_the_call_is_not_made_when_the_record_has_moved_on() -> None:
    rig = Rig(intended())

    class Overtaken(FakeStore):
        reads: Iterator[Record] = iter(
            (intended(), replace(intended(), version=8, state=State.LOCKED))
        )

        def read(self) -> Record:
            return next(self.reads)

    (item,) = rig.run(1, store=Overtaken(intended()))["rounds"]
    assert item["conflict"]
    assert rig.world.promotions == []


# --- latch and pages


def test_an_unchanged_latch_is_put_once_a_minute() -> None:
    rig = Rig(armed(since=0.0), run_s=300.0)
    summary = rig.run(12)
    assert rig.world.latches.count((HOME, 1)) == 2, "in the first round and after 60 s"
    assert len(rig.world.latches) == 6
    assert all(item["actions"] == ["SetLatch"] for item in summary["rounds"])
    again = len(rig.world.latches)
    rig.run(1)
    assert len(rig.world.latches) == again + 3, "the next invocation remembers nothing"


def test_the_latchs_interval_is_divided_by_the_pace() -> None:
    rig = Rig(armed(since=0.0), run_s=300.0)
    rig.run(13, pace=10.0)
    assert rig.world.latches.count((HOME, 1)) == 3


def test_a_latch_that_a_region_refused_is_put_every_round_and_tolerated(rig: Rig) -> None:
    rig.world.deaf = {HOME}
    rig.run(2)
    assert sorted(rig.world.latches) == sorted(2 * [(WITNESS, 1), (STANDBY, 1)])
    problems = [line["problem"] for line in rig.events("problem")]
    assert f"latch: fake: CloudWatch in {HOME} does not answer" in problems


def test_dns_counts_as_moved_with_a_majority_of_the_latch() -> None:
    after: dict[str, Any] = {
        "writer": STANDBY,
        "latch": 0,
        "armed": False,
        "target_region": STANDBY,
        "target_arn": STANDBY_ARN,
    }
    for deaf, state in (({HOME}, State.COOLDOWN), ({HOME, WITNESS}, State.REDIRECTING)):
        rig = Rig(armed(State.REDIRECTING, **after))
        rig.world.deaf = set(deaf)
        assert rig.run(2)["state"] == state


def test_without_a_latch_the_redirection_is_not_the_controllers_business() -> None:
    rig = Rig(intended(), latch=replace(config().latch, regions=()))
    rig.world.topology_value = replace(MOVING, writer=STANDBY, settled=True, failover_target=None)
    assert rig.run(2)["state"] == State.COOLDOWN
    assert rig.world.latches == []


def test_a_late_latch_speaks_for_when_it_was_written(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    moments: list[float] = []
    rig.world.on_vote = lambda: moments.append(rig.clock.now)
    write = rig.store.write
    rig.store.record = armed(State.OBSERVE, clean_rounds=1)

    def slow_write(*arguments: Any) -> Record:
        rig.clock.sleep(60.0)
        return write(*arguments)

    monkeypatch.setattr(rig.store, "write", slow_write)
    rig.world.put_latch = lambda region, value, at: moments.append(at)  # type: ignore[method-assign]
    rig.run(1)
    assert set(moments) == {1000.0, 1008.0}, "no write takes longer than a call may"


def test_a_page_is_repeated_until_it_is_heard_and_by_whoever_comes_next(rig: Rig) -> None:
    rig.store.record = armed(State.LOCKED, armed=False)
    rig.world.deaf = {"sns"}
    rig.run(2)
    assert len(rig.world.pages) == 2
    rig.world.deaf = set()
    rig.run(1)
    assert (len(rig.world.pages), rig.store.record.noticed) == (3, False)
    rig.run(3)
    assert (len(rig.world.pages), rig.store.record.noticed) == (4, True)
    rig.run(3)
    assert len(rig.world.pages) == 4


def test_a_page_that_cannot_be_sent_is_logged(rig: Rig) -> None:
    rig.store.record = armed(State.SUSPECT, since=0.0)
    rig.world.verdicts = {HOME: "??D", STANDBY: "?UU"}
    rig.world.deaf = {"sns"}
    assert rig.run(1)["state"] == State.HELD
    (page,) = rig.events("page")
    assert page["subject"] == "Failover held: a human is needed"
    assert "page: fake: SNS does not answer" in [e["problem"] for e in rig.events("problem")]


# --- logs


def test_a_round_is_one_line_of_json(capsys: pytest.CaptureFixture[str]) -> None:
    world, store = FakeWorld(), FakeStore(armed())
    Controller(config(), 1.0, store, world).run(rounds=1)
    (line,) = capsys.readouterr().out.splitlines()
    event = json.loads(line)
    assert event["event"] == "round"
    assert (event["from"], event["state"], event["actions"]) == ("STEADY", "STEADY", ["SetLatch"])
    assert set(event["votes"]) == set(WITNESSES)
    assert (event["down"], event["unknown"], event["maintenance"]) == (0, 0, 0)


@pytest.mark.parametrize("region", (HOME, STANDBY))
def test_a_round_says_whether_it_is_in_maintenance_also_a_bystander_s(region: str) -> None:
    rig = Rig(armed(), region)
    for left_s, said in ((None, 0), (60.0, 1), (0.0, 0)):
        until = None if left_s is None else rig.clock.now + left_s
        rig.store.record = armed(maintenance_until=until)
        rig.run(1)
        assert rig.events("round")[-1]["maintenance"] == said


def test_a_round_belongs_to_a_run(rig: Rig) -> None:
    with pytest.raises(RuntimeError, match="outside of run"):
        rig.controller()._submit(math.floor, 1.0)


def test_the_store_and_the_fakes_agree_on_notes(rig: Rig) -> None:
    note: Callable[..., Note] = Note
    written = rig.store.write(rig.store.record, armed(State.HELD), note(1.0, "x", "y"))
    assert written.version == 8
