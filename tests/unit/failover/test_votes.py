"""Votes and evidence survive the way through JSON, and nonsense is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bicoastal.failover.votes import Depth, Evidence, Observation, Vote, unknown

from .fakes import HOME, STANDBY, evidence, votes


def test_a_vote_survives_json() -> None:
    (vote,) = votes("--D", read_only=True, overloaded=True, elapsed_s=0.5, version="8.0.39")
    assert Vote.from_dict(json.loads(json.dumps(vote.to_dict()))) == vote


def test_what_is_not_known_is_left_out() -> None:
    raw = unknown(HOME, STANDBY, "asleep").to_dict()
    assert "read_only" not in raw
    assert Vote.from_dict(raw) == unknown(HOME, STANDBY, "asleep")


def test_a_newer_witness_may_say_more() -> None:
    (vote,) = votes("U--")
    assert Vote.from_dict({**vote.to_dict(), "mood": "good"}) == vote


@pytest.mark.parametrize(
    "change",
    ({"verdict": "MAYBE"}, {"depth": "deep"}, {"age_s": "old"}, {"elapsed_s": None}),
)
def test_nonsense_is_refused(change: dict[str, Any]) -> None:
    (vote,) = votes("U--")
    with pytest.raises(ValueError, match="not a vote"):
        Vote.from_dict({**vote.to_dict(), **change})


def test_a_vote_without_a_reason_is_refused() -> None:
    with pytest.raises(ValueError, match="not a vote"):
        Vote.from_dict({"witness": HOME, "member": HOME, "verdict": "UP", "depth": "tcp"})


def test_unknown_can_say_how_deep_it_got() -> None:
    assert unknown(HOME, STANDBY, "x", depth=Depth.TCP).depth is Depth.TCP


@pytest.mark.parametrize("changes", ({}, {"topology": None, "lag_s": 1.5, "lag_age_s": 2.0}))
def test_evidence_survives_json_for_replay(changes: dict[str, Any]) -> None:
    seen = (Observation("versions", green=None, detail="x"),)
    found = evidence(5.0, "UD?", observations=seen, **changes)
    assert Evidence.from_dict(json.loads(json.dumps(found.to_dict()))) == found
