"""A tiny server on a unix socket, and a relay that runs in a thread of the test."""

from __future__ import annotations

import asyncio
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bicoastal.lab.network import AddressPlan, Network, NetworkControl
from bicoastal.lab.network.relay import Relay
from bicoastal.lab.waiting import wait_until

_ECHO = """
import socket, sys, threading
listener = socket.socket(socket.AF_UNIX)
listener.bind(sys.argv[1])
listener.listen(int(sys.argv[2]))
print("up", flush=True)
def serve(client):
    try:
        client.sendall(sys.argv[3].encode())
        while data := client.recv(65536):
            if data == b"quit": break
            if data.startswith(b"big"): data = b"z" * int(data[3:])
            client.sendall(data)
        client.close()
    except OSError: pass
while True:
    threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
"""


class Echo:
    """A server process on a unix socket: greets, echoes, ends on ``quit``, ``bigN`` sends N."""

    def __init__(self, path: Path, greeting: str = "hello", backlog: int = 64) -> None:
        path.unlink(missing_ok=True)
        command = ["setpriv", "--pdeathsig", "KILL", "--", sys.executable, "-S", "-c", _ECHO]
        self.process = subprocess.Popen(
            [*command, str(path), str(backlog), greeting], stdout=subprocess.PIPE
        )
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == b"up\n"

    def stop(self) -> None:
        self.process.send_signal(signal.SIGSTOP)
        stat = Path(f"/proc/{self.process.pid}/stat")
        assert wait_until(lambda: stat.read_text().rsplit(")", 1)[1].split()[0] == "T", 5)

    def resume(self) -> None:
        self.process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()


class RelayThread(NetworkControl):
    """The relay's own code, in a thread, so that a test may look into it."""

    def __init__(self, folder: Path, plan: AddressPlan, sockets: dict[str, Path]) -> None:
        super().__init__(folder / "relay.sock")
        network = Network(folder, plan, sockets)
        self._config = network.config() | {"control": str(self.control_path)}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._main()))

    async def _main(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stopped = asyncio.Event()
        self.relay = Relay(self._config)
        try:
            await self.relay.start()
            self._ready.set()
            await self._stopped.wait()
        finally:
            await self.relay.stop()

    def start(self) -> RelayThread:
        self._thread.start()
        assert self._ready.wait(5)
        return self

    def stop(self) -> None:
        assert self._loop is not None
        self._loop.call_soon_threadsafe(self._stopped.set)
        self._thread.join()

    def state(self, source: str = "west", member: str = "east") -> str:
        found = {(row.source, row.member): row.state for row in self.stats()}
        return found[source, member]


@pytest.fixture
def folder() -> Iterator[Path]:
    path = Path(tempfile.mkdtemp(prefix="bn-"))
    yield path
    shutil.rmtree(path)


@pytest.fixture
def plan() -> AddressPlan:
    return AddressPlan.allocate(["west", "clients"], ["east", "west"])


@pytest.fixture
def server(folder: Path) -> Iterator[Echo]:
    echo = Echo(folder / "east.db")
    yield echo
    echo.kill()


@pytest.fixture
def net(folder: Path, plan: AddressPlan, server: Echo) -> Iterator[RelayThread]:
    relay = RelayThread(folder, plan, {"east": folder / "east.db"}).start()
    yield relay
    relay.stop()


Dial = Callable[..., socket.socket]


@pytest.fixture
def dial(plan: AddressPlan) -> Iterator[Dial]:
    """Connect over a path, by default from the west to the east."""
    opened: list[socket.socket] = []

    def connect(
        source: str = "west", member: str = "east", timeout_s: float = 5.0
    ) -> socket.socket:
        connection = socket.create_connection((plan.address(source, member), 3306), timeout_s)
        opened.append(connection)
        return connection

    yield connect
    for connection in opened:
        connection.close()


def read(connection: socket.socket, size: int) -> bytes:
    """Read exactly so many bytes, fewer only at the end."""
    data = bytearray()
    while len(data) < size and (more := connection.recv(min(1 << 20, size - len(data)))):
        data += more
    return bytes(data)


def silent(connection: socket.socket, for_s: float = 0.15) -> bool:
    """Tell whether nothing arrives for a while, not even the end."""
    before = connection.gettimeout()
    connection.settimeout(for_s)
    try:
        return connection.recv(1) is None
    except TimeoutError:
        return True
    finally:
        connection.settimeout(before)
