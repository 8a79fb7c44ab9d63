"""The control plane: RDS's actions, with real databases behind them.

MiniStack keeps the records. Each action passes here: what AWS would refuse is refused, the
databases follow what the records say, and what MiniStack cannot do is done here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from functools import partial
from typing import Any, TypeAlias, TypeVar
from xml.sax.saxutils import escape

from pymysql.err import MySQLError

from bicoastal.lab.aws import offers, upgrades
from bicoastal.lab.aws.failovers import Failovers
from bicoastal.lab.aws.members import Member, Members
from bicoastal.lab.aws.patches import Action, Response, flattened
from bicoastal.lab.aws.records import GlobalWriters, Records, arn_region
from bicoastal.lab.aws.refusal import Refusal
from bicoastal.lab.aws.refusals import refused
from bicoastal.lab.aws.subscriptions import Subscriptions

_T = TypeVar("_T")
Handler: TypeAlias = Callable[[Records, Mapping[str, str], Any, Any], Response]
_PATIENCE_S = 60.0
_OK = 200


class ControlPlane:
    """Handles RDS's actions. Made on the event loop; `handle` is called from worker threads.

    Args:
        rds: MiniStack's RDS module.
        members: The databases.
        failovers: What moves writers.
        writers: What the functions' resolver is told.

    Attributes:
        subscriptions: The event subscriptions.
    """

    def __init__(
        self, rds: Any, members: Members, failovers: Failovers, writers: GlobalWriters
    ) -> None:
        self._rds = rds
        self._members = members
        self._failovers = failovers
        self._writers = writers
        self._loop = asyncio.get_running_loop()
        self.subscriptions = Subscriptions()
        self._actions: Mapping[str, Handler] = {
            "CreateDBCluster": self._create_cluster,
            "ModifyDBCluster": self._modify_cluster,
            "DeleteDBCluster": self._delete_cluster,
            "CreateDBInstance": self._create_instance,
            "ModifyDBInstance": _modify_instance,
            "DeleteDBInstance": self._delete_instance,
            "RemoveFromGlobalCluster": self._remove_from_global,
            "FailoverGlobalCluster": partial(self._failover, "FailoverGlobalCluster"),
            "SwitchoverGlobalCluster": partial(self._failover, "SwitchoverGlobalCluster"),
            "PromoteReadReplicaDBCluster": self._promote_replica,
            "DescribeOrderableDBInstanceOptions": self._orderable,
            "DescribeAccountAttributes": self._quotas,
            "DescribeDBEngineVersions": self._versions,
            **{action: partial(self._subscribed, action) for action in self.subscriptions.actions},
        }

    def handle(self, action: str, params: Mapping[str, Any], original: Any) -> Response:
        """Answer an RDS action; called by the patched action table.

        Args:
            action: The action's name.
            params: The request's parameters, lists of values.
            original: MiniStack's handler, if it has one.

        Returns:
            Status, headers and body.
        """
        records = Records.of_request(self._rds)
        flat = flattened(params)
        refusal = refused(action, flat, records)
        if refusal:
            return self._refuse(refusal)
        handler: Handler = self._actions.get(action) or _pass_on
        return handler(records, flat, params, original)

    def _refuse(self, refusal: Refusal) -> Response:
        answer: Response = self._rds._error(refusal.code, escape(refusal.message), refusal.status)
        return answer

    def _on_loop(self, work: Coroutine[Any, Any, _T]) -> _T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(_PATIENCE_S)

    def _create_cluster(
        self, records: Records, flat: Mapping[str, str], params: Any, original: Action
    ) -> Response:
        answer = original(params)
        cluster = records.cluster(flat.get("DBClusterIdentifier", ""))
        if answer[0] == _OK and cluster:
            source = flat.get("ReplicationSourceIdentifier")
            if source and not cluster.get("GlobalClusterIdentifier"):
                cluster["ReplicationSourceIdentifier"] = source
            _store(cluster, flat)
            self._writers.write(records.account)
        return answer

    def _modify_cluster(
        self, records: Records, flat: Mapping[str, str], params: Any, original: Action
    ) -> Response:
        cluster = records.cluster(flat.get("DBClusterIdentifier", "")) or {}
        before = cluster.get("EngineVersion")
        answer = original(params)
        if answer[0] != _OK:
            return answer
        _store(cluster, flat)
        if flat.get("MasterUserPassword"):
            work = self._members.password_changed(flat["DBClusterIdentifier"], records.region)
            self._on_loop(work)
        if (wanted := cluster["EngineVersion"]) == before:
            return answer
        # The version is reached at the end; without ApplyImmediately it waits for a maintenance
        # window, of which the lab has none.
        cluster["EngineVersion"] = before
        if flat.get("ApplyImmediately") == "true":
            self._on_loop(upgrades.begin(self._members, records, cluster, wanted))
        body = f"<DBCluster>{self._rds._cluster_xml(cluster)}</DBCluster>"
        return self._answer("ModifyDBCluster", body)

    def _delete_cluster(
        self, records: Records, flat: Mapping[str, str], params: Any, original: Action
    ) -> Response:
        answer = original(params)
        if answer[0] == _OK:
            identifier = flat["DBClusterIdentifier"]
            records.drop_snapshots(identifier)
            self._on_loop(self._members.cluster_deleted(identifier, records.region))
        return answer

    def _create_instance(
        self, records: Records, flat: Mapping[str, str], params: Any, original: Action
    ) -> Response:
        cluster_id = flat.get("DBClusterIdentifier", "")
        other = self._members.by_region.get(records.region)
        regions = self._members.config.paths.members
        if records.region not in regions:
            return self._refuse(
                Refusal(
                    "InsufficientDBInstanceCapacity",
                    f"The lab has databases in {', '.join(regions)} only.",
                )
            )
        if other and other.cluster_id != cluster_id:
            return self._refuse(
                Refusal(
                    "InstanceQuotaExceeded",
                    f"The lab runs one database in each region; {records.region} has that of "
                    f"{other.cluster_id}.",
                )
            )
        answer = original(params)
        cluster = records.cluster(cluster_id)
        instance = records.instance(flat.get("DBInstanceIdentifier", ""))
        if answer[0] == _OK and cluster and instance:
            _complete_instance(records, cluster, instance)
            self._on_loop(self._members.instance_created(records, cluster_id))
        return answer

    def _delete_instance(
        self, records: Records, flat: Mapping[str, str], params: Any, original: Action
    ) -> Response:
        instance = records.instance(flat.get("DBInstanceIdentifier", "")) or {}
        cluster = records.cluster(instance.get("DBClusterIdentifier") or "")
        answer = original(params)
        if answer[0] == _OK and cluster and not cluster["DBClusterMembers"]:
            identifier = cluster["DBClusterIdentifier"]
            self._on_loop(self._failovers.forget(records.region))
            self._on_loop(self._members.last_instance_deleted(identifier, records.region))
        return answer

    def _remove_from_global(
        self, records: Records, flat: Mapping[str, str], params: Any, original: Action
    ) -> Response:
        group = records.global_cluster(flat.get("GlobalClusterIdentifier", ""))
        cluster = records.cluster(flat.get("DbClusterIdentifier", ""))
        if group and group["Status"] != "available":
            return self._refuse(_busy(group))
        was_secondary = bool(cluster and records.source_of(cluster))
        answer = original(params)
        if answer[0] == _OK and cluster:
            region = arn_region(cluster["DBClusterArn"])
            self._on_loop(self._failovers.forget(region))
            if was_secondary:
                work = self._members.detached(cluster["DBClusterIdentifier"], region)
                self._on_loop(work)
            self._writers.write(records.account)
        return answer

    def _failover(
        self, action: str, records: Records, flat: Mapping[str, str], params: Any, _: Action
    ) -> Response:
        lossy = action == "FailoverGlobalCluster" and flat.get("AllowDataLoss") == "true"
        resolved, error = self._rds._resolve_global_writer_switch(params)
        if error:
            answer: Response = error
            return answer
        group, target_cluster, _membership, writer_membership = resolved
        target = self._members.of_arn(target_cluster["DBClusterArn"])
        source = self._members.of_arn(writer_membership["DBClusterArn"])
        writer = records.writer_of(group) or target_cluster
        if refusal := _hindrance(group, writer, target_cluster):
            return self._refuse(refusal)
        if not target or target.state != "available":
            return self._refuse(_not_ready(target_cluster))
        if not source or (not lossy and not _healthy(source, target)):
            return self._refuse(_not_ready(writer))
        kind = "failover" if lossy else "switchover"
        self._on_loop(self._failovers.begin(group, source, target, kind))
        body = f"<GlobalCluster>{self._rds._global_cluster_xml(group)}</GlobalCluster>"
        return self._answer(action, body)

    def _promote_replica(
        self, records: Records, flat: Mapping[str, str], _params: Any, _: Any
    ) -> Response:
        identifier = flat.get("DBClusterIdentifier", "")
        cluster = records.cluster(identifier)
        if cluster is None:
            return self._refuse(
                Refusal("DBClusterNotFoundFault", f"DBCluster {identifier} not found.", 404)
            )
        if not cluster.get("ReplicationSourceIdentifier"):
            return self._refuse(
                Refusal(
                    "InvalidDBClusterStateFault", f"DBCluster {identifier} is not a read replica."
                )
            )
        self._on_loop(self._members.promoted(cluster, records.region))
        body = f"<DBCluster>{self._rds._cluster_xml(cluster)}</DBCluster>"
        return self._answer("PromoteReadReplicaDBCluster", body)

    def _orderable(
        self, records: Records, flat: Mapping[str, str], params: Any, original: Action
    ) -> Response:
        versions = self._rds.AURORA_MYSQL_ENGINE_VERSION_SET
        unknown = flat.get("EngineVersion") not in {None, *versions}
        if flat.get("Engine") != "aurora-mysql" or unknown:
            return original(params)
        body = offers.orderable(flat, records.region, sorted(versions))
        return self._answer("DescribeOrderableDBInstanceOptions", body)

    def _versions(
        self, _: Records, flat: Mapping[str, str], params: Any, original: Action
    ) -> Response:
        status, headers, body = original(params)
        if flat.get("Engine") == "aurora-mysql":
            body = offers.with_targets(body, self._rds.AURORA_MYSQL_ENGINE_VERSION_SET)
        return status, headers, body

    def _quotas(self, records: Records, _flat: Mapping[str, str], _params: Any, _: Any) -> Response:
        return self._answer("DescribeAccountAttributes", offers.quotas(records.used()))

    def _subscribed(
        self, action: str, records: Records, flat: Mapping[str, str], params: Any, _: Any
    ) -> Response:
        answer = self.subscriptions.actions[action](records, flat, params)
        return self._refuse(answer) if isinstance(answer, Refusal) else self._answer(action, answer)

    def _answer(self, action: str, body: str) -> Response:
        answer: Response = self._rds._xml(
            _OK, f"{action}Response", f"<{action}Result>{body}</{action}Result>"
        )
        return answer


def _modify_instance(
    records: Records, flat: Mapping[str, str], params: Any, original: Action
) -> Response:
    """MiniStack forgets what becomes of minor upgrades by themselves."""
    answer = original(params)
    instance = records.instance(flat.get("DBInstanceIdentifier", ""))
    if answer[0] == _OK and instance and (wanted := flat.get("AutoMinorVersionUpgrade")):
        instance["AutoMinorVersionUpgrade"] = wanted == "true"
    return answer


def _pass_on(_: Records, _flat: Mapping[str, str], params: Any, original: Action) -> Response:
    return original(params)


def _busy(group: Mapping[str, Any]) -> Refusal:
    return Refusal(
        "InvalidGlobalClusterStateFault",
        f"Global cluster {group['GlobalClusterIdentifier']} is in {group['Status']} state but "
        "expected it to be available.",
    )


def _not_ready(cluster: Mapping[str, Any]) -> Refusal:
    return Refusal(
        "InvalidDBClusterStateFault",
        f"DBCluster {cluster['DBClusterIdentifier']} has no available DB instance.",
    )


def _hindrance(
    group: Mapping[str, Any], writer: Mapping[str, Any], target: Mapping[str, Any]
) -> Refusal | None:
    """What keeps a global database from moving its writer: its state, or another version.

    https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-global-database-upgrade.html
    (no version of Aurora MySQL allows differing patch levels)
    """
    if group["Status"] != "available":
        return _busy(group)
    if writer["EngineVersion"] == target["EngineVersion"]:
        return None
    return Refusal(
        "InvalidDBClusterStateFault",
        f"Target cluster {target['DBClusterIdentifier']} must have the same engine version as "
        "current primary cluster.",
    )


def _healthy(source: Member, target: Member) -> bool:
    """Whether a switchover can begin: both databases answer and replication runs."""
    try:
        return bool(source.database.gtid_position()) and target.database.replicating()
    except (MySQLError, OSError):
        return False


def _store(cluster: dict[str, Any], flat: Mapping[str, str]) -> None:
    """Keep the kind of storage that was asked for."""
    if kind := flat.get("StorageType"):
        cluster["StorageType"] = kind


def _complete_instance(
    records: Records, cluster: Mapping[str, Any], instance: dict[str, Any]
) -> None:
    """Say of an instance what AWS says: it has the settings of its cluster."""
    rest = str(cluster["Endpoint"]).split(".cluster-", 1)[1]
    instance["Endpoint"] = dict(
        instance["Endpoint"], Address=f"{instance['DBInstanceIdentifier']}.{rest}"
    )
    instance.update(
        StorageType=cluster.get("StorageType", "aurora"),
        LicenseModel="general-public-license",
        StorageEncrypted=cluster["StorageEncrypted"],
        KmsKeyId=cluster["KmsKeyId"],
        VpcSecurityGroups=cluster["VpcSecurityGroups"],
    )
    group = records.subnet_groups().get(str(cluster["DBSubnetGroup"]))
    if group:
        instance["DBSubnetGroup"] = group
