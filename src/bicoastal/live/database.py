"""What RDS offers in a region: classes by zone, versions, and whether the stack exists there."""

from __future__ import annotations

from typing import Any

from bicoastal.failover.gateway import Clients
from bicoastal.live.asking import asked, client, if_there
from bicoastal.settings import Names, Settings
from bicoastal.settings.account import Engine, Fact, Offer, Unread

ENGINE = "aurora-mysql"


def zones(clients: Clients, region: str) -> Fact[tuple[str, ...]]:
    """The zones of a region in the order in which the program takes them.

    Args:
        clients: boto3's clients.
        region: the region.

    Returns:
        The zones' names, without Local Zones and Wavelength Zones.
    """

    def question() -> tuple[str, ...]:
        found = client(clients, "ec2", region).describe_availability_zones(
            Filters=[
                {"Name": "state", "Values": ["available"]},
                {"Name": "opt-in-status", "Values": ["opt-in-not-required"]},
            ]
        )
        return tuple(zone["ZoneName"] for zone in found["AvailabilityZones"])

    return asked("ec2:DescribeAvailabilityZones", region, question)


def offer(clients: Clients, settings: Settings, region: str) -> Fact[Offer]:
    """Where the chosen class can be ordered with the chosen version.

    Args:
        clients: boto3's clients.
        settings: the class, the version and how many zones get a subnet.
        region: the region.

    Returns:
        The zones with a subnet and the zones that offer it.
    """
    database = settings.database
    all_zones = zones(clients, region)
    if isinstance(all_zones, Unread):
        return all_zones

    def question() -> tuple[str, ...]:
        pages = client(clients, "rds", region).get_paginator(
            "describe_orderable_db_instance_options"
        )
        found = pages.paginate(
            Engine=ENGINE,
            EngineVersion=database.engine_version,
            DBInstanceClass=database.instance_class,
        )
        return offered_zones(o for page in found for o in page["OrderableDBInstanceOptions"])

    # RDS refuses a version that it does not know; then it offers no class with it.
    offered = asked(
        "rds:DescribeOrderableDBInstanceOptions",
        region,
        lambda: if_there(question, "InvalidParameterCombination", "InvalidParameterValue") or (),
    )
    if isinstance(offered, Unread):
        return offered
    return Offer(all_zones[: settings.network.zones_per_region], offered)


def offered_zones(options: Any) -> tuple[str, ...]:
    """The zones of some orderable options.

    Args:
        options: what RDS describes, one for each storage type.

    Returns:
        Their zones' names, ordered.
    """
    return tuple(
        sorted({zone["Name"] for option in options for zone in option["AvailabilityZones"]})
    )


def engine(clients: Clients, settings: Settings, region: str) -> Fact[Engine | None]:
    """The chosen version as a region knows it.

    Args:
        clients: boto3's clients.
        settings: the version.
        region: the region.

    Returns:
        The version, or None if it is not known.
    """

    def question() -> Engine | None:
        found = client(clients, "rds", region).describe_db_engine_versions(
            Engine=ENGINE, EngineVersion=settings.database.engine_version, IncludeAll=True
        )["DBEngineVersions"]
        if not found:
            return None
        (version,) = found[:1]
        return Engine(version["Status"] == "available", bool(version["SupportsGlobalDatabases"]))

    unknown = ("InvalidParameterCombination", "InvalidParameterValue")
    return asked("rds:DescribeDBEngineVersions", region, lambda: if_there(question, *unknown))


def exists(clients: Clients, settings: Settings, region: str) -> Fact[bool]:
    """Whether the stack's cluster exists in a region.

    Args:
        clients: boto3's clients.
        settings: give the cluster's name.
        region: the region.
    """
    name = Names(settings).cluster(region)
    return asked(
        "rds:DescribeDBClusters",
        region,
        lambda: (
            if_there(
                lambda: bool(
                    client(clients, "rds", region).describe_db_clusters(DBClusterIdentifier=name)[
                        "DBClusters"
                    ]
                ),
                "DBClusterNotFoundFault",
            )
            or False
        ),
    )
