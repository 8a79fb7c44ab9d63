"""RDS of two regions, as far as taking databases apart asks it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError, ConnectTimeoutError

from .samples import HOME, STANDBY, arn

CODES = {HOME: "use1", STANDBY: "usw2"}


def refused(code: str, message: str = "no") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, "Action")


def silence() -> ConnectTimeoutError:
    return ConnectTimeoutError(endpoint_url="https://rds")


def cluster(region: str, instances: int = 1, **more: Any) -> dict[str, Any]:
    code = CODES[region]
    return {
        "DBClusterIdentifier": f"aurora-{code}-dev",
        "DBClusterArn": arn(region),
        "Status": "available",
        "DBClusterMembers": [
            {"DBInstanceIdentifier": f"db-{code}-{n}-dev", "IsClusterWriter": n == 1}
            for n in range(1, instances + 1)
        ],
    } | more


def group(writer: str | None, *members: str, **more: Any) -> dict[str, Any]:
    return {
        "GlobalClusterIdentifier": "global-dev",
        "Status": "available",
        "GlobalClusterMembers": [
            {"DBClusterArn": arn(region), "IsWriter": region == writer} for region in members
        ],
    } | more


@dataclass
class FakeRds:
    """What exists, what was asked for, and what goes wrong.

    Attributes:
        clusters: by region.
        group: the global cluster.
        asked: what was changed, in order.
        errors: what the next calls of an action raise.
        slow: descriptions for which something that is being deleted still shows.
    """

    clusters: dict[str, dict[str, Any]] = field(default_factory=dict)
    group: dict[str, Any] | None = None
    snapshots: dict[str, str] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    errors: dict[str, list[Exception]] = field(default_factory=dict)
    slow: int = 0
    region: str = HOME

    def __call__(self, service: str, region: str) -> FakeRds:
        assert service == "rds"
        self.region = region
        return self

    def _fail(self, action: str) -> None:
        if waiting := self.errors.get(action):
            raise waiting.pop(0)

    def describe_db_clusters(self, *, DBClusterIdentifier: str) -> Any:  # noqa: N803 - AWS's
        self._fail("DescribeDBClusters")
        found = self.clusters.get(self.region)
        if found is None or found["DBClusterIdentifier"] != DBClusterIdentifier:
            raise refused("DBClusterNotFoundFault")
        if found["Status"] == "deleting":
            self.slow -= 1
            if self.slow < 0:
                del self.clusters[self.region]
                raise refused("DBClusterNotFoundFault")
        return {"DBClusters": [found]}

    def describe_db_instances(self, *, DBInstanceIdentifier: str) -> Any:  # noqa: N803
        self._fail("DescribeDBInstances")
        for found in self.clusters.get(self.region, {}).get("DBClusterMembers", ()):
            if found["DBInstanceIdentifier"] == DBInstanceIdentifier:
                return {"DBInstances": [{"DBInstanceStatus": found.get("Status", "available")}]}
        raise refused("DBInstanceNotFound")

    def describe_global_clusters(self, *, GlobalClusterIdentifier: str) -> Any:  # noqa: N803
        self._fail("DescribeGlobalClusters")
        assert GlobalClusterIdentifier == "global-dev"
        if self.group is None:
            raise refused("GlobalClusterNotFoundFault")
        return {"GlobalClusters": [self.group]}

    def describe_db_cluster_snapshots(
        self,
        *,
        DBClusterSnapshotIdentifier: str,  # noqa: N803
    ) -> Any:
        if self.snapshots.get(self.region) != DBClusterSnapshotIdentifier:
            raise refused("DBClusterSnapshotNotFoundFault")
        return {"DBClusterSnapshots": [{"Status": "available"}]}

    def delete_db_instance(self, *, DBInstanceIdentifier: str, SkipFinalSnapshot: bool) -> None:  # noqa: N803
        assert SkipFinalSnapshot
        self._fail("DeleteDBInstance")
        self.asked.append(f"instance {DBInstanceIdentifier}")
        members = self.clusters[self.region]["DBClusterMembers"]
        members[:] = [m for m in members if m["DBInstanceIdentifier"] != DBInstanceIdentifier]

    def promote_read_replica_db_cluster(self, *, DBClusterIdentifier: str) -> None:  # noqa: N803
        self._fail("PromoteReadReplicaDBCluster")
        self.asked.append(f"promote {DBClusterIdentifier}")
        del self.clusters[self.region]["ReplicationSourceIdentifier"]

    def remove_from_global_cluster(
        self,
        *,
        GlobalClusterIdentifier: str,  # noqa: N803
        DbClusterIdentifier: str,  # noqa: N803
    ) -> None:
        self._fail("RemoveFromGlobalCluster")
        assert self.group is not None
        self.asked.append(
            f"leave {GlobalClusterIdentifier} {DbClusterIdentifier.rpartition(':')[2]}"
        )
        members = self.group["GlobalClusterMembers"]
        members[:] = [m for m in members if m["DBClusterArn"] != DbClusterIdentifier]

    def modify_db_cluster(self, *, DBClusterIdentifier: str, **asked: Any) -> None:  # noqa: N803
        self._fail("ModifyDBCluster")
        assert asked["ApplyImmediately"] is True
        groups, parameters = asked["VpcSecurityGroupIds"], asked.get("DBClusterParameterGroupName")
        self.asked.append(f"free {DBClusterIdentifier} for {', '.join(groups)}, {parameters}")
        self.clusters[self.region] |= {
            "VpcSecurityGroups": [{"VpcSecurityGroupId": group} for group in groups],
        } | ({"DBClusterParameterGroup": parameters} if parameters else {})

    def delete_db_cluster(
        self,
        *,
        DBClusterIdentifier: str,  # noqa: N803
        SkipFinalSnapshot: bool,  # noqa: N803
        FinalDBSnapshotIdentifier: str | None = None,  # noqa: N803
    ) -> None:
        self._fail("DeleteDBCluster")
        assert SkipFinalSnapshot is (FinalDBSnapshotIdentifier is None)
        last = f" as {FinalDBSnapshotIdentifier}" if FinalDBSnapshotIdentifier else ""
        self.asked.append(f"cluster {DBClusterIdentifier}{last}")
        self.clusters[self.region]["Status"] = "deleting"

    def delete_global_cluster(self, *, GlobalClusterIdentifier: str) -> None:  # noqa: N803
        self._fail("DeleteGlobalCluster")
        self.asked.append(f"group {GlobalClusterIdentifier}")
        self.group = None


def both(writer: str = HOME, **more: Any) -> FakeRds:
    """A global database of two members."""
    return FakeRds(
        {region: cluster(region) for region in CODES}, group(writer, HOME, STANDBY), **more
    )
