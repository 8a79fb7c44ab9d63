"""When an account is asked at all, and that silence is never taken for a good answer."""

from __future__ import annotations

import json

import pytest

from bicoastal.live.looking import looker
from bicoastal.settings import RULES
from bicoastal.settings.loading import review_stack_content
from bicoastal.settings.rules.adopting import WHOLE

from .conftest import HOME, STANDBY, WITNESS

CLOSED = ["http://127.0.0.1:1"]
STACK = b"""config:
  bicoastal:secretArn: arn:aws:secretsmanager:us-east-1:123456789012:secret:b/dev-AbCdEf
  bicoastal:hostedZoneId: Z0123456789ABC
  bicoastal:domainName: db.example.org
"""
ADOPTING = STACK + f"  bicoastal:adopt: {json.dumps(WHOLE)}\n".encode()
IGNORING = STACK.replace(
    b":secret:b/dev-AbCdEf", b":secret:b/dev-AbCdEf  # bicoastal: ignore BC704 -- x"
)


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")


def test_when_nobody_answers_no_rule_of_the_account_counts_as_passed() -> None:
    told: list[str] = []
    look = looker(CLOSED, told.append)
    review = review_stack_content(ADOPTING, "Pulumi.dev.yaml", deploying=True, look=look)
    unchecked = {f.rule_id for f in review.findings if not f.checked}
    assert unchecked == {rule_id for rule_id in RULES if rule_id.startswith("BC7")}
    assert all(f.checked for f in review.findings if f.rule_id < "BC7")
    assert told == [f"asking AWS in {HOME}, {STANDBY}, {WITNESS}"]


@pytest.mark.parametrize(
    "content",
    (
        b"config: [",
        b"just text",
        b"config:\n  bicoastal:regions: {standby: nowhere}\n",
        b"config:\n  bicoastal:regions: 5\n",
    ),
)
def test_what_makes_no_sense_is_not_asked_and_has_an_error_of_its_own(content: bytes) -> None:
    told: list[str] = []
    look = looker(CLOSED, told.append)
    review = review_stack_content(content, "Pulumi.dev.yaml", deploying=True, look=look)
    assert "error" in {f.severity for f in review.findings}
    assert not [f for f in review.findings if f.rule_id.startswith("BC7")]
    assert told == ["the account is not asked: neither the file nor its regions make sense so far"]


def test_an_ignore_of_an_accounts_rule_is_unused_only_if_the_account_was_asked() -> None:
    at_rest = review_stack_content(IGNORING, "Pulumi.dev.yaml", deploying=True)
    assert [f.rule_id for f in at_rest.findings] == []
    look = looker(CLOSED, lambda _line: None)
    asked = review_stack_content(IGNORING, "Pulumi.dev.yaml", deploying=True, look=look)
    assert [i.finding.rule_id for i in asked.ignored] == ["BC704"]
    assert "BC704" not in {f.rule_id for f in asked.findings}
