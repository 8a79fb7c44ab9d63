"""What the database must hold for a full probe: a user that may write its heartbeat, no more.

The statements can be repeated, and leave what others made alone. They are said to the writer and
reach the other members by replication.

The user logs in by IAM only, and only inside TLS. It may replace rows of one table. Its
connections are limited: where storage stalls, every canary leaves one behind.
Source: https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/UsingWithRDS.IAMDBAuth.DBAccounts.html
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pymysql

from bicoastal.failover.config import HEARTBEAT_TABLE, PROBE_USER
from bicoastal.failover.errors import FailoverError

MAX_CONNECTIONS = 12
"""Three witnesses, each with a few that a stalled server has not let go."""
_ACCOUNT = f"'{PROBE_USER}'@'%'"
_READ_ONLY = 1290


@dataclass(frozen=True)
class Identity:
    """How the probe user is known to the server.

    Attributes:
        plugin: the authentication plugin.
        clause: how `CREATE USER` names it.
        tls: what the account requires of a connection, `SSL` or `NONE`.
    """

    plugin: str
    clause: str
    tls: str = "SSL"


BY_IAM = Identity("AWSAuthenticationPlugin", "WITH AWSAuthenticationPlugin AS 'RDS'")


class BootstrapError(FailoverError):
    """The database refused a statement, or could not be reached."""


@dataclass(frozen=True)
class Statement:
    """One statement.

    Attributes:
        what: what it is for.
        sql: the statement, without a semicolon.
        present: a query that gives a row where it need not be said any more.
    """

    what: str
    sql: str
    present: str


@dataclass(frozen=True)
class Outcome:
    """What became of a statement.

    Attributes:
        what: what it is for.
        sql: the statement.
        changes: it changed something, or would; otherwise it was so already.
    """

    what: str
    sql: str
    changes: bool


def statements(identity: Identity = BY_IAM) -> tuple[Statement, ...]:
    """The statements.

    Args:
        identity: how the user is identified; the lab's server knows no IAM.

    Returns:
        The statements in order.
    """
    schema, table = HEARTBEAT_TABLE.split(".")
    user = f"SELECT 1 FROM mysql.user WHERE user = '{PROBE_USER}' AND host = '%'"  # noqa: S608 - our own constants
    quoted = _ACCOUNT.replace("'", "''")
    ssl_type = "ANY" if identity.tls == "SSL" else ""
    return (
        Statement(
            "schema of the heartbeat",
            f"CREATE DATABASE IF NOT EXISTS {schema}",
            f"SELECT 1 FROM information_schema.schemata WHERE schema_name = '{schema}'",  # noqa: S608 - our own constants
        ),
        Statement(
            "heartbeat: one row for each witness",
            f"CREATE TABLE IF NOT EXISTS {HEARTBEAT_TABLE} "
            "(witness VARCHAR(32) NOT NULL PRIMARY KEY, beat_at DATETIME(6) NOT NULL)",
            "SELECT 1 FROM information_schema.tables "  # noqa: S608 - our own constants
            f"WHERE table_schema = '{schema}' AND table_name = '{table}'",
        ),
        Statement(
            "probe user",
            f"CREATE USER IF NOT EXISTS {_ACCOUNT} IDENTIFIED {identity.clause}",
            user,
        ),
        Statement(
            "probe user: how it is identified, and few connections",
            f"ALTER USER {_ACCOUNT} IDENTIFIED {identity.clause} REQUIRE {identity.tls} "
            f"WITH MAX_USER_CONNECTIONS {MAX_CONNECTIONS}",
            f"{user} AND plugin = '{identity.plugin}' AND ssl_type = '{ssl_type}' "
            f"AND max_user_connections = {MAX_CONNECTIONS}",
        ),
        Statement(
            "probe user: may write its heartbeat, and nothing else",
            f"GRANT INSERT, DELETE ON {HEARTBEAT_TABLE} TO {_ACCOUNT}",
            "SELECT COUNT(*) FROM information_schema.table_privileges "  # noqa: S608 - our own constants
            f"WHERE grantee = '{quoted}' AND table_schema = '{schema}' "
            f"AND table_name = '{table}' AND privilege_type IN ('INSERT', 'DELETE') "
            "HAVING COUNT(*) = 2",
        ),
    )


def apply(
    connection: Any, identity: Identity = BY_IAM, *, dry: bool = False
) -> tuple[Outcome, ...]:
    """Say what is missing.

    Args:
        connection: to the writer, with autocommit, as a user that may create users.
        identity: see `statements`.
        dry: only look what would change.

    Returns:
        One outcome a statement.

    Raises:
        BootstrapError: the database refused.
    """
    outcomes = []
    for statement in statements(identity):
        try:
            with connection.cursor() as cursor:
                missing = cursor.execute(statement.present) == 0
                if missing and not dry:
                    cursor.execute(statement.sql)
        except pymysql.MySQLError as error:
            hint = "; connect to the writer" if error.args[:1] == (_READ_ONLY,) else ""
            message = f"{statement.what}: the database refused ({error}){hint}"
            raise BootstrapError(message) from error
        outcomes.append(Outcome(statement.what, statement.sql, missing))
    return tuple(outcomes)
