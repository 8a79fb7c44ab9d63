"""A drill told as an experiment: hypothesis, steps, what was expected and what was seen."""

from __future__ import annotations

import pytest

from bicoastal.lab.drill.pages import PageSent
from bicoastal.lab.drill.report import DrillReport, Requirement
from bicoastal.lab.report.experiment import experiment, mutants, seen_in_words
from bicoastal.lab.report.reading import Drill
from bicoastal.lab.scenarios import find

from .samples import STANDBY, whole


@pytest.fixture
def record(report: DrillReport) -> DrillReport:
    promoted = [{"target": STANDBY, "state": "done"}, {"target": "x", "state": "failed"}]
    return whole(report, scenario=find("lost-answers"), failovers=promoted)


def test_an_experiment_is_told_with_what_was_expected_and_seen(record: DrillReport) -> None:
    found = experiment(record)
    assert found is not None
    assert found.title == "The primary receives everything and nobody hears it"
    assert found.hypothesis.startswith("Seen from every witness it is down")
    assert found.source.startswith("CockroachDB")
    assert found.steady == "100 %"
    assert found.steps[:3] == ("lose-answers", "until standby-serves", "25 s")
    assert found.expected.startswith("the standby is promoted, once, the record ends in COOLDOWN")
    assert found.seen == f"{STANDBY} promoted, the record ended in COOLDOWN, nobody told"
    assert (found.cannot, found.mutant) == ("", "")
    assert record.noticed_by == ()  # no mutant was deployed


def test_a_record_without_its_scenario_is_no_experiment(report: DrillReport) -> None:
    assert experiment(report) is None
    assert mutants([Drill("old", report.model_copy(update={"broken": True}))]) == []


def test_what_is_asked_for_besides_is_told_as_it_was_observed(report: DrillReport) -> None:
    page = PageSent(region=STANDBY, subject="s", message="m")
    serving = Requirement(id="serving", promise="p", outcome="pass", observed="home serves")
    record = whole(report, pages=[page, page], requirements=[serving], audit=[])
    assert seen_in_words(record) == "nobody promoted, 2 times told, home serves"


@pytest.mark.parametrize(("failed", "noticed"), (("one-promotion", True), ("steady-state", False)))
def test_a_mutant_is_noticed_by_what_has_to(
    record: DrillReport, failed: str, noticed: bool
) -> None:
    requirement = Requirement(id=failed, promise="p", outcome="fail", observed="o")
    broken = record.model_copy(update={"broken": True, "requirements": [requirement]})
    told = experiment(broken)
    assert told is not None
    assert told.mutant == "waits-for-a-human: the controller waits for a human"
    (found,) = mutants([Drill("a", record), Drill("b", broken)])
    assert (found.name, found.scenario, found.mutant) == ("b", "lost-answers", "waits-for-a-human")
    assert (found.has_to_fail, found.failed) == (("one-promotion",), (failed,))
    assert found.noticed is noticed
