"""BC23x: what a database that people rely on should have. Warnings only."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from bicoastal.settings.draft import Draft
from bicoastal.settings.rules.base import Problem, rule

DELETE = "https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/USER_DeleteCluster.html"
BACKUPS = (
    "https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/Aurora.Managing.Backups.html"
)
READERS = (
    "https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/"
    "Concepts.AuroraHighAvailability.html"
)
CAPACITY = (
    "https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/"
    "aurora-global-database.configuration.requirements.html"
)


def _production(**keys: object) -> dict[str, Any]:
    return {"profile": "production", "database": keys}


def _problem(field: str, message: str, cure: str, value: object, *related: str) -> Problem:
    key = f"database.{field}"
    return Problem(key, f"{key} {message}", cure, value, related=("profile", *related))


@rule(
    "BC231",
    "warning",
    source=DELETE,
    passes=[_production(), {"database": {"skipFinalSnapshot": True}}],
    fails=[_production(skipFinalSnapshot=True)],
)
def final_snapshot(draft: Draft) -> Iterable[Problem]:
    """A production database takes a final snapshot."""
    settings = draft.settings
    if settings.profile == "production" and settings.database.skip_final_snapshot:
        message = "is true: pulumi destroy would leave no copy of the data."
        yield _problem("skipFinalSnapshot", message, "Set it to false.", value=True)


@rule(
    "BC232",
    "warning",
    source=DELETE,
    passes=[_production(), {"database": {"deletionProtection": False}}],
    fails=[_production(deletionProtection=False)],
)
def deletion_protection(draft: Draft) -> Iterable[Problem]:
    """A production database is protected from deletion."""
    settings = draft.settings
    if settings.profile == "production" and not settings.database.deletion_protection:
        message = "is false: one wrong command deletes the database."
        yield _problem("deletionProtection", message, "Set it to true.", value=False)


@rule(
    "BC233",
    "warning",
    source=READERS,
    passes=[_production(), {"database": {"instancesPerMember": 1}}],
    fails=[_production(instancesPerMember=1)],
)
def reader(draft: Draft) -> Iterable[Problem]:
    """A production member has a reader that takes over within its region."""
    settings = draft.settings
    count = settings.database.instances_per_member
    if settings.profile == "production" and count == 1:
        message = (
            "is 1: the loss of one instance or zone stops writes until Aurora has made another, "
            "for minutes, where a reader would take over within about one."
        )
        yield _problem("instancesPerMember", message, "Choose 2.", count)


@rule(
    "BC234",
    "warning",
    source=BACKUPS,
    passes=[_production(backupRetentionDays=7), {"database": {"backupRetentionDays": 1}}],
    fails=[_production(backupRetentionDays=n) for n in (1, 6)],
)
def long_retention(draft: Draft) -> Iterable[Problem]:
    """A production database keeps backups for at least a week."""
    settings = draft.settings
    days = settings.database.backup_retention_days
    if settings.profile == "production" and 1 <= days < 7:
        message = (
            f"is {days}: a mistake that is noticed after {days} days cannot be undone, and the "
            "snapshot that Aurora takes of the old writer's volume at a failover goes as early."
        )
        yield _problem("backupRetentionDays", message, "Choose 7 or more.", days)


@rule(
    "BC235",
    "warning",
    source=CAPACITY,
    passes=[
        _production(instanceClass="db.serverless", serverlessMinAcu=8, serverlessMaxAcu=16),
        _production(),
        {},
    ],
    fails=[_production(instanceClass="db.serverless")],
)
def capacity(draft: Draft) -> Iterable[Problem]:
    """A production writer on Serverless v2 has at least 8 ACU."""
    settings = draft.settings
    low = settings.database.serverless_min_acu
    if settings.profile == "production" and settings.database.is_serverless and low < 8:
        message = (
            f"is {low:g}, but AWS recommends at least 8 ACU for the writer's cluster of a global "
            "database, and after a failover that is the other member."
        )
        cure = "Choose 8 or more, or a class such as db.r6g.large."
        yield _problem("serverlessMinAcu", message, cure, low, "database.instanceClass")
