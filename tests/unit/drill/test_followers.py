"""Further standbys at the end of a drill: what was seen of them, and what fails the verdict."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bicoastal.cli.stackfile import PLACEHOLDER_SECRET
from bicoastal.lab.aws.status import MemberStatus
from bicoastal.lab.drill.followers import Follower, look, requirements, with_members
from bicoastal.lab.oracle import Row
from bicoastal.settings import check, load

IRELAND = "eu-west-1"
ROWS = [Row(1, 1, "a"), Row(1, 2, "b"), Row(2, 1, "c")]
MEMBER = MemberStatus(
    region=IRELAND, cluster_id="c", arn="a", endpoint="e", socket=Path("/s"), pid=1,
    role="standby", state="available", process="running", volume="v", error=None,
)  # fmt: skip
FOLLOWS = Follower(IRELAND, "standby", "available", "read-only", 0, 0)


def test_a_replica_that_is_late_is_waited_for() -> None:
    answers = [ROWS[:1], ROWS[:2], ROWS]
    found = look(MEMBER, "read-only", ROWS, lambda: answers.pop(0))
    assert (found, answers) == (FOLLOWS, [])


def test_what_it_lacks_and_what_it_has_more_is_counted() -> None:
    other = [ROWS[0], ROWS[0], Row(3, 1, "d")]
    found = look(MEMBER, "", ROWS, lambda: other, patience_s=0.0)
    assert (found.lacks, found.extra, found.refusal) == (2, 2, "")


def test_a_member_that_is_not_there_is_not_read() -> None:
    def never() -> Any:
        raise AssertionError("it was read")

    found = look(replace(MEMBER, state="rejoining"), "gone", ROWS, never)
    assert (found.state, found.lacks, found.extra) == ("rejoining", 3, 0)


@pytest.mark.parametrize(
    "broken",
    (
        {"role": "writer"},
        {"state": "rejoining"},
        {"refusal": ""},
        {"lacks": 1},
        {"extra": 1},
    ),
)
def test_one_that_does_not_follow_fails_the_drill(broken: dict[str, Any]) -> None:
    lost = replace(FOLLOWS, **broken)
    (found,) = requirements([FOLLOWS, lost])
    assert (found.outcome, found.observed) == ("fail", str(lost))
    assert "eu-west-1 is" in found.observed


def test_those_that_follow_are_named_and_without_any_nothing_is_promised() -> None:
    (found,) = requirements([FOLLOWS])
    assert (found.outcome, found.observed) == ("pass", f"{IRELAND}: every row, read-only")
    assert requirements([]) == []


def test_members_are_added_to_the_stack_files_or_left_out() -> None:
    asked = load({"regions": {"furtherStandbys": ["sa-east-1"]}})
    assert with_members(asked, 4).regions.further_standbys == ("sa-east-1", IRELAND)
    assert with_members(asked, 2).regions.further_standbys == ()
    assert with_members(load({}), 3).regions.members == ("us-east-1", "us-west-2", IRELAND)
    europe = {"home": "eu-west-1", "standby": "eu-central-1", "witness": "eu-west-2"}
    chosen = with_members(load({"regions": europe}), 5).regions.further_standbys
    assert chosen == ("ap-southeast-2", "sa-east-1", "ap-northeast-1")


def test_the_stack_with_more_members_is_lawful_whatever_ranges_were_given() -> None:
    given = {
        "regions": {"furtherStandbys": ["sa-east-1"]},
        "network": {"furtherCidrs": ["10.40.0.0/16"]},
    }
    asked = load(given | {"secretArn": PLACEHOLDER_SECRET.format(region="us-east-1")})
    for count, kept in ((2, ()), (3, ("10.40.0.0/16",)), (5, ())):
        settings = with_members(asked, count)
        assert settings.network.further_cidrs == kept
        assert [found for found in check(settings) if found.severity == "error"] == []
