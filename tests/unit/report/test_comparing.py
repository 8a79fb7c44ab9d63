"""Two drills side by side."""

from __future__ import annotations

from bicoastal.lab.report import comparing
from bicoastal.lab.report.comparing import Row

from .samples import lasting


def test_outcomes_of_both_even_of_what_only_one_has(report) -> None:
    other = report.model_copy(
        update={
            "requirements": [
                report.requirements[0].model_copy(update={"outcome": "fail"}),
                report.requirements[1].model_copy(update={"id": "new"}),
            ]
        }
    )
    assert comparing.outcomes(report, other) == [
        Row("steady-state", "pass", "fail"),
        Row("nothing-left", "fail", "none"),
        Row("dns-never-back", "not promised", "none"),
        Row("new", "none", "fail"),
    ]


def test_times_and_counts_with_their_changes(report) -> None:
    rows = comparing.recoveries(report, lasting(report, 8.0))
    assert rows[0] == Row("total", "10.00 s", "8.00 s", "-2.00 s")
    never = report.model_copy(update={"recovery_time": None})
    assert comparing.recoveries(report, never)[0] == Row("total", "10.00 s", "none", "")
    fewer = report.writes.model_copy(update={"lost": [], "attempted": 1200})
    rows = comparing.writes(report, report.model_copy(update={"writes": fewer}))
    assert rows[0] == Row("attempted", "1000", "1200", "+200")
    assert Row("lost", "7", "0", "-7") in rows


def test_only_circumstances_that_differ_are_told(report) -> None:
    assert comparing.circumstances(report, report) == []
    other = report.model_copy(
        update={"pace": 10.0, "settings": {"environmentSuffix": "dev", "dns": {"ttlS": 5}}}
    )
    assert comparing.circumstances(report, other) == [
        Row("pace", "20.0", "10.0"),
        Row("settings.dns.ttlS", "none", "5"),
    ]
