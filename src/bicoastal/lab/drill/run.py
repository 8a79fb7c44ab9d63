"""The drill itself, from an empty machine to a verdict."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from typing import Any

from bicoastal.failover.config import CONFIG_VARIABLE, ControllerConfig
from bicoastal.failover.record import RecordStore, arm
from bicoastal.failover.state import Policy, State
from bicoastal.lab.clients import Writers
from bicoastal.lab.drill import faults
from bicoastal.lab.drill.assembly import Seen, assemble
from bicoastal.lab.drill.databases import Databases
from bicoastal.lab.drill.deploying import Stack
from bicoastal.lab.drill.environment import CLIENTS, MASTER_USER, Environment
from bicoastal.lab.drill.narrator import Narrator
from bicoastal.lab.drill.options import DrillOptions
from bicoastal.lab.drill.recording import Observer, Recording, Silent
from bicoastal.lab.drill.report import DrillReport, Phase
from bicoastal.lab.drill.schedule import Schedule
from bicoastal.lab.drill.waiting import wait_until
from bicoastal.lab.engine import Event
from bicoastal.settings import Settings

SCHEDULE_S = 60.0
"""Seconds between two starts of a controller on AWS: the rule is `rate(1 minute)`."""
CLIENT_TIMEOUT_S = 1.0
"""Seconds that a client waits for a connection or an answer; the pace does not scale it."""


def rehearse(
    settings: Settings, options: DrillOptions, observer: Observer | None = None
) -> DrillReport:
    """Deploy the stack, lose its primary, fail over, judge, destroy.

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
    recording = Recording(observer or Silent())
    with ExitStack() as lab:
        with recording.phase("start"):
            environment = lab.enter_context(Environment(settings, options.pace))
            settings = probed(settings, options.probe, environment.admission.ca_file)
            rehearsal = _Rehearsal(environment, settings, options, recording)
            recording.note("drill", "network, embedded AWS and secret are up")
        report = rehearsal.run()
        begun = time.perf_counter()
    stopped = Phase(name="stop", seconds=time.perf_counter() - begun)
    return report.model_copy(update={"phases": [*report.phases, stopped]})


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
        self._random = random.Random(options.seed)  # noqa: S311 - the fault's phase is no secret
        self._home = settings.regions.home
        self._standby = settings.regions.standby
        self._databases = Databases(
            MASTER_USER,
            environment.password,
            settings.database.database_name,
            settings.database.port,
        )
        self._stack = Stack(
            environment, settings, transform=options.transform, on_event=self._deploying
        )

    def run(self) -> DrillReport:
        if self._settings.failover.mode != "automatic":
            self._recording.note(
                "drill",
                f"failover.mode is {self._settings.failover.mode}: nobody will be promoted "
                "without a person, so this drill will fail",
            )
        with self._recording.phase("deploy"):
            outputs = self._stack.deploy()
        self._recording.note("drill", f"{self._stack.report().resources} resources deployed")
        if self._options.probe != "greeting":
            self._admit(outputs)
        with ExitStack() as running:
            with self._recording.phase("steady state"):
                self._begin(running, outputs)
                self._go_on(self._options.steady_s)
            seen = Seen(steady=self._writers.history.ops)
            with self._recording.phase("failover"):
                self._lose(seen)
            with self._recording.phase("serving"):
                self._go_on(self._options.serving_s if seen.served else 0.0)
            with self._recording.phase("return"):
                self._bring_back(seen)
        with self._recording.phase("judgement"):
            self._look(seen)
        with self._recording.phase("destroy"):
            self._stack.destroy()
        return assemble(
            seen,
            settings=self._settings,
            options=self._options,
            plan=self._lab.plan,
            recording=self._recording,
            deployment=self._stack.report(),
        )

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
        """Open the data plane, start and arm the controllers, then let clients write."""
        settings, options = self._settings, self._options
        resolver = self._lab.start_route53(options.seed)
        self._controllers: Mapping[str, str] = outputs["controllers"]
        self._schedule = running.enter_context(
            Schedule(self._lab.client, outputs["controllers"], SCHEDULE_S / options.pace)
        )
        self._store = RecordStore(
            self._lab.client("dynamodb", self._standby),
            outputs["record_table"],
            outputs["global_cluster_id"],
            self._home,
        )
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
        if options.armed:
            arm(self._store, "drill", "rehearsal", time.time())
        self._databases.create_schema(self._lab.plan.address(CLIENTS, self._home))
        if options.armed:
            self._wait(lambda: self._store.read().state is State.STEADY)
        running.enter_context(self._writers)

    def _lose(self, seen: Seen) -> None:
        """Lose the primary at a moment drawn by lot; wait until the standby serves."""
        settings, options = self._settings, self._options
        failover = settings.failover
        self._go_on(self._random.uniform(0.0, failover.probe_interval_s / options.pace))
        seen.fault_wall_s, seen.fault_s = time.time(), time.monotonic()
        what = faults.inject(options.fault, self._lab.aws, self._lab.network, self._home)
        self._recording.note("drill", what, seen.fault_wall_s)
        window_s = (failover.window_s + 3 * failover.probe_interval_s) / options.pace
        patience_s = options.patience_s if options.armed else 0.0
        seen.served = self._wait(self._standby_serves, window_s + patience_s)
        if seen.served:
            self._recording.note("clients", f"writing again in {self._standby}")
        else:
            self._recording.note("clients", "nobody writes in the other region")

    def _bring_back(self, seen: Seen) -> None:
        """Bring the old primary back; wait until it has found its place, and watch."""
        seen.healed_wall_s = time.time()
        what = faults.heal(self._options.fault, self._lab.aws, self._lab.network, self._home)
        self._recording.note("drill", what, seen.healed_wall_s)
        found = "has" if self._wait(self._all_available) else "has NOT"
        self._recording.note("database", f"{self._home} {found} found its place")
        self._schedule.finish()
        self._go_on(self._options.watching_s)

    def _look(self, seen: Seen) -> None:
        """Read everything that the judgement needs, after clients and controllers stopped."""
        self._narrator.tell()
        aws, plan = self._lab.aws, self._lab.plan
        seen.members = aws.members()
        seen.failovers = aws.failovers()
        seen.history = self._writers.history
        seen.rounds = self._schedule.rounds()
        seen.audit = self._narrator.audit
        seen.policies = {region: self._policy(region) for region in self._controllers}
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

    def _policy(self, region: str) -> Policy:
        """The policy of a region's controller, from its configuration as deployed."""
        client = self._lab.client("lambda", region)
        answer = client.get_function_configuration(FunctionName=self._controllers[region])
        text = answer["Environment"]["Variables"][CONFIG_VARIABLE]
        return Policy.of(ControllerConfig.from_json(text), self._options.pace)

    def _standby_serves(self) -> bool:
        member_of = self._lab.plan.member_of
        return any(
            op.outcome == "ok" and member_of(op.address) == self._standby
            for op in reversed(self._writers.history.ops)
        )

    def _all_available(self) -> bool:
        return all(member.state == "available" for member in self._lab.aws.members())

    def _go_on(self, seconds: float) -> None:
        """Let everything run for a while, telling what happens."""
        self._wait(lambda: False, seconds)

    def _wait(self, condition: Callable[[], bool], timeout_s: float | None = None) -> bool:
        def told() -> bool:
            self._narrator.tell()
            progress = self._writers.progress()
            self._recording.status(
                f"{progress.acked} writes acknowledged, {progress.acked_per_s:.0f}/s, "
                f"{progress.failed + progress.unknown} refused or unanswered"
            )
            return condition()

        return wait_until(told, self._options.patience_s if timeout_s is None else timeout_s)
