"""Which row of AWS's price list gives which figure: the one table to edit to add a figure.

A filter's name is an attribute as AWS's JSON files spell it. Two names are ours: `usage` is the
usage type without the region's prefix (`USW2-Aurora:StorageUsage` has the usage
`Aurora:StorageUsage`), `prefixed` says whether it had one. Where a filter has several values, any
of them will do; a row that matches no filter fully is noise.

Sources: https://docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/bulk-api-reading-price-list-files.html
https://docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/price-list-query-api.html
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from itertools import permutations

from bicoastal.costs.prices import GLOBAL
from bicoastal.settings import tables

STORAGE = {"aurora": "EBS Only", "aurora-iopt1": "Aurora IO Optimization Mode"}
"""Storage configuration -> how the price list calls it on instances, which have a row for each."""

NOT_LISTED = frozenset(
    {
        "cloudwatch:composite", "cloudwatch:dashboard", "events:schedule", "route53:check/derived",
    }
)  # fmt: skip
"""Figures that no row states, or none that is known to; a refresh keeps them with their date."""

_MILLION = Decimal(1_000_000)
_ENGINE = "Aurora MySQL"
_EITHER = (_ENGINE, "Any")


@dataclass(frozen=True)
class Listing:
    """Where a figure stands in the price list.

    Attributes:
        key: the figure's name in the snapshot.
        service: the service that bills it, as the estimate calls it.
        unit: what is counted, as the estimate calls it.
        page: the public page that states the price.
        offer: the price list's name for the service.
        filters: attribute -> values, all of which the row must have.
        units: what the row may count; anything else is a changed unit.
        per: how many units the figure is for; the price list prices one.
    """

    key: str
    service: str
    unit: str
    page: str
    offer: str
    filters: Mapping[str, tuple[str, ...]]
    units: tuple[str, ...]
    per: Decimal = Decimal(1)


@dataclass(frozen=True, eq=False)
class Target:
    """One price to be found: a figure in a region.

    Attributes:
        listing: what is looked for.
        region: the region whose price it is; for a transfer, the one that receives.
        file: the region whose price list holds it.
        filters: the listing's, and the region's.
    """

    listing: Listing
    region: str
    file: str
    filters: Mapping[str, tuple[str, ...]]

    @property
    def place(self) -> tuple[str, str]:
        """The figure and the region."""
        return self.listing.key, self.region

    def __str__(self) -> str:
        """The offer and the filters, for messages."""
        parts = (f"{name}={'|'.join(values)}" for name, values in self.filters.items())
        return f"{self.listing.offer}: {', '.join(parts)}"


def _aurora(
    key: str, unit: str, units: tuple[str, ...], per: int = 1, **filters: str | tuple[str, ...]
) -> Listing:
    page = "https://aws.amazon.com/rds/aurora/pricing/"
    return Listing(
        f"aurora:{key}", "Aurora", unit, page, "AmazonRDS", _values(filters), units, Decimal(per)
    )


def _values(filters: Mapping[str, str | tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    return {name: (v,) if isinstance(v, str) else v for name, v in filters.items()}


def _cloudwatch(
    key: str, unit: str, units: tuple[str, ...], per: int = 1, **filters: str
) -> Listing:
    page = "https://aws.amazon.com/cloudwatch/pricing/"
    service = "CloudWatch Logs" if key.startswith("logs:") else "CloudWatch"
    return Listing(
        key, service, unit, page, "AmazonCloudWatch", _values(filters), units, Decimal(per)
    )


def _dynamodb(key: str, unit: str, units: tuple[str, ...], per: Decimal, **filters: str) -> Listing:
    page = "https://aws.amazon.com/dynamodb/pricing/on-demand/"
    return Listing(
        f"dynamodb:{key}", "DynamoDB", unit, page, "AmazonDynamoDB", _values(filters), units, per
    )


def _route53(
    key: str, unit: str, units: tuple[str, ...], usage: str, per: Decimal = Decimal(1)
) -> Listing:
    page = "https://aws.amazon.com/route53/pricing/"
    filters = _values({"usage": usage, "prefixed": "no"})
    return Listing(f"route53:{key}", "Route 53", unit, page, "AmazonRoute53", filters, units, per)


_HEALTH_CHECKS = ("Health Checks", "HealthChecks", "Health-Checks", "Health Check")
_ON_DEMAND = "Amazon DynamoDB PayPerRequest Throughput"

GLOBAL_FIGURES = (
    _route53("zone", "zones", ("HostedZone", "Hosted Zone"), "HostedZone"),
    _route53("query", "queries", ("Queries",), "DNS-Queries", _MILLION),
    _route53("check/endpoint", "checks", _HEALTH_CHECKS, "Health-Check-AWS"),
    _route53("check/feature", "options", _HEALTH_CHECKS, "Health-Check-Option-AWS"),
)
"""What has one price everywhere; the offer's own file holds it, not a region's."""

REGIONAL_FIGURES = (
    _aurora(
        "acu/aurora", "ACU-hours", ("ACU-Hr",),
        usage="Aurora:ServerlessV2Usage", databaseEngine=_ENGINE,
    ),
    _aurora(
        "acu/aurora-iopt1", "ACU-hours", ("ACU-Hr",),
        usage="Aurora:ServerlessV2IOOptimizedUsage", databaseEngine=_ENGINE,
    ),
    _aurora(
        "storage/aurora", "GB-months", ("GB-Mo",),
        usage="Aurora:StorageUsage", productFamily="Database Storage", databaseEngine=_EITHER,
    ),
    _aurora(
        "storage/aurora-iopt1", "GB-months", ("GB-Mo",),
        usage="Aurora:IO-OptimizedStorageUsage", databaseEngine=_EITHER,
    ),
    _aurora(
        "io", "requests", ("IOs",), 1_000_000,
        usage="Aurora:StorageIOUsage", productFamily="System Operation", databaseEngine=_EITHER,
    ),
    _aurora(
        "replicated-io", "I/Os", ("IOs",), 1_000_000,
        usage="Aurora:ReplicatedWriteIO", productFamily="Aurora Global Database",
        databaseEngine=_EITHER,
    ),
    _aurora(
        "backup", "GB-months", ("GB-Mo",),
        usage="Aurora:BackupUsage", productFamily="Storage Snapshot", databaseEngine=_ENGINE,
    ),
    _cloudwatch("cloudwatch:alarm", "alarm metrics", ("Alarms",), usage="CW:AlarmMonitorUsage"),
    _cloudwatch("cloudwatch:metric", "metrics", ("Metrics",), usage="CW:MetricMonitorUsage"),
    _cloudwatch("cloudwatch:request", "requests", ("Requests",), 1000, usage="CW:Requests"),
    # us-east-1 has an old row without the prefix besides.
    _cloudwatch("logs:ingestion", "GB", ("GB",), usage="DataProcessing-Bytes", prefixed="yes"),
    _cloudwatch(
        "logs:storage", "GB-months", ("GB-Mo",), usage="TimedStorage-ByteHrs", prefixed="yes"
    ),
    _dynamodb(
        "read", "read units", ("ReadRequestUnits",), _MILLION,
        usage="ReadRequestUnits", productFamily=_ON_DEMAND,
    ),
    # A global table's writes are replicated ones in every replica, the first included.
    _dynamodb(
        "write", "write units", ("ReplicatedWriteRequestUnits", "WriteRequestUnits"), _MILLION,
        usage="ReplWriteRequestUnits", productFamily=_ON_DEMAND,
    ),
    _dynamodb(
        "storage", "GB-months", ("GB-Mo",), Decimal(1), usage="TimedStorage-ByteHrs",
        productFamily="Database Storage", volumeType="Amazon DynamoDB - Indexed DataStore",
    ),
    _dynamodb(
        "recovery", "GB-months", ("GB-Mo",), Decimal(1), usage="TimedPITRStorage-ByteHrs",
    ),
    Listing(
        "kms:key", "KMS", "key versions", "https://aws.amazon.com/kms/pricing/", "awskms",
        _values({"usage": "KMS-Keys"}), ("Keys",),
    ),
    Listing(
        "kms:request", "KMS", "requests", "https://aws.amazon.com/kms/pricing/", "awskms",
        _values({"usage": "KMS-Requests"}), ("Requests",), Decimal(10_000),
    ),
    Listing(
        "lambda:duration", "Lambda", "GB-seconds", "https://aws.amazon.com/lambda/pricing/",
        "AWSLambda", _values({"usage": "Lambda-GB-Second-ARM"}),
        ("Lambda-GB-Second", "Second", "seconds"),
    ),
    Listing(
        "lambda:request", "Lambda", "requests", "https://aws.amazon.com/lambda/pricing/",
        "AWSLambda", _values({"usage": "Request-ARM"}), ("Requests", "Request"), _MILLION,
    ),
    Listing(
        "secrets:secret", "Secrets Manager", "secrets",
        "https://aws.amazon.com/secrets-manager/pricing/", "AWSSecretsManager",
        _values({"usage": "AWSSecretsManager-Secrets"}), ("Secrets",),
    ),
    Listing(
        "sns:email", "SNS", "e-mails", "https://aws.amazon.com/sns/pricing/", "AmazonSNS",
        _values({"usage": "DeliveryAttempts-SMTP"}), ("Notifications",), Decimal(100_000),
    ),
    Listing(
        "sns:request", "SNS", "requests", "https://aws.amazon.com/sns/pricing/", "AmazonSNS",
        _values({"usage": "Requests-Tier1"}), ("Requests",), _MILLION,
    ),
    Listing(
        "vpc:address", "VPC", "address-hours", "https://aws.amazon.com/vpc/pricing/", "AmazonVPC",
        _values({"usage": "PublicIPv4:InUseAddress"}), ("Hrs",),
    ),
)  # fmt: skip
"""What each region has a price of its own for, instances and transfers apart."""


def instance(instance_class: str, storage: str) -> Listing:
    """An instance's row.

    Args:
        instance_class: such as `db.r6g.large`.
        storage: `aurora` or `aurora-iopt1`.

    Returns:
        Where it stands.
    """
    return _aurora(
        f"instance/{instance_class}/{storage}", "instance-hours", ("Hrs",),
        instanceType=instance_class, storage=STORAGE[storage], databaseEngine=_ENGINE,
        productFamily="Database Instance", deploymentOption="Single-AZ",
    )  # fmt: skip


def transfer(sender: str) -> Listing:
    """The rows of what leaves a region for another one.

    Args:
        sender: the region that sends and is billed.

    Returns:
        Where they stand; the receiver is added for each.
    """
    filters = _values({
        "transferType": "InterRegion Outbound",
        "fromRegionCode": sender,
        "fromLocationType": "AWS Region",
        "toLocationType": "AWS Region",
    })  # fmt: skip
    page = "https://aws.amazon.com/ec2/pricing/on-demand/"
    key = f"transfer:{sender}"
    return Listing(key, "Data transfer", "GB", page, "AWSDataTransfer", filters, ("GB",))


def instances(known: Collection[str]) -> Iterator[Listing]:
    """Every instance class that a stack may ask for, and those that the snapshot has besides.

    Args:
        known: the snapshot's keys.

    Yields:
        Their listings, each once.
    """
    lawful = (
        f"aurora:instance/{family}.{size}/{storage}"
        for family, entry in tables.classes()["memory_optimized"].items()
        for size in entry["sizes"]
        for storage in STORAGE
    )
    had = (key for key in known if key.startswith("aurora:instance/"))
    for key in dict.fromkeys((*lawful, *had)):
        _, instance_class, storage = key.split("/")
        yield instance(instance_class, storage)


def targets(known: Collection[str], regions: Collection[str]) -> Iterator[Target]:
    """Every price to look for.

    Args:
        known: the keys of the snapshot that is refreshed.
        regions: where.

    Yields:
        Targets.
    """
    for listing in GLOBAL_FIGURES:
        yield Target(listing, GLOBAL, GLOBAL, listing.filters)
    regional = (*REGIONAL_FIGURES, *instances(known))
    for region in regions:
        place = _values({"regionCode": region, "locationType": "AWS Region"})
        for listing in regional:
            yield Target(listing, region, region, {**listing.filters, **place})
    for sender, receiver in permutations(regions, 2):
        listing = transfer(sender)
        filters = {**listing.filters, "toRegionCode": (receiver,)}
        yield Target(listing, receiver, sender, filters)
