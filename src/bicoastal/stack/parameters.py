"""The members' cluster parameter groups, which are the same in every region."""

from __future__ import annotations

import pulumi
import pulumi_aws as aws

from bicoastal.settings.tables import parameter_family
from bicoastal.stack.context import Context

ENGINE = aws.rds.EngineType.AURORA_MYSQL
STATIC = ("binlog_format",)
"""Parameters that count from an instance's start on, which the first one's creation is."""
_AUDIT_PARAMETERS = {
    "server_audit_logging": "1",
    # Who connects, and what changes rights or tables; every statement would be all data, too.
    "server_audit_events": "CONNECT,QUERY_DCL,QUERY_DDL",
}
"""Source: https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/AuroraMySQL.Auditing.html"""


def parameter_group(
    region: str, context: Context, parent: pulumi.Resource
) -> aws.rds.ClusterParameterGroup:
    """Make a member's cluster parameter group.

    Args:
        region: the member's region.
        context: settings, names and providers.
        parent: the component that it belongs to.

    Returns:
        The group.
    """
    name = context.names.parameter_group(region)
    parameters = {
        "require_secure_transport": "ON",
        # Without these the exported slow-query log would stay empty.
        "slow_query_log": "1",
        "long_query_time": "1",
        # A probe that only waits for the greeting counts as an interrupted handshake; after
        # 100 of them a server blocks the prober's host (error 1129) by default. Source:
        # https://dev.mysql.com/doc/refman/8.0/en/server-system-variables.html#sysvar_max_connect_errors
        "max_connect_errors": "4294967295",
    }
    if context.settings.database.audit_log:
        parameters |= _AUDIT_PARAMETERS
    if not context.settings.is_global:
        # In both members: who is promoted is the source of the next replica. Source:
        # https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/AuroraMySQL.Replication.CrossRegion.html
        parameters["binlog_format"] = "MIXED"
    return aws.rds.ClusterParameterGroup(
        name,
        name=name,
        family=parameter_family(context.settings.database.engine_version),
        description=f"Aurora member in {region}; the same in every region",
        parameters=[
            {
                "name": key,
                "value": value,
                "apply_method": "pending-reboot" if key in STATIC else "immediate",
            }
            for key, value in parameters.items()
        ],
        tags=context.tags(name),
        opts=context.options(region, parent),
    )
