"""Whether RDS in a region would upgrade a cluster from one engine version to another."""

from __future__ import annotations

from typing import NamedTuple

from bicoastal.failover.gateway import Clients
from bicoastal.live.asking import asked, client, if_there
from bicoastal.live.database import ENGINE
from bicoastal.settings.account import Fact
from bicoastal.settings.tables import parse_version


class Targets(NamedTuple):
    """Where a version leads.

    Attributes:
        minor: the versions that a minor upgrade reaches.
        major: the versions that a major upgrade reaches.
    """

    minor: tuple[str, ...]
    major: tuple[str, ...]


def targets(clients: Clients, region: str, version: str) -> Fact[Targets | None]:
    """The versions to which a region upgrades.

    Source: https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_UpgradeTarget.html

    Args:
        clients: boto3's clients.
        region: the region.
        version: the engine version to begin with.

    Returns:
        Its targets, in order; None if the region does not know it.
    """

    def question() -> Targets | None:
        found = client(clients, "rds", region).describe_db_engine_versions(
            Engine=ENGINE, EngineVersion=version, IncludeAll=True
        )["DBEngineVersions"]
        if not found:
            return None
        known = [t for t in found[0]["ValidUpgradeTarget"] if parse_version(t["EngineVersion"])]
        minor, major = (
            tuple(t["EngineVersion"] for t in known if t["IsMajorVersionUpgrade"] is is_major)
            for is_major in (False, True)
        )
        return Targets(minor, major)

    unknown = ("InvalidParameterCombination", "InvalidParameterValue")
    return asked("rds:DescribeDBEngineVersions", region, lambda: if_there(question, *unknown))
