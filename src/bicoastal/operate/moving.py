"""Carrying a planned switchover out, so that no acknowledged write is lost.

AWS waits until the target has everything before it moves the writer. The record is held still
meanwhile; it follows, and DNS with it, once a quorum of witnesses has reached the new writer.
Whoever began it and went away runs the same command again.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from bicoastal.failover.config import ControllerConfig
from bicoastal.failover.gateway import Clients, Gateway
from bicoastal.failover.state import Policy, Record
from bicoastal.failover.store import RecordStore
from bicoastal.failover.switching import abandon_switchover, begin_switchover, finish_switchover
from bicoastal.failover.votes import Topology
from bicoastal.operate.access import Access, Answer, ask
from bicoastal.operate.conduct import Conduct, insist
from bicoastal.operate.errors import Refused
from bicoastal.operate.switching import SwitchPlan, ask_witnesses, unreached

PATIENCE_S = 60.0
"""Seconds beyond twice the promotion's time limit until the watching ends."""
_POLLS_PER_INTERVAL = 5
_UNTOLD_S = 10.0
"""So long an unanswered call may take to show, before it counts as never made."""


def carry_out(access: Access, store: RecordStore, agreed: SwitchPlan, conduct: Conduct) -> Record:
    """Switch over, and watch until the latch is set.

    Args:
        access: the way to the stack.
        store: the record's store.
        agreed: what was planned.
        conduct: who asks, and how it is gone about.

    Returns:
        The record at the end: the target is the writer.

    Raises:
        Refused: it cannot be done, AWS did not do it, or its end was not seen.
        FailoverError: the record could not be written.
    """
    insist(agreed.refusals)
    return _Switch(access, store, agreed, conduct).run()


def switch_over(clients: Clients, writer: str, cluster: str, target_arn: str) -> tuple[str, ...]:
    """Ask AWS to move the writer without loss; asked once.

    Args:
        clients: boto3 clients.
        writer: the writer's region, where AWS wants the call.
        cluster: global cluster identifier.
        target_arn: ARN of the member to promote.

    Returns:
        AWS's request ids.

    Raises:
        botocore.exceptions.ClientError: refused.
        botocore.exceptions.BotoCoreError: no answer; whether it was accepted is unknown.
    """
    client = clients.get("rds", writer, read_timeout_s=10.0, attempts=1)
    answer = client.switchover_global_cluster(
        GlobalClusterIdentifier=cluster, TargetDbClusterIdentifier=target_arn
    )
    return (str(answer["ResponseMetadata"]["RequestId"]),)


@dataclass(frozen=True)
class _Switch:
    """One switchover on its way."""

    access: Access
    store: RecordStore
    agreed: SwitchPlan
    conduct: Conduct

    @property
    def config(self) -> ControllerConfig:
        return self.agreed.config

    @property
    def region(self) -> str:
        return self.agreed.config.region

    @property
    def gateway(self) -> Gateway:
        return Gateway(self.config, self.conduct.pace, self.access.clients)

    @property
    def kept(self) -> float | None:
        """A maintenance that was announced before: it goes on afterwards."""
        until = self.agreed.record.maintenance_until
        return until if until is not None and until > time.time() else None

    def pause(self) -> None:
        self.conduct.sleep(
            Policy.of(self.config, self.conduct.pace).interval_s / _POLLS_PER_INTERVAL
        )

    def run(self) -> Record:
        hold_s = 2 * self.config.promotion_timeout_s / self.conduct.pace + PATIENCE_S
        held = begin_switchover(
            self.store, self.conduct.requester, self.conduct.reason, time.time(),
            region=self.region, hold_s=hold_s,
        )  # fmt: skip
        self.conduct.tell(f"the automation keeps still for {hold_s:.0f} s at most")
        deadline = time.monotonic() + hold_s
        answered = self.agreed.resumes or self._call(held.writer)
        self._moved(deadline, answered)
        self._verified(deadline)
        record = finish_switchover(
            self.store, self.conduct.requester, self.conduct.reason, time.time(),
            region=self.region, maintenance_until=self.kept,
        )  # fmt: skip
        self.conduct.tell(f"the record follows: writer {record.writer}, epoch {record.epoch}")
        self._latched(record, deadline)
        return record

    def _call(self, writer: str) -> bool:
        """Ask for the switchover, once; whether it was answered is the result."""
        arn = self.config.members[self.region].arn
        answer = ask(switch_over, self.access.clients, writer, self.config.cluster, arn)
        if answer.problem is not None and not answer.silent:
            self._abandon(answer.problem)
        # No answer: whether it was accepted shows in the topology; it is not asked twice.
        outcome = f"switchover to {arn} accepted"
        if answer.problem is not None:
            outcome = f"switchover to {arn}: {answer.problem}"
        self.conduct.remember(self.store, outcome, answer.value or (), time.time())
        return answer.problem is None

    def _moved(self, deadline: float, answered: bool) -> None:
        """Wait until RDS has moved the writer, or is sure that it does not."""
        begun, said = time.monotonic(), ""
        while time.monotonic() < deadline:
            topology: Topology | None = ask(self.gateway.topology).value
            if topology is not None and topology.settled:
                if topology.writer == self.region:
                    self.conduct.tell(f"RDS calls {self.region} the writer")
                    return
                if answered or time.monotonic() - begun > _UNTOLD_S / self.conduct.pace:
                    self._abandon(f"RDS left the writer in {topology.writer}")
            words = "RDS is switching over" if topology else "RDS does not answer"
            if words != said:
                said = words
                self.conduct.tell(words)
            self.pause()
        self._unseen("RDS did not end the switchover in time")

    def _verified(self, deadline: float) -> None:
        """Wait until a quorum of witnesses reaches the new writer, and none finds it closed."""
        self.conduct.tell(f"asking the witnesses about {self.region}")
        red: tuple[str, ...] = ()
        while time.monotonic() < deadline:
            votes = ask_witnesses(self.gateway, self.config, self.region)
            red = unreached(votes, self.config) + tuple(
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
                self.conduct.tell(f"latch {record.latch} accepted by {count} regions; DNS follows")
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
            self.store, self.conduct.requester, why, time.time(), maintenance_until=self.kept
        )  # fmt: skip
        raise Refused(f"nothing was moved, and the automation goes on as before: {why}")

    def _unseen(self, why: str) -> None:
        raise Refused(
            f"{why}. The automation keeps still until its maintenance ends; run the same command "
            "again to bring the switchover to its end"
        )
