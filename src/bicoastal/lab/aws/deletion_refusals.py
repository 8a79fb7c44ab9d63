"""What AWS refuses to delete, or to delete yet."""

from __future__ import annotations

from bicoastal.lab.aws.refusal import COMBINATION, Inventory, Parameters, Refusal

_BEFORE_ITS_REPLICA = (
    "Cannot delete the last instance of the master cluster. Delete the replica cluster before "
    "deleting the last master cluster instance."
)
_AS_A_REPLICA = (
    "Cannot delete the last instance of the read replica DB cluster. Promote the DB cluster to a "
    "standalone DB cluster in order to delete it."
)


def last_instance(parameters: Parameters, inventory: Inventory) -> Refusal | None:
    """A writer keeps its last instance while others replicate from it; a replica keeps it, too.

    A secondary of a global database may be without one.
    https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-global-database-deleting.html
    https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DeleteDBInstance.html
    https://github.com/hashicorp/terraform-provider-aws/pull/40409
    """
    instance = inventory.instance(parameters.get("DBInstanceIdentifier", "")) or {}
    cluster = inventory.cluster(instance.get("DBClusterIdentifier") or "")
    if cluster is None or len(inventory.instances_of(cluster)) > 1:
        return None
    group = inventory.global_cluster(cluster.get("GlobalClusterIdentifier") or "")
    if group is not None:
        others = len(group["GlobalClusterMembers"]) - 1
        keeps, why = inventory.writer_of(group) == cluster and others > 0, _BEFORE_ITS_REPLICA
    elif cluster.get("ReplicationSourceIdentifier"):
        keeps, why = True, _AS_A_REPLICA
    else:
        keeps, why = bool(inventory.replicas_of(cluster)), _BEFORE_ITS_REPLICA
    return Refusal("InvalidDBClusterStateFault", why) if keeps else None


def final_snapshot(parameters: Parameters, inventory: Inventory) -> Refusal | None:
    """Deleting a cluster says what becomes of its data.

    https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DeleteDBCluster.html
    """
    known = inventory.cluster(parameters.get("DBClusterIdentifier", "")) is not None
    skip = parameters.get("SkipFinalSnapshot") == "true"
    if not known or skip != bool(parameters.get("FinalDBSnapshotIdentifier")):
        return None
    if skip:
        text = "FinalDBSnapshotIdentifier can't be specified when SkipFinalSnapshot is true."
    else:
        text = "FinalDBSnapshotIdentifier is required unless SkipFinalSnapshot is specified."
    return Refusal(COMBINATION, text)
