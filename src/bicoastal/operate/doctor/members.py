"""The global database and its instances, beyond what `status` and `drift` look at."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from bicoastal.failover.gateway import Clients
from bicoastal.live.asking import client, if_there
from bicoastal.operate.doctor import standing
from bicoastal.operate.doctor.finding import Finding
from bicoastal.operate.drift import drift
from bicoastal.settings import Names, Settings

_DEPLOY = "pulumi preview --refresh, then pulumi up --refresh"


def global_cluster(clients: Clients, settings: Settings, region: str) -> Iterator[Finding]:
    """Examine the global database's own settings.

    Args:
        clients: boto3's clients.
        settings: what is meant to be.
        region: the region that is asked.

    Yields:
        What is not so. One that does not exist is a finding of `status`.
    """
    name = Names(settings).global_cluster
    rds = client(clients, "rds", region)
    found = if_there(
        lambda: rds.describe_global_clusters(GlobalClusterIdentifier=name)["GlobalClusters"][0],
        "GlobalClusterNotFoundFault",
    )
    if found is None:
        return
    wanted: dict[str, Any] = {
        "DeletionProtection": settings.database.deletion_protection,
        "StorageEncrypted": True,
    }
    for what, value in wanted.items():
        live = bool(found.get(what))
        if live != value:
            why = "the global database is what holds the members together"
            yield Finding(f"global-{what}", name, str(live), str(value), why, _DEPLOY)


def instances(clients: Clients, settings: Settings, region: str) -> Iterator[Finding]:
    """Examine a member's instances; one that is missing is a finding of `drift`.

    Args:
        clients: boto3's clients.
        settings: what is meant to be.
        region: the member's region.

    Yields:
        What is not so.
    """
    names, database = Names(settings), settings.database
    rds = client(clients, "rds", region)
    wanted: Mapping[str, tuple[Any, str]] = {
        "DBInstanceClass": (
            database.instance_class,
            "a smaller standby does not carry the load after a failover",
        ),
        "AutoMinorVersionUpgrade": (
            False,
            "a member that is upgraded by itself cannot be failed over to",
        ),
        "PubliclyAccessible": (
            settings.health.endpoint_check == "public",
            "who can reach the port is a decision of the stack file",
        ),
        "DBInstanceStatus": ("available", "an instance that is not available serves nobody"),
    }
    for number in range(1, settings.instances(region) + 1):
        name = names.instance(region, number)
        found = if_there(
            lambda name=name: rds.describe_db_instances(  # type: ignore[misc]  # a loop's value, kept
                DBInstanceIdentifier=name
            )["DBInstances"][0],
            "DBInstanceNotFound",
        )
        for what, (value, why) in wanted.items():
            if found is not None and what in found and found[what] != value:
                cure = "wait; then bicoastal status" if what == "DBInstanceStatus" else _DEPLOY
                yield Finding(
                    f"instance-{what}", f"{region} {name}", str(found[what]), str(value), why, cure
                )


def replicas(clients: Clients, settings: Settings) -> Iterator[Finding]:
    """Examine two clusters that replicate by binary log, of which `status` knows nothing.

    Args:
        clients: boto3's clients.
        settings: what is meant to be.

    Yields:
        A missing cluster, one that lost its source, and what differs from the program.
    """
    names, found = Names(settings), {}
    for region in settings.regions.members:
        rds, name = client(clients, "rds", region), names.cluster(region)
        cluster = if_there(
            lambda rds=rds, name=name: rds.describe_db_clusters(  # type: ignore[misc]  # likewise
                DBClusterIdentifier=name
            )["DBClusters"][0],
            "DBClusterNotFoundFault",
        )
        if cluster is None:
            why = "a lost cluster takes its copy of the data with it"
            yield Finding("replica-missing", f"{region} {name}", "gone", "there", why, _DEPLOY)
        else:
            found[region] = cluster
    sources = {str(c.get("ReplicationSourceIdentifier") or "") for c in found.values()}
    arns = {str(cluster["DBClusterArn"]) for cluster in found.values()}
    if len(found) > 1 and not sources & arns:
        yield Finding(
            "replica-source",
            " and ".join(names.cluster(region) for region in found),
            "neither replicates from the other",
            "one is the other's replica",
            "what one of them loses, the other does not have",
            "after a promotion make the pair anew: docs/deploying.md has the steps",
        )
    yield from standing.drift(drift(settings, found))
