"""A planned switchover: every precondition is looked at first, and no acknowledged write is lost.

AWS waits until the target has everything before it moves the writer, and wants the call in the
writer's region: https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_SwitchoverGlobalCluster.html
The record is held still meanwhile; it follows, and DNS with it, once a quorum of witnesses has
reached the new writer. Whoever began it and went away runs the same command again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from bicoastal.failover.audit import Note
from bicoastal.failover.config import ControllerConfig
from bicoastal.failover.gateway import Gateway, GatewayError, switch_over
from bicoastal.failover.record import annotate
from bicoastal.failover.state import Policy, Record
from bicoastal.failover.store import RecordStore
from bicoastal.failover.switching import (
    AT_REST,
    RETURNING,
    abandon_switchover,
    begin_switchover,
    finish_switchover,
)
from bicoastal.failover.votes import Topology, Verdict, Vote, unknown
from bicoastal.operate import judgement
from bicoastal.operate.access import Access, Answer, Told, ask
from bicoastal.operate.errors import Refused
from bicoastal.operate.gathering import look
from bicoastal.operate.report import Status
from bicoastal.settings import Settings

PATIENCE_S = 60.0
"""Seconds beyond twice the promotion's time limit until the watching ends."""
_POLLS_PER_INTERVAL = 5
_UNTOLD_S = 10.0
"""So long an unanswered call may take to show, before it counts as never made."""


@dataclass(frozen=True)
class SwitchPlan:
    """What a switchover would do.

    Attributes:
        config: the target's controller's configuration.
        record: the record as found.
        preconditions: each one's name, and what is red about it.
        resumes: RDS has moved the writer already, and the record has not followed.
        done: the target is the writer, for RDS and the record.
    """

    config: ControllerConfig
    record: Record
    preconditions: tuple[tuple[str, tuple[str, ...]], ...]
    resumes: bool = False
    done: bool = False

    @property
    def refusals(self) -> tuple[str, ...]:
        """Why it is not done; empty when it can be."""
        return tuple(line for _, lines in self.preconditions for line in lines)

    @property
    def call(self) -> str:
        """The call that would be made."""
        arn = self.config.members[self.config.region].arn or "an unknown ARN"
        return (
            f"rds:SwitchoverGlobalCluster in {self.record.writer}: {self.config.cluster} to {arn}"
        )

    def to_dict(self) -> dict[str, Any]:
        """The plan as JSON values."""
        return {
            "cluster": self.config.cluster,
            "target_region": self.config.region,
            "call": None if self.resumes or self.done else self.call,
            "resumes": self.resumes,
            "done": self.done,
            "preconditions": {name: list(lines) for name, lines in self.preconditions},
            "refusals": list(self.refusals),
            "record": self.record.to_dict(),
        }


def plan(
    access: Access, store: RecordStore, region: str, pace: float, tell: Told = lambda _line: None
) -> SwitchPlan:
    """Look at every precondition. Writes nothing.

    Args:
        access: the way to the stack.
        store: the record's store.
        region: the writer to be.
        pace: by how much durations are divided.
        tell: takes progress.

    Returns:
        The plan.

    Raises:
        FailoverError: the record could not be read.
    """
    record, settings = store.read(), access.target.settings
    status = look(access, pace, tell)
    arns = status.database.arns if status.database else {}
    config = access.target.controller_config(region, arns)
    writer = status.database.writer if status.database else None
    if writer == record.writer == region:
        return SwitchPlan(config, record, (), done=True)
    resumes = writer == region and record.state in AT_REST
    found: list[tuple[str, tuple[str, ...]]]
    if resumes:
        found = [("database", _settled(status)), ("target", ())]
    else:
        found = list(judgement.by_part(status, settings))
        found.append(("versions", _versions(status)))
        found.append(("rest", _rest(record)))
        found.append(("routing", _routing(settings)))
        tell(f"asking the witnesses about {region}")
        votes = ask_witnesses(Gateway(config, pace, access.clients), config, region)
        found.append(("target", _reached(votes, config)))
    return SwitchPlan(config, record, tuple(found), resumes=resumes)


def carry_out(
    access: Access,
    store: RecordStore,
    agreed: SwitchPlan,
    *,
    requester: str,
    reason: str,
    pace: float = 1.0,
    tell: Told = lambda _line: None,
    sleep: Callable[[float], None] = time.sleep,
) -> Record:
    """Switch over, and watch until the latch is set.

    Args:
        access: the way to the stack.
        store: the record's store.
        agreed: what was planned.
        requester: who asks.
        reason: why.
        pace: by how much durations are divided.
        tell: takes progress.
        sleep: waits a number of seconds.

    Returns:
        The record at the end: the target is the writer.

    Raises:
        Refused: it cannot be done, AWS did not do it, or its end was not seen.
        FailoverError: the record could not be written.
    """
    if agreed.refusals:
        raise Refused("; ".join(agreed.refusals))
    return _Switch(access, store, agreed, requester, reason, pace, tell, sleep).run()


def ask_witnesses(gateway: Gateway, config: ControllerConfig, region: str) -> tuple[Vote, ...]:
    """Ask every witness about a member, at the same time.

    Args:
        gateway: makes the calls.
        config: names the witnesses.
        region: the member's region.

    Returns:
        One vote for each witness; UNKNOWN where there was no answer.
    """
    with ThreadPoolExecutor(len(config.witnesses), "witness") as pool:
        asked = {w: pool.submit(ask, gateway.vote, w, region, 0) for w in sorted(config.witnesses)}
        return tuple(_vote(witness, region, vote.result()) for witness, vote in asked.items())


def _vote(witness: str, region: str, answer: Answer) -> Vote:
    vote: Vote | None = answer.value
    return vote or unknown(witness, region, answer.problem or "no vote")


def _settled(status: Status) -> tuple[str, ...]:
    database = status.database
    if database is not None and (database.failover or database.status != "available"):
        return (f"the global database is {database.failover or database.status}",)
    return ()


def _versions(status: Status) -> tuple[str, ...]:
    """AWS refuses members of differing patch levels.

    https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-global-database-upgrade.html
    """
    members = status.database.members if status.database else ()
    versions = {m.region: m.version for m in members if m.version is not None}
    if len(set(versions.values())) <= 1:
        return ()
    words = ", ".join(f"{region} {version}" for region, version in sorted(versions.items()))
    return (f"the members' engine versions differ: {words}",)


def _rest(record: Record) -> tuple[str, ...]:
    if record.state in AT_REST:
        return ()
    cure = " (acknowledge, then rejoin)" if record.state in RETURNING else ""
    return (f"the record is not at rest: {record.state}{cure}",)


def _routing(settings: Settings) -> tuple[str, ...]:
    if settings.dns.mode != "health-check":
        return ()
    why = (
        "dns.mode is health-check: DNS would stay with the home region, whose port still answers "
        "after a switchover, and lead clients to a database that refuses writes"
    )
    return (why,)


def _reached(votes: tuple[Vote, ...], config: ControllerConfig) -> tuple[str, ...]:
    """A quorum of witnesses reaches the member, and none finds it down."""
    down = [f"{v.witness} finds it DOWN: {v.reason}" for v in votes if v.verdict is Verdict.DOWN]
    up = sum(vote.verdict is Verdict.UP for vote in votes)
    if up < config.quorum:
        down.append(f"only {up} of {len(votes)} witnesses reach {config.region}")
    return tuple(down)


@dataclass(frozen=True)
class _Switch:
    """One switchover on its way."""

    access: Access
    store: RecordStore
    agreed: SwitchPlan
    requester: str
    reason: str
    pace: float
    tell: Told
    sleep: Callable[[float], None]

    @property
    def config(self) -> ControllerConfig:
        return self.agreed.config

    @property
    def region(self) -> str:
        return self.agreed.config.region

    @property
    def gateway(self) -> Gateway:
        return Gateway(self.config, self.pace, self.access.clients)

    @property
    def kept(self) -> float | None:
        """A maintenance that was announced before: it goes on afterwards."""
        until = self.agreed.record.maintenance_until
        return until if until is not None and until > time.time() else None

    def pause(self) -> None:
        self.sleep(Policy.of(self.config, self.pace).interval_s / _POLLS_PER_INTERVAL)

    def run(self) -> Record:
        hold_s = 2 * self.config.promotion_timeout_s / self.pace + PATIENCE_S
        held = begin_switchover(
            self.store, self.requester, self.reason, time.time(), region=self.region,
            hold_s=hold_s,
        )  # fmt: skip
        self.tell(f"the automation keeps still for {hold_s:.0f} s at most")
        deadline = time.monotonic() + hold_s
        answered = self.agreed.resumes or self._call(held.writer)
        self._moved(deadline, answered)
        self._verified(deadline)
        record = finish_switchover(
            self.store, self.requester, self.reason, time.time(), region=self.region,
            maintenance_until=self.kept,
        )  # fmt: skip
        self.tell(f"the record follows: writer {record.writer}, epoch {record.epoch}")
        self._latched(record, deadline)
        return record

    def _call(self, writer: str) -> bool:
        """Ask for the switchover, once; whether it was answered is the result."""
        arn = self.config.members[self.region].arn
        try:
            ids = [switch_over(self.access.clients, writer, self.config.cluster, arn)]
            outcome = f"switchover to {arn} accepted"
        except GatewayError as error:
            if error.code:
                self._abandon(str(error))
            # No answer: whether it was accepted shows in the topology; it is not asked twice.
            ids, outcome = [], str(error)
        self.tell(outcome)
        note = Note(time.time(), self.requester, outcome, request_ids=tuple(ids))
        if problem := ask(annotate, self.store, note).problem:
            self.tell(f"the audit trail misses this call: {problem}")
        return bool(ids)

    def _moved(self, deadline: float, answered: bool) -> None:
        """Wait until RDS has moved the writer, or is sure that it does not."""
        begun, said = time.monotonic(), ""
        while time.monotonic() < deadline:
            topology: Topology | None = ask(self.gateway.topology).value
            if topology is not None and topology.settled:
                if topology.writer == self.region:
                    self.tell(f"RDS calls {self.region} the writer")
                    return
                if answered or time.monotonic() - begun > _UNTOLD_S / self.pace:
                    self._abandon(f"RDS left the writer in {topology.writer}")
            words = "RDS is switching over" if topology else "RDS does not answer"
            if words != said:
                said = words
                self.tell(words)
            self.pause()
        self._unseen("RDS did not end the switchover in time")

    def _verified(self, deadline: float) -> None:
        """Wait until a quorum of witnesses reaches the new writer, and none finds it closed."""
        self.tell(f"asking the witnesses about {self.region}")
        red: tuple[str, ...] = ()
        while time.monotonic() < deadline:
            votes = ask_witnesses(self.gateway, self.config, self.region)
            red = _reached(votes, self.config) + tuple(
                f"{vote.witness} finds it read-only" for vote in votes if vote.read_only
            )
            if not red:
                return
            self.pause()
        self._unseen(f"{self.region} was not verified: {'; '.join(red)}")

    def _latched(self, record: Record, deadline: float) -> None:
        """Put the latch now; the controllers put it again every round."""
        latch = self.config.latch
        accepted: Mapping[str, Answer] = {}
        while True:
            put, at = self.gateway.put_latch, time.time()
            with ThreadPoolExecutor(max(1, len(latch.regions)), "latch") as pool:
                puts = {r: pool.submit(ask, put, r, record.latch, at) for r in latch.regions}
                accepted = {region: answer.result() for region, answer in puts.items()}
            count = sum(answer.problem is None for answer in accepted.values())
            if count >= latch.quorum:
                self.tell(f"latch {record.latch} accepted by {count} regions; DNS follows")
                return
            if time.monotonic() >= deadline:
                break
            self.pause()
        problems = "; ".join(f"{r}: {a.problem}" for r, a in accepted.items() if a.problem)
        raise Refused(
            f"{self.region} is the writer, but the latch was not accepted by {latch.quorum} "
            f"regions; the controllers go on putting it ({problems})"
        )

    def _abandon(self, why: str) -> None:
        """The writer stays where it is: let the automation go on."""
        abandon_switchover(
            self.store, self.requester, why, time.time(), maintenance_until=self.kept
        )  # fmt: skip
        raise Refused(f"nothing was moved, and the automation goes on as before: {why}")

    def _unseen(self, why: str) -> None:
        raise Refused(
            f"{why}. The automation keeps still until its maintenance ends; run the same command "
            "again to bring the switchover to its end"
        )
