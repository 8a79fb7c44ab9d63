"""What RDS offers in some regions, for the dated tables: classes by zone, and versions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from bicoastal.failover.gateway import Clients
from bicoastal.live.asking import asked, client
from bicoastal.live.database import ENGINE
from bicoastal.live.errors import UnreadError
from bicoastal.settings.account import Fact, Unread
from bicoastal.settings.tables import parse_version

Orderable = Mapping[str, Mapping[str, Sequence[str]]]
"""Class -> full engine version -> ids of the zones that offer it."""


def orderable(clients: Clients, regions: Sequence[str]) -> dict[str, Orderable]:
    """What can be ordered in some regions.

    Zones are given by id: their names mean other zones in other accounts.
    Source: https://docs.aws.amazon.com/ram/latest/userguide/working-with-az-ids.html

    Args:
        clients: boto3's clients.
        regions: the regions.

    Returns:
        Region -> what it offers.

    Raises:
        UnreadError: a region did not answer; every one that did not is named.
    """
    return _each(regions, lambda region: _orderable(clients, region))


def versions(clients: Clients, regions: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """The full engine versions with which some regions create clusters in global databases.

    Args:
        clients: boto3's clients.
        regions: the regions.

    Returns:
        Region -> versions.

    Raises:
        UnreadError: a region did not answer; every one that did not is named.
    """

    def question(region: str) -> Fact[tuple[str, ...]]:
        return asked("rds:DescribeDBEngineVersions", region, lambda: read(region))

    def read(region: str) -> tuple[str, ...]:
        found = _pages(clients, region, "describe_db_engine_versions", "DBEngineVersions")
        return tuple(
            entry["EngineVersion"]
            for entry in found
            if entry["Status"] == "available"
            and entry["SupportsGlobalDatabases"]
            and parse_version(entry["EngineVersion"])
        )

    return _each(regions, question)


def _each(regions: Sequence[str], question: Any) -> dict[str, Any]:
    with ThreadPoolExecutor(len(regions), "offers") as pool:
        found = dict(zip(regions, pool.map(question, regions), strict=True))
    unread = [fact for fact in found.values() if isinstance(fact, Unread)]
    if unread:
        raise UnreadError(unread)
    return found


def _orderable(clients: Clients, region: str) -> Fact[Orderable]:
    zones = asked("ec2:DescribeAvailabilityZones", region, lambda: _zone_ids(clients, region))
    if isinstance(zones, Unread):
        return zones
    ids: Mapping[str, str] = zones

    def read() -> Orderable:
        offered: dict[str, dict[str, set[str]]] = {}
        operation = "describe_orderable_db_instance_options"
        for option in _pages(clients, region, operation, "OrderableDBInstanceOptions"):
            if parse_version(option["EngineVersion"]):
                versions = offered.setdefault(option["DBInstanceClass"], {})
                versions.setdefault(option["EngineVersion"], set()).update(
                    ids.get(zone["Name"], zone["Name"]) for zone in option["AvailabilityZones"]
                )
        return {
            name: {version: sorted(zones) for version, zones in sorted(versions.items())}
            for name, versions in sorted(offered.items())
        }

    return asked("rds:DescribeOrderableDBInstanceOptions", region, read)


def _zone_ids(clients: Clients, region: str) -> dict[str, str]:
    found = client(clients, "ec2", region).describe_availability_zones()
    return {zone["ZoneName"]: zone["ZoneId"] for zone in found["AvailabilityZones"]}


def _pages(clients: Clients, region: str, operation: str, member: str) -> list[Any]:
    pages = client(clients, "rds", region).get_paginator(operation).paginate(Engine=ENGINE)
    return [item for page in pages for item in page[member]]
