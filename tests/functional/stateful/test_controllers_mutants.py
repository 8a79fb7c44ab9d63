"""Break the controller, its gateway or its store in one place: the world's invariants notice.

Each mutant is given the history in which it matters, one that holds for the shipped code.
`python -m pytest tests/functional/stateful -rP -k killed` prints who noticed what.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from bicoastal.failover import decision, store
from bicoastal.failover.controller import Controller
from bicoastal.failover.errors import Conflict, StoreError
from bicoastal.failover.gateway import Gateway, GatewayError
from bicoastal.failover.state import Record, SetLatch, State, Step
from bicoastal.failover.votes import Verdict, Vote

from .in_process import HOME, STANDBY, WITNESSES
from .invocations import ViolationError
from .world import ARNS, Fault, World, hold

New = Callable[[], World]

_promote, _vote, _perform = Gateway.promote, Controller._vote, Controller._perform
_write, _page, _lock = store.RecordStore.write, Controller._page, decision._lock
_write_of_controller = Controller._write


def asks_whoever_is_the_standby(self: Gateway, target_arn: str) -> str:
    """After a time-out, ask again, for the member that is not the writer now."""
    try:
        return _promote(self, target_arn)
    except GatewayError:
        writer = self.topology().writer
        return _promote(self, ARNS[STANDBY if writer == HOME else HOME])


def writes_over_others(self: Any, old: Record, new: Record, note: Any) -> Record:
    """After a conflict, write again on top of what is there now."""
    try:
        return _write(self, old, new, note)
    except Conflict:
        return _write(self, self.read(), new, note)


def believes_a_failed_write(self: Any, old: Record, new: Record, note: Any) -> Record:
    try:
        return _write(self, old, new, note)
    except StoreError:
        return replace(new, version=old.version + 1)


def acts_first(self: Controller, record: Record, evidence: Any, step: Step) -> Record:
    _perform(self, record, step, evidence.taken_at)
    return _write_of_controller(self, record, evidence, step)


def calls_without_reading(self: Controller, _record: Record, target_arn: str) -> None:
    self._world.promote(target_arn)


def locks_in_silence(view: Any, reason: str) -> Step:
    locked = _lock(view, reason)
    return Step(replace(locked.record, noticed=True), (), reason)


def silence_is_down(self: Controller, future: Any, witness: str, member: str) -> Vote:
    vote = _vote(self, future, witness, member)
    return replace(vote, verdict=Verdict.DOWN) if vote.verdict is Verdict.UNKNOWN else vote


def latches_early(self: Controller, record: Record, step: Step, at: float) -> None:
    if record.state is State.PROMOTING:
        step = replace(step, actions=(*step.actions[:-1], SetLatch(1 - record.latch)))
    _perform(self, record, step, at)


def believes_that_it_paged(self: Controller, subject: str, message: str) -> bool:
    _page(self, subject, message)
    return True


def lost_answer_of_the_promotion(world: World) -> None:
    world.suspect()
    world.faults.append(Fault("FailoverGlobalCluster", "answer lost", 1))

    def ends_before_the_answer() -> None:
        world.complete()
        world.heal(HOME)
        world.rejoin()

    world.on_promotion = ends_before_the_answer
    world.run(STANDBY)
    world.finale()


def lost_intent(world: World) -> None:
    """The claim is written, the intent is not."""
    world.suspect()
    world.run(STANDBY, 1)
    world.faults.append(Fault("PutItem", "request lost", 2))
    world.run(STANDBY, 1)
    world.finale()


def promotion_without_end(world: World) -> None:
    world.suspect()
    world.run(STANDBY, 3)
    world.tick(101.0)
    world.run(STANDBY, 1)
    world.finale()


def lost_page(world: World) -> None:
    world.prepare(State.LOCKED, armed=False)
    world.faults.append(Fault("Publish", "request lost", 2))
    world.run(STANDBY)
    world.finale()


def blindness(world: World) -> None:
    world.prepare(State.STEADY)
    world.blind.update(WITNESSES)
    for _ in range(4):
        world.run(STANDBY)
    hold("silence is no evidence", world.record.state is State.STEADY)


def race(world: World) -> None:
    """Two controllers have seen the same; the slower one finds the record changed."""
    world.suspect()
    world.park(STANDBY, 1)
    while world.parked[0].waits_for != "PutItem":
        world.resume(0, 1)
    world.run(STANDBY, 2)
    world.finale()


def failover(world: World) -> None:
    world.suspect()
    world.finale()


MUTANTS: dict[str, tuple[Any, ...]] = {
    "promotion asked again for a target found anew": (
        lost_answer_of_the_promotion,
        (Gateway, "promote", asks_whoever_is_the_standby),
    ),
    "conflict ignored": (race, (store.RecordStore, "write", writes_over_others)),
    "believes a failed write, calls without reading": (
        lost_intent,
        (store.RecordStore, "write", believes_a_failed_write),
        (Controller, "_promote", calls_without_reading),
    ),
    "acts before it writes": (failover, (Controller, "_write", acts_first)),
    "no page on lock": (promotion_without_end, (decision, "_lock", locks_in_silence)),
    "silence counts as DOWN": (blindness, (Controller, "_vote", silence_is_down)),
    "latch set before verification": (failover, (Controller, "_perform", latches_early)),
    "a failed page counts as heard": (lost_page, (Controller, "_page", believes_that_it_paged)),
}


@pytest.mark.parametrize("name", MUTANTS)
def test_mutant_is_killed(name: str, new_world: New, monkeypatch: pytest.MonkeyPatch) -> None:
    history, *broken = MUTANTS[name]
    history(new_world())
    for part in broken:
        monkeypatch.setattr(*part)
    with pytest.raises(ViolationError) as noticed:
        history(new_world())
    print(f"{name}: {noticed.value}")  # noqa: T201
