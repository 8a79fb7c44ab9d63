"""A planned switchover step by step; AWS is a fake that does as it is told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from bicoastal.failover.audit import Note
from bicoastal.failover.errors import StoreError
from bicoastal.failover.gateway import GatewayError
from bicoastal.failover.state import Record, State
from bicoastal.failover.votes import Depth, Topology, Verdict, Vote
from bicoastal.operate import moving, switching
from bicoastal.operate.conduct import Conduct
from bicoastal.operate.errors import Refused
from bicoastal.operate.moving import carry_out
from bicoastal.operate.report import RecordReport
from bicoastal.operate.switching import SwitchPlan
from bicoastal.operate.target import Target
from bicoastal.settings import load

from .samples import HOME, RECORD, REGIONS, SETTINGS, STANDBY, arn, database, status

CONFIG = Target(SETTINGS).controller_config(
    STANDBY, {HOME: arn(HOME), STANDBY: arn(STANDBY)}
)  # fmt: skip
BEFORE = Topology(HOME, settled=True, standby_ready=True, connected=True)
MOVING = replace(BEFORE, settled=False)
AFTER = replace(BEFORE, writer=STANDBY)
PLAN = SwitchPlan(CONFIG, RECORD, (("database", ()),))


class Store:
    """A record in memory. No DynamoDB."""

    home_region = HOME

    def __init__(self) -> None:
        self.record = RECORD
        self.notes: list[Note] = []
        self.deaf_to = ""

    def read(self) -> Record:
        return self.record

    def write(self, _old: Record, new: Record, note: Note) -> Record:
        if self.deaf_to and self.deaf_to in note.reason:
            raise StoreError("write failed")
        self.record = new
        self.notes.append(note)
        return new


class World:
    """What AWS says: topologies and votes in turn (the last one stays), and who takes the latch."""

    def __init__(self) -> None:
        self.topologies: list[Topology | None] = [MOVING, None, AFTER]
        self.votes = [Vote("", STANDBY, Verdict.UP, Depth.LOGIN, "login", read_only=False)]
        self.call: tuple[str, ...] | Exception = ("request-1",)
        self.deaf: list[str] = []
        self.calls: list[tuple[str, str]] = []
        self.latch: dict[str, int] = {}

    def vote(self, witness: str, member: str, _number: int) -> Vote:
        if witness != REGIONS[0]:
            vote = self.votes[0]
        else:
            vote = self.votes.pop(0) if len(self.votes) > 1 else self.votes[0]
        return replace(vote, witness=witness, member=member)

    def topology(self) -> Topology:
        now = self.topologies.pop(0) if len(self.topologies) > 1 else self.topologies[0]
        if now is None:
            raise GatewayError("no answer")
        return now

    def put_latch(self, region: str, value: int, _at: float) -> None:
        if region in self.deaf:
            raise GatewayError("not accepted")
        self.latch[region] = value

    def switch_over(
        self, _clients: Any, writer: str, _cluster: str, target: str
    ) -> tuple[str, ...]:
        self.calls.append((writer, target))
        if isinstance(self.call, Exception):
            raise self.call
        return self.call


Go = Callable[..., Record]


@pytest.fixture
def store() -> Store:
    return Store()


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def told() -> list[str]:
    return []


@pytest.fixture
def go(store: Store, world: World, told: list[str], monkeypatch: pytest.MonkeyPatch) -> Go:
    """Carries a plan out while a clock jumps by a second at each pause."""
    clock = [0.0]

    class FakeTime:
        monotonic = staticmethod(lambda: clock[0])
        time = staticmethod(lambda: 1000.0 + clock[0])

    monkeypatch.setattr(moving, "time", FakeTime)
    monkeypatch.setattr(moving, "Gateway", lambda *_: world)
    monkeypatch.setattr(moving, "switch_over", world.switch_over)

    def run(plan: SwitchPlan = PLAN) -> Record:
        access: Any = type("FakeAccess", (), {"clients": None})()
        typed: Any = store
        sleep = lambda _s: clock.__setitem__(0, clock[0] + 1.0)  # noqa: E731
        return carry_out(access, typed, plan, Conduct("ada", "why", tell=told.append, sleep=sleep))

    return run


def reasons(store: Store) -> list[str]:
    return [note.reason for note in store.notes]


def test_the_record_and_the_latch_follow_the_verified_writer(
    go: Go, store: Store, world: World, told: list[str]
) -> None:
    end = go()
    assert world.calls == [(HOME, arn(STANDBY))]
    assert (end.writer, end.armed, end.maintenance_until, end.state) == (
        STANDBY, True, None, State.OBSERVE,
    )  # fmt: skip
    assert world.latch == dict.fromkeys(REGIONS, 0)
    assert [reason.split()[0] for reason in reasons(store)] == [
        "switchover", "switchover", "switched",
    ]  # fmt: skip
    assert store.notes[1].request_ids == ("request-1",)
    assert told[1:5] == [
        f"switchover to {arn(STANDBY)} accepted",
        "RDS is switching over",
        "RDS does not answer",
        f"RDS calls {STANDBY} the writer",
    ]


def test_a_maintenance_that_was_announced_goes_on(go: Go) -> None:
    announced = replace(PLAN, record=replace(RECORD, maintenance_until=9000.0))
    assert go(announced).maintenance_until == 9000.0
    over = replace(PLAN, record=replace(RECORD, maintenance_until=999.0))
    with pytest.raises(Exception, match="the writer already"):
        go(over)


def test_a_refusal_of_aws_gives_the_record_back(go: Go, store: Store, world: World) -> None:
    world.call = ClientError({"Error": {"Code": "Fault", "Message": "not now"}}, "Switch")
    with pytest.raises(Refused, match=r"nothing was moved.*not now"):
        go()
    assert (store.record.writer, store.record.maintenance_until) == (HOME, None)
    assert world.latch == {}


def test_a_switchover_that_rds_gave_up_gives_the_record_back(
    go: Go, store: Store, world: World
) -> None:
    world.topologies = [MOVING, BEFORE]
    with pytest.raises(Refused, match=f"RDS left the writer in {HOME}"):
        go()
    assert (store.record.writer, store.record.maintenance_until) == (HOME, None)


def test_a_call_without_an_answer_is_not_made_twice(go: Go, store: Store, world: World) -> None:
    world.call = EndpointConnectionError(endpoint_url="http://fake")
    world.topologies = [BEFORE, BEFORE, MOVING, AFTER]
    assert go().writer == STANDBY
    assert len(world.calls) == 1


def test_a_call_that_never_shows_was_never_made(go: Go, store: Store, world: World) -> None:
    world.call = EndpointConnectionError(endpoint_url="http://fake")
    world.topologies = [BEFORE]
    with pytest.raises(Refused, match="nothing was moved"):
        go()
    assert len(world.calls) == 1


def test_an_unwritten_note_does_not_end_it(go: Go, store: Store, told: list[str]) -> None:
    store.deaf_to = "accepted"
    assert go().writer == STANDBY
    assert "the audit trail misses this call: write failed" in told


@pytest.mark.parametrize(
    "case",
    (
        ([MOVING], {}, "RDS did not end the switchover in time"),
        ([AFTER], {"read_only": True}, "finds it read-only"),
        ([AFTER], {"verdict": Verdict.DOWN}, "finds it DOWN"),
        ([AFTER], {"verdict": Verdict.UNKNOWN}, f"only 0 of 3 witnesses reach {STANDBY}"),
    ),
)
def test_what_is_not_seen_in_time_moves_neither_record_nor_dns(
    case: tuple[list[Topology | None], dict[str, Any], str], go: Go, store: Store, world: World
) -> None:
    world.topologies, vote, words = case
    world.votes = [replace(world.votes[0], **vote)]
    with pytest.raises(Refused, match=words) as refused:
        go()
    assert "run the same command again" in str(refused.value)
    assert (store.record.writer, world.latch) == (HOME, {})
    assert store.record.maintenance_until is not None


def test_it_waits_until_the_new_writer_is_open(go: Go, world: World) -> None:
    world.votes = [replace(world.votes[0], read_only=True), world.votes[0]]
    assert go().writer == STANDBY


def test_a_latch_that_is_not_accepted_is_said(go: Go, store: Store, world: World) -> None:
    world.deaf = [HOME]
    assert go().writer == STANDBY
    assert set(world.latch) == {STANDBY, REGIONS[2]}


def test_without_a_quorum_the_controllers_go_on_putting_the_latch(
    go: Go, store: Store, world: World
) -> None:
    world.deaf = [HOME, STANDBY]
    with pytest.raises(Refused, match="is the writer, but the latch was not accepted by 2"):
        go()
    assert store.record.writer == STANDBY


def test_a_resumed_one_calls_nobody(go: Go, world: World) -> None:
    world.topologies = [AFTER]
    assert go(replace(PLAN, resumes=True)).writer == STANDBY
    assert world.calls == []


def test_a_refused_plan_is_not_carried_out(go: Go, store: Store) -> None:
    with pytest.raises(Refused, match="a; b"):
        go(replace(PLAN, preconditions=(("x", ("a",)), ("y", ("b",)))))
    assert store.notes == []


def planned(
    monkeypatch: pytest.MonkeyPatch, world: World, settings: Any = SETTINGS, **seen: Any
) -> SwitchPlan:
    found = status(**seen)
    decision = found.decision
    store: Any = Store()
    store.record = decision.record if decision else RECORD
    monkeypatch.setattr(switching, "look", lambda *_: found)
    monkeypatch.setattr(switching, "Gateway", lambda *_: world)
    access: Any = type("FakeAccess", (), {"clients": None, "target": Target(settings)})()
    return switching.plan(access, store, STANDBY, 1.0)


def test_a_healthy_stack_has_no_red_precondition(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = planned(monkeypatch, world)
    assert (plan.refusals, plan.resumes, plan.done) == ((), False, False)
    assert [name for name, _ in plan.preconditions] == [
        "regions", "database", "record", "lag", "votes", "latch", "checks", "program", "dns",
        "versions", "rest", "routing", "target",
    ]  # fmt: skip
    values = plan.to_dict()
    assert values["call"] == (
        f"rds:SwitchoverGlobalCluster in {HOME}: global-dev to {arn(STANDBY)}"
    )


def test_every_red_precondition_is_named(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    members = database().members
    world.votes = [Vote("", STANDBY, Verdict.DOWN, Depth.TCP, "refused")]
    settings = load({"health": {"endpointCheck": "public"}, "dns": {"mode": "health-check"},
                     "network": {"clientCidrs": ["198.51.100.0/24"]}})  # fmt: skip
    plan = planned(
        monkeypatch,
        world,
        settings,
        database=database(
            members=(replace(members[0], version="1"), replace(members[1], version="2"))
        ),
        decision=RecordReport(STANDBY, replace(RECORD, state=State.REJOINING), None),
    )
    red = dict(plan.preconditions)
    assert red["versions"] == (f"the members' engine versions differ: {HOME} 1, {STANDBY} 2",)
    assert red["rest"] == ("the record is not at rest: REJOINING (acknowledge, then rejoin)",)
    assert "DNS would stay with the home region" in red["routing"][0]
    assert red["target"][-1] == f"only 0 of 3 witnesses reach {STANDBY}"


def test_a_writer_that_moved_already_is_followed(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    members = database().members
    moved = database(
        members=(replace(members[0], role="standby"), replace(members[1], role="writer"))
    )
    plan = planned(monkeypatch, world, database=moved)
    assert (plan.resumes, plan.refusals) == (True, ())
    assert plan.to_dict()["call"] is None
    changing = planned(monkeypatch, world, database=replace(moved, status="modifying"))
    assert changing.refusals == ("the global database is modifying",)
    record = RecordReport(STANDBY, replace(RECORD, writer=STANDBY), None)
    assert planned(monkeypatch, world, database=moved, decision=record).done


def test_without_a_topology_nothing_is_planned(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = planned(monkeypatch, world, database=None, database_problem="no answer")
    assert "the topology is unknown: no answer" in plan.refusals
    assert "an unknown ARN" in plan.call


def test_a_witness_that_does_not_answer_is_unknown() -> None:
    class Deaf:
        def vote(self, witness: str, member: str, _number: int) -> Vote:
            raise GatewayError("no answer")

    gateway: Any = Deaf()
    votes = switching.ask_witnesses(gateway, CONFIG, STANDBY)
    assert [(vote.witness, vote.verdict, vote.reason) for vote in votes] == [
        (witness, Verdict.UNKNOWN, "no answer") for witness in sorted(REGIONS)
    ]
