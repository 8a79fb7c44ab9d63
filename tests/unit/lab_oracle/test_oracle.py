"""The oracle: every write is accounted for, and it agrees with a naive model."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bicoastal.lab.history import History, Op, Outcome
from bicoastal.lab.oracle import INSERT, SCHEMA, Row, create_schema, judge, read_rows

from .conftest import NEW, OLD, op


def row(client: int, seq: int) -> Row:
    return Row(client, seq, f"{client}-{seq}")


def names(writes: tuple[Any, ...]) -> list[str]:
    return [write.id for write in writes]


def test_a_clean_run() -> None:
    verdict = judge(History([op(0, 1), op(0, 2)]), [row(0, 1), row(0, 2)], fault_s=5)
    assert verdict.acked == 2
    assert verdict.consistent
    assert (verdict.lost, verdict.phantom, verdict.duplicates, verdict.foreign) == ((),) * 4
    assert (verdict.rpo_s, verdict.lost_after_fault) == (0.0, 0)
    assert verdict.prefix_ok == {0: True}


def test_an_acknowledged_write_that_is_absent_is_lost() -> None:
    history = History([op(1, 3), op(1, 2), op(0, 1)])
    verdict = judge(history, [row(0, 1)], fault_s=2.5)
    assert names(verdict.lost) == ["1-2", "1-3"]
    lost = verdict.lost[0]
    assert (lost.client, lost.seq, lost.outcome, lost.address, lost.done_wall_s) == (
        1,
        2,
        "ok",
        OLD,
        1002.0,
    )
    assert verdict.rpo_s == 0.5  # 1-2 was acknowledged half a second before the fault
    assert verdict.lost_after_fault == 1
    assert verdict.consistent  # loss alone is what a lossy failover may do


def test_what_was_acknowledged_with_the_fault_was_before_it() -> None:
    verdict = judge(History([op(0, 1, done_s=5.0)]), [], fault_s=5.0)
    assert (verdict.rpo_s, verdict.lost_after_fault) == (0.0, 0)


def test_without_a_fault_time_there_is_no_recovery_point() -> None:
    verdict = judge(History([op(0, 1)]), [])
    assert (verdict.rpo_s, verdict.lost_after_fault) == (None, None)


def test_a_failed_write_that_is_present_is_a_phantom() -> None:
    verdict = judge(History([op(0, 1, "fail"), op(0, 2, "fail")]), [row(0, 2)])
    assert names(verdict.phantom) == ["0-2"]
    assert not verdict.consistent


def test_an_unanswered_write_may_be_either() -> None:
    history = History([op(0, 1, "unknown"), op(0, 2, "unknown"), op(0, 3, "unknown")])
    verdict = judge(history, [row(0, 2)])
    assert (verdict.unknown_present, verdict.unknown_absent) == (1, 2)
    assert verdict.consistent


def test_a_row_that_is_there_twice_is_a_duplicate_named_once() -> None:
    verdict = judge(History([op(0, 1), op(0, 2)]), [row(0, 1), row(0, 2), row(0, 1)])
    assert names(verdict.duplicates) == ["0-1"]
    assert not verdict.consistent


def test_a_row_that_nobody_wrote_is_foreign() -> None:
    verdict = judge(History([]), [row(7, 1)])
    assert [(write.id, write.outcome, write.address) for write in verdict.foreign] == [
        ("7-1", "none", "")
    ]
    assert not verdict.consistent


def test_rows_of_the_old_volume_only_are_divergent() -> None:
    history = History([op(0, 1), op(0, 2), op(0, 3, "unknown"), op(0, 4, address=NEW)])
    old = [row(0, 1), row(0, 2), row(0, 3), row(9, 9)]
    verdict = judge(history, [row(0, 1), row(0, 4)], old)
    assert [(write.id, write.outcome) for write in verdict.divergent] == [
        ("0-2", "ok"),
        ("0-3", "unknown"),
        ("9-9", "none"),
    ]
    assert verdict.divergent_acked == 1
    assert verdict.consistent


@pytest.mark.parametrize(
    ("present", "expected"),
    (
        ([1, 2, 3, 4, 5], True),
        ([1, 2, 4, 5], True),  # 3 was the last on the old server: a tail is lost
        ([1, 4, 5], True),
        ([4, 5], True),
        ([1, 3, 4, 5], False),  # 2 is lost though 3, later on the same server, is not
        ([1, 2, 3, 5], False),  # 4 is lost on the new server though 5 is not
        ([1, 2, 3, 4], True),
    ),
)
def test_only_a_tail_may_be_lost_on_each_server(present: list[int], expected: bool) -> None:
    history = History([op(0, seq, address=OLD if seq < 4 else NEW) for seq in range(1, 6)])
    verdict = judge(history, [row(0, seq) for seq in present])
    assert verdict.prefix_ok == {0: expected}
    assert verdict.consistent is expected


def test_the_judgement_can_be_written_down() -> None:
    verdict = judge(History([op(0, 1)]), [], [row(0, 1)], fault_s=2)
    plain = json.loads(json.dumps(verdict.to_dict()))
    assert plain["lost"][0]["id"] == "0-1"
    assert (plain["divergent_acked"], plain["consistent"], plain["rpo_s"]) == (1, True, 1.0)


OUTCOMES: list[Outcome] = ["ok", "fail", "unknown"]


@st.composite
def runs(draw: st.DrawFn) -> tuple[list[Op], list[Row], list[Row]]:
    """A history, and any rows on either side: of its writes, repeated, or from nowhere."""
    ops = []
    for client in range(draw(st.integers(1, 3))):
        for seq in range(1, draw(st.integers(0, 6)) + 1):
            outcome = draw(st.sampled_from(OUTCOMES))
            ops.append(op(client, seq, outcome, address=draw(st.sampled_from([OLD, NEW]))))
    every = [row(o.client, o.seq) for o in ops] + [row(8, 1), row(8, 2)]
    rows = st.lists(st.sampled_from(every), max_size=12)
    return draw(st.permutations(ops)), draw(rows), draw(rows)


@settings(max_examples=80)
@given(runs())
def test_it_agrees_with_a_naive_model(run: tuple[list[Op], list[Row], list[Row]]) -> None:
    ops, final, old = run
    verdict = judge(History(ops), final, old, fault_s=3.5)
    here = [r.id for r in final]
    known = [o.id for o in ops]

    def of(outcome: Outcome) -> list[Op]:
        return [o for o in ops if o.outcome == outcome]

    lost = [o for o in of("ok") if here.count(o.id) == 0]
    assert verdict.acked == len(of("ok"))
    assert sorted(names(verdict.lost)) == sorted(o.id for o in lost)
    assert set(names(verdict.phantom)) == {o.id for o in of("fail") if o.id in here}
    assert set(names(verdict.duplicates)) == {i for i in here if here.count(i) >= 2}
    assert set(names(verdict.foreign)) == set(here) - set(known)
    assert set(names(verdict.divergent)) == {r.id for r in old} - set(here)
    assert verdict.unknown_present + verdict.unknown_absent == len(of("unknown"))
    assert verdict.unknown_present == sum(o.id in here for o in of("unknown"))
    early = [3.5 - o.done_s for o in lost if o.done_s <= 3.5]
    assert verdict.rpo_s == (max(early) if early else 0.0)
    assert verdict.lost_after_fault == len(lost) - len(early)
    for client in {o.client for o in of("ok")}:
        mine = sorted((o for o in of("ok") if o.client == client), key=lambda o: o.seq)
        gap = any(
            a.id not in here
            and b.id in here
            and len({o.address for o in mine if a.seq <= o.seq <= b.seq}) == 1
            for a in mine
            for b in mine
            if a.seq < b.seq
        )
        assert verdict.prefix_ok[client] is not gap
    accounted = set(names(verdict.lost)) | set(here) | {o.id for o in ops if o.outcome != "ok"}
    assert set(known) <= accounted


class _Cursor:
    def __init__(self, rows: list[Any]) -> None:
        self.rows, self.statements, self.closed = rows, [""], False

    def execute(self, query: str, args: Any = None) -> None:
        self.statements.append(query)

    def fetchall(self) -> list[Any]:
        return self.rows

    def close(self) -> None:
        self.closed = True


class _Connection:
    def __init__(self, *rows: Any) -> None:
        self.opened = _Cursor(list(rows))

    def cursor(self) -> _Cursor:
        return self.opened


def test_rows_are_read_from_tuples_and_dictionaries() -> None:
    connection = _Connection((0, 1, "a"), {"client": 0, "seq": 2, "id": "b"})
    assert read_rows(connection) == [Row(0, 1, "a"), Row(0, 2, "b")]
    assert connection.opened.closed


def test_the_schema_does_not_hide_duplicates() -> None:
    connection = _Connection()
    create_schema(connection)
    assert connection.opened.statements[-1] == SCHEMA
    assert connection.opened.closed
    assert "UNIQUE" not in SCHEMA.upper()
    assert SCHEMA.upper().count("KEY") == 1  # the running number's
    assert "IGNORE" not in INSERT.upper()
