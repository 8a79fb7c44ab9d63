"""The few packets of MySQL's connection phase that the front must read or write.

https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_connection_phase.html
"""

from __future__ import annotations

import hashlib
import struct
from dataclasses import dataclass

OK, ERROR, SWITCH = 0x00, 0xFF, 0xFE
SSL_FLAG = 0x800
SSL_REQUEST_SIZE = 32
CLEAR_PASSWORD = b"mysql_clear_password"
_NATIVE_PASSWORD = b"mysql_native_password"
_PROTOCOL = 10
_HEADER = 4
# Of the client's answer: what the front does not write itself, when it logs in.
_UNSUPPORTED = 0x8 | SSL_FLAG | 0x100000 | 0x200000  # a schema, TLS, attributes, long answers
_FIXED = 32  # flags, packet size, character set, filler: before the user's name


def take(buffer: bytearray) -> tuple[int, bytes] | None:
    """Take the first packet out of a buffer: its sequence number and payload; None if not whole."""
    end = _HEADER + int.from_bytes(buffer[:3], "little")
    if len(buffer) < _HEADER or len(buffer) < end:
        return None
    sequence, payload = buffer[3], bytes(buffer[_HEADER:end])
    del buffer[:end]
    return sequence, payload


def packet(sequence: int, payload: bytes) -> bytes:
    """A packet: length, sequence number, payload."""
    return len(payload).to_bytes(3, "little") + bytes([sequence & 0xFF]) + payload


def error(sequence: int, code: int, state: str, text: str) -> bytes:
    """An error packet."""
    return packet(sequence, struct.pack("<BH", ERROR, code) + f"#{state}{text}".encode())


def switch_to_clear(sequence: int) -> bytes:
    """Asks the client for the password in clear, as AWS's plugin does."""
    return packet(sequence, bytes([SWITCH]) + CLEAR_PASSWORD + b"\0")


@dataclass(frozen=True)
class Greeting:
    """What the front needs of a server's greeting.

    Attributes:
        scramble: the 20 bytes that a password is hashed with.
        with_tls: the payload, offering TLS as well.
    """

    scramble: bytes
    with_tls: bytes

    @classmethod
    def read(cls, payload: bytes) -> Greeting | None:
        """Read one; None for anything else, such as an error."""
        if payload[:1] != bytes([_PROTOCOL]):
            return None
        at = payload.index(b"\0") + 5  # after the version and the connection's number
        flags_at = at + 9
        flags = int.from_bytes(payload[flags_at : flags_at + 2], "little") | SSL_FLAG
        offered = payload[:flags_at] + struct.pack("<H", flags) + payload[flags_at + 2 :]
        rest_at = flags_at + 18
        return cls(payload[at : at + 8] + payload[rest_at : rest_at + 12], offered)


@dataclass(frozen=True)
class Response:
    """A client's answer to the greeting.

    Attributes:
        payload: the answer.
    """

    payload: bytes

    @property
    def asks_for_tls(self) -> bool:
        """Whether this is the short answer that TLS begins after."""
        return len(self.payload) == SSL_REQUEST_SIZE and bool(self.flags & SSL_FLAG)

    @property
    def flags(self) -> int:
        """The client's capabilities."""
        return int.from_bytes(self.payload[:4], "little")

    @property
    def user(self) -> str:
        """Who wants to log in."""
        return self.payload[_FIXED:].split(b"\0", 1)[0].decode("utf-8", "replace")

    def without_tls(self) -> bytes:
        """The same answer from a client that did not encrypt."""
        return struct.pack("<I", self.flags & ~SSL_FLAG) + self.payload[4:]

    def logged_in_with(self, password: str, scramble: bytes) -> bytes:
        """The answer of this client, had it known a password."""
        hashed = native_password(password, scramble)
        return b"".join(
            (
                struct.pack("<I", self.flags & ~_UNSUPPORTED),
                self.payload[4:_FIXED],
                self.user.encode() + b"\0",
                bytes([len(hashed)]) + hashed,
                _NATIVE_PASSWORD + b"\0",
            )
        )


def native_password(password: str, scramble: bytes) -> bytes:
    """A password as `mysql_native_password` hashes it.

    https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_connection_phase_authentication_methods_native_password_authentication.html
    """
    once = _sha1(password.encode())
    mask = _sha1(scramble + _sha1(once))
    return bytes(a ^ b for a, b in zip(once, mask, strict=True))


def _sha1(data: bytes) -> bytes:
    return hashlib.sha1(data, usedforsecurity=False).digest()
