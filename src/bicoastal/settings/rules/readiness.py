"""BC318 to BC325: whether the controller can act when it should, and whether anybody hears."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from bicoastal.settings.draft import Draft
from bicoastal.settings.rules.base import Problem, rule

DISASTER = (
    "https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/"
    "aurora-global-database-disaster-recovery.html"
)

LAG = (
    "https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/"
    "aurora-global-database-monitoring.html"
)

IAM_LOGIN = (
    "https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/UsingWithRDS.IAMDBAuth.html"
)

SUBSCRIBE = "https://docs.aws.amazon.com/sns/latest/dg/sns-email-notifications.html"


def _failover(**keys: object) -> dict[str, Any]:
    return {"failover": keys}


@rule(
    "BC318",
    "warning",
    source=DISASTER,
    passes=[_failover(rpoBudgetS=1), _failover(rpoBudgetS=0, mode="observe")],
    fails=[_failover(rpoBudgetS=0), _failover(rpoBudgetS=0, mode="approve")],
)
def budget_above_lag(draft: Draft) -> Iterable[Problem]:
    """The RPO budget is above the lag that replication always has."""
    failover = draft.settings.failover
    if failover.rpo_budget_s == 0 and failover.mode != "observe":
        yield Problem(
            "failover.rpoBudgetS",
            "failover.rpoBudgetS is 0, but replication between regions always lags, by up to a "
            "second as a rule, so the controller would never fail over without a person.",
            "Choose 1 or more: the seconds of writes that may be lost in a disaster.",
            0,
            related=("failover.mode",),
        )


@rule(
    "BC319",
    "warning",
    source=LAG,
    passes=[{}, _failover(rpoBudgetS=5), _failover(rpoBudgetS=0)],
    fails=[
        _failover(rpoBudgetS=4),
        {"monitoring": {"lagAlarmMs": 30_001}},
        {"monitoring": {"rpoAlarmMs": 30_001}},
    ],
)
def alarm_before_budget(draft: Draft) -> Iterable[Problem]:
    """The alarm on the lag comes before the RPO budget is spent."""
    alarms, budget = draft.settings.monitoring, draft.settings.failover.rpo_budget_s
    for key, alarm in (("lagAlarmMs", alarms.lag_alarm_ms), ("rpoAlarmMs", alarms.rpo_alarm_ms)):
        if 0 < budget * 1000 < alarm:
            yield Problem(
                f"monitoring.{key}",
                f"monitoring.{key} is {alarm}, more than failover.rpoBudgetS, which is {budget} "
                "seconds: a lag that forbids an automatic failover would alarm nobody.",
                f"Choose at most {budget * 1000}.",
                alarm,
                related=("failover.rpoBudgetS",),
            )


@rule(
    "BC320",
    "warning",
    source=DISASTER,
    passes=[_failover(quorum=2), _failover(quorum=3, mode="observe")],
    fails=[_failover(quorum=3)],
)
def quorum_survives(draft: Draft) -> Iterable[Problem]:
    """The quorum can be reached when a region is lost, and its witness with it."""
    failover = draft.settings.failover
    if failover.quorum == 3 and failover.mode != "observe":
        yield Problem(
            "failover.quorum",
            "failover.quorum is 3 of three witnesses, but one of them stands in the writer's "
            "region: when that region is lost it says nothing, and the controller never acts.",
            "Choose 2.",
            3,
            related=("failover.mode",),
        )


@rule(
    "BC321",
    "warning",
    source=SUBSCRIBE,
    passes=[
        _failover(mode="approve") | {"monitoring": {"alarmEmails": ["ops@example.com"]}},
        _failover(mode="approve") | {"monitoring": {"alarmUrls": ["https://ops.example.com/x"]}},
        _failover(mode="automatic"),
    ],
    fails=[_failover(mode="approve")],
)
def somebody_is_asked(draft: Draft) -> Iterable[Problem]:
    """Where a person must approve, a person is told."""
    settings = draft.settings
    hears = settings.monitoring.alarm_emails or settings.monitoring.alarm_urls
    if settings.failover.mode == "approve" and not hears:
        yield Problem(
            "failover.mode",
            "failover.mode is approve, but monitoring.alarmEmails and alarmUrls are empty: nobody "
            "would hear that an approval is awaited.",
            "Add an address to monitoring.alarmEmails.",
            "approve",
            related=("monitoring.alarmEmails", "monitoring.alarmUrls"),
        )


@rule(
    "BC325",
    "warning",
    source=IAM_LOGIN,
    passes=[{}, {"profile": "production"}],
    fails=[
        {"profile": "production", "health": {"probe": "greeting"}},
        {"profile": "production", "health": {"probe": "role"}},
    ],
)
def sees_writes(draft: Draft) -> Iterable[Problem]:
    """In production the witnesses see whether the writer takes writes."""
    depth = draft.settings.health.probe
    if depth == "canary" or draft.settings.profile != "production":
        return
    unseen = {
        "greeting": "a login that fails, a member closed for writes, a full disk, stalled storage",
        "role": "a full disk, stalled storage or a lock on everything",
    }
    yield Problem(
        "health.probe",
        f"health.probe is {depth}, so no witness sees {unseen[depth]}: the writer counts as well "
        "while clients cannot write, and nobody is told.",
        "Run `bicoastal bootstrap --apply`, then choose canary.",
        depth,
        related=("profile",),
    )
