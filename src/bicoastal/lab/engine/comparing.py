"""The run that compares: what `up` would do to what is there, asked of the providers and not done.

With `Deployment.refresh` before it, it is what `pulumi up --refresh` shows before it asks:
https://www.pulumi.com/docs/iac/cli/commands/pulumi_up/
"""

from __future__ import annotations

import uuid
from collections.abc import Coroutine
from dataclasses import replace
from typing import Any

from bicoastal.lab.engine.monitor import Registered
from bicoastal.lab.engine.results import PlannedChange
from bicoastal.lab.engine.state import Kind, ResourceState
from bicoastal.lab.engine.up import UpRun
from bicoastal.lab.engine.values import to_plain


class ComparingRun(UpRun):
    """Notes what would be created, updated, replaced or deleted; state and AWS stay as they are."""

    def __init__(self, *arguments: Any, **more: Any) -> None:
        super().__init__(*arguments, **more)
        self._planned: list[PlannedChange] = []

    @property
    def planned(self) -> list[PlannedChange]:
        """What would be done, deletions last."""
        gone = [r for r in self._state.resources if r.urn not in self.registered and r.is_managed]
        deletions = [change_of("delete", r, "the program no longer asks for it") for r in gone]
        return [*self._planned, *deletions]

    def _guarded(
        self, wanted: ResourceState, step: Coroutine[Any, Any, ResourceState]
    ) -> Registered:
        # Inputs may be unknown here: they hang on what would be created first.
        return self._attempt(wanted, step)

    async def _configure(self, wanted: ResourceState) -> ResourceState:
        old = self._state.get(wanted.urn)
        if old is not None and to_plain(old.inputs) == to_plain(wanted.inputs):
            return old
        now = replace(wanted, id=str(uuid.uuid4()), outputs=wanted.inputs)
        await self._pool.configure(f"{now.urn}::{now.id}", now.inputs)
        return now

    async def _note(self, wanted: ResourceState) -> ResourceState:
        return wanted

    async def _read(self, wanted: ResourceState) -> ResourceState:
        return await self._steps.read(wanted)

    def _took_over(self, now: ResourceState, started: float) -> None:
        del started
        with self._lock:
            self._planned.append(change_of("import", now, now.import_id))

    async def _apply(self, wanted: ResourceState, ignore_changes: tuple[str, ...]) -> ResourceState:
        _, plan = await self._planned_for(wanted, ignore_changes)
        if plan.kind != "same":
            with self._lock:
                self._planned.append(change_of(plan.kind, plan.wanted, plan.reason))
        if plan.kind in ("create", "replace"):  # only what is asked for is known of it
            return replace(plan.wanted, id="", outputs=plan.wanted.inputs)
        return plan.wanted


def change_of(kind: Kind, resource: ResourceState, reason: str) -> PlannedChange:
    """Describe a change.

    Args:
        kind: what would be done.
        resource: to what.
        reason: which properties differ, or why.
    """
    return PlannedChange(kind, resource.urn, resource.type, resource.name, resource.region, reason)
