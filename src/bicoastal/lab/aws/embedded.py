"""The embedded AWS, seen from the lab: start it, talk to it, stop it."""

from __future__ import annotations

import http.client
import json
import os
import sys
import threading
import time
from importlib import import_module
from pathlib import Path
from types import TracebackType
from typing import Any, ClassVar, Self

from bicoastal.errors import LabError
from bicoastal.lab.aws.config import (
    ACCOUNT_ID,
    SECRET_KEY,
    AddressPlan,
    Paths,
    ServerConfig,
    client_variables,
    member_socket_name,
)
from bicoastal.lab.aws.status import MemberStatus, SnapshotStatus
from bicoastal.lab.databases import Durability
from bicoastal.lab.databases.connection import admin_password, replication_password
from bicoastal.lab.processes import Child
from bicoastal.lab.workspace import Workspace

_POLL_S = 0.01
_LAB_TIMEOUT_S = 60.0
# An invocation answers when the function ends; a controller's run may take a minute.
_INVOKE_TIMEOUT_S = 120.0
_TIMEOUT_S = 30.0


class EmbeddedAws:
    """MiniStack with real databases behind it, in a process of its own on a loopback port.

    Args:
        workspace: The lab's folder.
        addresses: The network's plan: at which address each source reaches each member.
        promotion_s: Seconds that a failover shows its transitional state.
        fence_s: Seconds that fencing the old writer may take.
        pace: How many times faster than AWS the functions run.
        durability: Of a writer.

    Class attributes:
        server: What Python runs; a test may have one that needs no databases.
    """

    server: ClassVar[tuple[str, ...]] = ("-m", "bicoastal.lab.aws.server")

    def __init__(
        self,
        workspace: Workspace,
        addresses: AddressPlan,
        *,
        promotion_s: float = 1.0,
        fence_s: float = 1.0,
        pace: float = 20.0,
        durability: Durability | None = None,
    ) -> None:
        self._workspace = workspace
        self._config = ServerConfig(
            workspace=workspace.path,
            paths=Paths.of(addresses),
            promotion_s=promotion_s,
            fence_s=fence_s,
            pace=pace,
            durability=durability or Durability(),
        )
        self._child: Child | None = None
        self._url: str | None = None
        self._session: Any = None
        self._clients: dict[tuple[str, str], Any] = {}
        self._lock = threading.Lock()

    @property
    def account_id(self) -> str:
        """The account that everything is in."""
        return ACCOUNT_ID

    @property
    def endpoint_url(self) -> str:
        """Where it serves.

        Raises:
            LabError: It was not started.
        """
        if self._url is None:
            msg = "the embedded AWS does not run; call start() first"
            raise LabError(msg)
        return self._url

    @property
    def variables(self) -> dict[str, str]:
        """Environment of AWS clients and of `bicoastal`'s own commands.

        Raises:
            LabError: It was not started.
        """
        return client_variables(self.endpoint_url, self._config.pace)

    @property
    def pid(self) -> int | None:
        """Its process id, None before the start."""
        return self._child.pid if self._child else None

    @property
    def sockets(self) -> dict[str, Path]:
        """Each member's unix socket: where the network leads. They appear with the databases."""
        return {
            region: self._workspace.socket(member_socket_name(region))
            for region in self._config.paths.members
        }

    def start(self, *, timeout: float = 20.0) -> None:
        """Start the process and wait until it serves.

        Args:
            timeout: Seconds to wait at most.

        Raises:
            LabError: It did not start; the message carries the end of its log.
        """
        admin_password(self._workspace)
        replication_password(self._workspace)
        file = self._workspace.path / "embedded-aws.json"
        file.write_text(self._config.to_json())
        log = self._workspace.path / "embedded-aws.log"
        self._child = Child(
            [sys.executable, *self.server, str(file)],
            log=log,
            name="the embedded AWS",
            env={**os.environ, "AWS_EC2_METADATA_DISABLED": "true"},
        )
        deadline = time.monotonic() + timeout
        while True:
            line = next((t for t in log.read_text().splitlines() if t.startswith('{"url"')), None)
            if line:
                self._url = json.loads(line)["url"]
                return
            if not self._child.alive or time.monotonic() > deadline:
                tail = self._child.log_tail()
                self.stop()
                msg = f"the embedded AWS did not start within {timeout:g} s:\n{tail}"
                raise LabError(msg)
            time.sleep(_POLL_S)

    def stop(self, timeout: float = 10.0) -> None:
        """Stop it and its databases; in order, by force after the timeout (seconds)."""
        if self._child:
            self._child.stop(timeout)
        self._child = self._url = None
        self._clients.clear()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    @staticmethod
    def new_session() -> Any:
        """A boto3 session with the account's key; a session must not be shared by threads."""
        return import_module("boto3").Session(
            aws_access_key_id=ACCOUNT_ID, aws_secret_access_key=SECRET_KEY
        )

    def client(self, service: str, region: str) -> Any:
        """A boto3 client of the embedded AWS; the same one for the same arguments.

        Args:
            service: The service's name, as boto3 calls it.
            region: The region.

        Returns:
            The client: test credentials, no retries.
        """
        with self._lock:
            key = (service, region)
            if key not in self._clients:
                # Imported here: the process that serves shares this package and needs no boto3.
                self._session = self._session or self.new_session()
                self._clients[key] = self._session.client(
                    service,
                    region_name=region,
                    endpoint_url=self.endpoint_url,
                    config=import_module("botocore.config").Config(
                        connect_timeout=2,
                        read_timeout=_INVOKE_TIMEOUT_S if service == "lambda" else _TIMEOUT_S,
                        retries={"total_max_attempts": 1},
                        max_pool_connections=32,
                    ),
                )
            return self._clients[key]

    def members(self) -> list[MemberStatus]:
        """All members that have (or had) a database."""
        answer = self._call("GET", "/_lab/members")
        return [MemberStatus(**m | {"socket": Path(m["socket"])}) for m in answer]

    def member(self, region: str) -> MemberStatus:
        """The member of a region.

        Raises:
            LabError: It has no database.
        """
        found = next((m for m in self.members() if m.region == region), None)
        if found is None:
            msg = f"{region} has no database"
            raise LabError(msg)
        return found

    def snapshots(self) -> list[SnapshotStatus]:
        """The old volumes that were kept, each with a read-only server."""
        answer = self._call("GET", "/_lab/snapshots")
        return [SnapshotStatus(**s | {"socket": Path(s["socket"])}) for s in answer]

    def failovers(self) -> list[dict[str, Any]]:
        """Every failover and switchover with its times (see `failovers.Failover`)."""
        answer: list[dict[str, Any]] = self._call("GET", "/_lab/failovers")
        return answer

    def restart(self, region: str) -> None:
        """Start a member's killed server again, read-only, as its region coming back.

        Raises:
            LabError: It runs, or there is none.
        """
        self._call("POST", "/_lab/restart", {"member": region})

    def set_version(self, region: str, version: str) -> None:
        """Give a member another engine version, as Aurora itself may do after a failover.

        https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/USER_Events.Messages.html

        Raises:
            LabError: The region has no database.
        """
        self._call("POST", "/_lab/version", {"member": region, "version": version})

    def refuse(self, action: str, *, match: str = "", **refusal: Any) -> None:
        """Refuse an API action from now on (see `layer.Injected`).

        Args:
            action: The action's name.
            match: Text that the request must contain.
            **refusal: ``code``, ``message``, ``region`` and ``times`` of the refusal.
        """
        self._call("POST", "/_lab/refuse", {"action": action, "match": match, **refusal})

    def refuse_nothing(self) -> None:
        """Take all injected refusals back."""
        self._call("DELETE", "/_lab/refuse")

    def reset(self) -> None:
        """Delete everything: databases, resources, statuses, refusals."""
        self._call("POST", "/_lab/reset")

    def _call(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        host = self.endpoint_url.removeprefix("http://")
        connection = http.client.HTTPConnection(host, timeout=_LAB_TIMEOUT_S)
        try:
            connection.request(method, path, json.dumps(body) if body else None)
            response = connection.getresponse()
            answer = json.loads(response.read())
        except OSError as error:
            msg = f"the embedded AWS does not answer: {error}"
            raise LabError(msg) from error
        finally:
            connection.close()
        if response.status != http.HTTPStatus.OK:
            raise LabError(str(answer["error"]))
        return answer
