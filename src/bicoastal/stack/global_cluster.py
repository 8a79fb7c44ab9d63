"""The global database that the members belong to."""

from __future__ import annotations

import pulumi
import pulumi_aws as aws

from bicoastal.stack.context import Context
from bicoastal.stack.database import Member
from bicoastal.stack.parameters import ENGINE

GLOBAL_IGNORES = ("engine_version",)
# AWS takes them from the cluster that the global database begins with, and reads them back.
ADOPTING_IGNORES = (*GLOBAL_IGNORES, "database_name", "source_db_cluster_identifier")


def create_global_cluster(
    context: Context, parent: pulumi.Resource, first: Member | None = None
) -> aws.rds.GlobalCluster | None:
    """Make the global database, where the topology has one.

    An existing cluster cannot join one; it can only be what one begins with. Source:
    https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateGlobalCluster.html

    Args:
        context: settings, names and providers.
        parent: the component that it belongs to.
        first: the adopted member; None makes it without members.

    Returns:
        The global cluster; none where one member replicates from the other by binary log.
    """
    if not context.settings.is_global:
        return None
    database, name = context.settings.database, context.names.global_cluster
    if first is not None:
        return aws.rds.GlobalCluster(
            name,
            global_cluster_identifier=name,
            source_db_cluster_identifier=first.cluster.arn,
            # The provider wants it with a source: at the end the adopted cluster is let go.
            force_destroy=True,
            deletion_protection=database.deletion_protection,
            tags=context.tags(name),
            opts=context.options(
                context.home, parent, depends_on=first.instances, ignore_changes=ADOPTING_IGNORES
            ),
        )
    return aws.rds.GlobalCluster(
        name,
        global_cluster_identifier=name,
        engine=ENGINE.value,
        engine_version=database.engine_version,
        storage_encrypted=True,
        deletion_protection=database.deletion_protection,
        tags=context.tags(name),
        opts=context.options(context.home, parent, ignore_changes=GLOBAL_IGNORES),
    )


def joint_name(
    global_cluster: aws.rds.GlobalCluster | None, context: Context
) -> pulumi.Output[str]:
    """The one name by which the decision record and the latch know all members.

    Args:
        global_cluster: the global cluster, if there is one.
        context: the names.

    Returns:
        The global cluster's identifier, or what it would be.
    """
    name = context.names.global_cluster
    return global_cluster.id if global_cluster else pulumi.Output.from_input(name)
