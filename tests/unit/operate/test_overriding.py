"""A human's failover: when it is refused, and that nothing of it gets lost on the way."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from bicoastal.failover import guards
from bicoastal.failover.audit import Note
from bicoastal.failover.errors import StoreError
from bicoastal.failover.gateway import GatewayError
from bicoastal.failover.guards import View
from bicoastal.failover.state import Policy, Record, State
from bicoastal.failover.votes import Evidence, Topology, Verdict
from bicoastal.operate import overriding
from bicoastal.operate.conduct import Conduct
from bicoastal.operate.errors import Refused
from bicoastal.operate.overriding import Plan, carry_out, refusals
from bicoastal.operate.target import Target
from bicoastal.settings import load

from .samples import HOME, NOW, RECORD, SETTINGS, STANDBY, arn, vote

CONFIG = Target(SETTINGS).controller_config(
    STANDBY, {HOME: arn(HOME), STANDBY: arn(STANDBY)}
)  # fmt: skip
READY = Topology(HOME, settled=True, standby_ready=True, connected=True)


def refused(record: Record = RECORD, topology: Topology | None = READY) -> tuple[str, ...]:
    evidence = Evidence(NOW, topology=topology)
    policy = Policy.of(CONFIG)
    view = View(record, evidence, NOW, policy, guards.tally(record, evidence, NOW, policy))
    return refusals(view, CONFIG, "no answer (Fake)")


@pytest.mark.parametrize(
    "record",
    (
        RECORD,
        replace(RECORD, armed=False, state=State.OBSERVE),
        replace(RECORD, maintenance_until=NOW + 60),
        replace(RECORD, last_failover_at=NOW - 1, acknowledged=False, state=State.COOLDOWN),
    ),
)
def test_gates_of_the_automatic_are_the_humans_to_overrule(record: Record) -> None:
    assert refused(record) == ()


@pytest.mark.parametrize(
    ("record", "topology", "reason"),
    (
        (replace(RECORD, writer=STANDBY), READY, f"{STANDBY} is the writer already"),
        (
            replace(RECORD, state=State.PROMOTING, target_region=STANDBY),
            READY,
            f"a failover to {STANDBY} is under way already (PROMOTING)",
        ),
        (replace(RECORD, state=State.LOCKED), READY, "the record is LOCKED"),
        (RECORD, None, "does not say whether it can be promoted: no answer (Fake)"),
        (RECORD, replace(READY, writer=STANDBY), f"RDS calls {STANDBY} the writer already"),
        (RECORD, replace(READY, settled=False), "the global database is changing"),
        (RECORD, replace(READY, standby_ready=False), "not available or has no instance"),
        (RECORD, replace(READY, writer=None), "the API calls None the writer"),
    ),
)
def test_refusals(record: Record, topology: Topology | None, reason: str) -> None:
    (found,) = refused(record, topology)
    assert reason in found


REPLICA = load({"topology": "binlog-replica", "failover": {"mode": "observe"}})
REPLICA_CONFIG = Target(REPLICA, any_topology=True).controller_config(
    STANDBY, {STANDBY: arn(STANDBY)}
)


@pytest.mark.parametrize(
    ("verdict", "lag", "stopped", "reason"),
    (
        (Verdict.UP, 0.0, False, f"{HOME} answers ({HOME}), and nothing keeps it from taking"),
        (Verdict.DOWN, None, False, None),
        (Verdict.UNKNOWN, 90.0, False, None),
        (Verdict.UP, 0.5, True, None),
        (Verdict.UP, 7.0, True, "the replica's lag is 7.0 s: stop all writes"),
        (Verdict.UP, None, True, "the replica's lag is unknown"),
    ),
)
def test_a_replica_is_promoted_only_beside_a_writer_that_is_gone_or_still(
    verdict: Verdict, lag: float | None, stopped: bool, reason: str | None
) -> None:
    evidence = Evidence(NOW, (vote(HOME, verdict),), topology=READY, lag_s=lag)
    policy = Policy.of(REPLICA_CONFIG)
    view = View(RECORD, evidence, NOW, policy, guards.tally(RECORD, evidence, NOW, policy))
    found = refusals(view, REPLICA_CONFIG, None, stopped=stopped)
    assert (found == ()) if reason is None else (reason in found[0])
    ready = replace(READY, standby_ready=False)
    unready = replace(view, evidence=replace(evidence, topology=ready))
    (first,) = refusals(unready, REPLICA_CONFIG, None, stopped=stopped)
    assert "not available or has no instance" in first


def test_the_call_for_a_replica_names_its_cluster() -> None:
    plan = Plan(REPLICA_CONFIG, RECORD, Evidence(NOW), (), ())
    assert plan.call == f"rds:PromoteReadReplicaDBCluster in {STANDBY}: aurora-usw2-dev"


class FakeStore:
    """A record in memory; fails as told. Not a RecordStore."""

    def __init__(self) -> None:
        self.record = RECORD
        self.notes: list[Note | None] = []
        self.broken: list[str] = []

    def read(self) -> Record:
        if "read" in self.broken:
            self.broken.remove("read")
            raise StoreError("read failed")
        return self.record

    def write(self, old: Record, new: Record, note: Note | None) -> Record:
        if note is not None and "promotion" in note.reason and "annotate" in self.broken:
            raise StoreError("write failed")
        assert old == self.record
        self.record = replace(new, version=old.version + 1)
        self.notes.append(note)
        return self.record


class FakeGateway:
    """Accepts or refuses the promotion; no AWS."""

    refusal: GatewayError | None = None

    def __init__(self, *arguments: Any, by_hand: bool) -> None:
        assert by_hand

    def promote(self, target: str) -> str:
        if self.refusal is not None:
            raise self.refusal
        assert target == arn(STANDBY)
        return "request-1"


Finish = Callable[..., Record]


@pytest.fixture
def store() -> FakeStore:
    return FakeStore()


@pytest.fixture
def finish(store: FakeStore, monkeypatch: pytest.MonkeyPatch) -> Finish:
    """Carries a plan out, with a controller that only writes how it ended after two rounds."""

    def run(end: State = State.COOLDOWN, told: list[str] | None = None) -> Record:
        lines = [] if told is None else told

        class FakeController:
            def __init__(self, *arguments: Any, log: Callable[[str], object]) -> None:
                self.rounds, self.log = 0, log

            def run(self, *, rounds: int) -> None:
                self.rounds += rounds
                self.log(json.dumps({"event": "round", "state": "PROMOTING", "reason": "waiting"}))
                self.log(json.dumps({"event": "problem", "problem": "lag: no answer"}))
                self.log(json.dumps({"event": "page", "subject": "Failed over", "message": "m"}))
                if self.rounds == 2:
                    store.record = replace(store.record, state=end, writer=STANDBY)

        monkeypatch.setattr(overriding, "Controller", FakeController)
        monkeypatch.setattr(overriding, "Gateway", FakeGateway)
        access: Any = type("FakeAccess", (), {"clients": None})()
        plan = Plan(CONFIG, RECORD, Evidence(NOW), (), ())
        typed: Any = store
        conduct = Conduct("ada", "gone", tell=lines.append, sleep=lambda _s: None)
        return carry_out(access, typed, plan, conduct)

    return run


def test_the_intent_comes_first_and_the_call_is_remembered(
    store: FakeStore, finish: Finish
) -> None:
    told: list[str] = []
    store_notes = store.notes
    assert finish(told=told).writer == STANDBY
    intent, call = store_notes
    assert intent is not None
    assert call is not None
    assert intent.reason == f"failover to {STANDBY} requested: gone"
    assert (call.request_ids, call.requester) == (("request-1",), "ada")
    assert "PROMOTING: waiting" in told
    assert "lag: no answer" in told
    assert "Failed over" in told


def test_a_refused_call_is_remembered_and_the_end_awaited(
    store: FakeStore, finish: Finish, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(FakeGateway, "refusal", GatewayError("not accepted", "InvalidState"))
    assert finish(State.LOCKED).state is State.LOCKED
    call = store.notes[-1]
    assert call is not None
    assert (call.reason, call.request_ids) == ("not accepted", ())


def test_a_store_that_fails_after_the_call_does_not_end_the_watch(
    store: FakeStore, finish: Finish
) -> None:
    store.broken = ["annotate"]
    told: list[str] = []
    assert finish(told=told).state is State.COOLDOWN
    assert "the audit trail misses this call: write failed" in told


def test_an_end_that_is_not_seen_is_said(finish: Finish, monkeypatch: pytest.MonkeyPatch) -> None:
    moments = iter((0.0, 1.0, 5000.0))
    monkeypatch.setattr("bicoastal.operate.overriding.time.monotonic", lambda: next(moments))
    with pytest.raises(Refused, match="its end was not seen"):
        finish()


def test_a_refused_plan_is_not_carried_out(store: FakeStore) -> None:
    nothing: Any = None
    plan = Plan(CONFIG, RECORD, Evidence(NOW), (), ("a", "b"))
    with pytest.raises(Refused, match="a; b"):
        carry_out(nothing, nothing, plan, Conduct("ada", "gone"))
    assert store.notes == []
