"""What is wrong with a status becomes findings, each with a cure."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bicoastal.operate.doctor import standing
from bicoastal.operate.report import DnsReport, Drift, Status
from bicoastal.settings import load

from .samples import HOME, SETTINGS, STANDBY, database, status


def test_a_healthy_stack_has_none() -> None:
    assert list(standing.findings(status(drift=()), SETTINGS)) == []


@pytest.mark.parametrize(
    ("seen", "part", "words"),
    (
        (status(database=database(status="modifying")), "database", "is modifying"),
        (status(latch=()[:0], lags=()), "", ""),
        (status(dns=DnsReport("w", "r", ("a",), STANDBY)), "dns", "leads to us-west-2"),
    ),
)
def test_each_part_says_what_should_be_and_why(seen: Status, part: str, words: str) -> None:
    found = list(standing.findings(seen, SETTINGS))
    if not part:
        assert found == []
        return
    (one,) = found
    assert (one.id, one.subject) == (f"status-{part}", part)
    assert words in one.live
    assert all((one.wanted, one.why, one.cure))


def test_every_part_that_status_judges_has_words() -> None:
    from bicoastal.operate import judgement

    judged = {
        name
        for settings in (
            SETTINGS,
            load({"topology": "binlog-replica", "failover": {"mode": "observe"}}),
        )
        for name, _ in judgement.by_part(status(), settings)
    }
    assert judged - {"program"} == set(standing._PARTS)


def test_drift_is_told_once_with_what_becomes_of_it() -> None:
    found = (
        Drift(HOME, "Port", 3307, 3306),
        Drift(HOME, "DBClusterMembers", [], ["db-use1-1-dev"]),
        Drift(STANDBY, "EngineVersion", "b", "a", acted_on=False),
        Drift(STANDBY, "Other", "b", "a", acted_on=False),
    )
    port, members, version, other = standing.findings(replace(status(), drift=found), SETTINGS)
    assert (port.id, port.subject, port.live, port.wanted) == (
        "drift-Port", f"{HOME} Port", "3307", "3306",
    )  # fmt: skip
    assert "pulumi preview --refresh" in port.cure
    assert (members.live, members.wanted) == ("none", "db-use1-1-dev")
    assert "refuses to fail over between differing patch levels" in version.why
    assert "database.engineVersion" in version.cure
    assert other.why == port.why
