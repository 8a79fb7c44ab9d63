"""Hypothesis looks for a history in which the shipped controller breaks an invariant.

`BICOASTAL_STATEFUL=deep` looks for longer, see docs/proof.md.
"""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from bicoastal.failover.state import State

from .in_process import HOME, MEMBERS, STANDBY, WITNESSES
from .world import FAULTS, READS, WRITES, World

DEEP = os.environ.get("BICOASTAL_STATEFUL") == "deep"
EXAMPLES, STEPS = (1000, 50) if DEEP else (8, 20)
REGIONS = st.sampled_from((STANDBY, STANDBY, HOME))


class Histories(RuleBasedStateMachine):
    """Everything that may happen, in any order; the world checks what must hold."""

    new_world: Callable[[], World]

    @initialize(start=st.sampled_from(("installed", "steady", "lost", "lost", "failed over")))
    def begin(self, start: str) -> None:
        self.world = self.new_world()
        if start == "steady":
            self.world.prepare(State.STEADY)
        elif start != "installed":
            self.world.suspect()
        if start == "failed over":
            self.world.run(STANDBY, 3)
            self.world.complete()
            self.world.run(STANDBY, 3)

    @rule(region=REGIONS, rounds=st.integers(1, 3))
    def run(self, region: str, rounds: int) -> None:
        self.world.run(region, rounds)

    @rule(region=REGIONS, calls=st.integers(1, 30))
    def park(self, region: str, calls: int) -> None:
        self.world.park(region, calls)

    @rule(number=st.integers(0, 2), calls=st.integers(1, 30))
    def resume(self, number: int, calls: int) -> None:
        self.world.resume(number, calls)

    @rule()
    def kill(self) -> None:
        self.world.kill()

    @rule(
        call=st.sampled_from(READS + WRITES), kind=st.sampled_from(FAULTS), times=st.integers(1, 2)
    )
    def fault(self, call: str, kind: str, times: int) -> None:
        self.world.fault(call, kind, times)

    @rule(kind=st.sampled_from(FAULTS))
    def fault_of_the_promotion(self, kind: str) -> None:
        self.world.fault("FailoverGlobalCluster", kind, 1)

    @rule(seconds=st.sampled_from((1.0, 20.0, 130.0)))
    def tick(self, seconds: float) -> None:
        self.world.tick(seconds)

    @rule(region=st.sampled_from(MEMBERS), lost=st.booleans())
    def member(self, region: str, lost: bool) -> None:
        self.world.lose(region) if lost else self.world.heal(region)

    @rule(witness=st.sampled_from(WITNESSES))
    def blindfold(self, witness: str) -> None:
        self.world.blind ^= {witness}

    @rule(witness=st.sampled_from((None, *WITNESSES)))
    def lie(self, witness: str | None) -> None:
        self.world.liar = witness

    @rule(fails=st.sampled_from((False, False, True)))
    def complete(self, fails: bool) -> None:
        self.world.complete(fails=fails)

    @rule()
    def rejoin(self) -> None:
        self.world.rejoin()

    @rule(
        what=st.sampled_from(("arm", "disarm", "acknowledge", "approve", "maintain", "unlock")),
    )
    def human(self, what: str) -> None:
        self.world.human(what)

    @invariant()
    def every_state_holds(self) -> None:
        if hasattr(self, "world"):
            self.world.spot_holds()

    def teardown(self) -> None:
        if hasattr(self, "world"):
            self.world.finale()


@pytest.mark.timeout(0 if DEEP else 300)
def test_no_history_breaks_an_invariant(new_world: Callable[[], World]) -> None:
    class Machine(Histories):
        pass

    Machine.new_world = staticmethod(new_world)
    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            deadline=None,
            derandomize=not DEEP,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
