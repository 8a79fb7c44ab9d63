"""The members as a client with the application's account sees them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pymysql

from bicoastal.lab import oracle

TIMEOUT_S = 10.0


class Databases:
    """Opens connections as the application's user.

    Args:
        user: Database user.
        password: Its password.
        database: Name of the database.
        port: TCP port of the members.
    """

    def __init__(self, user: str, password: str, database: str, port: int) -> None:
        self._user = user
        self._password = password
        self._database = database
        self._port = port

    @contextmanager
    def connect(self, where: str | Path) -> Iterator[Any]:
        """Open a connection.

        Args:
            where: An address, or the path of a unix socket.

        Yields:
            The connection, with autocommit.

        Raises:
            pymysql.MySQLError: The server refuses or does not answer.
        """
        place: dict[str, Any] = (
            {"unix_socket": str(where)}
            if isinstance(where, Path)
            else {"host": where, "port": self._port}
        )
        connection = pymysql.connect(
            user=self._user,
            password=self._password,
            database=self._database,
            autocommit=True,
            ssl_disabled=True,
            connect_timeout=int(TIMEOUT_S),
            read_timeout=TIMEOUT_S,
            write_timeout=TIMEOUT_S,
            **place,
        )
        try:
            yield connection
        finally:
            connection.close()

    def create_schema(self, address: str) -> None:
        """Create the clients' table through a member."""
        with self.connect(address) as connection:
            oracle.create_schema(connection)

    def rows(self, where: str | Path) -> list[oracle.Row]:
        """Read every row of the clients' table."""
        with self.connect(where) as connection:
            return oracle.read_rows(connection)

    def try_to_write(self, address: str) -> str:
        """Try to write into a member.

        Args:
            address: The member's address.

        Returns:
            Empty if the member took it, otherwise the refusal.
        """
        try:
            with self.connect(address) as connection, connection.cursor() as cursor:
                cursor.execute("CREATE TABLE bicoastal_intrusion (n INT)")
        except pymysql.MySQLError as error:
            return str(error)
        return ""
