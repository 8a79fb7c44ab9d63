"""What a scenario's actions can reach."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from typing import Any

from bicoastal.errors import LabError
from bicoastal.failover.store import RecordStore
from bicoastal.lab.databases import connect
from bicoastal.lab.drill.environment import CLIENTS, INTERNET, Environment
from bicoastal.lab.scenarios.model import Mutant, Place
from bicoastal.settings import Settings


@dataclass
class Stage:
    """The lab with a deployed stack in it.

    Attributes:
        lab: Network, embedded AWS, databases, Route 53.
        settings: What is deployed.
        pace: Seconds of AWS time in one second.
        controllers: Region to the controller's function.
        probers: Region to the prober's function.
        store: The decision record, as seen from the standby region.
        mutant: The deliberate defect that is deployed, if one is.
        held: Connections that an action keeps open.
    """

    lab: Environment
    settings: Settings
    pace: float
    controllers: Mapping[str, str]
    probers: Mapping[str, str]
    store: RecordStore
    mutant: Mutant | None = None
    held: list[Any] = field(default_factory=list)

    def region(self, place: Place) -> str:
        """The region (or other name in the network) of a place."""
        regions = self.settings.regions
        third = next(r for r in regions.all if r not in regions.members)
        return {
            "home": regions.home,
            "standby": regions.standby,
            "third": third,
            "clients": CLIENTS,
            "internet": INTERNET,
        }[place]

    def pid(self, place: Place) -> int:
        """The process id of a member's server.

        Raises:
            LabError: It has none.
        """
        region = self.region(place)
        pid = self.lab.aws.member(region).pid
        if pid is None:
            raise LabError(f"the member in {region} has no running server")
        return pid

    @contextmanager
    def admin(self, place: Place) -> Iterator[Any]:
        """A cursor of the server's administrator, over its unix socket."""
        socket = self.lab.aws.member(self.region(place)).socket
        with (
            closing(connect(self.lab.workspace, socket=socket)) as connection,
            connection.cursor() as cursor,
        ):
            yield cursor

    def release(self) -> None:
        """Close the connections that actions kept open."""
        while self.held:
            self.held.pop().close()
