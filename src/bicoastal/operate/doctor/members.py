"""The global database and its instances, beyond what `status` and `drift` look at."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from bicoastal.failover.gateway import Clients
from bicoastal.live.asking import client, if_there
from bicoastal.operate.doctor.finding import Finding
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
