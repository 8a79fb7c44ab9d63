"""Carrying a scenario's steps out, one after the other."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import Protocol

from pymysql.err import MySQLError

from bicoastal.errors import LabError
from bicoastal.failover.state import State
from bicoastal.lab.drill.actions import RESTORING, perform
from bicoastal.lab.drill.recording import Recording
from bicoastal.lab.drill.schedule import SCHEDULE_S
from bicoastal.lab.drill.stage import Stage
from bicoastal.lab.scenarios.model import Condition, Scenario, Step

_STATES: dict[str, State] = {
    "held": State.HELD,
    "fencing": State.FENCING,
    "promoting": State.PROMOTING,
    "locked": State.LOCKED,
    "suspect": State.SUSPECT,
}


class Watch(Protocol):
    """What a step can wait for."""

    def serving(self, region: str) -> bool:
        """Whether a client's latest acknowledged write, after the fault, is of a region."""
        ...

    def all_available(self) -> bool:
        """Whether every member has found its place."""
        ...

    def paged(self) -> bool:
        """Whether a human was told since the fault."""
        ...


class Steps:
    """Carries out a scenario.

    Args:
        scenario: What to do.
        stage: Where.
        recording: Where to note it.
        watch: Answers conditions.
        wait: Goes on until a condition holds or seconds have passed; gives whether it held.
        patience_s: Added to every wait for a condition, in seconds of the lab.
        seed: Fixes the moment of the first action within the probe interval.
        forgiving: Go on after a step that cannot be done: a mutant may have left the lab in a
            state for which the scenario was not written.
    """

    def __init__(
        self,
        scenario: Scenario,
        stage: Stage,
        recording: Recording,
        watch: Watch,
        wait: Callable[[Callable[[], bool], float], bool],
        *,
        patience_s: float,
        seed: int,
        forgiving: bool = False,
    ) -> None:
        self._scenario = scenario
        self._stage = stage
        self._recording = recording
        self._watch = watch
        self._wait = wait
        self._patience_s = patience_s
        self._forgiven = (LabError, MySQLError, OSError) if forgiving else ()
        self._random = random.Random(seed)  # noqa: S311 - the fault's phase is no secret
        self.fault_wall_s: float | None = None
        self.fault_s: float | None = None
        self.healed_wall_s: float | None = None

    def run(self, begin_last: Callable[[], None]) -> None:
        """Do every step.

        Args:
            begin_last: Called when nothing more will be done, and what remains to be watched is
                shorter than the minute in which every controller is started once more.
        """
        steps = self._scenario.steps
        last = max((i for i, step in enumerate(steps) if step.do), default=len(steps) - 1)
        while sum(step.wait_s or 0.0 for step in steps[last + 1 :]) >= SCHEDULE_S:
            last += 1
        # The moment of the fault within the probe interval is drawn by lot: a detection time
        # measured at one phase only would say little.
        interval_s = self._stage.settings.failover.probe_interval_s / self._stage.pace
        self._wait(lambda: False, self._random.uniform(0.0, interval_s))
        for number, step in enumerate(steps):
            if step.do is not None:
                self._do(step)
            elif step.until is not None:
                self._until(step, step.until)
            else:
                self._wait(lambda: False, (step.wait_s or 0.0) / self._stage.pace)
            if number == last:
                begin_last()

    def _do(self, step: Step) -> None:
        at, monotonic = time.time(), time.monotonic()
        try:
            what = perform(self._stage, step)
        except self._forgiven as error:
            what = f"{step.do} could not be done: {error}"
        if self.fault_wall_s is None:
            self.fault_wall_s, self.fault_s = at, monotonic
        if step.do in RESTORING and step.place == "home":
            self.healed_wall_s = at
        self._recording.note("drill", what, at)

    def _until(self, step: Step, condition: Condition) -> None:
        failover = self._stage.settings.failover
        most_s = step.within_s or failover.window_s + 3 * failover.probe_interval_s
        held = self._wait(self._condition(condition), most_s / self._stage.pace + self._patience_s)
        words = condition.replace("-", " ")
        self._recording.note("drill", f"{words}: {'seen' if held else 'NOT seen in time'}")

    def _condition(self, condition: Condition) -> Callable[[], bool]:
        stage, watch = self._stage, self._watch
        if condition in _STATES:
            return lambda: stage.store.read().state is _STATES[condition]
        return {
            "standby-serves": lambda: watch.serving(stage.region("standby")),
            "home-serves": lambda: watch.serving(stage.region("home")),
            "members-available": watch.all_available,
            "paged": watch.paged,
        }[condition]
