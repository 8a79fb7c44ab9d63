"""What a planned switchover asks of the record, with a store in memory."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

import pytest

from bicoastal.failover import switching
from bicoastal.failover.errors import RecordError
from bicoastal.failover.state import Record, State
from bicoastal.failover.store import RecordStore

HOME, STANDBY = "us-east-1", "us-west-2"
NOW = 1000.0
STEADY = Record(
    "global", HOME, epoch=4, state=State.STEADY, armed=True, bad_rounds=2, first_bad_at=990.0,
    target_region=HOME, target_arn="arn", approved_until=1e9, clean_rounds=1,
)  # fmt: skip


class Cell:
    """A store of one record. No DynamoDB."""

    home_region = HOME

    def __init__(self, record: Record) -> None:
        self.record = record
        self.reasons: list[str] = []

    def read(self) -> Record:
        return self.record

    def write(self, _old: Record, new: Record, note: Any) -> Record:
        self.record = new
        self.reasons.append(note.reason)
        return new


def ask(name: str, record: Record, **more: Any) -> tuple[Record, list[str]]:
    cell = Cell(record)
    request = getattr(switching, name)
    return request(cast("RecordStore", cell), "ada", "why", NOW, **more), cell.reasons


def begun(record: Record = STEADY, **more: Any) -> Record:
    return ask("begin_switchover", record, **{"region": STANDBY, "hold_s": 60.0, **more})[0]


def finished(record: Record, **more: Any) -> Record:
    values = {"region": STANDBY, "maintenance_until": None, **more}
    return ask("finish_switchover", record, **values)[0]


def test_it_holds_the_record_still_and_keeps_it_armed() -> None:
    record = begun()
    assert (record.state, record.since, record.maintenance_until) == (State.OBSERVE, NOW, 1060.0)
    assert (record.armed, record.writer, record.epoch, record.latch) == (True, HOME, 4, 1)
    assert (record.bad_rounds, record.first_bad_at, record.approved_until) == (0, None, None)
    assert (record.target_region, record.target_arn) == (HOME, None)  # DNS is still being moved


def test_a_longer_maintenance_is_kept() -> None:
    assert begun(replace(STEADY, maintenance_until=5000.0)).maintenance_until == 5000.0


@pytest.mark.parametrize("state", [s for s in State if s not in switching.AT_REST])
def test_it_begins_at_rest_only(state: State) -> None:
    with pytest.raises(RecordError, match=f"not in {state}"):
        begun(replace(STEADY, state=state))


def test_it_needs_another_region() -> None:
    with pytest.raises(RecordError, match="is the writer already"):
        begun(region=HOME)


def test_the_record_follows_in_the_next_epoch_and_is_armed_again() -> None:
    record = finished(begun())
    assert (record.writer, record.epoch, record.latch, record.target_region) == (
        STANDBY, 5, 0, STANDBY,
    )  # fmt: skip
    assert (record.state, record.armed, record.maintenance_until) == (State.OBSERVE, True, None)
    back = finished(begun(replace(record, state=State.STEADY), region=HOME), region=HOME)
    assert (back.writer, back.epoch, back.latch) == (HOME, 6, 1)


def test_disarmed_stays_disarmed_and_an_announced_maintenance_goes_on() -> None:
    record = finished(begun(replace(STEADY, armed=False)), maintenance_until=2000.0)
    assert (record.armed, record.maintenance_until) == (False, 2000.0)


@pytest.mark.parametrize(
    "record",
    (
        STEADY,
        replace(STEADY, state=State.OBSERVE),
        replace(STEADY, state=State.OBSERVE, maintenance_until=NOW),
        replace(STEADY, state=State.PROMOTING, maintenance_until=NOW + 9),
    ),
)
def test_a_record_that_is_no_longer_held_does_not_follow(record: Record) -> None:
    with pytest.raises(RecordError, match="no longer held"):
        finished(record)
    with pytest.raises(RecordError, match="no longer held"):
        ask("abandon_switchover", record, maintenance_until=None)


def test_abandoning_gives_the_record_back() -> None:
    record, reasons = ask("abandon_switchover", begun(), maintenance_until=None)
    assert (record.writer, record.armed, record.maintenance_until) == (HOME, True, None)
    assert reasons == ["switchover abandoned: why"]


@pytest.mark.parametrize("state", switching.RETURNING)
def test_a_clean_standby_ends_the_failover_disarmed(state: State) -> None:
    over = replace(STEADY, state=state, armed=False, last_failover_at=900.0)
    record, reasons = ask("end_rejoining", over)
    assert (record.state, record.armed, record.target_region) == (State.OBSERVE, False, None)
    assert record.last_failover_at == 900.0  # the cooldown's gate looks at it
    assert reasons == ["a clean standby again: why"]
    with pytest.raises(RecordError, match="acknowledge the last failover first"):
        ask("end_rejoining", replace(over, acknowledged=False))


def test_there_is_nothing_to_rejoin_elsewhere() -> None:
    assert ask("end_rejoining", STEADY) == (STEADY, [])
    with pytest.raises(RecordError, match="nothing to rejoin in LOCKED"):
        ask("end_rejoining", replace(STEADY, state=State.LOCKED))
