"""The contestants that a drill rehearses: ours, and Route 53's classical pair alone."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from benchmarks.peers import canary
from benchmarks.peers.judging import Attempt, Run
from bicoastal.errors import LabError
from bicoastal.lab.clients import MySql, Target, Writers
from bicoastal.lab.databases import find_server
from bicoastal.lab.drill.databases import Databases
from bicoastal.lab.drill.environment import CLIENTS, MASTER_USER, Environment
from bicoastal.lab.drill.options import DrillOptions
from bicoastal.lab.drill.run import rehearse, with_overrides
from bicoastal.lab.drill.running import CLIENT_TIMEOUT_S
from bicoastal.lab.network import AddressPlan
from bicoastal.settings import Settings

OURS: Mapping[str, Mapping[str, Any]] = {"failover": {"mode": "automatic"}}


def classical(settings: Settings) -> Mapping[str, Mapping[str, Any]]:
    """The design that Route 53 makes easy: a failover pair by TCP checks, nobody promotes.

    Args:
        settings: Give interval and threshold.

    Returns:
        What to change in them.
    """
    failover = settings.failover
    return {
        "failover": {"mode": "observe"},
        "dns": {"mode": "health-check"},
        "health": {
            "endpointCheck": "public",
            "intervalS": failover.probe_interval_s,
            "failureThreshold": failover.threshold,
        },
        "network": {"clientCidrs": ["198.51.100.0/24"]},
    }


class _Eyes:
    """Sees when the fault was made, and keeps what clients and canaries saw."""

    def __init__(self, settings: Settings, tell: Callable[[str], None]) -> None:
        self._settings = settings
        self._tell = tell
        self.plan: AddressPlan | None = None
        self.writers: Writers | None = None
        self.attempts: tuple[Attempt, ...] = ()
        self.fault_s: float | None = None

    def event(self, source: str, text: str) -> None:
        """Remember the drill's first act after the clients began."""
        if source == "drill" and self.writers is not None and self.fault_s is None:
            self.fault_s = time.monotonic()
        if source in {"drill", "dns"} and self.writers is not None:
            self._tell(text)

    def status(self, _text: str) -> None:
        """Ignore passing numbers."""

    @contextmanager
    def alongside(self, lab: Environment, writers: Writers) -> Iterator[None]:
        """Let canaries go along."""
        database = self._settings.database
        target = Target(
            self._settings.domain_name,
            database.port,
            MASTER_USER,
            lab.password,
            database.database_name,
            CLIENT_TIMEOUT_S,
        )
        addresses = {member: lab.plan.address(CLIENTS, member) for member in lab.plan.members}
        home = addresses[self._settings.regions.home]
        databases = Databases(target.user, target.password, target.database, target.port)
        with databases.connect(home) as connection:
            canary.create_table(connection)
        self.plan, self.writers = lab.plan, writers
        with canary.Canaries(MySql(), target, addresses) as canaries:
            yield
        self.attempts = canaries.attempts()


def drill(
    settings: Settings,
    overrides: Mapping[str, Mapping[str, Any]],
    options: DrillOptions,
    tell: Callable[[str], None],
) -> Run:
    """Rehearse one scenario.

    Args:
        settings: What is deployed, before
        overrides: these changes.
        options: The drill's choices.
        tell: Is told what happens.

    Returns:
        What was seen.

    Raises:
        LabError: The lab could not be built.
        DeploymentError: The stack could not be deployed.
    """
    deployed = with_overrides(settings, overrides)
    eyes = _Eyes(deployed, tell)
    # The contestant's settings, not the scenario's: a scenario with its own would change it.
    report = rehearse(deployed, replace(options, alongside=eyes.alongside), eyes)
    if eyes.plan is None or eyes.writers is None or eyes.fault_s is None:
        raise LabError("the drill ended before its fault")
    return Run(
        plan=eyes.plan,
        home=deployed.regions.home,
        history=eyes.writers.history,
        canaries=eyes.attempts,
        fault_s=eyes.fault_s,
        lost=len(report.writes.lost),
        divergent=len(report.writes.divergent),
        stall_s=report.longest_stall_s,
    )


def database_version() -> str:
    """The version of the database server."""
    return f"MariaDB {find_server().version}"
