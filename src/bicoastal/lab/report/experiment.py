"""A drill as an experiment: what was believed, what was done, what was expected and seen. Pure.

The terms are those of https://principlesofchaos.org/: a hypothesis about the steady state, and
an event that tries to disprove it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bicoastal.lab.drill.report import DrillReport
from bicoastal.lab.report.reading import Drill
from bicoastal.lab.scenarios.words import told_expectation, told_step

_ASKED = ("serving", "fault-felt", "told", "divergence")


@dataclass(frozen=True)
class Experiment:
    """What a page tells about a scenario and its drill, in words.

    Attributes:
        title: What happens.
        hypothesis: What is believed.
        source: Where the idea comes from.
        steady: The steady state before it, as it was observed.
        steps: What was done, in order.
        expected: What must be seen.
        seen: What was seen.
        cannot: What the lab cannot do of it; empty if nothing.
        mutant: The deliberate defect that was deployed; empty if none was.
    """

    title: str
    hypothesis: str
    source: str
    steady: str
    steps: tuple[str, ...]
    expected: str
    seen: str
    cannot: str
    mutant: str


@dataclass(frozen=True)
class Broken:
    """A drill with a mutant.

    Attributes:
        name: The drill's name.
        scenario: The scenario.
        mutant: The mutant's name.
        what: The mutant in words.
        has_to_fail: The requirements that have to notice it.
        failed: Those that failed.
        noticed: Whether one of the failed ones has to.
    """

    name: str
    scenario: str
    mutant: str
    what: str
    has_to_fail: tuple[str, ...]
    failed: tuple[str, ...]
    noticed: bool


def experiment(record: DrillReport) -> Experiment | None:
    """Tell a drill as an experiment.

    Args:
        record: The drill's record.

    Returns:
        The experiment; None for a record that does not tell its scenario.
    """
    scenario = record.scenario
    if scenario is None:
        return None
    mutant = f"{scenario.mutant.name}: {scenario.mutant.what}" if record.broken else ""
    return Experiment(
        title=scenario.title,
        hypothesis=scenario.hypothesis,
        source=scenario.source,
        steady=_observed(record, "steady-state"),
        steps=tuple(told_step(step).replace("**", "") for step in scenario.steps),
        expected=told_expectation(scenario.expect),
        seen=seen_in_words(record),
        cannot=scenario.cannot,
        mutant=mutant,
    )


def seen_in_words(record: DrillReport) -> str:
    """Say what was seen of what a scenario may expect.

    Args:
        record: The drill's record.

    Returns:
        Its parts, separated by commas.
    """
    promoted = [each["target"] for each in record.failovers if each["state"] == "done"]
    words = [f"{' and '.join(promoted)} promoted" if promoted else "nobody promoted"]
    if record.audit:
        words.append(f"the record ended in {record.audit[-1]['to_state']}")
    words.append(f"{len(record.pages)} times told" if record.pages else "nobody told")
    words += [observed for name in _ASKED if (observed := _observed(record, name))]
    return ", ".join(words)


def mutants(drills: Sequence[Drill]) -> list[Broken]:
    """List the drills that were broken on purpose.

    Args:
        drills: The drills.

    Returns:
        One item a drill with a mutant, in the given order.
    """
    return [
        Broken(
            name=drill.name,
            scenario=scenario.name,
            mutant=scenario.mutant.name,
            what=scenario.mutant.what,
            has_to_fail=scenario.mutant.fails,
            failed=drill.record.failed,
            noticed=bool(drill.record.noticed_by),
        )
        for drill in drills
        if drill.record.broken and (scenario := drill.record.scenario) is not None
    ]


def _observed(record: DrillReport, name: str) -> str:
    return next((each.observed for each in record.requirements if each.id == name), "")
