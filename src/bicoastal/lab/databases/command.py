"""The command line of a database server: small, GTID replication on, closed to the network."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from bicoastal.lab.databases.server import ServerBinary
from bicoastal.lab.databases.template import STORAGE_OPTIONS

MAX_CONNECTIONS = 300
"""How many clients a server lets in."""

_OPTIONS = (
    "--skip-networking",
    "--skip-name-resolve",
    "--skip-slave-start",
    "--log-bin=binlog",
    "--log-slave-updates=ON",
    "--gtid-strict-mode=ON",
    "--gtid-domain-id=0",
    "--binlog-format=ROW",
    "--relay-log=relay",
    # Two seconds of silence and the source counts as lost; heartbeats come each second.
    "--slave-net-timeout=2",
    "--slave-parallel-threads=4",
    "--slave-parallel-mode=optimistic",
    # Probes that come and go must not lock an address out.
    "--max-connect-errors=4294967295",
    f"--max-connections={MAX_CONNECTIONS}",
    "--performance-schema=OFF",
    "--innodb-buffer-pool-size=16M",
    "--innodb-log-file-size=16M",
    "--innodb-buffer-pool-dump-at-shutdown=OFF",
    "--key-buffer-size=1M",
    "--aria-pagecache-buffer-size=2M",
    "--table-open-cache=200",
    "--character-set-server=utf8mb4",
)


@dataclass(frozen=True)
class Durability:
    """How much of what was acknowledged survives a crash.

    Attributes:
        sync_binlog: 1 syncs the binary log at each commit.
        flush_log: innodb_flush_log_at_trx_commit; 1 syncs the redo log at each commit.
    """

    sync_binlog: int = 1
    flush_log: int = 1


@dataclass(frozen=True)
class Files:
    """Where a server's files are.

    Attributes:
        volume: Its data directory.
        socket: Its unix socket, the only way in.
        pid_file: Where it writes its process id.
        init_file: Statements that it runs before it serves.
    """

    volume: Path
    socket: Path
    pid_file: Path
    init_file: Path


def command(
    server: ServerBinary, files: Files, *, server_id: int, read_only: bool, durability: Durability
) -> list[str]:
    """The command line of a server; it holds no secret.

    Args:
        server: The program.
        files: Where its files are.
        server_id: Unique among servers that ever replicate from each other.
        read_only: Start closed for clients' writes.
        durability: As writer.

    Returns:
        Program and arguments.
    """
    return [
        str(server.path),
        "--no-defaults",
        f"--datadir={files.volume}",
        f"--socket={files.socket}",
        f"--pid-file={files.pid_file}",
        f"--init-file={files.init_file}",
        f"--lc-messages-dir={server.scripts}",
        f"--server-id={server_id}",
        f"--read-only={'ON' if read_only else 'OFF'}",
        f"--sync-binlog={durability.sync_binlog}",
        f"--innodb-flush-log-at-trx-commit={durability.flush_log}",
        *STORAGE_OPTIONS,
        *_OPTIONS,
        # The server refuses to run as root unless told so.
        *(["--user=root"] if os.geteuid() == 0 else []),
    ]
