"""BC5xx: what costs more than it looks."""

from __future__ import annotations

from collections.abc import Iterable

from bicoastal.settings import durations, tables
from bicoastal.settings.draft import Draft
from bicoastal.settings.rules.base import Problem, rule
from bicoastal.settings.secrecy import shown

PRICING = "https://aws.amazon.com/rds/aurora/pricing/"
TAGGING = "https://docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html"
MONITORING = (
    "https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/USER_Monitoring.OS.overview.html"
)


_SHORTEST_LIFE_S = 3600
_LONGEST_LIFE_S = 365 * 86400


@rule(
    "BC501",
    "info",
    source=PRICING,
    passes=[{}, {"profile": "production"}],
    fails=[
        {"database": {"instanceClass": "db.r6g.large"}},
        {"database": {"instancesPerMember": 2}},
        {"database": {"serverlessMinAcu": 1}},
    ],
)
def cheapest(draft: Draft) -> Iterable[Problem]:
    """A stack for validation has the cheapest lawful database."""
    database = draft.settings.database
    if draft.settings.profile != "validation":
        return
    dear: tuple[tuple[str, object, bool, str], ...] = (
        (
            "database.instanceClass",
            database.instance_class,
            tables.family(database.instance_class) in tables.classes()["memory_optimized"],
            "db.serverless",
        ),
        (
            "database.instancesPerMember",
            database.instances_per_member,
            database.instances_per_member > 1,
            "1",
        ),
        (
            "database.serverlessMinAcu",
            database.serverless_min_acu,
            database.is_serverless and database.serverless_min_acu > 0.5,
            "0.5",
        ),
    )
    for key, value, is_dear, cheap in dear:
        if is_dear:
            yield Problem(
                key,
                f"{key} is {value}, paid for by the hour in both regions whether it is used or "
                f"not; the profile validation is meant for {cheap}.",
                "Leave it out, or choose the profile that fits.",
                value,
                related=("profile", "database.instanceClass"),
            )


@rule(
    "BC502",
    "info",
    source=MONITORING,
    passes=[{"database": {"monitoringIntervalS": n}} for n in (0, 30, 60)],
    fails=[{"database": {"monitoringIntervalS": n}} for n in (1, 5)],
)
def monitoring(draft: Draft) -> Iterable[Problem]:
    """Enhanced Monitoring is no finer than it need be."""
    seconds = draft.settings.database.monitoring_interval_s
    if 0 < seconds < 10:
        yield Problem(
            "database.monitoringIntervalS",
            f"database.monitoringIntervalS is {seconds}: each instance writes to CloudWatch Logs "
            "every time, and the logs are paid for by volume.",
            "Choose 30 or 60 unless you are looking for something.",
            seconds,
        )


@rule(
    "BC503",
    "info",
    source=PRICING,
    passes=[{}, {"profile": "production", "database": {"storageType": "aurora-iopt1"}}],
    fails=[{"database": {"storageType": "aurora-iopt1"}}],
)
def optimised_storage(draft: Draft) -> Iterable[Problem]:
    """A stack for validation has storage that is paid for by the I/O."""
    settings = draft.settings
    if settings.profile == "validation" and settings.database.storage_type == "aurora-iopt1":
        yield Problem(
            "database.storageType",
            "database.storageType is aurora-iopt1: instances cost about 30 % more and storage more "
            "than twice as much, which pays only where I/O is over a quarter of the bill.",
            "Leave it out; a cluster may be switched later.",
            "aurora-iopt1",
            related=("profile",),
        )


@rule(
    "BC504",
    "info",
    source="https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/USER_DeleteCluster.html",
    passes=[{}, {"profile": "production"}],
    fails=[{"database": {"deletionProtection": True}}],
)
def destroyable(draft: Draft) -> Iterable[Problem]:
    """A stack for validation can be destroyed."""
    settings = draft.settings
    if settings.profile == "validation" and settings.database.deletion_protection:
        yield Problem(
            "database.deletionProtection",
            "database.deletionProtection is true: pulumi destroy fails half-way, and what is left "
            "goes on costing.",
            "Leave it out, or choose the profile staging or production.",
            value=True,
            related=("profile",),
        )


@rule(
    "BC510",
    "error",
    source="https://docs.aws.amazon.com/cost-management/latest/userguide/budgets-managing-costs.html",
    passes=[{}, {"budget": {"monthlyUsd": 120}}, {"budget": {"monthlyUsd": 99.5}}],
    fails=[{"budget": {"monthlyUsd": amount}} for amount in (0, -1)],
)
def budget(draft: Draft) -> Iterable[Problem]:
    """A budget is more than nothing."""
    amount = draft.settings.budget.monthly_usd
    if amount is not None and amount <= 0:
        yield Problem(
            "budget.monthlyUsd",
            f"budget.monthlyUsd is {amount:g}: no stack costs so little, so every one is refused.",
            "Write what the stack may cost in US dollars a month, or leave it out.",
            amount,
        )


@rule(
    "BC511",
    "error",
    source=TAGGING,
    passes=[{}, *({"expiresAfter": text} for text in ("1h", "4h", "2d", "1d12h", "90m", "365d"))],
    fails=[{"expiresAfter": text} for text in ("4", "4 hours", "0h", "59m", "366d", "-1d", "2w")],
)
def expiry(draft: Draft) -> Iterable[Problem]:
    """`expiresAfter` is a duration of an hour to a year."""
    text = draft.settings.expires_after
    if text is None:
        return
    span = durations.seconds(text)
    said = f"expiresAfter is {shown('expiresAfter', text)}"
    if span is None:
        message = f"{said}, which is not a duration: whole days, hours, minutes, each with d, h, m."
    elif not _SHORTEST_LIFE_S <= span <= _LONGEST_LIFE_S:
        message = (
            f"{said}, but must be an hour to 365 days: within less, two members are hardly made, "
            "and what lives longer is not made to be thrown away."
        )
    else:
        return
    yield Problem("expiresAfter", message, "Write a duration such as 4h, 2d or 1d12h.", text)


@rule(
    "BC512",
    "error",
    source=TAGGING,
    passes=[{"profile": "staging", "expiresAfter": "7d"}, {"profile": "production"}],
    fails=[{"profile": "production", "expiresAfter": "30d"}],
)
def production_lives(draft: Draft) -> Iterable[Problem]:
    """A production stack does not expire."""
    settings = draft.settings
    if settings.profile == "production" and settings.expires_after is not None:
        yield Problem(
            "expiresAfter",
            f"expiresAfter is {shown('expiresAfter', settings.expires_after)}, but the profile is "
            "production: bicoastal reap --destroy would destroy a database that people rely on.",
            "Leave it out, or choose the profile validation or staging.",
            settings.expires_after,
            related=("profile",),
        )


@rule(
    "BC513",
    "warning",
    source="https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/USER_DeleteCluster.html",
    passes=[{"expiresAfter": "4h"}, {"database": {"deletionProtection": True}}],
    fails=[{"expiresAfter": "4h", "database": {"deletionProtection": True}}],
)
def expires_protected(draft: Draft) -> Iterable[Problem]:
    """What expires is not protected from deletion."""
    settings = draft.settings
    if settings.expires_after is not None and settings.database.deletion_protection:
        yield Problem(
            "expiresAfter",
            f"expiresAfter is {shown('expiresAfter', settings.expires_after)}, but "
            "database.deletionProtection is true: the environment is listed as expired, and "
            "destroying it is refused.",
            "Leave one of the two out.",
            settings.expires_after,
            related=("database.deletionProtection", "profile"),
        )
