"""Steps are done in order; waits end with their condition or their time."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from pymysql.err import OperationalError

from bicoastal.failover.state import State
from bicoastal.lab.drill import steps as module
from bicoastal.lab.drill.recording import Recording, Silent
from bicoastal.lab.drill.steps import Steps
from bicoastal.lab.scenarios import Scenario, find
from bicoastal.settings import load


class Rig:
    """Plays a scenario without a lab: remembers what was done and for how long it waited."""

    def __init__(
        self, monkeypatch: pytest.MonkeyPatch, *steps: dict[str, Any], forgiving: bool = False
    ) -> None:
        self.done: list[Any] = []
        self.state = State.HELD
        self.asked: list[Any] = []
        monkeypatch.setattr(module, "perform", self._perform)
        scenario = Scenario.model_validate(find("kill").model_dump() | {"steps": steps})
        stage: Any = SimpleNamespace(
            settings=load({}),
            pace=10.0,
            store=SimpleNamespace(read=lambda: SimpleNamespace(state=self.state)),
            region=lambda place: f"region of {place}",
        )
        self.recording = Recording(Silent())
        self.steps = Steps(
            scenario, stage, self.recording, self, self._wait, patience_s=1.0, seed=3,
            forgiving=forgiving,
        )  # fmt: skip

    def _perform(self, _stage: Any, step: Any) -> str:
        if step.match:
            raise OperationalError(1200, step.match)
        self.done.append(step.do)
        return f"did {step.do}"

    def _wait(self, condition: Any, seconds: float) -> bool:
        held = bool(condition())
        self.done.append((held, round(seconds, 3)))
        return held

    def serving(self, region: str) -> bool:
        self.asked.append(region)
        return True

    def all_available(self) -> bool:
        return False

    def paged(self) -> bool:
        return True

    def run(self) -> None:
        self.steps.run(lambda: self.done.append("resting"))

    def told(self) -> list[str]:
        return [entry.text for entry in self.recording.timeline(0.0)]


def test_a_scenario_is_played_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    rig = Rig(
        monkeypatch,
        {"do": "kill"}, {"until": "standby-serves"}, {"wait_s": 25}, {"do": "restart"},
        {"until": "members-available", "within_s": 50}, {"wait_s": 40},
    )  # fmt: skip
    rig.run()
    phase, *rest = rig.done
    assert phase[0] is False
    assert 0 <= phase[1] <= 1.0  # within one probe interval at this pace
    window = (load({}).failover.window_s + 3 * 10) / 10 + 1.0
    assert rest == [
        "kill", (True, window), (False, 2.5), "restart", "resting", (False, 6.0), (False, 4.0),
    ]  # fmt: skip
    assert rig.asked == ["region of standby"]
    assert "standby serves: seen" in rig.told()
    assert "members available: NOT seen in time" in rig.told()
    assert rig.steps.fault_wall_s is not None
    assert rig.steps.healed_wall_s is not None
    assert rig.steps.healed_wall_s >= rig.steps.fault_wall_s


def test_without_an_action_nothing_is_lost_and_the_rest_comes_at_the_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rig = Rig(monkeypatch, {"wait_s": 10}, {"wait_s": 20})
    rig.run()
    assert rig.done[1:] == [(False, 1.0), (False, 2.0), "resting"]
    assert rig.steps.fault_wall_s is None


def test_a_long_watch_is_no_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    rig = Rig(monkeypatch, {"do": "restart"}, {"wait_s": 30}, {"wait_s": 35}, {"wait_s": 40})
    rig.run()
    assert rig.done[1:] == ["restart", (False, 3.0), (False, 3.5), "resting", (False, 4.0)]


@pytest.mark.parametrize(
    ("condition", "held"),
    (
        ("home-serves", True), ("paged", True), ("members-available", False),
        ("held", True), ("locked", False), ("fencing", False),
    ),
)  # fmt: skip
def test_conditions(monkeypatch: pytest.MonkeyPatch, condition: str, held: bool) -> None:
    rig = Rig(monkeypatch, {"do": "kill", "place": "standby"}, {"until": condition})
    rig.run()
    assert rig.done[-1][0] is held
    assert rig.steps.healed_wall_s is None


def test_a_step_that_cannot_be_done_is_an_error_unless_a_mutant_is_at_work(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    steps = ({"do": "start-replication", "match": "no replica"}, {"do": "kill"})
    with pytest.raises(OperationalError):
        Rig(monkeypatch, *steps).run()
    rig = Rig(monkeypatch, *steps, forgiving=True)
    rig.run()
    assert "kill" in rig.done
    told = "start-replication could not be done: (1200, 'no replica')"
    assert rig.told()[0] == told
