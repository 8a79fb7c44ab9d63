"""What RDS says of a new engine version: the order of the members, and where it leads at all.

The texts are AWS's own, as reported to the provider projects:
https://github.com/hashicorp/terraform-provider-aws/issues/30358
https://github.com/hashicorp/terraform-provider-aws/pull/47448
"""

from __future__ import annotations

from bicoastal.lab.aws.refusal import COMBINATION, VALUE, Inventory, Parameters, Record, Refusal
from bicoastal.settings.tables import is_lower, major

_STATE = "InvalidDBClusterStateFault"


def _upgraded(parameters: Parameters, inventory: Inventory) -> tuple[Record, str] | None:
    """The cluster that a request upgrades, and the version that it would get."""
    cluster = inventory.cluster(parameters.get("DBClusterIdentifier", ""))
    wanted = parameters.get("EngineVersion", "")
    if cluster is None or not wanted or wanted == cluster["EngineVersion"]:
        return None
    return cluster, wanted


def target(parameters: Parameters, inventory: Inventory) -> Refusal | None:
    """A cluster is upgraded while it is available, and to a later version."""
    found = _upgraded(parameters, inventory)
    if found is None:
        return None
    cluster, wanted = found
    name, status = cluster["DBClusterIdentifier"], cluster.get("Status", "available")
    if status != "available":
        text = f"DB cluster {name} is not available for modification with status {status}."
        return Refusal(_STATE, text)
    before = cluster["EngineVersion"]
    if is_lower(wanted, before):
        text = f"Cannot find upgrade target from {before} with requested version {wanted}."
        return Refusal(COMBINATION, text)
    return None


def order(parameters: Parameters, inventory: Inventory) -> Refusal | None:
    """In a global database a secondary needs an instance, and a writer waits for the others.

    https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-global-database-upgrade.html
    """
    found = _upgraded(parameters, inventory)
    if found is None:
        return None
    cluster, wanted = found
    name = cluster["DBClusterIdentifier"]
    group = inventory.global_cluster(cluster.get("GlobalClusterIdentifier") or "") or {}
    secondaries = [
        m["DBClusterArn"] for m in group.get("GlobalClusterMembers", ()) if not m["IsWriter"]
    ]
    if cluster.get("DBClusterArn") in secondaries:
        if inventory.instances_of(cluster):
            return None
        text = f"DB cluster {name} must have at least one DB instance to be upgraded."
        return Refusal(_STATE, text)
    others = [inventory.cluster(arn) for arn in secondaries]
    if not any(is_lower(other["EngineVersion"], wanted) for other in others if other):
        return None
    return Refusal(
        VALUE,
        f"Cannot upgrade DB cluster '{name}' to engine version {wanted} as global replica(s) are "
        "running lower version. Please upgrade global replicas first before upgrading the primary "
        "member.",
    )


def global_version(parameters: Parameters, inventory: Inventory) -> Refusal | None:
    """A global cluster takes a major version only, and only if that is said in so many words.

    https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_ModifyGlobalCluster.html
    """
    group = inventory.global_cluster(parameters.get("GlobalClusterIdentifier", ""))
    wanted = parameters.get("EngineVersion", "")
    if group is None or not wanted or wanted == group["EngineVersion"]:
        return None
    if major(wanted) == major(group["EngineVersion"]):
        return Refusal(
            VALUE,
            "Amazon RDS can't perform minor version upgrades through ModifyGlobalCluster for this "
            "database engine. To upgrade to a newer minor version, call ModifyDBCluster for each "
            "member of your global cluster.",
        )
    if parameters.get("AllowMajorVersionUpgrade") == "true":
        return None
    return Refusal(
        COMBINATION,
        "The AllowMajorVersionUpgrade flag must be present when upgrading to a new major version.",
    )
