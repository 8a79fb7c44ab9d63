"""A member that is deployed: its cluster, its instances, and how full its volume is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from bicoastal.costs.deployed import MemberSeen
from bicoastal.costs.items import GIB
from bicoastal.failover.gateway import Clients
from bicoastal.live.asking import asked, client, if_there, pages
from bicoastal.settings import Names, Settings
from bicoastal.settings.account import Fact, Unread

_VOLUME_WINDOW = timedelta(days=1)
_VOLUME_PERIOD_S = 3600


def member(clients: Clients, settings: Settings, region: str) -> Fact[MemberSeen | None]:
    """A member's cluster and its instances.

    Args:
        clients: boto3's clients.
        settings: give the cluster's name.
        region: its region.

    Returns:
        The member, or None if there is none.
    """
    name = Names(settings).cluster(region)
    rds = client(clients, "rds", region)
    cluster = asked(
        "rds:DescribeDBClusters",
        region,
        lambda: if_there(
            lambda: rds.describe_db_clusters(DBClusterIdentifier=name)["DBClusters"][0],
            "DBClusterNotFoundFault",
        ),
    )
    if cluster is None or isinstance(cluster, Unread):
        return cluster
    only = [{"Name": "db-cluster-id", "Values": [name]}]
    instances = asked(
        "rds:DescribeDBInstances",
        region,
        lambda: pages(rds, "describe_db_instances", "DBInstances", Filters=only),
    )
    return instances if isinstance(instances, Unread) else _member(cluster, instances)


def _member(cluster: Mapping[str, Any], instances: Iterable[Mapping[str, Any]]) -> MemberSeen:
    classes: dict[str, int] = {}
    public, monitoring_s = 0, 0
    for instance in instances:
        found = instance["DBInstanceClass"]
        classes[found] = classes.get(found, 0) + 1
        public += bool(instance.get("PubliclyAccessible"))
        monitoring_s = instance.get("MonitoringInterval") or monitoring_s
    scaling = cluster.get("ServerlessV2ScalingConfiguration") or {}
    return MemberSeen(
        classes=classes,
        public=public,
        least_acu=scaling.get("MinCapacity"),
        most_acu=scaling.get("MaxCapacity"),
        storage_type=cluster.get("StorageType") or "aurora",
        backup_days=cluster["BackupRetentionPeriod"],
        monitoring_s=monitoring_s,
    )


def volume(clients: Clients, settings: Settings, region: str) -> Fact[Decimal | None]:
    """How much of a member's volume is used.

    Source:
    https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/Aurora.AuroraMonitoring.Metrics.html

    Args:
        clients: boto3's clients.
        settings: give the cluster's name.
        region: its region.

    Returns:
        GiB, as of the last measurement of the last day; None if there is none.
    """
    name = Names(settings).cluster(region)

    def question() -> Decimal | None:
        end = datetime.now(UTC)
        points = client(clients, "cloudwatch", region).get_metric_statistics(
            Namespace="AWS/RDS",
            MetricName="VolumeBytesUsed",
            Dimensions=[{"Name": "DBClusterIdentifier", "Value": name}],
            StartTime=end - _VOLUME_WINDOW,
            EndTime=end,
            Period=_VOLUME_PERIOD_S,
            Statistics=["Maximum"],
        )["Datapoints"]
        if not points:
            return None
        last = max(points, key=lambda point: point["Timestamp"])
        return Decimal(str(last["Maximum"])) / GIB

    return asked("cloudwatch:GetMetricStatistics", region, question)
