"""PostgreSQL as the clients see it: the same writers, oracle and canaries with another driver."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

from bicoastal.lab.clients import Target
from bicoastal.lab.oracle import INSERT, TABLE

SCHEMA = f"""
CREATE TABLE {TABLE} (
  n BIGSERIAL PRIMARY KEY,
  client INT NOT NULL,
  seq INT NOT NULL,
  id CHAR(36) NOT NULL,
  at TIMESTAMP(6) NOT NULL DEFAULT clock_timestamp()
)
"""
# A row may have been committed although the server says: connection lost, completion unknown,
# shutting down or crashed (https://www.postgresql.org/docs/15/errcodes-appendix.html).
_UNCERTAIN = ("08", "40003", "57P")


class _Cursor:
    """A cursor that is a context manager, as PyMySQL's is."""

    def __init__(self, cursor: Any) -> None:
        self._cursor = cursor

    def __enter__(self) -> Any:
        return self._cursor

    def __exit__(self, *_: object) -> None:
        self._cursor.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._cursor, name)


class _Connection:
    def __init__(self, connection: Any) -> None:
        self._connection = connection

    def cursor(self) -> _Cursor:
        return _Cursor(self._connection.cursor())

    def close(self) -> None:
        self._connection.close()


class PostgreSql:
    """PostgreSQL by pg8000, which is pure Python as PyMySQL is, and has one time-out as it has.

    Args:
        environment: The virtual environment that it is installed in.
    """

    insert = INSERT

    def __init__(self, environment: Path) -> None:
        for folder in environment.glob("lib/python3*/site-packages"):
            if str(folder) not in sys.path:
                sys.path.append(str(folder))  # last: nothing of ours is replaced
        self._driver: Any = importlib.import_module("pg8000.dbapi")
        self.errors: tuple[type[Exception], ...] = (self._driver.Error,)

    def connect(self, address: str, target: Target) -> Any:
        """Open a connection with autocommit."""
        connection = self._driver.connect(
            host=address,
            port=target.port,
            user=target.user,
            password=target.password,
            database=target.database,
            timeout=target.timeout_s,
        )
        connection.autocommit = True
        return _Connection(connection)

    def explain(self, failure: Exception) -> tuple[int, bool]:
        """Tell what a failed write means; PostgreSQL's codes are no numbers."""
        said = failure.args[0] if failure.args else None
        state = str(said.get("C", "")) if isinstance(said, dict) else ""
        return 0, bool(state) and not state.startswith(_UNCERTAIN)
