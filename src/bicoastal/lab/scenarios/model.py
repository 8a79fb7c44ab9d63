"""The form of a scenario file.

A scenario is an experiment: a hypothesis about the steady state, something that goes wrong, and
what must be seen (https://principlesofchaos.org/). The steps say what happens, in words of the
lab; the expectation is judged by `lab.drill.verdict`.
"""

from __future__ import annotations

from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from bicoastal.errors import LabError

Place = Literal["home", "standby", "third", "clients", "internet"]
"""A region by its part in the drill, or who else sends packets."""

Condition = Literal["standby-serves", "home-serves", "members-available", "paged", "held",
                    "fencing", "promoting", "locked", "suspect"]  # fmt: skip
"""What a step can wait for: who acknowledges writes, the record's state, a page."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Step(_Part):
    """One step; exactly one of `do`, `wait_s` and `until` is given.

    Attributes:
        do: An action of `lab.drill.actions`.
        place: Where it is done.
        source: For actions on the network: where the path begins; None for everywhere.
        amount: The action's measure, in the unit that the action says.
        match: For refusals: the API action.
        error: For refusals: AWS's error code.
        wait_s: Seconds of AWS time to go on for; the pace divides them.
        until: What to wait for; a scenario whose condition never comes goes on to its judgement.
        within_s: Longest wait, in seconds of AWS time; the window and some rounds if left out.
    """

    do: str | None = None
    place: Place = "home"
    source: Place | None = None
    amount: float | None = None
    match: str = ""
    error: str = ""
    wait_s: float | None = Field(default=None, ge=0)
    until: Condition | None = None
    within_s: float | None = Field(default=None, gt=0)

    @model_validator(mode="after")
    def _one_thing(self) -> Self:
        given = [name for name in ("do", "wait_s", "until") if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(f"a step has exactly one of do, wait_s and until, not {given}")
        return self

    def measure(self) -> float:
        """The amount of an action that needs one.

        Raises:
            LabError: There is none.
        """
        if self.amount is None:
            raise LabError(f"the action {self.do} needs an amount")
        return self.amount


class Expectation(_Part):
    """What must be seen.

    Attributes:
        promotion: Whether the standby is promoted; False means that nobody is.
        states: The record's states that may stand at the end.
        paged: Whether a human must be told; None leaves it open.
        page_says: Text that the subject of some page must contain.
        serving: Who acknowledges writes at the end; None leaves it open.
        felt: Whether clients must feel it; None leaves it open.
        told: Text that the audit trail must contain.
        divergent: Whether writes must be found on the old primary only; None leaves it open.
    """

    promotion: bool
    states: tuple[str, ...]
    paged: bool | None = None
    page_says: str = ""
    serving: Literal["home", "standby"] | None = None
    felt: bool | None = None
    told: str = ""
    divergent: bool | None = None


class Mutant(_Part):
    """A deliberate defect with which the scenario must fail: the proof that it can.

    Attributes:
        name: Its name in `mutants.yaml`.
        what: The defect, in words.
        of: Whose code is changed.
        config: Values of the controllers' configuration to deploy instead.
        file: File of the function's bundle to change, or
        old: text in it,
        new: and what stands there instead.
        fails: Requirements of which at least one must fail; whatever else fails proves nothing.
    """

    name: str = ""
    what: str
    of: Literal["controllers", "probers"] = "controllers"
    config: dict[str, Any] = {}
    file: str = ""
    old: str = ""
    new: str = ""
    fails: tuple[str, ...]

    @model_validator(mode="after")
    def _changes_something(self) -> Self:
        if not self.config and not (self.file and self.old):
            raise ValueError("a mutant changes the configuration, or one file's text, or both")
        return self


class Scenario(_Part):
    """One scenario.

    Attributes:
        name: Its name on the command line; the file's name.
        title: What happens, in a line.
        hypothesis: What is believed.
        source: Where the idea comes from.
        settings: What the stack is deployed with besides the stack file.
        armed: Whether the controller may act.
        steps: What happens.
        expect: What must be seen.
        mutant: The defect that makes it fail.
        cannot: What this lab cannot do of it, in words.
    """

    name: str
    title: str
    hypothesis: str
    source: str
    settings: dict[str, dict[str, Any]] = {}
    armed: bool = True
    steps: tuple[Step, ...]
    expect: Expectation
    mutant: Mutant
    cannot: str = ""

    def warning(self, mode: str) -> str | None:
        """Why a drill is bound to fail with a stack file's `failover.mode`.

        Args:
            mode: The mode that is deployed.

        Returns:
            The reason; None if it may pass, or if the scenario itself asks for a mode.
        """
        asked = "mode" in self.settings.get("failover", {})
        if mode == "automatic" or asked or not self.expect.promotion:
            return None
        return (
            f"failover.mode is {mode}: nobody will be promoted without a person, so this drill "
            "will fail"
        )
