"""The run that really does it."""

from __future__ import annotations

import time
import uuid
from collections.abc import Coroutine, Mapping
from dataclasses import replace
from typing import Any, TypeVar

from pulumi.provider.experimental.provider import InvokeRequest

from bicoastal.errors import BicoastalError, DeploymentError
from bicoastal.lab.engine.calls import CallLoop, ProviderPool
from bicoastal.lab.engine.monitor import InvokeFailedError, Registered, Run, Transform
from bicoastal.lab.engine.progress import Progress
from bicoastal.lab.engine.results import ResourceFailure
from bicoastal.lab.engine.state import Kind, ResourceState, State
from bicoastal.lab.engine.steps import Plan, Steps, explain
from bicoastal.lab.engine.values import (
    PropertyValue,
    from_plain,
    has_unknowns,
    reveal,
    to_plain,
)

T = TypeVar("T")


class UpRun(Run):
    """Makes what the program asks for.

    Args:
        project: name of the project.
        stack: name of the stack.
        region: AWS region of the default provider.
        transform: changes the inputs of each resource.
        state: what is there.
        pool: the providers.
        calls: where the providers' calls run.
        progress: journal, failures and events.
    """

    def __init__(
        self,
        project: str,
        stack: str,
        region: str,
        transform: Transform | None,
        *,
        state: State,
        pool: ProviderPool,
        calls: CallLoop,
        progress: Progress,
    ) -> None:
        super().__init__(project, stack, region, transform)
        self.registered: set[str] = set()
        self.invoke_failures: list[ResourceFailure] = []
        self.cancelled = False
        self._state = state
        self._pool = pool
        self._calls = calls
        self._steps = Steps(pool)
        self._progress = progress
        self._bad: set[str] = set()

    def cancel(self) -> None:
        """Begin nothing more, and let what is under way end soon; saying it again does nothing."""
        if not self.cancelled:
            self.cancelled = True
            self._calls.run(self._pool.cancel())

    def _fail(self, kind: Kind, wanted: ResourceState, started: float, reason: str) -> Registered:
        with self._lock:
            self._bad.add(wanted.urn)
            self.registered.add(wanted.urn)
        self._progress.end(kind, wanted, started, reason)
        return Registered(ok=False)

    def _blocked(self, wanted: ResourceState) -> str:
        """Say why nothing can be done about a resource, or return ""."""
        if self.cancelled:
            return "the deployment was interrupted"
        with self._lock:
            blockers = [urn.rpartition("::")[2] for urn in wanted.requires if urn in self._bad]
        return f"it needs {', '.join(blockers)}" if blockers else ""

    def _attempt(
        self, wanted: ResourceState, step: Coroutine[Any, Any, ResourceState]
    ) -> Registered:
        started = time.monotonic()
        try:
            now = self._calls.run(step)
        except Exception as error:
            return self._fail("fail", wanted, started, explain(error, wanted.inputs))
        self.registered.add(now.urn)
        return Registered(id=now.id, outputs=now.outputs)

    def provider(self, wanted: ResourceState) -> Registered:
        """Configure a provider."""
        return self._guarded(wanted, self._configure(wanted))

    def component(self, wanted: ResourceState) -> Registered:
        """Note a component."""
        return self._guarded(wanted, self._note(wanted))

    def resource(self, wanted: ResourceState, ignore_changes: tuple[str, ...]) -> Registered:
        """Create or change a resource."""
        return self._guarded(wanted, self._apply(wanted, ignore_changes))

    def read(self, wanted: ResourceState) -> Registered:
        """Read a resource."""
        return self._guarded(wanted, self._read(wanted))

    def refuse(self, wanted: ResourceState, reason: str) -> Registered:
        """Note the refusal as a failure."""
        return self._fail("fail", wanted, time.monotonic(), reason)

    def _guarded(
        self, wanted: ResourceState, step: Coroutine[Any, Any, ResourceState]
    ) -> Registered:
        blocked = self._blocked(wanted)
        if blocked:
            step.close()
            return self._fail("skip", wanted, time.monotonic(), blocked)
        unknown = [n for n, value in wanted.inputs.items() if has_unknowns(to_plain(value))]
        if unknown:
            step.close()
            return self.refuse(wanted, f"inputs that never became known: {', '.join(unknown)}")
        return self._attempt(wanted, step)

    async def _configure(self, wanted: ResourceState) -> ResourceState:
        old = self._state.get(wanted.urn)
        same = old is not None and to_plain(old.inputs) == to_plain(wanted.inputs)
        identifier = old.id if old is not None and same else str(uuid.uuid4())
        now = replace(wanted, id=identifier, outputs=wanted.inputs)
        if not same:
            await self._pool.configure(f"{now.urn}::{now.id}", now.inputs)
        self._state.put(now)
        return now

    async def _note(self, wanted: ResourceState) -> ResourceState:
        self._state.put(wanted)
        return wanted

    async def _read(self, wanted: ResourceState) -> ResourceState:
        started = time.monotonic()
        now = await self._steps.read(wanted)
        self._state.put(now)
        self._progress.end("read", now, started)
        return now

    async def _imported(self, wanted: ResourceState) -> ResourceState | None:
        """What the stack has, or takes over now; None when it is to be created."""
        old = self._state.get(wanted.urn)
        if old is not None or not wanted.import_id:
            return old
        started = time.monotonic()
        now = await self._steps.take_over(wanted)
        self._took_over(now, started)
        return now

    def _took_over(self, now: ResourceState, started: float) -> None:
        self._state.put(now)
        self._progress.end("import", now, started)

    async def _planned_for(
        self, wanted: ResourceState, ignore_changes: tuple[str, ...]
    ) -> tuple[ResourceState | None, Plan]:
        """What there is, and what has to be done with it."""
        old = await self._imported(wanted)
        plan = await self._steps.plan(wanted, old, ignore_changes)
        if plan.kind == "replace" and wanted.import_id:
            # Pulumi would keep the old one, too, and fail to make another of that name.
            message = f"{wanted.import_id} would be replaced, not imported: {plan.reason}"
            raise DeploymentError(message)
        return old, plan

    async def _apply(self, wanted: ResourceState, ignore_changes: tuple[str, ...]) -> ResourceState:
        old, plan = await self._planned_for(wanted, ignore_changes)
        if plan.kind == "same":
            self._state.put(plan.wanted)
            self._progress.end("same", plan.wanted, time.monotonic())
            return plan.wanted
        started = self._progress.begin(plan.kind, plan.wanted)
        if plan.kind == "update":
            now = await self._steps.update(plan.wanted, ignore_changes)
        elif old is None:
            now = await self._steps.create(plan.wanted)
        else:
            now = await self._replace(plan, old)
        self._state.put(now)
        self._progress.end(plan.kind, now, started, plan.reason)
        return now

    async def _replace(self, plan: Plan, old: ResourceState) -> ResourceState:
        if not plan.delete_first:
            now = await self._steps.create(plan.wanted)
            self._state.doom(old)
            return now
        started = time.monotonic()
        await self._steps.delete(old)
        self._state.remove(old)
        self._state.record("delete", old, started=started, reason="to be replaced")
        return await self._steps.create(plan.wanted)

    def invoke(self, token: str, args: Mapping[str, Any], provider: str) -> Mapping[str, Any]:
        """Ask the provider."""
        try:
            answer = self._calls.run(self._ask(token, args, provider))
        except Exception as error:
            reason = str(error) if isinstance(error, BicoastalError) else repr(error)
            self.invoke_failures.append(ResourceFailure(token, reason, "function"))
            raise InvokeFailedError(reason) from error
        return {key: to_plain(value) for key, value in answer.items()}

    async def _ask(
        self, token: str, args: Mapping[str, Any], reference: str
    ) -> Mapping[str, PropertyValue]:
        provider = await self._pool.get(reference)
        values = {key: from_plain(reveal(value)) for key, value in args.items()}
        response = await provider.invoke(InvokeRequest(token, values))
        if response.failures:
            message = "; ".join(f"{f.property}: {f.reason}" for f in response.failures)
            raise DeploymentError(message)
        return response.return_value or {}
