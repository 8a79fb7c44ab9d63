"""Keys and the secret: what is lost with them is lost for good."""

from __future__ import annotations

from collections.abc import Iterator

from bicoastal.failover.gateway import Clients
from bicoastal.live import secret as live
from bicoastal.live.asking import client, if_there
from bicoastal.operate.doctor.finding import Finding
from bicoastal.settings import Names, Settings
from bicoastal.settings.account import Secret, Unread


def key(clients: Clients, settings: Settings, region: str) -> Iterator[Finding]:
    """Examine a member region's key.

    Sources: https://docs.aws.amazon.com/kms/latest/developerguide/key-state.html
    https://docs.aws.amazon.com/kms/latest/developerguide/rotate-keys.html

    Args:
        clients: boto3's clients.
        settings: name it.
        region: its region.

    Yields:
        What is not so.
    """
    alias, kms = Names(settings).key_alias(region), client(clients, "kms", region)
    subject = f"{region} {alias}"
    found = if_there(lambda: kms.describe_key(KeyId=alias)["KeyMetadata"], "NotFoundException")
    if found is None:
        why = "the member, its logs and its notices are encrypted under it"
        yield Finding("key-missing", subject, "gone", "there", why, "pulumi up --refresh")
        return
    id_, state = found["KeyId"], found["KeyState"]
    if state != "Enabled":
        act = "cancel-key-deletion" if state == "PendingDeletion" else "enable-key"
        yield Finding(
            "key-state",
            subject,
            state,
            "Enabled",
            "without the key the member stops, and AWS cannot bring it back",
            f"aws kms {act} --region {region} --key-id {id_}",
        )
        return
    if not kms.get_key_rotation_status(KeyId=id_)["KeyRotationEnabled"]:
        yield Finding(
            "key-rotation",
            subject,
            "not rotated",
            "rotated every year",
            "the less is encrypted under one key, the less is lost with it",
            f"aws kms enable-key-rotation --region {region} --key-id {id_}",
        )


def secret(clients: Clients, settings: Settings, region: str) -> Iterator[Finding]:
    """Examine the master user's secret and its replica.

    Args:
        clients: boto3's clients.
        settings: name it.
        region: the home region.

    Yields:
        What is not so, or what could not be read.
    """
    arn, standby = settings.secret_arn, settings.regions.standby
    if arn is None:
        return
    found = live.read(clients, arn, region)
    replica = live.read(clients, arn, standby)
    for each in (found, replica):
        if isinstance(each, Unread):
            yield unread(each)
    if isinstance(found, Unread):
        return
    if found is None or found.deleted:
        yield Finding(
            "secret-missing",
            f"{region} {arn}",
            "scheduled for deletion" if found else "gone",
            "there",
            "the next deployment, and whoever must log in, read the password from it",
            f"aws secretsmanager restore-secret --region {region} --secret-id {arn}",
        )
        return
    state = found.replicas.get(standby)
    lost = replica is None or (isinstance(replica, Secret) and replica.deleted)
    if state != "InSync" or lost:
        yield Finding(
            "secret-replica",
            f"{standby} {arn}",
            "gone" if lost else state or "none",
            "InSync",
            "when the home region is lost nobody can log in without it",
            f"aws secretsmanager replicate-secret-to-regions --region {region} --secret-id {arn} "
            f"--add-replica-regions Region={standby}",
        )


def unread(fact: Unread) -> Finding:
    """What could not be read may be wrong.

    Args:
        fact: why it could not be.

    Returns:
        The finding that says so.
    """
    subject, _, reason = fact.reason.partition(": ")
    return Finding(
        "unread",
        subject,
        reason,
        "an answer",
        "what cannot be read may be wrong",
        fact.cure,
    )
