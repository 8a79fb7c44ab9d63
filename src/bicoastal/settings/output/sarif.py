"""Findings as SARIF 2.1.0, which code scanning services read.

Source: https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html; what GitHub requires:
https://docs.github.com/en/code-security/code-scanning/integrating-with-code-scanning/sarif-support-for-code-scanning
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import quote

from bicoastal import __version__
from bicoastal.settings.catalogue import RULES
from bicoastal.settings.findings import Finding
from bicoastal.settings.output.results import Results
from bicoastal.settings.rules.base import Rule

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_LEVEL = {"error": "error", "warning": "warning", "info": "note"}
_INDEX = {rule_id: index for index, rule_id in enumerate(RULES)}


def render(results: Results) -> str:
    """Write findings as one SARIF log. Findings that comments silence are in it as suppressed.

    Args:
        results: what was found.

    Returns:
        ASCII text with a newline at its end.
    """
    driver = {
        "name": "bicoastal",
        "semanticVersion": __version__,
        "rules": [_rule(rule) for rule in RULES.values()],
    }
    found = [_result(finding) for finding in results.findings]
    for ignored in results.ignored:
        suppression = {"kind": "inSource", "justification": ignored.reason}
        found.append(_result(ignored.finding) | {"suppressions": [suppression]})
    run = {
        "tool": {"driver": driver},
        "artifacts": [{"location": {"uri": _uri(file)}} for file in results.files],
        "columnKind": "unicodeCodePoints",
        "results": found,
    }
    log = {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}
    return json.dumps(log, indent=2) + "\n"


def _rule(rule: Rule) -> dict[str, Any]:
    return {
        "id": rule.id,
        "shortDescription": {"text": rule.summary},
        "helpUri": rule.source,
        "help": {"text": f"{rule.summary} Source: {rule.source}"},
        "defaultConfiguration": {"level": _LEVEL[rule.severity]},
    }


def _result(finding: Finding) -> dict[str, Any]:
    location: dict[str, Any] = {
        "physicalLocation": {
            "artifactLocation": {"uri": _uri(finding.file or "")},
            # What is missing has no place; services want a line, so it gets the first.
            "region": {"startLine": finding.line or 1, "startColumn": finding.column or 1},
        }
    }
    if finding.key:
        location["logicalLocations"] = [{"fullyQualifiedName": finding.key}]
    return {
        "ruleId": finding.rule_id,
        "ruleIndex": _INDEX[finding.rule_id],
        "level": _LEVEL[finding.severity],
        "message": {"text": f"{finding.message} {finding.cure}"},
        "locations": [location],
    }


def _uri(file: str) -> str:
    path = Path(file)
    return path.as_uri() if path.is_absolute() else quote(path.as_posix())
