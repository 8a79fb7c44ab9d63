"""The rules themselves, as text: a list, and one explained."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import yaml

from bicoastal.settings.loading import review_stack_content
from bicoastal.settings.output.plain import Style, counted, unpainted
from bicoastal.settings.rules.base import Example, Rule, Seen
from bicoastal.settings.stackfile import NAMESPACE

FAMILIES = {
    "BC0": "What can be read",
    "BC1": "Names, domain and tags",
    "BC2": "The database",
    "BC3": "Health checks, DNS and failover",
    "BC4": "Regions and addresses",
    "BC5": "Costs",
    "BC6": "Secrets and exposure",
    "BC7": "What the AWS account allows (`--live`)",
}
"""What the hundreds of an id stand for."""

_MOST_LINES = 12
_WIDEST = 96


@dataclass(frozen=True)
class Explanation:
    """A rule with everything that there is to say of it.

    Attributes:
        id: the rule's id.
        severity: `error`, `warning` or `info`.
        summary: what the rule wants.
        why: what the rule says of its failing example.
        cure: what it advises there.
        source: the address of the page that states it.
        fails: a stack file in which it finds something.
        passes: one in which it does not.
    """

    id: str
    severity: str
    summary: str
    why: str
    cure: str
    source: str
    fails: str
    passes: str


def written(example: Example) -> str:
    """An example as the text of a stack file.

    Args:
        example: settings, or the text or bytes of a stack file.

    Returns:
        YAML with a newline at its end; bytes that are no text are shown as escapes.
    """
    if isinstance(example, bytes):
        return example.decode("utf-8", "backslashreplace")
    if isinstance(example, Seen):
        return f"{written(example.settings)}# in the account: {example.note}\n"
    if isinstance(example, str):
        return example if example.endswith("\n") else f"{example}\n"
    config = {f"{NAMESPACE}:{key}": _plain(value) for key, value in example.items()}
    return str(yaml.safe_dump({"config": config}, sort_keys=False, allow_unicode=True, width=1_000))


def explain(rule: Rule) -> Explanation:
    """Say everything that there is to say of a rule; its own failing example gives the reason.

    Args:
        rule: the rule.

    Returns:
        The explanation.
    """
    fails = _telling(rule.fails)
    content = fails if isinstance(fails, bytes) else written(fails).encode()
    account = fails.account if isinstance(fails, Seen) else None
    review = review_stack_content(
        content, "Pulumi.dev.yaml", deploying=True, look=lambda _: account
    )
    finding = next(finding for finding in review.findings if finding.rule_id == rule.id)
    return Explanation(
        id=rule.id,
        severity=rule.severity,
        summary=rule.summary,
        why=finding.message,
        cure=finding.cure,
        source=rule.source,
        fails=_elided(written(fails)),
        passes=_elided(written(_telling(rule.passes))),
    )


def render(explanation: Explanation, paint: Style = unpainted) -> str:
    """Write an explanation for people.

    Args:
        explanation: what to say.
        paint: how to colour.

    Returns:
        Text with a newline at its end.
    """
    head = paint(f"{explanation.id} {explanation.severity}", explanation.severity)
    parts = (
        f"{head}  {explanation.summary}\n",
        _paragraph("why", explanation.why),
        _paragraph("cure", explanation.cure),
        f"source: {explanation.source}\n",
        f"fails:\n{textwrap.indent(explanation.fails, '    ')}",
        f"passes:\n{textwrap.indent(explanation.passes, '    ')}",
    )
    return "\n".join(parts)


def render_list(rules: Iterable[Rule], paint: Style = unpainted) -> str:
    """Write a line for each rule: id, severity, what it wants.

    Args:
        rules: the rules, ordered by id.
        paint: how to colour.

    Returns:
        Text with a newline at its end.
    """
    lines: list[str] = []
    listed = list(rules)
    for family, title in FAMILIES.items():
        members = [rule for rule in listed if rule.id.startswith(family)]
        if members:
            lines.append(f"{title} ({family}xx)")
        for rule in members:
            severity = paint(f"{rule.severity:<7}", rule.severity)
            lines.append(f"  {rule.id}  {severity}  {rule.summary}")
    return "\n".join([*lines, counted(len(listed), "rule")]) + "\n"


def as_json(rules: Iterable[Rule]) -> str:
    """Write rules with their explanations as a JSON array.

    Args:
        rules: the rules.

    Returns:
        ASCII text with a newline at its end.
    """
    return json.dumps([asdict(explain(rule)) for rule in rules], indent=2) + "\n"


def _telling(examples: Iterable[Example]) -> Example:
    """The first example that says something and fits on a screen, or else the shortest."""
    listed = list(examples)
    fitting = [example for example in listed if example and _fits(written(example))]
    return fitting[0] if fitting else min(listed, key=lambda example: len(written(example)))


def _fits(text: str) -> bool:
    lines = text.splitlines()
    return len(lines) <= _MOST_LINES and all(len(line) <= _WIDEST for line in lines)


def _elided(text: str) -> str:
    lines = text.splitlines()
    kept = [line if len(line) <= _WIDEST else f"{line[:_WIDEST]}..." for line in lines]
    if len(kept) > _MOST_LINES:
        kept = [*kept[: _MOST_LINES - 1], f"# ... and {len(kept) - _MOST_LINES + 1} lines more"]
    return "\n".join(kept) + "\n"


def _paragraph(label: str, text: str) -> str:
    return textwrap.fill(f"{label}: {text}", 92, subsequent_indent="    ") + "\n"


def _plain(value: Any) -> Any:
    """The value with lists for tuples, which YAML does not know."""
    if isinstance(value, Mapping):
        return {key: _plain(inner) for key, inner in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else value
