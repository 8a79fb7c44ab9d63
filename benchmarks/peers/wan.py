"""Regions as network namespaces, with a router between them that delays and drops packets.

Servers that talk to each other (Galera, etcd, PostgreSQL's replication) announce one address of
their own to everybody, so that the relay, which has an address for each path, cannot stand
between them. Here each region is a network namespace with one TUN device
(https://docs.kernel.org/networking/tuntap.html), and one process carries the IP packets from
device to device. What it drops is dropped: TCP on both sides retransmits and gives up as it does
over a dead line. The addresses exist in these namespaces only; nothing leads out of them.

Needs root: making namespaces and devices does.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import fcntl
import json
import os
import signal
import socket
import struct
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.peers.place import Place
from bicoastal.errors import LabError
from bicoastal.lab.drill.environment import WAN_MS
from bicoastal.lab.network import NetworkControl
from bicoastal.lab.processes import Child
from bicoastal.lab.waiting import wait_until

_START_S = 15.0
_CLONE_NEWNET = 0x40000000
_TUNSETIFF = 0x400454CA
_IFF_TUN_NO_PI = 0x1001
_SIOCSIFFLAGS, _SIOCSIFADDR, _SIOCSIFNETMASK = 0x8914, 0x8916, 0x891C
_IFF_UP = 1
_MTU = 65536


class Wan(NetworkControl):
    """The router's process: cut and heal as in the relay, by regions.

    Args:
        folder: For the control socket and the log.
        regions: Names of the regions.
        delays_ms: One-way delay of (region, region) in milliseconds.
    """

    def __init__(
        self,
        folder: Path,
        regions: tuple[str, ...],
        delays_ms: Mapping[tuple[str, str], float],
    ) -> None:
        super().__init__(folder / "wan.sock")
        self._ready = folder / "wan.ready"
        self._log = folder / "wan.log"
        self.regions = regions
        self._delays_ms = delays_ms
        self._child: Child | None = None
        self._tasks: dict[str, int] = {}

    def __enter__(self) -> Wan:
        config = {
            "control": str(self.control_path),
            "ready": str(self._ready),
            "regions": {region: self.address(region) for region in self.regions},
            "delays": [[a, b, delay] for (a, b), delay in self._delays_ms.items()],
        }
        command = [sys.executable, "-m", "benchmarks.peers.wan", json.dumps(config)]
        child = Child(command, log=self._log, name="the router between regions")
        self._child = child
        wait_until(lambda: self._ready.exists() or not child.alive, _START_S)
        if not self._ready.exists():
            said = child.log_tail()
            self.__exit__()
            raise LabError(f"the router between regions did not start: {said}")
        self._tasks = json.loads(self._ready.read_text())
        return self

    def __exit__(self, *_: object) -> None:
        if self._child is not None:
            self._child.kill()

    def address(self, region: str) -> str:
        """The region's address, for all that listens in it."""
        return f"10.99.0.{self.regions.index(region) + 1}"

    def inside(self, region: str) -> list[str]:
        """What to put before a command that shall run in a region."""
        return ["nsenter", f"--net={self._task(region)}/ns/net", "--"]

    def listing(self, region: str) -> Path:
        """The list of the unix sockets that were made in a region."""
        return self._task(region) / "net/unix"

    def _task(self, region: str) -> Path:
        pid = 0 if self._child is None else self._child.pid
        return Path(f"/proc/{pid}/task/{self._tasks[region]}")


def wan_of(place: Place) -> Wan:
    """Make the router between a place's three regions, with the lab's distances."""
    regions = (place.home, place.standby, place.third)
    distances = {(a, b): WAN_MS for a in regions for b in regions if a != b}
    return Wan(place.workspace.path, regions, distances)


def needs_root() -> str:
    """Say why there can be no namespaces, or nothing."""
    if os.geteuid() != 0 or not Path("/dev/net/tun").exists():
        return "run as root, with /dev/net/tun, for its regions are network namespaces"
    return ""


class _Router:
    def __init__(self, config: dict[str, Any]) -> None:
        self._regions: dict[str, str] = config["regions"]
        self._delays_s = {(a, b): ms / 1000 for a, b, ms in config["delays"]}
        self._cut: set[tuple[str, str]] = set()
        self._region_of = {socket.inet_aton(a): r for r, a in self._regions.items()}
        self._devices: dict[str, int] = {}
        self.tasks: dict[str, int] = {}

    def open(self) -> None:
        """Make a namespace and a device for each region; their threads keep them."""
        for region, address in self._regions.items():
            made = threading.Event()
            threading.Thread(target=self._make, args=(region, address, made), daemon=True).start()
            if not made.wait(_START_S) or region not in self._devices:
                raise OSError(f"no namespace for {region}")

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Carry packets."""
        for region, device in self._devices.items():
            loop.add_reader(device, self._carry, loop, region, device)

    def _make(self, region: str, address: str, made: threading.Event) -> None:
        try:
            if ctypes.CDLL(None, use_errno=True).unshare(_CLONE_NEWNET):
                raise OSError(ctypes.get_errno(), "unshare")
            device = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
            fcntl.ioctl(device, _TUNSETIFF, struct.pack("16sH22x", b"wan", _IFF_TUN_NO_PI))
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
                for request, value in (
                    (_SIOCSIFADDR, _inet(address)),
                    (_SIOCSIFNETMASK, _inet("255.255.255.0")),
                    (_SIOCSIFFLAGS, struct.pack("H", _IFF_UP)),
                ):
                    fcntl.ioctl(control, request, struct.pack("16s24s", b"wan", value))
                up = struct.pack("16s24s", b"lo", struct.pack("H", _IFF_UP))
                fcntl.ioctl(control, _SIOCSIFFLAGS, up)
            self.tasks[region] = threading.get_native_id()
            self._devices[region] = device
        finally:
            made.set()
        threading.Event().wait()  # the namespace lives as long as this thread

    def _carry(self, loop: asyncio.AbstractEventLoop, source: str, device: int) -> None:
        for _ in range(64):
            try:
                packet = os.read(device, _MTU)
            except BlockingIOError:
                return
            target = self._region_of.get(packet[16:20])
            if target is None or packet[0] >> 4 != 4 or (source, target) in self._cut:
                continue
            loop.call_later(
                self._delays_s.get((source, target), 0.0), self._deliver, source, target, packet
            )

    def _deliver(self, source: str, target: str, packet: bytes) -> None:
        if (source, target) not in self._cut:
            with contextlib.suppress(BlockingIOError):  # a full device drops, as routers do
                os.write(self._devices[target], packet)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer `NetworkControl`: cut and heal, both ways."""
        while line := await reader.readline():
            request = json.loads(line)
            pairs = {
                pair
                for a in self._regions
                for b in self._regions
                if request["source"] in {"*", a} and request["member"] in {"*", b} and a != b
                for pair in ((a, b), (b, a))
            }
            self._cut = self._cut | pairs if request["op"] == "cut" else self._cut - pairs
            writer.write(b'{"result": null}\n')
            await writer.drain()
        writer.close()


def _inet(address: str) -> bytes:
    return struct.pack("HH4s", socket.AF_INET, 0, socket.inet_aton(address))


async def _run(config: dict[str, Any]) -> None:
    loop = asyncio.get_running_loop()
    stopped = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, stopped.set)
    router = _Router(config)
    router.open()
    router.start(loop)
    server = await asyncio.start_unix_server(router.serve, config["control"])
    draft = Path(config["ready"] + ".draft")
    draft.write_text(json.dumps(router.tasks))
    draft.rename(config["ready"])
    async with server:
        await stopped.wait()


if __name__ == "__main__":
    asyncio.run(_run(json.loads(sys.argv[1])))
