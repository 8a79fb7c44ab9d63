"""What the failover package may import: it is zipped, and its decision is pure."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from bicoastal import failover

SOURCES = sorted(Path(str(failover.__file__)).parent.glob("*.py"))
ALLOWED = set(sys.stdlib_module_names) | {"boto3", "botocore", "pymysql"}


def imported(path: Path) -> set[str]:
    """Modules that a file imports when it runs, at its top or inside a function."""
    tree = ast.parse(path.read_text())
    for_types = {
        inner
        for node in tree.body
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)
        for inner in ast.walk(node)
    }
    found = set()
    for node in ast.walk(tree):
        if node in for_types:
            continue
        if isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return found


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_only_the_standard_library_boto3_and_pymysql(path: Path) -> None:
    for module in imported(path):
        own = module in ("bicoastal", "bicoastal.errors") or module.startswith("bicoastal.failover")
        assert own or module.split(".")[0] in ALLOWED, module


def test_the_decision_is_loaded_without_any_client_or_clock() -> None:
    program = (
        "import sys; import bicoastal.failover.decision;"
        "print(sorted({'boto3', 'botocore', 'pymysql', 'socket', 'time'} & set(vars("
        "sys.modules['bicoastal.failover.decision'])) | {'boto3', 'botocore', 'pymysql', 'ssl'}"
        " & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "[]"
