"""The members: which cluster's database runs in which region, on which volume.

Everything here runs on the event loop of the process's main thread, because servers must be
started there; what waits for a database runs in worker threads.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pymysql.err import MySQLError

from bicoastal.errors import LabError
from bicoastal.lab.aws.config import ServerConfig, member_socket_name
from bicoastal.lab.aws.records import Records, arn_region
from bicoastal.lab.databases import Database, ServerBinary, Template, find_server
from bicoastal.lab.workspace import Workspace

_log = logging.getLogger(__name__)
CATCH_UP_S = 10.0
_POLL_S = 0.02


@dataclass
class Snapshot:
    """A volume that lost its writer role, readable as it was left.

    Attributes:
        name: The name that DescribeDBClusterSnapshots shows.
        database: A read-only server on the volume.
        taken_at: Seconds since the epoch.
        position: GTID position of the volume: with the new writer's, what diverged. None as
            long as the server does not answer.
    """

    name: str
    database: Database
    taken_at: float
    position: str | None = None


@dataclass
class Member:
    """A cluster with a database.

    Attributes:
        records: The account and region it is in.
        cluster_id: The cluster's identifier.
        database: The server on the current volume.
        state: ``creating``, ``available``, ``stopped``, ``rejoining`` or ``failed``.
        error: Why it failed.
        snapshots: Volumes that it had before.
        seeded: Whether the master user exists.
        starting: The task that brings the database up.
    """

    records: Records
    cluster_id: str
    database: Database
    state: str = "creating"
    error: str | None = None
    snapshots: list[Snapshot] = field(default_factory=list)
    seeded: bool = False
    starting: asyncio.Task[None] | None = None

    @property
    def region(self) -> str:
        """The region."""
        return self.records.region

    @property
    def cluster(self) -> dict[str, Any]:
        """The cluster's record.

        Raises:
            LabError: The cluster was deleted meanwhile.
        """
        cluster = self.records.cluster(self.cluster_id)
        if cluster is None:
            msg = f"cluster {self.cluster_id} does not exist any more"
            raise LabError(msg)
        return cluster

    @property
    def source(self) -> str | None:
        """The region that it replicates from, or None for a writer."""
        arn = self.records.source_of(self.cluster)
        return arn_region(arn) if arn else None


class Members:
    """The databases of all regions.

    Args:
        config: What the process was started with.
        workspace: Where volumes and sockets are.
        make: Makes a database; tests give their own.
    """

    def __init__(
        self,
        config: ServerConfig,
        workspace: Workspace,
        *,
        make: Callable[..., Database] = Database,
    ) -> None:
        self.config = config
        self.workspace = workspace
        self.by_region: dict[str, Member] = {}
        self._make = make
        self._server: ServerBinary | None = None
        self._template: Path | None = None
        # Replicas skip events with their own id, so a new volume never gets an old one's.
        self._server_ids = itertools.count(1)

    async def prepare(self) -> None:
        """Find the server and have a template, before the first member is asked for."""
        self._server = find_server()
        self._template = await asyncio.to_thread(
            Template.build, self.workspace, server=self._server
        )

    def new_database(self, region: str) -> Database:
        """A database on a new volume, on the member's own socket."""
        number = next(self._server_ids)
        return self._make(
            self.workspace,
            f"{region}-{number}",
            number,
            socket=self.workspace.socket(member_socket_name(region)),
            server=self._server,
            template=self._template,
            durability=self.config.durability,
        )

    def snapshot_of(self, old: Database, region: str) -> Database:
        """A server for an old volume, on a socket that the network does not lead to."""
        number = next(self._server_ids)
        return self._make(
            self.workspace,
            old.name,
            number,
            socket=self.workspace.socket(f"snapshot-{region}-{number}"),
            server=self._server,
            template=self._template,
        )

    def address(self, source: str, member: str) -> tuple[str, int]:
        """Host and port at which a source reaches a member."""
        return self.config.paths.address(source, member), self.config.paths.port

    def of(self, cluster_id: str, region: str) -> Member | None:
        """The member that runs a cluster's database."""
        member = self.by_region.get(region)
        return member if member and member.cluster_id == cluster_id else None

    def of_arn(self, arn: str) -> Member | None:
        """The member that runs the database of the cluster with an ARN."""
        return self.of(arn.rsplit(":", 1)[1], arn_region(arn))

    async def instance_created(self, records: Records, cluster_id: str) -> None:
        """A cluster got an instance: start its database if it does not run.

        Args:
            records: The account and region.
            cluster_id: The cluster.
        """
        member = self.of(cluster_id, records.region)
        if member is None:
            member = Member(records, cluster_id, self.new_database(records.region), "stopped")
            self.by_region[records.region] = member
        if member.state == "stopped":
            member.state = "creating"
            member.starting = asyncio.create_task(self._bring_up(member))
        records.set_status(
            member.cluster, "available" if member.state == "available" else "creating"
        )

    async def _bring_up(self, member: Member) -> None:
        try:
            await self.launch(member.database)
            await self.assume_role(member)
            if (source := member.source) and (writer := self.by_region.get(source)):
                await self.caught_up(member.database, writer.database, timeout=CATCH_UP_S)
            member.state = "available"
            member.records.set_status(member.cluster, "available")
        except (LabError, MySQLError, OSError) as error:
            _log.exception("the database of %s did not come up", member.region)
            member.state, member.error = "failed", str(error)
            member.records.set_status(member.cluster, "failed")

    async def _stop_starting(self, member: Member) -> None:
        if task := member.starting:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def launch(self, database: Database) -> None:
        """Start a database (read-only) and wait until it answers."""
        await asyncio.to_thread(database.prepare)
        database.launch(read_only=True)
        await asyncio.to_thread(database.wait_ready)

    async def assume_role(self, member: Member) -> None:
        """Make a running database what its cluster's records say: writer or replica."""
        source = member.source
        if source is None:
            await asyncio.to_thread(self._become_writer, member)
        else:
            address = self.address(member.region, source)
            await asyncio.to_thread(member.database.follow, *address)

    def _become_writer(self, member: Member) -> None:
        cluster = member.cluster
        if not member.seeded:
            member.database.seed(
                cluster["MasterUsername"], cluster["_MasterUserPassword"], cluster["DatabaseName"]
            )
            member.seeded = True
        member.database.open()

    async def caught_up(
        self, replica: Database, writer: Database, *, timeout: float | None = None
    ) -> bool:
        """Wait until a replica has what its writer had when it was asked.

        Args:
            replica: The replica.
            writer: Its writer.
            timeout: Seconds to wait; for ever when left out.

        Returns:
            Whether it has.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        target = None  # asked once: a writer under load is always a moment ahead of its replicas
        while deadline is None or time.monotonic() < deadline:
            try:
                if target is None:
                    target = await asyncio.to_thread(writer.gtid_position)
                if await asyncio.to_thread(replica.caught_up, target):
                    return True
            except (MySQLError, OSError):
                pass  # one of them is down or hangs; that may end
            await asyncio.sleep(_POLL_S)
        return False

    async def restart(self, region: str) -> None:
        """Start a member's server again, as its region coming back.

        It starts read-only. It takes up its role, unless a failover made another member writer:
        then it stays closed until it has been fenced and rebuilt.

        Args:
            region: The member's region.

        Raises:
            LabError: There is no such member, or its server runs.
        """
        member = self.by_region.get(region)
        if member is None or member.state == "stopped":
            msg = f"{region} has no database"
            raise LabError(msg)
        if member.state == "rejoining":
            # Whoever watches for its return takes it from here; it may be gone in a moment.
            member.database.launch(read_only=True)
            return
        await self.launch(member.database)
        if member.state == "available":
            await self.assume_role(member)

    async def last_instance_deleted(self, cluster_id: str, region: str) -> None:
        """A cluster lost its last instance: nothing runs, the volume stays."""
        if member := self.of(cluster_id, region):
            await self._stop_starting(member)
            member.state = "stopped"
            await asyncio.to_thread(member.database.stop)

    async def cluster_deleted(self, cluster_id: str, region: str) -> None:
        """A cluster was deleted: its volumes go, snapshots too."""
        if member := self.of(cluster_id, region):
            await self._stop_starting(member)
            del self.by_region[region]
            for database in (member.database, *(s.database for s in member.snapshots)):
                await asyncio.to_thread(database.discard)

    async def detached(self, cluster_id: str, region: str) -> None:
        """A secondary left its source: it becomes a cluster of its own, open for writes."""
        member = self.of(cluster_id, region)
        if member and member.state == "available":
            with contextlib.suppress(MySQLError, OSError):  # it may be down; it leaves all the same
                await asyncio.to_thread(member.database.stop_following)
                await asyncio.to_thread(member.database.open)

    async def promoted(self, cluster: dict[str, Any], region: str) -> None:
        """A replica outside a global database becomes a cluster of its own, in the background.

        https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/AuroraMySQL.Replication.CrossRegion.Promote.html
        """
        member = self.of(cluster["DBClusterIdentifier"], region)
        if member is None or member.state != "available":
            del cluster["ReplicationSourceIdentifier"]  # nothing runs that would take its time
            return
        member.state = cluster["Status"] = "promoting"
        member.starting = asyncio.create_task(self._promote(member))

    async def _promote(self, member: Member) -> None:
        await asyncio.sleep(self.config.promotion_s)
        member.state, member.seeded = "available", True  # the master user came by replication
        await self.detached(member.cluster_id, member.region)
        del member.cluster["ReplicationSourceIdentifier"]  # not before it takes writes
        member.records.set_status(member.cluster, "available")

    async def password_changed(self, cluster_id: str, region: str) -> None:
        """The master user has a new password."""
        member = self.of(cluster_id, region)
        if member and member.state == "available":
            member.seeded = False
            await asyncio.to_thread(self._become_writer, member)

    async def stop_all(self) -> None:
        """Stop and delete everything."""
        for region, member in list(self.by_region.items()):
            await self.cluster_deleted(member.cluster_id, region)
