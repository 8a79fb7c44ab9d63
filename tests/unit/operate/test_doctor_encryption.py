"""Keys and the secret."""

from __future__ import annotations

from typing import Any

import pytest

from bicoastal.operate.doctor.encryption import encrypted, key, secret, unread
from bicoastal.settings import load
from bicoastal.settings.account import Unread
from bicoastal.settings.rules.adopting import WHOLE

from .fake_rds import refused
from .played import absent, clients, ids
from .samples import HOME, SETTINGS, STANDBY

ARN = "arn:aws:secretsmanager:us-east-1:123456789012:secret:database-AbCdEf"
WITH_SECRET = SETTINGS.model_copy(update={"secret_arn": ARN})


def kms(state: str = "Enabled", *, rotated: bool = True) -> Any:
    return clients(
        describe_key={"KeyMetadata": {"KeyId": "k-1", "KeyState": state}},
        get_key_rotation_status={"KeyRotationEnabled": rotated},
    )


@pytest.mark.parametrize(
    ("asked", "id_", "cure"),
    (
        (kms("Disabled"), "key-state", "aws kms enable-key --region us-east-1 --key-id k-1"),
        (kms("PendingDeletion"), "key-state", "aws kms cancel-key-deletion"),
        (kms(rotated=False), "key-rotation", "aws kms enable-key-rotation"),
        (clients(describe_key=absent("NotFoundException")), "key-missing", "pulumi up"),
    ),
)
def test_a_key_that_is_not_well(asked: Any, id_: str, cure: str) -> None:
    (found,) = key(asked, SETTINGS, HOME)
    assert (found.id, found.subject) == (id_, "us-east-1 alias/aurora-use1-dev")
    assert found.cure.startswith(cure)


def test_a_key_that_is_well() -> None:
    assert ids(key(kms(), SETTINGS, HOME)) == []


KEY, OTHER = (f"arn:aws:kms:us-east-1:123456789012:key/{n}" for n in ("1", "2"))
MINE = "alias/aurora-use1-dev"


def member(key_of_member: str | None, *, known: dict[str, str], gone: bool = False) -> Any:
    """A member under a key, and the keys that KMS knows, by what they are asked for."""

    def describe(*, KeyId: str) -> Any:  # noqa: N803 - AWS's
        if KeyId not in known:
            raise refused("NotFoundException")
        return {"KeyMetadata": {"Arn": known[KeyId]}}

    cluster = {"DBClusters": [{"KmsKeyId": key_of_member}]}
    there = absent("DBClusterNotFoundFault") if gone else cluster
    return clients(describe_db_clusters=there, describe_key=describe)


def test_a_member_is_encrypted_under_its_own_key() -> None:
    mine = {MINE: KEY}
    assert ids(encrypted(member(KEY, known=mine), SETTINGS, HOME)) == []
    (found,) = encrypted(member(OTHER, known=mine), SETTINGS, HOME)
    assert (found.id, found.subject) == ("key-other", "us-east-1 aurora-use1-dev")
    assert (found.live, found.wanted) == (OTHER, KEY)
    (found,) = encrypted(member(None, known=mine), SETTINGS, HOME)
    assert found.live == "no key"


def test_a_lost_member_or_key_is_another_finding() -> None:
    assert ids(encrypted(member(KEY, known={MINE: KEY}, gone=True), SETTINGS, HOME)) == []
    assert ids(encrypted(member(OTHER, known={}), SETTINGS, HOME)) == []


def test_an_adopted_cluster_keeps_its_key() -> None:
    adopting = load({"adopt": WHOLE | {"kmsKeyArn": OTHER}})
    known = {MINE: KEY, OTHER: OTHER, "alias/aurora-usw2-dev": KEY}
    assert ids(encrypted(member(OTHER, known=known), adopting, HOME)) == []
    assert ids(encrypted(member(KEY, known=known), adopting, HOME)) == ["key-other"]
    assert ids(encrypted(member(KEY, known=known), adopting, STANDBY)) == []


def described(*answers: Any) -> Any:
    """The secret's answer, then its replica's, as far as it is asked for."""
    left = list(answers)

    def describe(*, SecretId: str) -> Any:  # noqa: N803 - AWS's
        region = SecretId.split(":")[3]
        assert region == (HOME if len(left) == len(answers) else STANDBY)
        now = left.pop(0)
        if isinstance(now, Exception):
            raise now
        return now

    return clients(describe_secret=describe)


IN_SYNC = {"ReplicationStatus": [{"Region": STANDBY, "Status": "InSync"}]}
GONE = refused("ResourceNotFoundException")
DELETED = {"DeletedDate": 1}


@pytest.mark.parametrize(
    ("answers", "expected"),
    (
        ((IN_SYNC, {}), []),
        ((GONE, GONE), [("secret-missing", "gone")]),
        ((DELETED, {}), [("secret-missing", "scheduled for deletion")]),
        (({}, {}), [("secret-replica", "none")]),
        ((IN_SYNC, GONE), [("secret-replica", "gone")]),
        ((IN_SYNC, DELETED), [("secret-replica", "gone")]),
        (
            ({"ReplicationStatus": [{"Region": STANDBY, "Status": "Failed"}]}, {}),
            [("secret-replica", "Failed")],
        ),
        ((IN_SYNC, refused("AccessDenied")), [("unread", "AccessDenied: no")]),
        ((refused("AccessDenied"), {}), [("unread", "AccessDenied: no")]),
    ),
)
def test_the_secret_and_its_replica(
    answers: tuple[Any, ...], expected: list[tuple[str, str]]
) -> None:
    found = secret(described(*answers), WITH_SECRET, HOME)
    assert [(finding.id, finding.live) for finding in found] == expected


def test_each_standby_has_a_replica_of_its_own() -> None:
    regions = SETTINGS.regions.model_copy(update={"further_standbys": ("eu-west-1",)})
    settings = WITH_SECRET.model_copy(update={"regions": regions})
    asked: list[str] = []

    def describe(*, SecretId: str) -> Any:  # noqa: N803 - AWS's
        asked.append(SecretId.split(":")[3])
        return IN_SYNC

    (found,) = secret(clients(describe_secret=describe), settings, HOME)
    assert (found.subject, found.live) == (f"eu-west-1 {ARN}", "none")
    assert asked == [HOME, STANDBY, "eu-west-1"]


def test_without_a_secret_nobody_is_asked() -> None:
    assert ids(secret(clients(), SETTINGS, HOME)) == []


def test_what_is_unread_names_the_action_and_its_cure() -> None:
    found = unread(Unread("kms:DescribeKey in us-east-1: AccessDenied: no", "Grant it."))
    assert (found.subject, found.live, found.cure) == (
        "kms:DescribeKey in us-east-1", "AccessDenied: no", "Grant it.",
    )  # fmt: skip
