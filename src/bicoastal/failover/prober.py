"""A witness: probes one member, as deep as it can, and says UP, DOWN or UNKNOWN and why.

DOWN is said only of silence: refused, timed out, reset, or connected without a greeting (a hung
server still accepts connections, because its kernel does). Whoever answers is not dead: too many
connections and slow answers are UP and a veto. What the witness itself may be the cause of (name
resolution, credentials, TLS) is UNKNOWN. Before it says DOWN it proves, in the same round, that it
can reach another member.

A probe that stops at the greeting is an interrupted connection, and MySQL blocks a host after
`max_connect_errors` of them (error 1129, a veto here): the stack has to raise that parameter.
https://dev.mysql.com/doc/refman/8.0/en/server-system-variables.html#sysvar_max_connect_errors

The greeting is the initial handshake packet that the server sends first:
https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_connection_phase_packets_protocol_handshake_v10.html
"""

from __future__ import annotations

import errno
import socket
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pymysql

from bicoastal.failover.config import Endpoint, ProberConfig
from bicoastal.failover.votes import Depth, Verdict, Vote, unknown

Credentials = Callable[[str, Endpoint, str], str]
"""Makes the password for (member region, endpoint, user)."""

# Alive, but refusing more work: too many connections, host blocked after connection errors,
# no memory or thread for another connection, or the user's own limits.
# https://dev.mysql.com/doc/mysql-errors/8.0/en/server-error-reference.html
OVERLOAD_CODES = frozenset({1040, 1041, 1129, 1135, 1203, 1226})
_SILENT_ERRORS = frozenset(
    {errno.ECONNABORTED, errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EHOSTDOWN, errno.EPIPE}
)
_MAX_PACKET = 65536
_ERROR_MARK = 0xFF
_PROTOCOL = 10
_LOST = 2013


@dataclass(frozen=True)
class _Finding:
    verdict: Verdict
    depth: Depth
    reason: str
    overloaded: bool = False
    read_only: bool | None = None
    version: str | None = None


def probe(
    config: ProberConfig,
    member: str,
    *,
    timeout_s: float,
    credentials: Credentials | None = None,
    tls: ssl.SSLContext | None = None,
) -> Vote:
    """Probe one member.

    Args:
        config: where the members listen, and as whom to log in.
        member: region of the member to probe.
        timeout_s: seconds that each depth may take.
        credentials: makes the probe user's password; without it, or without a probe user, the
            greeting is the deepest that is probed.
        tls: how to encrypt the login; None sends it in clear, for sockets that never leave the
            machine.

    Returns:
        The vote; never raises for anything that a network or a server can do.
    """
    started = time.monotonic()
    endpoint = config.members.get(member)
    if endpoint is None:
        known = ", ".join(sorted(config.members))
        return unknown(config.region, member, f"not a member; the members are {known}")
    finding = _greeting(endpoint, timeout_s)
    healthy = finding.verdict is Verdict.UP and not finding.overloaded
    if healthy and config.probe_user is not None and credentials is not None:
        login = _Login(member, endpoint, config.probe_user, credentials, tls, timeout_s)
        finding = replace(login.attempt(), version=finding.version)
    if finding.verdict is Verdict.DOWN:
        finding = _prove(config, member, finding, timeout_s)
    return Vote(
        config.region,
        member,
        finding.verdict,
        finding.depth,
        finding.reason,
        elapsed_s=round(time.monotonic() - started, 4),
        overloaded=finding.overloaded,
        read_only=finding.read_only,
        version=finding.version,
    )


def _prove(config: ProberConfig, member: str, finding: _Finding, timeout_s: float) -> _Finding:
    """Keep DOWN only if another member, preferably the witness's own, answers right now."""
    others = sorted(set(config.members) - {member}, key=lambda region: region != config.region)
    for other in others:
        check = _greeting(config.members[other], timeout_s)
        if check.verdict is Verdict.UP:
            return replace(finding, reason=f"{finding.reason}; {other} answers")
    tried = ", ".join(others) or "no other member"
    reason = f"{finding.reason}; but {tried} cannot be reached either: the witness may be cut off"
    return replace(finding, verdict=Verdict.UNKNOWN, reason=reason)


def _greeting(endpoint: Endpoint, timeout_s: float) -> _Finding:
    """TCP connect, then the server's greeting, each within the timeout."""
    depth = Depth.TCP
    try:
        with socket.create_connection((endpoint.host, endpoint.port), timeout_s) as connection:
            depth = Depth.GREETING
            began = time.monotonic()
            packet = _read_packet(connection, began + timeout_s)
            slow = time.monotonic() - began > timeout_s / 2
    except TimeoutError:
        what = "no answer to a connection" if depth is Depth.TCP else "connected, but no greeting"
        hint = "" if depth is Depth.TCP else " (hung)"
        return _Finding(Verdict.DOWN, depth, f"{what} within {timeout_s:g} s{hint}")
    except ConnectionRefusedError:
        return _Finding(Verdict.DOWN, depth, "connection refused")
    except (ConnectionResetError, EOFError):
        return _Finding(Verdict.DOWN, depth, "connection reset before the greeting")
    except socket.gaierror as error:
        return _Finding(Verdict.UNKNOWN, Depth.NONE, f"name not resolved: {error.strerror}")
    except OSError as error:
        verdict = Verdict.DOWN if error.errno in _SILENT_ERRORS else Verdict.UNKNOWN
        return _Finding(verdict, depth, f"cannot connect: {error.strerror or error}")
    return _understand(packet, slow=slow)


def _read_packet(connection: socket.socket, deadline: float) -> bytes:
    """Read one packet: three bytes of length, one of sequence, and the payload."""
    length = int.from_bytes(_read(connection, 4, deadline)[:3], "little")
    return _read(connection, min(length, _MAX_PACKET), deadline)


def _read(connection: socket.socket, size: int, deadline: float) -> bytes:
    data = b""
    while len(data) < size:
        left = deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        connection.settimeout(left)
        received = connection.recv(size - len(data))
        if not received:
            raise EOFError
        data += received
    return data


def _understand(packet: bytes, *, slow: bool) -> _Finding:
    if packet[:1] == bytes([_ERROR_MARK]) and len(packet) >= 3:
        code = int.from_bytes(packet[1:3], "little")
        text = packet[9:] if packet[3:4] == b"#" else packet[3:]  # "#" and five of SQL state
        return _refused(Depth.GREETING, code, text.decode("utf-8", "replace"))
    if packet[:1] != bytes([_PROTOCOL]):
        return _Finding(Verdict.UNKNOWN, Depth.GREETING, "what answers is not a MySQL server")
    version = packet[1:].split(b"\0", 1)[0].decode("ascii", "replace")
    reason = "greeting, but slow" if slow else "greeting"
    return _Finding(Verdict.UP, Depth.GREETING, reason, overloaded=slow, version=version)


def _refused(depth: Depth, code: int, message: str) -> _Finding:
    """The server answered with an error: alive, and at most of no use as a witness."""
    text = f"error {code} {message}".strip()
    if code in OVERLOAD_CODES:
        return _Finding(Verdict.UP, depth, f"reachable but overloaded: {text}", overloaded=True)
    return _Finding(Verdict.UNKNOWN, depth, f"reachable, but refused: {text}")


@dataclass(frozen=True)
class _Login:
    member: str
    endpoint: Endpoint
    user: str
    credentials: Credentials
    tls: ssl.SSLContext | None
    timeout_s: float

    def attempt(self) -> _Finding:
        """Log in and ask for the role."""
        try:
            password = self.credentials(self.member, self.endpoint, self.user)
        except Exception as error:  # whatever boto3 raises: not the server's fault
            return _Finding(Verdict.UNKNOWN, Depth.LOGIN, f"no credentials: {type(error).__name__}")
        try:
            return self._ask(password)
        except (pymysql.MySQLError, OSError) as error:
            return _explain(error)

    def _ask(self, password: str) -> _Finding:
        connection: Any = pymysql.connect(
            host=self.endpoint.host,
            port=self.endpoint.port,
            user=self.user,
            password=password,
            ssl=self.tls,
            ssl_disabled=self.tls is None,
            connect_timeout=self.timeout_s,
            read_timeout=self.timeout_s,
            write_timeout=self.timeout_s,
        )
        try:
            with connection.cursor() as cursor:
                # Aurora's role is innodb_read_only; read_only also covers a fenced server.
                cursor.execute("SELECT @@innodb_read_only, @@read_only")
                read_only = any(int(flag) for flag in cursor.fetchone())
        finally:
            connection.close()
        reason = "logged in, read-only" if read_only else "logged in, writable"
        return _Finding(Verdict.UP, Depth.LOGIN, reason, read_only=read_only)


def _explain(error: Exception) -> _Finding:
    """What a failed login means; the greeting had come, so never DOWN."""
    causes = _causes(error)
    if any(isinstance(cause, ssl.SSLError) for cause in causes):
        return _Finding(Verdict.UNKNOWN, Depth.LOGIN, f"TLS failed: {causes[-1]}")
    code = error.args[0] if error.args and isinstance(error.args[0], int) else 0
    if any(isinstance(cause, TimeoutError) for cause in causes):
        reason = "reachable but overloaded: a greeting, but no answer to the login in time"
        return _Finding(Verdict.UP, Depth.LOGIN, reason, overloaded=True)
    message = str(error.args[1]) if len(error.args) > 1 else str(error)
    if code == _LOST:
        return _Finding(Verdict.UNKNOWN, Depth.LOGIN, f"connection lost in the login: {message}")
    return _refused(Depth.LOGIN, code, message)


def _causes(error: BaseException) -> list[BaseException]:
    chain: list[BaseException] = []
    following: BaseException | None = error
    while following is not None and following not in chain:
        chain.append(following)
        following = (
            getattr(following, "original_exception", None)
            or following.__cause__
            or following.__context__
        )
    return chain
