"""What the members cost: instances or capacity, storage, I/O, backup, keys, secret, logs."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from bicoastal.costs.items import HOURS, KIB_PER_GIB, SECONDS, Case, Item, Kind

_CLUSTER = "aws:rds/cluster:Cluster"
_INSTANCE = "aws:rds/clusterInstance:ClusterInstance"
_GLOBAL = "aws:rds/globalCluster:GlobalCluster"
_DAY_S = Decimal(86_400)
_BILLED_ROTATIONS = Decimal(2)


def database_items(case: Case) -> Iterator[Item]:
    """Everything that is billed for the members, in the order in which it is shown."""
    for region in case.with_instances:
        yield from capacity_items(case, region)
    yield from _volume(case)
    yield from _replication(case)
    for region in case.settings.regions.members:
        yield from _secrets(case, region)
        yield from _logs(case, region)


def capacity(case: Case) -> tuple[Decimal, Decimal]:
    """The least and the average capacity of a serverless instance.

    A given average outside of what the settings allow is brought inside.

    Args:
        case: settings and usage.

    Returns:
        Both, in ACUs.
    """
    database = case.settings.database
    least, most = (
        Decimal(str(acu)) for acu in (database.serverless_min_acu, database.serverless_max_acu)
    )
    average = least if case.usage.average_acu is None else case.usage.average_acu
    return least, max(least, min(average, most))


def capacity_items(case: Case, region: str) -> Iterator[Item]:
    """The instances of a member, or their capacity.

    Args:
        case: settings and usage.
        region: the member's region.

    Yields:
        One item, or two for serverless instances: the minimum, and what is used above it.
    """
    database = case.settings.database
    count = Decimal(database.instances_per_member)
    storage = database.storage_type
    if not database.is_serverless:
        key = f"aurora:instance/{database.instance_class}/{storage}"
        name = f"Instances, {database.instance_class}"
        yield Item(name, key, region, count * HOURS, "fixed", (_INSTANCE,))
        return
    least, average = capacity(case)
    key = f"aurora:acu/{storage}"
    hours = count * HOURS
    name = f"Serverless v2, minimum {least} ACU"
    yield Item(name, key, region, hours * least, "fixed", (_INSTANCE,))
    name = f"Serverless v2, above it, average {average} ACU"
    yield Item(name, key, region, hours * (average - least), "usage", (_INSTANCE,))


def _volume(case: Case) -> Iterator[Item]:
    """Storage, I/O and backup. A standby of a global database writes nothing of its own.

    Sources: https://aws.amazon.com/rds/aurora/pricing/
    https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-storage-backup.html
    """
    usage, database = case.usage, case.settings.database
    # The automated backup keeps the changes of the window; a window of one day is free, and as
    # much as the volume is deducted from the rest, which leaves the changes.
    days = Decimal(database.backup_retention_days)
    changed = _written_gib(case) / SECONDS * _DAY_S * (days if days > 1 else Decimal(0))
    for region in case.settings.regions.members:
        key = f"aurora:storage/{database.storage_type}"
        yield Item("Storage", key, region, usage.storage_gib, "usage", (_CLUSTER,))
        if database.storage_type == "aurora":
            for name, quantity in _io(case, region):
                yield Item(name, "aurora:io", region, quantity, "usage", (_CLUSTER,))
        billed = changed + usage.snapshot_gib
        yield Item("Backup beyond the free part", "aurora:backup", region, billed, "usage")


def _io(case: Case, region: str) -> Iterator[tuple[str, Decimal]]:
    usage = case.usage
    if region == case.home or not case.settings.is_global:
        yield "Write I/O", usage.writes_per_second * usage.io_per_write * SECONDS
    reads = usage.reads_per_second if region == case.home else usage.standby_reads_per_second
    if region in case.with_instances:
        yield "Read I/O", reads * SECONDS


def _written_gib(case: Case) -> Decimal:
    """Redo log of a month."""
    usage = case.usage
    kib = usage.writes_per_second * usage.row_kib * usage.log_factor * SECONDS
    return kib / KIB_PER_GIB


def _replication(case: Case) -> Iterator[Item]:
    """Replicated writes, which the primary's region pays for, and their bytes: for each standby.

    A replica by binary log has its own write I/O instead. Its log is taken to be as large as the
    redo log, and is ordinary transfer, which nobody disputes.
    Source:
    https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/Aurora.AuroraMonitoring.Metrics.html
    """
    usage = case.usage
    key = f"transfer:{case.home}"
    if not case.settings.is_global:
        name = f"Binary log to {case.standby}"
        yield Item(name, key, case.home, _written_gib(case), "usage", (), case.standby)
        return
    included = case.settings.database.storage_type != "aurora" and usage.replicated_io != "billed"
    count = usage.writes_per_second * usage.io_per_write * SECONDS * len(case.standbys)
    yield Item(
        "Replicated write I/O",
        "aurora:replicated-io",
        case.home,
        Decimal(0) if included else count,
        "usage",
        (_GLOBAL,),
    )
    billed = _written_gib(case) if usage.global_transfer == "billed" else Decimal(0)
    for standby in case.standbys:
        name = f"Global database to {standby}"
        yield Item(name, key, case.home, billed, "usage", (_GLOBAL,), standby)


def _secrets(case: Case, region: str) -> Iterator[Item]:
    """The key, which becomes dearer with its first two rotations, and the master user's secret.

    Sources: https://aws.amazon.com/kms/pricing/ https://aws.amazon.com/secrets-manager/pricing/
    """
    usage = case.usage
    versions = 1 + min(_BILLED_ROTATIONS, usage.key_rotations)
    yield Item("Key", "kms:key", region, versions, "fixed", ("aws:kms/key:Key",))
    yield Item("Requests to the key", "kms:request", region, usage.kms_requests, "usage")
    role = "Master user's secret" if region == case.home else "Replica of the secret"
    yield Item(role, "secrets:secret", region, Decimal(1))


def _logs(case: Case, region: str) -> Iterator[Item]:
    """The database's own logs and Enhanced Monitoring, which is a log too."""
    usage, database = case.usage, case.settings.database
    yield from log_items("Database logs", region, usage.database_log_gib, "usage")
    seconds = database.monitoring_interval_s
    if seconds and region in case.with_instances:
        reports = SECONDS / seconds * database.instances_per_member
        gib = reports * usage.monitoring_kib / KIB_PER_GIB
        yield from log_items("Enhanced Monitoring", region, gib, "fixed")


def log_items(name: str, region: str, gib: Decimal, kind: Kind) -> Iterator[Item]:
    """A log that is kept for 30 days: what is written in a month is also what is kept.

    Compression, which makes the kept part smaller, is left out of account.

    Args:
        name: whose log it is.
        region: where it is.
        gib: written in a month.
        kind: fixed or by usage.

    Yields:
        Its ingestion and its storage.
    """
    covers = ("aws:cloudwatch/logGroup:LogGroup",)
    yield Item(f"{name}, written", "logs:ingestion", region, gib, kind, covers)
    yield Item(f"{name}, kept 30 days", "logs:storage", region, gib, kind, covers)
