"""Putting what a drill saw together into its record."""

from __future__ import annotations

import dataclasses
import importlib.metadata
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from bicoastal import __version__
from bicoastal.failover.config import probe_timeout
from bicoastal.failover.record import Entry
from bicoastal.failover.replay import replay
from bicoastal.failover.state import Policy
from bicoastal.lab import oracle
from bicoastal.lab.aws import MemberStatus
from bicoastal.lab.databases import find_server
from bicoastal.lab.drill.followers import Follower
from bicoastal.lab.drill.options import DrillOptions
from bicoastal.lab.drill.pages import PageSent
from bicoastal.lab.drill.recording import Recording, host
from bicoastal.lab.drill.recovery import (
    Milestones,
    longest_silence,
    milestones,
    recovery_time,
)
from bicoastal.lab.drill.replication import Replication
from bicoastal.lab.drill.report import (
    Deployment,
    DnsAnswer,
    DrillReport,
    Load,
    MemberState,
    RecoveryTime,
    Requirement,
    Write,
    Writes,
)
from bicoastal.lab.drill.series import write_series
from bicoastal.lab.drill.verdict import Observed, judge, passed
from bicoastal.lab.history import History, Op
from bicoastal.lab.network import AddressPlan
from bicoastal.lab.route53 import AnswerChange, CheckReport
from bicoastal.settings import Settings

RECENT_S = 1.0
"""How old the last acknowledged write of who still serves may be, in seconds."""
STALL_S = 0.4
"""A probe's shortest time-out: a machine that stands still for longer judges itself."""


@dataclass
class Seen:
    """What a drill saw. Wall times are seconds since the epoch, others monotonic seconds.

    Attributes:
        steady: The clients' attempts before the fault.
        fault_wall_s: When the primary was lost.
        fault_s: The same moment on the monotonic clock.
        healed_wall_s: When it was brought back.
        pages: What humans were told since the fault.
        longest_stall_s: How long the machine stood still at most, in seconds.
        members: The members at the end.
        failovers: What the embedded AWS did, with its times.
        history: The clients' attempts.
        rounds: The controllers' rounds.
        audit: The controller's audit trail.
        policies: Each controller's policy, by region.
        answers: Changes of the DNS answer.
        final_state: State of the decision record at the end.
        health_checks: The health checks at the end.
        refusals: Standby region to its answer to an attempt to write; empty text: it took it.
        further: The further standbys at the end.
        final_rows: What the final writer holds.
        old_rows: What the old writer's volume holds; None if there is none.
    """

    steady: Sequence[Op] = ()
    fault_wall_s: float = 0.0
    fault_s: float = 0.0
    healed_wall_s: float | None = None
    pages: Sequence[PageSent] = ()
    longest_stall_s: float = 0.0
    members: list[MemberStatus] = field(default_factory=list)
    failovers: list[dict[str, Any]] = field(default_factory=list)
    history: History = field(default_factory=History)
    rounds: list[dict[str, Any]] = field(default_factory=list)
    audit: list[Entry] = field(default_factory=list)
    policies: dict[str, Policy] = field(default_factory=dict)
    answers: list[AnswerChange] = field(default_factory=list)
    final_state: str = ""
    health_checks: Sequence[CheckReport] = ()
    refusals: dict[str, str] = field(default_factory=dict)
    further: tuple[Follower, ...] = ()
    final_rows: list[oracle.Row] = field(default_factory=list)
    old_rows: list[oracle.Row] | None = None


def assemble(
    seen: Seen,
    *,
    settings: Settings,
    options: DrillOptions,
    plan: AddressPlan,
    recording: Recording,
    deployment: Deployment,
) -> DrillReport:
    """Judge what was seen and write the record.

    Args:
        seen: What was seen.
        settings: What was deployed.
        options: The drill's choices.
        plan: Tells which address leads to which member.
        recording: Phases and timeline.
        deployment: What was deployed and destroyed.

    Returns:
        The record.
    """
    origin = seen.fault_wall_s
    audit = [dataclasses.asdict(entry) for entry in seen.audit]
    reached = milestones(audit, origin)
    dns = dns_answers(seen.answers, origin)
    writes = _writes(seen)
    recovery = _recovery(seen, settings, options, plan, reached)
    members = [_member(member, seen.refusals) for member in seen.members]
    requirements = judge(
        Observed(
            expect=options.scenario.expect,
            dns_mode=settings.dns.mode,
            home=settings.regions.home,
            standby=settings.regions.standby,
            steady_share=sum(op.outcome == "ok" for op in seen.steady) / max(1, len(seen.steady)),
            refused_after_fault=sum(
                op.outcome != "ok" and op.done_s > seen.fault_s for op in seen.history.ops
            ),
            promotions=tuple(f["target"] for f in seen.failovers if f["state"] == "done"),
            verified_at_s=None if reached.verified is None else reached.verified - origin,
            recovery=recovery,
            writes=writes,
            rpo_budget_s=settings.failover.rpo_budget_s,
            replication=options.replication,
            dns=tuple(dns),
            healed_at_s=None if seen.healed_wall_s is None else seen.healed_wall_s - origin,
            old_member=next(m for m in members if m.region == settings.regions.home),
            audit_intact=not replay(seen.audit, seen.policies),
            final_state=seen.final_state,
            serving=_serving(seen.history.ops, plan),
            pages=tuple(seen.pages),
            told="\n".join(entry.reason for entry in seen.audit),
            leftovers=tuple(deployment.leftovers),
            further=seen.further,
        )
    )
    return DrillReport(
        tool_version=__version__,
        started_at=datetime.fromtimestamp(recording.started_at, UTC).isoformat(),
        fault_at=origin,
        host=host(),
        versions=versions(),
        fault=options.scenario.name,
        scenario=options.scenario,
        broken=options.broken,
        armed=options.armed,
        dns_mode=settings.dns.mode,
        seed=options.seed,
        pace=options.pace,
        load=Load(
            writers=options.writers,
            writes_per_s=options.writes_per_s,
            replication=options.replication,
        ),
        settings=settings.model_dump(mode="json", by_alias=True),
        limits=limits(options.pace, options.replication),
        deployment=deployment,
        phases=recording.phases,
        timeline=recording.timeline(origin),
        recovery_time=recovery,
        writes=writes,
        series=write_series(seen.history.ops, plan.member_of, origin),
        dns=dns,
        health_checks={check.id: dataclasses.asdict(check) for check in seen.health_checks},
        audit=audit,
        rounds=seen.rounds,
        failovers=seen.failovers,
        members=members,
        requirements=requirements,
        pages=list(seen.pages),
        longest_stall_s=seen.longest_stall_s,
        verdict=_verdict(requirements, seen, options),
    )


def dns_answers(answers: Sequence[AnswerChange], origin: float) -> list[DnsAnswer]:
    """Place what DNS answered on the time axis.

    Args:
        answers: Every change of the answer.
        origin: Wall clock of second zero.
    """
    return [
        DnsAnswer(
            at_s=answer.wall_s - origin,
            region=answer.member or answer.code,
            answer=" ".join((*answer.chain, answer.address or answer.code)),
        )
        for answer in answers
    ]


def _verdict(
    requirements: list[Requirement], seen: Seen, options: DrillOptions
) -> Literal["pass", "fail", "invalid"]:
    if passed(requirements):
        return "pass"
    # A mutant's failure counts whatever the machine did: it was asked for.
    return "invalid" if seen.longest_stall_s > STALL_S and not options.broken else "fail"


def _serving(ops: Sequence[Op], plan: AddressPlan) -> str | None:
    """The region of the last acknowledged write, unless it is long ago."""
    last = next((op for op in reversed(ops) if op.outcome == "ok"), None)
    if last is None or ops[-1].done_s - last.done_s > RECENT_S:
        return None
    return plan.member_of(last.address)


def versions() -> dict[str, str]:
    """Give the versions of what the drill ran on."""
    packages = ("ministack", "pulumi", "pulumi-aws", "boto3", "PyMySQL", "dnspython")
    return {"mariadb": find_server().version} | {
        package: importlib.metadata.version(package) for package in packages
    }


def limits(pace: float, replication: Replication) -> list[str]:
    """Say what the figures do not tell.

    Args:
        pace: Seconds of AWS time in one second of the drill.
        replication: When a write was acknowledged.
    """
    semi_sync = "writes waited for the standby: an Aurora global database is always asynchronous"
    return [
        *([semi_sync] if replication is Replication.SEMI_SYNC else []),
        "the databases are MariaDB with GTID replication; Aurora replicates in its storage",
        f"detect, decide and redirect ran {pace:g} times faster than AWS would with these settings",
        "promotion is MariaDB's plus a fixed second; Aurora's own is not measured here",
        "clients and databases speak without TLS in the lab, and no real region was involved",
    ]


def _writes(seen: Seen) -> Writes:
    judgement = oracle.judge(seen.history, seen.final_rows, seen.old_rows, fault_s=seen.fault_s)
    ops = seen.history.ops
    sent = {op.id: op.invoked_wall_s - seen.fault_wall_s for op in ops}

    def listed(writes: Sequence[oracle.Write]) -> list[Write]:
        return [
            Write(client=w.client, seq=w.seq, id=w.id, at_s=sent.get(w.id, 0.0)) for w in writes
        ]

    return Writes(
        attempted=len(ops),
        acknowledged=judgement.acked,
        failed=sum(op.outcome == "fail" for op in ops),
        unknown=sum(op.outcome == "unknown" for op in ops),
        lost=listed(judgement.lost),
        phantom=listed([*judgement.phantom, *judgement.foreign]),
        duplicates=listed(judgement.duplicates),
        divergent=listed(judgement.divergent),
        divergent_acknowledged=judgement.divergent_acked,
        rpo_s=judgement.rpo_s or 0.0,
        tail_only=all(judgement.prefix_ok.values()),
    )


def _recovery(
    seen: Seen,
    settings: Settings,
    options: DrillOptions,
    plan: AddressPlan,
    reached: Milestones,
) -> RecoveryTime | None:
    standby, failover = settings.regions.standby, settings.failover
    acknowledged = [op for op in seen.history.ops if op.outcome == "ok"]
    served = [
        op.done_wall_s
        for op in acknowledged
        if plan.member_of(op.address) == standby and op.done_s > seen.fault_s
    ]
    redirected = [a.wall_s for a in seen.answers if a.member == standby]
    promotion_s = sum(
        f["flipped_at"] - f["accepted_at"] for f in seen.failovers[:1] if f["state"] == "done"
    )
    return recovery_time(
        fault_at=seen.fault_wall_s,
        reached=reached,
        redirected_at=min(redirected, default=None),
        served_at=min(served, default=None),
        silence_s=longest_silence([op.done_s for op in acknowledged]),
        floor_s=(failover.window_s + settings.dns.ttl_s) / options.pace
        + probe_timeout(failover.probe_timeout_s, options.pace)
        + promotion_s,
    )


def _member(member: MemberStatus, refusals: dict[str, str]) -> MemberState:
    refusal = refusals.get(member.region, "")
    return MemberState(
        region=member.region,
        role=member.role,
        state=member.state,
        accepts_writes=not refusal,
        detail=refusal or member.error or "",
    )
