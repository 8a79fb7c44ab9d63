"""The stack refuses what is over budget, and has its bill watched."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from bicoastal.costs import budget
from bicoastal.costs.errors import BudgetError
from bicoastal.settings import Settings, TapStackArgs, load
from bicoastal.stack import TapStack

ACCOUNT = "123456789012"
SECRET_ARN = f"arn:aws:secretsmanager:us-east-1:{ACCOUNT}:secret:bicoastal/dev-AbCdEf"


def settings_of(usd: float | None, **keys: Any) -> Settings:
    return load({"secretArn": SECRET_ARN, "budget": {"monthlyUsd": usd}, **keys})


def test_over_budget_nothing_is_registered(run_program):
    seen = []

    def build() -> None:
        with pytest.raises(BudgetError) as caught:
            TapStack("bicoastal", TapStackArgs(settings=settings_of(95)))
        seen.append(str(caught.value))

    program = run_program(build)
    assert program.resources == []
    (message,) = seen
    assert "$101.83 a month exceeds the budget of $95.00 by $6.83" in message
    assert "Serverless v2, minimum 0.5 ACU in us-east-1 $43.80" in message
    assert "budget.monthlyUsd" in message


def test_within_budget_it_is_built_and_old_prices_are_told(evaluate):
    program = evaluate(budget={"monthlyUsd": 101.83})
    assert len(program.custom) >= 60
    assert [text for level, text in program.said if level == "warning" and "days old" in text]


def test_without_a_budget_nothing_is_estimated():
    assert budget.require_budget(settings_of(None)) == ()


def test_a_budget_that_suffices_tells_what_is_unsure():
    europe = {"home": "eu-west-1", "standby": "eu-central-1", "witness": "eu-west-2"}
    secret = SECRET_ARN.replace("us-east-1", "eu-west-1")
    said = budget.require_budget(settings_of(5000, regions=europe, secretArn=secret))
    assert any("Not priced" in text for text in said)


def test_a_stack_without_a_budget_does_not_load_the_prices():
    program = (
        "import sys, bicoastal.stack;"
        "print(*(name for name in sys.modules if name.startswith('bicoastal.costs')))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert set(done.stdout.split()) == {
        "bicoastal.costs", "bicoastal.costs.budget", "bicoastal.costs.errors",
    }  # fmt: skip


def test_a_budget_watches_the_bill_and_tells_the_home_region(public):
    (found,) = public.of("Budget")
    inputs = found.inputs
    assert (inputs["name"], inputs["budgetType"], inputs["timeUnit"]) == (
        "cost-dev", "COST", "MONTHLY",
    )  # fmt: skip
    assert (inputs["limitAmount"], inputs["limitUnit"]) == ("250.00", "USD")
    topic = public.one("Topic", "notify-use1-dev")
    arn = f"arn:aws:topic:us-east-1:{ACCOUNT}:{topic.name}"
    told = {(n["notificationType"], n["threshold"]) for n in inputs["notifications"]}
    assert told == {("ACTUAL", 80), ("ACTUAL", 100), ("FORECASTED", 100)}
    assert [n["subscriberSnsTopicArns"] for n in inputs["notifications"]] == [[arn]] * 3
    policy = public.one("TopicPolicy", "notify-use1-dev")
    assert policy.urn in found.dependencies


def test_the_budget_counts_what_carries_all_of_the_tags_that_everything_has(public):
    (found,) = public.of("Budget")
    wanted = {
        operand["tags"]["key"]: operand["tags"]["values"]
        for operand in found.inputs["filterExpression"]["ands"]
    }
    assert wanted == {"Project": ["bicoastal"], "Environment": ["dev"]}
    for resource in public.custom:
        if public.takes(resource, "tags"):
            assert {key: [resource.inputs["tags"][key]] for key in wanted} == wanted


def test_budgets_may_use_the_topic_and_its_key_and_nothing_else(public):
    topics = ("notify-use1-dev", "notify-usw2-dev")
    topic = {found["Sid"]: found for found in public.one("TopicPolicy", topics[0]).policy()}
    assert set(topic) == {"Account", "Alarms", "Events", "Budgets"}
    elsewhere = {found["Sid"] for found in public.one("TopicPolicy", topics[1]).policy()}
    assert elsewhere == {"Account", "Alarms", "Events"}
    keys = {found.region: found for found in public.of("Key")}
    of_home = {found["Sid"]: found for found in keys["us-east-1"].policy()}
    for allowed in (topic["Budgets"], of_home["Budgets"]):
        assert allowed["Principal"] == {"Service": "budgets.amazonaws.com"}
        assert allowed["Condition"] == {
            "StringEquals": {"aws:SourceAccount": ACCOUNT},
            "ArnLike": {"aws:SourceArn": f"arn:aws:budgets::{ACCOUNT}:*"},
        }
    assert topic["Budgets"]["Action"] == topic["Alarms"]["Action"] == ["sns:Publish"]
    assert topic["Alarms"]["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
    assert topic["Account"]["Condition"] == {"StringEquals": {"aws:SourceOwner": ACCOUNT}}
    assert "Budgets" not in {found["Sid"] for found in keys["us-west-2"].policy()}


def test_without_a_budget_nothing_of_it_is_made(default):
    assert default.of("Budget") == []
    allowed = [*default.of("Key"), *default.of("TopicPolicy")]
    assert all("budgets" not in json.dumps(found.policy()) for found in allowed)
