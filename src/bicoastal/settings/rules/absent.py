"""Keys that do not exist for a reason; `bicoastal.settings.absent` says which, and why."""

from __future__ import annotations

from collections.abc import Iterable

from bicoastal.settings.absent import ABSENCES, Absence
from bicoastal.settings.draft import Draft
from bicoastal.settings.rules.base import Problem, Rule, rule
from bicoastal.settings.rules.shape import problem_of


def _rule(absence: Absence) -> Rule:
    def asked_for(draft: Draft) -> Iterable[Problem]:
        for fault in draft.faults:
            if fault.kind == "absent-key" and fault.rule_id == absence.rule_id:
                yield problem_of(fault, at_key=True)

    asked_for.__doc__ = absence.summary
    groups = {"BC2": "database", "BC3": "health"}
    group = groups.get(absence.rule_id[:3])
    asked = [{group: {key: 1}} if group else {key: 1} for key in absence.keys]
    return rule(absence.rule_id, "error", source=absence.source, passes=[{}], fails=asked)(
        asked_for
    )


RULES = tuple(map(_rule, ABSENCES))
"""One rule for each absence."""
