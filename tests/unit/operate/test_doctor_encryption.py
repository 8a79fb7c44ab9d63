"""Keys and the secret."""

from __future__ import annotations

from typing import Any

import pytest

from bicoastal.operate.doctor.encryption import key, secret, unread
from bicoastal.settings.account import Unread

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


def described(*answers: Any) -> Any:
    """The secret's answer, then its replica's."""
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


def test_without_a_secret_nobody_is_asked() -> None:
    assert ids(secret(clients(), SETTINGS, HOME)) == []


def test_what_is_unread_names_the_action_and_its_cure() -> None:
    found = unread(Unread("kms:DescribeKey in us-east-1: AccessDenied: no", "Grant it."))
    assert (found.subject, found.live, found.cure) == (
        "kms:DescribeKey in us-east-1", "AccessDenied: no", "Grant it.",
    )  # fmt: skip
