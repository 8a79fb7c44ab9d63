"""Findings as JSON of our own."""

from __future__ import annotations

import json
from dataclasses import asdict

from bicoastal.settings.output.results import Results

FORMAT = 1
"""Number of the form; it rises when a member goes away or changes its meaning."""


def render(results: Results) -> str:
    """Write findings as one JSON object.

    Args:
        results: what was found.

    Returns:
        ASCII text with a newline at its end: `format`, `files`, `summary`, `findings`, `ignored`.
    """
    document = {
        "format": FORMAT,
        "files": results.files,
        "summary": {
            "errors": results.count("error"),
            "warnings": results.count("warning"),
            "infos": results.count("info"),
            "ignored": len(results.ignored),
            "not_checked": sum(not finding.checked for finding in results.findings),
        },
        "findings": [asdict(finding) for finding in results.findings],
        "ignored": [asdict(i.finding) | {"reason": i.reason} for i in results.ignored],
    }
    return json.dumps(document, indent=2) + "\n"
