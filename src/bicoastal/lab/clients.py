"""Clients that write through the database's DNS name and remember every outcome."""

from __future__ import annotations

import contextlib
import random
import threading
import time
import uuid
from dataclasses import dataclass
from typing import Any, Protocol

import pymysql

from bicoastal.lab.history import History, Op, Outcome, Progress, Stage, Timeline, rto
from bicoastal.lab.oracle import INSERT
from bicoastal.lab.route53.resolver import ResolutionError

__all__ = ["History", "Op", "Progress", "Timeline", "Writers", "rto"]

# Errors that the server reports although the row may have been committed: error during COMMIT,
# interrupted, shutting down, connection killed, unknown error
# (https://mariadb.com/docs/server/reference/error-codes/mariadb-error-code-reference).
_UNCERTAIN = frozenset({1053, 1105, 1180, 1317, 1927})
_FIRST_CLIENT_ERROR = 2000


class Resolves(Protocol):
    """What turns the database's name into an address."""

    def resolve(self, name: str) -> str:
        """Give the address of a name or raise `ResolutionError`."""
        ...

    def clone(self) -> Resolves:
        """Give another one with a cache of its own."""
        ...


@dataclass(frozen=True)
class Target:
    """What the clients connect to.

    Attributes:
        domain: The database's DNS name.
        port: Its port.
        user: Database user.
        password: Its password.
        database: Name of the database.
        timeout_s: Seconds to wait for a connection, for an answer, and for sending.
    """

    domain: str
    port: int
    user: str
    password: str
    database: str
    timeout_s: float


class Driver(Protocol):
    """How clients talk to one kind of database.

    Attributes:
        insert: The statement that writes client, number and identifier.
        errors: What the driver raises, besides `OSError`.
    """

    insert: str
    errors: tuple[type[Exception], ...]

    def connect(self, address: str, target: Target) -> Any:
        """Open a connection with autocommit.

        Args:
            address: The server's address.
            target: The rest.

        Returns:
            The connection; its cursors are context managers.
        """
        ...

    def explain(self, failure: Exception) -> tuple[int, bool]:
        """Tell what a failed write means.

        Args:
            failure: What was raised.

        Returns:
            The error's number, 0 for none, and whether the row is certainly not written.
        """
        ...


class MySql:
    """MySQL and MariaDB by PyMySQL."""

    insert = INSERT
    errors: tuple[type[Exception], ...] = (pymysql.MySQLError,)

    def connect(self, address: str, target: Target) -> pymysql.Connection[Any]:
        """Open a connection with autocommit."""
        # Building a TLS context would take longer than connecting; the lab is loopback only.
        return pymysql.connect(
            host=address,
            port=target.port,
            user=target.user,
            password=target.password,
            database=target.database,
            autocommit=True,
            connect_timeout=target.timeout_s,
            read_timeout=target.timeout_s,
            write_timeout=target.timeout_s,
            ssl_disabled=True,
        )

    def explain(self, failure: Exception) -> tuple[int, bool]:
        """Tell what a failed write means: a server's own error is certain, with exceptions."""
        code = failure.args[0] if isinstance(failure.args[0], int) else 0
        return code, 0 < code < _FIRST_CLIENT_ERROR and code not in _UNCERTAIN


class Writers:
    """Clients that insert one unique row a transaction, each at its own pace.

    Nothing is ever tried twice: after an error the client closes its connection, asks its
    resolver again and makes a *new* attempt with the next number. So each attempt has one
    outcome, and the oracle can account for every row.

    Args:
        resolver: Gives addresses; every client clones it and so has a cache of its own.
        domain: The database's DNS name.
        port: Its port.
        user: Database user.
        password: Its password.
        database: Name of the database that holds the oracle's table.
        count: Number of clients.
        rate_per_s: Attempts a second of all clients together, at most.
        timeout_s: Seconds to wait for a connection or an answer.
        seed: Of the rows' identifiers and the clients' phases.
        driver: Talks to the database; MySQL's if left out.
        keep_s: Seconds until the history forgets an attempt; never if left out.
    """

    def __init__(
        self,
        resolver: Resolves,
        domain: str,
        *,
        port: int,
        user: str,
        password: str,
        database: str,
        count: int = 8,
        rate_per_s: float = 200.0,
        timeout_s: float = 1.0,
        seed: int = 0,
        driver: Driver | None = None,
        keep_s: float | None = None,
    ) -> None:
        target = Target(domain, port, user, password, database, timeout_s)
        self._interval_s = count / rate_per_s
        self.history = History(keep_s=keep_s)
        self._stopping = threading.Event()
        self._clients = [
            _Client(
                number,
                resolver=resolver.clone(),
                target=target,
                driver=driver or MySql(),
                history=self.history,
                seed=seed,
            )
            for number in range(count)
        ]
        self._threads: list[threading.Thread] = []

    def start(self) -> Writers:
        """Start every client, each in a thread.

        Returns:
            Itself.
        """
        self._threads = [
            threading.Thread(
                target=client.run,
                args=(self._stopping, self._interval_s),
                name=f"writer-{client.number}",
                daemon=True,
            )
            for client in self._clients
        ]
        for thread in self._threads:
            thread.start()
        return self

    def stop(self) -> History:
        """Let every client finish its present attempt and stop.

        Returns:
            The complete history.
        """
        self._stopping.set()
        for thread in self._threads:
            thread.join()
        return self.history

    def progress(self) -> Progress:
        """Count outcomes so far."""
        return self.history.progress()

    def __enter__(self) -> Writers:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()


class _Client:
    """One client: at most one connection, one attempt at a time."""

    def __init__(
        self,
        number: int,
        *,
        resolver: Resolves,
        target: Target,
        driver: Driver,
        history: History,
        seed: int,
    ) -> None:
        self.number = number
        self._resolver = resolver
        self._target = target
        self._driver = driver
        self._failures: tuple[type[Exception], ...] = (*driver.errors, OSError, ResolutionError)
        self._history = history
        # A string seeds the same on every run, unlike a tuple's hash.
        self._random = random.Random(f"{seed}/{number}")  # noqa: S311 - identifiers, no secrets
        self._connection: Any = None
        self._address = ""
        self._seq = 0

    def run(self, stopping: threading.Event, interval_s: float) -> None:
        """Write until told to stop."""
        due = time.monotonic() + self._random.random() * interval_s
        while not stopping.wait(max(0.0, due - time.monotonic())):
            self.attempt()
            # Attempts missed in an outage are not made up for: that would be a burst.
            due = max(due + interval_s, time.monotonic())
        self._close()

    def attempt(self) -> None:
        """Make one attempt and record its outcome."""
        self._seq += 1
        row = str(uuid.UUID(int=self._random.getrandbits(128), version=4))
        invoked_s, invoked_wall_s = time.monotonic(), time.time()
        outcome, stage, code, error = self._write(row)
        self._history.add(
            Op(
                client=self.number,
                seq=self._seq,
                id=row,
                outcome=outcome,
                stage=stage,
                address=self._address,
                code=code,
                error=error,
                invoked_s=invoked_s,
                done_s=time.monotonic(),
                invoked_wall_s=invoked_wall_s,
                done_wall_s=time.time(),
            )
        )
        if outcome != "ok":
            self._close()

    def _write(self, row: str) -> tuple[Outcome, Stage, int, str]:
        stage: Stage = "write"
        try:
            if self._connection is None:
                self._address = ""
                stage = "resolve"
                self._address = self._resolver.resolve(self._target.domain)
                stage = "connect"
                self._connection = self._driver.connect(self._address, self._target)
                stage = "write"
            with self._connection.cursor() as cursor:
                cursor.execute(self._driver.insert, (self.number, self._seq, row))
        except self._failures as failure:
            code, certain = self._driver.explain(failure)
            definite = stage != "write" or certain
            return "fail" if definite else "unknown", stage, code, str(failure)
        return "ok", stage, 0, ""

    def _close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(*self._driver.errors):  # the driver closed it already
                connection.close()
