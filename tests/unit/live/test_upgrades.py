"""What is made of RDS's answer about the versions that an upgrade reaches."""

from __future__ import annotations

from typing import Any

import pytest

from bicoastal.live.upgrades import Targets, targets

from .conftest import HOME
from .test_reading import unread

V = "8.0.mysql_aurora.3.10.4"


def target(version: str, *, major: bool = False) -> dict[str, Any]:
    return {"EngineVersion": version, "IsMajorVersionUpgrade": major}


def test_minor_and_major_targets_are_told_apart(stubs: Any) -> None:
    found = [target("8.0.mysql_aurora.3.12.0"), target("8.0.odd"), target(
        "8.4.mysql_aurora.8.4.7", major=True)]  # fmt: skip
    answer = {"DBEngineVersions": [{"EngineVersion": V, "ValidUpgradeTarget": found}]}
    stubs.answer("rds", "describe_db_engine_versions", answer)
    expected = Targets(("8.0.mysql_aurora.3.12.0",), ("8.4.mysql_aurora.8.4.7",))
    assert targets(stubs, HOME, V) == expected


@pytest.mark.parametrize("refused", (True, False))
def test_a_version_that_the_region_does_not_know_leads_nowhere(refused: bool, stubs: Any) -> None:
    if refused:
        stubs.refuse("rds", "describe_db_engine_versions", "InvalidParameterCombination")
    else:
        stubs.answer("rds", "describe_db_engine_versions", {"DBEngineVersions": []})
    assert targets(stubs, HOME, V) is None


def test_a_question_that_may_not_be_asked_has_no_answer(stubs: Any) -> None:
    stubs.refuse("rds", "describe_db_engine_versions", "AccessDenied")
    unread(targets(stubs, HOME, V), "rds:DescribeDBEngineVersions", "Grant")
