"""Hypothesis looks for a history in which an invariant of `simulation` breaks, and shrinks it."""

from __future__ import annotations

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from bicoastal.failover.state import State

from .fakes import HOME, STANDBY, WITNESSES
from .simulation import Simulation, hold

regions = st.sampled_from((HOME, STANDBY))


class FailoverMachine(RuleBasedStateMachine):
    """The rules of the simulation; every write checks I2-I7, I10, I11, I13."""

    @initialize(start=st.sampled_from(("new", "armed", "failed over")))
    def begin(self, start: str) -> None:
        self.sim = Simulation()
        if start == "armed":
            self.sim.arm()
            self.sim.round(STANDBY)
        elif start == "failed over":
            self.sim.fail_over()

    @rule(region=regions, frozen_s=st.sampled_from((0.0, 0.0, 0.0, 19.0, 21.0)))
    def round(self, region: str, frozen_s: float) -> None:
        self.sim.round(region, frozen_s=frozen_s)

    @rule(rounds=st.integers(2, 5))
    def rounds(self, rounds: int) -> None:
        for _ in range(rounds):
            self.sim.round(STANDBY)

    @rule(region=regions)
    def invoke(self, region: str) -> None:
        self.sim.invoke(region)

    @rule()
    def gather(self) -> None:
        self.sim.gather()

    @rule(crash=st.booleans())
    def finish(self, crash: bool) -> None:
        self.sim.finish(crash=crash)

    @rule()
    def crash(self) -> None:
        self.sim.crash()

    @rule(seconds=st.sampled_from((1.0, 5.0, 25.0, 130.0)))
    def tick(self, seconds: float) -> None:
        self.sim.tick(seconds)

    @rule(region=regions)
    def lose(self, region: str) -> None:
        self.sim.lose(region)

    @rule(region=regions)
    def heal(self, region: str) -> None:
        self.sim.heal(region)

    @rule(witness=st.sampled_from(WITNESSES))
    def blindfold(self, witness: str) -> None:
        self.sim.blindfold(witness)

    @rule(witness=st.sampled_from((None, *WITNESSES)))
    def lie(self, witness: str | None) -> None:
        self.sim.lie(witness)

    @rule()
    def switch_api(self) -> None:
        self.sim.switch_api()

    @rule()
    def switch_latch(self) -> None:
        self.sim.switch_latch()

    @rule()
    def complete(self) -> None:
        self.sim.complete()

    @rule(what=st.sampled_from(("arm", "disarm", "acknowledge", "approve", "maintain", "unlock")))
    def human(self, what: str) -> None:
        getattr(self.sim, what)()

    @invariant()
    def at_rest_record_writer_and_latch_agree(self) -> None:
        record = self.sim.store.record
        hold("I8 latch and record", record.latch == int(record.writer == HOME))
        if record.state in (State.REDIRECTING, State.COOLDOWN, State.REJOINING):
            hold("I8 record and database", record.writer == self.sim.writer)

    @invariant()
    def promotions_have_epochs_of_their_own(self) -> None:
        epochs = self.sim.promoted_epochs
        hold("I2 one promotion per epoch", len(set(epochs)) == len(epochs))

    def teardown(self) -> None:
        self.sim.finale()


TestFailover = FailoverMachine.TestCase
TestFailover.settings = settings(
    max_examples=120,
    stateful_step_count=40,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
