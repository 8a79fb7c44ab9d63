"""What the live page sees, when it sees it, and what it does with a lab that is silent."""

from __future__ import annotations

import math
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from bicoastal.errors import LabError
from bicoastal.failover.state import State
from bicoastal.lab.drill.series import BIN_S
from bicoastal.lab.report import seen
from bicoastal.lab.up import watching
from bicoastal.lab.up.watching import WINDOW_S, Deed, Watching

from .samples import HOME, STANDBY, THIRD, Lab, op, record


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    return Lab(tmp_path)


def test_everything_is_placed_in_seconds_before_now(lab: Lab) -> None:
    lab.history.add(op(WINDOW_S + 5, STANDBY))  # too old to be shown
    watch = Watching(lab.running)
    sight = watch.sight
    assert 0 <= time.time() - sight.at < 5
    assert math.isclose(sight.at % BIN_S, 0, abs_tol=1e-6)
    assert (sight.view.low_s, sight.view.high_s) == (-WINDOW_S, 0.0)
    series = sight.seen.series
    assert series is not None
    assert {r.region: (sum(r.acknowledged), sum(r.failed)) for r in series.regions} == {
        HOME: (1, 1), STANDBY: (1, 0),
    }  # fmt: skip
    assert series.start_s + BIN_S * len(series.regions[0].acknowledged) <= 0
    # The state that held when the window began is drawn from before it, and no older one.
    assert [span.name for span in seen.states(sight.seen)] == ["STEADY", "SUSPECT"]
    (dns,) = seen.answers(sight.seen)
    assert (dns.name, round(dns.start_s)) == (HOME, -400)
    (vote,) = seen.ballots(sight.seen)
    assert (vote.witness, vote.verdict, round(vote.at_s)) == (THIRD, "DOWN", -3)
    (lag,) = seen.lags(sight.seen)
    assert lag[1] == 0.25
    assert lab.asked[0]["Dimensions"][0]["Value"] == f"aurora-{STANDBY}"
    assert seen.members(sight.seen) == [HOME, STANDBY]
    assert [each.accepts_writes for each in sight.seen.members] == [True, False]
    assert (sight.record.writer, sight.progress.failed) == (HOME, 1)


def test_a_lab_in_which_nothing_happened_yet_is_shown(lab: Lab) -> None:
    lab.running.narrator.audit = []
    lab.running.narrator.answers = []
    lab.lag_ms = None
    watch = Watching(lab.running)
    assert [*seen.states(watch.sight.seen), *seen.lags(watch.sight.seen)] == []


def test_deeds_are_marked_until_they_leave_the_window(lab: Lab) -> None:
    watch = Watching(lab.running)
    now = time.time()
    watch.note(Deed(now - WINDOW_S - 2, "long ago", fault=True))
    watch.note(Deed(now - 4, "killed", fault=True))
    watch.note(Deed(now - 2, "armed", fault=False))
    sight = watch._look(now)
    assert [(round(m.at_s), m.text, m.fault) for m in sight.view.marks] == [
        (-4, "killed", True),
        (-2, "armed", False),
    ]
    assert [event.text for event in sight.events] == ["armed", "killed", "long ago"]


def test_old_lags_are_forgotten_and_a_silent_cloudwatch_is_no_harm(lab: Lab) -> None:
    watch = Watching(lab.running)
    later = time.time() + WINDOW_S + 1
    assert len(watch._look(later).seen.lags) == 1

    def silent(**_: Any) -> Any:
        raise EndpointConnectionError(endpoint_url="x")

    lab._points = silent  # type: ignore[method-assign]
    lab.running.lab.client = lambda *_: type(
        "C", (), {"get_metric_statistics": staticmethod(silent)}
    )
    assert len(watch._look(later + 1).seen.lags) == 1


def test_it_looks_until_it_is_ended(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "LOOK_EVERY_S", 0.001)
    monkeypatch.setattr(watching, "SIGHT_EVERY_S", 0.01)
    watch = Watching(lab.running)
    ended = threading.Event()
    pictures: set[float] = set()

    def tell() -> None:
        lab.told += 1
        pictures.add(id(watch.sight))
        if len(pictures) > 2:
            ended.set()

    lab.running.tell = tell
    watch.go_on(ended)
    # DNS and record are asked more often than everything is put together.
    assert lab.told > len(pictures)


def test_a_lab_that_is_late_once_is_waited_for_and_a_dead_one_given_up(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "LOOK_EVERY_S", 0.001)
    watch = Watching(lab.running)
    ended = threading.Event()
    answers: list[Exception | None] = [LabError("late"), None]

    def tell() -> None:
        if not answers:
            ended.set()
        elif (problem := answers.pop(0)) is not None:
            raise problem

    lab.running.tell = tell
    watch.go_on(ended)
    assert answers == []

    monkeypatch.setattr(watching, "PATIENCE_S", 0.05)
    lab.record = record(state=State.LOCKED)
    lab.running.tell = lambda: (_ for _ in ()).throw(LabError("it is dead"))
    with pytest.raises(LabError, match="the lab no longer answers: it is dead"):
        watch.go_on(threading.Event())
    assert watch.sight.record.state is State.STEADY  # what was last known
