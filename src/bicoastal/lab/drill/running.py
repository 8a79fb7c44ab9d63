"""The stage of a drill and of `bicoastal lab up`: a deployed stack, and everything running."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from bicoastal.errors import LabError
from bicoastal.failover.record import RecordStore, arm
from bicoastal.failover.state import State
from bicoastal.lab.clients import Writers
from bicoastal.lab.drill.databases import Databases
from bicoastal.lab.drill.defects import broken_bundle, deploying
from bicoastal.lab.drill.deploying import Stack, import_ahead
from bicoastal.lab.drill.environment import CLIENTS, MASTER_USER, Environment
from bicoastal.lab.drill.narrator import Narrator
from bicoastal.lab.drill.options import DrillOptions
from bicoastal.lab.drill.pages import Pages
from bicoastal.lab.drill.recording import Recording
from bicoastal.lab.drill.replication import Replication, wait_for_standby
from bicoastal.lab.drill.schedule import SCHEDULE_S, Schedule
from bicoastal.lab.drill.stage import Stage
from bicoastal.lab.engine import Event
from bicoastal.lab.waiting import wait_until
from bicoastal.settings import Settings

SETTLE_S = 30.0
"""Longest wait for the armed controller's clean rounds, in seconds."""
CLIENT_TIMEOUT_S = 1.0
"""Seconds that a client waits for a connection or an answer; the pace does not scale it."""


@contextmanager
def opened(settings: Settings, options: DrillOptions, recording: Recording) -> Iterator[RunningLab]:
    """Start the world around a stack: network, embedded AWS, a secret.

    Enter it in the main thread. Whatever happens, no server and no file of it remains.

    Args:
        settings: What will be deployed.
        options: How it will run.
        recording: Where progress is noted.

    Yields:
        The lab, with nothing deployed yet.

    Raises:
        LabError: The lab could not be built, or nothing of this stack fails over.
    """
    if not settings.is_global:
        msg = (
            f"topology is {settings.topology}, in which nothing fails over but by hand: there is "
            "no failover to rehearse"
        )
        raise LabError(msg)
    with ExitStack() as lab:
        with recording.phase("start"):
            import_ahead()
            environment = lab.enter_context(Environment(settings, options.pace))
            deployed = probed(settings, options.probe, environment.admission.ca_file)
            running = RunningLab(environment, deployed, options, recording)
            recording.note("drill", "network, embedded AWS and secret are up")
        yield running


def probed(settings: Settings, probe: str, ca_file: str) -> Settings:
    """The settings as they are rehearsed: probed that deep, with the lab's own authority.

    Args:
        settings: What the stack file says.
        probe: `health.probe`.
        ca_file: `health.caFile`; on AWS it holds Amazon's authorities.
    """
    health = settings.health.model_copy(update={"probe": str(probe), "ca_file": ca_file})
    return settings.model_copy(update={"health": health})


class RunningLab:
    """A stack in the lab: `deploy` it, then `started` runs controllers, witnesses and clients.

    Args:
        environment: Network, embedded AWS, databases.
        settings: What is deployed.
        options: How it runs.
        recording: Where everything is noted.

    Attributes:
        lab: The environment.
        armed: Whether the controller may act from the start.
        stack: The deployment.
        databases: The members as the application sees them.
        pages: What humans are told; this and all below exist once it is started.
        schedule: Starts the controllers.
        store: The decision record, as seen from the standby region.
        stage: What actions can reach.
        narrator: Notes what happens.
        writers: The clients.
    """

    pages: Pages
    schedule: Schedule
    store: RecordStore
    stage: Stage
    narrator: Narrator
    writers: Writers

    def __init__(
        self,
        environment: Environment,
        settings: Settings,
        options: DrillOptions,
        recording: Recording,
    ) -> None:
        self.lab = environment
        self.settings = settings
        self.options = options
        self.recording = recording
        self.armed = options.armed and options.scenario.armed
        self.databases = Databases(
            MASTER_USER,
            environment.password,
            settings.database.database_name,
            settings.database.port,
        )
        mutant = options.scenario.mutant
        self.stack = Stack(
            environment,
            settings,
            transform=deploying(mutant) if options.broken else options.transform,
            on_event=self._deploying,
        )

    def deploy(self) -> None:
        """Run the Pulumi program, and let the witnesses in as `bicoastal bootstrap` does.

        Raises:
            DeploymentError: Some resources failed; what had been created was destroyed.
        """
        with self.recording.phase("deploy"):
            outputs = self.stack.deploy()
        self.recording.note("drill", f"{self.stack.report().resources} resources deployed")
        if self.options.probe != "greeting":
            self._admit(outputs)

    def _admit(self, outputs: Mapping[str, Any]) -> None:
        admission, lab = self.lab.admission, self.lab
        with self.recording.phase("bootstrap"):
            home = lab.aws.member(self.settings.regions.home)
            done = admission.bootstrap(self.databases, home.socket)
            admission.stand_before(lab.network, outputs["member_endpoints"])
        changes = sum(outcome.changes for outcome in done)
        self.recording.note("drill", f"{changes} statements make the probe user and its table")

    def _deploying(self, event: Event) -> None:
        self.recording.status(f"{event.kind} {event.type} {event.name} ({event.n_done} done)")

    @contextmanager
    def started(self) -> Iterator[None]:
        """Open the data plane, start and arm the controllers, and let clients write.

        Enter it after `deploy`. Leaving it stops clients and controllers; servers go on.
        """
        with ExitStack() as running:
            self._begin(running, self.stack.outputs)
            yield

    def _begin(self, running: ExitStack, outputs: Mapping[str, Any]) -> None:
        settings, options = self.settings, self.options
        regions = settings.regions
        resolver = self.lab.start_route53(options.seed)
        controllers: Mapping[str, str] = outputs["controllers"]
        mutant, ca_file = options.scenario.mutant, Path(self.lab.admission.ca_file)
        if options.broken and (defect := broken_bundle(mutant, ca_file)) is not None:
            for region, name in outputs[mutant.of].items():
                self.lab.client("lambda", region).update_function_code(
                    FunctionName=name, ZipFile=defect
                )
        self.pages = running.enter_context(Pages(self.lab.client, outputs["topic_arns"]))
        self.schedule = running.enter_context(
            Schedule(self.lab.client, controllers, SCHEDULE_S / options.pace, keep_s=options.keep_s)
        )
        self.store = RecordStore(
            self.lab.client("dynamodb", regions.standby),
            outputs["record_table"],
            outputs["global_cluster_id"],
            regions.home,
        )
        self.stage = Stage(
            self.lab,
            settings,
            options.pace,
            controllers,
            outputs["probers"],
            self.store,
            mutant if options.broken else None,
        )
        running.callback(self.stage.release)
        if options.replication is Replication.SEMI_SYNC:
            wait_for_standby(self.stage)
        self.narrator = Narrator(
            recording=self.recording,
            store=self.store,
            route53=self.lab.route53,
            domain=settings.domain_name,
            checks={check: name for name, check in outputs["health_checks"].items()},
            resolver=resolver.clone(),
        )
        self.writers = Writers(
            resolver,
            settings.domain_name,
            port=settings.database.port,
            user=MASTER_USER,
            password=self.lab.password,
            database=settings.database.database_name,
            count=options.writers,
            rate_per_s=options.writes_per_s,
            timeout_s=CLIENT_TIMEOUT_S,
            seed=options.seed,
            keep_s=options.keep_s,
        )
        if self.armed:
            arm(self.store, "drill", "rehearsal", time.time())
        self.databases.create_schema(self.lab.plan.address(CLIENTS, regions.home))
        running.enter_context(options.alongside(self.lab, self.writers))
        running.enter_context(self.writers)

    def settle(self) -> None:
        """Let clients write for a while, and at least until the controller is content."""
        self.wait(lambda: False, self.options.steady_s)
        self.wait(lambda: not self.settling(), SETTLE_S)

    def settling(self) -> bool:
        """Whether the controller is armed and not yet content."""
        return self.armed and self.store.read().state is not State.STEADY

    def tell(self) -> None:
        """Note what is new, and show how the clients are doing."""
        self.narrator.tell()
        progress = self.writers.progress()
        self.recording.status(
            f"{progress.acked} writes acknowledged, {progress.acked_per_s:.0f}/s, "
            f"{progress.failed + progress.unknown} refused or unanswered"
        )

    def wait(self, condition: Callable[[], bool], timeout_s: float) -> bool:
        """Let everything run until a condition holds, telling what happens.

        Args:
            condition: What is waited for.
            timeout_s: Seconds to wait at most.

        Returns:
            Whether it held in time.
        """

        def told() -> bool:
            self.tell()
            return condition()

        return wait_until(told, timeout_s)
