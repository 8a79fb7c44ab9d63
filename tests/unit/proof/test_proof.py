"""The shipped decision survives the exploration, and no mutant does."""

from __future__ import annotations

import json
import os
import runpy
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import permutations
from typing import Any

import pytest

from bicoastal.failover import decision, guards
from bicoastal.failover.state import Record, State
from bicoastal.failover.votes import Depth, Evidence, Verdict, Vote
from bicoastal.proof import __main__ as command
from bicoastal.proof import exploring, report, rules, world
from bicoastal.proof.exploring import Result, explore
from bicoastal.proof.machine import Machine
from bicoastal.proof.mutants import MUTANTS, Mutant
from bicoastal.proof.report import SCENES, Scene
from bicoastal.proof.values import (
    HOME,
    NOBODY,
    NOW,
    OK,
    POLICY,
    STANDBY,
    WITNESSES,
    Move,
    Slot,
    Spot,
    canonical,
)

RESTING = Spot(0, (OK, OK), 0, NOBODY, 0, False, False, False, ())


SLOW = {  # those that take more than three seconds
    "acknowledgement ignored",
    "call names whoever is the standby",
    "cooldown ignored",
    "fail-back when the old primary returns",
    "latch never moves",
    "latch speaks for when it arrives",
    "no reading before the call",
    "promotion never given up",
    "promotion not verified",
    "redirection not awaited",
    "second outage unseen while rejoining",
    "unlock leaves DNS to a lost region",
}
EXPLORE = """
import json, sys
from bicoastal.proof import report
from bicoastal.proof.mutants import MUTANTS
scenes = [scene for scene in report.SCENES if scene.name == sys.argv[1]]
mutants = [mutant for mutant in MUTANTS if mutant.name == sys.argv[1]]
print(json.dumps(report.run(scenes, mutants).to_dict()))
"""


def explored_elsewhere(name: str) -> dict[str, Any]:
    """Explore a scene or a mutant in a process of its own, which coverage does not follow.

    Tracing millions of steps of the same lines doubles the time. In this process it would also
    leave results behind that other tests then take, instead of running the lines.
    """
    environment = {k: v for k, v in os.environ.items() if not k.startswith("COVERAGE")}
    done = subprocess.run(
        [sys.executable, "-c", EXPLORE, name],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return dict(json.loads(done.stdout))


def holds_everywhere(explored: dict[str, Any]) -> None:
    (result,) = explored["explorations"]
    print(f"{result['states']} states, {result['transitions']} transitions")  # noqa: T201
    assert result["problem"] is None, "\n".join(result["trace"])
    assert result["states"] > 50_000
    assert set(result["by_state"]) == set(State), "every state of the record is reached"
    assert 0 < result["exposed"] < result["states"]
    assert explored["holds"]


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.name)
def test_every_invariant_holds_in_every_state(scene: Scene) -> None:
    holds_everywhere(explored_elsewhere(scene.name))


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_mutant_is_noticed(mutant: Mutant) -> None:
    if mutant.name in SLOW:
        (found,) = explored_elsewhere(mutant.name)["mutants"]
        problem, trace = found["killed_by"], found["trace"]
    else:
        result = report.try_mutant(mutant)
        problem, trace = result.problem, result.trace
    assert problem is not None, f"the mutant '{mutant.name}' survives"
    assert problem in problems_on(trace, mutant) or "liveness" in problem


def problems_on(trace: Sequence[str], mutant: Mutant) -> set[str | None]:
    """Walk a counter-example again, and tell what its last step breaks."""
    assert trace
    with mutant.applied():
        machine = report.machine_of(mutant)
        spots, problems = {machine.start()}, set[str | None]()
        for words in trace:
            moves = [m for spot in spots for m in machine.moves(spot) if m.words == words]
            spots = {move.spot for move in moves}
            problems = {move.problem for move in moves}
            problems |= {rules.spot_breaks(s, machine.records[s.record]) for s in spots}
            assert spots, f"nothing says '{words}'"
    return problems


def test_there_are_enough_mutants_and_none_leaves_a_trace() -> None:
    assert len({mutant.name for mutant in MUTANTS}) == len(MUTANTS) >= 20
    for mutant in MUTANTS:
        before = (vars(guards).copy(), vars(decision).copy())
        with mutant.applied():
            assert mutant.parts == () or before != (vars(guards), vars(decision))
        assert before == (vars(guards), vars(decision))


def test_witnesses_are_exchangeable() -> None:
    """The exploration keeps one order of the votes of those whom no guard asks for by name."""
    run = {"bad_rounds": 2, "first_bad_at": NOW - 1, "last_bad_at": NOW}
    records = [
        Record("global", HOME, state=state, armed=True, since=NOW - 1, **run)  # type: ignore[arg-type]
        for state in State
        if state is not State.PROMOTING
    ]
    for record in records:
        for letters in ("UUD", "DDU", "DD?", "U??", "D?U"):
            outcomes = set()
            for order in permutations(letters):
                verdicts = [{"U": Verdict.UP, "D": Verdict.DOWN}.get(x, Verdict.UNKNOWN)
                            for x in order]  # fmt: skip
                votes = tuple(
                    Vote(witness, HOME, verdict, Depth.GREETING, "")
                    for witness, verdict in zip(WITNESSES, verdicts, strict=True)
                )
                outcomes.add(decision.step(record, Evidence(NOW, votes), NOW, POLICY).record)
            assert len(outcomes) == 1


def test_times_are_cut_off_where_no_guard_tells_them_apart() -> None:
    old = Record(
        "global", HOME, epoch=7, version=99, state=State.FENCING, since=NOW - 50,
        last_failover_at=NOW - 1, approved_until=NOW + 1, first_bad_at=NOW - 50,
        last_bad_at=NOW - 1, bad_rounds=2,
    )  # fmt: skip
    seen = canonical(old)
    assert (seen.epoch, seen.version, NOW - seen.since) == (1, 1, 2.0)
    assert (seen.first_bad_at, seen.last_bad_at) == (NOW - POLICY.window_s, NOW - 1)
    later = canonical(seen, 1.0)
    assert (later.last_failover_at, later.approved_until) == (None, None)
    assert (later.bad_rounds, later.first_bad_at) == (0, None)


def test_the_rules_notice_what_no_mutant_breaks() -> None:
    record = Record("global", HOME, state=State.PROMOTING, target_region=STANDBY)
    call = Slot("call", 1, 1)
    assert "an earlier epoch" in str(rules.call_breaks(RESTING, record, call._replace(stale=2), 1))
    assert "I11" in str(rules.call_breaks(RESTING, record, call, 0))
    for state in (State.COOLDOWN, State.STEADY):
        moved = RESTING._replace(writer=1)
        assert "I8" in str(rules.spot_breaks(moved, replace(record, state=state)))


def test_a_diverged_member_that_is_well_again_is_rebuilt() -> None:
    rebuilt = Move("RDS rebuilds the old member", RESTING)
    assert rebuilt in set(world.moves_of(RESTING._replace(diverged=True)))
    assert rebuilt not in set(world.moves_of(RESTING))


def test_the_command_prints_figures_and_mutants(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    small(monkeypatch)
    assert command.main([]) == 0
    told = capsys.readouterr().out
    assert "I13" in told
    assert "states" in told
    assert "quorum of one" in told
    assert "PROVEN: 1 of 1 mutants noticed" in told


def test_the_command_prints_json(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    small(monkeypatch)
    assert command.main(["--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["holds"] is True
    assert found["explorations"][0]["transitions"] > 0
    assert found["mutants"][0]["killed_by"].startswith("I13")


def test_a_survivor_fails_the_command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    small(monkeypatch, Mutant("nothing is broken"))
    assert command.main([]) == 1
    assert "nothing is broken                          SURVIVED" in capsys.readouterr().out


def test_a_broken_decision_fails_the_command_with_a_trace(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    small(monkeypatch)
    monkeypatch.setattr(sys, "argv", ["proof", "--no-mutants"])
    (mutant,) = (mutant for mutant in MUTANTS if mutant.name == "quorum of one")
    with mutant.applied(), pytest.raises(SystemExit) as ended:
        runpy.run_module("bicoastal.proof", run_name="__main__")
    assert ended.value.code == 1
    told = capsys.readouterr().out
    assert "BROKEN: I13" in told
    assert "  1 a human arms" in told


def little(machine: Machine) -> Result:
    """Explore what can be reached from the first 600 states."""
    asked = 0
    moves = machine.moves

    def few(spot: Spot) -> Iterator[Move]:
        nonlocal asked
        asked += 1
        yield from moves(spot) if asked <= 600 else ()

    machine.moves = few  # type: ignore[method-assign]
    return explore(machine)


def small(monkeypatch: pytest.MonkeyPatch, *mutants: Mutant) -> None:
    """Explore a little, so that the command's own tests stay quick."""
    chosen = mutants or tuple(m for m in MUTANTS if m.name == "quorum of one")

    monkeypatch.setattr(report, "explore", little)
    monkeypatch.setattr(exploring, "_stuck", lambda *_: None)  # the good ends are further away
    run = report.run
    monkeypatch.setattr(command, "run", lambda scenes, _all, told: run(scenes, chosen, told))
