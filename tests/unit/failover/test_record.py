"""The record's store: conditional writes, the audit chain, and what humans may ask for."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError

from bicoastal.failover import record
from bicoastal.failover.audit import MAX_REASON
from bicoastal.failover.errors import Conflict, RecordError, StoreError
from bicoastal.failover.record import Entry, Note, Record, RecordStore, verify_chain
from bicoastal.failover.state import State

from .fakes import HOME, STANDBY, armed


class FakeTable:
    """A DynamoDB client in memory that knows the two conditions which the store uses."""

    def __init__(self) -> None:
        self.item: dict[str, Any] | None = None
        self.fail: Exception | None = None
        self.fail_after: Exception | None = None

    def get_item(self, **request: Any) -> dict[str, Any]:
        assert request == {
            "TableName": "record-dev",
            "Key": {"cluster": {"S": "global-dev"}},
            "ConsistentRead": True,
        }
        if self.fail:
            raise self.fail
        return {"Item": self.item} if self.item else {}

    def put_item(self, **request: Any) -> dict[str, Any]:
        if self.fail:
            raise self.fail
        names = request["ExpressionAttributeNames"]
        if request["ConditionExpression"] == "attribute_not_exists(#c)":
            assert names == {"#c": "cluster"}
            met = self.item is None
        else:
            assert request["ConditionExpression"] == "#e = :e AND #s = :s AND #v = :v"
            values = request["ExpressionAttributeValues"]
            wanted = {names[f"#{key}"]: values[f":{key}"] for key in "esv"}
            met = self.item is not None and self.item.items() >= wanted.items()
        if not met:
            raise error("ConditionalCheckFailedException")
        self.item = json.loads(json.dumps(request["Item"]))
        if self.fail_after:
            raise self.fail_after
        return {}


def error(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "fake"}}, "PutItem")


def note(reason: str = "because") -> Note:
    return Note(12.5, "test", reason, {"votes": []}, ("Gather",), ("id-1",))


@pytest.fixture
def table() -> FakeTable:
    return FakeTable()


@pytest.fixture
def new(table: FakeTable) -> Callable[..., RecordStore]:
    def make(**changes: Any) -> RecordStore:
        client: Any = table
        return RecordStore(client, "record-dev", "global-dev", HOME, **changes)

    return make


@pytest.fixture
def store(new: Callable[..., RecordStore]) -> RecordStore:
    return new()


def test_without_an_item_the_record_is_disarmed_and_at_home(store: RecordStore) -> None:
    assert store.read() == Record("global-dev", HOME)
    assert store.read().armed is False
    assert store.audit() == ()


def test_a_written_record_is_read_back(store: RecordStore, new: Callable[..., RecordStore]) -> None:
    changed = armed(State.FENCING, version=0, target_arn="arn", first_bad_at=1.25, epoch=3)
    written = store.write(store.read(), changed, note())
    assert written == replace(changed, version=1)
    assert new().read() == written


def test_a_second_first_write_loses(store: RecordStore, new: Callable[..., RecordStore]) -> None:
    other = new()
    ours, theirs = store.read(), other.read()
    store.write(ours, replace(ours, armed=True), note("first"))
    with pytest.raises(Conflict):
        other.write(theirs, replace(theirs, armed=True), note("second"))
    assert [entry.reason for entry in store.audit()] == ["first"]


@pytest.mark.parametrize("field", ("epoch", "state", "version"))
def test_a_write_needs_epoch_state_and_version(
    field: str, store: RecordStore, table: FakeTable
) -> None:
    old = store.write(store.read(), armed(version=0), note())
    assert table.item is not None
    table.item[field] = {"S": "HELD"} if field == "state" else {"N": "99"}
    with pytest.raises(Conflict):
        store.write(old, replace(old, armed=False), note())


def test_a_stale_record_loses_before_anything_is_sent(store: RecordStore) -> None:
    first = store.read()
    second = store.write(first, replace(first, armed=True), note())
    with pytest.raises(Conflict):
        store.write(first, replace(first, armed=True), note())
    assert store.write(second, replace(second, armed=False), note()).version == 2


def test_a_store_that_has_read_nothing_reads_the_trail_first(
    store: RecordStore, new: Callable[..., RecordStore]
) -> None:
    old = store.write(store.read(), armed(version=0), note("first"))
    new().write(old, replace(old, armed=False), note("second"))
    assert [entry.reason for entry in store.audit()] == ["first", "second"]


@pytest.mark.parametrize(
    "code",
    (
        "ConditionalCheckFailedException",
        "ReplicatedWriteConflictException",
        "TransactionConflictException",
    ),
)
def test_lost_races_are_conflicts(code: str, store: RecordStore, table: FakeTable) -> None:
    old = store.read()
    table.fail = error(code)
    with pytest.raises(Conflict):
        store.write(old, replace(old, armed=True), note())


@pytest.mark.parametrize(
    "failure",
    (error("ProvisionedThroughputExceededException"), ConnectTimeoutError(endpoint_url="x")),
)
def test_no_answer_is_a_store_error(
    failure: Exception, store: RecordStore, table: FakeTable
) -> None:
    old = store.read()
    table.fail = failure
    with pytest.raises(StoreError, match="could not be written"):
        store.write(old, replace(old, armed=True), note())
    with pytest.raises(StoreError, match="could not be read"):
        store.read()


def test_a_write_that_arrived_without_an_answer_is_found_by_reading(
    store: RecordStore, table: FakeTable
) -> None:
    old = store.read()
    table.fail_after = ConnectTimeoutError(endpoint_url="x")
    with pytest.raises(StoreError):
        store.write(old, replace(old, armed=True), note("arrived"))
    table.fail_after = None
    with pytest.raises(Conflict):
        store.write(old, replace(old, armed=True), note("again"))
    assert store.read().armed
    assert verify_chain(store.audit()) == []


@pytest.mark.parametrize(
    "item",
    (
        {"record": {"S": "nonsense"}, "audit": {"L": []}},
        {"record": {"S": "{}"}, "audit": {"L": []}},
        {"record": {"S": '{"state":"DANCING","cluster":"c","writer":"w"}'}, "audit": {"L": []}},
        {"record": {"S": '{"state":"STEADY"}'}, "audit": {"L": []}},
        {"audit": {"L": []}},
    ),
)
def test_a_damaged_item_is_named(
    item: dict[str, Any], store: RecordStore, table: FakeTable
) -> None:
    table.item = item
    with pytest.raises(RecordError, match=r"global-dev in table record-dev is damaged"):
        store.read()


def test_a_record_of_a_newer_version_is_understood() -> None:
    raw = {**armed().to_dict(), "invented_later": 1}
    del raw["noticed"]
    assert Record.from_dict(raw) == armed()


def filled(store: RecordStore, count: int) -> tuple[Entry, ...]:
    current = store.read()
    for number in range(count):
        current = store.write(current, replace(current, bad_rounds=number + 1), note(f"n{number}"))
    return store.audit()


def test_the_trail_is_a_chain(store: RecordStore) -> None:
    entries = filled(store, 4)
    assert [entry.seq for entry in entries] == [1, 2, 3, 4]
    assert verify_chain(entries) == []
    assert verify_chain(()) == []
    last = entries[-1]
    assert (last.from_state, last.to_state, last.epoch) == ("OBSERVE", "OBSERVE", 1)
    assert (last.before["bad_rounds"], last.after["bad_rounds"]) == (3, 4)
    assert (last.requester, last.request_ids, last.actions) == ("test", ("id-1",), ("Gather",))


def test_the_trail_is_bounded_and_stays_verifiable(new: Callable[..., RecordStore]) -> None:
    entries = filled(new(audit_limit=3), 5)
    assert [entry.seq for entry in entries] == [3, 4, 5]
    assert verify_chain(entries) == []


def test_a_long_reason_is_cut(store: RecordStore) -> None:
    store.write(store.read(), armed(version=0), note("x" * 5000))
    assert len(store.audit()[0].reason) == MAX_REASON


def test_a_write_without_a_note_leaves_the_trail_alone(store: RecordStore) -> None:
    filled(store, 2)
    old = store.read()
    store.write(old, replace(old, last_bad_at=9.0), None)
    assert [entry.seq for entry in store.audit()] == [1, 2]
    assert store.read().last_bad_at == 9.0


def test_tampering_is_noticed(store: RecordStore) -> None:
    first, second, third = filled(store, 3)
    forged = replace(second, reason="nothing happened")
    assert verify_chain((first, forged, third)) == ["entry 2 was changed after it was written"]
    rehashed = replace(forged, hash=forged.digest())
    assert verify_chain((first, rehashed, third)) == ["entry 3 does not follow the one before it"]
    assert verify_chain((first, third)) == ["entry 3 does not follow the one before it"]
    uprooted = replace(first, previous_hash="f" * 64)
    uprooted = replace(uprooted, hash=uprooted.digest())
    assert verify_chain((uprooted,)) == ["entry 1 does not follow the one before it"]


@pytest.mark.parametrize("text", ("nonsense", "{}", '{"actions":[],"request_ids":[]}', "[]"))
def test_an_unreadable_entry_is_explained(text: str) -> None:
    with pytest.raises(RecordError, match="audit entry cannot be read"):
        Entry.from_json(text)


def test_arm_and_disarm(store: RecordStore) -> None:
    assert record.arm(store, "ada", "ready", 5.0).armed
    assert record.arm(store, "ada", "again", 6.0).version == 1, "armed already: nothing written"
    assert not record.disarm(store, "bob", "deploying", 7.0).armed
    assert record.disarm(store, "bob", "again", 8.0).version == 2
    trail = [(entry.requester, entry.reason, entry.at) for entry in store.audit()]
    assert trail == [("ada", "armed: ready", 5.0), ("bob", "disarmed: deploying", 7.0)]


def put(store: RecordStore, changed: Record) -> None:
    store.write(store.read(), changed, note())


def test_arming_needs_acknowledgement_and_rest(store: RecordStore) -> None:
    put(store, armed(State.OBSERVE, armed=False, acknowledged=False))
    with pytest.raises(RecordError, match="acknowledge the last failover"):
        record.arm(store, "ada", "ready", 5.0)
    assert record.acknowledge(store, "ada", "seen", 6.0).acknowledged
    assert record.arm(store, "ada", "ready", 7.0).armed
    put(store, armed(State.COOLDOWN, armed=False))
    with pytest.raises(RecordError, match="only OBSERVE can be armed; the record is in COOLDOWN"):
        record.arm(store, "ada", "ready", 8.0)


def test_approval_is_for_what_is_held_and_expires(store: RecordStore) -> None:
    with pytest.raises(RecordError, match="nothing waits for approval"):
        record.approve(store, "ada", "yes", 5.0)
    put(store, armed(State.HELD))
    assert record.approve(store, "ada", "yes", 5.0, valid_s=60.0).approved_until == 65.0


def test_unlock_names_the_writer_and_forgets_the_rest(store: RecordStore) -> None:
    put(store, armed(State.LOCKED, epoch=4, target_arn="arn", last_failover_at=3.0, armed=False))
    moved = record.unlock(store, "ada", "checked", 9.0, writer=STANDBY)
    expected = Record(
        "global-dev", STANDBY, epoch=5, version=2, since=9.0, latch=0, last_failover_at=3.0,
        target_region=STANDBY,
    )  # fmt: skip
    assert moved == expected
    assert record.unlock(store, "ada", "checked", 9.5, writer=HOME).latch == 1
    assert record.unlock(store, "ada", "same", 9.6, writer=HOME).epoch == 6
    put(store, armed(State.PROMOTING))
    with pytest.raises(RecordError, match="only LOCKED or OBSERVE"):
        record.unlock(store, "ada", "checked", 10.0, writer=HOME)


def test_a_request_is_repeated_when_a_controller_was_quicker(
    store: RecordStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = RecordStore.write
    lost: list[int] = []

    def lose_once(self: RecordStore, old: Record, new: Record, note: Note | None) -> Record:
        if not lost:
            lost.append(1)
            raise Conflict("fake")
        return write(self, old, new, note)

    monkeypatch.setattr(RecordStore, "write", lose_once)
    assert record.arm(store, "ada", "ready", 5.0).version == 1


def test_a_request_gives_up_when_the_record_keeps_changing(
    store: RecordStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lose(self: RecordStore, old: Record, new: Record, note: Note | None) -> Record:
        raise Conflict("fake")

    monkeypatch.setattr(RecordStore, "write", lose)
    with pytest.raises(Conflict, match="kept changing"):
        record.arm(store, "ada", "ready", 5.0)


def test_maintenance_begins_and_ends_and_is_told(store: RecordStore) -> None:
    assert record.maintain(store, "ada", "upgrade", 5.0, until=65.0).maintenance_until == 65.0
    assert record.maintain(store, "ada", "done", 6.0, until=None).maintenance_until is None
    assert record.maintain(store, "ada", "again", 7.0, until=None).version == 2
    assert [entry.reason for entry in store.audit()] == [
        "maintenance for 60 s: upgrade",
        "maintenance ended: done",
    ]
    with pytest.raises(RecordError, match="must end in the future"):
        record.maintain(store, "ada", "late", 8.0, until=8.0)


def ask_for_standby(store: RecordStore, now: float = 9.0) -> Record:
    return record.request_failover(
        store, "ada", "gone", now, region=STANDBY, arn="arn", evidence={"votes": []}
    )


@pytest.mark.parametrize(
    "state", (State.OBSERVE, State.STEADY, State.SUSPECT, State.HELD, State.COOLDOWN)
)
def test_a_humans_failover_fixes_target_and_epoch(state: State, store: RecordStore) -> None:
    found = armed(
        state, version=0, epoch=4, bad_rounds=2, first_bad_at=1.0, last_bad_at=2.0, noticed=True,
        approved_until=99.0, maintenance_until=88.0,
    )  # fmt: skip
    store.write(store.read(), found, note())
    asked = ask_for_standby(store)
    assert (asked.state, asked.epoch, asked.since) == (State.PROMOTING, 5, 9.0)
    assert (asked.target_region, asked.target_arn, asked.writer) == (STANDBY, "arn", HOME)
    assert (asked.bad_rounds, asked.first_bad_at, asked.last_bad_at) == (0, None, None)
    assert (asked.noticed, asked.approved_until, asked.maintenance_until) == (False, None, 88.0)
    entry = store.audit()[-1]
    assert (entry.requester, entry.evidence) == ("ada", {"votes": []})
    assert entry.reason == f"failover to {STANDBY} requested: gone"


@pytest.mark.parametrize(
    ("changes", "reason"),
    (
        ({"writer": STANDBY}, "is the writer already"),
        ({"state": State.FENCING, "target_region": STANDBY}, "under way already"),
        ({"state": State.PROMOTING, "target_region": STANDBY}, "under way already"),
        ({"state": State.REDIRECTING, "target_region": STANDBY}, "under way already"),
        ({"state": State.LOCKED}, "LOCKED"),
    ),
)
def test_a_humans_failover_is_refused_where_it_would_be_a_second_one(
    changes: dict[str, Any], reason: str, store: RecordStore
) -> None:
    store.write(store.read(), replace(armed(State.STEADY, version=0), **changes), note())
    with pytest.raises(RecordError, match=reason):
        ask_for_standby(store)
    assert store.read().version == 1


def test_an_annotation_changes_the_trail_only(store: RecordStore) -> None:
    before = store.write(store.read(), armed(State.PROMOTING, version=0), note())
    assert record.annotate(store, note("called")) == replace(before, version=2)
    assert store.audit()[-1].reason == "called"
    assert verify_chain(store.audit()) == []
