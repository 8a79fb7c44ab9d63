"""How the standby follows the writer in a drill: behind it, or before a write is acknowledged."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from bicoastal.errors import LabError
from bicoastal.lab.waiting import wait_until

if TYPE_CHECKING:
    from bicoastal.lab.drill.stage import Stage

_NEVER_MS = 86_400_000
"""A day: a writer that gave up waiting would go on asynchronously, and say so to nobody."""
_JOIN_S = 10.0


class Replication(StrEnum):
    """When a write is acknowledged."""

    ASYNC = "async"  # when the writer has it, as in an Aurora global database
    SEMI_SYNC = "semi-sync"  # when the standby has received it as well


def wait_for_standby(stage: Stage) -> None:
    """Let the writer acknowledge a write only when the standby has received it.

    MariaDB's semi-synchronous replication, waiting after the writer's own sync and before the
    engine's commit, so that nobody sees what the standby has not got
    (https://mariadb.com/docs/server/ha-and-performance/standard-replication/semisynchronous-replication).

    Args:
        stage: The lab, with both members up.

    Raises:
        LabError: The standby did not join in time.
    """
    with stage.admin("standby") as cursor:
        cursor.execute("SET GLOBAL rpl_semi_sync_slave_enabled = 1")
        # Stopping to follow a dead writer would otherwise wait five seconds for it.
        cursor.execute("SET GLOBAL rpl_semi_sync_slave_kill_conn_timeout = 1")
        cursor.execute("STOP SLAVE IO_THREAD")
        cursor.execute("START SLAVE IO_THREAD")
    with stage.admin("home") as cursor:
        cursor.execute("SET GLOBAL rpl_semi_sync_master_wait_point = 'AFTER_SYNC'")
        cursor.execute("SET GLOBAL rpl_semi_sync_master_timeout = %s", (_NEVER_MS,))
        cursor.execute("SET GLOBAL rpl_semi_sync_master_enabled = 1")

        def joined() -> bool:
            cursor.execute("SHOW GLOBAL STATUS LIKE 'Rpl_semi_sync_master_clients'")
            return int(cursor.fetchone()["Value"]) > 0

        if not wait_until(joined, _JOIN_S):
            raise LabError(
                f"the standby did not join semi-synchronous replication in {_JOIN_S:g} s"
            )
