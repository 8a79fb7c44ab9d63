"""Storage that is slow or stalls, as far as a server can be asked to behave so.

No disk is touched. What clients and witnesses see of slow storage is a commit that takes long, and
that MariaDB does on request; what they see of storage that stalls, or of a full disk, for whose
space MariaDB waits, is a commit that never returns.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bicoastal.lab.databases import connect

if TYPE_CHECKING:
    from bicoastal.lab.drill.stage import Stage
    from bicoastal.lab.scenarios.model import Step

_MANY = 1_000_000
"""More than ever commit together: a group waits its whole time for more to join."""


def slow_commits(stage: Stage, step: Step) -> str:
    """Let every commit take `amount` milliseconds more, as a slow fsync does; 0 ends it.

    The server waits that long for others to commit with (binlog_commit_wait_usec,
    https://mariadb.com/docs/server/server-management/server-monitoring-logs/binary-log/group-commit-for-the-binary-log).
    """
    late_ms = step.measure()
    with stage.admin(step.place) as cursor:
        cursor.execute("SET GLOBAL binlog_commit_wait_usec = %s", (int(late_ms * 1000),))
        cursor.execute("SET GLOBAL binlog_commit_wait_count = %s", (_MANY if late_ms else 0,))
    return f"every commit of {stage.region(step.place)} takes {late_ms:g} ms more"


def stall_commits(stage: Stage, step: Step) -> str:
    """Let no commit return: logins and reads go on (`BACKUP STAGE BLOCK_COMMIT`)."""
    socket = stage.lab.aws.member(stage.region(step.place)).socket
    connection = connect(stage.lab.workspace, socket=socket)
    stage.held.append(connection)
    with connection.cursor() as cursor:
        cursor.execute("BACKUP STAGE START")
        cursor.execute("BACKUP STAGE BLOCK_COMMIT")
    return f"no commit of {stage.region(step.place)} returns"


def release_commits(stage: Stage, step: Step) -> str:
    """Close the connection that holds the commits back."""
    stage.release()
    return f"commits of {stage.region(step.place)} return"
