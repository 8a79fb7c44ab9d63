"""What may be asked for: the typed, immutable models behind a stack file.

The models hold shapes only (types, known choices, no unknown keys). What AWS accepts, and what is
wise, is said by the rules in `bicoastal.settings.catalogue`, so that every mistake is reported with
its reason and its cure and none hides another.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic.alias_generators import to_camel

from bicoastal.settings.profiles import with_profile
from bicoastal.settings.ranges import default_cidr

ProfileName = Literal["validation", "staging", "production"]
TopologyName = Literal["global", "binlog-replica"]

EXPIRY_TAG = "ExpiresAfter"
"""The tag that holds `expires_after`, on everything that takes tags."""


def _no_bool(value: Any) -> Any:
    """Refuse true and false where a number is wanted; pydantic would read them as 1 and 0."""
    if isinstance(value, bool):
        msg = "a number is wanted here, not true or false"
        raise ValueError(msg)  # noqa: TRY004  (pydantic turns ValueError, not TypeError, into an error)
    return value


# The bounds say nothing of AWS; they keep absurd numbers out of every later calculation.
_HUGE = 10**12
Int = Annotated[int, BeforeValidator(_no_bool), Field(ge=-_HUGE, le=_HUGE)]
Float = Annotated[float, BeforeValidator(_no_bool), Field(ge=-_HUGE, le=_HUGE)]


class _Model(BaseModel):
    """Base of every model: frozen, camel-case in stack files, no unknown keys."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        alias_generator=to_camel,
        validate_by_name=True,
        validate_by_alias=True,
        hide_input_in_errors=True,
        defer_build=True,  # the validators are built at the first use: start-up time is a feature
    )


class Regions(_Model):
    """The regions: the pair that fails over, one that only watches, and any further standbys."""

    home: str = "us-east-1"
    standby: str = "us-west-2"
    witness: str = "us-east-2"
    further_standbys: tuple[str, ...] = ()

    @property
    def pair(self) -> tuple[str, str]:
        """Between which the controllers fail over, one in each: home, standby."""
        return (self.home, self.standby)

    @property
    def members(self) -> tuple[str, ...]:
        """The regions that hold a member of the database: home, standby, further standbys."""
        return (*self.pair, *self.further_standbys)

    @property
    def witnesses(self) -> tuple[str, str, str]:
        """The regions with a prober, which also hold the latch: home, standby, witness."""
        return (*self.pair, self.witness)

    @property
    def all(self) -> tuple[str, ...]:
        """Every region: home, standby, witness, further standbys."""
        return (*self.witnesses, *self.further_standbys)


class Database(_Model):
    """The global database and its members, which are alike unless the standbys are headless."""

    engine_version: str = "8.0.mysql_aurora.3.10.4"
    instance_class: str = "db.serverless"
    serverless_min_acu: Float = 0.5
    serverless_max_acu: Float = 2.0
    instances_per_member: Int = 1
    headless_standby: bool = False
    database_name: str = "app"
    port: Int = 3306
    backup_retention_days: Int = 1
    backup_window: str | None = None
    maintenance_window: str | None = None
    skip_final_snapshot: bool = True
    deletion_protection: bool = False
    monitoring_interval_s: Int = 60
    storage_type: str = "aurora"
    audit_log: bool = False

    @property
    def is_serverless(self) -> bool:
        """Whether the instances are Aurora Serverless v2, so that the ACU range applies."""
        return self.instance_class == "db.serverless"


class Adopt(_Model):
    """A cluster that exists already, and becomes the home member where it is and as it is.

    What of it cannot be changed without a new cluster is named here, and taken as it is.
    """

    cluster: str | None = None
    instances: tuple[str, ...] = ()
    subnet_group: str | None = None
    kms_key_arn: str | None = None
    security_group_ids: tuple[str, ...] = ()
    vpc_id: str | None = None
    subnet_ids: tuple[str, ...] = ()
    route_table_ids: tuple[str, ...] = ()
    log_groups: tuple[str, ...] = ()


class Network(_Model):
    """The VPC of each region; the witnesses' are peered with all, so the ranges must differ."""

    home_cidr: str = "10.10.0.0/16"
    standby_cidr: str = "10.20.0.0/16"
    witness_cidr: str = "10.30.0.0/16"
    further_cidrs: tuple[str, ...] = ()
    zones_per_region: Int = 2
    client_cidrs: tuple[str, ...] = ()
    flow_logs: bool = False


class Health(_Model):
    """How a member's health is seen: by Route 53, where it can, and by the witnesses."""

    endpoint_check: Literal["private", "public"] = "private"
    interval_s: Int = 10
    failure_threshold: Int = 3
    probe: Literal["greeting", "role", "canary"] = "greeting"
    ca_file: str | None = None


class Failover(_Model):
    """When and how the controller fails over. Times in seconds."""

    mode: Literal["observe", "approve", "automatic"] = "automatic"
    probe_interval_s: Int = 10
    threshold: Int = 7
    grace_s: Int = 30
    quorum: Int = 2
    probe_timeout_s: Float = 2.0
    cooldown_s: Int = 3600
    rpo_budget_s: Int = 30
    promotion_timeout_s: Int = 900
    clean_rounds: Int = 3

    @property
    def window_s(self) -> int:
        """Seconds for which the writer must be down before anything happens: (m - 1) T + g."""
        return (self.threshold - 1) * self.probe_interval_s + self.grace_s


class Dns(_Model):
    """How clients find the writer."""

    mode: Literal["latch", "health-check", "global-endpoint"] = "latch"
    ttl_s: Int = 5


class Monitoring(_Model):
    """Alarms and who hears of them.

    docs/monitoring.md says where each threshold comes from. Rates are over a period of a minute.
    """

    lag_alarm_ms: Int = 5000
    rpo_alarm_ms: Int = 5000
    cpu_alarm_percent: Float = 80.0
    memory_alarm_mib: Int = 128
    local_storage_alarm_mib: Int = 1024
    volume_left_alarm_gib: Int = 1024
    connections_alarm: Int = 70
    deadlocks_alarm_per_minute: Float = 6.0
    login_failures_alarm_per_minute: Float = 60.0
    dashboards: bool = True
    alarm_emails: tuple[str, ...] = ()
    alarm_urls: tuple[str, ...] = ()


class Budget(_Model):
    """What the stack may cost. Without it, any price is accepted."""

    monthly_usd: Float | None = None


def default_domain(suffix: str) -> str:
    """The name by which clients find the writer, if none is given.

    Args:
        suffix: the environment suffix.

    Returns:
        The name; `example.com` belongs to nobody, so it suits a private zone only.
    """
    return f"db-{suffix}.example.com"


def _domain_of(data: dict[str, Any]) -> str:
    return default_domain(data["environment_suffix"])


class Settings(_Model):
    """Everything that a stack file asks for. Keys in stack files are in camel case.

    A `Settings` has the right shape; `bicoastal.settings.check` says whether AWS would take it.
    """

    environment_suffix: str = "dev"
    profile: ProfileName = "validation"
    topology: TopologyName = "global"
    project: str = "bicoastal"
    cost_center: str = "unassigned"
    tags: dict[str, str] = Field(default_factory=dict)
    expires_after: str | None = None
    secret_arn: str | None = None
    hosted_zone_id: str | None = None
    domain_name: str = Field(default_factory=_domain_of)
    regions: Regions = Field(default_factory=Regions)
    database: Database = Field(default_factory=Database)
    adopt: Adopt = Field(default_factory=Adopt)
    network: Network = Field(default_factory=Network)
    health: Health = Field(default_factory=Health)
    failover: Failover = Field(default_factory=Failover)
    dns: Dns = Field(default_factory=Dns)
    monitoring: Monitoring = Field(default_factory=Monitoring)
    budget: Budget = Field(default_factory=Budget)

    @model_validator(mode="before")
    @classmethod
    def _fill_from_profile(cls, data: Any) -> Any:
        return with_profile(data)

    def all_tags(self) -> dict[str, str]:
        """The tags of every resource: the project's own ones first, overridden by the user's.

        `expires_after` is told as it is written, never as a moment: a moment would be another one
        at every run of the program, which would then never be quiet. When it began, AWS knows.
        """
        return {
            "Environment": self.environment_suffix,
            "Project": self.project,
            "CostCenter": self.cost_center,
            "ManagedBy": "pulumi",
            **({} if self.expires_after is None else {EXPIRY_TAG: self.expires_after}),
            **self.tags,
        }

    @property
    def is_global(self) -> bool:
        """Whether the members form a global database, rather than one replicating from the other.

        Sources:
        https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-global-database.html
        https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/AuroraMySQL.Replication.CrossRegion.html
        """
        return self.topology == "global"

    def adopts(self, region: str) -> bool:
        """Whether a region's member is a cluster that existed before the stack.

        Args:
            region: the member's region.
        """
        return self.adopt.cluster is not None and region == self.regions.home

    def instances(self, region: str) -> int:
        """How many instances a member has.

        Args:
            region: the member's region.

        Returns:
            The number; headless standbys have none.
        """
        is_headless = self.database.headless_standby and region != self.regions.home
        return 0 if is_headless else self.database.instances_per_member

    @property
    def cidrs(self) -> tuple[str, ...]:
        """The address range of each region's VPC, in the order of `regions.all`.

        A further standby for which none is given has one that only its region has.
        """
        network, further = self.network, self.regions.further_standbys
        given = network.further_cidrs[: len(further)]
        return (
            network.home_cidr,
            network.standby_cidr,
            network.witness_cidr,
            *given,
            *(default_cidr(region) for region in further[len(given) :]),
        )

    def cidr(self, region: str) -> str:
        """The address range of the VPC in a region.

        Args:
            region: a region name, one of `regions.all`.

        Returns:
            The CIDR block of that region's VPC.

        Raises:
            KeyError: the region is none of them.
        """
        return dict(zip(self.regions.all, self.cidrs, strict=True))[region]
