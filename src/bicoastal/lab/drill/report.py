"""The record of a drill: what was asked, what was done, what was seen, and the verdict.

The JSON form of `DrillReport` is authoritative; everything that is printed is taken from it.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from bicoastal.lab.drill.pages import PageSent
from bicoastal.lab.scenarios import Scenario

SCHEMA: Literal["bicoastal.drill/1"] = "bicoastal.drill/1"
"""Name and version of the report's schema; the number grows when a field changes its meaning."""

Outcome = Literal["pass", "fail", "not promised"]
Source = Literal["drill", "controller", "database", "dns", "health check", "clients"]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Requirement(_Part):
    """One promise of a failover and what was observed of it.

    Attributes:
        id: Short stable name.
        promise: The promise in words.
        outcome: `not promised` marks what the chosen configuration cannot keep.
        observed: What was measured, in words.
    """

    id: str
    promise: str
    outcome: Outcome
    observed: str


class TimelineEntry(_Part):
    """One event.

    Attributes:
        at_s: Seconds after the fault; negative before it.
        source: Who saw or did it.
        text: What happened.
    """

    at_s: float
    source: Source
    text: str


class Phase(_Part):
    """Wall time of one phase of the drill, in seconds."""

    name: str
    seconds: float


class Deployment(_Part):
    """What `TapStack` put into the embedded AWS.

    Attributes:
        resources: Number of resources created, providers and components left out.
        by_type: Resource type to number.
        by_region: Region to number.
        destroyed: Number of resources deleted at the end.
        leftovers: What the program created and the destruction left behind.
    """

    resources: int
    by_type: dict[str, int]
    by_region: dict[str, int]
    destroyed: int = 0
    leftovers: list[str] = []


class RecoveryTime(_Part):
    """The outage as the clients saw it, and its parts, in seconds of the drill's pace.

    Attributes:
        total_s: From the fault to the first write acknowledged by the new writer.
        detect_s: Until the controller first saw the member down.
        decide_s: Until the claim was made and confirmed: the window that was served.
        promote_s: Until the new writer was verified.
        redirect_s: Until DNS answered with the new writer.
        reconnect_s: Until a client's write was acknowledged there.
        floor_s: Window, probe timeout, measured promotion and DNS (latch period and TTL) added
            up: no run can be expected to be quicker than its window.
        silence_s: Longest time without any acknowledged write.
    """

    total_s: float
    detect_s: float
    decide_s: float
    promote_s: float
    redirect_s: float
    reconnect_s: float
    floor_s: float
    silence_s: float


class Write(_Part):
    """One write of a client.

    Attributes:
        client: Number of the client.
        seq: Number of the write within the client.
        id: The row's identity.
        at_s: When it was sent, seconds after the fault.
    """

    client: int
    seq: int
    id: str
    at_s: float


class Writes(_Part):
    """What the oracle found in the final writer.

    Attributes:
        attempted: Writes that the clients began.
        acknowledged: Writes that the database confirmed.
        failed: Writes that were refused for certain.
        unknown: Writes that were sent and never answered.
        lost: Acknowledged and absent.
        phantom: Refused and present.
        duplicates: Present more than once.
        divergent: Present only on the old writer's volume.
        divergent_acknowledged: How many of the divergent ones had been acknowledged.
        rpo_s: Seconds between the earliest lost acknowledgement and the fault; 0 if none.
        tail_only: Whether each client lost only its last writes, as replication in order must.
    """

    attempted: int
    acknowledged: int
    failed: int
    unknown: int
    lost: list[Write]
    phantom: list[Write]
    duplicates: list[Write]
    divergent: list[Write]
    divergent_acknowledged: int
    rpo_s: float
    tail_only: bool


class Load(_Part):
    """What the clients tried, and how the standby followed.

    Attributes:
        writers: Number of client connections.
        writes_per_s: Writes a second over all of them while latency allows.
        replication: `async`, or `semi-sync`: a write is acknowledged when the standby has it.
    """

    writers: int
    writes_per_s: float
    replication: str


class RegionWrites(_Part):
    """The writes of one region, a number for each moment of the series.

    Attributes:
        region: Where they went; empty for attempts that never got an address.
        acknowledged: Writes that the database confirmed.
        failed: Writes that were refused for certain.
        unknown: Writes that were sent and never answered.
    """

    region: str
    acknowledged: list[int]
    failed: list[int]
    unknown: list[int]


class WriteSeries(_Part):
    """All writes, counted by the moment at which their outcome was known.

    Attributes:
        start_s: Where the first moment begins, seconds after the fault.
        bin_s: Length of each moment, in seconds.
        regions: The counts.
    """

    start_s: float
    bin_s: float
    regions: list[RegionWrites]


class DnsAnswer(_Part):
    """A change of what DNS answered for the database's name.

    Attributes:
        at_s: Seconds after the fault.
        region: Member that the name pointed to.
        answer: The record's value.
    """

    at_s: float
    region: str
    answer: str


class MemberState(_Part):
    """One member, at the end of the drill or now."""

    region: str
    role: str
    state: str
    accepts_writes: bool
    detail: str


class LagSample(_Part):
    """The replication lag that the standby's region published.

    Attributes:
        at_s: When it was read, seconds after the fault.
        lag_s: The lag in seconds.
    """

    at_s: float
    lag_s: float


class Observations(_Part):
    """What was seen, placed on one time axis: all that the time line is drawn from.

    Attributes:
        fault_at: Wall clock of second zero, in seconds since the epoch: of the fault in a drill;
            what has no `at_s` (audit, rounds, failovers) is placed by it. None in records of older
            versions.
        series: The writes over time; None if there were none, and in records of older versions.
        lags: The lag as published, beside what the audit trail says of it.
    """

    fault_at: float | None = None
    timeline: list[TimelineEntry]
    recovery_time: RecoveryTime | None
    series: WriteSeries | None = None
    dns: list[DnsAnswer]
    audit: list[dict[str, Any]]
    rounds: list[dict[str, Any]]
    lags: list[LagSample] = []
    members: list[MemberState]


class _Head(_Part):
    """What a file of this kind begins with."""

    schema_version: Literal["bicoastal.drill/1"] = SCHEMA
    tool_version: str


class DrillReport(Observations, _Head):
    """Everything that a drill produced.

    The verdict is `invalid` when a requirement failed while the machine itself stood still for so
    long (`longest_stall_s`) that probes may have timed out for want of a processor.

    Attributes:
        load: What the clients tried; None in records of older versions.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", title=SCHEMA)

    started_at: str
    host: dict[str, str]
    versions: dict[str, str]
    fault: str
    scenario: Scenario | None = None
    broken: bool = False
    armed: bool
    dns_mode: str
    seed: int
    pace: float
    load: Load | None = None
    settings: dict[str, Any]
    limits: list[str]
    deployment: Deployment
    phases: list[Phase]
    writes: Writes
    health_checks: dict[str, Any]
    failovers: list[dict[str, Any]]
    requirements: list[Requirement]
    pages: list[PageSent] = []
    longest_stall_s: float = 0.0
    verdict: Literal["pass", "fail", "invalid"]

    @property
    def failed(self) -> tuple[str, ...]:
        """The requirements that failed."""
        return tuple(each.id for each in self.requirements if each.outcome == "fail")

    @property
    def noticed_by(self) -> tuple[str, ...]:
        """The requirements that noticed the scenario's mutant, of those that have to.

        Empty when it was not deployed, or went unnoticed.
        """
        if not self.broken or self.scenario is None:
            return ()
        return tuple(name for name in self.failed if name in self.scenario.mutant.fails)
