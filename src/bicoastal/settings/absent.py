"""Keys that people look for and that do not exist, because AWS would refuse them or ignore them.

A bare "unknown key" would send its writer looking for another spelling; the reason saves that.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

_AURORA = "https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/"
_ROUTE53 = "https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/"


@dataclass(frozen=True)
class Absence:
    """A thing that cannot be asked for.

    Attributes:
        rule_id: the rule that reports it.
        summary: one line that says what the rule wants.
        source: the page that states the reason.
        keys: the names under which people ask for it.
        reason: why there is no such key, as half a sentence.
        cure: what to do instead.
    """

    rule_id: str
    summary: str
    source: str
    keys: tuple[str, ...]
    reason: str
    cure: str


ABSENCES = (
    Absence(
        "BC224",
        "Backtrack is not asked for: a global database has none.",
        _AURORA + "aurora-global-database.html",
        ("backtrackWindow", "backtrackWindowS", "backtrack", "targetBacktrackWindow"),
        "AWS refuses backtrack in a global database",
        "Remove it; backupRetentionDays says how far back a restore can go.",
    ),
    Absence(
        "BC226",
        "RDS is not asked to manage the password: in a global database it cannot.",
        _AURORA + "rds-secrets-manager.html",
        (
            "manageMasterUserPassword",
            "managedPassword",
            "managePassword",
            "masterUserSecretKmsKeyId",
        ),
        "AWS refuses to manage the master user's password in a global database",
        "Remove it; secretArn names a secret of yours, with a replica in the standby region.",
    ),
    Absence(
        "BC227",
        "No member is stopped by a schedule: members of a global database do not stop.",
        _AURORA + "aurora-cluster-stop-start.html",
        ("stopSchedule", "startSchedule", "stopStartSchedule", "officeHours", "schedule"),
        "AWS stops and starts a cluster only if it is alone in its global database",
        "Remove it; pulumi destroy ends what a validation stack costs.",
    ),
    Absence(
        "BC228",
        "The members are alike: no version, class or count of one of them alone.",
        _AURORA + "aurora-global-database-upgrade.html",
        (
            "standbyEngineVersion",
            "secondaryEngineVersion",
            "homeEngineVersion",
            "primaryEngineVersion",
            "standbyInstanceClass",
            "secondaryInstanceClass",
            "homeInstanceClass",
            "primaryInstanceClass",
            "standbyInstances",
            "secondaryInstances",
        ),
        "both members are alike, because either may be the writer: another patch level disables "
        "managed failover, and a smaller class would not carry the load",
        "Remove it, and set the key that holds for both; headlessStandby: true leaves the standby "
        "without instances.",
    ),
    Absence(
        "BC229",
        "Encryption is not switched or keyed by hand: each region has a key of its own.",
        _AURORA + "aurora-global-database-attaching.html",
        ("storageEncrypted", "encrypted", "encryption", "kmsKeyId", "kmsKeyArn", "standbyKmsKeyId"),
        "every member is encrypted with a key of its own region, as AWS demands of an encrypted "
        "global database",
        "Remove it.",
    ),
    Absence(
        "BC236",
        "Parameter groups are the program's: the same in both regions, with TLS required.",
        _AURORA + "aurora-global-database-disaster-recovery.html",
        (
            "parameters",
            "clusterParameters",
            "parameterGroup",
            "parameterGroupName",
            "parameterGroupFamily",
            "family",
            "binlogFormat",
            "requireSecureTransport",
            "requireTls",
            "lowerCaseTableNames",
        ),
        "the program makes the parameter groups, the same in both regions because none is "
        "inherited at a promotion, of the family that engineVersion needs, with TLS required",
        "Remove it; whoever needs another parameter adds it in stack/database.py, for all members.",
    ),
    Absence(
        "BC237",
        "No member but the first is given credentials: AWS refuses them on a secondary.",
        _AURORA + "aurora-global-database-attaching.html",
        (
            "standbyMasterUsername",
            "secondaryMasterUsername",
            "standbyMasterPassword",
            "secondaryMasterPassword",
            "standbyDatabaseName",
            "secondaryDatabaseName",
        ),
        "AWS refuses user name, password and database name on a secondary cluster, which has those "
        "of the first",
        "Remove it; secretArn and databaseName hold for the whole database.",
    ),
    Absence(
        "BC238",
        "Nothing is asked for that a global database ignores.",
        _AURORA + "aurora-global-database.html",
        (
            "autoMinorVersionUpgrade",
            "autoPause",
            "secondsUntilAutoPause",
            "autoScaling",
            "readerAutoScaling",
            "engineMode",
            "multiAz",
            "availabilityZones",
            "performanceInsights",
            "performanceInsightsEnabled",
        ),
        "a global database ignores or refuses it: minor versions are upgraded by hand in both "
        "regions, instances never pause, readers of a standby do not scale by themselves, Aurora "
        "spreads storage over three zones by itself, and Performance Insights has ended",
        "Remove it.",
    ),
    Absence(
        "BC322",
        "No CALCULATED check is put together by hand: one without children never changes.",
        _ROUTE53 + "health-checks-creating-values.html",
        ("childHealthThreshold", "childHealthChecks", "healthThreshold", "calculated", "children"),
        "the program puts the CALCULATED check together: with a threshold of 0, or above the "
        "number of its children, or without any, it would be healthy or unhealthy for ever",
        "Remove it; dns.mode says what the check follows.",
    ),
    Absence(
        "BC323",
        "No alarm is shaped by hand that a health check follows: Route 53 takes few shapes.",
        _ROUTE53 + "health-checks-types.html",
        (
            "alarmPeriodS",
            "alarmPeriod",
            "datapointsToAlarm",
            "evaluationPeriods",
            "highResolution",
            "storageResolution",
            "metricMath",
            "metricQuery",
            "metricQueries",
        ),
        "Route 53 follows an alarm only at standard resolution, over one metric of the same "
        "account, and knows neither M of N nor metric math",
        "Remove it; the program's alarms have the shape that Route 53 takes.",
    ),
    Absence(
        "BC611",
        "The secret's replicas are made where the secret is, not here.",
        "https://docs.aws.amazon.com/secretsmanager/latest/userguide/replicate-secrets.html",
        ("secretReplicaRegions", "replicaSecretArn", "standbySecretArn", "secondarySecretArn"),
        "the program refers to one secret and makes none; without a replica in the standby region "
        "nobody there could read it when the home region is lost",
        "Remove it, and replicate the secret: aws secretsmanager replicate-secret-to-regions "
        "--add-replica-regions Region=STANDBY --secret-id NAME.",
    ),
)
"""Everything that cannot be asked for."""


def bare(key: str) -> str:
    """A key without case and punctuation, so that spellings compare equal."""
    return re.sub(r"[^a-z0-9]", "", key.lower())


_BY_NAME = {bare(key): absence for absence in ABSENCES for key in absence.keys}


def absence_of(path: Sequence[str | int]) -> Absence | None:
    """What an unknown key asks for, if that cannot be had.

    Args:
        path: the key's path.

    Returns:
        The absence, or `None`.
    """
    return _BY_NAME.get(bare(str(path[-1])))
