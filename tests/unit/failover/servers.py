"""Small real TCP servers on loopback, each with one behaviour, served by a thread."""

from __future__ import annotations

import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from bicoastal.failover.config import Endpoint

Behaviour = Callable[[socket.socket], None]
_SECURE_CONNECTION, _PLUGIN_AUTH, _SSL, _PROTOCOL_41 = 0x8000, 0x80000, 0x800, 0x200


def packet(payload: bytes, sequence: int = 0) -> bytes:
    """A MySQL packet."""
    return len(payload).to_bytes(3, "little") + bytes([sequence]) + payload


def greeting(*, tls: bool = False) -> bytes:
    """An initial handshake packet, version 10."""
    flags = _SECURE_CONNECTION | _PLUGIN_AUTH | _PROTOCOL_41 | (_SSL if tls else 0)
    return packet(
        b"\x0a8.0.39-fake\0"
        + struct.pack("<I", 7)
        + b"12345678\0"
        + struct.pack("<H", flags & 0xFFFF)
        + b"\x2d"
        + struct.pack("<HH", 2, flags >> 16)
        + b"\x15"
        + bytes(10)
        + b"123456789012\0"
        + b"mysql_native_password\0"
    )


def error(code: int, text: str, sequence: int = 0) -> bytes:
    """An error packet: before the handshake, or as an answer (sequence 1)."""
    return packet(b"\xff" + struct.pack("<H", code) + text.encode(), sequence)


def says(data: bytes) -> Behaviour:
    """Send the data, then wait until the other side is gone."""

    def behave(connection: socket.socket) -> None:
        connection.sendall(data)
        hold(connection)

    return behave


def hold(connection: socket.socket) -> None:
    """Read until the other side is gone, and answer nothing."""
    while connection.recv(4096):
        pass


def hang_up(connection: socket.socket) -> None:
    """Close at once."""


def reset(connection: socket.socket) -> None:
    """Close so that the other side gets a reset."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def greet_then_hang_up(connection: socket.socket) -> None:
    """Send the greeting, wait for the login, close."""
    connection.sendall(greeting())
    connection.recv(4096)


def greet_then_refuse(code: int, text: str) -> Behaviour:
    """Send the greeting, and answer the login with an error."""

    def behave(connection: socket.socket) -> None:
        connection.sendall(greeting())
        connection.recv(4096)
        payload = b"\xff" + struct.pack("<H", code) + b"#HY000" + text.encode()
        connection.sendall(packet(payload, 2))
        hold(connection)

    return behave


def cut_short(connection: socket.socket) -> None:
    """Send a part of the greeting and close."""
    connection.sendall(greeting()[:20])


def trickle_the_login(connection: socket.socket) -> None:
    """Let each byte of the answer to a login come in time, but not the whole."""
    connection.sendall(greeting())
    connection.recv(4096)
    for byte in packet(bytes([0xFF]) * 100, 2):
        connection.sendall(bytes([byte]))
        time.sleep(0.05)


def ask_in_clear(connection: socket.socket) -> None:
    """Ask for the password in clear, as IAM's plugin does."""
    connection.sendall(greeting())
    connection.recv(4096)
    connection.sendall(packet(b"\xfemysql_clear_password\0", 2))
    hold(connection)


def greet_then_break_tls(connection: socket.socket) -> None:
    """Offer TLS, and answer its first message with something else."""
    connection.sendall(greeting(tls=True))
    connection.recv(4096)
    connection.sendall(b"this is not a TLS record, not even nearly")
    hold(connection)


def reset_in_tls(connection: socket.socket) -> None:
    """Offer TLS, and reset in its handshake: a server that is killed just then."""
    connection.sendall(greeting(tls=True))
    connection.recv(4096)
    reset(connection)


def _row(*values: bytes) -> bytes:
    return b"".join(bytes([len(value)]) + value for value in values)


def _column(name: bytes) -> bytes:
    fixed = b"\x0c" + struct.pack("<HIBHB", 63, 1, 8, 0, 0) + bytes(2)
    return _row(b"def", b"", b"", b"", name, name) + fixed


OK = packet(b"\0\0\0\x02\0\0\0", 1)


def server(
    innodb_read_only: int,
    read_only: int,
    *,
    canary: bytes | None = OK,
    seen: list[bytes] | None = None,
) -> Behaviour:
    """Let anybody log in, answer a SELECT with the two flags, and a write as told.

    A `canary` of None leaves the write without an answer, an empty one hangs up.
    """
    ok, eof = OK[4:], b"\xfe\0\0\x02\0"
    flags = (str(innodb_read_only).encode(), str(read_only).encode())
    payloads = (b"\x02", _column(b"a"), _column(b"b"), eof, _row(*flags), eof)

    def behave(connection: socket.socket) -> None:
        connection.sendall(greeting())
        sequence = 2
        while True:
            data = connection.recv(4096)
            if not data or data[4:5] == b"\x01":
                return
            if b"REPLACE" in data:
                if seen is not None:
                    seen.append(data)
                if canary == b"":
                    return
                connection.sendall(canary or b"")
            elif b"SELECT" in data:
                numbered = [packet(payload, n + 1) for n, payload in enumerate(payloads)]
                connection.sendall(b"".join(numbered))
            else:
                connection.sendall(packet(ok, sequence))
            sequence = 1

    return behave


@contextmanager
def serve(behaviour: Behaviour) -> Iterator[Endpoint]:
    """A server with that behaviour for every connection, until the block ends."""
    listener = socket.create_server(("127.0.0.1", 0))
    open_connections: list[socket.socket] = []

    def attend(connection: socket.socket) -> None:
        with suppress(OSError), connection:
            behaviour(connection)

    def accept() -> None:
        with suppress(OSError):
            while True:
                connection, _ = listener.accept()
                open_connections.append(connection)
                threading.Thread(target=attend, args=(connection,), daemon=True).start()

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield Endpoint(*listener.getsockname())
    finally:
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        for connection in open_connections:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        thread.join(5)


@contextmanager
def dead() -> Iterator[Endpoint]:
    """A port on which nobody listens, kept from being given to anybody else."""
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        yield Endpoint(*holder.getsockname())


@contextmanager
def unanswered() -> Iterator[Endpoint]:
    """A listener whose queue is full: the kernel drops further connection requests."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        fillers = [socket.socket() for _ in range(4)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
        try:
            yield Endpoint(*listener.getsockname())
        finally:
            for filler in fillers:
                filler.close()
