"""What the DNS server answers: a pure function of the zones, the statuses and the asker."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from bicoastal.lab.network import AddressPlan
from bicoastal.lab.route53.rules import HealthCheck, Record, choose

# Aurora's endpoint names live for 5 seconds
# (https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/Aurora.BestPractices.html).
ENDPOINT_TTL_S = 5
_RDS = ".rds.amazonaws.com."
_LONGEST_CHAIN = 8


@dataclass(frozen=True)
class Zone:
    """A hosted zone: its name (lower case, final dot) and its records."""

    name: str
    records: tuple[Record, ...] = ()


@dataclass(frozen=True)
class Snapshot:
    """What Route 53's control plane holds, and where global writer endpoints lead.

    Attributes:
        zones: The hosted zones.
        checks: Health checks by identifier.
        writers: Global writer endpoint (lower case, final dot) to the writer's region.
    """

    zones: tuple[Zone, ...] = ()
    checks: Mapping[str, HealthCheck] = field(default_factory=dict)
    writers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Row:
    """One record set of an answer."""

    name: str
    type: str
    ttl_s: int
    values: tuple[str, ...]


@dataclass(frozen=True)
class Answer:
    """An answer before it is put into DNS's format.

    Attributes:
        code: ``NOERROR``, ``NXDOMAIN``, ``REFUSED`` (not ours) or ``SERVFAIL`` (a circle).
        rows: The record sets, in the order of the chain.
    """

    code: str
    rows: tuple[Row, ...] = ()

    @property
    def address(self) -> str | None:
        """The address at the end of the chain, None if there is none."""
        return next((row.values[0] for row in reversed(self.rows) if row.type == "A"), None)

    @property
    def chain(self) -> tuple[str, ...]:
        """The names that CNAME records led to, in order."""
        return tuple(row.values[0] for row in self.rows if row.type == "CNAME")


def normal(name: str) -> str:
    """Write a domain name in lower case with its final dot."""
    return name.lower().rstrip(".") + "."


def member_of_endpoint(name: str, snapshot: Snapshot, plan: AddressPlan) -> str | None:
    """Tell which member a database endpoint's name belongs to.

    Regional names carry the region before ``rds.amazonaws.com``; a global writer endpoint
    follows the present writer.

    Args:
        name: The endpoint's name.
        snapshot: Where global writer endpoints lead.
        plan: The members.

    Returns:
        The member's region, None if it is no endpoint of a member.
    """
    name = normal(name)
    if not name.endswith(_RDS):
        return None
    region = name.removesuffix(_RDS).rpartition(".")[2]
    if region == "global":
        region = snapshot.writers.get(name, "")
    return region if region in plan.members else None


def lookup(
    name: str,
    type_: str,
    *,
    snapshot: Snapshot,
    statuses: Mapping[str, bool],
    plan: AddressPlan,
    source: str,
) -> Answer:
    """Answer a question the way Route 53 and the VPC's resolver would together.

    CNAMEs are followed into other records and into the members' endpoint names, which resolve to
    the loopback address of the path from the asker to that member.

    Args:
        name: The name asked for.
        type_: The type asked for, for example ``A``.
        snapshot: Zones and endpoints.
        statuses: Status of every health check.
        plan: The loopback addresses.
        source: Who asks, a source of the plan.

    Returns:
        The answer.
    """
    rows: list[Row] = []
    name = normal(name)
    for _ in range(_LONGEST_CHAIN):
        member = member_of_endpoint(name, snapshot, plan)
        if member is not None:
            if type_ == "A":
                rows.append(Row(name, "A", ENDPOINT_TTL_S, (plan.address(source, member),)))
            return Answer("NOERROR", tuple(rows))
        zone = _zone_of(name, snapshot)
        if zone is None:
            unknown = "NXDOMAIN" if name.endswith(_RDS) else "REFUSED"
            return Answer("NOERROR" if rows else unknown, tuple(rows))
        here = [record for record in zone.records if record.name == name]
        if not here:
            return Answer("NXDOMAIN", tuple(rows))
        exact = choose([record for record in here if record.type == type_], statuses)
        if exact is not None:
            rows.append(Row(name, type_, exact.ttl_s, exact.values))
            return Answer("NOERROR", tuple(rows))
        alias = choose([record for record in here if record.type == "CNAME"], statuses)
        if alias is None:
            return Answer("NOERROR", tuple(rows))
        target = normal(alias.values[0])
        rows.append(Row(name, "CNAME", alias.ttl_s, (target,)))
        name = target
    return Answer("SERVFAIL", tuple(rows))


def _zone_of(name: str, snapshot: Snapshot) -> Zone | None:
    """Find the zone with the longest name that the name is in."""
    inside = [
        zone for zone in snapshot.zones if name == zone.name or name.endswith("." + zone.name)
    ]
    return max(inside, key=lambda zone: len(zone.name), default=None)
