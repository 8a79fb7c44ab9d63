"""The manual's page of scenarios: `python -m bicoastal.lab.scenarios.reference`."""

from __future__ import annotations

import sys

from bicoastal.lab.scenarios.library import all_scenarios
from bicoastal.lab.scenarios.model import Expectation, Scenario, Step

_HEAD = """# Which failures are rehearsed?

`bicoastal drill --scenario NAME` plays one of these, `--scenario all` (or `make drills`) every one.
Each is a file in `src/bicoastal/lab/scenarios/library/`: what happens, what must be seen, and a
mutant, a deliberately broken controller or witness with which it must fail, or the scenario proves
nothing. `bicoastal drill --scenario NAME --broken` deploys it and ends with exit code 0 if a
requirement that has to notice it failed; `--scenario all --broken` plays them all and prints a
table. The mutants are in `src/bicoastal/lab/scenarios/mutants.yaml`.

Seconds are AWS's: at pace 15, the default, the lab is 15 times as fast. MariaDB's own times and the
network's delays are not scaled. This page is written by
`python -m bicoastal.lab.scenarios.reference`.
"""


def page() -> str:
    """Write the page.

    Returns:
        Markdown, ending with a newline.
    """
    scenarios = all_scenarios().values()
    parts = [_HEAD]
    for title, promotion in (("Must fail over", True), ("Must not fail over", False)):
        chosen = [each for each in scenarios if each.expect.promotion is promotion]
        parts.append(f"## {title} ({len(chosen)})\n")
        parts += [_section(scenario) for scenario in chosen]
    return "\n".join(parts)


def _section(scenario: Scenario) -> str:
    lines = [
        f"### {scenario.name}\n",
        f"{scenario.title}. {scenario.hypothesis}\n",
        f"- Happens: {'; '.join(_step(step) for step in scenario.steps)}",
        f"- Must be seen: {_expected(scenario.expect)}",
    ]
    if scenario.settings:
        lines.append(f"- Settings: `{scenario.settings}`")
    if scenario.cannot:
        lines.append(f"- Not the real thing: {scenario.cannot}")
    mutant = scenario.mutant
    lines += [
        f"- Mutant **{mutant.name}**: {mutant.what}; fails {' or '.join(mutant.fails)}",
        f"- Source: {scenario.source}",
        "",
    ]
    return "\n".join(lines)


def _step(step: Step) -> str:
    if step.wait_s is not None:
        return f"{step.wait_s:g} s"
    if step.until is not None:
        return f"until {step.until}"
    words = [f"**{step.do}**", step.place if step.place != "home" else "", step.match, step.error]
    if step.source is not None:
        words.append(f"from {step.source}")
    if step.amount is not None:
        words.append(f"{step.amount:g}")
    return " ".join(word for word in words if word)


def _expected(expect: Expectation) -> str:
    words = [
        "the standby is promoted, once" if expect.promotion else "nobody is promoted",
        f"the record ends in {' or '.join(expect.states)}",
    ]
    if expect.paged is not None:
        words.append("a human is told" if expect.paged else "nobody is woken")
    if expect.page_says:
        words.append(f'a page says "{expect.page_says}"')
    if expect.serving is not None:
        words.append(f"clients write to the {expect.serving} region at the end")
    if expect.felt is not None:
        words.append("clients feel it" if expect.felt else "clients notice nothing")
    if expect.told:
        words.append(f'the audit trail says "{expect.told}"')
    if expect.divergent is not None:
        words.append("divergent writes are listed" if expect.divergent else "no write diverges")
    return ", ".join(words)


if __name__ == "__main__":
    sys.stdout.write(page())
