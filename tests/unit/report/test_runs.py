"""Many drills: the distribution, and what it proves."""

from __future__ import annotations

import random

from bicoastal.lab.report.reading import Drill
from bicoastal.lab.report.runs import groups, statement, told
from bicoastal.lab.scenarios import find

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
    assert partition.detection == []
    assert partition.expected == ""
    assert kill.parts["decide"].median_s == 2.0
    spread = partition.parts["decide"]
    assert (spread.minimum_s, spread.median_s, spread.maximum_s) == (3.0, 4.0, 5.0)
    assert groups([Drill("d", never)])[0].parts == {}


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


def test_what_a_scenario_expects_is_told(report) -> None:
    (group,) = groups([Drill("a", whole(report, scenario=find("kill")))])
    assert group.expected.startswith("the standby is promoted, once")


def test_a_drill_with_a_mutant_says_nothing_about_the_controller(report) -> None:
    broken = report.model_copy(update={"broken": True})
    assert groups([Drill("a", broken)]) == []


def test_groups_are_told_in_lines(report) -> None:
    dice = random.Random(2)
    drills = [
        Drill("x", whole(report, audit=audit(LOOK_S + dice.uniform(0, 0.5)))) for _ in range(30)
    ]
    first, noticed, acted = told(groups(drills))
    assert first.startswith("partition: 0 of 30 passed; of 30 runs the longest took 10.00 s")
    assert noticed.startswith("  first bad round: 0.3")
    assert "30 runs agree with the closed form (distance 0." in noticed
    assert acted.startswith("  promotion asked for: ")
    assert len(told(groups(drills[1:]))) == 1
