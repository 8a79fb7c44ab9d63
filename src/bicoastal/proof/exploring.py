"""Breadth-first search of the small world, so that the first counter-example is a shortest one."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field

from bicoastal.proof import rules
from bicoastal.proof.machine import Machine
from bicoastal.proof.values import CUT, Spot

_FIRST_LOOK = 500


@dataclass
class Result:
    """What an exploration found.

    Attributes:
        states: how many states can be reached.
        transitions: how many transitions lead out of them.
        resting: how many of the states are good ends.
        exposed: in how many the old writer, cut off alive, still accepts writes beside the new.
        by_state: states by the record's state.
        problem: the invariant that breaks, or None.
        trace: a shortest way to it, in words.
        seconds: processor time that it took.
    """

    states: int = 0
    transitions: int = 0
    resting: int = 0
    exposed: int = 0
    by_state: Counter[str] = field(default_factory=Counter)
    problem: str | None = None
    trace: tuple[str, ...] = ()
    seconds: float = 0.0


def explore(machine: Machine) -> Result:
    """Visit every state that can be reached and check every invariant on the way.

    Liveness: from every state a good end can be reached without luck, that is by transitions
    which need no human, no repair, no lie and no crash. It is looked at whenever the number of
    states visited has doubled, with what lies beyond counted as good, and at the end.

    Args:
        machine: the rules.

    Returns:
        What was found; the search ends at the first invariant that breaks.
    """
    began = time.process_time()
    result = Result()
    start = machine.start()
    numbers: dict[Spot, int] = {start: 0}
    spots = [start]
    parents = [0]
    helped: list[list[int]] = [[]]  # for each state, those that lead to it without luck
    resting: list[int] = []
    stuck: int | None = None
    look_again_at = _FIRST_LOOK
    for number, spot in enumerate(spots):
        record = machine.records[spot.record]
        if number == look_again_at:
            look_again_at *= 2
            stuck = _stuck(helped, [*resting, *range(number, len(spots))])
            if stuck is not None:
                break
        if rules.at_rest(spot, record):
            resting.append(number)
        for move in machine.moves(spot):
            result.transitions += 1
            problem = move.problem
            found = numbers.setdefault(move.spot, len(spots))
            if found == len(spots):
                spots.append(move.spot)
                parents.append(number)
                helped.append([])
                problem = problem or _broken(machine, move.spot)
            if move.helps and found != number:
                helped[found].append(number)
            if problem is not None:
                result.problem = problem
                result.trace = (*_trace(machine, spots, parents, number), move.words)
                result.states = len(spots)
                result.seconds = time.process_time() - began
                return result
    result.states, result.resting = len(spots), len(resting)
    for spot in spots:
        result.by_state[machine.records[spot.record].state] += 1
        result.exposed += spot.diverged and spot.members[1 - spot.writer] == CUT
    if stuck is None:
        stuck = _stuck(helped, resting)
    if stuck is not None:
        result.problem = "liveness: no good end can be reached without luck"
        result.trace = _trace(machine, spots, parents, stuck)
    result.seconds = time.process_time() - began
    return result


def _broken(machine: Machine, spot: Spot) -> str | None:
    return rules.spot_breaks(spot, machine.records[spot.record])


def _stuck(helped: list[list[int]], resting: list[int]) -> int | None:
    """The first state from which no good end can be reached."""
    good = bytearray(len(helped))
    todo = list(resting)
    for number in todo:
        good[number] = 1
    while todo:
        for before in helped[todo.pop()]:
            if not good[before]:
                good[before] = 1
                todo.append(before)
    found = good.find(0)
    return None if found < 0 else found


def _trace(machine: Machine, spots: list[Spot], parents: list[int], number: int) -> tuple[str, ...]:
    """What leads to a state, in words; the moves are found again, so that none has to be kept."""
    words: list[str] = []
    while number:
        before = parents[number]
        words.append(next(m.words for m in machine.moves(spots[before]) if m.spot == spots[number]))
        number = before
    return tuple(reversed(words))
