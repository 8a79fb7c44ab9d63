"""A further standby: people may move the writer there, and no controller fails over from it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bicoastal.failover import guards
from bicoastal.failover.config import ControllerConfig, ProberConfig
from bicoastal.failover.controller import Controller
from bicoastal.failover.decision import participates, step
from bicoastal.failover.gateway import Gateway
from bicoastal.failover.prober import probe
from bicoastal.failover.state import Page, Policy, Promote, SetLatch, State
from bicoastal.failover.votes import Evidence, Topology, Verdict

from . import servers
from .fakes import (
    FURTHER,
    HOME,
    HOME_ARN,
    POLICY,
    STANDBY,
    STANDBY_ARN,
    WITNESS,
    WITNESSES,
    FakeClock,
    FakeStore,
    FakeWorld,
    armed,
    config,
    votes,
)

NOW = 1000.0
IRELAND_ARN = "arn:aws:rds:eu-west-1:123456789012:cluster:aurora-euw1-dev"
THERE = Topology(FURTHER, settled=True, standby_ready=True, connected=True)
RUN = {"bad_rounds": 2, "first_bad_at": NOW - 25, "last_bad_at": NOW - 10}
TARGET: dict[str, Any] = {"target_region": FURTHER, "target_arn": IRELAND_ARN}


def of(letters: str, **changes: Any) -> Evidence:
    return Evidence(NOW, votes(letters, FURTHER, **changes), THERE)


# --- the writer is in a further standby's region ------------------------------------------------
@pytest.mark.parametrize(
    "policy", (POLICY, replace(POLICY, mode="approve"), replace(POLICY, region=HOME))
)
def test_a_lost_writer_there_is_held_for_a_person(policy: Policy) -> None:
    lost = armed(State.SUSPECT, writer=FURTHER, approved_until=NOW + 60, **RUN)
    decided = step(lost, of("DDD"), NOW, policy)
    assert decided.record.state is State.HELD
    assert (decided.record.target_region, decided.record.writer) == (None, FURTHER)
    assert "the writer is in eu-west-1, a further standby's region" in decided.reason
    assert [type(action) for action in decided.actions] == [Page, SetLatch]
    again = step(replace(decided.record, noticed=True), of("DDD"), NOW + 10, policy)
    assert again.record.state is State.HELD
    assert not any(isinstance(action, Promote) for action in again.actions)


def test_without_the_gate_a_controller_would_claim_for_itself(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rest = tuple(gate for gate in guards.GATES if gate is not guards.gate_pair)
    monkeypatch.setattr(guards, "GATES", rest)
    lost = armed(State.SUSPECT, writer=FURTHER, **RUN)
    assert step(lost, of("DDD"), NOW, POLICY).record.state is State.FENCING


def test_disarmed_it_says_what_would_be_held() -> None:
    lost = armed(State.OBSERVE, armed=False, writer=FURTHER, **RUN)
    decided = step(lost, of("DDD"), NOW, POLICY)
    assert decided.record.state is State.OBSERVE
    assert "would be HELD" in decided.reason
    assert "further standby" in decided.reason
    assert any(isinstance(action, Page) for action in decided.actions)


def test_both_controllers_look_and_the_pair_itself_is_not_gated() -> None:
    assert participates(armed(writer=FURTHER), HOME)
    assert participates(armed(writer=FURTHER), STANDBY)
    claimed = step(
        armed(State.SUSPECT, **RUN),
        Evidence(NOW, votes("?DD"), replace(THERE, writer=HOME)),
        NOW,
        POLICY,
    )
    assert claimed.record.state is State.FENCING


def test_a_controller_that_runs_for_long_promotes_nobody_and_pages_once() -> None:
    clock, store = FakeClock(), FakeStore(armed(State.STEADY, writer=FURTHER))
    world = FakeWorld({FURTHER: "DDD"}, THERE)
    run = Controller(
        config(further=(FURTHER,)), 1.0, store, world,
        clock=clock, monotonic=clock, sleep=clock.sleep, log=lambda _line: None,
    )  # fmt: skip
    run.run(rounds=30)
    assert (store.record.state, store.record.writer) == (State.HELD, FURTHER)
    assert (world.promotions, len(world.pages)) == ([], 1)
    assert {member for _, member in world.asked} == {FURTHER}


def test_a_writer_that_moved_there_by_itself_is_told_of() -> None:
    moved = step(armed(), Evidence(NOW, votes("UUU"), THERE), NOW, POLICY)
    assert (moved.record.state, moved.record.armed) == (State.OBSERVE, False)
    assert "the API calls eu-west-1 the writer" in moved.reason


# --- a person fails over to it ------------------------------------------------------------------
@pytest.mark.parametrize(
    ("letters", "changes", "state"),
    (
        ("?UU", {}, State.REDIRECTING),
        ("UUU", {}, State.REDIRECTING),
        ("??U", {}, State.PROMOTING),
        ("???", {}, State.PROMOTING),
        ("?UU", {"read_only": True}, State.PROMOTING),
    ),
)
def test_a_quorum_verifies_a_target_that_has_no_witness(
    letters: str, changes: dict[str, Any], state: State
) -> None:
    asked = armed(State.PROMOTING, epoch=2, since=NOW - 20, **TARGET)
    decided = step(asked, of(letters, **changes), NOW, POLICY)
    assert decided.record.state is state
    assert not any(isinstance(action, Promote) for action in decided.actions)
    if state is State.REDIRECTING:
        assert (decided.record.writer, decided.record.latch) == (FURTHER, 0)


def test_a_target_of_the_pair_is_verified_by_its_own_witness_as_before() -> None:
    asked = armed(State.PROMOTING, since=NOW - 20, target_region=STANDBY, target_arn=STANDBY_ARN)
    there = replace(THERE, writer=STANDBY)
    for letters, state in (("U?U", State.PROMOTING), ("?U?", State.REDIRECTING)):
        evidence = Evidence(NOW, votes(letters, STANDBY), there)
        assert step(asked, evidence, NOW, POLICY).record.state is state


def test_the_pairs_controllers_do_not_ask_for_it_again() -> None:
    asked = armed(State.PROMOTING, since=NOW - 20, **TARGET)
    never = Evidence(NOW, votes("???", FURTHER), replace(THERE, writer=HOME))
    decided = step(asked, never, NOW, POLICY)
    assert [type(action) for action in decided.actions] == [SetLatch]


# --- configuration, prober, gateway -------------------------------------------------------------
def test_the_configuration_says_which_they_are() -> None:
    found = ControllerConfig.from_json(config(further=(FURTHER,)).to_json())
    assert Policy.of(found).further == (FURTHER,)
    assert config().further == ()
    with_code = {"code": "x"}
    assert config(**with_code).deployment != config(further=(FURTHER,), **with_code).deployment


def test_a_witness_proves_itself_with_further_standbys_last() -> None:
    healthy = servers.says(servers.greeting())
    with servers.dead() as dead, servers.serve(healthy) as up:
        members = {HOME: dead, STANDBY: up, "ap-southeast-2": up}
        far = ProberConfig(WITNESS, members, further=("ap-southeast-2",))
        vote = probe(far, HOME, timeout_s=0.4)
        assert (vote.verdict, vote.reason[-17:]) == (Verdict.DOWN, "us-west-2 answers")
        only = replace(far, members={HOME: dead, STANDBY: dead, "ap-southeast-2": up})
        assert probe(only, HOME, timeout_s=0.4).reason.endswith("ap-southeast-2 answers")


class OneAnswer:
    """RDS of the standby's region, while a further standby is being rebuilt. A fake."""

    def __init__(self, own: str, other: str) -> None:
        self.own, self.other = own, other

    def get(self, *_: Any, **__: Any) -> Any:
        return self

    def describe_global_clusters(self, **_: Any) -> Any:
        members = [
            {"DBClusterArn": HOME_ARN, "IsWriter": True},
            {"DBClusterArn": STANDBY_ARN, "IsWriter": False, "SynchronizationStatus": self.own},
            {"DBClusterArn": IRELAND_ARN, "IsWriter": False, "SynchronizationStatus": self.other},
        ]
        return {"GlobalClusters": [{"Status": "available", "GlobalClusterMembers": members}]}

    def describe_db_clusters(self, **_: Any) -> Any:
        return {"DBClusters": [{"Status": "available", "DBClusterMembers": [{}]}]}


@pytest.mark.parametrize(
    ("own", "other", "connected"),
    (("connected", "pending-resync", True), ("pending-resync", "connected", False)),
)
def test_the_pair_does_not_wait_for_a_further_standby(
    own: str, other: str, connected: bool
) -> None:
    clients: Any = OneAnswer(own, other)
    found = Gateway(config(), 1.0, clients).topology()
    assert (found.writer, found.standby_ready, found.connected) == (HOME, True, connected)
    assert set(WITNESSES) == set(config().witnesses)
