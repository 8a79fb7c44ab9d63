"""What long work on the database asks of the record, with a store in memory."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

import pytest

from bicoastal.failover import holding, switching
from bicoastal.failover.decision import step
from bicoastal.failover.errors import RecordError
from bicoastal.failover.state import Page, Record, State
from bicoastal.failover.store import RecordStore

from .fakes import POLICY, STANDBY, armed, evidence
from .test_switching_record import HOME, NOW, STEADY, Cell

WORK = "upgrade to 3.12.0 (1a2b3c)"


class Notes(Cell):
    """A store that also takes writes without a note."""

    def write(self, old: Record, new: Record, note: Any) -> Record:
        return super().write(old, new, note or type("NoNote", (), {"reason": None}))


def ask(name: str, record: Record, *arguments: Any, **more: Any) -> tuple[Record, list[Any]]:
    cell = Notes(record)
    found = getattr(holding, name)(cast("RecordStore", cell), *arguments, **more)
    return found, cell.reasons


def begun(record: Record = STEADY, **more: Any) -> Record:
    values = {"holder": WORK, "hold_s": 60.0, **more}
    return ask("begin_work", record, "ada", "why", NOW, **values)[0]


def test_it_holds_the_record_for_one_worker_and_keeps_it_armed() -> None:
    record = begun()
    assert (record.state, record.since, record.maintenance_until) == (State.OBSERVE, NOW, 1060.0)
    assert (record.held_by, record.held_until) == (WORK, NOW + holding.LEASE_S)
    assert (record.armed, record.writer, record.bad_rounds) == (True, HOME, 0)
    assert begun(replace(STEADY, maintenance_until=5000.0)).maintenance_until == 5000.0


def test_work_is_planned_in_maintenance_and_while_a_named_worker_is_there() -> None:
    announced, held = replace(STEADY, maintenance_until=NOW + 60), begun(hold_s=7200.0)
    killed_at = NOW + holding.LEASE_S
    assert not holding.is_planned(STEADY, NOW)
    assert [holding.is_planned(announced, at) for at in (NOW, NOW + 60)] == [True, False]
    assert [holding.is_planned(held, at) for at in (NOW, killed_at)] == [True, False]
    # The lease does not outlast the maintenance that it goes with.
    assert not holding.is_planned(replace(held, maintenance_until=NOW + 1), NOW + 2)


@pytest.mark.parametrize("state", [s for s in State if s not in switching.AT_REST])
def test_it_begins_at_rest_only(state: State) -> None:
    with pytest.raises(RecordError, match=f"not in {state}"):
        begun(replace(STEADY, state=state))


def test_nobody_else_begins_until_the_worker_has_been_silent_for_long() -> None:
    record = begun()
    assert switching.occupied(STEADY, NOW) is None
    with pytest.raises(RecordError, match=r"1a2b3c\) is under way.* in 120 s"):
        begun(record, holder="another")
    with pytest.raises(RecordError, match="is under way"):
        switching.begin_switchover(
            cast("RecordStore", Cell(record)), "ada", "why", NOW, region=STANDBY, hold_s=1.0
        )
    silent = replace(record, held_until=NOW)
    assert begun(silent, holder="another").held_by == "another"


def test_the_worker_says_that_it_is_there_without_an_entry_of_the_trail() -> None:
    record, reasons = ask("go_on", begun(), NOW + 30, holder=WORK)
    assert (record.held_until, record.maintenance_until) == (NOW + 30 + holding.LEASE_S, 1060.0)
    assert reasons == [None]


@pytest.mark.parametrize(
    ("changes", "words"),
    (
        ({"held_by": "another"}, "held by another, not by"),
        ({"held_by": None}, "held by nobody"),
        ({"maintenance_until": None}, "no longer in maintenance"),
        ({"maintenance_until": NOW}, "no longer in maintenance"),
        ({"state": State.PROMOTING}, "in PROMOTING"),
    ),
)
def test_a_worker_who_lost_the_record_is_told(changes: dict[str, Any], words: str) -> None:
    record = replace(begun(), **changes)
    with pytest.raises(RecordError, match=words):
        ask("go_on", record, NOW, holder=WORK)
    with pytest.raises(RecordError, match=words):
        ask("end_work", record, "ada", "done", NOW, holder=WORK, maintenance_until=None)


def test_the_end_gives_the_record_back_and_an_announced_maintenance_goes_on() -> None:
    record, reasons = ask(
        "end_work", begun(), "ada", "done", NOW, holder=WORK, maintenance_until=2000.0
    )
    assert (record.held_by, record.held_until, record.maintenance_until) == (None, None, 2000.0)
    assert (record.armed, reasons) == (True, [f"{WORK}: done"])


def test_who_leaves_lets_the_next_one_take_over_at_once() -> None:
    record, reasons = ask("leave_work", begun(), "ada", "Ctrl-C", NOW, holder=WORK)
    assert (record.held_until, record.held_by, record.maintenance_until) == (NOW, WORK, 1060.0)
    assert reasons == [f"{WORK} left undone: Ctrl-C"]
    assert begun(record, holder="another").held_by == "another"
    other, silence = ask("leave_work", begun(), "ada", "x", NOW, holder="another")
    assert (other.held_until, silence) == (NOW + holding.LEASE_S, [])


def test_nobody_is_paged_about_a_writer_that_a_worker_has_restarted() -> None:
    run = {"bad_rounds": 2, "first_bad_at": NOW - 25, "last_bad_at": NOW - 10}
    record = armed(
        State.OBSERVE, maintenance_until=NOW + 900, held_by=WORK, held_until=NOW + 1, **run
    )
    lost = evidence(NOW, "?DD", "us-east-1")
    attended = step(record, lost, NOW, POLICY)
    assert not any(isinstance(action, Page) for action in attended.actions)
    assert attended.reason.startswith(f"{WORK} is at work; in maintenance")
    left = step(replace(record, held_until=NOW), lost, NOW, POLICY)
    assert any(isinstance(action, Page) for action in left.actions)


def test_a_workers_words_between_two_entries_are_no_gap_of_the_trail() -> None:
    record = begun()
    later, _ = ask("go_on", record, NOW + 30, holder=WORK)
    assert later.settled() == record.settled()
    assert replace(later, held_by="another").settled() != record.settled()
