"""The limits of a stack file, each on both of its sides, and what hides in JSON text."""

from __future__ import annotations

from pathlib import Path

import pytest

from bicoastal.settings import validate_pulumi_config, validate_stack_file
from bicoastal.settings.yamltext import LONGEST, MOST_VALUES

HEAD = "config:\n  bicoastal:project: x\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "Pulumi.dev.yaml"


def test_a_file_may_be_as_long_as_the_limit_and_no_longer(file: Path) -> None:
    text = HEAD + "#" * (LONGEST - len(HEAD))
    file.write_text(text)
    assert validate_stack_file(file) == []
    file.write_text(text + "#")
    (finding,) = validate_stack_file(file)
    assert (finding.rule_id, "longer than 64 KiB" in finding.message) == ("BC004", True)


@pytest.mark.parametrize(("depth", "expected"), ((50, []), (51, ["BC005"])))
def test_brackets_may_be_nested_as_deeply_as_the_limit(
    depth: int, expected: list[str], file: Path
) -> None:
    file.write_text(HEAD + "other: " + "[" * depth + "]" * depth + "\n")
    assert [f.rule_id for f in validate_stack_file(file)] == expected


def test_aliases_count_as_what_they_name(file: Path) -> None:
    item, times = 100, MOST_VALUES // 101
    base = "base: &base [" + ", ".join("x" for _ in range(item)) + "]\n"
    for count, expected in ((times - 2, []), (times + 1, ["BC005"])):
        aliases = ", ".join("*base" for _ in range(count))
        file.write_text(base + f"other: [{aliases}]\n")
        assert [f.rule_id for f in validate_stack_file(file)] == expected


def test_a_key_that_is_written_twice_in_json_text_is_named(file: Path) -> None:
    text = '{"port": 3306, "port": 80}'
    file.write_text(f"config:\n  bicoastal:database: '{text}'\n")
    found = validate_stack_file(file)
    assert [(f.rule_id, f.key, f.line) for f in found] == [
        ("BC007", "database.port", 2),
        ("BC216", "database.port", 2),
    ]
    found = validate_pulumi_config({"bicoastal:database": text})
    assert [f.rule_id for f in found] == ["BC007", "BC216"]


def test_guesses_end_but_findings_do_not(file: Path) -> None:
    lines = "".join(f"    instanceClass{n}: 1\n" for n in range(150))
    file.write_text(f"config:\n  bicoastal:database:\n{lines}")
    found = validate_stack_file(file)
    assert len(found) == 150
    assert sum("Did you mean database.instanceClass?" in f.cure for f in found) == 100
