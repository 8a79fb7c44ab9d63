"""What RDS says of single values: ranges, classes, names, windows.

https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBCluster.html
https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBInstance.html
"""

from __future__ import annotations

import re

from bicoastal.lab.aws.refusal import COMBINATION, VALUE, Inventory, Parameters, Refusal
from bicoastal.settings.windows import SHORTEST, daily, weekly

_BURSTABLE = re.compile(r"^db\.t\d[a-z]*\.")
_CLASS = re.compile(r"^db\.(serverless|[a-z]+\d+[a-z]*\.(micro|small|medium|\d*x?large))$")
# Those with local NVMe storage are PostgreSQL's, r4 is Aurora MySQL 2's, and the memory-optimised
# ones begin with large.
_NOT_FOR_MYSQL = re.compile(
    r"^db\.([cm]\d\w*|r4|[rx]\d\w*d)\.|^db\.[rx]\d\w*\.(micro|small|medium)$"
)
_SINCE = {"db.r7g": (3, 3, 1), "db.r7i": (3, 8, 0), "db.r8g": (3, 8, 0)}
_SCALING = "ServerlessV2ScalingConfiguration."


def retention(parameters: Parameters, _: Inventory) -> Refusal | None:
    """Backup retention is 1 to 35 days on Aurora."""
    days = parameters.get("BackupRetentionPeriod", "")
    if not days or (days.isdigit() and 1 <= int(days) <= 35):
        return None
    return Refusal(
        VALUE, f"Invalid backup retention period: {days}. Must be between 1 and 35 days."
    )


def port(parameters: Parameters, _: Inventory) -> Refusal | None:
    """A port of Aurora MySQL is 1150 to 65535."""
    number = parameters.get("Port", "")
    if not number or (number.isdigit() and 1150 <= int(number) <= 65535):
        return None
    return Refusal(VALUE, f"Invalid port: {number}. Must be between 1150 and 65535.")


def storage_type(parameters: Parameters, _: Inventory) -> Refusal | None:
    """Aurora has two types of storage."""
    name = parameters.get("StorageType", "")
    if name in {"", "aurora", "aurora-iopt1"}:
        return None
    return Refusal(COMBINATION, f"Invalid storage type: {name} for DB engine: aurora-mysql.")


def database_name(parameters: Parameters, _: Inventory) -> Refusal | None:
    """The first schema has 1 to 64 letters, digits and underscores, and is none of MySQL's own."""
    name = parameters.get("DatabaseName", "")
    own = {"information_schema", "mysql", "performance_schema", "sys"}
    if not name or (re.fullmatch(r"[A-Za-z]\w{,63}", name, re.ASCII) and name.lower() not in own):
        return None
    return Refusal(VALUE, f"Invalid database name: {name}")


def capacity(parameters: Parameters, _: Inventory) -> Refusal | None:
    """Serverless v2 has 0 to 256 ACU in steps of 0.5, and a maximum of at least 1.

    https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-serverless-v2.setting-capacity.html
    """
    least, most = (parameters.get(_SCALING + name) for name in ("MinCapacity", "MaxCapacity"))
    if least is None and most is None:
        return None
    low, high = float(least or 0), float(most or 0)
    stepped = not (low * 2 % 1 or high * 2 % 1)
    if 0 <= low <= high <= 256 and high >= 1 and stepped:
        return None
    return Refusal(
        VALUE, f"Invalid Serverless v2 capacity: minimum {low:g} ACU, maximum {high:g} ACU."
    )


def windows(parameters: Parameters, _: Inventory) -> Refusal | None:
    """Both windows last half an hour at least, and do not overlap."""
    texts = [parameters.get(f"Preferred{what}Window", "") for what in ("Backup", "Maintenance")]
    found = [read(text) for read, text in zip((daily, weekly), texts, strict=True)]
    for what, text, window in zip(("backup", "maintenance"), texts, found, strict=True):
        if text and (window is None or window.length < SHORTEST):
            return Refusal(VALUE, f"Invalid {what} window format: {text}")
    backup, maintenance = found
    if backup and maintenance and backup.overlaps(maintenance):
        return Refusal(VALUE, "The backup window and maintenance window must not overlap.")
    return None


def enough_subnets(parameters: Parameters, _: Inventory) -> Refusal | None:
    """A subnet group covers two zones, so it has two subnets at least.

    https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/USER_VPC.WorkingWithRDSInstanceinaVPC.html
    """
    if sum(name.startswith("SubnetIds.") for name in parameters) >= 2:
        return None
    return Refusal(
        "DBSubnetGroupDoesNotCoverEnoughAZs",
        "The DB subnet group doesn't meet Availability Zone (AZ) coverage requirement. Add subnets "
        "to cover at least 2 AZs.",
    )


def monitoring(parameters: Parameters, _: Inventory) -> Refusal | None:
    """Enhanced Monitoring knows seven intervals, and needs a role."""
    seconds = parameters.get("MonitoringInterval", "0")
    if seconds not in {"0", "1", "5", "10", "15", "30", "60"}:
        return Refusal(VALUE, f"Invalid monitoring interval: {seconds}")
    if seconds != "0" and not parameters.get("MonitoringRoleArn"):
        return Refusal(
            COMBINATION,
            "A MonitoringRoleARN value is required if you specify a MonitoringInterval.",
        )
    return None


def instance_class(parameters: Parameters, inventory: Inventory) -> Refusal | None:
    """Burstable classes are refused in a global database, db.t3.small on Aurora MySQL 3 anywhere.

    https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-global-database.configuration.requirements.html
    https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/Concepts.DBInstanceClass.SupportAurora.html
    """
    cluster = inventory.cluster(parameters.get("DBClusterIdentifier", ""))
    name = parameters.get("DBInstanceClass", "")
    if cluster is None or not name:
        return None
    if not _CLASS.match(name):
        return Refusal(VALUE, f"Invalid DB Instance class: {name}")
    if cluster.get("GlobalClusterIdentifier") and _BURSTABLE.match(name):
        return Refusal(
            COMBINATION,
            f"The requested instance class is not supported by global databases: {name}",
        )
    version = str(cluster["EngineVersion"])
    if name == "db.serverless" and not cluster.get("ServerlessV2ScalingConfiguration"):
        return Refusal(
            "InvalidDBClusterStateFault",
            "Set the Serverless v2 scaling configuration on the parent DB cluster before creating "
            "a Serverless v2 DB instance.",
        )
    if _offered(name, version):
        return None
    return Refusal(
        COMBINATION,
        "RDS does not support creating a DB instance with the following combination: "
        f"DBInstanceClass={name}, Engine={cluster['Engine']}, EngineVersion={version}, "
        "LicenseModel=general-public-license. For supported combinations of instance class "
        "and database engine version, see the documentation.",
    )


def _offered(name: str, engine_version: str) -> bool:
    """Whether Aurora MySQL has a class, in a version such as `8.0.mysql_aurora.3.10.4`."""
    aurora = engine_version.partition(".mysql_aurora.")[2]
    number = tuple(int(part) for part in aurora.split(".") if part.isdigit())
    if number[:1] == (2,):
        return True
    small_burstable = re.match(r"^db\.t\d[a-z]*\.(micro|small)$", name)
    needed = _SINCE.get(name.rpartition(".")[0], ())
    return not (small_burstable or _NOT_FOR_MYSQL.match(name)) and number >= needed
