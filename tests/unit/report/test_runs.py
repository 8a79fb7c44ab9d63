"""Many drills: the distribution, and what it proves."""

from __future__ import annotations

import random

from bicoastal.lab.report.reading import Drill
from bicoastal.lab.report.runs import groups, statement

from .samples import LOOK_S, audit, lasting, whole


def test_drills_are_grouped_by_fault(report) -> None:
    passing = lasting(report, 4.0).model_copy(update={"fault": "kill", "verdict": "pass"})
    never = report.model_copy(update={"recovery_time": None})
    drills = [Drill("a", report), Drill("b", passing), Drill("c", lasting(report, 6.0))]
    kill, partition = groups([*drills, Drill("d", never)])
    assert (kill.fault, kill.drills, kill.passed, kill.median_s) == ("kill", 1, 1, 4.0)
    assert (partition.drills, partition.passed, partition.recovered) == (3, 0, 2)
    assert (partition.minimum_s, partition.median_s, partition.maximum_s) == (6.0, 8.0, 10.0)
    assert partition.p95_at_most_s is None
    assert partition.lost_most == 7
    assert partition.phases is None


def test_what_a_number_of_runs_proves() -> None:
    assert "there is no recovery time" in statement([])
    assert "one sample" in statement([5.0])
    # 0.05 ** (1 / 10) = 0.741
    assert "of 10 runs the longest took 9.00 s, which bounds 74 of 100" in statement(
        [float(n) for n in range(10)]
    )
    assert "needs 59 runs" in statement([1.0] * 58)
    assert statement([float(n) for n in range(59)]) == (
        "95 of 100 recoveries take at most 58.00 s (95 % confidence)"
    )


def test_the_phases_of_thirty_runs_are_held_against_the_uniform_distribution(report) -> None:
    dice = random.Random(1)

    def drilled(phase_s: float) -> Drill:
        return Drill("x", whole(report, audit=audit(LOOK_S + phase_s)))

    drills = [drilled(dice.uniform(0, 0.5)) for _ in range(30)]
    (spread,) = groups(drills)
    assert spread.phases is not None
    assert spread.phases.distance < spread.phases.allowed
    (always_early,) = groups([drilled(dice.uniform(0, 0.2)) for _ in range(30)])
    assert always_early.phases is not None
    assert always_early.phases.distance > always_early.phases.allowed
    assert groups(drills[1:])[0].phases is None
