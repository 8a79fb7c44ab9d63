"""A trail that the controller recorded replays through the decision; a forged one does not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from bicoastal.failover import record as requests
from bicoastal.failover.audit import Entry
from bicoastal.failover.replay import replay
from bicoastal.failover.state import Policy, State

from .fakes import HOME, STANDBY, armed, config
from .test_controller import LOST, Rig

POLICIES = {region: Policy.of(config(region)) for region in (HOME, STANDBY)}


@pytest.fixture(scope="module")
def trail() -> tuple[Entry, ...]:
    """From arming to the cooldown, with a human at both ends."""
    rig = Rig(armed(State.OBSERVE, armed=False))
    store: Any = rig.store
    requests.arm(store, "ada", "ready", rig.clock.now)
    rig.run(3)
    rig.world.verdicts = dict(LOST)
    rig.run(12)
    requests.acknowledge(store, "ada", "seen", rig.clock.now)
    assert rig.store.record.state is State.COOLDOWN
    return tuple(rig.store.entries)


def rehashed(entries: tuple[Entry, ...]) -> list[Entry]:
    """A forger who also recomputes the chain."""
    chain: list[Entry] = []
    for entry in entries:
        before = chain[-1].hash if chain else entry.previous_hash
        linked = replace(entry, previous_hash=before)
        chain.append(replace(linked, hash=linked.digest()))
    return chain


def test_a_recorded_trail_replays(trail: tuple[Entry, ...]) -> None:
    assert replay(trail, POLICIES) == []
    assert replay(trail[3:], POLICIES) == []
    assert len([entry for entry in trail if entry.evidence is not None]) >= 6
    assert {entry.evidence is None for entry in trail if "controller" in entry.requester} == {
        True,
        False,
    }


def index(trail: tuple[Entry, ...], state: State) -> int:
    return next(n for n, e in enumerate(trail) if e.to_state == state != e.from_state)


Forgery = Callable[[Entry], Entry]
FORGERIES: dict[str, tuple[State, Forgery, str]] = {
    "another state": (
        State.FENCING,
        lambda e: replace(e, to_state="HELD", after={**e.after, "state": "HELD"}),
        "the decision gives FENCING, the trail says HELD",
    ),
    "better votes": (
        State.FENCING,
        lambda e: replace(e, evidence={**(e.evidence or {}), "votes": []}),
        "the decision gives SUSPECT",
    ),
    "another reason": (
        State.PROMOTING,
        lambda e: replace(e, reason="because"),
        "the decision's reason is 'confirmed after the claim",
    ),
    "no evidence": (
        State.PROMOTING,
        lambda e: replace(e, evidence=None),
        "a controller changed the record without evidence",
    ),
    "another summary": (
        State.PROMOTING,
        lambda e: replace(e, epoch=9),
        "its summary is not that of its records",
    ),
    "a skipped version": (
        State.PROMOTING,
        lambda e: replace(e, after={**e.after, "version": 99}),
        "version 99 does not follow",
    ),
    "an unknown controller": (
        State.PROMOTING,
        lambda e: replace(e, requester="controller/nowhere"),
        "no policy is known for the controller of nowhere",
    ),
    "another past": (
        State.PROMOTING,
        lambda e: replace(e, before={**e.before, "latch": 0}),
        "does not begin where the one before it ended",
    ),
    "nonsense": (
        State.PROMOTING,
        lambda e: replace(e, before={}),
        "cannot be replayed",
    ),
}


@pytest.mark.parametrize("name", FORGERIES)
def test_a_forged_entry_is_detected_even_if_its_hashes_are_right(
    trail: tuple[Entry, ...], name: str
) -> None:
    state, forge, problem = FORGERIES[name]
    at = index(trail, state)
    forged = (*trail[:at], forge(trail[at]), *trail[at + 1 :])
    assert any("was changed after" in words for words in replay(forged, POLICIES))
    found = replay(rehashed(forged), POLICIES)
    assert any(problem in words for words in found), found


def test_a_removed_entry_is_detected(trail: tuple[Entry, ...]) -> None:
    at = index(trail, State.FENCING)
    shorter = (*trail[:at], *trail[at + 1 :])
    assert any("does not follow" in words for words in replay(shorter, POLICIES))


def test_a_trail_that_spans_a_deployment_replays_with_what_looked_then() -> None:
    rig = Rig(armed(State.OBSERVE))
    rig.config = replace(rig.config, code="old")
    rig.run(POLICIES[HOME].clean_rounds)
    rig.config = replace(rig.config, code="new")
    rig.run(1)
    states = [record.state for record in rig.store.history]
    assert states[-2:] == [State.STEADY, State.OBSERVE], "changed: clean rounds first"
    trail, policies = rig.store.entries, {STANDBY: Policy.of(rig.config)}
    assert {entry.evidence["deployment"] for entry in trail if entry.evidence} == {
        replace(rig.config, code=code).deployment for code in ("old", "new")
    }
    assert replay(trail, policies) == []
