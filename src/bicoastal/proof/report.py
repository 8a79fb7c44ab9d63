"""Runs the proof and tells it: figures, invariants, the table of mutants, counter-examples."""

from __future__ import annotations

import dataclasses
import gc
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from bicoastal.proof.exploring import Result, explore
from bicoastal.proof.machine import Machine
from bicoastal.proof.mutants import APPROVE, AUTOMATIC, MUTANTS, Mutant
from bicoastal.proof.values import SHIPPED, Use, policy

INVARIANTS = {
    "I2": "at most one promotion an epoch; one failover until a human acknowledges",
    "I3": "no claim and no intent while a fresh vote is UP; no intent without a claim",
    "I4": "no claim unless the writer is bad and the window served, one witness lying",
    "I5": "DNS moves after verification, and points to the writer in service",
    "I6": "writer, latch and DNS never go back without a human",
    "I7": "disarmed, in maintenance or in the cooldown, nothing is claimed",
    "I8": "at rest the record, the database's role and DNS agree",
    "I9": "no claim beyond the lag budget, or with a lag too old, unless approved",
    "I10": "no promotion without an intent written before; the epoch rises with it only",
    "I11": "the target promoted is the record's, and the controller's own member",
    "I13": "UNKNOWN, from however many witnesses, never leads to a claim",
    "L": "from every state a good end can be reached without luck",
}


@dataclass(frozen=True)
class Scene:
    """What is explored of the shipped code.

    Attributes:
        name: in words.
        mode: the policy's mode.
        invocations: how many controllers may be under way at the same time.
        switches: humans also move the writer as planned.
        use: how the controllers use the decision.
        honest: no witness lies or is silent, RDS always answers.
    """

    name: str
    mode: str
    invocations: int
    switches: bool = True
    use: Use = SHIPPED
    honest: bool = False


SCENES = (
    Scene("automatic, two controllers at a time", AUTOMATIC, 2, switches=False),
    Scene("approve, one controller at a time", APPROVE, 1),
)


@dataclass(frozen=True)
class Proof:
    """What was shown.

    Attributes:
        scenes: the shipped code's explorations.
        mutants: each mutant's exploration.
    """

    scenes: tuple[tuple[Scene, Result], ...]
    mutants: tuple[tuple[Mutant, Result], ...]

    @property
    def holds(self) -> bool:
        """Nothing breaks in the shipped code, and every mutant is noticed."""
        return all(result.problem is None for _, result in self.scenes) and all(
            result.problem is not None for _, result in self.mutants
        )

    def to_dict(self) -> dict[str, Any]:
        """The proof as JSON values."""
        return {
            "holds": self.holds,
            "invariants": INVARIANTS,
            "explorations": [
                {"name": scene.name, **_values(result)} for scene, result in self.scenes
            ],
            "mutants": [
                {
                    "name": mutant.name,
                    "killed_by": result.problem,
                    "steps": len(result.trace),
                    "trace": result.trace,
                    "states": result.states,
                }
                for mutant, result in self.mutants
            ],
        }


def run(
    scenes: Sequence[Scene] = SCENES,
    mutants: Sequence[Mutant] = MUTANTS,
    told: Callable[[str], object] = lambda _line: None,
) -> Proof:
    """Explore the shipped code, then every mutant.

    Args:
        scenes: what to explore of the shipped code.
        mutants: what to break.
        told: takes one line at a time, as soon as it is known.

    Returns:
        What was shown.
    """
    explored, noticed = [], []
    with _uncollected():
        for scene in scenes:
            explored.append((scene, explore(machine_of(scene))))
            for line in _scene_lines(*explored[-1]):
                told(line)
        for mutant in mutants:
            noticed.append((mutant, try_mutant(mutant)))
            told(_mutant_line(*noticed[-1]))
    return Proof(tuple(explored), tuple(noticed))


def try_mutant(mutant: Mutant) -> Result:
    """Explore the code with one part broken.

    Args:
        mutant: what is broken.

    Returns:
        What the exploration found; no problem means that the mutant survives.
    """
    with mutant.applied():
        return explore(machine_of(mutant))


def machine_of(what: Scene | Mutant) -> Machine:
    """The small world's rules with a scene's or a mutant's use of the decision.

    Args:
        what: the scene or the mutant; what a mutant replaces is replaced only while `applied`.

    Returns:
        The rules.
    """
    return Machine(
        (policy(0, what.mode), policy(1, what.mode)),
        what.use,
        what.invocations,
        honest=what.honest,
        switches=what.switches,
    )


@contextmanager
def _uncollected() -> Iterator[None]:
    """Without the collector of cycles: there are none, and millions of tuples to look through."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _scene_lines(scene: Scene, result: Result) -> Iterator[str]:
    if result.problem is not None:
        yield f"{scene.name}: BROKEN: {result.problem}"
        yield from (f"  {number:3} {words}" for number, words in enumerate(result.trace, 1))
        return
    yield (
        f"{scene.name}: {result.states:,} states, {result.transitions:,} transitions, "
        f"{result.seconds:.0f} s: everything holds"
    )
    counts = ", ".join(f"{state} {count:,}" for state, count in result.by_state.most_common())
    yield f"  {counts}"
    yield (
        f"  {result.resting:,} good ends; in {result.exposed:,} states the old writer, cut off, "
        "still accepts writes inside its region (not prevented, see docs/proof.md)"
    )


def _mutant_line(mutant: Mutant, result: Result) -> str:
    if result.problem is None:
        return f"  {mutant.name:42} SURVIVED {result.states:,} states"
    return f"  {mutant.name:42} {len(result.trace):3} steps  {result.problem}"


def _values(result: Result) -> dict[str, Any]:
    return {**dataclasses.asdict(result), "by_state": dict(result.by_state)}
