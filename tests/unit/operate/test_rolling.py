"""An upgrade step by step; AWS is a fake whose members take a while."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from bicoastal.failover.errors import Conflict, RecordError, StoreError
from bicoastal.failover.state import Record
from bicoastal.operate import rolling
from bicoastal.operate.conduct import Conduct
from bicoastal.operate.errors import Refused
from bicoastal.operate.rolling import carry_out
from bicoastal.operate.target import Target
from bicoastal.operate.upgrading import UpgradePlan

from .samples import HOME, RECORD, SETTINGS, STANDBY, arn
from .test_switching import Store as PlainStore
from .test_upgrading import NEW, OLD, members

PLAN = UpgradePlan("global-dev", NEW, RECORD, tuple(reversed(members())), (), ("a", "b", "see X"))
SILENCE = EndpointConnectionError(endpoint_url="http://fake")
REFUSAL = ClientError({"Error": {"Code": "Fault", "Message": "not in place"}}, "Modify")


class Store(PlainStore):
    """A record in memory that takes writes without a note, and may be deaf for them."""

    def __init__(self) -> None:
        super().__init__()
        self.heartbeats: list[Exception | None] = []

    def write(self, old: Record, new: Record, note: Any) -> Record:
        if note is not None:
            return super().write(old, new, note)
        if self.heartbeats and (error := self.heartbeats.pop(0)):
            raise error
        self.record = new
        return new


class Rds:
    """One global database: a member that is asked is busy for some looks, then has the version."""

    def __init__(self) -> None:
        self.versions = {HOME: OLD, STANDBY: OLD}
        self.status = dict.fromkeys(self.versions, "available")
        self.sync = {HOME: "connected", STANDBY: "connected"}
        self.late: dict[str, int] = {}
        self.whole = [NEW]
        self.calls: list[str] = []
        self.answers: dict[str, Exception] = {}
        self.silent: list[str] = []

    def client(self, region: str) -> Any:
        return type("Client", (), {
            "describe_db_clusters": lambda _self, **_: self.clusters(region),
            "describe_db_instances": lambda _self, **_: self.instances(region),
            "describe_global_clusters": lambda _self, **_: self.group(),
            "modify_db_cluster": lambda _self, **asked: self.modify(region, asked),
        })()  # fmt: skip

    def get(self, _service: str, region: str, **_: Any) -> Any:
        return self.client(region)

    def modify(self, region: str, asked: dict[str, Any]) -> Any:
        assert asked["ApplyImmediately"] is True
        self.calls.append(region)
        error = self.answers.get(region)
        if error is None or error is SILENCE:
            self.status[region] = "upgrading"
            self.late.setdefault(region, 2)
        if error is not None:
            raise error
        return {"ResponseMetadata": {"RequestId": f"request-{region}"}}

    def clusters(self, region: str) -> Any:
        if region in self.silent:
            self.silent.remove(region)
            raise SILENCE
        if self.status[region] == "upgrading":
            self.late[region] -= 1
            if self.late[region] <= 0:
                self.status[region], self.versions[region] = "available", NEW
        found = {
            "DBClusterIdentifier": region, "DBClusterArn": arn(region),
            "Status": self.status[region], "EngineVersion": self.versions[region],
        }  # fmt: skip
        return {"DBClusters": [found]}

    def instances(self, region: str) -> Any:
        one = {"DBInstanceStatus": "available", "EngineVersion": self.versions[region]}
        return {"DBInstances": [one]}

    def group(self) -> Any:
        found = [
            {"DBClusterArn": arn(r), "SynchronizationStatus": self.sync[r]} for r in self.versions
        ]
        version = self.whole.pop(0) if len(self.whole) > 1 else self.whole[0]
        return {"GlobalClusters": [{"GlobalClusterMembers": found, "EngineVersion": version}]}


Go = Callable[..., Record]


@pytest.fixture
def store() -> Store:
    return Store()


@pytest.fixture
def rds() -> Rds:
    return Rds()


@pytest.fixture
def told() -> list[str]:
    return []


@pytest.fixture
def clock() -> list[float]:
    return [0.0]


@pytest.fixture
def go(
    store: Store, rds: Rds, told: list[str], clock: list[float], monkeypatch: pytest.MonkeyPatch
) -> Go:
    class FakeTime:
        monotonic = staticmethod(lambda: clock[0])
        time = staticmethod(lambda: 1000.0 + clock[0])

    monkeypatch.setattr(rolling, "time", FakeTime)

    def run(plan: UpgradePlan = PLAN, **more: Any) -> Record:
        access: Any = type("FakeAccess", (), {"clients": rds, "target": Target(SETTINGS)})()
        typed: Any = store
        values = {"tell": told.append, **more}
        sleep = lambda s: clock.__setitem__(0, clock[0] + s)  # noqa: E731
        return carry_out(access, typed, plan, Conduct("ada", "why", 7200.0, sleep=sleep, **values))

    return run


def reasons(store: Store) -> list[str]:
    return [note.reason for note in store.notes]


def test_the_standby_comes_first_and_everything_is_told_and_given_back(
    go: Go, store: Store, rds: Rds, told: list[str]
) -> None:
    end = go()
    assert rds.calls == [STANDBY, HOME]
    assert rds.versions == {HOME: NEW, STANDBY: NEW}
    assert (end.armed, end.maintenance_until, end.held_by, end.held_until) == (
        True, None, None, None,
    )  # fmt: skip
    assert [note.request_ids for note in store.notes] == [
        (), (f"request-{STANDBY}",), (f"request-{HOME}",), (),
    ]  # fmt: skip
    assert {note.requester for note in store.notes} == {"ada"}
    assert reasons(store)[0].endswith("begins, 7200 s at most: why")
    assert told[1:4] == [
        f"upgrade of aurora-usw2-dev in {STANDBY} to {NEW} accepted",
        f"{STANDBY} is upgrading",
        f"{STANDBY} has {NEW}, after 10 s",
    ]


def test_a_maintenance_that_was_announced_goes_on_and_one_that_was_left_does_not(go: Go) -> None:
    announced = replace(RECORD, maintenance_until=90000.0)
    assert go(replace(PLAN, record=announced)).maintenance_until == 90000.0
    left = replace(announced, held_by="another run", held_until=1.0)
    assert go(replace(PLAN, record=left)).maintenance_until is None


def test_what_is_reached_or_under_way_is_not_asked_for_again(
    go: Go, rds: Rds, told: list[str]
) -> None:
    rds.versions[STANDBY] = NEW
    rds.status[HOME], rds.late[HOME] = "upgrading", 5
    go(replace(PLAN, members=tuple(reversed(members(None, {"version": NEW})))))
    assert rds.calls == []
    assert f"{STANDBY} has {NEW}" in told


def test_a_refusal_before_anything_was_changed_gives_the_record_back(
    go: Go, store: Store, rds: Rds
) -> None:
    rds.answers[STANDBY] = REFUSAL
    with pytest.raises(Refused, match=r"nothing was changed.*not in place.*see X"):
        go()
    assert (store.record.maintenance_until, store.record.held_by) == (None, None)
    with pytest.raises(Refused, match=r"not in place$"):
        go(replace(PLAN, notes=("a", "b")))


def test_a_refusal_half_way_leaves_the_hold_and_the_way_free(
    go: Go, store: Store, rds: Rds
) -> None:
    rds.answers[HOME] = REFUSAL
    with pytest.raises(Refused, match=r"does not upgrade us-east-1.*run the same command again"):
        go()
    assert store.record.maintenance_until == 8200.0
    assert store.record.held_until is not None
    assert store.record.held_until <= 1020.0
    assert "left undone" in reasons(store)[-1]
    # So does one that goes on with what an earlier run has begun.
    rds.answers = {STANDBY: REFUSAL}
    rds.versions[STANDBY] = OLD
    begun = replace(PLAN, members=tuple(reversed(members({"status": "upgrading"}))))
    with pytest.raises(Refused, match="does not upgrade us-west-2"):
        go(begun)


def test_an_unanswered_call_counts_if_it_shows_and_else_after_a_while(
    go: Go, rds: Rds, told: list[str], clock: list[float]
) -> None:
    rds.answers[STANDBY] = SILENCE
    go()
    assert rds.calls == [STANDBY, HOME]
    assert any("no answer" in line for line in told)
    rds.versions[STANDBY] = OLD
    rds.modify = lambda region, _: (_ for _ in ()).throw(SILENCE)  # type: ignore[assignment,method-assign]
    started = clock[0]
    with pytest.raises(Refused, match="RDS in us-west-2 never began"):
        go()
    assert 60 < clock[0] - started < 100


def test_a_region_that_is_silent_for_a_moment_is_waited_for(
    go: Go, rds: Rds, told: list[str]
) -> None:
    rds.silent = [STANDBY, STANDBY]
    go()
    assert f"RDS in {STANDBY} is silent" in told


def test_a_standby_must_be_in_step_before_the_writers_turn(go: Go, rds: Rds) -> None:
    rds.sync[STANDBY] = "pending-resync"
    with pytest.raises(Refused, match="did not end in time"):
        go()
    assert rds.calls == [STANDBY]


def test_an_unwritten_note_does_not_end_it(go: Go, store: Store, told: list[str]) -> None:
    store.deaf_to = "accepted"
    go()
    assert "the audit trail misses this call: write failed" in told


def test_whoever_lost_the_record_stops(go: Go, store: Store, rds: Rds) -> None:
    store.heartbeats = [None, RecordError("held by another")]
    with pytest.raises(Refused, match="held by another; what is begun is not undone"):
        go()
    assert rds.calls == [STANDBY]


def test_a_word_that_is_not_written_may_be_missed_for_a_while(
    go: Go, store: Store, rds: Rds
) -> None:
    store.heartbeats = [Conflict("quicker"), StoreError("silent"), None]
    go()
    assert rds.versions == {HOME: NEW, STANDBY: NEW}
    rds.versions[STANDBY], rds.late[STANDBY] = OLD, 100
    store.heartbeats = [StoreError("silent")] * 50
    with pytest.raises(StoreError, match="silent"):
        go()


def test_the_end_is_verified_for_all_and_for_the_whole(
    go: Go, store: Store, rds: Rds, clock: list[float]
) -> None:
    rds.whole = [OLD] * 7 + [NEW]
    go()
    rds.versions = {HOME: OLD, STANDBY: OLD}
    rds.late = {}
    rds.whole = [OLD]
    with pytest.raises(Refused, match=f"the global database is called {OLD}"):
        go()
    looks: list[str] = []
    describe = rds.clusters

    def moved(region: str) -> Any:
        looks.append(region)
        found = describe(region)
        if region == STANDBY and looks.count(STANDBY) > 1:
            found["DBClusters"][0]["EngineVersion"] = OLD
        return found

    rds.clusters = moved  # type: ignore[method-assign]
    with pytest.raises(Refused, match=f"{STANDBY} did not stay at"):
        go()


def test_an_interruption_leaves_the_way_free(go: Go, store: Store) -> None:
    def interrupted(_line: str) -> None:
        if "is upgrading" in _line:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        go(tell=interrupted)
    assert reasons(store)[-1].endswith("left undone: KeyboardInterrupt")
    assert store.record.held_until == 1000.0


def test_a_refused_plan_is_not_carried_out(go: Go, store: Store) -> None:
    with pytest.raises(Refused, match="a; b"):
        go(replace(PLAN, preconditions=(("x", ("a",)), ("y", ("b",)))))
    assert store.notes == []
