"""The parts of an outage add up, whatever happened in which order."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bicoastal.lab.drill.recovery import (
    Milestones,
    longest_silence,
    milestones,
    recovery_time,
)


def entry(at: float, state: str) -> dict[str, Any]:
    return {"at": at, "to_state": state}


def test_milestones_come_from_the_first_failover_after_the_fault():
    audit = [
        entry(1.0, "STEADY"),
        entry(2.0, "SUSPECT"),
        entry(12.0, "SUSPECT"),
        entry(13.0, "SUSPECT"),
        entry(15.0, "FENCING"),
        entry(15.1, "PROMOTING"),
        entry(16.0, "REDIRECTING"),
        entry(17.0, "COOLDOWN"),
        entry(20.0, "SUSPECT"),
        entry(20.5, "STEADY"),
        entry(21.0, "PROMOTING"),
        entry(22.0, "REDIRECTING"),
    ]
    assert milestones(audit, fault_at=10.0) == Milestones(12.0, 15.1, 16.0)


def test_a_suspicion_that_was_dropped_does_not_count():
    audit = [entry(11.0, "SUSPECT"), entry(12.0, "STEADY"), entry(13.0, "SUSPECT")]
    assert milestones(audit, fault_at=10.0) == Milestones(13.0, None, None)


def test_a_dropped_suspicion_leaves_none():
    audit = [entry(11.0, "SUSPECT"), entry(12.0, "STEADY")]
    assert milestones(audit, fault_at=10.0) == Milestones(None, None, None)


def test_the_straight_path_is_split_into_its_parts():
    recovery = recovery_time(
        fault_at=10.0,
        reached=Milestones(11.0, 15.0, 17.0),
        redirected_at=17.5,
        served_at=17.75,
        silence_s=8.0,
        floor_s=6.0,
    )
    assert recovery is not None
    assert (recovery.detect_s, recovery.decide_s, recovery.promote_s) == (1.0, 4.0, 2.0)
    assert (recovery.redirect_s, recovery.reconnect_s, recovery.total_s) == (0.5, 0.25, 7.75)


def test_without_a_served_write_there_is_no_recovery():
    assert (
        recovery_time(
            fault_at=1.0,
            reached=Milestones(2.0, None, None),
            redirected_at=None,
            served_at=None,
            silence_s=9.0,
            floor_s=1.0,
        )
        is None
    )


maybe_time = st.none() | st.floats(0, 100)


@given(maybe_time, maybe_time, maybe_time, maybe_time, st.floats(10, 100))
def test_parts_are_never_negative_and_add_up(suspected, intended, verified, redirected, served):
    recovery = recovery_time(
        fault_at=10.0,
        reached=Milestones(suspected, intended, verified),
        redirected_at=redirected,
        served_at=served,
        silence_s=0.0,
        floor_s=0.0,
    )
    assert recovery is not None
    parts = (
        recovery.detect_s,
        recovery.decide_s,
        recovery.promote_s,
        recovery.redirect_s,
        recovery.reconnect_s,
    )
    assert min(parts) >= 0
    assert sum(parts) == pytest.approx(recovery.total_s)


@pytest.mark.parametrize(("times", "expected"), (([], 0.0), ([1.0], 0.0), ([5.0, 1.0, 2.0], 3.0)))
def test_longest_silence(times, expected):
    assert longest_silence(times) == expected
