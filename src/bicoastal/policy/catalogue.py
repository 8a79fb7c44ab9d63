"""Every guard."""

from __future__ import annotations

from bicoastal.policy import adopted, database, reach, whole
from bicoastal.policy.guard import Guard, ResourceGuard, StackGuard

RESOURCE_GUARDS: tuple[ResourceGuard, ...] = (*adopted.GUARDS, *database.GUARDS, *reach.GUARDS)
"""The guards that look at one resource before it is made."""

STACK_GUARDS: tuple[StackGuard, ...] = whole.GUARDS
"""The guards that look at a whole stack, in a preview and after an update."""

GUARDS: tuple[Guard, ...] = tuple(
    sorted((*RESOURCE_GUARDS, *STACK_GUARDS), key=lambda guard: guard.rule_id)
)
"""All of them, ordered by the rule that they speak for."""
