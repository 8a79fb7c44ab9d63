"""The drill itself, from an empty machine to a verdict."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from functools import partial
from typing import Any

from bicoastal.lab.drill.assembly import RECENT_S, Seen, assemble
from bicoastal.lab.drill.environment import CLIENTS
from bicoastal.lab.drill.followers import look
from bicoastal.lab.drill.options import DrillOptions
from bicoastal.lab.drill.recording import Observer, Recording, Silent
from bicoastal.lab.drill.report import DrillReport, Phase
from bicoastal.lab.drill.running import RunningLab, opened
from bicoastal.lab.drill.stall import StallWatch
from bicoastal.lab.drill.steps import Steps
from bicoastal.operate.replaying import deployed_policy
from bicoastal.settings import Adopt, Settings, load


def rehearse(
    settings: Settings, options: DrillOptions, observer: Observer | None = None
) -> DrillReport:
    """Deploy the stack, let a scenario happen, judge, destroy.

    Call it from the main thread. Whatever happens, no server and no file of it remains.

    Args:
        settings: What is deployed.
        options: The choices of this drill.
        observer: Sees progress; nobody by default.

    Returns:
        The record with its verdict.

    Raises:
        DeploymentError: The stack could not be deployed or destroyed.
        LabError: The lab could not be built.
    """
    if options.scenario.settings:
        settings = with_overrides(settings, options.scenario.settings)
    # The lab has no cluster that could be adopted: it rehearses the failover, not the taking over.
    settings = settings.model_copy(update={"adopt": Adopt()})
    recording = Recording(observer or Silent())
    with ExitStack() as lab:
        running = lab.enter_context(opened(settings, options, recording))
        report = _Rehearsal(running).run()
        begun = time.perf_counter()
    stopped = Phase(name="stop", seconds=time.perf_counter() - begun)
    return report.model_copy(update={"phases": [*report.phases, stopped]})


def with_overrides(settings: Settings, overrides: Mapping[str, Mapping[str, Any]]) -> Settings:
    """Change settings as a scenario asks, and validate them again.

    Args:
        settings: The stack file's.
        overrides: Section to key (as in the stack file) to value.

    Returns:
        The settings to deploy.

    Raises:
        InvalidSettingsError: Together they make no lawful stack.
    """
    values = settings.model_dump(mode="json", by_alias=True, exclude_none=True)
    for section, changes in overrides.items():
        values[section] = {**values.get(section, {}), **changes}
    return load(values)


class _Rehearsal:
    def __init__(self, running: RunningLab) -> None:
        self._running = running
        self._lab = running.lab
        self._settings = running.settings
        self._options = running.options
        self._recording = running.recording
        self._rest_at: float | None = None

    def run(self) -> DrillReport:
        if warning := self._options.scenario.warning(self._settings.failover.mode):
            self._recording.note("drill", warning)
        running = self._running
        running.deploy()
        seen = Seen()
        with ExitStack() as playing:
            stall = playing.enter_context(StallWatch(self._lab.workspace.path))
            with self._recording.phase("steady state"):
                playing.enter_context(running.started())
                running.settle()
            seen.steady = running.writers.history.ops
            self._told_before = len(running.pages.read())
            with self._recording.phase("scenario"):
                self._play(seen)
            seen.pages = running.pages.read()[self._told_before :]
            seen.longest_stall_s = stall.longest_s
        with self._recording.phase("judgement"):
            self._look(seen)
        with self._recording.phase("destroy"):
            running.stack.destroy()
        with self._recording.phase("report"):
            report = assemble(
                seen,
                settings=self._settings,
                options=self._options,
                plan=self._lab.plan,
                recording=self._recording,
                deployment=running.stack.report(),
            )
        return report.model_copy(update={"phases": self._recording.phases})

    def _play(self, seen: Seen) -> None:
        """Let the scenario happen."""
        options = self._options
        steps = Steps(
            options.scenario,
            self._running.stage,
            self._recording,
            self,
            self._wait,
            patience_s=options.patience_s if self._running.armed else 0.0,
            seed=options.seed,
            forgiving=options.broken,
        )
        self._steps = steps
        steps.run(self._rest)
        now_s, now_wall_s = time.monotonic(), time.time()
        seen.fault_s = now_s if steps.fault_s is None else steps.fault_s
        seen.fault_wall_s = now_wall_s if steps.fault_wall_s is None else steps.fault_wall_s
        seen.healed_wall_s = steps.healed_wall_s

    def _rest(self) -> None:
        """Nothing more will be done: after a failover, one more look by the controllers is enough.

        Whichever invocation is under way, or starts within the next second, sees the returned
        member; waiting for one more would take as long as it runs.
        """
        if self._options.scenario.expect.promotion:
            self._rest_at = time.monotonic() + RECENT_S

    def _look(self, seen: Seen) -> None:
        """Read everything that the judgement needs, after clients and controllers stopped."""
        running = self._running
        running.narrator.tell()
        aws, plan = self._lab.aws, self._lab.plan
        seen.members = aws.members()
        seen.failovers = aws.failovers()
        seen.history = running.writers.history
        seen.rounds = running.schedule.rounds()
        seen.audit = running.narrator.audit
        seen.policies = {
            region: deployed_policy(self._lab.client("lambda", region), name, self._options.pace)
            for region, name in running.stage.controllers.items()
        }
        seen.answers = running.narrator.answers
        seen.final_state = running.store.read().state
        seen.health_checks = self._lab.route53.reports()
        seen.refusals = {
            member.region: running.databases.try_to_write(plan.address(CLIENTS, member.region))
            for member in seen.members
            if member.role == "standby"
        }
        seen.final_rows = [
            row
            for member in seen.members
            if member.role == "writer"
            for row in running.databases.rows(plan.address(CLIENTS, member.region))
        ]
        seen.further = tuple(
            look(
                member,
                seen.refusals.get(member.region, ""),
                seen.final_rows,
                partial(running.databases.rows, plan.address(CLIENTS, member.region)),
            )
            for member in seen.members
            if member.region in self._settings.regions.further_standbys
        )
        for snapshot in aws.snapshots():
            seen.old_rows = running.databases.rows(snapshot.socket)

    def serving(self, region: str) -> bool:
        """Whether the latest acknowledged write since the fault is of a region, and recent."""
        since, member_of = self._steps.fault_s or 0.0, self._lab.plan.member_of
        now = time.monotonic()
        for op in reversed(self._running.writers.history.ops):
            if op.outcome == "ok":
                recent = op.done_s > since and now - op.done_s < RECENT_S
                return recent and member_of(op.address) == region
        return False

    def all_available(self) -> bool:
        """Whether every member has found its place."""
        return all(member.state == "available" for member in self._lab.aws.members())

    def paged(self) -> bool:
        """Whether a human was told what the scenario expects, since the fault."""
        wanted = self._options.scenario.expect.page_says
        pages = self._running.pages.read()[self._told_before :]
        return any(wanted in page.subject for page in pages)

    def _wait(self, condition: Callable[[], bool], timeout_s: float) -> bool:
        """Let everything run until a condition holds, telling what happens."""

        def told() -> bool:
            if self._rest_at is not None and time.monotonic() >= self._rest_at:
                self._running.schedule.finish()
            return condition()

        return self._running.wait(told, timeout_s)
