"""MiniStack's RDS records, seen by account and region.

MiniStack is a dependency without types and without an interface for this, so that all knowledge
of its internals is in this module and in `patches`.
"""

from __future__ import annotations

import contextvars
import hashlib
import json
import threading
import time
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, TypeVar

_T = TypeVar("_T")


def arn_region(arn: str) -> str:
    """The region in an ARN."""
    return arn.split(":")[3]


def global_endpoint(global_cluster: Mapping[str, Any]) -> str:
    """The global writer endpoint's name; it stays for the life of the global cluster.

    https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-global-database-connecting.html
    """
    identity = str(global_cluster["GlobalClusterResourceId"]).encode()
    unique = hashlib.sha256(identity).hexdigest()[:12]
    return f"{global_cluster['GlobalClusterIdentifier']}.global-{unique}.global.rds.amazonaws.com"


class Records:
    """What exists in RDS, for one account and region; an `Inventory` of the refusals.

    Args:
        rds: MiniStack's RDS module.
        account: The account id.
        region: The region.
    """

    def __init__(self, rds: Any, account: str, region: str) -> None:
        self.rds = rds
        self.account = account
        self.region = region

    @classmethod
    def of_request(cls, rds: Any) -> Records:
        """The records of the account and region of the request that is being handled."""
        return cls(rds, rds.get_account_id(), rds.get_region())

    def run(self, function: Callable[..., _T], *args: Any) -> _T:
        """Call a function of MiniStack's as if a request of this account and region did."""
        responses = import_module("ministack.core.responses")

        def call() -> _T:
            responses.set_request_account_id(self.account)
            responses.set_request_region(self.region)
            return function(*args)

        return contextvars.copy_context().run(call)

    def cluster(self, identifier: str) -> dict[str, Any] | None:
        """A cluster by identifier (in this region) or ARN (in its own)."""
        region = self.region
        if identifier.startswith("arn:"):
            region, identifier = arn_region(identifier), identifier.rsplit(":", 1)[1]
        record: dict[str, Any] | None = self.rds._clusters.get_scoped(
            self.account, region, identifier
        )
        return record

    def clusters(self) -> list[Mapping[str, Any]]:
        """All clusters of the region."""
        return list(self.rds._clusters.values_scoped(self.account, self.region))

    def replicas_of(self, cluster: Mapping[str, Any]) -> list[Mapping[str, Any]]:
        """The clusters of any region that replicate from one outside a global cluster."""
        arn = cluster["DBClusterArn"]
        everywhere = self.rds._clusters.all_values()
        return [each for each in everywhere if each.get("ReplicationSourceIdentifier") == arn]

    def used(self) -> dict[str, int]:
        """How much of each of RDS's quotas is in use in the region."""
        kept = {
            "DBClusters": self.rds._clusters,
            "DBInstances": self.rds._instances,
            "DBSubnetGroups": self.rds._subnet_groups,
            "DBClusterParameterGroups": self.rds._db_cluster_param_groups,
        }
        return {
            name: len(list(records.values_scoped(self.account, self.region)))
            for name, records in kept.items()
        }

    def instance(self, identifier: str) -> dict[str, Any] | None:
        """An instance of this region."""
        record: dict[str, Any] | None = self.rds._instances.get_scoped(
            self.account, self.region, identifier
        )
        return record

    def instances_of(self, cluster: Mapping[str, Any]) -> list[Mapping[str, Any]]:
        """A cluster's instances, wherever the cluster is."""
        instances: list[Mapping[str, Any]] = self.rds._cluster_member_instances(cluster)
        return instances

    def upgrade_instances(self, cluster: Mapping[str, Any]) -> None:
        """Give a cluster's instances the cluster's engine version, as AWS does."""
        for instance in self.instances_of(cluster):
            instance["EngineVersion"] = cluster["EngineVersion"]  # type: ignore[index]

    def parameters_of(self, cluster: Mapping[str, Any]) -> dict[str, str]:
        """What a cluster's parameter group sets, wherever the cluster is."""
        group = self.rds._db_cluster_param_groups.get_scoped(
            self.account, arn_region(cluster["DBClusterArn"]), cluster["DBClusterParameterGroup"]
        )
        parameters = group["Parameters"] if group else {}
        return {name: parameter["ParameterValue"] for name, parameter in parameters.items()}

    def subnet_groups(self) -> dict[str, Mapping[str, Any]]:
        """The region's subnet groups by name."""
        return dict(self.rds._subnet_groups.items_scoped(self.account, self.region))

    def global_cluster(self, identifier: str) -> dict[str, Any] | None:
        """A global cluster by identifier."""
        record: dict[str, Any] | None = self.run(self.rds._global_clusters.get, identifier)
        return record

    def global_clusters(self) -> list[dict[str, Any]]:
        """All global clusters of the account."""
        return list(self.run(self.rds._global_clusters.values))

    def writer_of(self, global_cluster: Mapping[str, Any]) -> dict[str, Any] | None:
        """The cluster that is a global cluster's writer."""
        record: dict[str, Any] | None = self.run(
            self.rds._global_cluster_writer_cluster, global_cluster
        )
        return record

    def member_of(self, cluster: Mapping[str, Any]) -> dict[str, Any] | None:
        """A cluster's membership in its global cluster."""
        group = self.global_cluster(cluster.get("GlobalClusterIdentifier") or "") or {}
        arn = cluster["DBClusterArn"]
        members: list[dict[str, Any]] = group.get("GlobalClusterMembers", [])
        return next((m for m in members if m["DBClusterArn"] == arn), None)

    def source_of(self, cluster: Mapping[str, Any]) -> str | None:
        """The ARN of the cluster that this one replicates from, or None for a writer."""
        member = self.member_of(cluster)
        if member is None:
            return cluster.get("ReplicationSourceIdentifier")
        if member["IsWriter"]:
            return None
        group = self.global_cluster(cluster["GlobalClusterIdentifier"]) or {}
        writers = (m for m in group["GlobalClusterMembers"] if m["IsWriter"])
        return next((m["DBClusterArn"] for m in writers), None)

    def set_status(self, cluster: Mapping[str, Any], status: str) -> None:
        """Give all instances of a cluster a status, and the cluster the one that follows."""
        with self.rds._shared_container_lock:
            for instance in self.instances_of(cluster):
                instance["DBInstanceStatus"] = status  # type: ignore[index]
            self.run(self.rds._refresh_cluster_status, cluster["DBClusterIdentifier"])

    def set_writer(self, group: dict[str, Any], arn: str, *, old_status: str) -> None:
        """Make a member the writer.

        Args:
            group: The global cluster.
            arn: The new writer's cluster.
            old_status: SynchronizationStatus of all other members, until they follow it.
        """
        with self.rds._shared_container_lock:
            for member in group["GlobalClusterMembers"]:
                is_writer = member["DBClusterArn"] == arn
                member["SynchronizationStatus"] = "connected" if is_writer else old_status
            self.rds._set_global_cluster_writer(group, {"DBClusterArn": arn})

    @staticmethod
    def settle(group: dict[str, Any]) -> None:
        """No failover or switchover is going on any more."""
        group.pop("FailoverState", None)
        group["Status"] = "available"

    def add_snapshot(self, cluster: Mapping[str, Any]) -> str:
        """Record the snapshot that Aurora takes of the old writer's volume.

        https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-global-database-disaster-recovery.html

        Returns:
            Its name, ``rds:unplanned-global-failover-<cluster>-<timestamp>``.
        """
        stamp = time.strftime("%Y-%m-%d-%H-%M-%S", time.gmtime())
        name = f"rds:unplanned-global-failover-{cluster['DBClusterIdentifier']}-{stamp}"
        snapshot = self.run(self.rds._create_cluster_snapshot_internal, name, cluster)
        snapshot["SnapshotType"] = "automated"
        return name

    def drop_snapshots(self, identifier: str) -> None:
        """Forget a deleted cluster's automated snapshots, as AWS does.

        https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DeleteDBCluster.html
        """
        snapshots = self.rds._db_cluster_snapshots
        for name, snapshot in snapshots.items_scoped(self.account, self.region):
            automated = snapshot["SnapshotType"] == "automated"
            if automated and snapshot["DBClusterIdentifier"] == identifier:
                snapshots.pop_scoped(self.account, self.region, name)


class GlobalWriters:
    """The file that tells the functions' resolver where each global writer endpoint leads.

    Args:
        rds: MiniStack's RDS module.
        file: The JSON file: endpoint to region.
    """

    def __init__(self, rds: Any, file: Path) -> None:
        self._rds = rds
        self._file = file
        self._accounts: set[str] = set()
        self._lock = threading.Lock()

    def write(self, account: str | None = None) -> None:
        """Write the file as the records are now.

        Args:
            account: An account that has global clusters from now on.
        """
        with self._lock:
            if account:
                self._accounts.add(account)
            writers = {}
            for known in self._accounts:
                records = Records(self._rds, known, "us-east-1")
                for group in records.global_clusters():
                    if writer := records.writer_of(group):
                        writers[global_endpoint(group)] = arn_region(writer["DBClusterArn"])
            draft = self._file.with_suffix(".draft")
            draft.write_text(json.dumps(writers))
            draft.rename(self._file)
