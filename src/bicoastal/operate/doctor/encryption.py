"""Keys and the secret: what is lost with them is lost for good."""

from __future__ import annotations

from collections.abc import Iterator

from bicoastal.failover.gateway import Clients
from bicoastal.live import secret as live
from bicoastal.live.asking import client, if_there
from bicoastal.operate.doctor.finding import Finding
from bicoastal.settings import Names, Settings
from bicoastal.settings.account import Unread


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


def encrypted(clients: Clients, settings: Settings, region: str) -> Iterator[Finding]:
    """Examine whether a member is encrypted under the key that is meant for it.

    Source: https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/Overview.Encryption.html

    Args:
        clients: boto3's clients.
        settings: name both; an adopted cluster keeps its key.
        region: the member's region.

    Yields:
        That it is not. A member or a key that is gone is another finding.
    """
    names = Names(settings)
    rds, kms = (client(clients, service, region) for service in ("rds", "kms"))
    name = names.cluster(region)
    cluster = if_there(
        lambda: rds.describe_db_clusters(DBClusterIdentifier=name)["DBClusters"][0],
        "DBClusterNotFoundFault",
    )
    id_ = str(settings.adopt.kms_key_arn) if settings.adopts(region) else names.key_alias(region)
    wanted = if_there(lambda: kms.describe_key(KeyId=id_)["KeyMetadata"], "NotFoundException")
    if cluster is None or wanted is None or cluster.get("KmsKeyId") == wanted["Arn"]:
        return
    yield Finding(
        "key-other",
        f"{region} {name}",
        cluster.get("KmsKeyId") or "no key",
        wanted["Arn"],
        "nobody watches over that key, and a member never changes its own",
        "move the writer away, delete the member, and pulumi up --refresh makes it anew",
    )


def secret(clients: Clients, settings: Settings, region: str) -> Iterator[Finding]:
    """Examine the master user's secret and its replicas, one for each standby.

    Args:
        clients: boto3's clients.
        settings: name it.
        region: the home region.

    Yields:
        What is not so, or what could not be read.
    """
    arn = settings.secret_arn
    if arn is None:
        return
    found = live.read(clients, arn, region)
    if isinstance(found, Unread):
        yield unread(found)
    elif found is None or found.deleted:
        yield Finding(
            "secret-missing",
            f"{region} {arn}",
            "scheduled for deletion" if found else "gone",
            "there",
            "the next deployment, and whoever must log in, read the password from it",
            f"aws secretsmanager restore-secret --region {region} --secret-id {arn}",
        )
    else:
        for standby in settings.regions.members[1:]:
            yield from _replica(clients, arn, standby, found.replicas.get(standby), region)


def _replica(
    clients: Clients, arn: str, standby: str, state: str | None, home: str
) -> Iterator[Finding]:
    replica = live.read(clients, arn, standby)
    if isinstance(replica, Unread):
        yield unread(replica)
        return
    lost = replica is None or replica.deleted
    if state != "InSync" or lost:
        yield Finding(
            "secret-replica",
            f"{standby} {arn}",
            "gone" if lost else state or "none",
            "InSync",
            "when the home region is lost nobody can log in without it",
            f"aws secretsmanager replicate-secret-to-regions --region {home} --secret-id {arn} "
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
