"""Guards over one cluster or instance that settings cannot break."""

from __future__ import annotations

from collections.abc import Iterator

from bicoastal.policy.aurora import (
    CLUSTER,
    GLOBAL,
    INSTANCE,
    is_aurora,
    is_member,
    is_replica,
    is_secondary,
)
from bicoastal.policy.guard import Config, Resource, ResourceGuard, own, spoken_for

_GUIDE = "https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/"
_AURORA = {"engine": "aurora-mysql"}
_MEMBER = {**_AURORA, "globalClusterIdentifier": "global"}
_REPLICA = {**_AURORA, "replicationSourceIdentifier": "arn:aws:rds:us-east-1:1:cluster:a"}
_FORBIDDEN = ("masterUsername", "masterPassword", "masterPasswordWo", "databaseName")


def _encrypted(resource: Resource, _: Config) -> Iterator[str]:
    if resource.lacks("storageEncrypted") and is_aurora(resource):
        yield (
            "storageEncrypted is not true, and it cannot be changed later without making the "
            "database anew. Set it to true."
        )


def _regional_key(resource: Resource, _: Config) -> Iterator[str]:
    if is_secondary(resource) and resource.has("storageEncrypted") and resource.lacks("kmsKeyId"):
        yield (
            "kmsKeyId is absent: an encrypted copy needs a key of its own region, named "
            "explicitly, and AWS refuses it without. Name one."
        )


def _no_backtrack(resource: Resource, _: Config) -> Iterator[str]:
    if (is_member(resource) or is_replica(resource)) and resource.number("backtrackWindow"):
        yield (
            f"backtrackWindow is {resource.number('backtrackWindow'):g}, but neither a global "
            "database nor a replica in another region can have Backtrack. Remove it."
        )


def _own_password(resource: Resource, _: Config) -> Iterator[str]:
    is_copy = is_member(resource) or is_replica(resource)
    if is_copy and resource.has("manageMasterUserPassword"):
        yield (
            "manageMasterUserPassword is true, but RDS manages no password in a global database or "
            "a replica in another region. Keep the password in a secret of your own that is "
            "replicated."
        )


def _no_credentials(resource: Resource, _: Config) -> Iterator[str]:
    given = [name for name in _FORBIDDEN if resource.has(name)]
    if given and is_replica(resource):
        yield (
            f"{', '.join(given)} must not be given: a copy has its source's users and databases, "
            "and AWS refuses one that brings its own. Remove it."
        )


def _pinned(resource: Resource, _: Config) -> Iterator[str]:
    if is_member(resource) and resource.lacks("engineVersion"):
        yield (
            "engineVersion is absent, so AWS's default of the day decides, in each region for "
            "itself; with differing patch levels a managed failover is refused. Write one full "
            "version in every region."
        )


def _final_name(resource: Resource, _: Config) -> Iterator[str]:
    wanted = resource.lacks("skipFinalSnapshot") and resource.lacks("finalSnapshotIdentifier")
    if wanted and is_aurora(resource):
        yield (
            "skipFinalSnapshot is not true and finalSnapshotIdentifier is absent, so that the "
            "cluster can never be destroyed. Name the final snapshot, or skip it."
        )


def _private(resource: Resource, _: Config) -> Iterator[str]:
    if is_aurora(resource) and resource.has("publiclyAccessible"):
        yield (
            "publiclyAccessible is true: the instance has a public address, and only security "
            "groups and TLS keep others out. Set it to false."
        )


GUARDS = (
    ResourceGuard(
        **own(
            "BC801", "storage-encrypted", "error", "The storage of a database is encrypted.",
            _GUIDE + "Overview.Encryption.html",
        ),
        types=(CLUSTER, GLOBAL), config={}, check=_encrypted,
        passes=({**_AURORA, "storageEncrypted": True}, {"engine": "postgres"}),
        fails=(_AURORA, {**_AURORA, "storageEncrypted": False}),
    ),
    ResourceGuard(
        **own(
            "BC802", "regional-key", "error",
            "An encrypted secondary cluster names a KMS key of its own region.",
            "https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBCluster.html",
        ),
        types=(CLUSTER,), config={}, check=_regional_key,
        passes=(
            {**_MEMBER, "storageEncrypted": True, "kmsKeyId": "arn:aws:kms:us-west-2:1:key/a"},
            {**_MEMBER, "storageEncrypted": True, "masterUsername": "admin"},
            {**_MEMBER, "storageEncrypted": True, "snapshotIdentifier": "old"},
        ),
        fails=(
            {**_MEMBER, "storageEncrypted": True},
            {**_REPLICA, "storageEncrypted": True},
        ),
    ),
    ResourceGuard(
        **own(
            "BC803", "no-backtrack", "error", "No member of a global database has Backtrack.",
            _GUIDE + "AuroraMySQL.Managing.Backtrack.html",
        ),
        types=(CLUSTER,), config={}, check=_no_backtrack,
        passes=({**_AURORA, "backtrackWindow": 3600.0}, {**_MEMBER, "backtrackWindow": 0.0}),
        fails=({**_MEMBER, "backtrackWindow": 3600.0}, {**_REPLICA, "backtrackWindow": 60.0}),
    ),
    ResourceGuard(
        **own(
            "BC804", "own-password", "error",
            "RDS does not manage the password of a member of a global database.",
            _GUIDE + "rds-secrets-manager.html",
        ),
        types=(CLUSTER,), config={}, check=_own_password,
        passes=({**_AURORA, "manageMasterUserPassword": True}, _MEMBER),
        fails=({**_MEMBER, "manageMasterUserPassword": True},),
    ),
    ResourceGuard(
        **own(
            "BC805", "no-credentials-on-a-copy", "error",
            "A cluster that copies another brings no user, password or database of its own.",
            "https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBCluster.html",
        ),
        types=(CLUSTER,), config={}, check=_no_credentials,
        passes=(_REPLICA, {**_MEMBER, "masterUsername": "admin"}),
        fails=({**_REPLICA, "masterUsername": "admin"}, {**_REPLICA, "databaseName": "app"}),
    ),
    ResourceGuard(
        **own(
            "BC806", "pinned-version", "warning",
            "A member of a global database has its engine version written down.",
            _GUIDE + "aurora-global-database-disaster-recovery.html",
        ),
        types=(CLUSTER,), config={}, check=_pinned,
        passes=({**_MEMBER, "engineVersion": "8.0.mysql_aurora.3.10.4"}, _AURORA),
        fails=(_MEMBER,),
    ),
    ResourceGuard(
        **own(
            "BC807", "final-snapshot-named", "error",
            "A cluster that takes a final snapshot has a name for it.",
            "https://www.pulumi.com/registry/packages/aws/api-docs/rds/cluster/",
        ),
        types=(CLUSTER,), config={}, check=_final_name,
        passes=(
            {**_AURORA, "skipFinalSnapshot": True},
            {**_AURORA, "finalSnapshotIdentifier": "final"},
        ),
        fails=(_AURORA,),
    ),
    ResourceGuard(
        **spoken_for("BC606", "not-public"), types=(INSTANCE,), config={}, check=_private,
        passes=({**_AURORA, "publiclyAccessible": False}, _AURORA),
        fails=({**_AURORA, "publiclyAccessible": True},),
    ),
)  # fmt: skip
"""The guards over one cluster or instance."""
