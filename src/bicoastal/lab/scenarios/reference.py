"""The manual's page of scenarios: `python -m bicoastal.lab.scenarios.reference`."""

from __future__ import annotations

import sys

from bicoastal.lab.scenarios.library import all_scenarios
from bicoastal.lab.scenarios.model import Scenario
from bicoastal.lab.scenarios.words import told_expectation, told_step

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
        f"- Happens: {'; '.join(told_step(step) for step in scenario.steps)}",
        f"- Must be seen: {told_expectation(scenario.expect)}",
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


if __name__ == "__main__":
    sys.stdout.write(page())
