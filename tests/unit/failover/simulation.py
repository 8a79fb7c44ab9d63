"""A small world around the shipped `decision.step`, which checks the invariants at every write.

Two databases, three witnesses (some may be blind, one may lie), an RDS that needs time and may be
silent, humans, and invocations of both regions' controllers that interleave and crash. A rule that
does not apply does nothing, so that any sequence of rules is a legal history.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace

from bicoastal.failover import decision, record
from bicoastal.failover.errors import Conflict, RecordError
from bicoastal.failover.state import Policy, Promote, Record, SetLatch, State
from bicoastal.failover.votes import Depth, Evidence, Topology, Verdict, Vote
from bicoastal.proof.rules import ALLOWED

from .fakes import ARNS, HOME, STANDBY, WITNESSES, FakeStore

S = State
POLICIES = {
    region: Policy(
        region=region,
        arn=ARNS[region],
        home_region=HOME,
        threshold=2,
        grace_s=5.0,
        cooldown_s=250.0,
        promotion_timeout_s=100.0,
        clean_rounds=1,
    )
    for region in (HOME, STANDBY)
}


class ViolationError(AssertionError):
    """An invariant does not hold; the message names it."""


def hold(invariant: str, condition: object) -> None:
    """Raise ViolationError unless the condition holds."""
    if not condition:
        raise ViolationError(invariant)


@dataclass
class FastStore(FakeStore):
    """A fake store that keeps the notes as they are: hashing would take most of the time."""

    notes: list[record.Note] = field(default_factory=list)

    def write(self, old: Record, new: Record, note: record.Note | None) -> Record:
        written = super().write(old, new, None)
        if note is not None:
            self.notes.append(note)
        return written


@dataclass
class Invocation:
    """A controller between two of its steps."""

    region: str
    record: Record
    evidence: Evidence | None = None
    was_down: bool = False


@dataclass
class Simulation:
    """The world; every public method is a rule."""

    now: float = 1000.0
    store: FastStore = field(default_factory=lambda: FastStore(Record("global-dev", HOME)))
    alive: dict[str, bool] = field(default_factory=lambda: {HOME: True, STANDBY: True})
    blind: set[str] = field(default_factory=set)
    liar: str | None = None
    api: bool = True
    writer: str = HOME
    promoting: str | None = None
    latch_ok: bool = True
    invocations: list[Invocation] = field(default_factory=list)
    bad_run: list[float] = field(default_factory=list)
    promoted_epochs: list[int] = field(default_factory=list)
    intents: set[int] = field(default_factory=set)
    highest: tuple[int, int] = (0, 0)
    put: dict[str, tuple[int | None, int]] = field(default_factory=dict)

    # --- the controllers

    def invoke(self, region: str) -> None:
        """An invocation starts: it reads the record."""
        if decision.participates(self.store.record, region):
            self.invocations.append(Invocation(region, self.store.record))

    def gather(self) -> None:
        """The oldest invocation without evidence gathers it."""
        for invocation in self.invocations:
            if invocation.evidence is None:
                about = decision.subject(invocation.record)
                invocation.evidence = self._evidence(invocation, about)
                invocation.was_down = not self.alive[about]
                return

    def finish(self, *, crash: bool = False) -> None:
        """The oldest invocation that has evidence decides, writes and, unless it crashes, acts."""
        for invocation in self.invocations:
            if invocation.evidence is not None:
                self.invocations.remove(invocation)
                with suppress(Conflict):
                    self._finish(invocation, invocation.evidence, crash=crash)
                return

    def round(self, region: str, *, frozen_s: float = 0.0) -> None:
        """A whole round of an invocation that nobody disturbs, and its interval.

        The invocation may be frozen for a while between what it saw and its decision.
        """
        if decision.participates(self.store.record, region):
            invocation = Invocation(region, self.store.record)
            about = decision.subject(invocation.record)
            evidence = self._evidence(invocation, about)
            invocation.was_down = not self.alive[about]
            self.tick(frozen_s)
            self._finish(invocation, evidence, crash=False)
        self.tick(10.0)

    def fail_over(self) -> None:
        """What is meant to happen: armed, lost, promoted, redirected."""
        self.arm()
        self.round(STANDBY)
        self.lose(HOME)
        for _ in range(4):
            self.round(STANDBY)
        hold("L1 the window ends in a promotion", self.promoting == STANDBY)
        self.complete()
        for _ in range(3):
            self.round(STANDBY)
        hold("L1 and in service", self.store.record.state is S.COOLDOWN)

    def crash(self) -> None:
        """The oldest invocation ends."""
        if self.invocations:
            self.invocations.pop(0)

    # --- the world

    def tick(self, seconds: float) -> None:
        """Time passes."""
        self.now += seconds

    def lose(self, region: str) -> None:
        """A database dies."""
        self.alive[region] = False

    def heal(self, region: str) -> None:
        """A database comes back."""
        self.alive[region] = True

    def blindfold(self, witness: str) -> None:
        """A witness stops answering, or answers again."""
        self.blind ^= {witness}

    def lie(self, witness: str | None) -> None:
        """At most one witness says the opposite of the truth."""
        self.liar = witness

    def switch_api(self) -> None:
        """RDS stops answering, or answers again."""
        self.api = not self.api

    def switch_latch(self) -> None:
        """Most regions' CloudWatch stop accepting the latch, or accept it again."""
        self.latch_ok = not self.latch_ok

    def complete(self) -> None:
        """RDS completes the failover under way."""
        if self.promoting is not None:
            self.writer, self.promoting = self.promoting, None

    # --- humans

    def arm(self) -> None:
        """A human arms."""
        with suppress(RecordError):
            record.arm(self._as_store, "human", "test", self.now)

    def disarm(self) -> None:
        """A human disarms."""
        record.disarm(self._as_store, "human", "test", self.now)

    def acknowledge(self) -> None:
        """A human acknowledges the last failover."""
        record.acknowledge(self._as_store, "human", "test", self.now)

    def approve(self) -> None:
        """A human approves."""
        with suppress(RecordError):
            record.approve(self._as_store, "human", "test", self.now, valid_s=30.0)

    def maintain(self) -> None:
        """A human announces maintenance."""
        old = self.store.record
        changed = replace(old, maintenance_until=self.now + 60)
        self.store.write(old, changed, record.Note(self.now, "human", "maintenance"))

    def unlock(self) -> None:
        """A human unlocks, and names the true writer."""
        if self.promoting is None:
            with suppress(RecordError):
                record.unlock(self._as_store, "human", "test", self.now, writer=self.writer)

    # --- how it works

    @property
    def _as_store(self) -> record.RecordStore:
        return self.store  # type: ignore[return-value]  # has all that the requests need

    def _evidence(self, invocation: Invocation, about: str) -> Evidence:
        own = invocation.region
        other = HOME if own == STANDBY else STANDBY
        topology = Topology(
            writer=self.writer,
            settled=self.promoting is None,
            failover_target=ARNS[self.promoting] if self.promoting else None,
            standby_ready=own != self.writer and self.alive[own],
            connected=self.alive[own] and self.alive[other],
        )
        value, regions = self.put.get(own, (None, 0))
        return Evidence(
            taken_at=self.now,
            votes=tuple(self._vote(witness, about) for witness in WITNESSES),
            topology=topology if self.api else None,
            latch_value=value,
            latch_regions=regions,
        )

    def _vote(self, witness: str, about: str) -> Vote:
        if witness in self.blind:
            return Vote(witness, about, Verdict.UNKNOWN, Depth.NONE, "blind")
        up = self.alive[about] ^ (witness == self.liar)
        return Vote(witness, about, Verdict.UP if up else Verdict.DOWN, Depth.GREETING, "sees")

    def _finish(self, invocation: Invocation, evidence: Evidence, *, crash: bool) -> None:
        old, policy = invocation.record, POLICIES[invocation.region]
        outcome = decision.step(old, evidence, self.now, policy)
        if outcome.record != old:
            seen = {"evidence": evidence}
            note = record.Note(self.now, invocation.region, outcome.reason, seen)
            new = self.store.write(old, outcome.record, note)
        else:
            if self.store.record != old:
                return
            new = old
        self._watch(evidence, policy)
        self._check(old, new, invocation, evidence)
        if not crash:
            for action in outcome.actions:
                self._act(action, old, new, invocation.region, evidence)

    def _act(
        self, action: object, old: Record, new: Record, region: str, evidence: Evidence
    ) -> None:
        if isinstance(action, Promote):
            topology = evidence.topology
            idle = topology is not None and topology.settled and topology.writer != region
            hold("asked again only while nothing is under way", old.state is S.FENCING or idle)
            hold("I11 promotes the record's target", action.target_arn == new.target_arn)
            hold("I11 only after the intent", new.state is State.PROMOTING)
            (target,) = [r for r, arn in ARNS.items() if arn == action.target_arn]
            if self.promoting is None and target != self.writer and self.api:
                hold("I2 one promotion per epoch", new.epoch not in self.promoted_epochs)
                self.promoted_epochs.append(new.epoch)
                self.promoting = target
        elif isinstance(action, SetLatch):
            hold("I6 the latch follows the record", action.value == int(new.writer == HOME))
            if new.state in (S.REDIRECTING, S.COOLDOWN, S.REJOINING):
                hold("I5 the latch follows a writer", new.writer == self.writer)
            self.put[region] = (action.value, 3 if self.latch_ok else 1)

    def _watch(self, evidence: Evidence, policy: Policy) -> None:
        """Keep an independent account of the run of bad rounds."""
        fresh = [v for v in evidence.votes if self.now - evidence.taken_at <= policy.vote_max_age_s]
        down = sum(v.verdict is Verdict.DOWN for v in fresh)
        up = sum(v.verdict is Verdict.UP for v in fresh)
        if down < 2 or up:
            self.bad_run.clear()
        elif self.bad_run and self.now - self.bad_run[-1] > policy.max_gap_s:
            self.bad_run[:] = [self.now]
        else:
            self.bad_run.append(self.now)

    def _check(self, old: Record, new: Record, invocation: Invocation, evidence: Evidence) -> None:
        policy = POLICIES[invocation.region]
        known = (old.state, new.state) in ALLOWED
        hold(f"a known transition, not {old.state} to {new.state}", known)
        claim = new.state is S.FENCING and old.state is not S.FENCING
        intent = new.state is S.PROMOTING and old.state is not S.PROMOTING
        hold("I10 the epoch rises with the intent only", new.epoch == old.epoch + intent)
        hold("I6 nothing goes back", (new.version, new.epoch) >= self.highest)
        self.highest = (new.version, new.epoch)
        if claim or intent:
            self._check_grounds(old, evidence, policy)
            hold("I4 the writer was down", invocation.was_down)
            hold("I11 the target is fixed", new.target_arn == policy.arn)
            hold("I2 acknowledged", old.acknowledged)
            kept = self.store.notes[-1].evidence
            hold("I10 evidence first", kept is not None and kept["evidence"] is evidence)
        if claim:
            spans = self.now - self.bad_run[0] if self.bad_run else -1.0
            hold("the window is served", len(self.bad_run) >= 2 and spans >= policy.window_s)
        if intent:
            hold("I2 one intent per epoch", new.epoch not in self.intents)
            self.intents.add(new.epoch)
            hold("I3 the claim came first", old.state is S.FENCING)
            hold("I11 the claim's target", new.target_arn == old.target_arn)
            hold("re-read after the claim", evidence.taken_at >= old.since)
        if (new.writer, new.latch) != (old.writer, old.latch):
            hold("I6 DNS moves by a promotion only", new.state is S.REDIRECTING)
            verified = self.promoting is None and self.writer == new.writer
            hold("I5 DNS moves after verification", verified)
        if new.state is S.COOLDOWN and old.state is not S.COOLDOWN:
            hold("DNS was moved", evidence.latch_value == new.latch and evidence.latch_regions > 1)
        last = old.last_failover_at
        if new.state is S.REJOINING and old.state is S.COOLDOWN:
            over = last is not None and self.now - last >= policy.cooldown_s
            hold("I2 a human has acknowledged", old.acknowledged)
            hold("the cooldown is over", over)
        if new.state is S.OBSERVE and old.state is S.REJOINING:
            hold("a standby is back", evidence.topology and evidence.topology.connected)
        if new.state is S.STEADY and old.state is S.OBSERVE:
            hold("armed by a human", old.armed)
            hold("the API agrees", evidence.topology and evidence.topology.writer == new.writer)

    def _check_grounds(self, old: Record, evidence: Evidence, policy: Policy) -> None:
        late = self.now - evidence.taken_at
        fresh = [v for v in evidence.votes if late + v.age_s <= policy.vote_max_age_s]
        down = {v.witness for v in fresh if v.verdict is Verdict.DOWN}
        hold("I3 no UP", not any(v.verdict is Verdict.UP for v in fresh))
        hold("I13 a quorum says DOWN", len(down) >= 2)
        hold("I7 armed", old.armed)
        until, last = old.maintenance_until, old.last_failover_at
        hold("I7 no maintenance", until is None or self.now >= until)
        hold("I7 no cooldown", last is None or self.now - last >= policy.cooldown_s)
        topology = evidence.topology
        hold("the standby is ready", topology is not None and topology.standby_ready)

    def finale(self) -> None:
        """Liveness: armed and steady, the writer dies for good, nothing is in the way."""
        state, policy = self.store.record, POLICIES[STANDBY]
        recent = state.last_failover_at is not None and (
            self.now - state.last_failover_at < policy.cooldown_s
        )
        if state.state is not S.STEADY or state.writer != HOME or recent or self.writer != HOME:
            return
        if not state.armed or not state.acknowledged or self.promoting is not None:
            return
        if state.maintenance_until is not None and self.now < state.maintenance_until:
            return
        self.blind, self.liar, self.api, self.latch_ok = set(), None, True, True
        self.alive = {HOME: True, STANDBY: True}
        self.invocations = []
        self.fail_over()


Rule = Callable[[Simulation, random.Random], None]
RULES: Sequence[tuple[int, Rule]] = (
    (12, lambda sim, rng: sim.round(STANDBY)),
    (3, lambda sim, rng: sim.round(HOME)),
    (1, lambda sim, rng: sim.round(STANDBY, frozen_s=19.0)),
    (1, lambda sim, rng: sim.round(STANDBY, frozen_s=21.0)),
    (3, lambda sim, rng: sim.invoke(rng.choice((STANDBY, STANDBY, HOME)))),
    (4, lambda sim, rng: sim.gather()),
    (4, lambda sim, rng: sim.finish(crash=rng.random() < 0.3)),
    (1, lambda sim, rng: sim.crash()),
    (2, lambda sim, rng: sim.tick(rng.choice((1.0, 5.0, 25.0, 130.0)))),
    (3, lambda sim, rng: sim.lose(rng.choice((HOME, HOME, STANDBY)))),
    (2, lambda sim, rng: sim.heal(rng.choice((HOME, STANDBY)))),
    (1, lambda sim, rng: sim.blindfold(rng.choice(WITNESSES))),
    (2, lambda sim, rng: sim.lie(rng.choice((None, HOME, *WITNESSES)))),
    (1, lambda sim, rng: sim.switch_api()),
    (1, lambda sim, rng: sim.switch_latch()),
    (3, lambda sim, rng: sim.complete()),
    (3, lambda sim, rng: sim.arm()),
    (1, lambda sim, rng: sim.disarm()),
    (2, lambda sim, rng: sim.acknowledge()),
    (1, lambda sim, rng: sim.approve()),
    (1, lambda sim, rng: sim.maintain()),
    (2, lambda sim, rng: sim.unlock()),
)


def walk(seed: int, steps: int) -> Simulation:
    """A random history; raises ViolationError when an invariant breaks."""
    rng = random.Random(seed)
    sim = Simulation()
    weights = [weight for weight, _ in RULES]
    # Some walks begin armed, or after a failover: otherwise too few of them get that far.
    if seed % 4 == 3:
        sim.fail_over()
    elif seed % 2:
        sim.arm()
        sim.round(STANDBY)
    for rule in rng.choices([rule for _, rule in RULES], weights, k=steps):
        rule(sim, rng)
    sim.finale()
    return sim
