"""The first two depths of a probe: the TCP connection, and the greeting that the server sends.

The greeting is looked at without being taken, so that the login goes on over the same connection:
a probe that hangs up after the greeting counts as an interrupted handshake, and MySQL blocks a
host after `max_connect_errors` of them (error 1129, a veto here).
https://dev.mysql.com/doc/refman/8.0/en/server-system-variables.html#sysvar_max_connect_errors

The greeting is the initial handshake packet:
https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_connection_phase_packets_protocol_handshake_v10.html
"""

from __future__ import annotations

import errno
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from bicoastal.failover.config import Endpoint
from bicoastal.failover.votes import Depth, Verdict

# Alive, but refusing more work: too many connections, host blocked after connection errors,
# no memory or thread for another connection, or the user's own limits.
# https://dev.mysql.com/doc/mysql-errors/8.0/en/server-error-reference.html
OVERLOAD_CODES = frozenset({1040, 1041, 1129, 1135, 1203, 1226})
_SILENT_ERRORS = frozenset(
    {errno.ECONNABORTED, errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EHOSTDOWN, errno.EPIPE}
)
_HEADER = 4
_LONGEST = 4096
_ERROR_MARK = 0xFF
_PROTOCOL = 10


@dataclass(frozen=True)
class Finding:
    """What a probe found; the attributes are those of a `Vote`."""

    verdict: Verdict
    depth: Depth
    reason: str
    overloaded: bool = False
    read_only: bool | None = None
    written: bool | None = None
    needs_repair: bool = False
    version: str | None = None


@contextmanager
def greeted(endpoint: Endpoint, timeout_s: float) -> Iterator[tuple[socket.socket | None, Finding]]:
    """Connect, and wait for the greeting, each within the timeout.

    Args:
        endpoint: where the member listens.
        timeout_s: seconds that each of the two may take.

    Yields:
        The open connection, whose greeting has not been read yet (None if there is none), and
        what was found; the connection is closed afterwards.
    """
    with ExitStack() as stack:
        yield _attempt(endpoint, timeout_s, stack)


def refused(depth: Depth, code: int, message: str) -> Finding:
    """What an error means that a server answers with: it is alive.

    Args:
        depth: where it was refused.
        code: MySQL's error number.
        message: its text.

    Returns:
        A veto for an overloaded server; otherwise UNKNOWN, and a human has to look, because it is
        this witness that is not let in.
    """
    text = f"error {code} {message}".strip()
    if code in OVERLOAD_CODES:
        return Finding(Verdict.UP, depth, f"reachable but overloaded: {text}", overloaded=True)
    return Finding(Verdict.UNKNOWN, depth, f"reachable, but refused: {text}", needs_repair=True)


def _attempt(
    endpoint: Endpoint, timeout_s: float, stack: ExitStack
) -> tuple[socket.socket | None, Finding]:
    depth = Depth.TCP
    try:
        connection = socket.create_connection((endpoint.host, endpoint.port), timeout_s)
        stack.enter_context(connection)
        depth = Depth.GREETING
        began = time.monotonic()
        packet = _peek_packet(connection, began + timeout_s)
        slow = time.monotonic() - began > timeout_s / 2
    except TimeoutError:
        what = "no answer to a connection" if depth is Depth.TCP else "connected, but no greeting"
        hint = "" if depth is Depth.TCP else " (hung)"
        return None, Finding(Verdict.DOWN, depth, f"{what} within {timeout_s:g} s{hint}")
    except ConnectionRefusedError:
        return None, Finding(Verdict.DOWN, depth, "connection refused")
    except (ConnectionResetError, EOFError):
        return None, Finding(Verdict.DOWN, depth, "connection reset before the greeting")
    except socket.gaierror as error:
        reason = f"name not resolved: {error.strerror}"
        return None, Finding(Verdict.UNKNOWN, Depth.NONE, reason)
    except OSError as error:
        verdict = Verdict.DOWN if error.errno in _SILENT_ERRORS else Verdict.UNKNOWN
        return None, Finding(verdict, depth, f"cannot connect: {error.strerror or error}")
    return connection, _understand(packet, slow=slow)


def _peek_packet(connection: socket.socket, deadline: float) -> bytes:
    """The payload of the first packet, as soon as it is whole, or cannot be a greeting."""
    start = _peek(connection, _HEADER + 1, deadline)
    if start[3] > 1 or start[4] not in (_PROTOCOL, _ERROR_MARK):
        return start[_HEADER:]  # a greeting is the first packet, in protocol 10, or an error
    length = min(int.from_bytes(start[:3], "little"), _LONGEST)
    return _peek(connection, _HEADER + length, deadline)[_HEADER:]


def _peek(connection: socket.socket, size: int, deadline: float) -> bytes:
    """Wait for that many bytes and leave them where they are."""
    data, seen = b"", -1
    while len(data) < size:
        if len(data) == seen:
            raise EOFError  # woken up without anything new: the other side has closed
        seen = len(data)
        left = deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        connection.settimeout(left)
        # Wakes up for the whole, or for the end of the stream.
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, size)
        data = connection.recv(size, socket.MSG_PEEK)
        if not data:
            raise EOFError
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, 1)
    return data


def _understand(packet: bytes, *, slow: bool) -> Finding:
    if packet[:1] == bytes([_ERROR_MARK]) and len(packet) >= 3:
        code = int.from_bytes(packet[1:3], "little")
        text = packet[9:] if packet[3:4] == b"#" else packet[3:]  # "#" and five of SQL state
        return refused(Depth.GREETING, code, text.decode("utf-8", "replace"))
    version, end, _ = packet[1:].partition(b"\0")
    if packet[:1] != bytes([_PROTOCOL]) or not end:
        reason = "what answers is not a MySQL server"
        return Finding(Verdict.UNKNOWN, Depth.GREETING, reason, needs_repair=True)
    return Finding(
        Verdict.UP,
        Depth.GREETING,
        "greeting, but slow" if slow else "greeting",
        overloaded=slow,
        version=version.decode("ascii", "replace"),
    )
