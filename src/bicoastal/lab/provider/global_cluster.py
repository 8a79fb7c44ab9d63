"""The global cluster over the members, and how a member leaves it.

The order in which AWS lets them go: the global cluster's secondaries leave it, then its writer,
then the clusters are deleted, then the global cluster.
https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-global-database-deleting.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bicoastal.lab.provider.aws import Aws, absent_ok, pick, tag_list
from bicoastal.lab.provider.ec2 import first
from bicoastal.lab.provider.handler import Handler, Inputs, differs, read_back
from bicoastal.lab.provider.rds import retag


def find_cluster(aws: Aws, id_: str) -> dict[str, Any] | None:
    """Return a cluster, or None if it does not exist."""
    with absent_ok():
        found = aws.client("rds").describe_db_clusters(DBClusterIdentifier=id_)
        return first(found, "DBClusters")
    return None


def _global(aws: Aws, id_: str) -> dict[str, Any] | None:
    with absent_ok():
        found = aws.client("rds").describe_global_clusters(GlobalClusterIdentifier=id_)
        return first(found, "GlobalClusters")
    return None


class GlobalCluster(Handler):
    """The global database that spans the members."""

    type = "aws:rds/globalCluster:GlobalCluster"
    required = ("globalClusterIdentifier",)
    fixed = frozenset(
        {
            "globalClusterIdentifier",
            "engine",
            "databaseName",
            "sourceDbClusterIdentifier",
            "storageEncrypted",
            "region",
        }
    )
    taggable = True

    def create(self, aws: Aws, inputs: Inputs) -> str:
        """Create the global cluster and wait until it is available; its id is its identifier."""
        id_ = str(inputs["globalClusterIdentifier"])
        aws.client("rds").create_global_cluster(
            **pick(
                inputs,
                "globalClusterIdentifier",
                "databaseName",
                "deletionProtection",
                "engine",
                "engineVersion",
                "storageEncrypted",
                sourceDbClusterIdentifier="SourceDBClusterIdentifier",
            ),
            Tags=tag_list(inputs.get("tagsAll") or {}),
        )
        aws.made = id_
        aws.until(f"global cluster {id_} to be available", lambda: self._available(aws, id_))
        return id_

    def read(self, aws: Aws, id_: str, state: Inputs) -> dict[str, Any] | None:
        """Read the global cluster."""
        del state
        found = _global(aws, id_)
        if found is None:
            return None
        return {
            "globalClusterIdentifier": id_,
            "arn": found["GlobalClusterArn"],
            "endpoint": found.get("Endpoint"),
            "globalClusterResourceId": found.get("GlobalClusterResourceId"),
            "engineVersionActual": found.get("EngineVersion"),
            "globalClusterMembers": [
                {"dbClusterArn": member["DBClusterArn"], "isWriter": member["IsWriter"]}
                for member in found.get("GlobalClusterMembers", [])
            ],
        }

    def live(self, aws: Aws, id_: str, asked: Inputs) -> dict[str, Any]:
        """Read the inputs back; the members are none of them."""
        names = {"deletionProtection": "DeletionProtection", "engineVersion": "EngineVersion"}
        return read_back(_global(aws, id_) or {}, asked, names)

    def update(self, aws: Aws, id_: str, old: Inputs, new: Inputs) -> None:
        """Change version, protection and tags."""
        changes = {
            name: new[name]
            for name in ("deletionProtection", "engineVersion")
            if differs(old, new, name) and new.get(name) is not None
        }
        rds = aws.client("rds")
        if changes:
            rds.modify_global_cluster(GlobalClusterIdentifier=id_, **pick(changes, *changes))
            aws.until(f"global cluster {id_} to be available", lambda: self._available(aws, id_))
        arn = (self.read(aws, id_, new) or {}).get("arn", "")
        retag(aws, arn, old, new)

    def delete(self, aws: Aws, id_: str, state: Inputs) -> None:
        """Let its members go if it is to be forced, the writer last; then delete it."""
        members = (_global(aws, id_) or {}).get("GlobalClusterMembers", [])
        for member in sorted(members if state.get("forceDestroy") else [], key=_writer_last):
            _leave(aws, id_, member["DBClusterArn"])
        with absent_ok():
            aws.client("rds").delete_global_cluster(GlobalClusterIdentifier=id_)
        aws.until(f"global cluster {id_} to be gone", lambda: _global(aws, id_) is None or None)

    @staticmethod
    def _available(aws: Aws, id_: str) -> bool | None:
        found = _global(aws, id_)
        return True if found is not None and found["Status"] == "available" else None


def _writer_last(member: Mapping[str, Any]) -> bool:
    return bool(member["IsWriter"])


def leave_global_cluster(aws: Aws, id_: str) -> None:
    """Take a cluster out of the global cluster that it is in now, if it is in one.

    Nobody else is taken out before: the real provider does not do it either, so a writer that
    still has secondaries stays, and its deletion fails with AWS's refusal. See
    `resourceClusterDelete` in
    https://github.com/hashicorp/terraform-provider-aws/blob/main/internal/service/rds/cluster.go

    Args:
        aws: the cluster's region.
        id_: the cluster's identifier.

    Raises:
        ProviderError: it would not leave.
    """
    cluster = find_cluster(aws, id_)
    if cluster is None:
        return
    arn = cluster["DBClusterArn"]
    group = global_cluster_of(aws, arn)
    if group is None:
        return
    _leave(aws, group, arn)


def _leave(aws: Aws, group: str, arn: str) -> None:
    with absent_ok():
        aws.client("rds").remove_from_global_cluster(
            GlobalClusterIdentifier=group, DbClusterIdentifier=arn
        )

    def look() -> bool | None:
        return None if global_cluster_of(aws, arn) is not None else True

    aws.until(f"{arn} to leave global cluster {group}", look)


def global_cluster_of(aws: Aws, arn: str) -> str | None:
    """Return the identifier of the global cluster that a cluster is a member of, if any.

    Args:
        aws: the cluster's region.
        arn: the cluster's ARN.
    """
    for found in aws.client("rds").describe_global_clusters()["GlobalClusters"]:
        if any(member["DBClusterArn"] == arn for member in found["GlobalClusterMembers"]):
            return str(found["GlobalClusterIdentifier"])
    return None


HANDLERS = (GlobalCluster(),)
