"""Steering the relay: wrong requests, broken channels, and how it finds listening servers."""

from __future__ import annotations

import asyncio
import json
import socket
import struct
import threading
from pathlib import Path

import pytest

from bicoastal.errors import LabError
from bicoastal.lab.network import AddressPlan
from bicoastal.lab.network import paths as paths_module
from bicoastal.lab.network.relay import Relay, listens

from .conftest import RelayThread


@pytest.mark.parametrize(
    ("request_", "complaint"),
    (
        ({"op": "cut", "source": "*", "member": "mars"}, "no path \\* -> mars; paths: west -> e"),
        ({"op": "socket", "member": "mars", "path": None}, "no path"),
        ({"op": "delay", "source": "*", "member": "*", "delay_ms": -1}, "cannot be negative"),
        ({"op": "delay", "source": "*", "member": "*"}, "delay_ms"),
        ({"op": "loss", "source": "*", "member": "*", "loss": 2}, "a share from 0 to 1"),
        ({"op": "cut", "source": "*", "member": "*", "way": "off"}, "up or down, not 'off'"),
        ({"op": "explode"}, "unknown operation 'explode'"),
    ),
)
def test_a_wrong_request_is_answered_with_the_reason(
    net: RelayThread, request_: dict[str, object], complaint: str
) -> None:
    arguments = {key: value for key, value in request_.items() if key != "op"}
    with pytest.raises(LabError, match=complaint):
        net._call(str(request_["op"]), **arguments)
    assert net.state() == "open"


def test_a_queue_that_cannot_be_filled_is_an_error(
    net: RelayThread, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paths_module, "_queue_length", lambda _: 0)
    monkeypatch.setattr(paths_module, "_FILL_TRIES", 2)
    with pytest.raises(LabError, match="could not be filled"):
        net.cut("west", "east")


def test_a_controller_that_hangs_up_does_not_disturb(net: RelayThread) -> None:
    with socket.socket(socket.AF_UNIX) as channel:
        channel.connect(str(net.control_path))
        channel.sendall(json.dumps({"op": "stats"}).encode() + b"\n")
        channel.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    assert net.state() == "open"


def test_nobody_at_the_control_socket(folder: Path, net: RelayThread) -> None:
    net.control_path = folder / "nothing"
    with pytest.raises(LabError, match="does not answer"):
        net.stats()
    with socket.socket(socket.AF_UNIX) as mute:
        net.control_path = folder / "mute"
        mute.bind(str(net.control_path))
        mute.listen()
        threading.Thread(target=lambda: mute.accept()[0].recv(1000)).start()
        with pytest.raises(LabError, match="stopped while"):
            net.stats()


def test_only_a_listening_socket_of_that_very_name_counts() -> None:
    head = b"Num       RefCount Protocol Flags    Type St Inode Path\n"
    row = b"0000000000000000: 00000002 00000000 %s 0001 %s 4711 %s\n"
    connected = row % (b"00000000", b"03", b"/run/a.sock")
    listening = row % (b"00010000", b"01", b"/run/a.sock")
    other = row % (b"00010000", b"01", b"/run/a.sock2") + row % (b"00010000", b"01", b"/x/run/a.s")
    assert listens("/run/a.sock", head + connected + listening)
    assert not listens("/run/a.sock", head + connected + other)


async def _fail_to_start(config: dict[str, object]) -> None:
    relay = Relay(config)
    try:
        with pytest.raises(OSError, match="No such file"):
            await relay.start()
    finally:
        await relay.stop()


def test_a_relay_that_never_started_can_be_stopped(folder: Path, plan: AddressPlan) -> None:
    relay = RelayThread(folder, plan, {})
    asyncio.run(_fail_to_start(relay._config | {"control": str(folder / "no" / "where")}))
