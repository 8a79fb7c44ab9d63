"""The page of all rules is the one that the catalogue gives."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

from bicoastal.settings import RULES

DOCS = Path(__file__).parents[3] / "docs"


def test_the_page_is_not_stale(capsys: pytest.CaptureFixture[str]) -> None:
    runpy.run_module("bicoastal.settings.reference", run_name="__main__")
    page = capsys.readouterr().out
    assert (DOCS / "rules.md").read_text("utf-8") == page, (
        "run: python -m bicoastal.settings.reference > docs/rules.md"
    )
    assert page.count("\n### BC") == len(RULES)


def test_the_manual_names_only_rules_that_exist() -> None:
    words = (DOCS / "check.md").read_text("utf-8").replace("`", " ").split()
    named = {word.strip(".,:;()[]") for word in words if word.startswith("BC")}
    assert named
    assert {name for name in named if len(name) == 5} <= set(RULES)
