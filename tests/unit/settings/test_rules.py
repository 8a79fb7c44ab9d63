"""Every rule of the catalogue, by its own examples."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from bicoastal.settings import RULES, Finding, validate, validate_stack_file
from bicoastal.settings.catalogue import collect
from bicoastal.settings.draft import Draft
from bicoastal.settings.loading import review_stack_content
from bicoastal.settings.output.rules import written
from bicoastal.settings.rules.base import Example, Problem, Rule, Seen, rule

FAMILIES = {"BC0", "BC1", "BC2", "BC3", "BC4", "BC5", "BC6", "BC7"}


def findings_of(example: Example, folder: Path) -> list[Finding]:
    if isinstance(example, Seen):
        content = written(example).encode()
        account = example.account
        review = review_stack_content(content, "x.yaml", deploying=True, look=lambda _: account)
        return list(review.findings)
    if isinstance(example, str | bytes):
        file = folder / "Pulumi.dev.yaml"
        file.write_bytes(example.encode() if isinstance(example, str) else example)
        return validate_stack_file(file, deploying=True)
    return validate(example, deploying=True)


@pytest.mark.parametrize("checked", RULES.values(), ids=RULES.keys())
def test_rule_passes_and_fails_as_its_examples_say(checked: Rule, tmp_path: Path) -> None:
    assert checked.passes, "a rule needs an example that passes"
    assert checked.fails, "a rule needs an example that fails"
    for example in checked.passes:
        found = {finding.rule_id for finding in findings_of(example, tmp_path)}
        assert checked.id not in found, f"{checked.id} finds something in {example!r}"
    for example in checked.fails:
        found = {finding.rule_id for finding in findings_of(example, tmp_path)}
        assert checked.id in found, f"{checked.id} finds nothing in {example!r}"


@pytest.mark.parametrize("checked", RULES.values(), ids=RULES.keys())
def test_rule_describes_itself(checked: Rule) -> None:
    assert re.fullmatch(r"BC[0-9]{3}", checked.id)
    assert checked.id[:3] in FAMILIES
    assert checked.severity in {"error", "warning", "info"}
    assert checked.source.startswith("https://")
    assert re.fullmatch(r"[^\n]{10,100}\.", checked.summary), checked.summary


@pytest.mark.parametrize("checked", RULES.values(), ids=RULES.keys())
def test_findings_name_key_reason_and_cure(checked: Rule, tmp_path: Path) -> None:
    for example in checked.fails:
        for finding in findings_of(example, tmp_path):
            severity = RULES[finding.rule_id].severity if finding.checked else "warning"
            assert finding.severity == severity
            assert finding.source == RULES[finding.rule_id].source
            assert finding.message.endswith((".", ").")), finding.message
            assert finding.cure.endswith((".", "?")), finding.cure
            assert "  " not in finding.message + finding.cure
            last = re.split(r"[.\[]", finding.key)[0]
            assert last in finding.message or finding.key.startswith("tags"), finding


def test_every_family_has_rules() -> None:
    assert {rule_id[:3] for rule_id in RULES} == FAMILIES
    assert list(RULES) == sorted(RULES)


def test_two_rules_with_one_id_are_refused() -> None:
    def check(draft: Draft) -> tuple[Problem, ...]:
        """The summary of a rule."""
        return ()

    module = ModuleType("rules")
    make = rule("BC999", "error", source="https://example.com", passes=[{}], fails=[{}])
    vars(module).update(one=make(check), other=make(check))
    with pytest.raises(ValueError, match="two rules have the id BC999"):
        collect([module])


def test_a_rule_takes_its_summary_from_the_docstring() -> None:
    def check(draft: Draft) -> tuple[Problem, ...]:
        """What it wants."""
        return ()

    def silent(draft: Draft) -> tuple[Problem, ...]:
        return ()

    make = rule("BC999", "info", source="https://example.com", passes=[{}], fails=[{}])
    assert make(check).summary == "What it wants."
    assert make(silent).summary == ""


@pytest.mark.parametrize(
    ("raw", "rule_id", "words"),
    (
        (
            {"database": {"instanceClass": "db.t3.small"}},
            "BC201",
            ["db.serverless", "db.r6g.large"],
        ),
        ({"database": {"instanceClass": "db.t3.small"}}, "BC201", ["do not offer db.t3.small"]),
        ({"database": {"instanceClass": "db.r6g.larg"}}, "BC203", ["db.r6g.large?"]),
        ({"database": {"instanceClass": "zzz"}}, "BC203", ["db.serverless"]),
        ({"database": {"engineVersion": "3.10.4"}}, "BC206", ["Write 8.0.mysql_aurora.3.10.4."]),
        ({"database": {"engineVersion": "8.4.7"}}, "BC206", ["Write 8.4.mysql_aurora.8.4.7."]),
        ({"database": {"engineVersion": "5.7.mysql_aurora.2.11.1"}}, "BC206", ["2024-10-31"]),
        ({"database": {"monitoringIntervalS": 20}}, "BC213", ["Choose 15."]),
        ({"database": {"serverlessMinAcu": 0.7}}, "BC209", ["Choose 0.5."]),
        ({"hostedZoneId": "/hostedzone/Z123"}, "BC104", ["Write Z123 alone."]),
        ({"hostedZoneId": "example"}, "BC104", ["Route 53 console"]),
        ({"regions": {"home": "us-esat-1"}}, "BC402", ["us-east-1?"]),
        ({"regions": {"home": "??"}}, "BC402", ["such as us-east-1"]),
        ({"network": {"homeCidr": "10.1.2.3/16"}}, "BC405", ["Write 10.1.0.0/16."]),
        ({"network": {"homeCidr": "ten"}}, "BC405", ["address/prefix"]),
        ({"tags": {"Environment": "x"}}, "BC109", ["Set environmentSuffix instead."]),
        ({"tags": {"ManagedBy": "x"}}, "BC109", ["Remove it."]),
        ({"failover": {"quorum": 1}}, "BC306", ["one must not decide alone"]),
        ({"failover": {"quorum": 4}}, "BC306", ["cannot give more votes"]),
        ({"failover": {"threshold": 1}}, "BC307", ["30 seconds", "(m - 1) T + g"]),
        ({"domainName": "x" * 70 + ".example.com"}, "BC103", ["is not a label"]),
        ({"domainName": "a." * 130 + "com"}, "BC103", ["it has 263 characters"]),
    ),
)
def test_messages_say_what_to_do(raw: Any, rule_id: str, words: list[str]) -> None:
    (finding,) = [f for f in validate(raw) if f.rule_id == rule_id]
    for word in words:
        assert word in f"{finding.message} {finding.cure}"


def test_burstable_class_that_exists_elsewhere_is_refused_for_the_global_database_alone() -> None:
    (finding,) = validate({"database": {"instanceClass": "db.t4g.medium"}})
    assert finding.rule_id == "BC201"
    assert "do not offer" not in finding.message


def test_defaults_are_without_findings_in_every_profile() -> None:
    assert validate({}) == []
    assert validate({"profile": "staging"}) == []
    assert validate({"profile": "production"}) == []


def test_a_bad_suffix_is_one_finding_although_the_domain_name_is_made_of_it() -> None:
    assert [f.rule_id for f in validate({"environmentSuffix": "Bad_Suffix!"})] == ["BC101"]
    assert [f.rule_id for f in validate({"environmentSuffix": "dev-"})] == ["BC102"]


@pytest.mark.parametrize("checked", RULES.values(), ids=RULES.keys())
def test_without_its_check_a_rule_fails_its_own_examples(
    checked: Rule, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    blank = replace(checked, check=lambda draft: ())
    monkeypatch.setitem(RULES, checked.id, blank)
    with pytest.raises(AssertionError, match=f"{checked.id} finds nothing"):
        test_rule_passes_and_fails_as_its_examples_say(blank, tmp_path)


def test_words_of_absent_keys_win_over_guesses() -> None:
    (finding,) = validate({"database": {"backtrack_window": 3600}})
    assert finding.rule_id == "BC224"
    assert "AWS refuses backtrack" in finding.message
