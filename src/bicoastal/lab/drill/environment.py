"""Everything that a drill needs around it, started in order and gone afterwards."""

from __future__ import annotations

import json
import secrets
from types import TracebackType
from typing import Any, Self

from bicoastal.lab.aws import EmbeddedAws
from bicoastal.lab.network import AddressPlan, Network
from bicoastal.lab.route53 import Route53DataPlane
from bicoastal.lab.workspace import Workspace
from bicoastal.settings import Settings

CLIENTS = "clients"
"""Source name of the applications in the network."""
INTERNET = "internet"
"""Source name of Route 53's health checkers in the network."""
WAN_MS = 30.0
"""One-way delay between the two member regions, in milliseconds: about that of N. Virginia - Oregon."""
REGION_MS = 1.0
"""One-way delay within a region, in milliseconds."""
MASTER_USER = "admin"


class Environment:
    """The lab's world: network, embedded AWS with its databases, Route 53's data plane, a secret.

    A context manager. Leaving it stops every server and removes every file, whatever happened.

    Args:
        settings: What will be deployed; its regions and port decide the network.
        pace: Seconds of AWS time in one second of the lab.
    """

    def __init__(self, settings: Settings, pace: float) -> None:
        regions = settings.regions
        self.workspace = Workspace()
        self.plan = AddressPlan.allocate(
            sources=[*regions.all, CLIENTS, INTERNET], members=list(regions.members)
        )
        self.network = Network(self.workspace, self.plan, delays_ms=_delays(settings))
        self.aws = EmbeddedAws(self.workspace, self.plan, self.network, pace=pace)
        self.route53 = Route53DataPlane(self.aws, self.plan, pace=pace)
        self.settings = settings
        self.secret_arn = ""
        self.password = secrets.token_urlsafe(18)

    def __enter__(self) -> Self:
        self.workspace.__enter__()
        try:
            self.network.start()
            self.aws.start()
            self.secret_arn = self._create_secret()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stop every server and remove every file."""
        for part in (self.route53, self.aws, self.network):
            part.stop()
        self.workspace.close()

    def client(self, service: str, region: str) -> Any:
        """Give a boto3 client of the embedded AWS.

        Args:
            service: boto3's name of the service.
            region: AWS region.

        Returns:
            The client, the same one for the same arguments.
        """
        return self.aws.client(service, region)

    def _create_secret(self) -> str:
        # The stack never creates the secret: it refers to one, as it would on AWS.
        regions = self.settings.regions
        answer = self.client("secretsmanager", regions.home).create_secret(
            Name="bicoastal-lab",
            SecretString=json.dumps({"username": MASTER_USER, "password": self.password}),
            AddReplicaRegions=[{"Region": regions.standby}],
        )
        return str(answer["ARN"])


def _delays(settings: Settings) -> dict[tuple[str, str], float]:
    regions = settings.regions
    near = {CLIENTS: regions.home, INTERNET: None}
    return {
        (source, member): REGION_MS if near.get(source, source) == member else WAN_MS
        for source in (*regions.all, CLIENTS, INTERNET)
        for member in regions.members
    }
