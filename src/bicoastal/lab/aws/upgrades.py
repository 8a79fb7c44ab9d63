"""A minor upgrade of a cluster: its database really restarts, and is not there meanwhile.

https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/AuroraMySQL.Updates.Patching.ModifyEngineVersion.html
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from pymysql.err import MySQLError

from bicoastal.errors import LabError
from bicoastal.lab.aws.members import CATCH_UP_S, Member, Members
from bicoastal.lab.aws.records import Records

_log = logging.getLogger(__name__)
STATUS = "upgrading"


def stamp(records: Records, cluster: dict[str, Any], version: str) -> None:
    """Give a cluster and its instances an engine version; the global cluster has its writer's.

    Args:
        records: The account and region.
        cluster: The cluster's record.
        version: The engine version.
    """
    cluster["EngineVersion"] = version
    records.upgrade_instances(cluster)
    membership = records.member_of(cluster)
    group = records.global_cluster(cluster.get("GlobalClusterIdentifier") or "")
    if group and membership and membership["IsWriter"]:
        group["EngineVersion"] = version


async def begin(members: Members, records: Records, cluster: dict[str, Any], version: str) -> None:
    """Accept an upgrade; it goes on in the background.

    Args:
        members: The databases.
        records: The account and region of the cluster.
        cluster: The cluster's record, whose status changes at once.
        version: The engine version to reach.
    """
    member = members.of(cluster["DBClusterIdentifier"], records.region)
    if member is None or member.state != "available":
        stamp(records, cluster, version)  # nothing runs that could be restarted
        return
    member.state = STATUS
    records.set_status(cluster, STATUS)
    cluster["Status"] = STATUS  # which MiniStack calls "creating"
    member.starting = asyncio.create_task(_carry_out(members, member, version))


async def _carry_out(members: Members, member: Member, version: str) -> None:
    try:
        await asyncio.gather(
            asyncio.to_thread(member.database.stop), asyncio.sleep(members.config.upgrade_s)
        )
        await members.launch(member.database)
        await members.assume_role(member)
        if (source := member.source) and (writer := members.by_region.get(source)):
            await members.caught_up(member.database, writer.database, timeout=CATCH_UP_S)
        stamp(member.records, member.cluster, version)
        member.state = "available"
    except (LabError, MySQLError, OSError) as error:
        _log.exception("the database of %s did not come up with %s", member.region, version)
        member.state, member.error = "failed", str(error)
    member.records.set_status(member.cluster, member.state)
