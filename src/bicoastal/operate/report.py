"""What a look at the stack found, as plain values."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bicoastal.failover.audit import Entry
from bicoastal.failover.state import Record
from bicoastal.failover.votes import Vote

SCHEMA = 1
GONE, UNTOLD = "gone", "unknown"
"""Roles of a member outside a global database: it does not exist, or nobody told of it."""


@dataclass(frozen=True)
class MemberReport:
    """A member of the global database, or a cluster of the pair that is in none.

    Attributes:
        region: its region.
        arn: its cluster's ARN; empty where nobody told.
        role: writer or standby; outside a global database a writer is a cluster that replicates
            from nobody, and one may be `GONE` or `UNTOLD`.
        sync: `connected` or `pending-resync`; None where AWS does not say, as it never does
            outside a global database.
        status: the cluster's status; None when its own region did not say.
        instances: how many it has; likewise.
        version: its engine version; likewise.
        source: region of the cluster whose binary log it replicates; in a pair only.
    """

    region: str
    arn: str
    role: str
    sync: str | None = None
    status: str | None = None
    instances: int | None = None
    version: str | None = None
    source: str | None = None


@dataclass(frozen=True)
class DatabaseReport:
    """The global database as one region describes it, or the pair as each tells of its own.

    Attributes:
        asked: the region that answered; of a pair all that did.
        status: its status; of a pair `replicating` or `not replicating`.
        failover: the failover or switchover under way, in words.
        members: its members, the writer first.
    """

    asked: str
    status: str
    failover: str | None
    members: tuple[MemberReport, ...]

    @property
    def writer(self) -> str | None:
        """Region of the writer; None unless exactly one member is."""
        found = [member.region for member in self.members if member.role == "writer"]
        return found[0] if len(found) == 1 else None

    @property
    def arns(self) -> dict[str, str]:
        """The members' ARNs by region."""
        return {member.region: member.arn for member in self.members}


@dataclass(frozen=True)
class Measurement:
    """A metric's last value in a region.

    Attributes:
        region: the region.
        value: the value; None when there is none.
        age_s: how long ago it was measured, seconds.
        problem: why there is none.
    """

    region: str
    value: float | None = None
    age_s: float | None = None
    problem: str | None = None


@dataclass(frozen=True)
class RecordReport:
    """The record and the end of its audit trail.

    Attributes:
        asked: the region that answered.
        record: the record.
        last: the latest entry of the trail.
        tampering: what is wrong with the trail.
    """

    asked: str
    record: Record
    last: Entry | None
    tampering: tuple[str, ...] = ()


@dataclass(frozen=True)
class CheckReport:
    """A Route 53 health check.

    Attributes:
        name: the name that the program gave to it.
        healthy: True, False, or None when nothing says so.
        detail: what was seen, in words.
    """

    name: str
    healthy: bool | None
    detail: str


@dataclass(frozen=True)
class Drift:
    """A difference between what is there and what the program would ask for.

    Attributes:
        region: the member's region.
        what: the property, in RDS's words.
        live: its value.
        wanted: the program's value.
        acted_on: the next `pulumi up --refresh` would change it; otherwise the program ignores
            it on purpose, and only a human sees it.
    """

    region: str
    what: str
    live: Any
    wanted: Any
    acted_on: bool = True


@dataclass(frozen=True)
class DnsReport:
    """What DNS answers to a client's question for the writer.

    Attributes:
        name: the name that was asked for.
        asked: the resolver.
        answer: aliases and addresses, in order; empty when there was none.
        region: the member's region that the answer names, if it names one.
        problem: why there was no answer.
    """

    name: str
    asked: str
    answer: tuple[str, ...] = ()
    region: str | None = None
    problem: str | None = None


@dataclass(frozen=True)
class Status:
    """Everything that one look found.

    Attributes:
        cluster: global cluster identifier.
        at: when, seconds since the epoch.
        regions: each region, and what was wrong with it; None when it answered.
        database: the topology; None when nobody told.
        database_problem: why nobody told; of a pair, why one region did not tell of its cluster.
        decision: the record; None when nobody told.
        decision_problem: why nobody told.
        lags: each standby's replication lag, seconds.
        votes: the witnesses' votes on the writer.
        checks: the health checks behind DNS.
        checks_problem: why Route 53 did not tell; not wrong by itself, DNS needs no API.
        latch: the latch's value in each of its regions.
        drift: where live members differ from what the program would ask for; None when nobody told.
        dns: what DNS answers; None when nobody was asked.
        problems: what is wrong, in words; see `judgement`.
        topology: as `settings.Settings` has it.
    """

    cluster: str
    at: float
    regions: Mapping[str, str | None]
    database: DatabaseReport | None = None
    database_problem: str | None = None
    decision: RecordReport | None = None
    decision_problem: str | None = None
    lags: tuple[Measurement, ...] = ()
    votes: tuple[Vote, ...] = ()
    checks: tuple[CheckReport, ...] = ()
    checks_problem: str | None = None
    latch: tuple[Measurement, ...] = ()
    drift: tuple[Drift, ...] | None = None
    dns: DnsReport | None = None
    problems: tuple[str, ...] = field(default=())
    topology: str = "global"

    @property
    def quiet(self) -> bool | None:
        """Whether the program would change nothing of the members; None when that is unknown."""
        return None if self.drift is None else not any(one.acted_on for one in self.drift)

    def to_dict(self) -> dict[str, Any]:
        """The status as JSON values."""
        return {
            "schema": SCHEMA,
            "well": not self.problems,
            "quiet": self.quiet,
            **dataclasses.asdict(self),
        }
