"""The members of the database.

All members are made by one component from identical inputs; only `seed` differs. Roles are left to
run time: after a failover or a switchover this program must ask for no change at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from bicoastal.settings import Settings, region_code
from bicoastal.stack.context import Context
from bicoastal.stack.credentials import Credentials
from bicoastal.stack.keys import RegionKey
from bicoastal.stack.network import RegionNetwork
from bicoastal.stack.parameters import ENGINE, parameter_group
from bicoastal.stack.policies import trust

_EXPORTED_LOGS = ("error", "slowquery")
_AUDIT_LOG = "audit"
LOG_RETENTION_DAYS = 30
MONITORING_POLICY = "arn:aws:iam::aws:policy/service-role/AmazonRDSEnhancedMonitoringRole"

CLUSTER_IGNORES = (
    # Read back from AWS, and moved to the other member by a role swap. Acting on a difference
    # would promote a member, or detach it from the global database.
    "replication_source_identifier",
    "global_cluster_identifier",
    # They count at creation only; whoever rotates the secret owns the password from then on, and a
    # standby refuses a new one.
    "master_username",
    "master_password",
    "master_password_wo",
    "master_password_wo_version",
    "database_name",
    "snapshot_identifier",
    # `bicoastal upgrade` owns it, because the order of the members counts, which Pulumi does not
    # know; and Aurora itself may move a member after a failover.
    "engine_version",
)
INSTANCE_IGNORES = ("engine_version",)


def exported_logs(settings: Settings) -> tuple[str, ...]:
    """The logs that each member writes to CloudWatch.

    Args:
        settings: whether there is an audit log.

    Returns:
        AWS's names of the logs.
    """
    return (*_EXPORTED_LOGS, _AUDIT_LOG) if settings.database.audit_log else _EXPORTED_LOGS


@dataclass(frozen=True)
class Seed:
    """What only the member that starts the global database is given; AWS refuses it on others.

    Attributes:
        credentials: the master user.
        database_name: the first schema.
    """

    credentials: Credentials
    database_name: str


class Member(pulumi.ComponentResource):
    """One regional cluster, with its instances.

    Attributes:
        region: the member's region.
        cluster: the cluster.
        instances: its instances; none in a headless standby, whose volume replicates all the same.
    """

    def __init__(
        self,
        region: str,
        context: Context,
        parent: pulumi.Resource,
        *,
        network: RegionNetwork,
        security_group: aws.ec2.SecurityGroup,
        key: RegionKey,
        global_cluster: aws.rds.GlobalCluster | None,
        source: Member | None = None,
        seed: Seed | None = None,
        after: Sequence[pulumi.Resource] = (),
    ) -> None:
        super().__init__(
            "bicoastal:stack:Member",
            f"member-{region_code(region)}",
            {},
            pulumi.ResourceOptions(parent=parent),
        )
        self.region = region
        self._context = context
        self._key = key
        self._adopted = context.settings.adopts(region)
        subnets = self._subnet_group(network)
        # The groups exist before the cluster writes to them, or Aurora makes its own: never
        # expiring, without tags, and left behind.
        logs = [self._log_group(log) for log in exported_logs(context.settings)]
        self.cluster = self._create_cluster(
            subnets,
            security_group=security_group,
            global_cluster=global_cluster,
            source=source,
            seed=seed,
            depends_on=[*([global_cluster] if global_cluster else []), *logs, *after],
        )
        self.instances = self._create_instances(subnets, is_public=network.is_public)
        self.register_outputs({"endpoint": self.cluster.endpoint, "arn": self.cluster.arn})

    def _subnet_group(self, network: RegionNetwork) -> aws.rds.SubnetGroup:
        name = self._context.names.subnet_group(self.region)
        if self._adopted:
            return aws.rds.SubnetGroup.get(
                name, name, opts=self._context.options(self.region, self)
            )
        return aws.rds.SubnetGroup(
            name,
            name=name,
            description=f"Aurora member in {self.region}",
            subnet_ids=[subnet.id for subnet in network.subnets],
            tags=self._context.tags(name),
            opts=self._context.options(self.region, self),
        )

    def _log_group(self, log: str) -> aws.cloudwatch.LogGroup:
        name = self._context.names.cluster_log_group(self.region, log)
        existed = self._adopted and log in self._context.settings.adopt.log_groups
        return aws.cloudwatch.LogGroup(
            f"{self._context.names.cluster(self.region)}-{log}",
            name=name,
            retention_in_days=LOG_RETENTION_DAYS,
            kms_key_id=self._key.arn,
            tags=self._context.tags(name),
            opts=self._context.options(self.region, self, existing=name if existed else None),
        )

    def _create_cluster(
        self,
        subnets: aws.rds.SubnetGroup,
        *,
        security_group: aws.ec2.SecurityGroup,
        global_cluster: aws.rds.GlobalCluster | None,
        source: Member | None,
        seed: Seed | None,
        depends_on: Sequence[pulumi.Resource],
    ) -> aws.rds.Cluster:
        database, names = self._context.settings.database, self._context.names
        name, adopt = names.cluster(self.region), self._context.settings.adopt
        taken = adopt.security_group_ids if self._adopted else ()
        capacity = aws.rds.ClusterServerlessv2ScalingConfigurationArgs(
            min_capacity=database.serverless_min_acu, max_capacity=database.serverless_max_acu
        )
        return aws.rds.Cluster(
            name,
            cluster_identifier=name,
            engine=ENGINE,
            engine_mode="provisioned",
            engine_version=database.engine_version,
            global_cluster_identifier=global_cluster.id if global_cluster else None,
            # Counts at creation only: who was promoted since must not be demoted.
            replication_source_identifier=source.cluster.arn if source else None,
            master_username=seed.credentials.username if seed else None,
            # Write-only: the provider hands it to AWS and keeps it in no state.
            master_password_wo=seed.credentials.password if seed else None,
            master_password_wo_version=1 if seed else None,
            database_name=seed.database_name if seed else None,
            port=database.port,
            db_subnet_group_name=subnets.name,
            db_cluster_parameter_group_name=parameter_group(self.region, self._context, self).name,
            # Clients of an adopted cluster come in as before.
            vpc_security_group_ids=[security_group.id, *taken],
            storage_encrypted=True,
            kms_key_id=adopt.kms_key_arn if self._adopted else self._key.arn,
            # AWS reads standard storage back as empty; naming it would differ for ever.
            storage_type=None if database.storage_type == "aurora" else database.storage_type,
            serverlessv2_scaling_configuration=capacity if database.is_serverless else None,
            backup_retention_period=database.backup_retention_days,
            preferred_backup_window=database.backup_window,
            preferred_maintenance_window=database.maintenance_window,
            copy_tags_to_snapshot=True,
            skip_final_snapshot=database.skip_final_snapshot,
            final_snapshot_identifier=(
                None if database.skip_final_snapshot else names.final_snapshot(self.region)
            ),
            deletion_protection=database.deletion_protection,
            enabled_cloudwatch_logs_exports=list(exported_logs(self._context.settings)),
            iam_database_authentication_enabled=True,
            # Not for db.t3. Source:
            # https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/USER_DatabaseInsights.Engines.html
            database_insights_mode=(
                None if database.instance_class.startswith("db.t3.") else "standard"
            ),
            apply_immediately=True,
            tags=self._context.tags(name),
            opts=self._context.options(
                self.region,
                self,
                depends_on=depends_on,
                ignore_changes=CLUSTER_IGNORES,
                existing=name if self._adopted else None,
            ),
        )

    def _monitoring_role(self) -> tuple[aws.iam.Role, aws.iam.RolePolicyAttachment]:
        """The role by which an instance's operating system reports to CloudWatch."""
        name, home = self._context.names.monitoring_role(self.region), self._context.home
        role = aws.iam.Role(
            name,
            name=name,
            description=f"Enhanced Monitoring of the Aurora member in {self.region}",
            assume_role_policy=trust("monitoring.rds.amazonaws.com"),
            tags=self._context.tags(name),
            opts=self._context.options(home, self),
        )
        attachment = aws.iam.RolePolicyAttachment(
            name,
            role=role.name,
            policy_arn=MONITORING_POLICY,
            opts=self._context.options(home, self),
        )
        return role, attachment

    def _create_instances(
        self, subnets: aws.rds.SubnetGroup, *, is_public: bool
    ) -> list[aws.rds.ClusterInstance]:
        database = self._context.settings.database
        count = self._context.settings.instances(self.region)
        monitoring = self._monitoring_role() if count and database.monitoring_interval_s else ()
        instances = []
        for number in range(1, count + 1):
            name = self._context.names.instance(self.region, number)
            instance = aws.rds.ClusterInstance(
                name,
                identifier=name,
                cluster_identifier=self.cluster.id,
                instance_class=database.instance_class,
                engine=ENGINE,
                engine_version=database.engine_version,
                db_subnet_group_name=subnets.name,
                publicly_accessible=is_public,
                # A member with another patch level than the rest cannot be failed over to.
                auto_minor_version_upgrade=False,
                preferred_maintenance_window=database.maintenance_window,
                monitoring_interval=database.monitoring_interval_s,
                monitoring_role_arn=monitoring[0].arn if monitoring else None,
                copy_tags_to_snapshot=True,
                apply_immediately=True,
                tags=self._context.tags(name),
                opts=self._context.options(
                    self.region,
                    self,
                    depends_on=monitoring,
                    ignore_changes=INSTANCE_IGNORES,
                    existing=name if self._adopted else None,
                ),
            )
            instances.append(instance)
        return instances
