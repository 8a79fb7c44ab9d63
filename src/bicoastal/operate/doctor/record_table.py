"""The table that holds the record: as long as two of its three places are there it decides.

A table with multi-Region strong consistency is made empty and in one go: no replica and no witness
can be added later, and its consistency never changes. So most of its cures make it anew. Sources:
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/multi-region-strong-consistency-gt.html
https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TableDescription.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from bicoastal.failover.gateway import Clients
from bicoastal.live.asking import client, if_there
from bicoastal.operate.doctor.finding import Finding
from bicoastal.settings import Names, Settings

_ABSENT = "ResourceNotFoundException"
_PLACES = "with one place less, the loss of another region stops every decision"


def table(clients: Clients, settings: Settings, region: str) -> Iterator[Finding]:
    """Examine the table as one region of the pair holds it.

    Args:
        clients: boto3's clients.
        settings: name it, and its three places.
        region: the region. The standby's tells of the other two places as well.

    Yields:
        What is not so.
    """
    name = Names(settings).record_table
    subject, dynamodb = f"{region} {name}", client(clients, "dynamodb", region)
    found = if_there(lambda: dynamodb.describe_table(TableName=name)["Table"], _ABSENT)
    if found is None:
        yield Finding("record-missing", subject, "gone", "there", _PLACES, _anew(settings))
        return
    status, look = found["TableStatus"], _look(name, region)
    if status not in ("ACTIVE", "UPDATING"):
        why = "the controllers of its region cannot read what was decided"
        yield Finding("record-status", subject, status, "ACTIVE", why, look)
    encryption = found.get("SSEDescription", {})
    if encryption.get("SSEType") == "KMS" and encryption.get("Status") != "DISABLED":
        yield Finding(
            "record-encryption",
            subject,
            str(encryption.get("KMSMasterKeyArn", "a key of KMS")),
            "the key that DynamoDB owns",
            "the program gives it no key: one that is disabled or deleted takes the record along",
            f"aws dynamodb update-table --region {region} --table-name {name} "
            "--sse-specification Enabled=false",
        )
    wanted = settings.database.deletion_protection
    is_protected = bool(found.get("DeletionProtectionEnabled"))
    if is_protected != wanted:
        flag = "deletion-protection-enabled" if wanted else "no-deletion-protection-enabled"
        yield Finding(
            "record-protection",
            subject,
            str(is_protected),
            str(wanted),
            "database.deletionProtection says whether what holds state may be deleted",
            f"aws dynamodb update-table --region {region} --table-name {name} --{flag}",
        )
    if region == settings.regions.standby:
        yield from _places(settings, found)


def backups(clients: Clients, settings: Settings, region: str) -> Iterator[Finding]:
    """Examine whether the table can be restored as it was at a point in time.

    Args:
        clients: boto3's clients.
        settings: name it.
        region: the region; each replica is backed up by itself.

    Yields:
        That it cannot.
    """
    name = Names(settings).record_table
    dynamodb = client(clients, "dynamodb", region)
    found = if_there(
        lambda: dynamodb.describe_continuous_backups(TableName=name),
        _ABSENT,
        "TableNotFoundException",
    )
    if found is None:
        return  # that it is gone is a finding already
    description = found["ContinuousBackupsDescription"].get("PointInTimeRecoveryDescription", {})
    state = description.get("PointInTimeRecoveryStatus", "DISABLED")
    if state != "ENABLED":
        yield Finding(
            "record-backup",
            f"{region} {name}",
            state,
            "ENABLED",
            "who decided what, and why, cannot be restored when somebody overwrites it",
            f"aws dynamodb update-continuous-backups --region {region} --table-name {name} "
            "--point-in-time-recovery-specification PointInTimeRecoveryEnabled=true",
        )


def _places(settings: Settings, found: Mapping[str, Any]) -> Iterator[Finding]:
    """What a region tells of the other two places."""
    replicas = {each["RegionName"]: each.get("ReplicaStatus") for each in found.get("Replicas", ())}
    witnesses = {
        each["RegionName"]: each.get("WitnessStatus")
        for each in found.get("GlobalTableWitnesses", ())
    }
    regions, well = settings.regions, ("ACTIVE", "UPDATING")
    yield from _place("record-replica", regions.home, replicas, well, settings)
    yield from _place("record-witness", regions.witness, witnesses, ("ACTIVE",), settings)
    consistency = found.get("MultiRegionConsistency", "EVENTUAL")
    if replicas and consistency != "STRONG":
        yield Finding(
            "record-consistency",
            Names(settings).record_table,
            consistency,
            "STRONG",
            "two regions could each decide, and the later write would win",
            _anew(settings),
        )


def _place(
    id_: str,
    region: str,
    statuses: Mapping[str, str | None],
    well: tuple[str, ...],
    settings: Settings,
) -> Iterator[Finding]:
    """One of the other places: it has to be there, and well."""
    name = Names(settings).record_table
    subject = f"{region} {name}"
    if region not in statuses:
        there = ", ".join(sorted(statuses)) or "none"
        yield Finding(id_, subject, there, region, _PLACES, _anew(settings))
    elif statuses[region] not in well:
        cure = _look(name, settings.regions.home)
        yield Finding(id_, subject, str(statuses[region]), "ACTIVE", _PLACES, cure)


def _look(name: str, region: str) -> str:
    return (
        f"aws dynamodb describe-table --region {region} --table-name {name} says why; "
        "wait, and look again"
    )


def _anew(settings: Settings) -> str:
    return (
        f"make {Names(settings).record_table} anew, as docs/operate.md says under "
        "'A lost place of the record': no place can be added to a table that holds a record"
    )
