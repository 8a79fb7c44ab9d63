"""The order in which databases can go, computed from who is the writer now.

Pulumi deletes in the order in which the program made things, so after a role swap it comes to the
writer first, and AWS refuses: the last instance of a writer cannot go before its replicas, nor can
the writer leave a global database that still has others. The last instance of a replica by binary
log cannot go at all before the replica has been promoted.
Sources:
https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-global-database-deleting.html
https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/AuroraMySQL.Replication.CrossRegion.html
https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DeleteDBInstance.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from bicoastal.operate.access import ask
from bicoastal.operate.errors import Refused
from bicoastal.operate.inventory import ClientFactory
from bicoastal.settings import Names, Settings
from bicoastal.settings.tables import parameter_family

ABSENT = (
    "DBClusterNotFoundFault",
    "DBClusterSnapshotNotFoundFault",
    "DBInstanceNotFound",
    "GlobalClusterNotFoundFault",
)
"""Error codes of what does not exist."""
GOING = "deleting"
"""The status of what is on its way."""
GROUP = "global cluster"
"""The kind of a step."""


@dataclass(frozen=True)
class Live:
    """The databases as RDS describes them.

    Attributes:
        clusters: each member region's cluster of the stack; regions that have none are left out.
        group: the global database, and the region that told; None when there is none.
        snapshots: final snapshots that exist already, under the names that new ones would get.
    """

    clusters: Mapping[str, Mapping[str, Any]]
    group: tuple[str, Mapping[str, Any]] | None = None
    snapshots: tuple[str, ...] = ()

    @property
    def members(self) -> dict[str, bool]:
        """ARN of each member of the global database, and whether it is the writer."""
        found = self.group[1].get("GlobalClusterMembers", ()) if self.group else ()
        return {member["DBClusterArn"]: bool(member.get("IsWriter")) for member in found}

    @property
    def writer(self) -> str | None:
        """Region of the cluster from which another one replicates, if it is one of the stack."""
        return next((region for region in self.clusters if self.is_source(region)), None)

    def is_source(self, region: str) -> bool:
        """Whether a cluster is the writer of the global database, or a replica's source."""
        arn = self.clusters[region]["DBClusterArn"]
        sources = (c.get("ReplicationSourceIdentifier") for c in self.clusters.values())
        return self.members.get(arn, False) or arn in sources


@dataclass(frozen=True)
class Step:
    """One thing that is done.

    Attributes:
        action: `detach`, `promote`, `free` (of what the stack made) or `delete`.
        kind: `DB instance`, `DB cluster` or `global cluster`.
        name: its identifier.
        region: the region that is asked.
        arn: of a cluster that is detached.
        group: the global database that it leaves.
        snapshot: the final snapshot that is taken before, if any.
        parameters: the parameter group that an adopted cluster gets instead of the stack's; None
            leaves it the one that it has.
        security_groups: the security groups that it keeps.
    """

    action: str
    kind: str
    name: str
    region: str
    arn: str | None = None
    group: str | None = None
    snapshot: str | None = None
    parameters: str | None = None
    security_groups: tuple[str, ...] = ()

    def __str__(self) -> str:
        end = f", after the final snapshot {self.snapshot}" if self.snapshot else ""
        if self.security_groups:
            end = f" of the stack's groups, with security groups {', '.join(self.security_groups)}"
            if self.parameters:
                end += (
                    f" and parameter group {self.parameters}; give it one of your own before, if "
                    "that is not what it should run with"
                )
        return f"{self.action} {self.kind} {self.name} ({self.region}){end}"


def look(client: ClientFactory, settings: Settings) -> Live:
    """Ask RDS what there is of the databases.

    Args:
        client: gives the clients.
        settings: name the clusters.

    Returns:
        What there is.

    Raises:
        Refused: a region does not tell; half a picture is none to destroy by.
    """
    names, members = Names(settings), settings.regions.members
    clusters: dict[str, Mapping[str, Any]] = {}
    group: tuple[str, Mapping[str, Any]] | None = None
    snapshots = []
    for region in members:
        rds = client("rds", region)
        cluster = _told(
            region,
            rds.describe_db_clusters,
            "DBClusters",
            DBClusterIdentifier=names.cluster(region),
        )
        if cluster is not None:
            clusters[region] = cluster
        if settings.is_global and group is None:
            name = names.global_cluster
            found = _told(
                region,
                rds.describe_global_clusters,
                "GlobalClusters",
                GlobalClusterIdentifier=name,
            )
            group = None if found is None else (region, found)
        final = names.final_snapshot(region)
        if not settings.database.skip_final_snapshot and _told(
            region,
            rds.describe_db_cluster_snapshots,
            "DBClusterSnapshots",
            DBClusterSnapshotIdentifier=final,
        ):
            snapshots.append(final)
    return Live(clusters, group, tuple(snapshots))


def _told(region: str, question: Callable[..., Any], key: str, **named: str) -> Any:
    answer = ask(first, question, key, named)
    if answer.problem is not None:
        raise Refused(
            f"RDS in {region} does not say what there is ({answer.problem}). Nothing is destroyed "
            "by half a picture: try again when it does"
        )
    return answer.value


def first(question: Callable[..., Any], key: str, named: Mapping[str, str]) -> Any:
    """The one thing of a name, or None.

    Args:
        question: describes it.
        key: under which the answer has it.
        named: the question's arguments.
    """
    try:
        found = question(**named)[key]
    except ClientError as error:
        if code(error) in ABSENT:
            return None
        raise
    return found[0] if found else None


def steps(settings: Settings, live: Live) -> tuple[Step, ...]:
    """What is to be done, in order: whoever replicates goes before its source.

    An instance goes before its cluster leaves the global database: a cluster on its own would take
    the writes of whoever still knows its address. So would a promoted replica by binary log, which
    AWS wants: only its last instance is there then. A cluster that was adopted only leaves, and is
    freed of the stack's groups, which could not be deleted otherwise.

    Args:
        settings: say whether final snapshots are taken.
        live: what there is.

    Returns:
        The steps; none when nothing is there.
    """
    names = Names(settings)
    found: list[Step] = []
    # By itself, the standby goes first: as Pulumi would do it.
    regions = [region for region in reversed(settings.regions.members) if region in live.clusters]
    for region in sorted(regions, key=live.is_source):
        cluster = live.clusters[region]
        name, arn = names.cluster(region), cluster["DBClusterArn"]
        instances = cluster.get("DBClusterMembers", ())
        if settings.adopts(region):
            instances = ()
        found += (
            Step("delete", "DB instance", instance["DBInstanceIdentifier"], region)
            for instance in sorted(instances, key=lambda each: bool(each.get("IsClusterWriter")))
        )
        if instances and arn not in live.members and cluster.get("ReplicationSourceIdentifier"):
            found.insert(-1, Step("promote", "DB cluster", name, region))
        if arn in live.members:
            found.append(Step("detach", "DB cluster", name, region, arn, names.global_cluster))
        if settings.adopts(region):
            found += _given_back(settings, region, cluster)
        else:
            final = None if settings.database.skip_final_snapshot else names.final_snapshot(region)
            found.append(Step("delete", "DB cluster", name, region, snapshot=final))
    if live.group is not None:
        found.append(Step("delete", GROUP, names.global_cluster, live.group[0]))
    return tuple(found)


def refusals(settings: Settings, live: Live) -> Iterator[str]:
    """Why the databases are not taken apart now.

    Args:
        settings: name the clusters.
        live: what there is.

    Yields:
        Each reason, with its cure.
    """
    names = Names(settings)
    own = {cluster["DBClusterArn"] for cluster in live.clusters.values()}
    protected = [
        names.cluster(r)
        for r, cluster in live.clusters.items()
        if cluster.get("DeletionProtection") and not settings.adopts(r)
    ]
    if live.group is not None:
        group = live.group[1]
        state = (group.get("FailoverState") or {}).get("Status") or group.get("Status")
        if state not in (None, "available", GOING):
            yield f"the global database is {state}: wait until it is available"
        if len(live.members) > 1 and sum(live.members.values()) != 1:
            yield "RDS does not say which member is the writer: wait until it does"
        if group.get("DeletionProtection"):
            protected.insert(0, names.global_cluster)
    if protected:
        yield (
            f"deletion protection is on for {', '.join(protected)}: set "
            "database.deletionProtection to false and run 'pulumi up', then this again"
        )
    replicas = {
        arn
        for cluster in live.clusters.values()
        for arn in cluster.get("ReadReplicaIdentifiers", ())
    }
    for arn in sorted((replicas | set(live.members)) - own):
        yield f"{arn} replicates too, and is none of this stack's: delete it or take it out first"
    for name in live.snapshots:
        region = next(r for r in settings.regions.members if names.final_snapshot(r) == name)
        if live.clusters.get(region, {}).get("Status", GOING) != GOING:
            yield f"there is a snapshot {name} in {region} already: copy it under another name"


def _given_back(settings: Settings, region: str, cluster: Mapping[str, Any]) -> Iterator[Step]:
    """What was adopted outlives the stack, so it must not hang on what the stack made.

    Its security groups the settings name; its parameter group of before nobody does.
    """
    names, own = Names(settings), settings.adopt.security_group_ids
    parameters = None
    if cluster.get("DBClusterParameterGroup") == names.parameter_group(region):
        version = cluster.get("EngineVersion", settings.database.engine_version)
        parameters = f"default.{parameter_family(version)}"
    if parameters or not security_groups(cluster) <= set(own):
        name = names.cluster(region)
        yield Step("free", "DB cluster", name, region, parameters=parameters, security_groups=own)


def security_groups(cluster: Mapping[str, Any]) -> set[str]:
    """The ids of a cluster's security groups.

    Args:
        cluster: as RDS describes it.
    """
    return {group["VpcSecurityGroupId"] for group in cluster.get("VpcSecurityGroups", ())}


def code(error: ClientError) -> str:
    """AWS's error code.

    Args:
        error: what a call raised.
    """
    return str(error.response.get("Error", {}).get("Code", ""))
