"""When a stack is destroyed, in which order, and when it is not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from bicoastal.failover.errors import RecordError, StoreError
from bicoastal.failover.state import Record, State
from bicoastal.operate import destroying, inventory
from bicoastal.operate.destroying import destroy, plan
from bicoastal.operate.errors import Refused
from bicoastal.operate.target import Target

from .fake_rds import FakeRds, both, cluster, group, refused, silence
from .samples import HOME, RECORD, SETTINGS, STANDBY


class FakeStore:
    """The record in one region."""

    home_region = HOME

    def __init__(self, record: Record | None = RECORD, cause: Exception | None = None) -> None:
        self.record, self.cause = record, cause
        self.notes: list[str] = []

    def read(self) -> Record:
        if self.record is None:
            raise StoreError("unread") from self.cause
        return self.record

    def write(self, old: Record, new: Record, note: Any) -> Record:
        assert old == self.record
        self.record = replace(new, version=old.version + 1)
        self.notes.append(f"{note.requester} {note.reason}")
        return self.record


class FakeAccess:
    """A stack whose RDS and record are played."""

    def __init__(self, rds: FakeRds, *stores: FakeStore) -> None:
        self.target = Target(SETTINGS)
        self.stores = dict(zip(self.target.order, stores or (FakeStore(),) * 2, strict=True))
        self.clients = SimpleNamespace(get=lambda service, region, **_: rds(service, region))

    def store(self, region: str) -> FakeStore:
        return self.stores[region]


Left = list[Any]


@pytest.fixture
def left(monkeypatch: pytest.MonkeyPatch) -> Left:
    """What the looks at the account find, one after the other; the last one stays."""
    found: Left = [()]

    def of_stack(_client: Any, _settings: Any) -> tuple[str, ...]:
        now = found.pop(0) if len(found) > 1 else found[0]
        if isinstance(now, Exception):
            raise now
        return tuple(now)

    monkeypatch.setattr(inventory, "of_stack", of_stack)
    return found


def access(rds: FakeRds, *stores: FakeStore) -> Any:
    return FakeAccess(rds, *stores)


def all_of_it(way: Any, rest: Any = None, agreed: Any = None) -> tuple[tuple[str, ...], list[str]]:
    told: list[str] = []
    agreed = agreed or plan(way)
    found = destroy(
        way, agreed, rest, requester="me", reason="test", tell=told.append, sleep=lambda _s: None
    )
    return found, told


def test_the_failover_is_held_then_the_databases_go_then_the_rest(left: Left) -> None:
    rds, store = both(STANDBY), FakeStore()
    order: list[str] = []
    way = access(rds, store, store)
    agreed = plan(way)
    assert (agreed.writer, agreed.there, agreed.kept) == (STANDBY, None, ())
    assert (agreed.refusals, rds.asked, store.notes) == ((), [], [])
    found, told = all_of_it(way, lambda: order.extend(rds.asked), agreed)
    assert found == ()
    assert order[0] == "instance db-use1-1-dev"
    assert order[-1] == "group global-dev"
    assert store.notes == ["me disarmed to destroy: test"]
    assert (store.record.armed, store.record.state) == (False, State.OBSERVE)  # type: ignore[union-attr]
    assert told[0] == "the failover is disarmed"
    assert told[1] == "1/7 delete DB instance db-use1-1-dev (us-east-1)"
    assert told[-2:] == ["deleting the rest", "looking at what is left"]


def test_what_is_left_is_told(left: Left) -> None:
    left[:] = [("us-east-1 VPC vpc-1",)]
    assert all_of_it(access(both()))[0] == ("us-east-1 VPC vpc-1",)


def test_without_databases_only_the_rest_is_left_to_do(left: Left) -> None:
    """Also when the record's last word was of a failover: it is of no databases."""
    rds, ran = FakeRds(), []
    store = FakeStore(replace(RECORD, state=State.PROMOTING))
    found, told = all_of_it(access(rds, store, store), lambda: ran.append(1))
    assert (found, ran, rds.asked, store.notes) == ((), [1], [], [])
    assert told == ["deleting the rest", "looking at what is left"]
    assert left == [()]


GONE = FakeStore(None, refused("ResourceNotFoundException"))


@pytest.mark.usefixtures("left")
def test_a_table_that_is_gone_asks_nothing() -> None:
    way = access(both(), GONE, GONE)
    assert plan(way).record is None
    assert "the failover is disarmed" not in all_of_it(way)[1]


@pytest.mark.usefixtures("left")
@pytest.mark.parametrize("cause", (silence(), refused("AccessDenied"), None))
def test_an_unread_record_stops_it(cause: Exception | None) -> None:
    with pytest.raises(Refused, match="whether a failover is under way is unknown") as stopped:
        plan(access(both(), FakeStore(None, cause), GONE))
    assert f"{STANDBY}: " in str(stopped.value)
    # One region that answers is enough.
    assert plan(access(both(), FakeStore(None, cause), FakeStore())).record == RECORD


@pytest.mark.usefixtures("left")
@pytest.mark.parametrize("state", tuple(State))
def test_a_failover_under_way_stops_it(state: State) -> None:
    rds, record = both(), replace(RECORD, state=state, target_region=STANDBY)
    store = FakeStore(record)
    way = access(rds, store, store)
    found = plan(way).refusals
    if state in (State.OBSERVE, State.STEADY, State.COOLDOWN, State.REJOINING):
        assert found == ()
        all_of_it(way)
        assert store.record is not None
        assert not store.record.armed
        assert (store.record.state == state) is (state is not State.STEADY)
        return
    (line,) = found
    assert line.startswith(f"the record is in {state} to {STANDBY}: ")
    with pytest.raises(Refused, match=f"in {state}"):
        all_of_it(way)
    assert rds.asked == []


@pytest.mark.usefixtures("left")
def test_a_failover_that_begins_after_the_plan_stops_it() -> None:
    rds, store = both(), FakeStore()
    way = access(rds, store, store)
    agreed = plan(way)
    store.record = replace(RECORD, state=State.FENCING, target_region=None)
    with pytest.raises(RecordError, match="the record is in FENCING: wait"):
        all_of_it(way, None, agreed)
    assert rds.asked == []


@pytest.mark.usefixtures("left")
@pytest.mark.parametrize("change", ("writer", "protection"))
def test_a_topology_that_is_not_the_planned_one_stops_it(change: str) -> None:
    rds = both()
    way = access(rds)
    agreed = plan(way)
    if change == "writer":
        rds.group = group(STANDBY, HOME, STANDBY)
        words = "the writer is us-west-2 now, not us-east-1"
    else:
        rds.clusters[HOME] = cluster(HOME, DeletionProtection=True)
        words = "deletion protection"
    with pytest.raises(Refused, match=words):
        all_of_it(way, None, agreed)
    assert rds.asked == []


def test_an_account_that_cannot_be_looked_at_is_not_called_empty(left: Left) -> None:
    left[:] = [refused("AccessDenied", "not you")]
    with pytest.raises(Refused, match="could not be listed: AccessDenied: not you"):
        all_of_it(access(both()))


def test_the_plan_as_json(left: Left) -> None:
    left[:] = [("us-east-1 VPC vpc-1",)]
    values = plan(access(both()), everything=True).to_dict()
    assert values["steps"][1] == {
        "action": "detach", "kind": "DB cluster", "name": "aurora-usw2-dev", "region": STANDBY,
        "arn": "arn:aws:rds:us-west-2:123456789012:cluster:aurora-usw2-dev",
        "group": "global-dev", "snapshot": None, "parameters": None, "security_groups": (),
    }  # fmt: skip
    assert values["record"]["state"] == "STEADY"
    assert (values["writer"], values["there"]) == (HOME, ["us-east-1 VPC vpc-1"])
    unlisted = plan(access(both(), GONE, GONE)).to_dict()
    assert (unlisted["record"], unlisted["there"]) == (None, None)


def test_clients_wait_longer_than_a_look_would(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Sequence[Any]] = []
    way: Any = SimpleNamespace(
        clients=SimpleNamespace(get=lambda *a, **named: asked.append((a, named)))
    )
    destroying.clients(way)("rds", HOME)
    assert asked == [(("rds", HOME), {"read_timeout_s": 30.0})]
