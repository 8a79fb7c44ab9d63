"""Break the decision in one place at a time: the table or the random walks must notice.

`python -m pytest tests/unit/failover/test_mutants.py -rP` prints who noticed what.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from bicoastal.failover import decision, guards
from bicoastal.failover.state import Promote, Record, State
from bicoastal.failover.votes import Verdict, Vote

from .fakes import HOME, HOME_ARN, POLICY, FakeStore, armed, evidence
from .simulation import ViolationError, walk
from .test_transitions import NOW, TABLE

WALKS, STEPS = 800, 50


def never(*_: Any, **__: Any) -> Any:
    return None


def no(*_: Any, **__: Any) -> bool:
    return False


def yes(*_: Any, **__: Any) -> bool:
    return True


def only_armed(record: Record, now: float) -> str | None:
    return None if record.armed else "disarmed"


def only_maintenance(record: Record, now: float) -> str | None:
    return ORIGINAL_STOPPED(replace(record, armed=True), now)


def up_from_elsewhere(vote: Vote) -> bool:
    return vote.verdict is Verdict.UP and vote.witness != HOME


def up_and_quick(vote: Vote) -> bool:
    return vote.verdict is Verdict.UP and not vote.overloaded


def write_anyway(self: FakeStore, old: Record, new: Record, note: Any) -> Record:
    self.record = replace(new, version=old.version + 1)
    self.history.append(self.record)
    return self.record


Mutant = tuple[str, Any, str, Callable[..., Any], bool]
ORIGINAL_STOPPED = guards.stopped
# What is broken; where; the replacement; whether the walks have to find it (the others are found
# by the table, because no invariant of the small world depends on them).
MUTANTS: tuple[Mutant, ...] = (
    ("UNKNOWN counts as DOWN", guards, "counts_down", lambda v: v.verdict is not Verdict.UP, True),
    ("UP vetoes from elsewhere only", guards, "vetoes", up_from_elsewhere, True),
    ("an overloaded member does not veto", guards, "vetoes", up_and_quick, False),
    ("quorum of one", guards, "confirmed", lambda v, p: bool(v.down) and not v.up, True),
    ("veto forgotten in the quorum", guards, "confirmed", lambda v, p: len(v.down) >= 2, True),
    ("stale votes count", guards, "is_fresh", yes, True),
    ("no window", guards, "window_served", yes, True),
    ("window without span", guards, "window_served", lambda r, n, p: r.bad_rounds >= 2, True),
    ("holes in the run ignored", guards, "continues", lambda r, n, p: bool(r.last_bad_at), True),
    ("no second look", guards, "reconfirmed", yes, True),
    ("disarm ignored", guards, "stopped", only_maintenance, True),
    ("maintenance ignored", guards, "stopped", only_armed, True),
    ("cooldown ignored", guards, "gate_cooldown", never, True),
    ("all gates ignored", guards, "red_gates", lambda view: "", True),
    ("acknowledgement ignored", guards, "gate_acknowledged", never, True),
    ("unverified promotion believed", guards, "verified", yes, True),
    ("promotion asked again under way", guards, "promotion_missing", yes, True),
    ("redirection not awaited", guards, "redirected", yes, True),
    ("latch never moves", guards, "home_is_writer", lambda w, p: 1, True),
    ("rejoined without a standby", guards, "rejoined", yes, True),
    ("steady without agreement", guards, "clean", yes, True),
    ("target recomputed", decision, "Promote", lambda arn: Promote(HOME_ARN), True),
    ("no conditional write", FakeStore, "write", write_anyway, True),
    ("contested is a veto like any other", guards, "contested", no, False),
    ("trouble ignored", guards, "troubled", no, False),
    ("an ailing member passes for a well one", guards, "ails", no, False),
    ("moved writer ignored", guards, "moved", never, False),
    ("approval not needed", guards, "approved", yes, False),
)
GATE_MUTANTS = tuple(gate.__name__ for gate in guards.GATES)


def table_notices() -> str | None:
    for name, record, found, state, reason in TABLE:
        outcome = decision.step(record, found, NOW, POLICY)
        if outcome.record.state is not state or reason not in outcome.reason:
            return name
    return None


def approval_notices() -> str | None:
    run = {"bad_rounds": 2, "first_bad_at": NOW - 25, "last_bad_at": NOW - 10}
    suspect = armed(State.SUSPECT, **run)
    found = evidence(NOW, "?DD")
    outcome = decision.step(suspect, found, NOW, replace(POLICY, mode="approve"))
    return None if outcome.record.state is State.HELD else "approve mode"


def walks_notice() -> str | None:
    for seed in range(WALKS):
        try:
            walk(seed, STEPS)
        except ViolationError as violation:
            return f"{violation} (walk {seed})"
    return None


def test_the_shipped_decision_is_noticed_by_nobody() -> None:
    assert table_notices() is None
    assert approval_notices() is None
    assert walks_notice() is None


@pytest.mark.parametrize("mutant", MUTANTS, ids=[mutant[0] for mutant in MUTANTS])
def test_mutant_is_killed(mutant: Mutant, monkeypatch: pytest.MonkeyPatch) -> None:
    what, where, name, replacement, walks = mutant
    monkeypatch.setattr(where, name, replacement)
    noticed = walks_notice() if walks else table_notices()
    print(f"{what}: {'walks' if walks else 'table'}: {noticed}")  # noqa: T201
    assert noticed is not None, f"the mutant '{what}' survived"


@pytest.mark.parametrize("gate", GATE_MUTANTS)
def test_every_gate_is_needed(gate: str, monkeypatch: pytest.MonkeyPatch) -> None:
    rest = tuple(found for found in guards.GATES if found.__name__ != gate)
    monkeypatch.setattr(guards, "GATES", rest)
    if gate == "gate_armed":
        # Doubled on purpose: `_leave` has ended the run before the gates are asked.
        assert table_notices() is None
        monkeypatch.setattr(decision, "_leave", never)
    assert table_notices() or approval_notices()
