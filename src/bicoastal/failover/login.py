"""The last two depths of a probe: the login, which tells the role, and the canary write.

Whoever greeted is alive, so nothing here says DOWN. A writer that does not take the canary is no
use to clients, and is a person's case all the same: storage that stalls, a full disk or a hand on
`read_only` do not get better by losing writes.
"""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import pymysql

from bicoastal.failover.config import Endpoint
from bicoastal.failover.greeting import Finding, refused
from bicoastal.failover.votes import Depth, Verdict

Credentials = Callable[[str, Endpoint, str], str]
"""Makes the password for (member region, endpoint, user)."""

# Aurora tells its role by innodb_read_only, which nobody can set; a MariaDB replica, and a server
# that somebody has closed by hand, by read_only.
ROLE_SQL = "SELECT @@innodb_read_only, @@read_only"
# One row for each witness, so that witnesses do not wait for each other.
CANARY_SQL = "REPLACE INTO {table} (witness, beat_at) VALUES (%s, NOW(6))"
# read_only and its kin; https://dev.mysql.com/doc/mysql-errors/8.0/en/server-error-reference.html
_CLOSED_CODES = frozenset({1290, 1792, 1836, 3100})
# No such database, table, column or privilege: `bicoastal bootstrap` was not applied here.
_UNPREPARED_CODES = frozenset({1044, 1049, 1054, 1142, 1143, 1146})
# The driver's own: no connection any more, whether closed or reset.
_LOST_CODES = frozenset({2003, 2006, 2013})
_CANNOT_LOAD = 2059


class _Session(pymysql.Connection):
    """A connection whose statements are ASCII, and which saves the round trip to say so."""

    def set_character_set(self, charset: str, collation: str | None = None) -> None:
        """Leave the character set as it is."""


class _NeverInClear:
    """Refuses to send a password that is neither hashed nor encrypted, whoever asks for it."""

    def __init__(self, _connection: object) -> None:
        pass

    def authenticate(self, _packet: object) -> object:
        """Refuse."""
        message = "the server asks for the password in clear, without TLS"
        raise pymysql.OperationalError(_CANNOT_LOAD, message)


class _Clock:
    """Ends a connection whose depth has taken its time, wherever it waits.

    PyMySQL's own timeouts count for each packet, and a login takes several.
    """

    def __init__(self, connection: socket.socket, limit_s: float) -> None:
        self._connection = connection.dup()  # TLS takes the original over
        self._limit_s = limit_s
        self.is_late = False

    @contextmanager
    def limit(self) -> Iterator[None]:
        timer = threading.Timer(self._limit_s, self._end)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
            timer.join()

    def close(self) -> None:
        self._connection.close()

    def _end(self) -> None:
        self.is_late = True
        with suppress(OSError):  # the other side was quicker
            self._connection.shutdown(socket.SHUT_RDWR)


@dataclass(frozen=True)
class Login:
    """How to go on from a greeting.

    Attributes:
        witness: region of the witness, which names its row.
        member: region of the member.
        endpoint: where it listens; TLS verifies the name.
        user: database user.
        credentials: makes its password.
        tls: how to encrypt; None sends a password only hashed.
        timeout_s: seconds that the login, the question for the role and the canary may each take.
        heartbeat: the table that the canary is written to; None stops at the role.
    """

    witness: str
    member: str
    endpoint: Endpoint
    user: str
    credentials: Credentials
    tls: ssl.SSLContext | None
    timeout_s: float
    heartbeat: str | None = None

    def attempt(self, connection: socket.socket) -> Finding:
        """Log in, ask for the role, write the canary.

        Args:
            connection: connected, its greeting unread.

        Returns:
            What was found.
        """
        try:
            password = self.credentials(self.member, self.endpoint, self.user)
        except Exception as error:  # whatever it is: not the server's fault
            reason = f"no credentials: {type(error).__name__}"
            return Finding(Verdict.UNKNOWN, Depth.LOGIN, reason, needs_repair=True)
        clock = _Clock(connection, self.timeout_s)
        session = self._session(password)
        role: Finding | None = None
        try:
            with clock.limit():
                session.connect(connection)
            with clock.limit():
                role = _role(session)
            if role.read_only or self.heartbeat is None:
                return role
            with clock.limit():
                return self._write(session, self.heartbeat)
        except (pymysql.MySQLError, OSError) as error:
            if role is None:
                return _login_failed(error, is_late=clock.is_late)
            return _canary_failed(error, role, is_late=clock.is_late)
        finally:
            if session.open:
                session.close()
            clock.close()

    def _session(self, password: str) -> Any:
        return _Session(
            host=self.endpoint.host,
            port=self.endpoint.port,
            user=self.user,
            password=password,
            ssl=self.tls,
            ssl_disabled=self.tls is None,
            auth_plugin_map={} if self.tls else {"mysql_clear_password": _NeverInClear},
            autocommit=None,  # as the server has it, which is on; asking takes a round trip
            defer_connect=True,
        )

    def _write(self, session: Any, table: str) -> Finding:
        with session.cursor() as cursor:
            cursor.execute(CANARY_SQL.format(table=table), (self.witness,))
        return Finding(Verdict.UP, Depth.CANARY, "wrote the canary", read_only=False, written=True)


def _role(session: Any) -> Finding:
    with session.cursor() as cursor:
        cursor.execute(ROLE_SQL)
        by_role, by_hand = (bool(int(flag)) for flag in cursor.fetchone())
    if by_role or by_hand:
        which = "innodb_read_only" if by_role else "read_only"
        reason = f"logged in, read-only ({which})"
    else:
        reason = "logged in, writable"
    return Finding(Verdict.UP, Depth.LOGIN, reason, read_only=by_role or by_hand)


def _login_failed(error: Exception, *, is_late: bool) -> Finding:
    """What it means that a login failed, or that the role was not told."""
    causes = _causes(error)
    if is_late or any(isinstance(cause, TimeoutError) for cause in causes):
        reason = "reachable but overloaded: a greeting, but no answer to the login in time"
        return Finding(Verdict.UP, Depth.LOGIN, reason, overloaded=True)
    if any(isinstance(cause, ssl.SSLError) for cause in causes):
        reason = f"TLS failed: {causes[-1]}"
        return Finding(Verdict.UNKNOWN, Depth.LOGIN, reason, needs_repair=True)
    code, message = _told(error)
    if code in _LOST_CODES or not code:
        return Finding(Verdict.UNKNOWN, Depth.LOGIN, f"connection lost in the login: {message}")
    return refused(Depth.LOGIN, code, message)


def _canary_failed(error: Exception, role: Finding, *, is_late: bool) -> Finding:
    """What it means that a server which let the witness in did not take its write."""
    code, message = _told(error)
    text = f"error {code} {message}"
    if is_late:
        reason = "logged in, but a write does not end: its storage stalls, or it is locked"
        return Finding(Verdict.UP, Depth.CANARY, reason, read_only=False, written=False)
    if code in _LOST_CODES:
        return Finding(Verdict.UNKNOWN, Depth.CANARY, f"connection lost in the canary: {message}")
    if code in _UNPREPARED_CODES:
        reason = f"{role.reason}; no canary, run `bicoastal bootstrap`: {text}"
        return Finding(Verdict.UP, Depth.LOGIN, reason, read_only=False, needs_repair=True)
    reason = f"logged in, but it takes no write: {text}"
    is_closed = code in _CLOSED_CODES
    return Finding(Verdict.UP, Depth.CANARY, reason, read_only=is_closed, written=False)


def _told(error: Exception) -> tuple[int, str]:
    code = error.args[0] if error.args and isinstance(error.args[0], int) else 0
    return code, str(error.args[1]) if len(error.args) > 1 else str(error)


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
