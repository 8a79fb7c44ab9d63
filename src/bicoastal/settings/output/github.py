"""Findings as workflow commands, which GitHub shows beside the lines of a pull request.

Source: https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands
"""

from __future__ import annotations

from bicoastal.settings.findings import Finding
from bicoastal.settings.output.results import Results

_COMMAND = {"error": "error", "warning": "warning", "info": "notice"}


def render(results: Results) -> str:
    """Write one workflow command a finding.

    Args:
        results: what was found.

    Returns:
        A line for each finding; empty if there is none.
    """
    return "".join(_command(finding) + "\n" for finding in results.findings)


def _command(finding: Finding) -> str:
    properties = {
        "file": finding.file,
        "line": finding.line,
        "col": finding.column,
        "title": f"{finding.rule_id} {finding.key}".strip(),
    }
    written = ",".join(
        f"{name}={_property(str(value))}" for name, value in properties.items() if value is not None
    )
    text = _data(f"{finding.message} {finding.cure} {finding.source}")
    return f"::{_COMMAND[finding.severity]} {written}::{text}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
