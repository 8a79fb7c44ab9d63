"""The scenarios' mutants of the decision do what they are for: with the votes of their scenario the
broken decision promotes and the whole one does not. `bicoastal drill --broken` plays them for real.
"""

from __future__ import annotations

import io
import sys
import zipfile
from collections.abc import Callable
from dataclasses import replace
from types import ModuleType
from typing import Any

import pytest

from bicoastal.failover import decision
from bicoastal.failover.state import Gather, Policy, Promote
from bicoastal.failover.votes import Vote
from bicoastal.lab.drill.defects import broken_bundle
from bicoastal.lab.scenarios import Mutant, find

from .fakes import HOME, STANDBY, STANDBY_ARN, armed, evidence, votes

INTERVAL_S, ROUNDS, FAULT = 10.0, 30, 2
Said = Callable[[int], tuple[Vote, ...]]
# The lab's votes may be older than AWS's: time-outs have a floor that the pace does not divide.
_POLICY = Policy(region=STANDBY, arn=STANDBY_ARN, home_region=HOME, vote_max_age_s=60.0)


def always(letters: str, **changes: Any) -> Said:
    """Healthy until the fault, then these votes."""
    return lambda number: votes(letters, **changes) if number >= FAULT else votes("UUU")


def one_of_them(**changes: Any) -> Said:
    """One witness finds the writer so, the others are content."""
    odd = votes("--U", **changes)
    return lambda number: (*votes("UU-"), *odd) if number >= FAULT else votes("UUU")


def hanging(number: int) -> tuple[Vote, ...]:
    """Three hangs of three rounds with three good rounds between."""
    return votes("DDD" if FAULT <= number < 17 and (number - FAULT) % 6 < 3 else "UUU")


# A clock that jumps by five minutes in the fourth bad round of a hang of six rounds.
JUMP_AT, JUMP_S = FAULT + 3, 300.0


def one_hang(number: int) -> tuple[Vote, ...]:
    """A hang of six rounds, shorter than the window."""
    return votes("DDD" if FAULT <= number < FAULT + 6 else "UUU")


CASES: tuple[tuple[str, Said], ...] = (
    ("nothing", always("UUU")),
    ("latency", always("UUU", overloaded=True)),
    ("read-only-by-hand", always("UUU", read_only=True)),
    ("tables-locked", always("UUU", written=False)),
    ("connections-exhausted", one_of_them(overloaded=True)),
    ("witness-clock-slow", always("UU?")),
    ("third-isolated", always("UU?")),
    ("credentials-refused", always("???", needs_repair=True)),
    ("every-witness-broken", always("???")),
    ("witness-lies-down", always("UUD")),
    ("witness-lies-up", always("DDU")),
    ("regions-partitioned", always("UDU")),
    ("two-witnesses-broken-and-kill", always("?D?")),
    ("flapping", lambda number: votes("UDD" if number % 2 else "UUU")),
    ("cut-43-seconds", one_hang),
    ("repeated-pauses", hanging),
    ("controller-clock-jumps", one_hang),
)


def decision_of(mutant: Mutant, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The decision, and the guards that it uses, from the bundle with the mutant in it."""
    packed = broken_bundle(mutant)
    if packed is None:
        return decision
    with zipfile.ZipFile(io.BytesIO(packed)) as bundle:
        guards, decides = (
            bundle.read(f"bicoastal/failover/{name}.py").decode() for name in ("guards", "decision")
        )
    decides = decides.replace("from bicoastal.failover import guards", "import broken as guards")
    decides = decides.replace("from bicoastal.failover.guards import", "from broken import")
    loaded = {}
    for name, source in (("broken", guards), ("deciding", decides)):
        loaded[name] = ModuleType(name)
        monkeypatch.setitem(sys.modules, name, loaded[name])
        exec(compile(source, name, "exec"), loaded[name].__dict__)
    return loaded["deciding"]


def promotes(decides: ModuleType, policy: Policy, said: Said, jump_s: float = 0.0) -> bool:
    """Let a decision look at the votes round by round; tell whether it promotes."""
    record = armed(since=0.0)
    for number in range(ROUNDS):
        for look in range(20):  # a claim is followed by another look at once
            now = 1000.0 + number * INTERVAL_S + look * 0.1
            now += jump_s if number >= JUMP_AT else 0.0
            found = replace(evidence(now, "---"), votes=said(number), lag_s=0.1, lag_age_s=1.0)
            outcome = decides.step(record, found, now, policy)
            record = outcome.record
            if any(isinstance(action, Promote) for action in outcome.actions):
                return True
            if not any(isinstance(action, Gather) for action in outcome.actions):
                break
    return False


@pytest.mark.parametrize(("name", "said"), CASES, ids=[name for name, _ in CASES])
def test_a_broken_decision_promotes_where_the_whole_one_does_not(
    monkeypatch: pytest.MonkeyPatch, name: str, said: Said
) -> None:
    mutant = find(name).mutant
    known = {key: value for key, value in mutant.config.items() if hasattr(_POLICY, key)}
    assert known == mutant.config
    jump_s = JUMP_S if name == "controller-clock-jumps" else 0.0
    assert promotes(decision_of(mutant, monkeypatch), replace(_POLICY, **known), said, jump_s)
    assert not promotes(decision, _POLICY, said, jump_s)
