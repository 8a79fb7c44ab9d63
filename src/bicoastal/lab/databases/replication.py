"""What the control plane says to a database server, over any connection.

All functions take an open administrator's connection (see `connection.connect`), whose session
does not write to the binary log, so that nothing said here becomes an errant transaction.
"""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from pymysql.err import MySQLError

from bicoastal.errors import LabError

if TYPE_CHECKING:
    from pymysql.connections import Connection
    from pymysql.cursors import DictCursor

Row: TypeAlias = dict[str, Any]
# Accounts of the control plane; RDS reserves both names, so no application can be called so.
ADMIN_USER = "rdsadmin"
REPLICATION_USER = "rdsrepladmin"
# What RDS grants its master user, as far as MariaDB knows it: neither SUPER nor READ_ONLY ADMIN,
# so that read_only stops this user.
# https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/UsingWithRDS.MasterAccounts.html
_MASTER_GRANTS = (
    "SELECT, INSERT, UPDATE, DELETE, CREATE, DROP, RELOAD, PROCESS, REFERENCES, INDEX, ALTER, "
    "SHOW DATABASES, CREATE TEMPORARY TABLES, LOCK TABLES, EXECUTE, BINLOG MONITOR, "
    "CREATE VIEW, SHOW VIEW, CREATE ROUTINE, ALTER ROUTINE, CREATE USER, EVENT, TRIGGER"
)
_UNKNOWN_THREAD = 1094
_MIN_HEARTBEAT_S = 1


@dataclass(frozen=True)
class Promotion:
    """How a promotion went.

    Attributes:
        seconds: From the first statement until the server was ready to be opened.
        position: The GTID position that it holds now.
        drained: Whether everything that had been received was applied in time.
    """

    seconds: float
    position: str
    drained: bool


def query(connection: Connection[DictCursor], sql: str, *values: object) -> list[Row]:
    """Run one statement.

    Args:
        connection: An administrator's connection.
        sql: The statement, with ``%s`` for each value.
        values: The values.

    Returns:
        The rows, as dictionaries (none for a statement without a result).
    """
    with connection.cursor() as cursor:
        cursor.execute(sql, values or None)
        return list(cursor.fetchall())


def follow(
    connection: Connection[DictCursor],
    host: str,
    port: int,
    password: str,
    *,
    position: str | None = None,
) -> None:
    """Replicate from a writer by GTID.

    Args:
        connection: To the server that is to follow.
        host: The writer's address, as seen from here.
        port: The writer's TCP port.
        password: Of the replication account.
        position: GTID position already held; what the server knows itself when left out.
    """
    query(connection, "SET GLOBAL read_only = 1")
    stop_following(connection)
    if position is not None:
        query(connection, "SET GLOBAL gtid_slave_pos = %s", position)
    query(
        connection,
        "CHANGE MASTER TO MASTER_HOST = %s, MASTER_PORT = %s, MASTER_USER = %s, "
        "MASTER_PASSWORD = %s, MASTER_USE_GTID = slave_pos, MASTER_CONNECT_RETRY = 1, "
        f"MASTER_HEARTBEAT_PERIOD = {_MIN_HEARTBEAT_S}",
        host,
        port,
        REPLICATION_USER,
        password,
    )
    query(connection, "START SLAVE")
    relax(connection)


def relax(connection: Connection[DictCursor]) -> None:
    """Give up durability for speed, as a replica may: its data exist at its writer."""
    query(connection, "SET GLOBAL sync_binlog = 0")
    query(connection, "SET GLOBAL innodb_flush_log_at_trx_commit = 2")


def stop_following(connection: Connection[DictCursor]) -> None:
    """Stop replication and forget its source; nothing happens on a server that follows nobody."""
    if replica_status(connection) is not None:
        query(connection, "STOP SLAVE")
        query(connection, "RESET SLAVE ALL")


def drain(connection: Connection[DictCursor], *, timeout: float) -> Promotion:
    """Apply all that has been received, then stop following; the server stays read-only.

    Args:
        connection: To the replica.
        timeout: Seconds that applying may take.

    Returns:
        How it went.

    Raises:
        LabError: The server does not follow anybody, or its applier has failed.
    """
    started = time.monotonic()
    if replica_status(connection) is None:
        msg = "the server does not replicate from anywhere, so it cannot be promoted"
        raise LabError(msg)
    query(connection, "STOP SLAVE IO_THREAD")
    status = replica_status(connection) or {}
    if status["Last_SQL_Errno"]:
        msg = f"the replica's applier has failed: {status['Last_SQL_Error']}"
        raise LabError(msg)
    drained = _wait_applied(connection, str(status["Gtid_IO_Pos"]), timeout)
    query(connection, "STOP SLAVE")
    query(connection, "RESET SLAVE ALL")
    return Promotion(time.monotonic() - started, position(connection), drained)


def open_for_writes(connection: Connection[DictCursor], *, durable: tuple[int, int]) -> None:
    """Let clients write.

    Args:
        connection: To the server that becomes writer.
        durable: Values of sync_binlog and innodb_flush_log_at_trx_commit.
    """
    query(connection, "SET GLOBAL sync_binlog = %s", durable[0])
    query(connection, "SET GLOBAL innodb_flush_log_at_trx_commit = %s", durable[1])
    query(connection, "SET GLOBAL read_only = 0")


def fence(connection: Connection[DictCursor]) -> int:
    """Stop clients from writing at once: read-only, and their connections are killed.

    Replication (both directions) and the administrators' sessions go on.

    Args:
        connection: To the server to fence.

    Returns:
        How many connections were killed.
    """
    # A client that holds a lock would keep read_only waiting, so the first round of kills comes
    # before it; the second is for those who came in between.
    killed = _kill_clients(connection)
    query(connection, "SET GLOBAL read_only = 1")
    return killed + _kill_clients(connection)


def _kill_clients(connection: Connection[DictCursor]) -> int:
    clients = query(
        connection,
        "SELECT id FROM information_schema.processlist WHERE user NOT IN (%s, %s, 'system user')",
        ADMIN_USER,
        REPLICATION_USER,
    )
    killed = 0
    for client in clients:
        try:
            query(connection, "KILL CONNECTION %s", client["id"])
            killed += 1
        except MySQLError as error:
            if error.args[0] != _UNKNOWN_THREAD:  # it went away by itself
                raise
    return killed


def password_hash(password: str) -> str:
    """What the server keeps of a password.

    Source: https://mariadb.com/docs/server/reference/plugins/authentication-plugins/authentication-plugin-mysql_native_password

    Args:
        password: The password.

    Returns:
        An asterisk and the SHA-1 of its SHA-1.
    """
    once = hashlib.sha1(password.encode(), usedforsecurity=False).digest()
    return "*" + hashlib.sha1(once, usedforsecurity=False).hexdigest().upper()


def seed(
    connection: Connection[DictCursor], user: str, password: str, database: str | None
) -> None:
    """Make the master user and the first database, as CreateDBCluster asked; it is replicated.

    Args:
        connection: To the first writer of a new cluster.
        user: The master user's name.
        password: Its password.
        database: The first database's name, if one was asked for.
    """
    query(connection, "SET SESSION sql_log_bin = 1")
    if database:
        name = database.replace("`", "``")
        query(connection, f"CREATE DATABASE IF NOT EXISTS `{name}` CHARACTER SET utf8mb4")
    # As a hash: the statement is kept word by word in the binary log of every member.
    make = "CREATE OR REPLACE USER %s@'%%' IDENTIFIED BY PASSWORD %s"
    query(connection, make, user, password_hash(password))
    query(connection, f"GRANT {_MASTER_GRANTS} ON *.* TO %s@'%%' WITH GRANT OPTION", user)
    query(connection, "SET SESSION sql_log_bin = 0")


def replica_status(connection: Connection[DictCursor]) -> Row | None:
    """``SHOW SLAVE STATUS``, or None on a server that follows nobody."""
    rows = query(connection, "SHOW SLAVE STATUS")
    return rows[0] if rows else None


def position(connection: Connection[DictCursor]) -> str:
    """The GTID position that the server has reached, as writer or as replica.

    Replicas log what they apply, so the binary log tells it for both, whatever the server's id.
    """
    return str(query(connection, "SELECT @@GLOBAL.gtid_binlog_pos AS p")[0]["p"])


def lag(connection: Connection[DictCursor]) -> float | None:
    """Seconds that the replica is behind; None when that is not known or it is no replica."""
    behind = (replica_status(connection) or {}).get("Seconds_Behind_Master")
    return None if behind is None else float(behind)


def running(connection: Connection[DictCursor]) -> bool:
    """Whether both replication threads run: connected to the writer, and applying."""
    status = replica_status(connection) or {}
    return (status.get("Slave_IO_Running"), status.get("Slave_SQL_Running")) == ("Yes", "Yes")


def caught_up(connection: Connection[DictCursor], target: str) -> bool:
    """Whether a replica runs and has applied everything up to a writer's position.

    Args:
        connection: To the replica.
        target: The writer's GTID position.

    Returns:
        Whether both replication threads run and the position is reached.
    """
    return running(connection) and _wait_applied(connection, target, 0)


def _wait_applied(connection: Connection[DictCursor], target: str, timeout: float) -> bool:
    if not target:
        return True
    answer = query(connection, "SELECT MASTER_GTID_WAIT(%s, %s) AS r", target, timeout)
    return bool(answer[0]["r"] == 0)
