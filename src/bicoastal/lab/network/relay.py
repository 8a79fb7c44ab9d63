"""The relay's process: standard library only, so that it is up in a tenth of a second.

Started as ``python -m bicoastal.lab.network.relay CONFIG`` by `Network`; steered by JSON lines on
a unix socket (`NetworkControl`).
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import resource
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bicoastal.lab.network.control import READY
from bicoastal.lab.network.front import FrontConfig, Fronts
from bicoastal.lab.network.paths import Backend, RelayPath

_POLL_S = 0.02
# The kernel's list of unix sockets; flag 00010000 is __SO_ACCEPTCON, "listens"
# (https://man7.org/linux/man-pages/man5/proc.5.html, /proc/net/unix). Looking there, unlike
# connecting, does not disturb the server and also sees a stopped one as alive.
_UNIX_SOCKETS = Path("/proc/net/unix")
_LISTENS = b"00010000"


class UnknownPathError(Exception):
    """A request named a source or member that the network does not have."""


class Relay:
    """All paths of a network and the unix socket that steers them.

    Args:
        config: ``control`` (socket path), ``paths`` (source, member, address, port, delay_ms of
            each), ``sockets`` (member to unix socket or None) and ``listings`` (more files like
            /proc/net/unix, of other network namespaces).
    """

    def __init__(self, config: dict[str, Any]) -> None:
        self._control = str(config["control"])
        self._listings = [_UNIX_SOCKETS, *map(Path, config["listings"])]
        self._loop = asyncio.get_running_loop()
        self._backends = {
            member: Backend(config["sockets"].get(member))
            for member in dict.fromkeys(row["member"] for row in config["paths"])
        }
        self._paths = [self._make_path(row) for row in config["paths"]]
        self._server: asyncio.Server | None = None
        self._poller: asyncio.TimerHandle | None = None

    def _make_path(self, row: dict[str, Any]) -> RelayPath:
        path = RelayPath(
            self._loop,
            row["source"],
            row["member"],
            (row["address"], row["port"]),
            self._backends[row["member"]],
        )
        path.delay_s = row["delay_ms"] / 1000
        return path

    async def start(self) -> None:
        """Listen on every path whose server is alive, and on the control socket."""
        self._server = await asyncio.start_unix_server(self._serve, self._control)
        for path in self._paths:
            path.apply()
        self._poll()

    async def stop(self) -> None:
        """Close the control socket, every listener and every connection."""
        if self._poller is not None:
            self._poller.cancel()
        for path in self._paths:
            path.close()
        if self._server is not None:
            self._server.close()
        Path(self._control).unlink(missing_ok=True)

    def _poll(self) -> None:
        self._poller = self._loop.call_later(_POLL_S, self._poll)
        self._look()

    def _look(self) -> None:
        listing = b"".join(file.read_bytes() for file in self._listings)
        for backend in self._backends.values():
            alive = backend.socket is not None and listens(backend.socket, listing)
            if alive != backend.alive:
                backend.alive = alive
                for path in self._paths:
                    if self._backends[path.member] is backend:
                        path.apply()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            while line := await reader.readline():
                try:
                    answer = {"result": self._answer(json.loads(line))}
                except (UnknownPathError, OSError, ValueError, KeyError, TypeError) as error:
                    answer = {"error": f"The lab's network refused {line.decode()!r}: {error}"}
                writer.write(json.dumps(answer).encode() + b"\n")
                await writer.drain()
        writer.close()

    def _answer(self, request: dict[str, Any]) -> Any:
        operation = {
            "cut": self._cut,
            "heal": self._cut,
            "delay": self._delay,
            "loss": self._lose,
            "socket": self._set_socket,
            "front": self._set_front,
            "stats": self._stats,
        }.get(request["op"])
        if operation is None:
            raise ValueError(f"unknown operation {request['op']!r}")
        return operation(request)

    def _cut(self, request: dict[str, Any]) -> None:
        cut, way = request["op"] == "cut", request.get("way", "")
        if way not in ("", "up", "down"):
            raise ValueError(f"a way is up or down, not {way!r}")
        for path in self._chosen(request):
            path.cut = cut and not way
            path.mute = way if cut else ""
            path.apply()

    def _delay(self, request: dict[str, Any]) -> None:
        delay_s = float(request["delay_ms"]) / 1000
        if delay_s < 0:
            raise ValueError("a delay cannot be negative")
        for path in self._chosen(request):
            path.delay_s = delay_s
            path.apply()

    def _lose(self, request: dict[str, Any]) -> None:
        loss = float(request["loss"])
        if not 0 <= loss <= 1:
            raise ValueError("a loss is a share from 0 to 1")
        for path in self._chosen(request):
            path.loss = loss

    def _set_front(self, request: dict[str, Any]) -> None:
        config = request["front"]
        fronts = None if config is None else Fronts(FrontConfig.of(config))
        for path in self._chosen({"source": "*", "member": request["member"]}):
            self._backends[path.member].fronts = fronts

    def _stats(self, _request: dict[str, Any]) -> list[dict[str, Any]]:
        return [path.stats() for path in self._paths]

    def _set_socket(self, request: dict[str, Any]) -> None:
        member, path = request["member"], request["path"]
        chosen = list(self._chosen({"source": "*", "member": member}))
        if self._backends[member].socket != path:
            self._backends[member].socket = path
            for route in chosen:
                route.reset_connections()
        self._look()

    def _chosen(self, request: dict[str, Any]) -> Iterator[RelayPath]:
        source, member = request["source"], request["member"]
        chosen = [
            path
            for path in self._paths
            if source in {"*", path.source} and member in {"*", path.member}
        ]
        if not chosen:
            known = ", ".join(f"{path.source} -> {path.member}" for path in self._paths)
            raise UnknownPathError(f"there is no path {source} -> {member}; paths: {known}")
        return iter(chosen)


def listens(path: str, listing: bytes) -> bool:
    """Tell whether a listening unix socket is bound to a path.

    Args:
        path: The path as the server bound it.
        listing: Content of /proc/net/unix.

    Returns:
        True if a listening socket carries that name.
    """
    name = b" " + path.encode() + b"\n"
    at = listing.find(name)
    while at >= 0:
        line = listing[listing.rfind(b"\n", 0, at) + 1 : at]
        if line.split()[3] == _LISTENS:
            return True
        at = listing.find(name, at + 1)
    return False


async def run(config: dict[str, Any]) -> None:
    """Run the relay until SIGTERM.

    Args:
        config: See `Relay`.

    Raises:
        OSError: If an address or the control socket cannot be bound.
    """
    stopped = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopped.set)
    relay = Relay(config)
    try:
        await relay.start()
        sys.stdout.write(READY + "\n")
        sys.stdout.flush()
        await stopped.wait()
    finally:
        await relay.stop()


def main(arguments: list[str]) -> int:
    """Read the configuration, run until SIGTERM.

    Args:
        arguments: One JSON document, see `Relay`.

    Returns:
        Exit code: 0 when told to stop, 1 if an address cannot be bound.
    """
    config = json.loads(arguments[0])
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    try:
        asyncio.run(run(config))
    except OSError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
