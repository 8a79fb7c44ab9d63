"""Which resource is which part of an Aurora global database."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bicoastal.policy.guard import Resource

CLUSTER = "aws:rds/cluster:Cluster"
INSTANCE = "aws:rds/clusterInstance:ClusterInstance"
GLOBAL = "aws:rds/globalCluster:GlobalCluster"

_SEED = ("masterUsername", "masterPassword", "masterPasswordWo", "manageMasterUserPassword")
_ORIGIN = ("snapshotIdentifier", "restoreToPointInTime", "s3Import")
_SOURCE = ("replicationSourceIdentifier", "sourceRegion")


def is_aurora(resource: Resource) -> bool:
    """Whether a cluster or an instance is Aurora's, MySQL or PostgreSQL."""
    return resource.text("engine").startswith("aurora")


def is_aurora_mysql(resource: Resource) -> bool:
    """Whether a cluster or an instance is Aurora MySQL's, as the rules of the settings are."""
    return resource.text("engine") == "aurora-mysql"


def is_member(cluster: Resource) -> bool:
    """Whether a cluster says itself that it belongs to a global database."""
    return cluster.has("globalClusterIdentifier")


def is_replica(cluster: Resource) -> bool:
    """Whether a cluster names another one as its source."""
    return any(cluster.has(name) for name in _SOURCE)


def is_secondary(cluster: Resource) -> bool:
    """Whether a cluster is made as a copy of another: it names its source, or has no origin."""
    if is_replica(cluster):
        return True
    return is_member(cluster) and not any(cluster.has(name) for name in (*_SEED, *_ORIGIN))


def cluster_of(instance: Resource, resources: Sequence[Resource]) -> Resource | None:
    """The cluster of an instance, by its name or by where the name comes from."""
    return next(_named(instance, "clusterIdentifier", CLUSTER, resources), None)


def members(resources: Sequence[Resource]) -> Iterator[Resource]:
    """The clusters that belong to a global database of the stack, or say that they do."""
    joined = {
        cluster.urn
        for whole in resources
        if whole.type == GLOBAL
        for cluster in _named(whole, "sourceDbClusterIdentifier", CLUSTER, resources)
    }
    for resource in resources:
        if resource.type == CLUSTER and (is_member(resource) or resource.urn in joined):
            yield resource


def global_of(cluster: Resource, resources: Sequence[Resource]) -> str:
    """What tells one global database of a stack from another: its name, or its URN."""
    found = next(_named(cluster, "globalClusterIdentifier", GLOBAL, resources), None)
    return found.urn if found else cluster.text("globalClusterIdentifier")


def _named(
    resource: Resource, name: str, kind: str, resources: Sequence[Resource]
) -> Iterator[Resource]:
    """The resources of a kind that a property names."""
    sources, text = resource.uses.get(name, ()), resource.text(name)
    names = ("clusterIdentifier", "globalClusterIdentifier", "arn", "id")
    for other in resources:
        if other.type != kind:
            continue
        is_same = bool(text) and text in {other.text(each) for each in names}
        if is_same or other.urn in sources:
            yield other
