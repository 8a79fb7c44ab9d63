"""Measured detection times against the closed form: the true one passes, a shifted one does not."""

from __future__ import annotations

import random

import pytest

from bicoastal.failover.detection import confidence
from bicoastal.lab.drill.report import DrillReport
from bicoastal.lab.report.agreement import RUNS_NEEDED, Agreement, agreements

from .samples import LOOK_S, audit, whole

INTERVAL_S = 0.5  # T = 10 s at the samples' pace of 20
# The samples' trail asks for the promotion 4.7 s after the first bad round: nine intervals, the
# look after the claim, and another tenth of a second.
ACTED_LATER_S = 0.1


def runs(
    report: DrillReport, shift_s: float, count: int = RUNS_NEEDED, seed: int = 5
) -> list[DrillReport]:
    """Drills whose fault came at a random phase, noticed later than the form says by the shift."""
    dice = random.Random(seed)
    phases = [dice.uniform(0, INTERVAL_S) for _ in range(count)]
    return [whole(report, audit=audit(LOOK_S + phase + shift_s)) for phase in phases]


def test_times_that_follow_the_form_agree_with_it(report: DrillReport) -> None:
    noticed, acted = agreements(runs(report, 0.0))
    assert (noticed.name, noticed.runs, noticed.agrees) == ("first bad round", RUNS_NEEDED, True)
    assert noticed.predicted_mean_s == pytest.approx(LOOK_S + INTERVAL_S / 2)
    assert noticed.measured_mean_s == pytest.approx(noticed.predicted_mean_s, abs=0.05)
    assert noticed.chance > 0.05
    assert acted.name == "promotion asked for"
    assert acted.measured_mean_s - acted.predicted_mean_s == pytest.approx(
        noticed.measured_mean_s - noticed.predicted_mean_s + ACTED_LATER_S
    )


@pytest.mark.parametrize("shift_s", (-0.2, 0.2))
def test_shifted_times_differ_from_it(report: DrillReport, shift_s: float) -> None:
    noticed, _ = agreements(runs(report, shift_s))
    assert not noticed.agrees
    assert noticed.distance > noticed.allowed
    assert noticed.chance < 0.05


def test_a_phase_that_is_not_random_differs_from_it(report: DrillReport) -> None:
    early = [whole(report, audit=audit(LOOK_S + 0.1)) for _ in range(RUNS_NEEDED)]
    noticed, _ = agreements(early)
    assert not noticed.agrees
    assert noticed.distance == pytest.approx(0.8)


def test_the_true_form_is_seldom_rejected(report: DrillReport) -> None:
    """At most one time in twenty, says the inequality; 60 experiments of 30 runs."""
    dice = random.Random(7)
    found = [[dice.random() for _ in range(RUNS_NEEDED)] for _ in range(60)]
    far = [each for each in found if confidence.distance(each, 0, 1) > _allowed(RUNS_NEEDED)]
    assert len(far) <= 6  # three are expected; more than six come once in thirty


def test_each_run_is_held_against_the_form_with_its_own_votes(report: DrillReport) -> None:
    """The votes of half of the runs took longer; their times are later, and agree all the same."""
    slow_s = 0.3
    records = runs(report, 0.0)
    for record in records[::2]:
        for entry in record.audit:
            entry["evidence"]["votes"][0]["age_s"] += slow_s
            entry["evidence"]["taken_at"] += slow_s
            if entry["after"]["first_bad_at"] is not None:
                entry["after"]["first_bad_at"] += slow_s
            if entry["before"]["first_bad_at"] is not None:
                entry["before"]["first_bad_at"] += slow_s
    noticed: Agreement = agreements(records)[0]
    assert noticed.agrees
    assert noticed.predicted_mean_s == pytest.approx(LOOK_S + slow_s / 2 + INTERVAL_S / 2)


def test_fewer_runs_prove_nothing(report: DrillReport) -> None:
    never = whole(report, audit=[])
    assert agreements([*runs(report, 0.0, RUNS_NEEDED - 1), never]) == []
    assert len(agreements(runs(report, 0.0, RUNS_NEEDED))) == 2


def _allowed(count: int) -> float:
    return confidence.distance_allowed(count)
