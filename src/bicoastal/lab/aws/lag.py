"""Publishes each replica's lag, as Aurora does: in the replica's region only.

https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/Aurora.AuroraMonitoring.Metrics.html
"""

from __future__ import annotations

import asyncio
from typing import Any

from pymysql.err import MySQLError

from bicoastal.lab.aws.members import Member, Members

METRICS = ("AuroraGlobalDBReplicationLag", "AuroraGlobalDBRPOLag")
BINLOG_METRIC = "AuroraBinlogReplicaLag"
"""Of a replica outside of a global database; in seconds, the others in milliseconds."""
_EVERY_S = 1.0


async def publish_forever(members: Members, cloudwatch: Any) -> None:
    """Publish the lag of every secondary each second, until cancelled.

    Args:
        members: The databases.
        cloudwatch: MiniStack's CloudWatch module.
    """
    while True:
        for member in list(members.by_region.values()):
            await publish(member, cloudwatch)
        await asyncio.sleep(_EVERY_S)


async def publish(member: Member, cloudwatch: Any) -> float | None:
    """Publish one member's lag, if it is a replica whose lag is known.

    Args:
        member: The member.
        cloudwatch: MiniStack's CloudWatch module.

    Returns:
        The lag in seconds, or None when nothing was published.
    """
    cluster = member.records.cluster(member.cluster_id)
    if member.state != "available" or cluster is None or member.source is None:
        return None
    try:
        lag = await asyncio.to_thread(member.database.lag)
    except (MySQLError, OSError):
        return None  # it is down or hangs: there is no metric, as in AWS
    if lag is not None:
        dimensions = {"DBClusterIdentifier": member.cluster_id}
        values = dict.fromkeys(METRICS, (lag * 1000, "Milliseconds"))
        if member.records.member_of(cluster) is None:
            values = {BINLOG_METRIC: (lag, "Seconds")}
        for metric, (value, unit) in values.items():
            member.records.run(cloudwatch.record_metric, "AWS/RDS", metric, value, unit, dimensions)
    return lag
