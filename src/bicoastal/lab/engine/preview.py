"""The run that only plans."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bicoastal.lab.engine import offline
from bicoastal.lab.engine.monitor import InvokeFailedError, Registered, Run, Transform
from bicoastal.lab.engine.results import PlannedResource, ResourceFailure
from bicoastal.lab.engine.state import ResourceState
from bicoastal.lab.engine.values import to_plain


class PreviewRun(Run):
    """Notes what the program would create, and does nothing."""

    def __init__(
        self, project: str, stack: str, region: str, transform: Transform | None = None
    ) -> None:
        super().__init__(project, stack, region, transform)
        self.planned: list[PlannedResource] = []
        self.failures: list[ResourceFailure] = []

    def provider(self, wanted: ResourceState) -> Registered:
        """Accept any configuration."""
        return Registered(id="preview", outputs=wanted.inputs)

    def component(self, wanted: ResourceState) -> Registered:
        """Accept any component."""
        del wanted
        return Registered()

    def resource(self, wanted: ResourceState, ignore_changes: tuple[str, ...]) -> Registered:
        """Note the resource; only its inputs are known."""
        planned = PlannedResource(
            urn=wanted.urn,
            type=wanted.type,
            name=wanted.name,
            region=wanted.region,
            inputs=to_plain(wanted.inputs),
            parent=wanted.parent,
            dependencies=wanted.dependencies,
            ignore_changes=ignore_changes,
        )
        with self._lock:
            self.planned.append(planned)
        return Registered(outputs=wanted.inputs)

    def read(self, wanted: ResourceState) -> Registered:
        """Accept that the resource exists; only its id is known."""
        return Registered(id=wanted.id, outputs=wanted.inputs)

    def invoke(self, token: str, args: Mapping[str, Any], provider: str) -> Mapping[str, Any]:
        """Answer without asking AWS."""
        try:
            return offline.answer(token, args, self.region_of(provider, {}))
        except KeyError:
            message = "this function cannot be answered without AWS"
            raise InvokeFailedError(message) from None

    def cancel(self) -> None:
        """Do nothing: nothing is under way."""

    def refuse(self, wanted: ResourceState, reason: str) -> Registered:
        """Note the refusal."""
        with self._lock:
            self.failures.append(ResourceFailure(wanted.urn, reason, wanted.type, wanted.name))
        return Registered(ok=False)
