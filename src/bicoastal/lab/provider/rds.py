"""Subnet groups, parameter groups and instances of clusters."""

from __future__ import annotations

from typing import Any

from bicoastal.lab.provider.aws import Aws, absent_ok, pick, sync_tags, tag_list
from bicoastal.lab.provider.handler import Handler, Inputs, differs, read_back


def retag(aws: Aws, arn: str, old: Inputs, new: Inputs) -> None:
    """Change the tags of an RDS resource."""
    rds = aws.client("rds")
    sync_tags(
        old.get("tagsAll") or {},
        new.get("tagsAll") or {},
        lambda tags: rds.add_tags_to_resource(ResourceName=arn, Tags=tag_list(tags)),
        lambda keys: rds.remove_tags_from_resource(ResourceName=arn, TagKeys=keys),
    )


class SubnetGroup(Handler):
    """The subnets that a cluster may use."""

    type = "aws:rds/subnetGroup:SubnetGroup"
    required = ("subnetIds",)
    fixed = frozenset({"name", "region"})
    named = "name"
    taggable = True

    def create(self, aws: Aws, inputs: Inputs) -> str:
        """Create the group; its id is its name."""
        aws.client("rds").create_db_subnet_group(
            DBSubnetGroupName=inputs["name"],
            DBSubnetGroupDescription=inputs.get("description") or "Managed by Pulumi",
            SubnetIds=inputs["subnetIds"],
            Tags=tag_list(inputs.get("tagsAll") or {}),
        )
        return str(inputs["name"])

    def read(self, aws: Aws, id_: str, state: Inputs) -> dict[str, Any] | None:
        """Read the group."""
        del state
        with absent_ok():
            found = aws.client("rds").describe_db_subnet_groups(DBSubnetGroupName=id_)
            group = found["DBSubnetGroups"][0]
            return {"name": id_, "arn": group["DBSubnetGroupArn"], "vpcId": group.get("VpcId")}
        return None

    def update(self, aws: Aws, id_: str, old: Inputs, new: Inputs) -> None:
        """Change subnets, description and tags."""
        rds = aws.client("rds")
        group = rds.modify_db_subnet_group(
            DBSubnetGroupName=id_,
            SubnetIds=new["subnetIds"],
            **pick(new, description="DBSubnetGroupDescription"),
        )["DBSubnetGroup"]
        retag(aws, group["DBSubnetGroupArn"], old, new)

    def delete(self, aws: Aws, id_: str, state: Inputs) -> None:
        """Delete the group."""
        del state
        with absent_ok():
            aws.client("rds").delete_db_subnet_group(DBSubnetGroupName=id_)


class ClusterParameterGroup(Handler):
    """The parameters that all instances of a cluster share."""

    type = "aws:rds/clusterParameterGroup:ClusterParameterGroup"
    required = ("family",)
    fixed = frozenset({"name", "family", "description", "region"})
    named = "name"
    taggable = True

    def create(self, aws: Aws, inputs: Inputs) -> str:
        """Create the group and set its parameters; its id is its name."""
        name = str(inputs["name"])
        aws.client("rds").create_db_cluster_parameter_group(
            DBClusterParameterGroupName=name,
            DBParameterGroupFamily=inputs["family"],
            Description=inputs.get("description") or "Managed by Pulumi",
            Tags=tag_list(inputs.get("tagsAll") or {}),
        )
        aws.made = name
        self._set(aws, name, [], inputs.get("parameters") or [])
        return name

    def read(self, aws: Aws, id_: str, state: Inputs) -> dict[str, Any] | None:
        """Read the group."""
        del state
        with absent_ok():
            found = aws.client("rds").describe_db_cluster_parameter_groups(
                DBClusterParameterGroupName=id_
            )
            group = found["DBClusterParameterGroups"][0]
            return {"name": id_, "arn": group["DBClusterParameterGroupArn"]}
        return None

    def update(self, aws: Aws, id_: str, old: Inputs, new: Inputs) -> None:
        """Change parameters and tags."""
        self._set(aws, id_, old.get("parameters") or [], new.get("parameters") or [])
        arn = (self.read(aws, id_, new) or {}).get("arn", "")
        retag(aws, arn, old, new)

    def delete(self, aws: Aws, id_: str, state: Inputs) -> None:
        """Delete the group."""
        del state
        with absent_ok():
            aws.client("rds").delete_db_cluster_parameter_group(DBClusterParameterGroupName=id_)

    def _set(
        self, aws: Aws, name: str, old: list[dict[str, Any]], new: list[dict[str, Any]]
    ) -> None:
        rds = aws.client("rds")
        kept = {parameter["name"] for parameter in new}
        dropped = [p for p in old if p["name"] not in kept]
        if dropped:
            rds.reset_db_cluster_parameter_group(
                DBClusterParameterGroupName=name, Parameters=_parameters(dropped)
            )
        changed = [parameter for parameter in new if parameter not in old]
        for start in range(0, len(changed), 20):  # AWS takes 20 parameters in one call
            rds.modify_db_cluster_parameter_group(
                DBClusterParameterGroupName=name,
                Parameters=_parameters(changed[start : start + 20]),
            )


def _parameters(parameters: list[dict[str, Any]]) -> list[dict[str, str]]:
    return [
        {
            "ParameterName": parameter["name"],
            "ParameterValue": str(parameter["value"]),
            "ApplyMethod": parameter.get("applyMethod") or "immediate",
        }
        for parameter in parameters
    ]


_CHANGEABLE = (
    "autoMinorVersionUpgrade",
    "copyTagsToSnapshot",
    "monitoringInterval",
    "monitoringRoleArn",
    "performanceInsightsRetentionPeriod",
    "preferredMaintenanceWindow",
    "promotionTier",
    "publiclyAccessible",
)
_RENAMED = {
    "instanceClass": "DBInstanceClass",
    "caCertIdentifier": "CACertificateIdentifier",
    "performanceInsightsEnabled": "EnablePerformanceInsights",
    "performanceInsightsKmsKeyId": "PerformanceInsightsKMSKeyId",
}
_READ_BACK = {
    "autoMinorVersionUpgrade": "AutoMinorVersionUpgrade",
    "clusterIdentifier": "DBClusterIdentifier",
    "engine": "Engine",
    "engineVersion": "EngineVersion",
    "instanceClass": "DBInstanceClass",
    "monitoringInterval": "MonitoringInterval",
    "publiclyAccessible": "PubliclyAccessible",
}


class ClusterInstance(Handler):
    """One instance of a cluster."""

    type = "aws:rds/clusterInstance:ClusterInstance"
    required = ("clusterIdentifier", "instanceClass", "engine")
    fixed = frozenset(
        {
            "availabilityZone",
            "clusterIdentifier",
            "dbSubnetGroupName",
            "engine",
            "identifier",
            "region",
        }
    )
    named = "identifier"
    taggable = True

    def create(self, aws: Aws, inputs: Inputs) -> str:
        """Create the instance and wait until it is available; its id is its identifier."""
        id_ = str(inputs["identifier"])
        aws.client("rds").create_db_instance(
            DBInstanceIdentifier=id_,
            Tags=tag_list(inputs.get("tagsAll") or {}),
            **pick(
                inputs,
                *_CHANGEABLE,
                "availabilityZone",
                "engine",
                "engineVersion",
                clusterIdentifier="DBClusterIdentifier",
                dbSubnetGroupName="DBSubnetGroupName",
                **_RENAMED,
            ),
        )
        aws.made = id_
        self._available(aws, id_)
        return id_

    def read(self, aws: Aws, id_: str, state: Inputs) -> dict[str, Any] | None:
        """Read the instance, and ask its cluster whether it is the writer."""
        del state
        rds = aws.client("rds")
        with absent_ok():
            found = rds.describe_db_instances(DBInstanceIdentifier=id_)["DBInstances"][0]
            endpoint = found.get("Endpoint") or {}
            return {
                "identifier": id_,
                "arn": found["DBInstanceArn"],
                "dbiResourceId": found.get("DbiResourceId"),
                "endpoint": endpoint.get("Address"),
                "port": endpoint.get("Port"),
                "engineVersionActual": found.get("EngineVersion"),
                "availabilityZone": found.get("AvailabilityZone"),
                "writer": self._is_writer(aws, found.get("DBClusterIdentifier"), id_),
            }
        return None

    def live(self, aws: Aws, id_: str, asked: Inputs) -> dict[str, Any]:
        """Read the inputs back."""
        answer = aws.client("rds").describe_db_instances(DBInstanceIdentifier=id_)
        return read_back(answer["DBInstances"][0], asked, _READ_BACK)

    def update(self, aws: Aws, id_: str, old: Inputs, new: Inputs) -> None:
        """Change the instance and wait; an engine version belongs to the cluster."""
        rds = aws.client("rds")
        if differs(old, new, *_CHANGEABLE, *_RENAMED):
            rds.modify_db_instance(
                DBInstanceIdentifier=id_,
                ApplyImmediately=True,
                **pick(new, *_CHANGEABLE, **_RENAMED),
            )
        found = self._available(aws, id_)
        retag(aws, found["DBInstanceArn"], old, new)

    def delete(self, aws: Aws, id_: str, state: Inputs) -> None:
        """Delete the instance and wait until it is gone."""
        del state
        with absent_ok():
            aws.client("rds").delete_db_instance(DBInstanceIdentifier=id_, SkipFinalSnapshot=True)
        aws.until(f"instance {id_} to be gone", lambda: self._gone(aws, id_))

    def _available(self, aws: Aws, id_: str) -> dict[str, Any]:
        def look() -> dict[str, Any] | None:
            found: dict[str, Any] = aws.client("rds").describe_db_instances(
                DBInstanceIdentifier=id_
            )["DBInstances"][0]
            return found if found["DBInstanceStatus"] == "available" else None

        return aws.until(f"instance {id_} to be available", look)

    @staticmethod
    def _gone(aws: Aws, id_: str) -> bool | None:
        with absent_ok():
            aws.client("rds").describe_db_instances(DBInstanceIdentifier=id_)
            return None
        return True

    @staticmethod
    def _is_writer(aws: Aws, cluster_id: str | None, id_: str) -> bool:
        with absent_ok():
            clusters = aws.client("rds").describe_db_clusters(DBClusterIdentifier=cluster_id)
            members = clusters["DBClusters"][0]["DBClusterMembers"]
            return any(m["IsClusterWriter"] for m in members if m["DBInstanceIdentifier"] == id_)
        return False


HANDLERS = (SubnetGroup(), ClusterParameterGroup(), ClusterInstance())
