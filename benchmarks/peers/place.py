"""Where a peer runs: the lab's own network, clients' name and distances, without an AWS."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Self

from benchmarks.peers.zone import Zone
from bicoastal.lab.clients import Driver, Target, Writers
from bicoastal.lab.drill.environment import CLIENTS, MASTER_USER, path_delays
from bicoastal.lab.drill.options import DrillOptions
from bicoastal.lab.drill.running import CLIENT_TIMEOUT_S
from bicoastal.lab.network import AddressPlan, Network
from bicoastal.lab.route53 import Resolver
from bicoastal.lab.workspace import Workspace
from bicoastal.settings import Settings


class Place:
    """Workspace, relay and DNS name; a context manager, to be entered in the main thread.

    Args:
        settings: Names regions, port, probe interval and threshold.
        options: Pace, clients and patience, as a drill's.
    """

    def __init__(self, settings: Settings, options: DrillOptions) -> None:
        regions = settings.regions
        self.settings = settings
        self.options = options
        self.home, self.standby = regions.pair
        self.third = next(region for region in regions.all if region not in regions.members)
        self.interval_s = settings.failover.probe_interval_s / options.pace
        self.target = Target(
            settings.domain_name,
            settings.database.port,
            MASTER_USER,
            secrets.token_urlsafe(18),
            settings.database.database_name,
            CLIENT_TIMEOUT_S,
        )
        self.workspace: Workspace
        self.plan: AddressPlan
        self.zone: Zone
        self.network: Network
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        Workspace.sweep()
        with ExitStack() as stack:
            self.workspace = stack.enter_context(Workspace())
            regions = self.settings.regions
            self.plan = AddressPlan.allocate(
                [*regions.all, CLIENTS], regions.members, port=self.target.port
            )
            self.zone = stack.enter_context(Zone(self.plan.host, self.settings.dns.ttl_s))
            self.point(self.home)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *error: object) -> None:
        self._stack.close()

    def start_network(
        self, sockets: Mapping[str, Path] | None = None, listings: Iterable[Path] = ()
    ) -> Network:
        """Start the relay to the members' unix sockets.

        Args:
            sockets: Member to socket; `workspace.socket(member)` if left out.
            listings: As `Network`'s.

        Returns:
            The relay; it ends with the place.
        """
        network = Network(
            self.workspace.path,
            self.plan,
            sockets or {member: self.workspace.socket(member) for member in self.plan.members},
            {
                path: delay
                for path, delay in path_delays(self.settings).items()
                if path in self.plan.paths()
            },
            listings=listings,
        )
        self.network = self._stack.enter_context(network)
        return network

    def address(self, member: str, source: str = CLIENTS) -> str:
        """The address at which a source reaches a member."""
        return self.plan.address(source, member)

    def point(self, member: str) -> None:
        """Point the clients' name to a member."""
        self.zone.point(self.address(member))

    def writers(self, driver: Driver) -> Writers:
        """Make the clients, exactly as a drill does.

        Args:
            driver: Talks to the peer's kind of database.
        """
        target, options = self.target, self.options
        return Writers(
            Resolver(self.zone.address, pace=options.pace),
            target.domain,
            port=target.port,
            user=target.user,
            password=target.password,
            database=target.database,
            count=options.writers,
            rate_per_s=options.writes_per_s,
            timeout_s=target.timeout_s,
            seed=options.seed,
            driver=driver,
        )
