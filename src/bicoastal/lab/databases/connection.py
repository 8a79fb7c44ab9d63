"""The administrator's way into a server: over its unix socket, or over TCP like anybody else."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pymysql
from pymysql.cursors import DictCursor

from bicoastal.lab.databases.replication import ADMIN_USER, REPLICATION_USER
from bicoastal.lab.workspace import Workspace

if TYPE_CHECKING:
    from pymysql.connections import Connection

_ADMIN_SECRET = "database-admin"  # noqa: S105 - the name of a file, not a secret
_REPLICATION_SECRET = "database-replication"  # noqa: S105


def connect(
    workspace: Workspace,
    *,
    socket: Path | None = None,
    address: tuple[str, int] | None = None,
    connect_timeout: float = 2.0,
    read_timeout: float = 10.0,
) -> Connection[DictCursor]:
    """Connect as the administrator; the session stays out of the binary log.

    Args:
        workspace: Holds the administrator's password.
        socket: The server's unix socket, or
        address: its host and port; one of both.
        connect_timeout: Seconds until the connection must stand.
        read_timeout: Seconds that any answer, the greeting included, may take.

    Returns:
        A connection with autocommit whose cursors give dictionaries. Close it.

    Raises:
        pymysql.err.MySQLError: The server is not there, does not answer or refuses.
    """
    host, port = address or ("localhost", 0)
    return pymysql.connect(
        unix_socket=None if socket is None else str(socket),
        host=host,
        port=port,
        user=ADMIN_USER,
        password=admin_password(workspace),
        autocommit=True,
        init_command="SET SESSION sql_log_bin = 0",
        ssl_disabled=True,  # the default builds a TLS context of 25 ms for each connection
        connect_timeout=connect_timeout,
        read_timeout=read_timeout,
        write_timeout=read_timeout,
        cursorclass=DictCursor,
    )


def admin_password(workspace: Workspace) -> str:
    """The administrator's password, the same on every server of the workspace."""
    return workspace.secret(_ADMIN_SECRET)


def replication_password(workspace: Workspace) -> str:
    """The password of the replication account, the same on every server of the workspace."""
    return workspace.secret(_REPLICATION_SECRET)


def accounts_sql(workspace: Workspace) -> str:
    """Statements, one a line, that make the control plane's accounts outside the binary log."""
    admin, replication = admin_password(workspace), replication_password(workspace)
    return "\n".join(
        (
            "SET SESSION sql_log_bin = 0;",
            f"CREATE OR REPLACE USER '{ADMIN_USER}'@'%' IDENTIFIED BY '{admin}';",
            f"GRANT ALL PRIVILEGES ON *.* TO '{ADMIN_USER}'@'%' WITH GRANT OPTION;",
            f"CREATE OR REPLACE USER '{REPLICATION_USER}'@'%' IDENTIFIED BY '{replication}';",
            f"GRANT REPLICATION SLAVE ON *.* TO '{REPLICATION_USER}'@'%';",
            "",
        )
    )
