"""The reference of all rules: `python -m bicoastal.settings.reference > docs/rules.md`."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from bicoastal.settings.catalogue import RULES
from bicoastal.settings.output.rules import FAMILIES, explain
from bicoastal.settings.rules.base import Rule

_HEAD = """\
# Which rules are there?

Generated from the catalogue by `python -m bicoastal.settings.reference > docs/rules.md`; a test
fails when this page is stale. Each rule is run against its examples below by the tests.
[check.md](check.md) says how to run the rules, choose among them and silence one.

An *error* refuses the settings, before anything is deployed; a *warning* and an *info* do not.
"""


def page() -> str:
    """Write the page.

    Returns:
        Markdown with a newline at its end.
    """
    return "\n".join([_HEAD, *_contents(), *_families()])


def _contents() -> Iterator[str]:
    for family, title in FAMILIES.items():
        rules = _rules_of(family)
        yield f"**{title}**: " + ", ".join(f"[{r.id}](#{r.id.lower()})" for r in rules) + "\n"


def _families() -> Iterator[str]:
    for family, title in FAMILIES.items():
        yield f"## {title}\n"
        for rule in _rules_of(family):
            yield from _rule(rule)


def _rules_of(family: str) -> list[Rule]:
    return [rule for rule in RULES.values() if rule.id.startswith(family)]


def _rule(rule: Rule) -> Iterator[str]:
    said = explain(rule)
    yield f"### {rule.id}\n"
    yield f"*{rule.severity}* · {rule.summary} [Source]({rule.source})\n"
    yield f"Fails:\n\n```yaml\n{said.fails}```\n"
    yield f"> {said.why} {said.cure}\n"
    yield f"Passes:\n\n```yaml\n{said.passes}```\n"


def main() -> None:
    """Print the page."""
    sys.stdout.write(page())


if __name__ == "__main__":
    main()
