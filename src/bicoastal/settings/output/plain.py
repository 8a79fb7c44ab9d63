"""Findings as text for people."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from bicoastal.settings.findings import Finding
from bicoastal.settings.output.results import Results

Style = Callable[[str, str], str]
"""Paints a text in the colour of a role: `error`, `warning`, `info`, `place` or `quiet`."""


def unpainted(text: str, _role: str) -> str:
    """Leave a text as it is."""
    return text


def render(results: Results, paint: Style = unpainted) -> str:
    """Write findings for people: place, id, reason, cure and source of each, then a count.

    Args:
        results: what was found.
        paint: how to colour; by default not at all.

    Returns:
        Text with a newline at its end.
    """
    lines = [line for finding in results.findings for line in _finding(finding, paint)]
    return "\n".join([*lines, *_summary(results)]) + "\n"


def _finding(finding: Finding, paint: Style) -> Iterator[str]:
    key = f" {finding.key}" if finding.key else ""
    what = paint(f"{finding.rule_id} {finding.severity}", finding.severity)
    yield f"{paint(finding.location, 'place')}: {what}{key}"
    yield f"    {finding.message}"
    yield f"    cure: {finding.cure}"
    yield paint(f"    source: {finding.source}", "quiet")
    yield ""


def _summary(results: Results) -> Iterator[str]:
    files = counted(len(results.files), "file")
    counts = (
        counted(results.count("error"), "error"),
        counted(results.count("warning"), "warning"),
        counted(results.count("info"), "remark"),
    )
    yield f"{files} checked: {', '.join(counts)}."
    unchecked = sum(not finding.checked for finding in results.findings)
    if unchecked:
        yield f"{counted(unchecked, 'question')} NOT CHECKED; they count as warnings."
    if results.ignored:
        errors = sum(ignored.finding.severity == "error" for ignored in results.ignored)
        line = f"{counted(len(results.ignored), 'finding')} ignored by comments."
        if errors:
            line += f" {counted(errors, 'error')} among them: pulumi up refuses all the same."
        yield line


def counted(number: int, noun: str) -> str:
    """A number with its noun: `no errors`, `1 error`, `2 errors`."""
    return f"{number or 'no'} {noun}{'' if number == 1 else 's'}"
