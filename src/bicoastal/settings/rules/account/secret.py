"""BC704 to BC707: the master user's secret and the keys that the deployment rests on."""

from __future__ import annotations

from collections.abc import Iterable

from bicoastal.settings.account import Account, KeyState, Secret, Unread
from bicoastal.settings.draft import Draft
from bicoastal.settings.rules import places
from bicoastal.settings.rules.account.base import HOME, SILENCE, STANDBY, account_rule, seen
from bicoastal.settings.rules.base import Problem, not_checked

DESCRIBE = "https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_DescribeSecret.html"
REPLICAS = "https://docs.aws.amazon.com/secretsmanager/latest/userguide/replicate-secrets.html"
CREATE_CLUSTER = (
    "https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBCluster.html"
)
KEY_STATES = "https://docs.aws.amazon.com/kms/latest/developerguide/key-state.html"

_ARN = "secretArn"
_GONE = Secret(deleted=True, key=None, replicas={})
_ENABLED = "Enabled"
_IN_SYNC = "InSync"


@account_rule(
    "BC704",
    "error",
    source=DESCRIBE,
    passes=[seen("nobody was asked for a secret", {_ARN: ""}, secret=None)],
    fails=[
        seen("there is no such secret", secret=None),
        seen("the secret is scheduled for deletion", secret=_GONE),
        seen("Secrets Manager did not answer", secret=SILENCE),
    ],
)
def secret_exists(draft: Draft, account: Account) -> Iterable[Problem]:
    """The secret exists in the home region."""
    settings, secret = draft.settings, account.secret
    related = ("regions.home",)
    if settings.secret_arn is None:
        return
    if isinstance(secret, Unread):
        yield not_checked(_ARN, "whether the secret exists", secret, related)
    elif secret is None or secret.deleted:
        state = "is scheduled for deletion" if secret else "does not exist"
        cure = (
            f"Restore it: aws secretsmanager restore-secret --secret-id {settings.secret_arn}."
            if secret
            else "Create it with the keys username and password, replicated to "
            f"{settings.regions.standby}, or give the ARN of one that exists."
        )
        yield Problem(
            _ARN,
            f"{_ARN} names a secret that {state} in {settings.regions.home}, in the account that "
            "was asked.",
            cure,
            settings.secret_arn,
            related,
        )


@account_rule(
    "BC705",
    "error",
    source=REPLICAS,
    passes=[seen("there is no secret, which is another rule's finding", secret=None, replica=None)],
    fails=[
        seen(
            "the secret has no replica",
            secret=Secret(deleted=False, key=None, replicas={}),
            replica=None,
        ),
        seen(
            "the replica could not be written",
            secret=Secret(deleted=False, key=None, replicas={STANDBY: "Failed"}),
        ),
        seen("Secrets Manager in us-west-2 did not answer", replica=SILENCE),
        seen(
            "the secret has no replica for a further standby",
            {"regions": {"furtherStandbys": ["eu-west-1"]}},
        ),
    ],
)
def secret_replicated(draft: Draft, account: Account) -> Iterable[Problem]:
    """The secret has a replica in the region of each standby, and it is in sync."""
    settings, standby = draft.settings, draft.settings.regions.standby
    secret, replica = account.secret, account.replica
    related = ("regions.home", "regions.standby")
    if settings.secret_arn is None or secret is None:
        return
    if isinstance(secret, Unread) or isinstance(replica, Unread):
        unread = replica if isinstance(replica, Unread) else secret
        assert isinstance(unread, Unread)  # noqa: S101  (the type checker cannot tell)
        yield not_checked(_ARN, f"whether the secret is replicated to {standby}", unread, related)
        return
    for key, region in places.members(settings)[1:]:
        state = secret.replicas.get(region)
        # Of a further standby's, only what the home region says is known.
        is_there = region != standby or (replica and not replica.deleted)
        if state == _IN_SYNC and is_there:
            continue
        said = f"says {state}" if state else "does not exist"
        yield Problem(
            _ARN,
            f"{_ARN} names a secret whose replica in {region} ({key}) {said}: without it nobody "
            "can log in there when the home region is lost.",
            f"Replicate it: aws secretsmanager replicate-secret-to-regions --secret-id "
            f"{settings.secret_arn} --add-replica-regions Region={region}.",
            settings.secret_arn,
            (*related, key),
        )


@account_rule(
    "BC706",
    "error",
    source=CREATE_CLUSTER,
    passes=[seen("nobody was asked for a secret", {_ARN: ""}, secret=None)],
    fails=[
        seen("the secret is no JSON object", secret_faults=("it is not a JSON object",)),
        seen("the secret may not be read", secret_faults=SILENCE),
    ],
)
def secret_usable(draft: Draft, account: Account) -> Iterable[Problem]:
    """The secret holds a username and a password that RDS takes."""
    settings, faults = draft.settings, account.secret_faults
    if settings.secret_arn is None:
        return
    if isinstance(faults, Unread):
        what = "whether the secret holds a username and a password that RDS takes"
        yield not_checked(_ARN, what, faults, ("regions.home",))
    elif faults:
        yield Problem(
            _ARN,
            f"{_ARN} names a secret that RDS cannot use: {'; '.join(faults)}.",
            'Store {"username": "...", "password": "..."}, the password of 8 to 41 characters '
            'without a space or one of / " @, with aws secretsmanager put-secret-value.',
            settings.secret_arn,
            ("regions.home",),
        )


@account_rule(
    "BC707",
    "error",
    source=KEY_STATES,
    passes=[
        seen("the secret's key is enabled", keys=(KeyState(_ARN, HOME, "k", "Enabled"),)),
        seen(
            "no key of an earlier deployment is left",
            keys=(KeyState("environmentSuffix", HOME, "alias/bicoastal-use1-dev", None),),
        ),
    ],
    fails=[
        seen("the secret's key is disabled", keys=(KeyState(_ARN, HOME, "k", "Disabled"),)),
        seen("KMS may not be asked", keys=(KeyState(_ARN, HOME, "k", SILENCE),)),
    ],
)
def keys_enabled(draft: Draft, account: Account) -> Iterable[Problem]:
    """The KMS keys of the secret and of the stack, where it has some already, are enabled."""
    del draft
    for key in account.keys:
        if isinstance(key.state, Unread):
            what = f"whether the KMS key {key.name} in {key.region} is enabled"
            yield not_checked(key.setting, what, key.state)
        elif key.state not in {_ENABLED, None}:
            yield Problem(
                key.setting,
                f"{key.setting} leads to the KMS key {key.name} in {key.region}, whose state is "
                f"{key.state}: what it encrypts can be neither read nor written.",
                f"Enable it (aws kms enable-key --region {key.region} --key-id ...), cancel its "
                "deletion, or use another key.",
            )
