"""The history, its file, and the time line of an outage."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bicoastal.lab.history import History, Op, rto

from .conftest import NEW, OLD, op


def test_a_history_survives_being_written(tmp_path: Path) -> None:
    history = History([op(0, 1), op(1, 1, "fail", error="no \n way")])
    history.save(tmp_path / "history.jsonl")
    assert History.load(tmp_path / "history.jsonl").ops == history.ops
    assert len(list(history.to_json_lines())) == len(history) == 2
    assert History.from_json_lines(["", "\n"]).ops == ()


def test_old_attempts_are_forgotten_but_stay_counted_if_asked_for() -> None:
    ops = [op(0, seq, done_s=float(seq)) for seq in range(10)]
    history = History(ops, keep_s=3.0)
    assert history.ops == tuple(ops[6:])
    assert len(history) == 4
    assert history.progress().acked == 10
    assert History(ops).ops == tuple(ops)


def test_many_threads_may_add() -> None:
    history = History()

    def add(client: int) -> None:
        for seq in range(200):
            history.add(op(client, seq))

    threads = [threading.Thread(target=add, args=(client,)) for client in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(history.ops)) == 800


def test_progress_counts_outcomes_and_the_last_second() -> None:
    now = time.monotonic()
    history = History(
        [
            op(0, 1, done_s=now - 60),
            op(0, 2, "fail", done_s=now, error="first"),
            op(0, 3, "unknown", done_s=now, error="second"),
            op(0, 4, done_s=now - 0.1),
        ]
    )
    progress = history.progress()
    assert (progress.acked, progress.failed, progress.unknown) == (2, 1, 1)
    assert progress.acked_per_s == 1.0
    assert progress.last_ok_s == now - 0.1
    assert progress.last_error == "second"
    nothing = History().progress()
    assert (nothing.acked, nothing.last_ok_s, nothing.last_error) == (0, None, "")


def test_the_rate_covers_one_second_and_the_last_acknowledgement_is_remembered() -> None:
    now = time.monotonic()
    assert History([op(0, 1, done_s=now - 60)]).progress().last_ok_s == now - 60
    history = History([op(0, seq, done_s=now - 1.5 + seq / 100) for seq in range(3)])
    assert history.progress().acked_per_s == 0.0
    assert history.progress().last_ok_s == now - 1.48
    history.add(op(0, 9, done_s=now - 0.2))
    assert history.progress().acked_per_s == 1.0


def outage(*, until_s: float = 40.0) -> list[Op]:
    """Writes each 0.1 s; fault at 10; failures until 15; a lucky one at 13; then the new server."""
    ops = []
    for tenth in range(int(until_s * 10)):
        at = tenth / 10
        if at <= 10:
            ops.append(op(0, tenth, done_s=at))
        elif at < 15 and tenth != 130:
            ops.append(op(0, tenth, "fail", done_s=at, address=OLD))
        else:
            ops.append(op(0, tenth, done_s=at, address=NEW))
    return ops


def test_the_time_line_of_an_outage() -> None:
    line = rto(History(reversed(outage())), 10.05)
    assert line.fault_s == 10.05
    assert line.last_ok_before_s == 10.0
    assert line.last_ok_old_s == 10.0
    assert line.first_failure_s == 10.1
    assert line.first_ok_new_s == 13.0  # the lucky one is no recovery
    assert line.steady_s == 15.0
    assert line.rto_s == pytest.approx(5.0)
    assert line.gap_s == pytest.approx(3.0)


def test_a_writer_that_was_cut_off_may_go_on_acknowledging() -> None:
    ops = [*outage(), op(1, 1, done_s=12.0, address=OLD)]
    line = rto(History(ops), 10.05, [NEW])
    assert (line.last_ok_before_s, line.last_ok_old_s) == (10.0, 12.0)
    assert line.first_ok_new_s == 13.0


def test_a_recovery_that_was_not_watched_long_enough_is_none() -> None:
    line = rto(History(outage(until_s=16.0)), 10.05)
    assert line.first_ok_new_s == 13.0
    assert (line.steady_s, line.rto_s) == (None, None)


def test_a_share_of_failures_is_tolerated() -> None:
    ops = outage()
    ops.append(op(1, 1, "fail", done_s=15.55, address=NEW))
    assert rto(History(ops), 10.05, share=0.9).steady_s == 15.0
    assert rto(History(ops), 10.05).steady_s == 15.6  # the first after the failure


def test_an_outage_that_never_ends() -> None:
    line = rto(History(o for o in outage() if o.address == OLD), 10.05)
    assert (line.first_ok_new_s, line.steady_s, line.rto_s, line.gap_s) == (None,) * 4


def test_flaky_to_the_end_is_never_steady() -> None:
    ops = [op(0, n, "ok" if n % 2 else "fail", done_s=11 + n / 10, address=NEW) for n in range(99)]
    line = rto(History(ops), 10.0)
    assert line.first_ok_new_s == pytest.approx(11.1)
    assert line.steady_s is None


def test_what_ended_with_the_fault_was_before_it() -> None:
    ops = [op(0, 1, done_s=10.0), op(0, 2, "fail", done_s=10.0), op(0, 3, "fail", done_s=10.5)]
    line = rto(History(ops), 10.0)
    assert (line.last_ok_before_s, line.first_failure_s) == (10.0, 10.5)


def test_exactly_the_share_is_enough() -> None:
    ops = [op(0, n, done_s=20 + n / 100, address=NEW) for n in range(300)]
    ops[50] = op(0, 50, "fail", done_s=20.5, address=NEW)
    ops[51] = op(0, 51, "fail", done_s=20.51, address=NEW)
    assert rto(History(ops), 10.0, [NEW], steady_for_s=1.995).steady_s == 20.0  # 198 of 200
    assert rto(History(ops), 10.0, [NEW], steady_for_s=1.985).steady_s != 20.0  # 197 of 199


def test_nothing_before_the_fault() -> None:
    line = rto(History([op(0, 1, done_s=11.0, address=NEW), op(0, 2, done_s=99.0)]), 10.0)
    assert line.last_ok_before_s is None
    assert (line.rto_s, line.gap_s) == (None, None)
    assert line.first_failure_s is None
    assert rto(History(), 1.0).steady_s is None


@settings(max_examples=60)
@given(
    st.lists(st.tuples(st.integers(0, 30), st.booleans(), st.booleans()), max_size=40),
    st.integers(1, 5),
)
def test_steadiness_agrees_with_a_naive_model(
    events: list[tuple[int, bool, bool]], for_s: int
) -> None:
    ops = [
        op(0, n, "ok" if good else "fail", done_s=float(at), address=NEW if new else OLD)
        for n, (at, good, new) in enumerate(events)
    ]
    after = [o for o in ops if o.done_s > 0]
    expected = None
    for start in sorted(o.done_s for o in after if o.outcome == "ok" and o.address == NEW):
        window = [o for o in after if start <= o.done_s <= start + for_s]
        good = sum(o.outcome == "ok" for o in window)
        if max(o.done_s for o in after) >= start + for_s and good >= 0.8 * len(window):
            expected = start
            break
    line = rto(History(ops), 0.0, {NEW}, steady_for_s=for_s, share=0.8)
    assert line.steady_s == expected
