"""The page: everything is in it, nothing else is needed."""

from __future__ import annotations

import re

import pytest

from bicoastal.lab.drill.pages import PageSent
from bicoastal.lab.drill.report import Load
from bicoastal.lab.report.pages import figures, page
from bicoastal.lab.report.reading import Drill
from bicoastal.lab.scenarios import find

from .samples import audit, lasting, whole


@pytest.fixture
def drill(report) -> Drill:
    return Drill("sample", whole(report))


def text_of(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html.partition("<body>")[2]))


def test_one_drill_is_told_in_full(drill) -> None:
    text = text_of(page([drill]))
    for words in (
        "fail Failover drill: partition",
        "10.00 s",
        "7 of 900",
        "p2 nothing-left 1 left",  # each requirement with what was observed
        "0.00 s: every path cut",
        "one run is one sample",
        "first bad round 0.10 to 0.60 0.35 0.30 inside",
        "On AWS the same settings act 94 to 104 s after the loss",
        "0.18 a year; 36 % of the failovers would be warranted",
        "Acknowledged and lost (7)",
        "7 of them had been acknowledged",
        "pass 7 entries; every hash",
        "DOWN connection refused",
        "throttled",
        "us-east-1 standby available refused",
        "probeIntervalS: 10",
        "10.11",
        "MariaDB is not Aurora",
    ):
        assert words in text, words


def test_what_went_wrong_is_said(report) -> None:
    broken = audit()
    broken[2] = {**broken[2], "reason": "forged"}
    many = {"tail_only": False, "lost": report.writes.lost * 8}
    bad = whole(
        report,
        armed=False,
        recovery_time=None,
        audit=broken[:3],
        writes=report.writes.model_copy(update=many),
    )
    text = text_of(page([Drill("bad", bad)]))
    assert "disarmed" in text
    assert "RTO) none" in text
    assert "The hash chain is broken: entry 3 was changed" in text
    assert "Nobody was promoted" in text
    assert "Some client lost a write and kept a later one" in text
    assert "and 6 more in the JSON record" in text


def test_an_older_record_has_a_page_too(report) -> None:
    clean = report.writes.model_copy(update={"lost": [], "divergent": []})
    old = whole(report, fault_at=None, series=None, writes=clean)
    text = text_of(page([Drill("old", old)]))
    assert "did not keep the writes over time" in text
    assert "None was lost, divergent, phantom or duplicate" in text


def test_two_drills_are_compared(drill, report) -> None:
    better = report.requirements[1].model_copy(update={"outcome": "pass"})
    other = lasting(report, 8.0).model_copy(update={"requirements": [better]})
    text = text_of(page([drill, Drill("other", other)]))
    assert "Two failover drills compared" in text
    assert "nothing-left differs fail pass" in text
    assert "total 10.00 s 8.00 s -2.00 s" in text
    assert "settings.failover.threshold 7 none" in text
    never = Drill("never", other.model_copy(update={"recovery_time": None}))
    assert "None." in text_of(page([never, never]))


def test_many_drills_are_a_distribution(report) -> None:
    drills = [Drill(f"run-{n}", lasting(whole(report), 5 + n / 10)) for n in range(60)]
    never = report.model_copy(update={"fault": "hang", "recovery_time": None})
    text = text_of(page([*drills, Drill("never", never)]))
    assert "61 failover drills" in text
    assert "hang 0 of 1 &ndash; &ndash; &ndash; &ndash; 7" in text
    assert "partition 0 of 60 5.00 7.95 10.90 10.90 7" in text
    assert "95 of 100 recoveries take at most 10.90 s" in text
    assert "decide 2.50 3.98 5.45" in text
    assert "first bad round 60 0.35 0.30 0.600 0.175" in text
    assert "never hang fail 3 20 none 7 nobody promoted, nobody told nothing-left" in text


def test_an_experiment_is_told_before_its_requirements(report) -> None:
    page_sent = PageSent(region="us-west-2", subject="Failing over", message="why")
    load = Load(writers=8, writes_per_s=400, replication="async")
    changes = {"scenario": find("loss-5-percent"), "pages": [page_sent], "load": load}
    html = page([Drill("x", whole(report, **changes))])
    text = text_of(html)
    assert html.index('id="experiment"') < html.index('id="verdict"')
    for words in (
        "hypothesis TCP repairs it; slow is not dead.",
        "steady state 100 %; 8 clients, 400 writes a second at most, replication async",
        "steps lose 5; 240 s; lose 0; 60 s",
        "must be seen nobody is promoted, the record ends in STEADY or SUSPECT",
        "was seen fail nobody promoted, the record ended in COOLDOWN, 1 times told",
        "not the real thing A relay loses no packets",
        "idea from CockroachDB",
        "us-west-2 Failing over why",
    ):
        assert words in text, words
    assert "8 clients aimed at 400 writes a second together; replication was async" in text
    assert "mutant" not in text
    assert "Nobody was paged after the fault" in text_of(page([Drill("x", report)]))


def test_mutants_are_listed_with_what_noticed_them(report) -> None:
    broken = whole(report, broken=True, scenario=find("kill"))
    noticed = report.requirements[1].model_copy(update={"id": "one-promotion"})
    caught = broken.model_copy(update={"requirements": [noticed]})
    alone = text_of(page([Drill("x", broken)]))
    assert "mutant observes-only: the controller only observes. Not noticed." in alone
    assert "Noticed by one-promotion." in text_of(page([Drill("x", caught)]))
    text = text_of(page([Drill("a", caught), Drill("b", broken), Drill("c", report)]))
    assert "1 of 2 deliberate defects were noticed" in text
    assert "kill b observes-only the controller only observes one-promotion fail" in text
    assert "partition 0 of 1" in text
    assert "kill 0 of" not in text
    assert "RTO min" not in text_of(page([Drill("a", caught)] * 3))


def test_nothing_is_fetched_and_nothing_is_run(drill) -> None:
    for html in (page([drill]), page([drill] * 2), page([drill] * 3)):
        assert "<script" not in html.lower()
        assert not re.search(r"""(?:src|href)=["'](?!data:)""", html)
        assert not re.search(r"url\(|@import", html)
        assert "default-src 'none'" in html


def test_what_a_record_says_is_never_markup(report) -> None:
    nasty = "<script>alert(1)</script>"
    requirement = report.requirements[0].model_copy(update={"observed": nasty})
    record = whole(
        report,
        requirements=[requirement],
        fault=nasty,
        settings={"x": nasty},
        versions={nasty: nasty},
    )
    for drills in ([Drill(nasty, record)], [Drill(nasty, record)] * 2, [Drill(nasty, record)] * 3):
        assert "<script" not in page(drills)


def test_the_charts_for_pictures_are_named(drill, report) -> None:
    assert list(figures([drill])) == ["timeline", "detection", "recovery"]
    other = Drill("other", report.model_copy(update={"recovery_time": None}))
    assert list(figures([drill, other])) == [
        "sample-timeline",
        "sample-detection",
        "other-timeline",
        "recovery",
    ]
    assert list(figures([drill] * 3)) == ["partition-recovery"]
    assert figures([other] * 3) == {}
