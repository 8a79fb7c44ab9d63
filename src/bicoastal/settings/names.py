"""The name of everything that the program creates in AWS, derived from the suffix.

Members are named by region (`use1`), never by role: a name must stay true after a failover.
Bases are short, so that the longest legal suffix (50 characters) fits each service's limit.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bicoastal.settings.models import Settings

_REGION = re.compile(r"([a-z]{2})((?:-[a-z]+)+)-([0-9]{1,2})")
_SHORT = {"northeast": "ne", "northwest": "nw", "southeast": "se", "southwest": "sw", "gov": "g"}


@lru_cache(maxsize=128)
def region_code(region: str) -> str:
    """A region's short code, at most five characters for every region that AWS sells.

    Args:
        region: a region name such as `us-east-1`.

    Returns:
        The code, such as `use1`, `apse2`, `euc1`.

    Raises:
        ValueError: the text has not the form of a region name.
    """
    match = _REGION.fullmatch(region)
    if match is None:
        msg = f"{region!r} is not a region name; it should look like 'us-east-1'"
        raise ValueError(msg)
    area, middle, number = match.groups()
    words = middle.strip("-").split("-")
    return area + "".join(_SHORT.get(word, word[0]) for word in words) + number


@dataclass(frozen=True, init=False)
class Names:
    """Every AWS name, `<resource>[-<region code>]-<suffix>`.

    Attributes:
        suffix: the environment suffix that ends each name.
        adopted: names that a cluster and its own already have, by what they name, region and
            number; they stay as they are.
    """

    suffix: str
    adopted: Mapping[tuple[str, str, int], str]

    def __init__(self, source: Settings | str) -> None:
        """Take the suffix, and what is adopted, from settings; or the suffix as text."""
        suffix = source if isinstance(source, str) else source.environment_suffix
        object.__setattr__(self, "suffix", suffix)
        adopted = {} if isinstance(source, str) else _adopted(source)
        object.__setattr__(self, "adopted", adopted)

    def _global(self, base: str) -> str:
        return f"{base}-{self.suffix}"

    def _regional(self, base: str, region: str, *more: object) -> str:
        parts = (base, region_code(region), *map(str, more), self.suffix)
        return "-".join(parts)

    # --- database -------------------------------------------------------------------------------
    @property
    def global_cluster(self) -> str:
        """The global database's identifier."""
        return self._global("global")

    def cluster(self, region: str) -> str:
        """A member's cluster identifier; unique across regions, as a global database demands."""
        return self.adopted.get(("cluster", region, 0)) or self._regional("aurora", region)

    def instance(self, region: str, number: int) -> str:
        """An instance of a member, counted from 1."""
        found = self.adopted.get(("instance", region, number))
        return found or self._regional("db", region, number)

    def final_snapshot(self, region: str) -> str:
        """The snapshot taken when a member is destroyed."""
        return self._regional("final", region)

    def subnet_group(self, region: str) -> str:
        """The DB subnet group of a member."""
        return self.adopted.get(("subnets", region, 0)) or self._regional("subnets", region)

    def parameter_group(self, region: str) -> str:
        """The DB cluster parameter group of a member."""
        return self._regional("params", region)

    def monitoring_role(self, region: str) -> str:
        """The IAM role of Enhanced Monitoring. IAM is global, so the region is in the name."""
        return self._regional("mon", region)

    def cluster_log_group(self, region: str, log: str) -> str:
        """The log group to which a member exports one of its logs (`error`, `slowquery` ...)."""
        return f"/aws/rds/cluster/{self.cluster(region)}/{log}"

    def key_alias(self, region: str) -> str:
        """The alias of the KMS key that encrypts a member."""
        return f"alias/{self._regional('aurora', region)}"

    # --- network --------------------------------------------------------------------------------
    def vpc(self, region: str) -> str:
        """A region's VPC (its Name tag)."""
        return self._regional("vpc", region)

    def subnet(self, region: str, kind: str, number: int) -> str:
        """A subnet (its Name tag): `private` or `public`, counted from 1."""
        return self._regional(kind, region, number)

    def internet_gateway(self, region: str) -> str:
        """A region's internet gateway (its Name tag)."""
        return self._regional("igw", region)

    def flow_log(self, region: str) -> str:
        """A VPC's flow log and the role that writes it."""
        return self._regional("flow", region)

    def flow_log_group(self, region: str) -> str:
        """The log group of a VPC's flow log."""
        return f"/aws/vpc/{self.vpc(region)}"

    def route_table(self, region: str, kind: str) -> str:
        """A route table (its Name tag): `private` or `public`."""
        return self._regional("rt", region, kind)

    def database_security_group(self, region: str) -> str:
        """The security group of a member's instances."""
        return self._regional("db", region)

    def prober_security_group(self, region: str) -> str:
        """The security group of a region's prober."""
        return self._regional("probe", region)

    def peering(self, requester: str, accepter: str) -> str:
        """The peering between two regions' VPCs (its Name tag)."""
        return self._regional("peer", requester, region_code(accepter))

    # --- failover -------------------------------------------------------------------------------
    def prober(self, region: str) -> str:
        """The function that probes the members from a region."""
        return self._regional("probe", region)

    def prober_role(self, region: str) -> str:
        """The IAM role of a prober."""
        return self._regional("probe", region)

    def controller(self, region: str) -> str:
        """The function that decides and acts, one in each member region."""
        return self._regional("control", region)

    def controller_role(self, region: str) -> str:
        """The IAM role of a controller."""
        return self._regional("control", region)

    def schedule(self, region: str) -> str:
        """The EventBridge rule that runs a controller once a minute."""
        return self._regional("control", region)

    def function_log_group(self, function: str) -> str:
        """The log group of a function, by the function's name."""
        return f"/aws/lambda/{function}"

    @property
    def record_table(self) -> str:
        """The table that holds the decision record, the same name in every region."""
        return self._global("record")

    # --- monitoring and DNS ---------------------------------------------------------------------
    def latch_alarm(self, region: str) -> str:
        """The alarm whose metric the latch's health check follows, one per latch region."""
        return self._regional("latch", region)

    def alarm(self, kind: str, region: str) -> str:
        """An alarm of a region: `lag`, `cpu` ..., or `page` or `outage`, over the urgent ones."""
        return self._regional(kind, region)

    def dashboard(self, region: str) -> str:
        """The CloudWatch dashboard of a member region."""
        return self._regional("bicoastal", region)

    def event_subscription(self, region: str, source: str) -> str:
        """The RDS event subscription of a member region: `cluster` or `instance` events."""
        return self._regional("events", region, source)

    def vote_filter(self, region: str, metric: str) -> str:
        """The metric filter over a controller's log."""
        return self._regional("votes", region, metric)

    def topic(self, region: str) -> str:
        """The SNS topic of a region's messages to people."""
        return self._regional("notify", region)

    @property
    def budget(self) -> str:
        """The AWS Budget that watches what the stack costs."""
        return self._global("cost")

    @property
    def latch_check(self) -> str:
        """The CALCULATED health check over the three latch checks (its Name tag)."""
        return self._global("latch")

    def latch_region_check(self, region: str) -> str:
        """The CLOUDWATCH_METRIC health check on one region's latch alarm (its Name tag)."""
        return self._regional("latch", region)

    def endpoint_check(self, region: str) -> str:
        """The TCP health check on a member's public endpoint (its Name tag)."""
        return self._regional("tcp", region)

    @property
    def endpoint_calculated_check(self) -> str:
        """The CALCULATED health check over the endpoint's TCP check (its Name tag)."""
        return self._global("endpoint")

    def set_identifier(self, region: str) -> str:
        """The set identifier of a member's record in the failover pair."""
        return region_code(region)

    @staticmethod
    def all(settings: Settings) -> list[tuple[str, str]]:
        """Every name that the program gives, with the kind of thing that bears it.

        Args:
            settings: the settings; their suffix, regions and counts decide.

        Returns:
            Pairs of a kind, one of `NAME_LIMITS`, and a name.
        """
        names = Names(settings.environment_suffix)  # what is adopted has a name already
        pairs = [
            ("global cluster", names.global_cluster),
            ("DynamoDB table", names.record_table),
            ("budget", names.budget),
            ("Name tag", names.latch_check),
            ("Name tag", names.endpoint_calculated_check),
        ]
        for region in dict.fromkeys(settings.regions.all):
            pairs += names._everywhere(region, settings)
        for region in dict.fromkeys(settings.regions.members):
            pairs += names._of_member(region, settings)
        return pairs

    def _everywhere(self, region: str, settings: Settings) -> list[tuple[str, str]]:
        zones = range(1, _sane(settings.network.zones_per_region) + 1)
        kinds = ("private", "public")
        prober = self.prober(region)
        return [
            ("Name tag", self.vpc(region)),
            ("Name tag", self.internet_gateway(region)),
            *(("Name tag", self.route_table(region, kind)) for kind in kinds),
            *(("Name tag", self.subnet(region, kind, n)) for kind in kinds for n in zones),
            *(("Name tag", self.peering(region, other)) for other in settings.regions.all),
            ("Name tag", self.latch_region_check(region)),
            ("Name tag", self.endpoint_check(region)),
            ("security group", self.prober_security_group(region)),
            ("Name tag", self.flow_log(region)),
            ("IAM role", self.flow_log(region)),
            ("log group", self.flow_log_group(region)),
            ("Lambda function", prober),
            ("IAM role", self.prober_role(region)),
            ("log group", self.function_log_group(prober)),
            ("CloudWatch alarm", self.latch_alarm(region)),
            ("SNS topic", self.topic(region)),
            ("KMS alias", self.key_alias(region)),
        ]

    def _of_member(self, region: str, settings: Settings) -> list[tuple[str, str]]:
        count = _sane(settings.database.instances_per_member)
        controller = self.controller(region)
        logs = ("audit", "error", "general", "slowquery")
        return [
            ("DB cluster", self.cluster(region)),
            *(("DB instance", self.instance(region, n)) for n in range(1, count + 1)),
            ("DB snapshot", self.final_snapshot(region)),
            ("DB subnet group", self.subnet_group(region)),
            ("DB parameter group", self.parameter_group(region)),
            ("IAM role", self.monitoring_role(region)),
            *(("log group", self.cluster_log_group(region, log)) for log in logs),
            ("security group", self.database_security_group(region)),
            ("Lambda function", controller),
            ("IAM role", self.controller_role(region)),
            ("EventBridge rule", self.schedule(region)),
            ("log group", self.function_log_group(controller)),
            *(("CloudWatch alarm", self.alarm(kind, region)) for kind in ALARM_KINDS),
            ("dashboard", self.dashboard(region)),
            ("event subscription", self.event_subscription(region, "cluster")),
            ("event subscription", self.event_subscription(region, "instance")),
            ("metric filter", self.vote_filter(region, "down")),
            ("metric filter", self.vote_filter(region, "unknown")),
            ("metric filter", self.vote_filter(region, "maintenance")),
            ("set identifier", self.set_identifier(region)),
        ]


ALARM_KINDS = (
    "connections", "connectivity", "cpu", "blind", "deadlocks", "disk", "down", "errors", "lag",
    "logins", "maintenance", "memory", "outage", "page", "rpo", "silent", "status", "storage",
    "throttles",
)  # fmt: skip
"""What `Names.alarm` is asked for."""


def _adopted(settings: Settings) -> dict[tuple[str, str, int], str]:
    adopt, home = settings.adopt, settings.regions.home
    if adopt.cluster is None:
        return {}
    one = {"cluster": adopt.cluster, "subnets": adopt.subnet_group}
    names = {(what, home, 0): name for what, name in one.items() if name}
    return names | {
        ("instance", home, number): name for number, name in enumerate(adopt.instances, start=1)
    }


def zone_comment(domain: str) -> str:
    """What the program writes beside the private zone that it makes.

    Args:
        domain: the name by which clients find the writer.
    """
    return f"Where {domain} is found"


def _sane(count: int) -> int:
    """A count within 1 to 16; a rule speaks of others, and their names would be alike."""
    return min(max(count, 1), 16)
