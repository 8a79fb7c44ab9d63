"""Regional clusters: the members of the global database."""

from __future__ import annotations

from typing import Any

from bicoastal.lab.provider.aws import Aws, ProviderError, absent_ok, pick, tag_list
from bicoastal.lab.provider.global_cluster import (
    find_cluster,
    global_cluster_of,
    leave_global_cluster,
)
from bicoastal.lab.provider.handler import Handler, Inputs, differs, read_back
from bicoastal.lab.provider.rds import retag

_CREATED = (
    "backtrackWindow",
    "backupRetentionPeriod",
    "copyTagsToSnapshot",
    "databaseInsightsMode",
    "databaseName",
    "deletionProtection",
    "enableGlobalWriteForwarding",
    "engine",
    "engineMode",
    "engineVersion",
    "globalClusterIdentifier",
    "kmsKeyId",
    "manageMasterUserPassword",
    "masterUsername",
    "monitoringInterval",
    "monitoringRoleArn",
    "port",
    "preferredBackupWindow",
    "preferredMaintenanceWindow",
    "replicationSourceIdentifier",
    "storageEncrypted",
    "storageType",
    "vpcSecurityGroupIds",
)
_RENAMED = {
    "clusterIdentifier": "DBClusterIdentifier",
    "dbClusterParameterGroupName": "DBClusterParameterGroupName",
    "dbSubnetGroupName": "DBSubnetGroupName",
    "enabledCloudwatchLogsExports": "EnableCloudwatchLogsExports",
    "iamDatabaseAuthenticationEnabled": "EnableIAMDatabaseAuthentication",
}
_CHANGEABLE = (
    "backtrackWindow",
    "backupRetentionPeriod",
    "copyTagsToSnapshot",
    "databaseInsightsMode",
    "deletionProtection",
    "engineVersion",
    "monitoringInterval",
    "monitoringRoleArn",
    "port",
    "preferredBackupWindow",
    "preferredMaintenanceWindow",
    "storageType",
    "vpcSecurityGroupIds",
)
_CHANGEABLE_RENAMED = {
    "dbClusterParameterGroupName": "DBClusterParameterGroupName",
    "iamDatabaseAuthenticationEnabled": "EnableIAMDatabaseAuthentication",
}

_READ_BACK = {
    "backupRetentionPeriod": "BackupRetentionPeriod",
    "clusterIdentifier": "DBClusterIdentifier",
    "copyTagsToSnapshot": "CopyTagsToSnapshot",
    "databaseName": "DatabaseName",
    "dbClusterParameterGroupName": "DBClusterParameterGroup",
    "dbSubnetGroupName": "DBSubnetGroup",
    "deletionProtection": "DeletionProtection",
    "engine": "Engine",
    "engineVersion": "EngineVersion",
    "iamDatabaseAuthenticationEnabled": "IAMDatabaseAuthenticationEnabled",
    "kmsKeyId": "KmsKeyId",
    "masterUsername": "MasterUsername",
    "port": "Port",
    "storageEncrypted": "StorageEncrypted",
}


class Cluster(Handler):
    """One regional cluster: a member of the global database, or on its own."""

    type = "aws:rds/cluster:Cluster"
    required = ("engine",)
    fixed = frozenset(
        {
            "availabilityZones",
            "clusterIdentifier",
            "databaseName",
            "dbSubnetGroupName",
            "engine",
            "engineMode",
            "kmsKeyId",
            "masterUsername",
            "region",
            "snapshotIdentifier",
            "storageEncrypted",
        }
    )
    named = "clusterIdentifier"
    taggable = True
    write_only = frozenset({"masterPasswordWo"})

    def create(self, aws: Aws, inputs: Inputs) -> str:
        """Create the cluster and wait until it is available; its id is its identifier."""
        id_ = str(inputs["clusterIdentifier"])
        aws.client("rds").create_db_cluster(
            **pick(inputs, *_CREATED, **_RENAMED),
            **_password(inputs),
            **_scaling(inputs),
            Tags=tag_list(inputs.get("tagsAll") or {}),
        )
        aws.made = id_
        self._available(aws, id_)
        return id_

    def read(self, aws: Aws, id_: str, state: Inputs) -> dict[str, Any] | None:
        """Read the cluster."""
        del state
        found = find_cluster(aws, id_)
        if found is None:
            return None
        return {
            "clusterIdentifier": id_,
            "arn": found["DBClusterArn"],
            "clusterResourceId": found.get("DbClusterResourceId"),
            "endpoint": found.get("Endpoint"),
            "readerEndpoint": found.get("ReaderEndpoint"),
            "hostedZoneId": found.get("HostedZoneId"),
            "port": found.get("Port"),
            "engineVersionActual": found.get("EngineVersion"),
            "clusterMembers": [
                member["DBInstanceIdentifier"] for member in found.get("DBClusterMembers", [])
            ],
        }

    def live(self, aws: Aws, id_: str, asked: Inputs) -> dict[str, Any]:
        """Read the inputs back as the provider of Terraform and Pulumi does.

        Source and membership are read whether they were asked for or not, and a difference is
        acted on: a source that the program does not name promotes the cluster, a membership that
        it lost cannot be given back. See `Read` and `Update` in
        https://github.com/hashicorp/terraform-provider-aws/blob/main/internal/service/rds/cluster.go
        """
        found = find_cluster(aws, id_) or {}
        return read_back(found, asked, _READ_BACK) | {
            **_groups(found, asked),
            "replicationSourceIdentifier": found.get("ReplicationSourceIdentifier") or None,
            "globalClusterIdentifier": global_cluster_of(aws, found.get("DBClusterArn", "")),
        }

    def update(self, aws: Aws, id_: str, old: Inputs, new: Inputs) -> None:
        """Change the cluster and wait; leave the global cluster if that is taken away."""
        if old.get("globalClusterIdentifier") and not new.get("globalClusterIdentifier"):
            leave_global_cluster(aws, id_)
        changes = {
            **pick(
                {
                    n: new.get(n)
                    for n in (*_CHANGEABLE, *_CHANGEABLE_RENAMED)
                    if differs(old, new, n)
                },
                *_CHANGEABLE,
                **_CHANGEABLE_RENAMED,
            ),
            **(_scaling(new) if differs(old, new, "serverlessv2ScalingConfiguration") else {}),
            **_log_exports(old, new),
        }
        # A write-only password is not kept; its version says that there is a new one.
        if differs(old, new, "masterPassword", "masterPasswordWoVersion"):
            changes.update(_password(new))
        if changes:
            aws.client("rds").modify_db_cluster(
                DBClusterIdentifier=id_, ApplyImmediately=True, **changes
            )
        retag(aws, self._available(aws, id_)["DBClusterArn"], old, new)

    def delete(self, aws: Aws, id_: str, state: Inputs) -> None:
        """Take the cluster out of its global cluster, delete it, and wait until it is gone."""
        if (find_cluster(aws, id_) or {}).get("DeletionProtection"):  # before it leaves the others
            message = f"cluster {id_} is protected: set deletionProtection to false first"
            raise ProviderError(message, "InvalidParameterCombination")
        leave_global_cluster(aws, id_)
        snapshot = state.get("finalSnapshotIdentifier")
        final: dict[str, Any] = {"SkipFinalSnapshot": True}
        if snapshot and not state.get("skipFinalSnapshot"):
            final = {"SkipFinalSnapshot": False, "FinalDBSnapshotIdentifier": snapshot}
        with absent_ok():
            aws.client("rds").delete_db_cluster(DBClusterIdentifier=id_, **final)
        aws.until(f"cluster {id_} to be gone", lambda: find_cluster(aws, id_) is None or None)

    @staticmethod
    def _available(aws: Aws, id_: str) -> dict[str, Any]:
        def look() -> dict[str, Any] | None:
            found = find_cluster(aws, id_)
            return found if found is not None and found["Status"] == "available" else None

        return aws.until(f"cluster {id_} to be available", look)


def _groups(found: Inputs, asked: Inputs) -> dict[str, Any]:
    """The security groups: a set, in which another order is no difference."""
    wanted = asked.get("vpcSecurityGroupIds")
    if not wanted:
        return {}
    groups = [group["VpcSecurityGroupId"] for group in found.get("VpcSecurityGroups", [])]
    # What is not made yet is not known yet, which is no text.
    same = set(groups) == set(map(str, wanted))
    return {"vpcSecurityGroupIds": wanted if same else groups}


def _password(inputs: Inputs) -> dict[str, Any]:
    password = inputs.get("masterPasswordWo") or inputs.get("masterPassword")
    return {} if password is None else {"MasterUserPassword": password}


def _scaling(inputs: Inputs) -> dict[str, Any]:
    scaling = inputs.get("serverlessv2ScalingConfiguration")
    if not scaling:
        return {}
    picked = pick(scaling, "minCapacity", "maxCapacity", "secondsUntilAutoPause")
    return {"ServerlessV2ScalingConfiguration": picked}


def _log_exports(old: Inputs, new: Inputs) -> dict[str, Any]:
    before = set(old.get("enabledCloudwatchLogsExports") or [])
    after = set(new.get("enabledCloudwatchLogsExports") or [])
    if before == after:
        return {}
    changes = {"EnableLogTypes": sorted(after - before), "DisableLogTypes": sorted(before - after)}
    return {"CloudwatchLogsExportConfiguration": {k: v for k, v in changes.items() if v}}


HANDLERS = (Cluster(),)
