"""The front without a database: what it passes on, what it refuses, and how it ends."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import struct
from dataclasses import replace
from pathlib import Path

import pytest

from bicoastal.errors import LabError
from bicoastal.failover import token
from bicoastal.lab.certificates import Authority
from bicoastal.lab.network import FrontConfig, packets
from bicoastal.lab.network.front import Front, Fronts
from bicoastal.lab.network.interposing import Interposed
from bicoastal.lab.waiting import wait_until

from .conftest import Dial, Echo, RelayThread, read, silent

HOST = "member.example"
GREETING = (
    b"\x0a11.8-fake\0" + struct.pack("<I", 7) + b"12345678\0" + struct.pack("<H", 0x8000)
    + b"\x2d" + struct.pack("<HHB", 2, 8, 21) + bytes(10) + b"abcdefghijkl\0native\0"
)  # fmt: skip
FLAGS = 0x80000 | 0x8000 | 0x200
KEY = token.Key("AKID", "secret")


def answer(user: str, flags: int = FLAGS) -> bytes:
    """A client's answer to the greeting."""
    return struct.pack("<IIB23s", flags, 1 << 24, 45, b"") + user.encode() + b"\0\0"


ASK_FOR_TLS = packets.packet(1, struct.pack("<IIB23s", FLAGS | 0x800, 1 << 24, 45, b""))


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> FrontConfig:
    made = Authority(tmp_path_factory.mktemp("authority")).issue(HOST)
    return FrontConfig(
        "east", HOST, 3306, str(made.file), str(made.key), {"probe": "known"},
        {"AKID": "secret"}, 60.0, ("west",),
    )  # fmt: skip


@pytest.fixture
def front(config: FrontConfig) -> Front:
    found = Fronts(config).of("west")
    assert found is not None
    found.from_server(packets.packet(0, GREETING))
    return found


def taken(buffer: bytearray) -> bytes:
    data = bytes(buffer)
    buffer.clear()
    return data


def test_only_the_sources_that_are_named_have_a_front(config: FrontConfig) -> None:
    assert Fronts(config).of("clients") is None


def test_the_greeting_offers_tls_and_is_otherwise_the_servers(front: Front) -> None:
    said = taken(front.to_client)
    greeting = packets.Greeting.read(said[4:])
    assert greeting is not None
    assert greeting.scramble == b"12345678abcdefghijkl"
    different = [a ^ b for a, b in zip(said[4:], GREETING, strict=True) if a != b]
    assert different == [0x08], "one bit: CLIENT_SSL"


def test_what_comes_in_pieces_waits_for_the_rest(config: FrontConfig) -> None:
    front = Front(config, ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER))
    whole = packets.packet(0, GREETING)
    front.from_server(whole[:3])
    front.from_server(whole[3:50])
    assert not front.to_client
    front.from_server(whole[50:])
    assert len(front.to_client) == len(whole)


def test_a_server_that_refuses_at_once_is_heard(config: FrontConfig) -> None:
    front = Front(config, ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER))
    refusal = packets.error(0, 1040, "08004", "Too many connections")
    front.from_server(refusal)
    assert taken(front.to_client) == refusal
    front.from_client(b"anything")
    front.from_server(b"else")
    assert taken(front.to_server) == b"anything"
    assert taken(front.to_client) == b"else"


def test_another_user_without_tls_passes_unchanged(front: Front) -> None:
    taken(front.to_client)
    login = packets.packet(1, answer("app"))
    front.from_client(login)
    assert taken(front.to_server) == login
    switch = packets.packet(2, b"\xfeother_plugin\0")
    front.from_server(switch)
    front.from_client(packets.packet(3, b"reply"))
    front.from_server(packets.packet(4, b"\0"))
    assert taken(front.to_client) == switch + packets.packet(4, b"\0")
    assert taken(front.to_server) == packets.packet(3, b"reply")
    front.from_server(b"rows")
    assert taken(front.to_client) == b"rows"


def test_the_iam_user_without_tls_is_refused(front: Front) -> None:
    taken(front.to_client)
    front.from_client(packets.packet(1, answer("probe")) + b"more")
    assert b"insecure transport" in front.to_client
    assert front.is_over
    assert not front.to_server


class Client:
    """A client's end of TLS, over buffers."""

    def __init__(self, front: Front) -> None:
        self._front = front
        self._in, self._out = ssl.MemoryBIO(), ssl.MemoryBIO()
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        self._tls = context.wrap_bio(self._in, self._out)
        self._start()

    def _start(self) -> None:
        first = ASK_FOR_TLS
        while True:
            try:
                self._tls.do_handshake()
            except ssl.SSLWantReadError:
                # The request for TLS and what follows it may arrive as one.
                self._front.from_client(first + self._out.read())
                first = b""
                self._in.write(taken(self._front.to_client))
            else:
                self._front.from_client(self._out.read())
                return

    def say(self, data: bytes, *, last: bool = False) -> None:
        self._tls.write(data)
        if last:
            with contextlib.suppress(ssl.SSLWantReadError):
                self._tls.unwrap()
        self._front.from_client(self._out.read())

    def hear(self) -> tuple[int, bytes]:
        self._in.write(taken(self._front.to_client))
        found = packets.take(bytearray(self._tls.read(65536)))
        assert found is not None
        return found


def test_a_token_opens_the_door_inside_tls(front: Front) -> None:
    taken(front.to_client)
    client = Client(front)
    client.say(packets.packet(2, answer("probe")))
    assert client.hear() == (3, b"\xfemysql_clear_password\0")
    good = token.sign(KEY, "east", HOST, 3306, "probe", at=front._clock())
    client.say(packets.packet(4, good.encode() + b"\0"))
    found = packets.take(front.to_server)
    assert found is not None
    sequence, login = found
    assert (sequence, packets.Response(login).user) == (1, "probe")
    assert packets.native_password("known", b"12345678abcdefghijkl") in login
    assert not packets.Response(login).flags & 0x800
    front.from_server(packets.packet(2, b"\0"))
    assert client.hear() == (5, b"\0"), "the client's count goes on"
    client.say(b"\x01\0\0\0\x0e")
    assert taken(front.to_server) == b"\x01\0\0\0\x0e"


def test_what_comes_before_the_end_of_tls_is_passed_on(front: Front) -> None:
    taken(front.to_client)
    client = Client(front)
    client.say(packets.packet(2, answer("app")), last=True)
    assert taken(front.to_server) == packets.packet(1, answer("app"))
    assert not front.is_over


def test_another_user_inside_tls_is_a_client_without_it_to_the_server(front: Front) -> None:
    taken(front.to_client)
    client = Client(front)
    client.say(packets.packet(2, answer("app", FLAGS | 0x800)))
    assert taken(front.to_server) == packets.packet(1, answer("app"))
    front.from_server(packets.packet(2, b"\xff\x15\x04#28000No"))
    assert client.hear() == (3, b"\xff\x15\x04#28000No")


def test_what_is_not_tls_ends_the_connection(front: Front) -> None:
    front.from_client(ASK_FOR_TLS)
    front.from_client(b"this is not TLS, not even nearly")
    assert front.is_over


def test_a_token_is_good_for_one_host_port_user_region_and_time(config: FrontConfig) -> None:
    def problem(**how: object) -> str | None:
        asked = {"region": "east", "host": HOST, "port": 3306, "user": "probe", "at": 1000.0}
        made = token.sign(KEY, **{**asked, **how})  # type: ignore[arg-type]
        return config.problem(made, "probe", 1000.0)

    assert problem() is None
    assert problem(at=941.0) is None
    for how in ({"region": "west"}, {"host": "alias"}, {"port": 3307}, {"user": "root"}):
        assert "signed for another" in str(problem(**how)), how
    assert problem(at=939.0) == "signed 61 s ago, good for 60 s"
    assert "signed -301 s ago" in str(problem(at=1301.0))
    session = token.Key("AKID", "secret", "a/session+token")
    made = token.sign(session, "east", HOST, 3306, "probe", at=1000.0)
    assert config.problem(made, "probe", 1000.0) is None
    assert "not a token" in str(config.problem("a password", "probe", 1000.0))


# --- in the relay


def test_a_relayed_connection_gets_the_front_and_its_end(
    net: RelayThread, dial: Dial, config: FrontConfig, server: Echo
) -> None:
    net.set_front("east", config)
    connection = dial()
    assert silent(connection), "the echo's hello is not a whole packet"
    other = dial("clients")
    assert read(other, 5) == b"hello", "other sources have none"
    net.set_front("east", None)
    assert read(dial(), 5) == b"hello"


def test_a_dead_server_behind_a_front_breaks_the_connection(
    net: RelayThread, dial: Dial, config: FrontConfig, server: Echo
) -> None:
    net.set_front("east", config)
    connection = dial()
    assert wait_until(lambda: net.stats()[0].established == 1, 5)
    server.kill()
    with contextlib.suppress(ConnectionResetError):  # either is an end
        assert connection.recv(100) == b""
    assert wait_until(lambda: sum(row.established for row in net.stats()) == 0, 5)


def test_a_stopped_server_behind_a_front_is_silent(
    net: RelayThread, dial: Dial, config: FrontConfig, server: Echo
) -> None:
    net.set_front("east", config)
    server.stop()
    connection = dial(timeout_s=0.2)
    with pytest.raises(TimeoutError):
        connection.recv(1)
    server.resume()


def test_a_client_that_goes_takes_the_servers_connection_with_it(
    net: RelayThread, dial: Dial, config: FrontConfig
) -> None:
    net.set_front("east", config)
    connection = dial()
    assert wait_until(lambda: net.stats()[0].established == 1, 5)
    connection.shutdown(socket.SHUT_WR)
    assert connection.recv(1) == b"", "the echo sees the end and hangs up"
    connection.close()
    assert wait_until(lambda: sum(row.established for row in net.stats()) == 0, 5)


def test_a_front_needs_its_certificate(net: RelayThread, config: FrontConfig) -> None:
    with pytest.raises(LabError, match="No such file"):
        net.set_front("east", replace(config, certificate="/nowhere.pem"))


def test_a_refusal_reaches_the_client_before_the_end(front: Front) -> None:
    async def refused() -> bytes:
        loop = asyncio.get_running_loop()
        here, there = socket.socketpair()
        here.setblocking(False)
        interposed = Interposed(loop, here, front, lambda: None)
        await loop.sock_sendall(interposed.near, packets.packet(1, answer("probe")))
        heard = b""
        while data := await loop.sock_recv(interposed.near, 4096):
            heard += data
        interposed.close()
        interposed.near.close()
        assert there.recv(1) == b"", "nothing was said to the server but the end"
        there.close()
        return heard

    assert b"insecure transport" in asyncio.run(refused())


def test_a_server_that_breaks_off_breaks_the_clients_connection_off(front: Front) -> None:
    async def broken() -> None:
        loop, heard = asyncio.get_running_loop(), asyncio.Event()
        here, there = socket.socketpair()
        here.setblocking(False)
        here.send(b"never read")
        interposed = Interposed(loop, here, front, heard.set)
        there.close()  # with something unread: the kernel resets
        await asyncio.wait_for(heard.wait(), 20)
        interposed.close()
        interposed.near.close()

    asyncio.run(broken())


# --- certificates


def test_without_openssl_the_cure_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(LabError, match="apt install openssl"):
        Authority(tmp_path)


def test_a_refusal_of_openssl_is_told(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    with pytest.raises(LabError, match="openssl made no certificate for not a name,,"):
        authority.issue("not a name,,")
