"""Lets the witnesses in: the probe user in the databases, and TLS and IAM before them.

What `bicoastal bootstrap` applies on AWS is applied here, by the master user and word for word,
except how the user is identified: MariaDB knows no IAM, so the member's front checks the token and
logs the user in with a password that only the lab knows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from bicoastal.failover import token
from bicoastal.failover.config import PROBE_USER
from bicoastal.lab.aws.config import ACCOUNT_ID, SECRET_KEY
from bicoastal.lab.certificates import Authority
from bicoastal.lab.drill.databases import Databases
from bicoastal.lab.network import FrontConfig, NetworkControl
from bicoastal.lab.workspace import Workspace
from bicoastal.operate import bootstrap

_PLUGIN = "mysql_native_password"


class Admission:
    """The lab's authority, and what makes a member admit the probe user.

    Args:
        workspace: Where certificates and the probe user's password are kept.
        sources: The witnesses' regions.
        port: The members' TCP port.
        pace: Seconds of AWS time in one second of the lab; a token's life is divided by it.

    Raises:
        LabError: There is no `openssl`.
    """

    def __init__(
        self, workspace: Workspace, sources: Sequence[str], port: int, pace: float
    ) -> None:
        self._password = workspace.secret("probe-user")
        self._authority = Authority(workspace.folder("certificates"))
        self._sources = tuple(sources)
        self._port = port
        self._life_s = token.LIFE_S / pace

    @property
    def ca_file(self) -> str:
        """The authority's certificate, for `health.caFile`."""
        return str(self._authority.file)

    def bootstrap(self, databases: Databases, writer: Path) -> tuple[bootstrap.Outcome, ...]:
        """Make the probe user and its table in the writer; the other member gets them from it.

        Args:
            databases: Connects as the master user.
            writer: The writer's unix socket.

        Returns:
            What was done.

        Raises:
            BootstrapError: The database refused.
        """
        identity = bootstrap.Identity(_PLUGIN, f"BY '{self._password}'", tls="NONE")
        with databases.connect(writer) as connection:
            return bootstrap.apply(connection, identity)

    def stand_before(self, network: NetworkControl, endpoints: Mapping[str, str]) -> None:
        """Put a front before each member, for the witnesses' connections.

        Args:
            network: The lab's network.
            endpoints: Each member's own endpoint name, by region.

        Raises:
            LabError: A certificate could not be made, or the network does not answer.
        """
        for region, host in endpoints.items():
            certificate = self._authority.issue(host)
            config = FrontConfig(
                region=region,
                host=host,
                port=self._port,
                certificate=str(certificate.file),
                key=str(certificate.key),
                users={PROBE_USER: self._password},
                keys={ACCOUNT_ID: SECRET_KEY},
                life_s=self._life_s,
                sources=self._sources,
            )
            network.set_front(region, config)
