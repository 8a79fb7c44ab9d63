"""What AWS refuses and MiniStack accepts: one rule a function, each with AWS's own message.

A rule gets the request's parameters and what exists, and gives a `Refusal` or None. Most messages
are AWS's own, as reported in the issue trackers of the provider projects.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from bicoastal.lab.aws import deletion_refusals, limits, upgrade_refusals
from bicoastal.lab.aws.refusal import COMBINATION, VALUE, Inventory, Parameters, Refusal, Rule
from bicoastal.settings.tables import MOST_SECONDARIES

# https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBCluster.html
_IDENTIFIER = re.compile(r"^(?=.{1,63}$)[A-Za-z](-?[A-Za-z0-9])*$")


def _identifier(kind: str, parameter: str) -> Rule:
    def rule(parameters: Parameters, _: Inventory) -> Refusal | None:
        name = parameters.get(parameter, "")
        if not name or _IDENTIFIER.match(name):
            return None
        return Refusal(
            VALUE,
            f"The parameter {parameter} is not a valid identifier. {kind} identifiers must begin "
            "with a letter; must contain only ASCII letters, digits, and hyphens; and must not "
            "end with a hyphen or contain two consecutive hyphens.",
        )

    return rule


def subnet_group_exists(parameters: Parameters, inventory: Inventory) -> Refusal | None:
    """A named subnet group must exist."""
    name = parameters.get("DBSubnetGroupName", "")
    if not name or name == "default" or name in inventory.subnet_groups():
        return None
    return Refusal("DBSubnetGroupNotFoundFault", f"DB subnet group '{name}' does not exist.", 404)


def global_member(parameters: Parameters, inventory: Inventory) -> Refusal | None:
    """A member manages no password itself, cannot backtrack, is encrypted when the others are.

    https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/rds-secrets-manager.html
    https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/AuroraMySQL.Managing.Backtrack.html
    """
    group = inventory.global_cluster(parameters.get("GlobalClusterIdentifier", ""))
    if group and parameters.get("ManageMasterUserPassword") == "true":
        return Refusal(
            COMBINATION, "ManageMasterUserPassword isn't supported for a global database."
        )
    if group and parameters.get("BacktrackWindow", "0") != "0":
        return Refusal(COMBINATION, "Backtrack is not supported for global databases.")
    if group and group["StorageEncrypted"] and parameters.get("StorageEncrypted") != "true":
        return Refusal(
            COMBINATION, "Value for storageEncrypted should match setting for global cluster."
        )
    return None


def ten_secondaries(parameters: Parameters, inventory: Inventory) -> Refusal | None:
    """A global database has at most ten secondary regions.

    https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-global-database.configuration.requirements.html
    """
    group = inventory.global_cluster(parameters.get("GlobalClusterIdentifier", ""))
    if group is None or len(group["GlobalClusterMembers"]) <= MOST_SECONDARIES:
        return None
    return Refusal(
        "InvalidGlobalClusterStateFault",
        f"Global cluster {group['GlobalClusterIdentifier']} already has the maximum number of "
        f"secondary clusters ({MOST_SECONDARIES}).",
    )


def secondary(parameters: Parameters, inventory: Inventory) -> Refusal | None:
    """A secondary or replica takes no credentials and waits for its source's instance.

    https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-global-database-attaching.html
    """
    group = inventory.global_cluster(parameters.get("GlobalClusterIdentifier", ""))
    source = parameters.get("ReplicationSourceIdentifier", "")
    writer = inventory.writer_of(group) if group else inventory.cluster(source)
    if writer is None:
        return None
    for parameter, text in (
        ("DatabaseName", "database name"),
        ("MasterUsername", "user name"),
        ("MasterUserPassword", "password"),
    ):
        if parameters.get(parameter):
            return Refusal(
                COMBINATION, f"Cannot specify {text} for cross region replication cluster"
            )
    if parameters.get("StorageEncrypted") == "true" and not parameters.get("KmsKeyId"):
        return Refusal(
            COMBINATION,
            "For encrypted cross-region replica, kmsKeyId should be explicitly specified",
        )
    if not any(i["DBInstanceStatus"] == "available" for i in inventory.instances_of(writer)):
        return Refusal(
            "InvalidDBClusterStateFault",
            f"Source cluster {writer['DBClusterIdentifier']} must have an available instance "
            "before a secondary cluster can be added.",
        )
    return None


def replica(parameters: Parameters, inventory: Inventory) -> Refusal | None:
    """A replica outside a global database has a source that exists and writes a binary log.

    https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/AuroraMySQL.Replication.CrossRegion.Troubleshooting.html
    """
    arn = parameters.get("ReplicationSourceIdentifier", "")
    if not arn or parameters.get("GlobalClusterIdentifier"):
        return None
    source = inventory.cluster(arn)
    if source is None:
        return Refusal("DBClusterNotFoundFault", f"Source cluster {arn} not found.", 404)
    if inventory.parameters_of(source).get("binlog_format", "OFF") == "OFF":
        return Refusal(
            "InvalidDBClusterStateFault", f"Source cluster {arn} doesn't have binlogs enabled."
        )
    return None


def first_credentials(parameters: Parameters, inventory: Inventory) -> Refusal | None:
    """A cluster that replicates from nobody needs a master user with a password of 8 to 41."""
    group = inventory.global_cluster(parameters.get("GlobalClusterIdentifier", ""))
    replica = parameters.get("ReplicationSourceIdentifier") or (
        group and inventory.writer_of(group)
    )
    if replica or parameters.get("ManageMasterUserPassword") == "true":
        return None
    for parameter in ("MasterUsername", "MasterUserPassword"):
        if not parameters.get(parameter):
            return Refusal(
                VALUE,
                f"The parameter {parameter} must be provided and must not be blank.",
            )
    password = parameters["MasterUserPassword"]
    if not 8 <= len(password) <= 41 or re.search(r'[/@" ]|[^!-~]', password):
        return Refusal(
            VALUE,
            "The parameter MasterUserPassword is not a valid password: 8 to 41 printable ASCII "
            "characters besides '/', '@', '\"', ' ' may be used.",
        )
    return None


def cluster_exists(parameters: Parameters, inventory: Inventory) -> Refusal | None:
    """An Aurora instance belongs to a cluster that exists."""
    name = parameters.get("DBClusterIdentifier", "")
    if not name or inventory.cluster(name):
        return None
    return Refusal("DBClusterNotFoundFault", f"DBCluster {name} not found.", 404)


def instance_engine(parameters: Parameters, inventory: Inventory) -> Refusal | None:
    """An instance's engine is that of its cluster."""
    cluster = inventory.cluster(parameters.get("DBClusterIdentifier", ""))
    engine = parameters.get("Engine", "")
    if cluster is None or not engine or engine == cluster["Engine"]:
        return None
    return Refusal(
        COMBINATION,
        f"The engine name requested for your DB instance ({engine}) doesn't match the engine "
        f"name of your DB cluster ({cluster['Engine']}).",
    )


def one_way(parameters: Parameters, _: Inventory) -> Refusal | None:
    """Either data may be lost, or it is a switchover.

    https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_FailoverGlobalCluster.html
    """
    if {parameters.get("AllowDataLoss"), parameters.get("Switchover")} != {"true"}:
        return None
    return Refusal(COMBINATION, "AllowDataLoss and Switchover cannot both be specified.")


def _in_use(parameter: str, field: str, code: str, what: str) -> Rule:
    def rule(parameters: Parameters, inventory: Inventory) -> Refusal | None:
        name = parameters.get(parameter, "")
        users = [c["DBClusterIdentifier"] for c in inventory.clusters() if c.get(field) == name]
        if not users:
            return None
        return Refusal(code, f"Cannot delete the {what} '{name}': in use by {', '.join(users)}.")

    return rule


RULES: Mapping[str, tuple[Rule, ...]] = {
    "CreateGlobalCluster": (_identifier("Global cluster", "GlobalClusterIdentifier"),),
    "CreateDBCluster": (
        _identifier("DB cluster", "DBClusterIdentifier"),
        limits.retention,
        limits.port,
        limits.storage_type,
        limits.database_name,
        limits.capacity,
        limits.windows,
        subnet_group_exists,
        global_member,
        ten_secondaries,
        replica,
        secondary,
        first_credentials,
    ),
    "ModifyDBCluster": (
        limits.retention,
        limits.port,
        limits.storage_type,
        limits.capacity,
        limits.windows,
        upgrade_refusals.target,
        upgrade_refusals.order,
    ),
    "FailoverGlobalCluster": (one_way,),
    "ModifyGlobalCluster": (upgrade_refusals.global_version,),
    "DeleteDBCluster": (deletion_refusals.final_snapshot,),
    "DeleteDBInstance": (deletion_refusals.last_instance,),
    "CreateDBInstance": (
        _identifier("DB instance", "DBInstanceIdentifier"),
        cluster_exists,
        instance_engine,
        limits.instance_class,
        limits.monitoring,
    ),
    "CreateDBSubnetGroup": (limits.enough_subnets,),
    "DeleteDBSubnetGroup": (
        _in_use(
            "DBSubnetGroupName", "DBSubnetGroup", "InvalidDBSubnetGroupStateFault", "subnet group"
        ),
    ),
    "DeleteDBClusterParameterGroup": (
        _in_use(
            "DBClusterParameterGroupName",
            "DBClusterParameterGroup",
            "InvalidDBParameterGroupState",
            "parameter group",
        ),
    ),
}


def refused(action: str, parameters: Parameters, inventory: Inventory) -> Refusal | None:
    """Whether AWS would refuse a request that MiniStack accepts.

    Args:
        action: The RDS action.
        parameters: The request's parameters, one value each.
        inventory: What exists.

    Returns:
        The first refusal, or None.
    """
    answers = (rule(parameters, inventory) for rule in RULES.get(action, ()))
    return next((answer for answer in answers if answer), None)
