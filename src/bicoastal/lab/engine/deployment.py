"""The deployment of one stack: preview, up, refresh, destroy, without the Pulumi CLI.

It is meant for the lab and for tests. Users deploy with `pulumi up`: this engine keeps its state
in memory, and knows no import, targets, protection, hooks, transforms of the SDK or
remote components. A resource that is deleted before it is replaced does not take its dependents
with it: whoever still uses it makes the deletion fail, and that is reported.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TypeVar

from pulumi.provider.experimental.provider import Provider
from pulumi.runtime import Settings

from bicoastal.lab.engine.calls import CallLoop, ProviderPool
from bicoastal.lab.engine.comparing import ComparingRun
from bicoastal.lab.engine.evaluating import Program, evaluate
from bicoastal.lab.engine.monitor import EngineLog, Monitor, Run, Transform
from bicoastal.lab.engine.preview import PreviewRun
from bicoastal.lab.engine.progress import Progress
from bicoastal.lab.engine.results import (
    DeployedResource,
    OnEvent,
    PlannedChange,
    PlannedResource,
    ResourcesFailedError,
    UpResult,
)
from bicoastal.lab.engine.state import DeletionOrder, JournalEntry, ResourceState, State
from bicoastal.lab.engine.steps import Steps, explain
from bicoastal.lab.engine.up import UpRun
from bicoastal.lab.engine.values import to_plain

UpRunT = TypeVar("UpRunT", bound=UpRun)


class Deployment:
    """One stack, deployed from a program that runs in this process.

    Args:
        project: name of the project; also the namespace of its configuration.
        stack: name of the stack.
        config: the stack's configuration as Pulumi keeps it: `namespace:key` to text (structured
            values as JSON text).
        secret_keys: keys of the configuration that are secret.
        provider: the provider for the package `aws`. It is copied and configured for every
            provider resource; None is enough for a preview.
        transform: changes the inputs of each resource before anything else sees them.
        on_event: is told of progress, from several threads.
        checkpoint: file that shows the state, secrets redacted, after every change.
    """

    def __init__(
        self,
        project: str,
        stack: str,
        config: Mapping[str, str],
        *,
        secret_keys: Iterable[str] = (),
        provider: Provider | None = None,
        transform: Transform | None = None,
        on_event: OnEvent | None = None,
        checkpoint: Path | None = None,
    ) -> None:
        self._project = project
        self._stack = stack
        self._config = dict(config)
        self._secret_keys = list(secret_keys)
        self._transform = transform
        self._on_event = on_event
        self._region = self._config.get("aws:region", "us-east-1")
        self._pool = ProviderPool(provider, self._region)
        self._state = State(checkpoint)

    @property
    def journal(self) -> list[JournalEntry]:
        """Everything that was done since this object was made, without any secret."""
        return self._state.journal

    @property
    def resources(self) -> list[DeployedResource]:
        """The resources of AWS that exist now, as far as this deployment made them."""
        return [_deployed(item) for item in self._state.resources if item.is_managed]

    def preview(self, program: Program) -> list[PlannedResource]:
        """Evaluate the program without touching AWS.

        Args:
            program: the Pulumi program.

        Returns:
            The resources of AWS that it would create, without components and providers.

        Raises:
            ResourcesFailedError: two resources of one type have the same name.
            Exception: whatever the program raises.
        """
        run = PreviewRun(self._project, self._stack, self._region, self._transform)
        self._evaluate(program, run, dry_run=True)
        if run.failures:
            raise ResourcesFailedError("planned", run.failures)
        return run.planned

    def up(self, program: Program) -> UpResult:
        """Make the stack what the program says.

        A resource that fails does not stop the others: what needs it is skipped, and everything
        else is done. What the program no longer has is deleted, unless something failed.

        Args:
            program: the Pulumi program.

        Returns:
            Exports and resources.

        Raises:
            ResourcesFailedError: some resources failed; it lists them all.
            Exception: whatever the program raises.
        """
        progress = Progress(self._state, self._on_event)
        with CallLoop() as calls:
            run = self._run(UpRun, program, calls, progress, action="deployed")
            if not progress.failures:
                orphans = [r for r in self._state.resources if r.urn not in run.registered]
                calls.run(self._delete_all([*orphans, *self._state.doomed], progress))
        result = UpResult(
            outputs=run.outputs,
            resources=self.resources,
            failures=tuple(progress.failures),
            skipped=tuple(progress.skipped),
            changes=progress.changes,
        )
        if progress.failures:
            raise ResourcesFailedError(
                "deployed", progress.failures, progress.skipped, result=result
            )
        return result

    def refresh(self) -> None:
        """Read every resource again; what does not exist any more is forgotten.

        As `pulumi refresh` does, it takes what AWS says as the state that the program is compared
        with: https://www.pulumi.com/docs/iac/cli/commands/pulumi_refresh/

        Raises:
            ResourcesFailedError: something could not be read; everything else was.
        """
        progress = Progress(self._state, self._on_event)
        with CallLoop() as calls:
            calls.run(self._refresh_all(progress))
        if progress.failures:
            raise ResourcesFailedError("refreshed", progress.failures)

    def compare(self, program: Program) -> list[PlannedChange]:
        """Evaluate the program against the state, and do nothing.

        Args:
            program: the Pulumi program.

        Returns:
            What `up` would change; empty when the program is quiet.

        Raises:
            ResourcesFailedError: something could not be compared; it lists all of it.
            Exception: whatever the program raises.
        """
        progress = Progress(self._state, self._on_event)
        with CallLoop() as calls:
            run = self._run(ComparingRun, program, calls, progress, action="compared", dry_run=True)
        if progress.failures:
            raise ResourcesFailedError("compared", progress.failures)
        return run.planned

    def _run(
        self,
        kind: type[UpRunT],
        program: Program,
        calls: CallLoop,
        progress: Progress,
        *,
        action: str,
        dry_run: bool = False,
    ) -> UpRunT:
        """Evaluate the program in a run that asks the providers."""
        run = kind(
            self._project,
            self._stack,
            self._region,
            self._transform,
            state=self._state,
            pool=self._pool,
            calls=calls,
            progress=progress,
        )
        try:
            self._evaluate(program, run, dry_run=dry_run)
        except Exception as error:
            if run.invoke_failures:
                failures = [*progress.failures, *run.invoke_failures]
                raise ResourcesFailedError(action, failures, progress.skipped) from error
            for failure in progress.failures:
                error.add_note(f"also failed: {failure}")
            raise
        return run

    async def _refresh_all(self, progress: Progress) -> None:
        steps = Steps(self._pool)
        resources = self._state.resources
        found = await asyncio.gather(*(self._refreshed(r, steps, progress) for r in resources))
        for old, now in zip(resources, found, strict=True):
            if now is None:
                self._state.remove(old)
            else:
                self._state.put(now)

    async def _refreshed(
        self, resource: ResourceState, steps: Steps, progress: Progress
    ) -> ResourceState | None:
        if not resource.is_managed:
            return resource
        started = time.monotonic()
        try:
            now = await steps.refresh(resource)
        except Exception as error:
            progress.end("fail", resource, started, explain(error, resource.inputs))
            return resource
        progress.end("read", resource, started, "" if now else "it does not exist any more")
        return now

    def destroy(self) -> list[str]:
        """Delete every resource, dependents first.

        What cannot be deleted is kept, with all that it needs; everything else goes.

        Returns:
            URNs of what was deleted, in that order.

        Raises:
            ResourcesFailedError: something could not be deleted; it lists all of it.
        """
        progress = Progress(self._state, self._on_event)
        with CallLoop() as calls:
            everything = [*self._state.resources, *self._state.doomed]
            kept = calls.run(self._delete_all(everything, progress))
        if progress.failures:
            raise ResourcesFailedError(
                "deleted",
                progress.failures,
                [resource.urn for resource in kept if resource.is_managed],
                deleted=progress.deleted,
            )
        return progress.deleted

    async def _delete_all(
        self, resources: list[ResourceState], progress: Progress
    ) -> list[ResourceState]:
        """Delete the resources, several at a time; return what was not tried."""
        order = DeletionOrder(resources)
        steps = Steps(self._pool)
        running: dict[asyncio.Task[bool], ResourceState] = {}
        while True:
            for resource in order.ready():
                task = asyncio.create_task(self._delete(resource, steps, progress))
                running[task] = resource
            if not running:
                return order.blocked
            done, _ = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                resource = running.pop(task)
                if task.result():
                    order.done(resource)

    async def _delete(self, resource: ResourceState, steps: Steps, progress: Progress) -> bool:
        if not resource.is_managed or resource.retain:
            self._state.remove(resource)
            return True
        started = progress.begin("delete", resource)
        try:
            await steps.delete(resource)
        except Exception as error:
            progress.end("fail", resource, started, explain(error, resource.inputs))
            return False
        self._state.remove(resource)
        progress.end("delete", resource, started)
        return True

    def _evaluate(self, program: Program, run: Run, *, dry_run: bool) -> None:
        settings = Settings(
            project=self._project,
            stack=self._stack,
            monitor=Monitor(run),
            engine=EngineLog(),
            dry_run=dry_run,
            organization="organization",
            root_directory=str(Path.cwd()),
        )
        evaluate(program, run, settings, self._config, self._secret_keys)


def _deployed(resource: ResourceState) -> DeployedResource:
    outputs = {k: v for k, v in resource.outputs.items() if not k.startswith("__")}
    return DeployedResource(
        urn=resource.urn,
        type=resource.type,
        name=resource.name,
        region=resource.region,
        id=resource.id,
        outputs=to_plain(outputs),
    )
