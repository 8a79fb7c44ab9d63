"""The master user's secret: that it is there, where it is replicated, and its shape."""

from __future__ import annotations

from collections.abc import Iterable

from bicoastal.failover.gateway import Clients
from bicoastal.live.asking import asked, client, if_there
from bicoastal.settings import Names, Settings
from bicoastal.settings.account import Fact, KeyState, Secret
from bicoastal.settings.secretshape import faults

MISSING = "ResourceNotFoundException"


def read(clients: Clients, arn: str, region: str) -> Fact[Secret | None]:
    """A secret, or a replica of one, without what it holds.

    Args:
        clients: boto3's clients.
        arn: the secret's ARN in its home region.
        region: the region that is asked: a replica has the same ARN but for the region.

    Returns:
        The secret, or None if it does not exist there.
    """
    name = in_region(arn, region)

    def question() -> Secret:
        found = client(clients, "secretsmanager", region).describe_secret(SecretId=name)
        return Secret(
            deleted="DeletedDate" in found,
            key=found.get("KmsKeyId"),
            replicas={r["Region"]: r["Status"] for r in found.get("ReplicationStatus", ())},
        )

    return asked("secretsmanager:DescribeSecret", region, lambda: if_there(question, MISSING))


def in_region(arn: str, region: str) -> str:
    """The ARN of a secret's replica.

    Args:
        arn: the secret's ARN.
        region: the replica's region.

    Returns:
        The same ARN in that region; what is no ARN is given back as it is.
    """
    parts = arn.split(":")
    return ":".join([*parts[:3], region, *parts[4:]]) if len(parts) == 7 else arn


def shape(clients: Clients, arn: str, region: str) -> Fact[tuple[str, ...]]:
    """What is wrong with what a secret holds. The text is read, judged and forgotten here.

    Args:
        clients: boto3's clients.
        arn: the secret's ARN.
        region: its region.

    Returns:
        What is wrong, in words that repeat nothing of the text. A secret that does not exist has
        nothing wrong with what it holds.
    """

    def question() -> tuple[str, ...]:
        found = client(clients, "secretsmanager", region).get_secret_value(SecretId=arn)
        return faults(found.get("SecretString"))

    return asked("secretsmanager:GetSecretValue", region, lambda: if_there(question, MISSING) or ())


def keys(
    clients: Clients, settings: Settings, secrets: Iterable[tuple[str, Fact[Secret | None]]]
) -> tuple[KeyState, ...]:
    """The KMS keys that the deployment rests on.

    Args:
        clients: boto3's clients.
        settings: give the alias of the stack's own keys, which an earlier deployment has made.
        secrets: region and secret: the keys that encrypt them.

    Returns:
        The keys with their states.
    """
    found = []
    for region in settings.regions.members:
        alias = Names(settings).key_alias(region)
        found.append(
            KeyState("environmentSuffix", region, alias, _state(clients, region, alias, None))
        )
    for region, secret in secrets:
        if isinstance(secret, Secret) and secret.key:
            state = _state(clients, region, secret.key, "missing")
            found.append(KeyState("secretArn", region, secret.key, state))
    return tuple(found)


def _state(clients: Clients, region: str, key: str, missing: str | None) -> Fact[str | None]:
    def question() -> str:
        metadata = client(clients, "kms", region).describe_key(KeyId=key)["KeyMetadata"]
        return str(metadata["KeyState"])

    return asked(
        "kms:DescribeKey", region, lambda: if_there(question, "NotFoundException") or missing
    )
