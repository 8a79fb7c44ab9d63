"""Failover, switchover and the return of the old writer, on real databases.

What AWS does is described in
https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-global-database-disaster-recovery.html
(write fencing is best effort; the old writer rejoins on a new volume, its old one is kept as a
snapshot; after a failover the other secondaries are rebuilt, too, after a switchover they go on).
Fencing and noticing the old writer's return go through the lab's network, from the new writer's
region, so that a partition stops them as it would there.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Coroutine
from contextlib import closing
from typing import Any

from pymysql.err import MySQLError

from bicoastal.errors import LabError
from bicoastal.lab.aws.history import Failover, Rejoin
from bicoastal.lab.aws.members import Member, Members, Snapshot
from bicoastal.lab.aws.records import Records
from bicoastal.lab.databases import Database, connect
from bicoastal.lab.databases.replication import fence
from bicoastal.lab.workspace import Workspace

_log = logging.getLogger(__name__)
_WATCH_S = 0.1
_RETURN_CONNECT_S = 0.3
_RETURN_ANSWER_S = 1.0
_FAILURES = (LabError, MySQLError, OSError)


def fence_over(
    workspace: Workspace, address: tuple[str, int], *, connect_s: float, answer_s: float
) -> int:
    """Fence a server through the network.

    Args:
        workspace: Holds the administrator's password.
        address: Host and port of the path to it.
        connect_s: Seconds until a connection must stand.
        answer_s: Seconds that any answer may take.

    Returns:
        How many connections were killed.

    Raises:
        pymysql.err.MySQLError: It cannot be reached or does not answer.
    """
    with closing(
        connect(workspace, address=address, connect_timeout=connect_s, read_timeout=answer_s)
    ) as connection:
        return fence(connection)


class Failovers:
    """Carries failovers and switchovers out and keeps the record of each.

    Args:
        members: The databases.
        flipped: Called when a writer has moved.
        fencing: Fences over the network; tests give their own.
    """

    def __init__(
        self,
        members: Members,
        flipped: Callable[[], None],
        *,
        fencing: Callable[..., int] = fence_over,
    ) -> None:
        self.history: list[Failover] = []
        self._members = members
        self._flipped = flipped
        self._fencing = fencing
        self._tasks: set[asyncio.Task[None]] = set()
        self._returns: dict[str, asyncio.Task[None]] = {}

    async def begin(self, group: dict[str, Any], source: Member, target: Member, kind: str) -> None:
        """Accept a failover or switchover; it goes on in the background.

        Args:
            group: The global cluster's record; its status changes at once.
            source: The writer.
            target: The member to promote.
            kind: ``failover`` or ``switchover``.
        """
        record = Failover(group["GlobalClusterIdentifier"], kind, source.region, target.region)
        group["Status"] = "failing-over" if kind == "failover" else "switching-over"
        group["FailoverState"] = {
            "Status": group["Status"],
            "FromDbClusterArn": source.cluster["DBClusterArn"],
            "ToDbClusterArn": target.cluster["DBClusterArn"],
            "IsDataLossAllowed": kind == "failover",
        }
        self.history.append(record)
        self._spawn(self._carry_out(record, group, source, target))

    async def _carry_out(
        self, record: Failover, group: dict[str, Any], source: Member, target: Member
    ) -> None:
        try:
            if record.kind == "failover":
                record.fence = await self._try_fence(source, target)
                record.fenced_at = time.time()
            else:
                await self._quiesce(record, source, target)
            await self._promote(record, target)
        except _FAILURES as error:
            _log.exception("%s of %s failed", record.kind, record.global_cluster)
            record.state, record.error = "failed", str(error)
            Records.settle(group)
            await self._restore(source, target)
            return
        target.records.set_writer(
            group, target.cluster["DBClusterArn"], old_status="pending-resync"
        )
        record.flipped_at = time.time()
        self._flipped()
        is_planned = record.kind == "switchover"
        reversed_ = is_planned and await self._reverse(source, target)
        for other in self._others(group, source, target):
            if not (is_planned and await self._redirect(other)):
                self._rebuild(Rejoin(), group, other, target)
        Records.settle(group)
        if not reversed_:
            record.rejoin = Rejoin()
            self._rebuild(record.rejoin, group, source, target, keep=True)
        record.state = "done"

    def _others(self, group: dict[str, Any], *moved: Member) -> list[Member]:
        """The members with a database that neither lost nor took the writer's role."""
        arns = (str(member["DBClusterArn"]) for member in group["GlobalClusterMembers"])
        found = [self._members.of_arn(arn) for arn in arns]
        return [member for member in found if member is not None and member not in moved]

    async def _redirect(self, other: Member) -> bool:
        """Make a secondary follow the new writer; False when that is not possible now."""
        try:
            await self._members.assume_role(other)
        except _FAILURES:
            return False
        self._connected(other)
        return True

    def _rebuild(
        self,
        rejoin: Rejoin,
        group: dict[str, Any],
        member: Member,
        writer: Member,
        *,
        keep: bool = False,
    ) -> None:
        member.state = "rejoining"
        work = self._rejoin(rejoin, group, member, writer, keep=keep)
        self._returns[member.region] = self._spawn(work)

    async def _quiesce(self, record: Failover, source: Member, target: Member) -> None:
        """The planned way: no more writes, then everything is replicated."""
        await asyncio.to_thread(source.database.fence)
        record.fence, record.fenced_at = "ok", time.time()
        drain_s = self._members.config.drain_s
        if not await self._members.caught_up(target.database, source.database, timeout=drain_s):
            msg = f"{target.region} did not catch up with {source.region} within {drain_s:g} s"
            raise LabError(msg)

    async def _reverse(self, source: Member, target: Member) -> bool:
        """Make the old writer follow the new one; False when that is not possible now."""
        address = self._members.address(source.region, target.region)
        try:
            await asyncio.to_thread(source.database.demote, *address)
        except _FAILURES:
            return False
        self._connected(source)
        return True

    async def _restore(self, source: Member, target: Member) -> None:
        """After a failure: whoever is there goes on in the role that the records say."""
        for member in (source, target):
            with contextlib.suppress(*_FAILURES):
                await self._members.assume_role(member)

    @staticmethod
    def _connected(member: Member) -> None:
        if membership := member.records.member_of(member.cluster):
            membership["SynchronizationStatus"] = "connected"

    async def _promote(self, record: Failover, target: Member) -> None:
        promotion = await asyncio.to_thread(
            target.database.drain, timeout=self._members.config.drain_s
        )
        record.drained, record.position = promotion.drained, promotion.position
        modelled_end = record.accepted_at + self._members.config.promotion_s
        await asyncio.sleep(max(0.0, modelled_end - time.time()))
        started = time.monotonic()
        await asyncio.to_thread(target.database.open)
        record.promoted_at = time.time()
        record.promotion_seconds = promotion.seconds + time.monotonic() - started
        target.seeded = True  # the master user came by replication

    async def _try_fence(self, source: Member, target: Member) -> str:
        limit = self._members.config.fence_s
        started = time.monotonic()
        work = asyncio.to_thread(
            self._fencing,
            self._members.workspace,
            self._members.address(target.region, source.region),
            connect_s=limit,
            answer_s=limit,
        )
        try:
            await asyncio.wait_for(work, limit)
        except TimeoutError:
            return "timed out"
        except _FAILURES:
            # The client's own time-outs end a moment before or after ours.
            return "timed out" if time.monotonic() - started > limit * 0.9 else "unreachable"
        return "ok"

    async def _rejoin(
        self, rejoin: Rejoin, group: dict[str, Any], old: Member, writer: Member, *, keep: bool
    ) -> None:
        try:
            rejoin.killed = await self._fence_when_back(old, writer)
            rejoin.state, rejoin.fenced_at = "fenced", time.time()
            volume = old.database
            await asyncio.to_thread(volume.stop)
            old.database = self._members.new_database(old.region)
            end = self._keep(volume, rejoin, old) if keep else asyncio.to_thread(volume.discard)
            await asyncio.gather(end, self._members.launch(old.database))
            rejoin.state = "replicating"
            address = self._members.address(old.region, writer.region)
            await asyncio.to_thread(old.database.follow, *address)
            await self._members.caught_up(old.database, writer.database)
            self._connected(old)
            old.state = "available"
            rejoin.state, rejoin.connected_at = "connected", time.time()
        except _FAILURES as error:
            _log.exception("%s did not rejoin %s", old.region, group["GlobalClusterIdentifier"])
            old.state, old.error = "failed", str(error)
            rejoin.state, rejoin.error = "failed", str(error)

    async def _fence_when_back(self, old: Member, writer: Member) -> int:
        """Watch the old writer through the network; fence it in the moment it answers."""
        address = self._members.address(writer.region, old.region)
        while True:
            with contextlib.suppress(MySQLError, OSError):
                return await asyncio.to_thread(
                    self._fencing,
                    self._members.workspace,
                    address,
                    connect_s=_RETURN_CONNECT_S,
                    answer_s=_RETURN_ANSWER_S,
                )
            await asyncio.sleep(_WATCH_S)

    async def _keep(self, volume: Database, rejoin: Rejoin, old: Member) -> None:
        kept = self._members.snapshot_of(volume, old.region)
        snapshot = Snapshot(old.records.add_snapshot(old.cluster), kept, time.time())
        # Listed before it runs: whoever deletes the member ends this server, too.
        old.snapshots.append(snapshot)
        await self._members.launch(kept)
        await asyncio.to_thread(kept.stop_following)
        snapshot.position = await asyncio.to_thread(kept.gtid_position)
        rejoin.old_position, rejoin.snapshot = snapshot.position, str(kept.socket)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def forget(self, region: str) -> None:
        """A member goes away: nobody waits for its return any more."""
        if task := self._returns.pop(region, None):
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def cancel(self) -> None:
        """End everything that goes on in the background, and forget the history."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._returns.clear()
        self.history.clear()
