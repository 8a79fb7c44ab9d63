"""Where live members differ from what the program would ask for: pure.

The program ignores on purpose what a role swap moves (see `stack.database.CLUSTER_IGNORES`), so
that it stays quiet after one. Ignoring hides a lost member and a differing engine version, too;
they are looked for here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from bicoastal.operate.report import Drift
from bicoastal.settings import Names, Settings


def drift(settings: Settings, clusters: Mapping[str, Mapping[str, Any]]) -> tuple[Drift, ...]:
    """Compare.

    Args:
        settings: what the program would ask for.
        clusters: each member's region to RDS's description of its cluster there, as far as it is
            known.

    Returns:
        The differences.
    """
    return tuple(
        difference
        for region, cluster in clusters.items()
        for difference in _of_member(settings, region, cluster)
    )


def _of_member(settings: Settings, region: str, cluster: Mapping[str, Any]) -> Iterator[Drift]:
    database, names = settings.database, Names(settings)
    wanted: dict[str, Any] = {
        "BackupRetentionPeriod": database.backup_retention_days,
        "DBClusterParameterGroup": names.parameter_group(region),
        "DBSubnetGroup": names.subnet_group(region),
        "DeletionProtection": database.deletion_protection,
        "IAMDatabaseAuthenticationEnabled": True,
        "Port": database.port,
        "StorageEncrypted": True,
    }
    if database.is_serverless:
        wanted["ServerlessV2ScalingConfiguration"] = {
            "MinCapacity": database.serverless_min_acu,
            "MaxCapacity": database.serverless_max_acu,
        }
    for what, value in wanted.items():
        live = _live(cluster.get(what), value)
        if what in cluster and live != value:
            yield Drift(region, what, live, value)
    instances = [names.instance(region, n + 1) for n in range(settings.instances(region))]
    found: Sequence[str] = sorted(
        str(member["DBInstanceIdentifier"]) for member in cluster.get("DBClusterMembers", ())
    )
    if list(found) != sorted(instances):
        yield Drift(region, "DBClusterMembers", list(found), instances)
    version = cluster.get("EngineVersion")
    if version is not None and version != database.engine_version:
        yield Drift(region, "EngineVersion", version, database.engine_version, acted_on=False)


def _live(live: Any, wanted: Any) -> Any:
    """The parts of a live value that the program has a say in."""
    if isinstance(live, Mapping) and isinstance(wanted, Mapping):
        return {key: live.get(key) for key in wanted}
    return live
