"""The embedded AWS's own process: ``python -m bicoastal.lab.aws.server CONFIG``.

Prints one line of JSON when it serves: ``{"url": ..., "pid": ...}``. SIGTERM ends it in order;
its databases and its functions' workers end with it, however it ends.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import signal
import socket
import sys
from collections.abc import Callable, MutableMapping
from importlib import import_module
from pathlib import Path
from typing import Any

from hypercorn.asyncio import serve
from hypercorn.config import Config

from bicoastal.lab.aws import resolver, upgrades
from bicoastal.lab.aws.config import ACCOUNT_ID, SECRET_KEY, ServerConfig
from bicoastal.lab.aws.control import ControlPlane
from bicoastal.lab.aws.failovers import Failovers
from bicoastal.lab.aws.lag import publish_forever
from bicoastal.lab.aws.layer import App, Endpoint, Layer
from bicoastal.lab.aws.members import Members
from bicoastal.lab.aws.patches import Patches
from bicoastal.lab.aws.records import GlobalWriters
from bicoastal.lab.aws.status import member_status, snapshot_status
from bicoastal.lab.workspace import Workspace

_GRACE_S = 0.5
WRITERS_FILE = "writers.json"


def environment(config: ServerConfig, port: int) -> dict[str, str]:
    """What MiniStack and the workers of its functions need in their environment.

    Args:
        config: What the process was started with.
        port: The port that it serves on.

    Returns:
        Variables to set before MiniStack is imported.
    """
    site = config.workspace / "site"
    paths = {"table": config.paths.table, "port": config.paths.port}
    return {
        "GATEWAY_PORT": str(port),
        "MINISTACK_HOST": "127.0.0.1",
        "MINISTACK_ACCOUNT_ID": ACCOUNT_ID,
        "BIND_HOST": "127.0.0.1",
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "PERSIST_STATE": "0",
        "LAMBDA_EXECUTOR": "local",
        "LOG_LEVEL": "WARNING",
        # No Docker engine of this machine takes part.
        "DOCKER_HOST": f"unix://{config.workspace}/no-docker.sock",
        "TMPDIR": str(config.workspace / "functions"),
        # For the functions' workers; by the key a database's front knows who signed a token.
        "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
        "AWS_SESSION_TOKEN": "",
        "PYTHONPATH": str(site),
        "BICOASTAL_PACE": f"{config.pace:g}",
        resolver.PATHS_VARIABLE: json.dumps(paths),
        resolver.WRITERS_VARIABLE: str(config.workspace / WRITERS_FILE),
    }


def prepare(config: ServerConfig, port: int, variables: MutableMapping[str, str]) -> None:
    """Write what the functions' workers find, and set the environment.

    Args:
        config: What the process was started with.
        port: The port that it serves on.
        variables: The environment to change.
    """
    site = config.workspace / "site"
    site.mkdir(exist_ok=True)
    (config.workspace / "functions").mkdir(exist_ok=True)
    shutil.copy(Path(resolver.__file__), site / "sitecustomize.py")
    variables.update(environment(config, port))


class Server:
    """MiniStack, the layer before it, and the control plane behind it.

    Args:
        config: What the process was started with.
        app: MiniStack's application.
        rds: MiniStack's RDS module.
        ready: Called when it serves.
    """

    def __init__(self, config: ServerConfig, app: App, rds: Any, ready: Callable[[], None]) -> None:
        workspace = Workspace.attach(config.workspace)
        writers = GlobalWriters(rds, config.workspace / WRITERS_FILE)
        self._members = Members(config, workspace)
        self._failovers = Failovers(self._members, writers.write)
        control = ControlPlane(rds, self._members, self._failovers, writers)
        self._subscriptions = control.subscriptions
        self._patches = Patches(control.handle)
        self._writers = writers
        self._ready = ready
        self._cleanup = contextlib.AsyncExitStack()
        endpoints: dict[str, Endpoint] = {
            "GET /_lab/members": self._get_members,
            "GET /_lab/snapshots": self._get_snapshots,
            "GET /_lab/failovers": self._get_failovers,
            "POST /_lab/restart": self._restart,
            "POST /_lab/version": self._version,
            "POST /_lab/reset": self._reset,
        }
        self.layer = Layer(
            app,
            endpoints,
            knows_check=_knows_check,
            started=self._start,
        )

    async def _start(self) -> None:
        """What happens between MiniStack's start and the first request; undone in reverse."""
        await self._members.prepare()
        self._writers.write()
        self._cleanup.push_async_callback(_end_workers)
        self._cleanup.callback(self._patches.revert)
        self._patches.apply()
        self._cleanup.push_async_callback(self._clear)
        cloudwatch = import_module("ministack.services.cloudwatch")
        publisher = asyncio.create_task(publish_forever(self._members, cloudwatch))
        self._cleanup.callback(publisher.cancel)
        self._ready()

    async def stop(self) -> None:
        """Stop the databases and the functions' workers, and leave MiniStack as it was.

        It comes before the server stops: a running invocation would keep it waiting.
        """
        await self._cleanup.aclose()

    async def _clear(self) -> None:
        await self._failovers.cancel()
        await self._members.stop_all()

    async def _get_members(self, _: dict[str, Any]) -> list[dict[str, Any]]:
        return [member_status(m) for m in self._members.by_region.values()]

    async def _get_snapshots(self, _: dict[str, Any]) -> list[dict[str, Any]]:
        return [
            snapshot_status(member, snapshot)
            for member in self._members.by_region.values()
            for snapshot in member.snapshots
            if snapshot.position is not None
        ]

    async def _get_failovers(self, _: dict[str, Any]) -> list[dict[str, Any]]:
        return [record.to_dict() for record in self._failovers.history]

    async def _restart(self, body: dict[str, Any]) -> str:
        await self._members.restart(body["member"])
        return "restarted"

    async def _version(self, body: dict[str, Any]) -> str:
        member = self._members.by_region[body["member"]]
        upgrades.stamp(member.records, member.cluster, body["version"])
        return "changed"

    async def _reset(self, _: dict[str, Any]) -> str:
        await self._clear()
        await asyncio.to_thread(import_module("ministack.app")._reset_all_state)
        self._writers.write()
        self._subscriptions.forget()
        self.layer.forget()
        return "reset"


async def _end_workers() -> None:
    await asyncio.to_thread(import_module("ministack.core.lambda_runtime").reset)


def _knows_check(check: str) -> bool:
    checks = import_module("ministack.services.route53")._health_checks
    return any(key[-1] == check for key in checks._data)


async def run(config: ServerConfig, listener: socket.socket, ended: asyncio.Event) -> None:
    """Serve until asked to end.

    Args:
        config: What the process was started with.
        listener: A bound socket on a loopback address.
        ended: Set it to end.
    """
    host, port = listener.getsockname()
    settings = Config()
    settings.bind = [f"fd://{listener.fileno()}"]
    settings.accesslog = None
    settings.errorlog = None
    settings.graceful_timeout = _GRACE_S
    settings.keep_alive_timeout = 75

    def ready() -> None:
        line = json.dumps({"url": f"http://{host}:{port}", "pid": os.getpid()})
        print(line, flush=True)  # noqa: T201 - the protocol with the starter

    app = import_module("ministack.app").app
    server = Server(config, app, import_module("ministack.services.rds"), ready)

    async def until_stopped() -> None:
        await ended.wait()
        await server.stop()

    await serve(server.layer, settings, shutdown_trigger=until_stopped)


async def _until_signalled(config: ServerConfig, listener: socket.socket) -> None:
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    await run(config, listener, ended)


def main(arguments: list[str]) -> None:
    """Run the process.

    Args:
        arguments: The path of the configuration file.
    """
    config = ServerConfig.from_json(Path(arguments[0]).read_text())
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    # Connections may come as soon as the ready line is out; they wait here until served.
    listener.listen(128)
    prepare(config, listener.getsockname()[1], os.environ)
    asyncio.run(_until_signalled(config, listener))


if __name__ == "__main__":
    main(sys.argv[1:])
