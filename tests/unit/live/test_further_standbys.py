"""What is asked of an account for a further standby: as of a member, but of no controller."""

from __future__ import annotations

from typing import Any

from bicoastal.live import access
from bicoastal.live.looking import looker
from bicoastal.settings import load
from bicoastal.settings.loading import review_stack_content

from .conftest import HOME, STANDBY, WITNESS
from .test_looking import CLOSED, STACK

IRELAND = "eu-west-1"
FURTHER = STACK + b"  bicoastal:regions: {furtherStandbys: [eu-west-1]}\n"


def test_every_region_is_asked_and_what_was_not_answered_is_named_by_its_key(
    monkeypatch: Any,
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    told: list[str] = []
    look = looker(CLOSED, told.append)
    review = review_stack_content(FURTHER, "Pulumi.dev.yaml", deploying=True, look=look)
    assert told == [f"asking AWS in {HOME}, {STANDBY}, {WITNESS}, {IRELAND}"]
    of_ireland = {
        finding.rule_id
        for finding in review.findings
        if not finding.checked and finding.key == "regions.furtherStandbys[0]"
    }
    # Its quotas, what the caller may do, its VPCs; but no concurrency for a controller.
    assert {"BC710", "BC712", "BC714"} <= of_ireland
    assert "BC711" not in of_ireland


def test_a_deployment_needs_no_function_there() -> None:
    settings = load({"regions": {"furtherStandbys": [IRELAND]}})

    def actions(region: str) -> set[str]:
        wanted = access._deployment(settings, region, "123456789012")
        return {action for _, allowed in wanted for action in allowed}

    only = {
        "lambda:CreateFunction", "lambda:PutFunctionConcurrency", "dynamodb:CreateTable",
        "events:PutRule",
    }  # fmt: skip
    assert actions(STANDBY) - actions(IRELAND) == only
    assert "iam:CreateRole" in actions(IRELAND)
