"""The drill itself, from an empty machine to a verdict."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from bicoastal.errors import LabError
from bicoastal.failover.record import RecordStore, arm
from bicoastal.failover.state import State
from bicoastal.lab.clients import Writers
from bicoastal.lab.drill.assembly import RECENT_S, Seen, assemble
from bicoastal.lab.drill.databases import Databases
from bicoastal.lab.drill.defects import broken_bundle, deploying
from bicoastal.lab.drill.deploying import Stack, import_ahead
from bicoastal.lab.drill.environment import CLIENTS, MASTER_USER, Environment
from bicoastal.lab.drill.narrator import Narrator
from bicoastal.lab.drill.options import DrillOptions
from bicoastal.lab.drill.pages import Pages
from bicoastal.lab.drill.recording import Observer, Recording, Silent
from bicoastal.lab.drill.replication import Replication, wait_for_standby
from bicoastal.lab.drill.report import DrillReport, Phase
from bicoastal.lab.drill.schedule import Schedule
from bicoastal.lab.drill.stage import Stage
from bicoastal.lab.drill.stall import StallWatch
from bicoastal.lab.drill.steps import Steps
from bicoastal.lab.drill.waiting import wait_until
from bicoastal.lab.engine import Event
from bicoastal.operate.replaying import deployed_policy
from bicoastal.settings import Adopt, Settings, load

SCHEDULE_S = 60.0
"""Seconds between two starts of a controller on AWS: the rule is `rate(1 minute)`."""
SETTLE_S = 30.0
"""Longest wait for the armed controller's clean rounds, in seconds."""
CLIENT_TIMEOUT_S = 1.0
"""Seconds that a client waits for a connection or an answer; the pace does not scale it."""


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
    if not settings.is_global:
        msg = (
            f"topology is {settings.topology}, in which nothing fails over but by hand: there is "
            "no failover to rehearse"
        )
        raise LabError(msg)
    # The lab has no cluster that could be adopted: it rehearses the failover, not the taking over.
    settings = settings.model_copy(update={"adopt": Adopt()})
    recording = Recording(observer or Silent())
    with ExitStack() as lab:
        with recording.phase("start"):
            import_ahead()
            environment = lab.enter_context(Environment(settings, options.pace))
            settings = probed(settings, options.probe, environment.admission.ca_file)
            rehearsal = _Rehearsal(environment, settings, options, recording)
            recording.note("drill", "network, embedded AWS and secret are up")
        report = rehearsal.run()
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


def probed(settings: Settings, probe: str, ca_file: str) -> Settings:
    """The settings as they are rehearsed: probed that deep, with the lab's own authority.

    Args:
        settings: What the stack file says.
        probe: `health.probe`.
        ca_file: `health.caFile`; on AWS it holds Amazon's authorities.
    """
    health = settings.health.model_copy(update={"probe": str(probe), "ca_file": ca_file})
    return settings.model_copy(update={"health": health})


class _Rehearsal:
    def __init__(
        self,
        environment: Environment,
        settings: Settings,
        options: DrillOptions,
        recording: Recording,
    ) -> None:
        self._lab = environment
        self._settings = settings
        self._options = options
        self._recording = recording
        self._home = settings.regions.home
        self._standby = settings.regions.standby
        self._databases = Databases(
            MASTER_USER,
            environment.password,
            settings.database.database_name,
            settings.database.port,
        )
        mutant = options.scenario.mutant
        self._stack = Stack(
            environment,
            settings,
            transform=deploying(mutant) if options.broken else options.transform,
            on_event=self._deploying,
        )
        self._armed = options.armed and options.scenario.armed
        self._rest_at: float | None = None

    def run(self) -> DrillReport:
        scenario, mode = self._options.scenario, self._settings.failover.mode
        asked = "mode" in scenario.settings.get("failover", {})
        if mode != "automatic" and scenario.expect.promotion and not asked:
            self._recording.note(
                "drill",
                f"failover.mode is {mode}: nobody will be promoted without a person, so this "
                "drill will fail",
            )
        with self._recording.phase("deploy"):
            outputs = self._stack.deploy()
        self._recording.note("drill", f"{self._stack.report().resources} resources deployed")
        if self._options.probe != "greeting":
            self._admit(outputs)
        seen = Seen()
        with ExitStack() as running:
            stall = running.enter_context(StallWatch(self._lab.workspace.path))
            with self._recording.phase("steady state"):
                self._begin(running, outputs)
                self._settle()
            seen.steady = self._writers.history.ops
            self._told_before = len(self._pages.read())
            with self._recording.phase("scenario"):
                self._play(seen)
            seen.pages = self._pages.read()[self._told_before :]
            seen.longest_stall_s = stall.longest_s
        with self._recording.phase("judgement"):
            self._look(seen)
        with self._recording.phase("destroy"):
            self._stack.destroy()
        with self._recording.phase("report"):
            report = assemble(
                seen,
                settings=self._settings,
                options=self._options,
                plan=self._lab.plan,
                recording=self._recording,
                deployment=self._stack.report(),
            )
        return report.model_copy(update={"phases": self._recording.phases})

    def _admit(self, outputs: Mapping[str, Any]) -> None:
        """Let the witnesses in, as `bicoastal bootstrap` does."""
        admission, lab = self._lab.admission, self._lab
        with self._recording.phase("bootstrap"):
            done = admission.bootstrap(self._databases, lab.aws.member(self._home).socket)
            admission.stand_before(lab.network, outputs["member_endpoints"])
        changes = sum(outcome.changes for outcome in done)
        self._recording.note("drill", f"{changes} statements make the probe user and its table")

    def _deploying(self, event: Event) -> None:
        self._recording.status(f"{event.kind} {event.type} {event.name} ({event.n_done} done)")

    def _begin(self, running: ExitStack, outputs: Mapping[str, Any]) -> None:
        """Open the data plane, start and arm the controllers, and let clients write."""
        settings, options = self._settings, self._options
        resolver = self._lab.start_route53(options.seed)
        self._controllers: Mapping[str, str] = outputs["controllers"]
        mutant, ca_file = options.scenario.mutant, Path(self._lab.admission.ca_file)
        if options.broken and (defect := broken_bundle(mutant, ca_file)) is not None:
            for region, name in outputs[mutant.of].items():
                self._lab.client("lambda", region).update_function_code(
                    FunctionName=name, ZipFile=defect
                )
        self._pages = running.enter_context(Pages(self._lab.client, outputs["topic_arns"]))
        self._schedule = running.enter_context(
            Schedule(self._lab.client, outputs["controllers"], SCHEDULE_S / options.pace)
        )
        self._store = RecordStore(
            self._lab.client("dynamodb", self._standby),
            outputs["record_table"],
            outputs["global_cluster_id"],
            self._home,
        )
        self._stage = Stage(
            self._lab,
            settings,
            options.pace,
            self._controllers,
            outputs["probers"],
            self._store,
        )
        running.callback(self._stage.release)
        if options.replication is Replication.SEMI_SYNC:
            wait_for_standby(self._stage)
        self._narrator = Narrator(
            recording=self._recording,
            store=self._store,
            route53=self._lab.route53,
            domain=settings.domain_name,
            checks={check: name for name, check in outputs["health_checks"].items()},
            resolver=resolver.clone(),
        )
        self._writers = Writers(
            resolver,
            settings.domain_name,
            port=settings.database.port,
            user=MASTER_USER,
            password=self._lab.password,
            database=settings.database.database_name,
            count=options.writers,
            rate_per_s=options.writes_per_s,
            timeout_s=CLIENT_TIMEOUT_S,
            seed=options.seed,
        )
        if self._armed:
            arm(self._store, "drill", "rehearsal", time.time())
        self._databases.create_schema(self._lab.plan.address(CLIENTS, self._home))
        running.enter_context(options.alongside(self._lab, self._writers))
        running.enter_context(self._writers)

    def _settle(self) -> None:
        """Let clients write for a while, and at least until the controller is content."""
        self._wait(lambda: False, self._options.steady_s)
        if self._armed:
            self._wait(lambda: self._store.read().state is State.STEADY, SETTLE_S)

    def _play(self, seen: Seen) -> None:
        """Let the scenario happen."""
        options = self._options
        steps = Steps(
            options.scenario,
            self._stage,
            self._recording,
            self,
            self._wait,
            patience_s=options.patience_s if self._armed else 0.0,
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
        self._narrator.tell()
        aws, plan = self._lab.aws, self._lab.plan
        seen.members = aws.members()
        seen.failovers = aws.failovers()
        seen.history = self._writers.history
        seen.rounds = self._schedule.rounds()
        seen.audit = self._narrator.audit
        seen.policies = {
            region: deployed_policy(self._lab.client("lambda", region), name, self._options.pace)
            for region, name in self._controllers.items()
        }
        seen.answers = self._narrator.answers
        seen.final_state = self._store.read().state
        seen.health_checks = self._lab.route53.reports()
        seen.refusals = {
            member.region: self._databases.try_to_write(plan.address(CLIENTS, member.region))
            for member in seen.members
            if member.role == "standby"
        }
        seen.final_rows = [
            row
            for member in seen.members
            if member.role == "writer"
            for row in self._databases.rows(plan.address(CLIENTS, member.region))
        ]
        for snapshot in aws.snapshots():
            seen.old_rows = self._databases.rows(snapshot.socket)

    def serving(self, region: str) -> bool:
        """Whether the latest acknowledged write since the fault is of a region, and recent."""
        since, member_of = self._steps.fault_s or 0.0, self._lab.plan.member_of
        now = time.monotonic()
        for op in reversed(self._writers.history.ops):
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
        return any(wanted in page.subject for page in self._pages.read()[self._told_before :])

    def _wait(self, condition: Callable[[], bool], timeout_s: float) -> bool:
        """Let everything run until a condition holds, telling what happens."""

        def told() -> bool:
            self._narrator.tell()
            if self._rest_at is not None and time.monotonic() >= self._rest_at:
                self._schedule.finish()
            progress = self._writers.progress()
            self._recording.status(
                f"{progress.acked} writes acknowledged, {progress.acked_per_s:.0f}/s, "
                f"{progress.failed + progress.unknown} refused or unanswered"
            )
            return condition()

        return wait_until(told, timeout_s)
