"""The stack refuses what is over budget before it registers anything."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from bicoastal.costs import budget
from bicoastal.costs.errors import BudgetError
from bicoastal.settings import Settings, TapStackArgs, load
from bicoastal.stack import TapStack

SECRET_ARN = "arn:aws:secretsmanager:us-east-1:123456789012:secret:bicoastal/dev-AbCdEf"


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
    assert "$98.23 a month exceeds the budget of $95.00 by $3.23" in message
    assert "Serverless v2, minimum 0.5 ACU in us-east-1 $43.80" in message
    assert "budget.monthlyUsd" in message


def test_within_budget_it_is_built_and_old_prices_are_told(evaluate):
    program = evaluate(budget={"monthlyUsd": 98.23})
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
