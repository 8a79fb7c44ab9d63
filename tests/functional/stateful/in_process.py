"""The embedded AWS inside the test's own process: its layer, RDS and DynamoDB, without a socket.

What the lab serves over HTTP is called directly, so that a call takes a millisecond and every one
of them can be stopped, refused or cut off before and after it takes effect. The databases are
stubs: a promotion goes on until the test says how it ends.
"""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Iterator
from importlib import import_module
from io import BytesIO
from pathlib import Path
from typing import Any

from botocore.awsrequest import AWSResponse

from bicoastal.errors import LabError
from bicoastal.lab.aws.config import ACCOUNT_ID, Paths, ServerConfig
from bicoastal.lab.aws.control import ControlPlane
from bicoastal.lab.aws.failovers import Failovers
from bicoastal.lab.aws.layer import Layer, Message
from bicoastal.lab.aws.members import Members
from bicoastal.lab.aws.patches import Patches
from bicoastal.lab.aws.records import GlobalWriters, Records
from bicoastal.lab.databases import Promotion
from bicoastal.lab.waiting import wait_until
from bicoastal.lab.workspace import Workspace

HOME, STANDBY, WITNESS = "us-east-1", "us-west-2", "us-east-2"
MEMBERS, WITNESSES = (HOME, STANDBY), (HOME, STANDBY, WITNESS)
CLUSTER, TABLE, TOPIC = "global-dev", "record-dev", "pages"
VERSION = "8.0.mysql_aurora.3.10.4"
PATIENCE_S = 30.0
POLL_S = 0.0005  # Hypothesis takes thousands of steps


class StubDatabase:
    """A database that agrees to everything; its promotion ends when it is told to."""

    ended = threading.Event()
    fails = False
    away = True

    def __init__(self, _workspace: Any, name: str, _number: int, **options: Any) -> None:
        self.name, self.socket = name, options["socket"]

    def __getattr__(self, name: str) -> Callable[..., Any]:
        return lambda *_, **__: {"caught_up": True, "gtid_position": "0-1-5"}.get(name)

    def drain(self, *, timeout: float) -> Promotion:
        """RDS is at work."""
        assert StubDatabase.ended.wait(timeout)
        if StubDatabase.fails:
            raise LabError("stub: the promotion fails")
        return Promotion(0.0, "0-1-5", drained=True)

    @staticmethod
    def fence(*_: Any, **__: Any) -> int:
        """What reaches the old writer once it is back."""
        if StubDatabase.away:
            raise OSError("stub: it is away")
        return 0


class Raw(BytesIO):
    """A body as botocore reads it."""

    def stream(self, **_: Any) -> Iterator[bytes]:
        yield self.read()


def response(
    url: str, status: int, content: bytes, headers: dict[str, str] | None = None
) -> AWSResponse:
    """An answer as botocore gets it from its own connections."""
    told: Any = headers or {}
    return AWSResponse(url, status, told, Raw(content))


class InProcessAws:
    """The embedded AWS with a global database of two members, a table and a topic."""

    def __init__(self, workspace: Workspace) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._run(self._assemble(workspace))

    async def _assemble(self, workspace: Workspace) -> None:
        self._rds = import_module("ministack.services.rds")
        paths = Paths({w: dict.fromkeys(MEMBERS, "127.9.9.9") for w in WITNESSES}, MEMBERS, 3306)
        config = ServerConfig(workspace.path, paths, promotion_s=0.0, drain_s=PATIENCE_S)
        writers = GlobalWriters(self._rds, Path(workspace.path, "writers.json"))
        make: Any = StubDatabase
        self._members = Members(config, workspace, make=make)
        self.failovers = Failovers(self._members, writers.write, fencing=StubDatabase.fence)
        control = ControlPlane(self._rds, self._members, self.failovers, writers)
        self._patches = Patches(control.handle)
        self._patches.apply()
        self._layer = Layer(
            import_module("ministack.app").app, {}, knows_check=bool, started=_nothing
        )

    def close(self) -> None:
        """Take everything back."""
        StubDatabase.ended.set()
        self._run(self.failovers.cancel())
        self._run(self._members.stop_all())
        self._patches.revert()
        import_module("ministack.app")._reset_all_state()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(PATIENCE_S)

    def _run(self, work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(PATIENCE_S)

    def send(self, request: Any) -> AWSResponse:
        """Answer a request that botocore has prepared."""
        body = request.body or b""
        body = body.encode() if isinstance(body, str) else body
        headers = [(k.lower().encode(), _bytes(v)) for k, v in request.headers.items()]
        status, answered, content = self.call(request.method, "/", body, headers)
        return response(request.url, status, content, answered)

    def call(
        self, method: str, path: str, body: bytes, headers: Any = ()
    ) -> tuple[int, dict[str, str], bytes]:
        """One HTTP request to the layer."""
        scope = {
            "type": "http",
            "method": method,
            "path": path,
            "query_string": b"",
            "headers": [(b"host", b"localhost"), *headers],
        }
        sent: list[Message] = []

        async def receive() -> Message:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Message) -> None:
            sent.append(message)

        self._run(self._layer(scope, receive, send))
        told = {k.decode(): v.decode() for k, v in sent[0].get("headers", [])}
        return sent[0]["status"], told, b"".join(m.get("body", b"") for m in sent[1:])

    def throttle(self, action: str) -> None:
        """Let the layer refuse the next call of an action."""
        refusal = {"action": action, "code": "ThrottlingException", "times": 1}
        assert self.call("POST", "/_lab/refuse", json.dumps(refusal).encode())[0] == 200

    # --- the database

    def group(self) -> dict[str, Any]:
        """The global cluster's record."""
        found = Records(self._rds, ACCOUNT_ID, HOME).global_cluster(CLUSTER)
        assert found is not None
        return found

    def writer(self) -> str:
        """The region that RDS calls the writer."""
        arns = [m["DBClusterArn"] for m in self.group()["GlobalClusterMembers"] if m["IsWriter"]]
        return str(arns[0].split(":")[3])

    def target(self) -> str | None:
        """The region that RDS is promoting."""
        state = self.group().get("FailoverState")
        return state["ToDbClusterArn"].split(":")[3] if state else None

    def finish(self, *, fails: bool = False) -> None:
        """End the promotion that is under way, well or badly."""
        StubDatabase.fails = fails
        StubDatabase.ended.set()
        history = self.failovers.history
        assert wait_until(
            lambda: history[-1].state != "running" and self.target() is None,
            PATIENCE_S,
            POLL_S,
        )
        StubDatabase.ended.clear()

    def rejoin(self) -> None:
        """The old writer returns as a standby."""
        StubDatabase.away = False
        assert wait_until(
            lambda: all(m.state == "available" for m in self._members.by_region.values()),
            PATIENCE_S,
            POLL_S,
        )
        StubDatabase.away = True

    def as_new(self) -> None:
        """Back to the first writer, with nothing under way."""
        if self.target():
            self.finish(fails=True)
        self._run(self.failovers.cancel())
        for member in self._members.by_region.values():
            member.state = "available"
        arns = [m["DBClusterArn"] for m in self.group()["GlobalClusterMembers"]]
        (home,) = (arn for arn in arns if f":{HOME}:" in arn)
        Records(self._rds, ACCOUNT_ID, HOME).set_writer(self.group(), home, old_status="connected")
        self.call("DELETE", "/_lab/refuse", b"")

    def create(self, client: Callable[[str, str], Any]) -> None:
        """Create what the controllers work on."""
        engine = {"Engine": "aurora-mysql", "EngineVersion": VERSION}
        client("rds", HOME).create_global_cluster(GlobalClusterIdentifier=CLUSTER, **engine)
        for region in MEMBERS:
            seed = {"MasterUsername": "admin", "MasterUserPassword": "password1"}
            client("rds", region).create_db_cluster(
                DBClusterIdentifier=f"aurora-{region}",
                GlobalClusterIdentifier=CLUSTER,
                **engine,
                **(seed if region == HOME else {}),
            )
            client("rds", region).create_db_instance(
                DBInstanceIdentifier=f"db-{region}",
                DBClusterIdentifier=f"aurora-{region}",
                Engine="aurora-mysql",
                DBInstanceClass="db.r6g.large",
            )
            members = self._members.by_region
            assert wait_until(lambda: members[region].state == "available", PATIENCE_S)  # noqa: B023
        client("dynamodb", STANDBY).create_table(
            TableName=TABLE,
            KeySchema=[{"AttributeName": "cluster", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "cluster", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        for region in MEMBERS:
            client("sns", region).create_topic(Name=TOPIC)


async def _nothing() -> None:
    return None


def _bytes(value: Any) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode()
