"""The forms in which findings are written."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest

from bicoastal.settings import RULES, review_stack_file
from bicoastal.settings.loading import review_stack_content
from bicoastal.settings.output import github, machine, plain, rules, sarif
from bicoastal.settings.output.results import Results
from bicoastal.settings.rules.base import Example, Rule, Seen
from bicoastal.settings.selection import UnknownRuleError, one_rule, rule_ids

BAD = """\
config:
  bicoastal:database:
    instanceClass: db.t3.small  # bicoastal: ignore BC201 -- for the "old, 50%: cheap" app
    port: 80
  bicoastal:dns: {ttlS: 90}
  bicoastal:failover: {mode: observe}
"""


@pytest.fixture
def results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Results:
    monkeypatch.chdir(tmp_path)
    name = "Pulumi.50% of a,b:c.yaml"
    Path(name).write_text(BAD)
    return Results.of([name], [review_stack_file(Path(name), deploying=True)], RULES.keys())


@pytest.fixture
def clean() -> Results:
    return Results(("Pulumi.dev.yaml",), (), ())


# --- what counts ------------------------------------------------------------------------------
def test_only_what_was_asked_for_counts(tmp_path: Path) -> None:
    file = tmp_path / "Pulumi.dev.yaml"
    file.write_text(BAD)
    reviews = [review_stack_file(file)]
    every = Results.of(["f"], reviews, RULES.keys())
    assert [f.rule_id for f in every.findings] == ["BC216", "BC308", "BC314"]
    assert [i.finding.rule_id for i in every.ignored] == ["BC201"]
    some = Results.of(["f"], reviews, rule_ids(["BC3"]))
    assert [f.rule_id for f in some.findings] == ["BC308", "BC314"]
    assert some.ignored == ()


def test_warnings_fail_only_if_strict_and_remarks_never(tmp_path: Path) -> None:
    file = tmp_path / "Pulumi.dev.yaml"
    file.write_text(BAD)
    reviews = [review_stack_file(file)]
    for chosen, passes, passes_strictly in (
        ("BC2", False, False),
        ("BC308", True, False),
        ("BC314", True, True),
    ):
        found = Results.of(["f"], reviews, rule_ids([chosen]))
        assert (found.passes(), found.passes(strict=True)) == (passes, passes_strictly)


# --- text -------------------------------------------------------------------------------------
def test_text_has_place_id_key_reason_cure_and_source(results: Results) -> None:
    text = plain.render(results)
    (name,) = results.files
    assert text.startswith(f"{name}:4:11: BC216 error database.port\n    database.port is 80,")
    for finding in results.findings:
        for part in (finding.message, f"cure: {finding.cure}", f"source: {finding.source}"):
            assert f"    {part}\n" in text
    assert text.endswith(
        "1 file checked: 2 errors, 1 warning, 1 remark.\n"
        "1 finding ignored by comments. 1 error among them: pulumi up refuses all the same.\n"
    )


def test_text_of_an_ignored_warning_does_not_speak_of_errors(results: Results) -> None:
    (ignored,) = results.ignored
    warning = ignored.finding.__class__(**vars(ignored.finding) | {"severity": "warning"})
    text = plain.render(Results(("f",), (), (ignored.__class__(warning, "x"),)))
    assert text.endswith("1 finding ignored by comments.\n")


def test_text_of_nothing_is_a_count(clean: Results) -> None:
    assert plain.render(clean) == "1 file checked: no errors, no warnings, no remarks.\n"


def test_colours_are_put_around_roles(results: Results) -> None:
    text = plain.render(results, lambda text, role: f"<{role}>{text}</>")
    assert "<error>BC216 error</> database.port\n" in text
    assert "<quiet>    source: https://" in text
    assert re.sub(r"<\w*/?>|</>", "", text) == plain.render(results)


# --- JSON -------------------------------------------------------------------------------------
def test_json_holds_everything(results: Results) -> None:
    document = json.loads(machine.render(results))
    assert document["format"] == 1
    assert document["files"] == list(results.files)
    counts = {"errors": 2, "warnings": 1, "infos": 1, "ignored": 1, "not_checked": 0}
    assert document["summary"] == counts
    assert document["findings"] == [vars(finding) for finding in results.findings]
    (ignored,) = document["ignored"]
    assert (ignored["rule_id"], ignored["reason"]) == ("BC201", 'for the "old, 50%: cheap" app')


# --- SARIF ------------------------------------------------------------------------------------
def assert_uri(text: str) -> None:
    assert re.fullmatch(r"[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=%-]+", text), text
    assert not re.search(r"%(?![0-9A-Fa-f]{2})", text)


def assert_is_sarif(log: Any) -> None:
    """What the standard's schema asks of the parts that are used here."""
    assert set(log) == {"$schema", "version", "runs"}
    assert log["version"] == "2.1.0"
    for run in log["runs"]:
        assert set(run) == {"tool", "artifacts", "columnKind", "results"}
        assert run["columnKind"] in {"utf16CodeUnits", "unicodeCodePoints"}
        driver = run["tool"]["driver"]
        assert set(driver) == {"name", "semanticVersion", "rules"}
        assert re.fullmatch(r"\d+\.\d+\.\d+", driver["semanticVersion"])
        assert len({rule["id"] for rule in driver["rules"]}) == len(driver["rules"])
        for rule in driver["rules"]:
            assert set(rule) == {
                "id",
                "shortDescription",
                "helpUri",
                "help",
                "defaultConfiguration",
            }
            assert set(rule["shortDescription"]) == set(rule["help"]) == {"text"}
            assert set(rule["defaultConfiguration"]) == {"level"}
            assert rule["defaultConfiguration"]["level"] in {"none", "note", "warning", "error"}
            assert_uri(rule["helpUri"])
        for artifact in run["artifacts"]:
            assert_uri(artifact["location"]["uri"])
        for result in run["results"]:
            assert set(result) - {"suppressions"} == {
                "ruleId", "ruleIndex", "level", "message", "locations",
            }  # fmt: skip
            assert driver["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
            assert result["level"] in {"none", "note", "warning", "error"}
            assert result["message"]["text"]
            for suppression in result.get("suppressions", []):
                assert suppression["kind"] in {"inSource", "external"}
            (location,) = result["locations"]
            physical = location["physicalLocation"]
            assert_uri(physical["artifactLocation"]["uri"])
            assert all(type(n) is int and n >= 1 for n in physical["region"].values())
            assert set(physical["region"]) == {"startLine", "startColumn"}


def test_sarif_is_valid_and_complete(results: Results) -> None:
    log = json.loads(sarif.render(results))
    assert_is_sarif(log)
    (run,) = log["runs"]
    described = {rule["id"]: rule for rule in run["tool"]["driver"]["rules"]}
    assert list(described) == list(RULES)
    assert all(described[rule.id]["helpUri"] == rule.source for rule in RULES.values())
    found = [(r["ruleId"], r["level"], "suppressions" in r) for r in run["results"]]
    assert found == [
        ("BC216", "error", False),
        ("BC601", "error", False),
        ("BC308", "warning", False),
        ("BC314", "note", False),
        ("BC201", "error", True),
    ]
    place = run["results"][0]["locations"][0]
    assert unquote(place["physicalLocation"]["artifactLocation"]["uri"]) == results.files[0]
    assert place["physicalLocation"]["region"] == {"startLine": 4, "startColumn": 11}
    assert place["logicalLocations"] == [{"fullyQualifiedName": "database.port"}]
    # What is missing has no place in the file.
    missing = run["results"][1]["locations"][0]["physicalLocation"]["region"]
    assert missing == {"startLine": 1, "startColumn": 1}


def test_sarif_names_absolute_files_as_uris(tmp_path: Path) -> None:
    file = tmp_path / "Pulumi.a b.yaml"
    file.write_bytes(b"\xff")
    log = json.loads(sarif.render(Results.of([str(file)], [review_stack_file(file)], RULES.keys())))
    assert_is_sarif(log)
    (result,) = log["runs"][0]["results"]
    uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert uri == file.as_uri()
    assert urlsplit(uri).scheme == "file"
    assert "logicalLocations" not in result["locations"][0]


def test_sarif_of_nothing_has_rules_and_no_results(clean: Results) -> None:
    log = json.loads(sarif.render(clean))
    assert_is_sarif(log)
    assert log["runs"][0]["results"] == []


# --- GitHub -----------------------------------------------------------------------------------
def test_github_annotations_are_one_escaped_line_each(results: Results) -> None:
    lines = github.render(results).splitlines()
    assert [line.partition(" ")[0] for line in lines] == [
        "::error", "::error", "::warning", "::notice",
    ]  # fmt: skip
    assert lines[0].startswith(
        "::error file=Pulumi.50%25 of a%2Cb%3Ac.yaml,line=4,col=11,title=BC216 database.port::"
    )
    message = lines[0].split("::", 2)[2]
    finding = results.findings[0]
    assert message == f"{finding.message} {finding.cure} {finding.source}"
    assert "line=" not in lines[1].split("::")[1]


def test_github_annotations_escape_what_would_end_them(results: Results) -> None:
    first = results.findings[0]
    odd = first.__class__(**vars(first) | {"message": "100 %\r\n::error::x", "key": ""})
    (line,) = github.render(Results(("f",), (odd,), ())).splitlines()
    assert ",title=BC216::100 %25%0D%0A::error::x " in line


def test_github_annotations_of_nothing_are_nothing(clean: Results) -> None:
    assert github.render(clean) == ""


# --- the rules themselves ---------------------------------------------------------------------
@pytest.mark.parametrize("rule", RULES.values(), ids=RULES.keys())
def test_an_explanation_is_true(rule: Rule) -> None:
    def finds(text: str, examples: tuple[Example, ...]) -> bool:
        account = examples[0].account if isinstance(examples[0], Seen) else None
        content = text.encode()
        review = review_stack_content(content, "x.yaml", deploying=True, look=lambda _: account)
        return rule.id in {finding.rule_id for finding in review.findings}

    said = rules.explain(rule)
    assert (said.id, said.summary, said.source) == (rule.id, rule.summary, rule.source)
    if "# ... and" not in said.fails + said.passes and rule.id != "BC004":
        assert finds(said.fails, rule.fails)
        assert not finds(said.passes, rule.passes)
    text = rules.render(said)
    for part in (rule.id, rule.summary, rule.source, "why: ", "cure: ", "fails:\n", "passes:\n"):
        assert part in text
    assert max(map(len, said.fails.splitlines())) <= 100


def test_examples_of_every_kind_are_written_as_stack_files() -> None:
    assert rules.written(b"config: \xff") == "config: \\xff"
    assert rules.written("config: {}") == "config: {}\n"
    example = {"network": {"clientCidrs": ("10.0.0.0/8",)}, "tags": {"Größe": "1"}}
    assert rules.written(example) == (
        "config:\n  bicoastal:network:\n    clientCidrs:\n    - 10.0.0.0/8\n"
        "  bicoastal:tags:\n    Größe: '1'\n"
    )


def test_long_examples_are_cut() -> None:
    said = rules.explain(RULES["BC108"])
    assert said.fails.splitlines()[-1] == "# ... and 37 lines more"


def test_the_list_has_a_line_for_each_rule_by_family() -> None:
    text = rules.render_list(RULES.values())
    assert re.findall(r"^  (BC\d+)  (\w+) ", text, re.MULTILINE) == [
        (rule.id, rule.severity) for rule in RULES.values()
    ]
    assert text.endswith(f"{len(RULES)} rules\n")
    assert {rule_id[:3] for rule_id in RULES} == set(rules.FAMILIES)
    assert rules.render_list([RULES["BC501"]]).splitlines()[0] == "Costs (BC5xx)"
    assert rules.render_list([RULES["BC501"]]).endswith("\n1 rule\n")


# --- choosing rules ---------------------------------------------------------------------------
def test_rules_are_chosen_by_id_and_by_beginning() -> None:
    assert rule_ids(["BC201", "bc5, BC601"]) == {"BC201", "BC601"} | {
        rule_id for rule_id in RULES if rule_id.startswith("BC5")
    }
    assert one_rule(" bc201 ") is RULES["BC201"]


@pytest.mark.parametrize(
    ("word", "cure"), (("BC2O1", "Did you mean BC201?"), ("", "--list-rules"), ("E501", "BC501?"))
)
def test_unknown_rules_are_named_with_a_guess(word: str, cure: str) -> None:
    with pytest.raises(UnknownRuleError, match=f"{word!r} is not the id of a rule") as caught:
        rule_ids([word])
    assert cure in str(caught.value)
    with pytest.raises(UnknownRuleError, match="is not the id of a rule"):
        one_rule(word)
