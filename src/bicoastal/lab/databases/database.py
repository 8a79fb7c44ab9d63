"""One database server: a real mariadbd on a unix socket, started, hurt, promoted and stopped."""

from __future__ import annotations

import shutil
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from pymysql.err import MySQLError

from bicoastal.errors import LabError
from bicoastal.lab.databases import replication
from bicoastal.lab.databases.command import Durability, Files, command
from bicoastal.lab.databases.connection import accounts_sql, connect, replication_password
from bicoastal.lab.databases.server import ServerBinary, find_server
from bicoastal.lab.databases.template import Template
from bicoastal.lab.processes import Child
from bicoastal.lab.workspace import Workspace

if TYPE_CHECKING:
    from pymysql.connections import Connection
    from pymysql.cursors import DictCursor

_POLL_S = 0.01


class Database:
    """A database server on a volume (data directory) of its own.

    Args:
        workspace: Where its files are and where its administrator's password is kept.
        name: Names its volume and its log; unique in the workspace.
        server_id: Unique among the servers that ever replicate from each other.
        socket: Its unix socket; in the workspace by its name when left out.
        server: The program; found when left out.
        template: The data directory to start from; built when left out.
        durability: As writer. A replica runs relaxed: it can be made again from its writer.
    """

    def __init__(
        self,
        workspace: Workspace,
        name: str,
        server_id: int,
        *,
        socket: Path | None = None,
        server: ServerBinary | None = None,
        template: Path | None = None,
        durability: Durability | None = None,
    ) -> None:
        self.name = name
        self.server_id = server_id
        self.socket = socket or workspace.socket(name)
        self.volume = workspace.folder("volumes") / name
        self._workspace = workspace
        self._server = server
        self._template = template
        self._durability = durability or Durability()
        self._child: Child | None = None

    @property
    def pid(self) -> int | None:
        """The server's process id, or None when it was never started or was stopped."""
        return self._child.pid if self._child else None

    @property
    def alive(self) -> bool:
        """Whether the server's process exists (a paused one does)."""
        return self._child is not None and self._child.alive

    def start(self, *, read_only: bool = True, timeout: float = 15.0) -> None:
        """Start the server and wait until it answers.

        Args:
            read_only: Start closed for clients' writes; the control plane opens it.
            timeout: Seconds until it must answer.

        Raises:
            LabError: It did not start; the message carries the end of its log.
        """
        self.launch(read_only=read_only)
        self.wait_ready(timeout=timeout)

    def launch(self, *, read_only: bool = True) -> None:
        """Start the process (from the main thread) without waiting for it.

        Args:
            read_only: Start closed for clients' writes.

        Raises:
            LabError: It runs already, or its program is missing.
        """
        if self.alive:
            msg = f"database {self.name} runs already"
            raise LabError(msg)
        server = self._server or find_server()
        self.prepare()
        self.socket.unlink(missing_ok=True)
        folder = self.volume.parent
        files = Files(
            volume=self.volume,
            socket=self.socket,
            pid_file=folder / f"{self.name}.pid",
            init_file=self._init_file(),
        )
        argv = command(
            server,
            files,
            server_id=self.server_id,
            read_only=read_only,
            durability=self._durability,
        )
        self._child = Child(argv, log=folder / f"{self.name}.log", name=f"database {self.name}")

    def prepare(self) -> None:
        """Copy the template to the volume, unless the volume exists."""
        if self.volume.exists():
            return
        template = self._template or Template.build(self._workspace, server=self._server)
        draft = self.volume.with_name(f".{self.name}.draft")
        shutil.copytree(template, draft)
        draft.rename(self.volume)

    def wait_ready(self, *, timeout: float = 15.0) -> None:
        """Wait until the server answers its administrator.

        Args:
            timeout: Seconds to wait at most.

        Raises:
            LabError: It ended or did not answer in time.
        """
        deadline = time.monotonic() + timeout
        while True:
            child = self._child
            if child is None or not child.alive:
                log = child.log_tail() if child else "it was stopped"
                msg = f"database {self.name} did not start:\n{log}"
                raise LabError(msg)
            try:
                self.admin(read_timeout=1.0).close()
            except (MySQLError, OSError) as error:
                if time.monotonic() > deadline:
                    msg = f"database {self.name} does not answer after {timeout:g} s: {error}"
                    raise LabError(msg) from error
                time.sleep(_POLL_S)
            else:
                return

    def stop(self, timeout: float = 10.0) -> None:
        """Stop the server in order, by force after the timeout (seconds)."""
        if self._child:
            self._child.stop(timeout)
            self._child = None

    def kill(self) -> None:
        """SIGKILL the server: what a crash does."""
        if self._child:
            self._child.kill()

    def pause(self) -> None:
        """SIGSTOP the server: a TCP connection still succeeds, nothing answers."""
        if self._child:
            self._child.pause()

    def resume(self) -> None:
        """SIGCONT the server."""
        if self._child:
            self._child.resume()

    def discard(self) -> None:
        """End the server, without ceremony, and delete its volume."""
        self.kill()
        self._child = None
        shutil.rmtree(self.volume, ignore_errors=True)

    def admin(
        self, *, connect_timeout: float = 2.0, read_timeout: float = 10.0
    ) -> Connection[DictCursor]:
        """An administrator's connection over the unix socket; out-of-band in any partition.

        Args:
            connect_timeout: Seconds until it must stand.
            read_timeout: Seconds that an answer may take.

        Returns:
            The connection; close it.

        Raises:
            pymysql.err.MySQLError: The server is not there or does not answer.
        """
        return connect(
            self._workspace,
            socket=self.socket,
            connect_timeout=connect_timeout,
            read_timeout=read_timeout,
        )

    def seed(self, user: str, password: str, database: str | None) -> None:
        """Make the master user and first database (see `replication.seed`)."""
        with closing(self.admin()) as connection:
            replication.seed(connection, user, password, database)

    def follow(self, host: str, port: int) -> None:
        """Replicate from the writer at an address, from where this server stands.

        Args:
            host: The writer's address, as this member reaches it.
            port: Its TCP port.
        """
        password = replication_password(self._workspace)
        with closing(self.admin()) as connection:
            replication.follow(connection, host, port, password)

    def stop_following(self) -> None:
        """Stop replication and forget its source."""
        with closing(self.admin()) as connection:
            replication.stop_following(connection)

    def drain(self, *, timeout: float = 10.0) -> replication.Promotion:
        """Apply what was received and stop following (see `replication.drain`)."""
        with closing(self.admin(read_timeout=timeout + 5)) as connection:
            return replication.drain(connection, timeout=timeout)

    def open(self) -> None:
        """Let clients write, with this server's durability."""
        durable = (self._durability.sync_binlog, self._durability.flush_log)
        with closing(self.admin()) as connection:
            replication.open_for_writes(connection, durable=durable)

    def promote(self, *, timeout: float = 10.0) -> float:
        """Make a replica the writer: drain, stop following, open.

        Args:
            timeout: Seconds that applying what was received may take.

        Returns:
            Seconds from the first statement until clients can write.
        """
        started = time.monotonic()
        self.drain(timeout=timeout)
        self.open()
        return time.monotonic() - started

    def fence(self) -> int:
        """Read-only, and clients' connections killed; gives how many (see `replication.fence`)."""
        with closing(self.admin()) as connection:
            return replication.fence(connection)

    def demote(self, host: str, port: int) -> None:
        """Make a writer that lost nothing follow another, from its own position.

        Args:
            host: The new writer's address, as this member reaches it.
            port: Its TCP port.
        """
        with closing(self.admin()) as connection:
            replication.fence(connection)
            replication.follow(
                connection,
                host,
                port,
                replication_password(self._workspace),
                position=replication.position(connection),
            )

    def gtid_position(self) -> str:
        """The GTID position that it has reached."""
        with closing(self.admin(read_timeout=1.0)) as connection:
            return replication.position(connection)

    def lag(self) -> float | None:
        """Seconds behind its writer; None when unknown or when it is no replica."""
        with closing(self.admin(read_timeout=1.0)) as connection:
            return replication.lag(connection)

    def replicating(self) -> bool:
        """Whether both of its replication threads run."""
        with closing(self.admin(read_timeout=1.0)) as connection:
            return replication.running(connection)

    def caught_up(self, target: str) -> bool:
        """Whether it replicates and has applied everything up to a GTID position."""
        with closing(self.admin()) as connection:
            return replication.caught_up(connection, target)

    def _init_file(self) -> Path:
        path = self._workspace.path / "accounts.sql"
        draft = path.with_name(f".accounts.{self.name}.sql")
        draft.touch(mode=0o600)
        draft.write_text(accounts_sql(self._workspace))
        draft.rename(path)
        return path
