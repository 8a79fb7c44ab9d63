"""What RDS offers in the lab, and what its quotas leave: MiniStack knows neither for Aurora.

Classes are those of the dated table, each from the version on that it needs; every class is offered
in every zone that the program can take. Quotas are AWS's default ones:
https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/CHAP_Limits.html
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping

from bicoastal.settings import tables

QUOTAS = {
    "DBClusters": 40,
    "DBInstances": 40,
    "DBSubnetGroups": 50,
    "DBClusterParameterGroups": 50,
}
_ZONES = "abc"
_NO_TARGETS = re.compile(rb"<EngineVersion>([^<]+)</EngineVersion>(.*?)<ValidUpgradeTarget/>", re.S)


def classes(engine_version: str) -> Iterator[str]:
    """The classes that Aurora MySQL has with a version.

    Args:
        engine_version: the version; the default one's classes where it is not a full version.

    Yields:
        The classes.
    """
    version = tables.parse_version(engine_version)
    table = tables.classes()
    yield "db.serverless"
    for family, entry in table["memory_optimized"].items():
        if version is None or version.number >= tables.number(entry["since"]).number:
            yield from (f"{family}.{size}" for size in entry["sizes"])
    for family, sizes in table["burstable"].items():
        yield from (f"{family}.{size}" for size in sizes)


def orderable(parameters: Mapping[str, str], region: str, versions: list[str]) -> str:
    """The body of DescribeOrderableDBInstanceOptions for Aurora MySQL.

    Args:
        parameters: the request's parameters.
        region: the request's region.
        versions: every version that can be created.

    Returns:
        XML; everything is in one page.
    """
    wanted, only = parameters.get("EngineVersion"), parameters.get("DBInstanceClass")
    options = "".join(
        _option(version, name, region)
        for version in ([wanted] if wanted else versions)
        for name in classes(version)
        if only in (None, name)
    )
    return f"<OrderableDBInstanceOptions>{options}</OrderableDBInstanceOptions>"


def _option(version: str, name: str, region: str) -> str:
    zones = "".join(
        f"<AvailabilityZone><Name>{region}{letter}</Name></AvailabilityZone>" for letter in _ZONES
    )
    is_global = "false" if name.startswith("db.t") else "true"
    return (
        f"<OrderableDBInstanceOption><Engine>aurora-mysql</Engine>"
        f"<EngineVersion>{version}</EngineVersion><DBInstanceClass>{name}</DBInstanceClass>"
        f"<AvailabilityZones>{zones}</AvailabilityZones><StorageType>aurora</StorageType>"
        f"<SupportsGlobalDatabases>{is_global}</SupportsGlobalDatabases>"
        "<SupportsClusters>true</SupportsClusters></OrderableDBInstanceOption>"
    )


def with_targets(body: bytes, versions: Collection[str]) -> bytes:
    """Say of each version to which ones it can be upgraded; MiniStack says to none.

    Args:
        body: an answer to DescribeDBEngineVersions.
        versions: every version that can be created.

    Returns:
        The answer with every later version as a target.
    """

    def completed(match: re.Match[bytes]) -> bytes:
        targets = "".join(
            f"<UpgradeTarget><Engine>aurora-mysql</Engine><EngineVersion>{target}</EngineVersion>"
            f"<AutoUpgrade>false</AutoUpgrade><IsMajorVersionUpgrade>{is_major}"
            "</IsMajorVersionUpgrade></UpgradeTarget>"
            for target, is_major in _targets(match[1].decode(), versions)
        )
        found = match[0].removesuffix(b"<ValidUpgradeTarget/>")
        return found + f"<ValidUpgradeTarget>{targets}</ValidUpgradeTarget>".encode()

    return _NO_TARGETS.sub(completed, body)


def _targets(version: str, versions: Collection[str]) -> Iterator[tuple[str, str]]:
    for other in sorted(versions):
        if tables.is_lower(version, other):
            same = tables.major(version) == tables.major(other)
            yield other, "false" if same else "true"


def quotas(used: Mapping[str, int]) -> str:
    """The body of DescribeAccountAttributes.

    Args:
        used: how much of each quota is in use.

    Returns:
        XML.
    """
    entries = "".join(
        f"<AccountQuota><AccountQuotaName>{name}</AccountQuotaName>"
        f"<Used>{used[name]}</Used><Max>{limit}</Max></AccountQuota>"
        for name, limit in QUOTAS.items()
    )
    return f"<AccountQuotas>{entries}</AccountQuotas>"
