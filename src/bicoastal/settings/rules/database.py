"""BC209 to BC217 and BC220: capacity and limits of the global database's members."""

from __future__ import annotations

import re
from collections.abc import Iterable

from bicoastal.settings.draft import Draft
from bicoastal.settings.keys import nearest
from bicoastal.settings.rules.base import Problem, out_of_range, rule
from bicoastal.settings.secrecy import quoted

GLOBAL = (
    "https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/"
    "aurora-global-database.configuration.requirements.html"
)

CREATE_CLUSTER = (
    "https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBCluster.html"
)

CREATE_INSTANCE = (
    "https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBInstance.html"
)

CAPACITY = (
    "https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/"
    "aurora-serverless-v2.setting-capacity.html"
)

PAUSE = (
    "https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/"
    "aurora-serverless-v2-auto-pause.html"
)

_CLASS_KEY = "database.instanceClass"

_ACU_KEYS = ("database.serverlessMinAcu", "database.serverlessMaxAcu")


def _database(**keys: object) -> dict[str, dict[str, object]]:
    return {"database": keys}


# --- Serverless v2 ----------------------------------------------------------------------------
@rule(
    "BC209",
    "error",
    source=CAPACITY,
    passes=[_database(serverlessMinAcu=0.5, serverlessMaxAcu=256), {}],
    fails=[
        _database(serverlessMinAcu=0.7),
        _database(serverlessMinAcu=-1),
        _database(serverlessMaxAcu=257),
        _database(serverlessMaxAcu=0.5),
        _database(serverlessMinAcu=4, serverlessMaxAcu=2),
    ],
)
def acu_range(draft: Draft) -> Iterable[Problem]:
    """The ACU range is within 0 to 256, in steps of 0.5, with a maximum of at least 1."""
    database = draft.settings.database
    if not database.is_serverless:
        return
    low, high = database.serverless_min_acu, database.serverless_max_acu
    low_key, high_key = _ACU_KEYS
    yield from out_of_range(low_key, low, 0, 256, "ACU", related=(_CLASS_KEY,))
    yield from out_of_range(high_key, high, 1, 256, "ACU", related=(_CLASS_KEY,))
    for key, value in zip(_ACU_KEYS, (low, high), strict=True):
        if value * 2 % 1:
            yield Problem(
                key,
                f"{key} is {value:g}, but capacity comes in steps of 0.5 ACU.",
                f"Choose {round(value * 2) / 2:g}.",
                value,
                related=(_CLASS_KEY,),
            )
    if low > high:
        yield Problem(
            low_key,
            f"{low_key} is {low:g}, more than {high_key}, which is {high:g}.",
            "Raise the maximum or lower the minimum.",
            low,
            related=(_CLASS_KEY, high_key),
        )


@rule(
    "BC210",
    "warning",
    source=PAUSE,
    passes=[_database(serverlessMinAcu=0.5), _database(instanceClass="db.r6g.large")],
    fails=[_database(serverlessMinAcu=0)],
)
def never_pauses(draft: Draft) -> Iterable[Problem]:
    """A minimum of 0 ACU does not pause a member of a global database."""
    database = draft.settings.database
    if database.is_serverless and database.serverless_min_acu == 0:
        yield Problem(
            _ACU_KEYS[0],
            f"{_ACU_KEYS[0]} is 0, but Aurora never pauses an instance of a global database, in "
            "either region, nor one with a binary log, and says nothing about it; the saving does "
            "not come.",
            "Choose 0.5, so that the bill is the one that you expect.",
            0,
            related=(_CLASS_KEY,),
        )


@rule(
    "BC211",
    "info",
    source=CAPACITY,
    passes=[_database(serverlessMinAcu=1), _database(instanceClass="db.r6g.large")],
    fails=[_database(instanceClass="db.r6g.large", serverlessMinAcu=1)],
)
def acu_without_serverless(draft: Draft) -> Iterable[Problem]:
    """The ACU range is given only for db.serverless."""
    database = draft.settings.database
    given = [key for key in _ACU_KEYS if key in draft.given]
    if given and not database.is_serverless:
        yield Problem(
            given[0],
            f"{given[0]} has no effect, because {_CLASS_KEY} is "
            f"{quoted(_CLASS_KEY, database.instance_class)}.",
            "Remove it, or choose db.serverless.",
            related=(_CLASS_KEY,),
            at_key=True,
        )


@rule(
    "BC220",
    "info",
    source=CAPACITY,
    passes=[
        _database(serverlessMinAcu=1, serverlessMaxAcu=2),
        _database(instanceClass="db.r6g.large", serverlessMaxAcu=0.5),
    ],
    fails=[_database(serverlessMinAcu=2, serverlessMaxAcu=2)],
)
def acu_can_grow(draft: Draft) -> Iterable[Problem]:
    """The ACU range has room to grow."""
    database = draft.settings.database
    low, high = database.serverless_min_acu, database.serverless_max_acu
    if database.is_serverless and low == high:
        yield Problem(
            _ACU_KEYS[1],
            f"{_ACU_KEYS[1]} is {high:g}, the same as {_ACU_KEYS[0]}, so the capacity can neither "
            "grow nor shrink, at the price of one that can.",
            "Raise the maximum, or choose a class, which costs less at a constant load.",
            high,
            related=(_CLASS_KEY, _ACU_KEYS[0]),
        )


# --- the rest ---------------------------------------------------------------------------------
@rule(
    "BC212",
    "error",
    source=CREATE_CLUSTER,
    passes=[_database(backupRetentionDays=n) for n in (1, 35)],
    fails=[_database(backupRetentionDays=n) for n in (0, 36)],
)
def retention(draft: Draft) -> Iterable[Problem]:
    """`backupRetentionDays` is 1 to 35."""
    days = draft.settings.database.backup_retention_days
    yield from out_of_range("database.backupRetentionDays", days, 1, 35, "days")


@rule(
    "BC213",
    "error",
    source=CREATE_INSTANCE,
    passes=[_database(monitoringIntervalS=n) for n in (0, 1, 60)],
    fails=[_database(monitoringIntervalS=n) for n in (2, 20, 120)],
)
def monitoring_interval(draft: Draft) -> Iterable[Problem]:
    """`monitoringIntervalS` is 0, 1, 5, 10, 15, 30 or 60."""
    seconds = draft.settings.database.monitoring_interval_s
    lawful = (0, 1, 5, 10, 15, 30, 60)
    if seconds not in lawful:
        yield Problem(
            "database.monitoringIntervalS",
            f"database.monitoringIntervalS is {seconds}, but Enhanced Monitoring takes only 0 "
            "(off), 1, 5, 10, 15, 30 or 60 seconds.",
            f"Choose {min(lawful, key=lambda n: abs(n - seconds))}.",
            seconds,
        )


@rule(
    "BC214",
    "error",
    source=GLOBAL,
    passes=[_database(instancesPerMember=n) for n in (1, 15)],
    fails=[_database(instancesPerMember=n) for n in (0, 16)],
)
def instance_count(draft: Draft) -> Iterable[Problem]:
    """A member has 1 to 15 instances."""
    count = draft.settings.database.instances_per_member
    key = "database.instancesPerMember"
    if count < 1:
        yield Problem(
            key,
            f"{key} is {count}, but a member without an instance cannot take over.",
            "Choose at least 1.",
            count,
        )
    elif count > 15:
        yield Problem(
            key,
            f"{key} is {count}, but a writer's cluster has at most 14 readers beside a standby, "
            "and either member may become the writer's.",
            "Choose at most 15.",
            count,
        )


@rule(
    "BC215",
    "error",
    source=CREATE_INSTANCE,
    passes=[_database(databaseName=n) for n in ("app", "App_2")],
    fails=[_database(databaseName=n) for n in ("", "2app", "my-app", "mysql", "x" * 65)],
)
def database_name(draft: Draft) -> Iterable[Problem]:
    """`databaseName` is 1 to 64 letters, digits, underscores, a letter first; not MySQL's own."""
    name = draft.settings.database.database_name
    key = "database.databaseName"
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]{0,63}", name):
        yield Problem(
            key,
            f"{key} is {quoted(key, name)}, but must be 1 to 64 letters, digits and underscores, a "
            "letter first.",
            "Choose something like app.",
            name,
        )
    elif name.lower() in {"information_schema", "mysql", "performance_schema", "sys"}:
        yield Problem(key, f"{key} is {name}, a schema of MySQL's own.", "Choose another.", name)


@rule(
    "BC216",
    "error",
    source=CREATE_CLUSTER,
    passes=[_database(port=n) for n in (1150, 65535)],
    fails=[_database(port=n) for n in (80, 65536)],
)
def port(draft: Draft) -> Iterable[Problem]:
    """Port is 1150 to 65535."""
    yield from out_of_range("database.port", draft.settings.database.port, 1150, 65535)


@rule(
    "BC217",
    "error",
    source=CREATE_CLUSTER,
    passes=[_database(storageType=t) for t in ("aurora", "aurora-iopt1")],
    fails=[_database(storageType=t) for t in ("gp3", "aurora-iopt")],
)
def storage_type(draft: Draft) -> Iterable[Problem]:
    """`storageType` is aurora or aurora-iopt1."""
    chosen = draft.settings.database.storage_type
    lawful = ("aurora", "aurora-iopt1")
    if chosen not in lawful:
        yield Problem(
            "database.storageType",
            f"database.storageType is {quoted('database.storageType', chosen)}, but Aurora has "
            "aurora (each I/O is paid for) and aurora-iopt1 (dearer storage, I/O included).",
            f"Choose {nearest(chosen, lawful) or 'aurora'}.",
            chosen,
        )
