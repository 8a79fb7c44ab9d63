"""The program that docs/deploying.md shows is a program."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pulumi
import pytest

ROOT = Path(__file__).parents[3]


def test_the_documented_program_deploys_the_stack(
    run_program: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    page = (ROOT / "docs" / "deploying.md").read_text()
    (code,) = re.findall(r"^```python\n(.+?)^```", page, re.MULTILINE | re.DOTALL)
    exported: dict[str, Any] = {}
    monkeypatch.setattr(pulumi, "export", exported.__setitem__)
    monkeypatch.chdir(ROOT)  # it reads the example of a stack file
    program = run_program(lambda: exec(code, {}))
    assert {found.name for found in program.of("Cluster")} == {"aurora-use1-dev", "aurora-usw2-dev"}
    assert exported == {"name": "db-dev.example.com"}
