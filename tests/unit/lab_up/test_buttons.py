"""Which buttons make sense when, and what comes of a press."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

from bicoastal.errors import LabError
from bicoastal.failover.state import State
from bicoastal.lab.drill.actions import ACTIONS
from bicoastal.lab.drill.stage import Stage
from bicoastal.lab.scenarios.model import Step
from bicoastal.lab.up import buttons
from bicoastal.lab.up.buttons import BUTTONS, Presses, offered
from bicoastal.lab.up.watching import Watching

from .samples import HOME, STANDBY, Lab, member, path, record


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    return Lab(tmp_path)


def now_offered(lab: Lab) -> set[str]:
    return set(offered(Watching(lab.running).sight, lab.stage))


def test_every_button_is_an_action_of_the_scenarios() -> None:
    assert {button.do for button in BUTTONS} <= set(ACTIONS)
    assert len({button.id for button in BUTTONS}) == len(BUTTONS)


def test_a_healthy_pair_can_be_broken_and_switched(lab: Lab) -> None:
    assert now_offered(lab) == {
        "kill-home", "hang-home", "cut-home", "kill-standby", "hang-standby", "cut-standby",
        "disarm", "switchover",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("process", "expected"),
    (
        ("paused", {"kill-home", "resume-home", "cut-home"}),
        ("dead", {"restart-home", "cut-home"}),
    ),
)
def test_what_is_broken_can_be_mended(lab: Lab, process: str, expected: set[str]) -> None:
    lab.members = [member(HOME, process=process), member(STANDBY)]
    assert {name for name in now_offered(lab) if name.endswith("-home")} == expected


def test_a_member_that_is_partly_cut_off_can_be_cut_and_healed(lab: Lab) -> None:
    lab.members = []
    lab.paths = [path(HOME, "cut"), path(HOME, source="us-east-2"), path(STANDBY, "cut")]
    members = {name for name in now_offered(lab) if "-" in name}
    assert members == {"cut-home", "heal-home", "heal-standby"}


@pytest.mark.parametrize(
    ("changes", "expected"),
    (
        ({"armed": False}, {"arm", "switchover"}),
        ({"writer": STANDBY}, {"disarm", "failback"}),
        ({"state": State.SUSPECT}, {"disarm"}),
        (
            {"state": State.COOLDOWN, "writer": STANDBY, "armed": False, "acknowledged": False},
            {"arm", "acknowledge"},
        ),
        ({"state": State.COOLDOWN, "writer": STANDBY}, {"disarm", "rejoin"}),
    ),
)
def test_people_may_do_what_the_record_allows(
    lab: Lab, changes: dict[str, Any], expected: set[str]
) -> None:
    lab.record = record(**changes)
    lab.members, lab.paths = [], [path(HOME, "cut"), path(STANDBY, "cut")]
    assert now_offered(lab) - {"heal-home", "heal-standby"} == expected


@pytest.mark.parametrize(
    ("name", "place", "fault"),
    (("kill-home", "home", True), ("heal-standby", "standby", False), ("arm", "home", False)),
)
def test_a_press_is_done_told_and_marked(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, name: str, place: str, fault: bool
) -> None:
    done: list[Step] = []

    def perform(stage: Stage, step: Step) -> str:
        assert stage is lab.stage
        done.append(step)
        return "it was done"

    monkeypatch.setattr(buttons, "perform", perform)
    watching = Watching(lab.running)
    result = Presses(lab.stage, watching).press(name)
    assert (result.ok, result.text) == (True, "it was done")
    assert [(step.do, step.place) for step in done] == [(name.split("-", maxsplit=1)[0], place)]
    (deed,) = watching._deeds
    assert (deed.text, deed.fault) == ("it was done", fault)


def test_a_refusal_is_told_and_is_no_fault(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    def perform(_stage: Stage, _step: Step) -> str:
        raise LabError("it runs")

    monkeypatch.setattr(buttons, "perform", perform)
    watching = Watching(lab.running)
    result = Presses(lab.stage, watching).press("kill-home")
    assert (result.ok, result.text) == (False, "kill: it runs")
    (deed,) = watching._deeds
    assert (deed.text, deed.fault) == ("kill: it runs", False)


def test_only_one_thing_is_done_at_a_time(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def perform(_stage: Stage, _step: Step) -> str:
        begun.set()
        assert go_on.wait(30)
        return "done"

    monkeypatch.setattr(buttons, "perform", perform)
    presses = Presses(lab.stage, Watching(lab.running))
    first = threading.Thread(target=presses.press, args=("switchover",))
    first.start()
    assert begun.wait(30)
    second = presses.press("kill-home")
    assert (second.ok, second.text) == (False, "something else is being done; wait for its end")
    go_on.set()
    first.join()
    assert presses.press("kill-home").ok


def test_there_are_no_other_buttons(lab: Lab) -> None:
    result = Presses(lab.stage, Watching(lab.running)).press("refuse")
    assert (result.ok, result.text) == (False, "there is no button 'refuse'")
