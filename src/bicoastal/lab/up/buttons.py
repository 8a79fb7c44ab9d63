"""What can be done from the live page: the actions of the scenarios, one button each."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass

from botocore.exceptions import BotoCoreError, ClientError
from pymysql.err import MySQLError

from bicoastal.errors import BicoastalError
from bicoastal.failover.switching import AT_REST, RETURNING
from bicoastal.lab.drill.actions import perform
from bicoastal.lab.drill.stage import Stage
from bicoastal.lab.scenarios.model import Place, Step
from bicoastal.lab.up.watching import Deed, Sight, Watching

PLACES: tuple[Place, ...] = ("home", "standby")
"""The members' places."""


@dataclass(frozen=True)
class Button:
    """A button.

    Attributes:
        do: An action of `lab.drill.actions`.
        label: What stands on it.
        hint: What it does.
        place: Whose member it concerns; None for the whole stack.
        fault: Whether it breaks something.
    """

    do: str
    label: str
    hint: str
    place: Place | None = None
    fault: bool = False

    @property
    def id(self) -> str:
        """Its name in the page."""
        return self.do if self.place is None else f"{self.do}-{self.place}"


def member_buttons(place: Place) -> tuple[Button, ...]:
    """The faults of a member, and what ends them.

    Args:
        place: `home` or `standby`.
    """
    return (
        Button("kill", "Kill", "SIGKILL of the database server", place, fault=True),
        Button("hang", "Hang", "SIGSTOP: it is connected to, and does not answer", place, True),
        Button("cut", "Cut off", "drops every packet to it; it stays alive", place, True),
        Button("restart", "Restart", "starts the killed server again", place),
        Button("resume", "Resume", "SIGCONT: the stopped server goes on", place),
        Button("heal", "Heal", "lets packets through again", place),
    )


STACK_BUTTONS = (
    Button("arm", "Arm", "allows the controller to fail over"),
    Button("disarm", "Disarm", "the controller only watches"),
    Button("acknowledge", "Acknowledge", "a human has seen the last failover"),
    Button("rejoin", "Rejoin", "looks whether the old writer is a clean standby again"),
    Button("switchover", "Switch over", "moves the writer to the standby region without loss"),
    Button("failback", "Fail back", "moves the writer home without loss"),
)
BUTTONS = (*(each for place in PLACES for each in member_buttons(place)), *STACK_BUTTONS)


@dataclass(frozen=True)
class Result:
    """What became of a press.

    Attributes:
        ok: Whether it was done.
        text: What was done, or why not.
    """

    ok: bool
    text: str


class Presses:
    """Carries out what is asked for, one thing at a time.

    Args:
        stage: What actions can reach.
        watching: Is told.
    """

    def __init__(self, stage: Stage, watching: Watching) -> None:
        self._stage = stage
        self._watching = watching
        self._busy = threading.Lock()

    def press(self, name: str) -> Result:
        """Press a button, and wait for what comes of it.

        Args:
            name: The button's `id`.

        Returns:
            The result.
        """
        button = next((each for each in BUTTONS if each.id == name), None)
        if button is None:
            return Result(ok=False, text=f"there is no button {name!r}")
        if not self._busy.acquire(blocking=False):
            return Result(ok=False, text="something else is being done; wait for its end")
        try:
            at = time.time()
            result = self._do(Step(do=button.do, place=button.place or "home"))
            self._watching.note(Deed(at, result.text, button.fault and result.ok))
            return result
        finally:
            self._busy.release()

    def _do(self, step: Step) -> Result:
        try:
            return Result(ok=True, text=perform(self._stage, step))
        except (BicoastalError, ClientError, BotoCoreError, MySQLError, OSError) as error:
            return Result(ok=False, text=f"{step.do}: {error}")


def offered(sight: Sight, stage: Stage) -> list[str]:
    """The buttons that make sense now; the others would be refused.

    Args:
        sight: How things are.
        stage: Knows the places.

    Returns:
        Their `id`s.
    """
    names: list[str] = []
    for place in PLACES:
        names += _of_member(sight, place, stage.region(place))
    return names + list(_of_stack(sight, stage))


def _of_member(sight: Sight, place: Place, region: str) -> Iterable[str]:
    process = next((m.process for m in sight.members if m.region == region), "")
    cut = [path.state == "cut" for path in sight.paths if path.member == region]
    wanted = {
        "kill": process in {"running", "paused"},
        "hang": process == "running",
        "cut": not all(cut),
        "restart": process == "dead",
        "resume": process == "paused",
        "heal": any(cut),
    }
    return (f"{do}-{place}" for do, makes_sense in wanted.items() if makes_sense)


def _of_stack(sight: Sight, stage: Stage) -> Iterable[str]:
    record, home = sight.record, stage.settings.regions.home
    wanted = {
        "arm": not record.armed,
        "disarm": record.armed,
        "acknowledge": not record.acknowledged,
        "rejoin": record.state in RETURNING and record.acknowledged,
        "switchover": record.state in AT_REST and record.writer == home,
        "failback": record.state in AT_REST and record.writer != home,
    }
    return (do for do, makes_sense in wanted.items() if makes_sense)
