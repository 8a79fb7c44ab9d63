"""BC710 and BC711: what the account's quotas leave."""

from __future__ import annotations

from collections.abc import Iterable

from bicoastal.settings.account import Account, Concurrency, Quota, Unread
from bicoastal.settings.draft import Draft
from bicoastal.settings.rules.account.base import (
    SILENCE,
    SOUND,
    account_rule,
    at_standby,
    by_region,
    seen,
)
from bicoastal.settings.rules.base import Problem, not_checked

QUOTAS = "https://docs.aws.amazon.com/servicequotas/latest/userguide/request-quota-increase.html"
CONCURRENCY = "https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html"

LEFT_UNRESERVED = 100
"""Concurrency that Lambda keeps for functions that reserve none."""


@account_rule(
    "BC710",
    "error",
    source=QUOTAS,
    passes=[
        seen(
            "one cluster is left",
            quotas=at_standby(SOUND.quotas, (Quota("DBClusters", 39, 40, 1),)),
        ),
        seen(
            "no cluster is left, but the stack exists",
            quotas=at_standby(SOUND.quotas, (Quota("DBClusters", 40, 40, 0),)),
        ),
    ],
    fails=[
        seen(
            "us-west-2 has 40 of 40 clusters",
            quotas=at_standby(SOUND.quotas, (Quota("DBClusters", 40, 40, 1),)),
        ),
        seen("the quotas may not be read", quotas=at_standby(SOUND.quotas, (SILENCE,))),
    ],
)
def quotas_left(draft: Draft, account: Account) -> Iterable[Problem]:
    """The quotas of each region leave room for what the deployment makes there."""
    for key, region, quotas in by_region(draft, account.quotas):
        for quota in quotas:
            if isinstance(quota, Unread):
                yield not_checked(key, f"whether a quota of {region} is used up", quota)
            elif quota.is_exceeded:
                yield Problem(
                    key,
                    f"{key} is {region}, where {quota.used} of {quota.limit} {quota.name} are in "
                    f"use, and the deployment makes {quota.needed} more.",
                    f"Delete what is not needed there, or ask for at least "
                    f"{quota.used + quota.needed}: aws service-quotas "
                    f"request-service-quota-increase --region {region}.",
                    region,
                )


@account_rule(
    "BC711",
    "error",
    source=CONCURRENCY,
    passes=[
        seen(
            "the controllers have reserved theirs already",
            concurrency=at_standby(SOUND.concurrency, Concurrency(101, 100, 0)),
        )
    ],
    fails=[
        seen(
            "us-west-2 has 10 concurrent executions, as new accounts have",
            concurrency=at_standby(SOUND.concurrency, Concurrency(10, 10, 1)),
        ),
        seen("Lambda did not answer", concurrency=at_standby(SOUND.concurrency, SILENCE)),
    ],
)
def concurrency_left(draft: Draft, account: Account) -> Iterable[Problem]:
    """Each member's region leaves one concurrent execution to reserve for its controller."""
    for key, region, found in by_region(draft, account.concurrency):
        if isinstance(found, Unread):
            yield not_checked(key, f"whether {region} leaves a concurrency to reserve", found)
        elif found.needed and found.unreserved - found.needed < LEFT_UNRESERVED:
            yield Problem(
                key,
                f"{key} is {region}, where Lambda allows {found.limit} concurrent executions, "
                f"{found.unreserved} of them unreserved: the controller reserves {found.needed}, "
                f"and Lambda keeps {LEFT_UNRESERVED} unreserved.",
                "Ask for more: aws service-quotas request-service-quota-increase --service-code "
                f"lambda --quota-code L-B99A9384 --desired-value 1000 --region {region}.",
                region,
            )
