"""Writes into every member, again and again, whoever is meant to be the writer.

Clients follow a name and so hardly ever write to two members at once. Whether two *could* be
written to is what these attempts tell.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Self

from benchmarks.peers.judging import Attempt
from bicoastal.lab.clients import Driver, Target

INTERVAL_S = 0.1
TIMEOUT_S = 0.5
TABLE = """
CREATE TABLE IF NOT EXISTS bicoastal_canary (n SERIAL PRIMARY KEY, at DOUBLE PRECISION NOT NULL)
"""


class Canaries:
    """One thread for each member, from the clients' place, while it is entered.

    Args:
        driver: Connects.
        target: Whom to log in as.
        addresses: Member to the address at which the clients reach it.
    """

    def __init__(self, driver: Driver, target: Target, addresses: Mapping[str, str]) -> None:
        self._driver = driver
        self._failures: tuple[type[Exception], ...] = (*driver.errors, OSError)
        self._target = replace(target, timeout_s=TIMEOUT_S)
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._attempts: list[Attempt] = []
        self._threads = [
            threading.Thread(target=self._run, args=item, name=f"canary-{item[0]}", daemon=True)
            for item in addresses.items()
        ]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        for thread in self._threads:
            thread.join()

    def attempts(self) -> tuple[Attempt, ...]:
        """Every attempt so far."""
        with self._lock:
            return tuple(self._attempts)

    def _run(self, member: str, address: str) -> None:
        connection: Any = None
        while not self._stopping.wait(INTERVAL_S):
            try:
                if connection is None:
                    connection = self._driver.connect(address, self._target)
                with connection.cursor() as cursor:
                    cursor.execute("INSERT INTO bicoastal_canary (at) VALUES (%s)", (time.time(),))
                accepted = True
            except self._failures:
                accepted = False
                self._close(connection)
                connection = None
            with self._lock:
                self._attempts.append(Attempt(member, time.monotonic(), accepted))
        self._close(connection)

    def _close(self, connection: Any) -> None:
        if connection is not None:
            with contextlib.suppress(*self._failures):
                connection.close()


def create_table(connection: Any) -> None:
    """Create the canaries' table.

    Args:
        connection: To the writer, with autocommit.
    """
    with connection.cursor() as cursor:
        cursor.execute(TABLE)
