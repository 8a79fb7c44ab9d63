"""What a record shows is put on one time axis."""

from __future__ import annotations

import math

from bicoastal.lab.drill.report import LagSample
from bicoastal.lab.report import seen

from .samples import FAULT_AT, HOME, STANDBY, WITNESS, audit, whole


def test_states_last_from_one_change_to_the_next(report) -> None:
    spans = seen.states(whole(report))
    assert [(span.name, round(span.start_s, 2)) for span in spans] == [
        ("OBSERVE", -3.0),
        ("STEADY", -2.0),
        ("SUSPECT", 0.3),
        ("FENCING", 4.8),
        ("PROMOTING", 5.0),
        ("REDIRECTING", 7.3),
        ("COOLDOWN", 8.3),
    ]
    assert spans[2].end_s == spans[3].start_s
    assert spans[-1].end_s == math.inf


def test_votes_lag_and_answers(report) -> None:
    record = whole(report)
    votes = seen.ballots(record)
    assert len(votes) == 6
    last = next(vote for vote in votes if vote.verdict == "UNKNOWN")
    assert (last.witness, last.reason) == (WITNESS, "no vote within 2 s")
    assert round(last.at_s, 3) == 0.2
    assert [round(at, 2) for at, _ in seen.lags(record)] == [0.3, 4.8, 5.0, 7.3, 8.3]
    published = [LagSample(at_s=-2.0, lag_s=0.5)]
    assert seen.lags(whole(report, lags=published))[0] == (-2.0, 0.5)
    assert seen.lags(whole(report, lags=published, fault_at=None)) == [(-2.0, 0.5)]
    assert [span.name for span in seen.answers(record)] == [HOME, STANDBY]
    assert seen.members(record) == [HOME]


def test_marks_are_the_ends_of_the_parts(report) -> None:
    marks = seen.marks(whole(report))
    assert [round(mark.at_s, 2) for mark in marks] == [0.0, 1.0, 6.0, 8.0, 9.5, 10.0]
    assert marks[0].text == "every path cut"
    assert [m.at_s for m in seen.marks(report.model_copy(update={"recovery_time": None}))] == [0.0]


def test_an_older_record_tells_less(report) -> None:
    old = whole(report, fault_at=None)
    assert not [*seen.states(old), *seen.ballots(old), *seen.lags(old)]


def test_the_chain_is_checked_anew(report) -> None:
    assert seen.chain_problems(whole(report)) == []
    forged = audit()
    forged[3] = {**forged[3], "at": FAULT_AT}
    assert seen.chain_problems(whole(report, audit=forged)) == [
        "entry 4 was changed after it was written"
    ]
    (problem,) = seen.chain_problems(whole(report, audit=[{"seq": 1}]))
    assert "cannot be read" in problem
