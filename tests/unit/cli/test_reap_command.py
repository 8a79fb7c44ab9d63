"""`bicoastal reap`: what is printed, what is asked, exit codes. AWS is a stand-in."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from typer.testing import CliRunner

from bicoastal.cli.app import app
from bicoastal.live.expiry import Environment
from bicoastal.operate.errors import BadRequest
from bicoastal.operate.expired import Price
from bicoastal.operate.reaping import Outcome
from bicoastal.settings.account import Unread

HOME, STANDBY = "us-east-1", "us-west-2"
BEGUN = datetime(2026, 1, 1, 12, tzinfo=UTC)
OLD = Environment("pr-1", (HOME, STANDBY), BEGUN, "4h")
YOUNG = Environment("pr-2", (HOME, STANDBY), BEGUN + timedelta(hours=4), "1d")
ENDLESS = Environment("pr-3", (HOME,), BEGUN, "soon")
PRICE = Price(Decimal("0.1379"), Decimal("1100.63"))
SILENT = Unread("tag:GetResources in us-west-2: no answer", "Check again.")


@pytest.fixture
def aws(monkeypatch):
    """Sets what AWS says; gives the regions that were asked."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setattr("bicoastal.cli.reap._now", lambda: BEGUN + timedelta(hours=5))
    asked = []

    def says(*found, unread=(), price=PRICE, regions=(HOME,)):
        def find(_clients, where):
            asked.extend(where)
            return found, unread

        monkeypatch.setattr("bicoastal.live.expiry.find", find)
        monkeypatch.setattr("bicoastal.live.expiry.regions_of", lambda _clients, _region: regions)
        monkeypatch.setattr("bicoastal.operate.expired.price_of", lambda _clients, _one: price)
        return asked

    return says


@pytest.fixture
def destruction(monkeypatch):
    """Stands for the destruction of an environment; gives the ones that were destroyed."""
    done = []

    def make(**outcomes):
        def destroy(environment, _folder, _endpoint, agree, **_options):
            agree()
            done.append(environment.suffix)
            return outcomes.get(environment.suffix.replace("-", ""), Outcome(environment.suffix))

        monkeypatch.setattr("bicoastal.operate.reaping.destroy_expired", destroy)
        return done

    return make


def run(*arguments: str, code: int, typed: str | None = None) -> Any:
    result = CliRunner().invoke(app, ["reap", *arguments], input=typed)
    assert result.exit_code == code, result.output
    return result


def test_what_has_expired_is_listed_with_its_price(aws):
    aws(OLD, YOUNG, ENDLESS)
    lines = [line.split() for line in run(code=1).stdout.splitlines()]
    assert lines[1:] == [
        ["pr-1", "us-east-1,", "us-west-2", "5h", "4h", "1h", "0.1379", "1,100.63"],
        ["lives:", "pr-2,", "1h", "of", "1d"],
        ["lives:", "pr-3,", "5h", "and", "its", "tag", "says", "'soon'"],
    ]


def test_nothing_has_expired(aws):
    aws(YOUNG)
    assert run(code=0).stdout.startswith("nothing has expired\nlives: pr-2")


def test_a_price_that_is_not_known_is_not_nothing(aws):
    aws(OLD, price=None)
    assert run(code=1).stdout.splitlines()[1].split()[-2:] == ["?", "?"]
    (found,) = json.loads(run("--json", code=1).stdout)["expired"]
    assert found["monthlyUsd"] is None


def test_a_region_that_was_not_read_is_no_good_news(aws):
    aws(YOUNG, unread=(SILENT,))
    result = run(code=1)
    assert "not read: tag:GetResources in us-west-2: no answer. Check again." in result.stderr
    assert json.loads(run("--json", code=1).stdout)["notRead"] == [
        {"reason": SILENT.reason, "cure": SILENT.cure}
    ]


def test_json_has_both_kinds(aws):
    aws(OLD, YOUNG)
    body = json.loads(run("--json", code=1).stdout)
    assert body["schema"] == 1
    assert [each["environment"] for each in body["expired"]] == ["pr-1"]
    assert body["living"][0]["overdueS"] == 3600 - 86_400
    assert body["outcomes"] == []


def test_each_region_is_asked_once(aws):
    asked = aws()
    run("--region", STANDBY, "--region", HOME, "--region", STANDBY, code=0)
    assert asked == [STANDBY, HOME]


def test_without_a_region_all_of_the_account_are_asked(aws):
    asked = aws(regions=(HOME, "eu-west-1"))
    run(code=0)
    assert asked == [HOME, "eu-west-1"]


@pytest.mark.parametrize(
    ("arguments", "regions", "why"),
    (
        (("--region", "nowhere"), (HOME,), "--region: 'nowhere' is not a region name"),
        ((), SILENT, "the account's regions are not known (tag:GetResources in us-west-2: no"),
    ),
)
def test_bad_regions_are_bad_usage(arguments, regions, why, aws):
    aws(regions=regions)
    result = CliRunner().invoke(app, ["reap", *arguments])
    assert isinstance(result.exception, BadRequest)
    assert str(result.exception).startswith(why)


def test_yes_answers_nothing_by_itself(aws):
    aws(OLD)
    assert "--yes answers the question that --destroy asks" in run("--yes", code=2).output


def test_only_what_has_expired_is_destroyed(aws, destruction):
    aws(OLD, YOUNG)
    done = destruction()
    assert "pr-1: nothing is left" in run("--destroy", "--yes", code=0).stderr
    assert done == ["pr-1"]


def test_the_name_is_asked_for(aws, destruction):
    aws(OLD)
    done = destruction()
    assert "nothing was done" in run("--destroy", code=1, typed="pr-2\n").stderr
    assert done == []
    run("--destroy", code=0, typed="pr-1\n")
    assert done == ["pr-1"]


def test_what_was_refused_or_left_is_told_and_the_rest_goes_on(aws, destruction):
    other = Environment("pr-9", (HOME,), BEGUN, "1h")
    third = Environment("pr-8", (HOME,), BEGUN, "1h")
    aws(OLD, other, third)
    done = destruction(
        pr1=Outcome("pr-1", "a failover is under way"), pr9=Outcome("pr-9", None, ("a key",))
    )
    result = run("--destroy", "--yes", "--json", code=1)
    assert done == ["pr-1", "pr-9", "pr-8"]
    assert "pr-1: not destroyed: a failover is under way" in result.stderr
    assert "pr-9: left: a key" in result.stderr
    outcomes = json.loads(result.stdout)["outcomes"]
    assert [(each["destroyed"], each["refused"], each["left"]) for each in outcomes] == [
        (False, "a failover is under way", []),
        (False, None, ["a key"]),
        (True, None, []),
    ]


def test_the_present_is_now():
    from bicoastal.cli.reap import _now

    assert abs(datetime.now(UTC) - _now()) < timedelta(minutes=1)
