"""BC712 and BC713: what IAM allows to the caller and to the controller's role."""

from __future__ import annotations

from collections.abc import Iterable

from bicoastal.settings.account import Account, Unread
from bicoastal.settings.draft import Draft
from bicoastal.settings.rules.account.base import (
    REPLICA,
    SILENCE,
    SOUND,
    account_rule,
    at_standby,
    by_region,
    seen,
)
from bicoastal.settings.rules.base import Problem, not_checked

SIMULATE = "https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html"
FAILOVER = (
    "https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_FailoverGlobalCluster.html"
)


@account_rule(
    "BC712",
    "warning",
    source=SIMULATE,
    fails=[
        seen(
            "the caller may not create a cluster in us-west-2",
            denied=at_standby(SOUND.denied, ("rds:CreateDBCluster",)),
        ),
        seen("IAM did not answer", denied=at_standby(SOUND.denied, SILENCE)),
    ],
)
def caller_permitted(draft: Draft, account: Account) -> Iterable[Problem]:
    """IAM's simulation allows the caller what a deployment does in the members' regions."""
    for key, region, denied in by_region(draft, account.denied):
        if isinstance(denied, Unread):
            yield not_checked(key, f"whether the caller may deploy to {region}", denied)
        elif denied:
            yield Problem(
                key,
                f"{key} is {region}, where IAM's simulation denies the caller "
                f"{', '.join(denied)} on what the deployment makes.",
                "Grant them, or deploy as somebody who has them; conditions on what only the "
                "real request holds are not simulated.",
                region,
            )


@account_rule(
    "BC713",
    "error",
    source=FAILOVER,
    passes=[
        seen("the controller's role may fail over", failover_denied=()),
        seen("it may not, nor need it", REPLICA, failover_denied=("rds:FailoverGlobalCluster",)),
    ],
    fails=[
        seen(
            "the controller's role may not fail over in us-west-2",
            failover_denied=("rds:FailoverGlobalCluster",),
        ),
        seen("IAM did not answer", failover_denied=SILENCE),
    ],
)
def controller_permitted(draft: Draft, account: Account) -> Iterable[Problem]:
    """The controller's role, once deployed, may fail over in the standby region."""
    standby, denied = draft.settings.regions.standby, account.failover_denied
    key, related = "failover.mode", ("regions.standby",)
    if isinstance(denied, Unread):
        what = f"whether the controller may fail over in {standby}"
        yield not_checked(key, what, denied, related)
    elif denied and draft.settings.is_global:
        yield Problem(
            key,
            f"{key} is {draft.settings.failover.mode}, but IAM's simulation denies the "
            f"controller's role in {standby} (regions.standby) {', '.join(denied)}: it could not "
            "fail over.",
            "Run pulumi up to give the role its policy again, and look for a permissions boundary "
            "or an organisation's policy that denies it.",
            draft.settings.failover.mode,
            related,
        )
