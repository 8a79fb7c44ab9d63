"""Comments that silence a finding: where they may stand, what they need, what they do not do."""

from __future__ import annotations

from pathlib import Path

import pytest

from bicoastal.settings import InvalidSettingsError, load_stack_file, review_stack_file
from bicoastal.settings.loading import Review

HEAD = "config:\n  bicoastal:database:\n"


def review(text: str, folder: Path) -> Review:
    file = folder / "Pulumi.dev.yaml"
    file.write_bytes(text.encode())
    return review_stack_file(file)


def ids(found: Review) -> list[str]:
    return [finding.rule_id for finding in found.findings]


def ignored(found: Review) -> list[tuple[str, str]]:
    return [(each.finding.rule_id, each.reason) for each in found.ignored]


@pytest.mark.parametrize(
    "text",
    (
        HEAD + "    instanceClass: db.r9g.large  # bicoastal: ignore BC204 -- why not\n",
        HEAD + "    instanceClass: db.r9g.large #bicoastal:ignore BC204--why not\n",
        HEAD + "    # bicoastal: ignore BC204 -- why not\n    instanceClass: db.r9g.large\n",
        HEAD + "# bicoastal: ignore BC204 -- why not\n\n# more\n    instanceClass: db.r9g.large\n",
        HEAD + "    instanceClass: db.r9g.large # bicoastal: ignore BC207, BC204 -- why not\n"
        "    engineVersion: 8.0.mysql_aurora.3.10.4\n",
        (HEAD + "    instanceClass: db.r9g.large # bicoastal: ignore BC204 -- why not\n").replace(
            "\n", "\r\n"
        ),
    ),
)
def test_a_comment_on_the_line_or_above_it_silences_a_finding(text: str, tmp_path: Path) -> None:
    found = review(text, tmp_path)
    assert ignored(found) == [("BC204", "why not")]
    assert set(ids(found)) <= {"BC012"}  # one example names a second rule in vain


@pytest.mark.parametrize(
    ("text", "expected"),
    (
        (HEAD + "    port: 80 # bicoastal: ignore BC216\n", ["BC216", "BC011"]),
        (HEAD + "    port: 80 # bicoastal: ignore BC216 --  \n", ["BC216", "BC011"]),
        (HEAD + "    port: 80 # bicoastal: ignore BC201 -- x\n", ["BC216", "BC012"]),
        (HEAD + "    port: 80\n    # bicoastal: ignore BC216 -- x\n", ["BC216", "BC012"]),
        (HEAD + "    port: 80 # bicoastal: ignore -- x\n", ["BC216", "BC013"]),
        (HEAD + "    port: 80 # bicoastal: ignore BC2 -- x\n", ["BC216", "BC013"]),
        (HEAD + "    port: 80 # bicoastal: ignore because I say so\n", ["BC216", "BC011"]),
        (HEAD + "    port: 80 # bicoastal: ignored BC216 -- x\n", ["BC216"]),
        (HEAD + "    port: 80 # x#bicoastal: ignore BC216 -- x\n", ["BC216"]),
    ),
)
def test_what_has_no_effect_is_said(text: str, expected: list[str], tmp_path: Path) -> None:
    found = review(text, tmp_path)
    assert ids(found) == expected
    assert found.ignored == ()
    for finding in found.findings[1:]:
        assert (finding.severity, finding.line) == (
            "warning",
            text.count("\n") - ("\n    #" in text) * 0,
        )


@pytest.mark.parametrize(
    "value",
    (
        '"a # bicoastal: ignore BC2 -- no comment"',
        "'a # bicoastal: ignore BC2 -- no comment'",
        "|\n    # bicoastal: ignore BC2 -- no comment\n    text",
    ),
)
def test_text_that_looks_like_a_comment_is_none(value: str, tmp_path: Path) -> None:
    found = review(f"config:\n  bicoastal:project: {value}\n", tmp_path)
    assert not {"BC011", "BC012", "BC013"} & set(ids(found))


def test_one_comment_may_silence_several_rules_and_counts_what_it_does_not(tmp_path: Path) -> None:
    text = (
        HEAD
        + "    engineVersion: 8.0.mysql_aurora.3.12.0  # bicoastal: ignore BC219 BC208 -- soon\n"
    )
    found = review(text, tmp_path)
    assert ignored(found) == [("BC219", "soon")]
    assert [finding.message for finding in found.findings] == [
        "A comment ignores BC208, but that rule finds nothing in line 3."
    ]


def test_a_mistyped_rule_is_guessed(tmp_path: Path) -> None:
    found = review(HEAD + "    port: 80 # bicoastal: ignore bc216 -- x\n", tmp_path)
    assert found.findings[1].cure == "Did you mean BC216?"
    found = review(HEAD + "    port: 80 # bicoastal: ignore zzzzz -- x\n", tmp_path)
    assert found.findings[1].cure == "See bicoastal check --list-rules."


def test_an_ignored_error_is_still_refused_by_the_program(tmp_path: Path) -> None:
    found = review(HEAD + "    port: 80 # bicoastal: ignore BC216 -- x\n", tmp_path)
    assert (ids(found), ignored(found)) == ([], [("BC216", "x")])
    with pytest.raises(InvalidSettingsError, match="BC216"):
        load_stack_file(tmp_path / "Pulumi.dev.yaml")
