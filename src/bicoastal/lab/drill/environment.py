"""Everything that a drill needs around it, started in order and gone afterwards."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import signal
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from bicoastal.lab.aws import EmbeddedAws
from bicoastal.lab.drill.admission import Admission
from bicoastal.lab.janitor import Janitor
from bicoastal.lab.network import AddressPlan, Network
from bicoastal.lab.route53 import Resolver, Route53DataPlane, post_to
from bicoastal.lab.workspace import Workspace
from bicoastal.settings import Settings

CLIENTS = "clients"
"""Source name of the applications in the network."""
INTERNET = "internet"
"""Source name of Route 53's health checkers in the network."""
WAN_MS = 30.0
"""One-way delay between regions, in milliseconds; an assumption of the lab, not a measurement."""
REGION_MS = 1.0
"""One-way delay within a region, in milliseconds; likewise."""
MASTER_USER = "admin"


class Environment:
    """The lab's world: network, embedded AWS with its databases, a secret, Route 53's data plane.

    A context manager. Leaving it stops every server and removes every file, whatever happened;
    so does SIGKILL of this process.
    Enter it in the main thread: servers end with the thread that starts them.

    Args:
        settings: What will be deployed; its regions and port decide the network.
        pace: Seconds of AWS time in one second of the lab.
    """

    def __init__(self, settings: Settings, pace: float) -> None:
        self._settings = settings
        self.pace = pace
        self._stack = ExitStack()
        self.password = secrets.token_urlsafe(18)
        self.secret_arn = ""
        self.workspace: Workspace
        self.plan: AddressPlan
        self.aws: EmbeddedAws
        self.admission: Admission
        self.network: Network
        self.route53: Route53DataPlane

    def __enter__(self) -> Self:
        regions = self._settings.regions
        Workspace.sweep()
        with ExitStack() as stack:
            janitor = stack.enter_context(Janitor())
            self.workspace = stack.enter_context(Workspace())
            janitor.watch(self.workspace.path)
            self.plan = AddressPlan.allocate(
                [*regions.all, CLIENTS, INTERNET],
                regions.members,
                port=self._settings.database.port,
            )
            self.aws = EmbeddedAws(self.workspace, self.plan, pace=self.pace)
            self.network = stack.enter_context(
                Network(
                    self.workspace.path, self.plan, self.aws.sockets, path_delays(self._settings)
                )
            )
            stack.enter_context(self.aws)
            self.admission = Admission(
                self.workspace, regions.all, self._settings.database.port, self.pace
            )
            self.secret_arn = self._create_secret()
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stack.__exit__(kind, error, traceback)

    def start_route53(self, seed: int) -> Resolver:
        """Start health checkers and DNS server; the hosted zone must exist.

        Args:
            seed: Of the checkers' random phases.

        Returns:
            A resolver for clients.
        """
        plane = Route53DataPlane(
            self.client,
            self.plan,
            pace=self.pace,
            publish=post_to(self.aws.endpoint_url),
            seed=seed,
        )
        self.route53 = self._stack.enter_context(plane)
        return Resolver(self.route53.address, pace=self.pace)

    def client(self, service: str, region: str) -> Any:
        """Give a boto3 client of the embedded AWS.

        Args:
            service: boto3's name of the service.
            region: AWS region.

        Returns:
            The client, the same one for the same arguments.
        """
        return self.aws.client(service, region)

    def end_functions(self, names: Iterable[str]) -> int:
        """SIGKILL whatever runs the code of some functions, in the midst of what it does.

        Args:
            names: The functions' names.

        Returns:
            How many processes were killed.
        """
        marks = [f"{self.workspace.path}/functions/ministack-lambda-{name}-" for name in names]
        ended = 0
        for folder in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):  # it may end while it is looked at
                if any(mark.encode() in (folder / "cmdline").read_bytes() for mark in marks):
                    os.kill(int(folder.name), signal.SIGKILL)
                    ended += 1
        return ended

    def _create_secret(self) -> str:
        # The stack never creates the secret: it refers to one, as it would on AWS.
        regions = self._settings.regions
        secrets_manager = self.client("secretsmanager", regions.home)
        answer = secrets_manager.create_secret(
            Name="bicoastal-lab",
            SecretString=json.dumps({"username": MASTER_USER, "password": self.password}),
        )
        secrets_manager.replicate_secret_to_regions(
            SecretId=answer["ARN"],
            AddReplicaRegions=[{"Region": region} for region in regions.members[1:]],
        )
        return str(answer["ARN"])


def path_delays(settings: Settings) -> dict[tuple[str, str], float]:
    """Give each path its one-way delay in milliseconds: short within a region, long between.

    Args:
        settings: Names the regions. The clients sit in the home region.
    """
    regions = settings.regions
    places = {region: region for region in regions.all} | {CLIENTS: regions.home, INTERNET: ""}
    return {
        (source, member): REGION_MS if place == member else WAN_MS
        for source, place in places.items()
        for member in regions.members
    }
