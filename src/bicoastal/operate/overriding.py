"""A failover that a human asks for: shown first, then written, carried out and watched to its end.

The intent is written before anything is asked of RDS, with the target fixed, exactly as a
controller does it. So whoever started it may go away: the controllers bring it to its end.
"""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from bicoastal.failover import guards
from bicoastal.failover.config import BINLOG_REPLICA, ControllerConfig
from bicoastal.failover.controller import Controller
from bicoastal.failover.gateway import Gateway, GatewayError
from bicoastal.failover.guards import View
from bicoastal.failover.record import request_failover
from bicoastal.failover.state import Policy, Record, State
from bicoastal.failover.store import RecordStore
from bicoastal.failover.votes import Evidence, Topology, Verdict, Vote, unknown
from bicoastal.operate.access import Access, Answer, Told, ask
from bicoastal.operate.conduct import Conduct, insist
from bicoastal.operate.errors import Refused

DONE = (State.COOLDOWN, State.REJOINING, State.OBSERVE, State.LOCKED)
PATIENCE_S = 60.0
"""Seconds beyond the decision's own time limits until the watching ends."""
STOPPED_LAG_S = 1.0
"""So little lag is left of a replica by binary log when its source has been still for a while."""
_POLLS_PER_INTERVAL = 5
_UNDER_WAY = (State.FENCING, State.PROMOTING, State.REDIRECTING)


@dataclass(frozen=True)
class Plan:
    """What a failover would do.

    Attributes:
        config: the target's controller's configuration.
        record: the record as found.
        evidence: what the witnesses and AWS said.
        gates: each gate of the automatic failover, and what is red about it.
        refusals: why it is not done; empty when it can be.
    """

    config: ControllerConfig
    record: Record
    evidence: Evidence
    gates: tuple[tuple[str, str | None], ...]
    refusals: tuple[str, ...]

    @property
    def cluster(self) -> str:
        """Global cluster identifier."""
        return self.config.cluster

    @property
    def done(self) -> bool:
        """Never: a failover to the writer is refused."""
        return False

    @property
    def is_replica(self) -> bool:
        """Whether the target is a replica by binary log, outside of a global database."""
        return self.config.topology == BINLOG_REPLICA

    @property
    def target_arn(self) -> str:
        """ARN that the promotion would name."""
        return self.config.members[self.config.region].arn

    @property
    def call(self) -> str:
        """The call that would be made."""
        if self.is_replica:
            name = self.config.members[self.config.region].cluster_id
            return f"rds:PromoteReadReplicaDBCluster in {self.config.region}: {name}"
        return (
            f"rds:FailoverGlobalCluster in {self.config.region}: {self.config.cluster} to "
            f"{self.target_arn or 'an unknown ARN'}, AllowDataLoss"
        )

    def to_dict(self) -> dict[str, Any]:
        """The plan as JSON values."""
        return {
            "cluster": self.config.cluster,
            "target_region": self.config.region,
            "target_arn": self.target_arn or None,
            "call": self.call,
            "gates": dict(self.gates),
            "refusals": list(self.refusals),
            "record": self.record.to_dict(),
            "evidence": self.evidence.to_dict(),
        }


def plan(
    access: Access,
    store: RecordStore,
    region: str,
    pace: float,
    tell: Told = lambda _line: None,
    *,
    stopped: bool = False,
) -> Plan:
    """Find out what a failover to a region would do, and whether it can be done. Writes nothing.

    Args:
        access: the way to the stack.
        store: the record's store.
        region: the region to promote.
        pace: by how much durations are divided.
        tell: takes progress.
        stopped: of a replica by binary log: nobody writes any more, a human says.

    Returns:
        The plan.

    Raises:
        FailoverError: the record could not be read.
    """
    record = store.read()
    tell(f"asking RDS in {region}, and the witnesses about {record.writer}")
    arns = ask(_arns, access, region)
    config = access.target.controller_config(region, arns.value or {})
    gateway = Gateway(config, pace, access.clients)
    before = record.first_bad_at if record.first_bad_at is not None else time.time()
    with ThreadPoolExecutor(len(config.witnesses) + 2, "plan") as pool:
        votes = {
            witness: pool.submit(ask, gateway.vote, witness, record.writer, 0)
            for witness in sorted(config.witnesses)
        }
        lag = pool.submit(ask, gateway.lag, before)
        topology = ask(gateway.topology) if arns.value else arns
        measured = lag.result().value
        now = time.time()
        evidence = Evidence(
            taken_at=now,
            votes=tuple(
                _vote(witness, record.writer, vote.result()) for witness, vote in votes.items()
            ),
            topology=topology.value,
            lag_s=measured[0] if measured else None,
            lag_age_s=round(max(0.0, now - measured[1]), 3) if measured else None,
        )
    policy = Policy.of(config, pace)
    view = View(record, evidence, now, policy, guards.tally(record, evidence, now, policy))
    gates = tuple((gate.__name__.removeprefix("gate_"), gate(view)) for gate in guards.GATES)
    why = refusals(view, config, topology.problem, stopped=stopped)
    return Plan(config, record, evidence, gates, (*why, *access.target.unnamed(region)))


def refusals(
    view: View, config: ControllerConfig, problem: str | None, *, stopped: bool = False
) -> tuple[str, ...]:
    """Why a human's failover is not done. Gates other than these are the human's to overrule.

    Args:
        view: the record and what was seen.
        config: the target's controller's configuration.
        problem: why RDS did not describe the global database.
        stopped: of a replica by binary log: nobody writes any more, a human says.

    Returns:
        The reasons; empty when it can be done.
    """
    record, region = view.record, config.region
    topology: Topology | None = view.evidence.topology
    if region == record.writer:
        return (f"{region} is the writer already",)
    if record.state in _UNDER_WAY:
        return (f"a failover to {record.target_region} is under way already ({record.state})",)
    if record.state is State.LOCKED:
        return ("the record is LOCKED: say first which region is the writer (unlock)",)
    if topology is None:
        return (f"RDS in {region} does not say whether it can be promoted: {problem}",)
    if topology.writer == region:
        return (f"RDS calls {region} the writer already; correct the record (unlock)",)
    red = guards.gate_standby(view)
    if red is None and config.topology == BINLOG_REPLICA:
        red = _two_writers(view, stopped=stopped)
    return () if red is None else (red,)


def _two_writers(view: View, *, stopped: bool) -> str | None:
    """Nothing fences the source of a replica by binary log: it must be gone, or stand still.

    https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/AuroraMySQL.Replication.CrossRegion.Promote.html
    """
    writer, lag = view.record.writer, view.evidence.lag_s
    if stopped:
        if lag is not None and lag <= STOPPED_LAG_S:
            return None
        words = "unknown" if lag is None else f"{lag:.1f} s"
        return f"the replica's lag is {words}: stop all writes, and wait until it has everything"
    up = [v.witness for v in view.evidence.votes if v.verdict is Verdict.UP]
    if not up:
        return None
    return (
        f"{writer} answers ({', '.join(up)}), and nothing keeps it from taking writes beside the "
        "new writer: stop the applications, then say --stopped"
    )


def carry_out(access: Access, store: RecordStore, agreed: Plan, conduct: Conduct) -> Record:
    """Fail over, and watch until DNS has been moved.

    Args:
        access: the way to the stack.
        store: the record's store.
        agreed: what was planned.
        conduct: who asks, and how it is gone about.

    Returns:
        The record at the end: COOLDOWN (or later) when it serves, LOCKED when it failed.

    Raises:
        Refused: it cannot be done, or its end was not seen.
        FailoverError: the record could not be written, so that nothing was asked of RDS.
    """
    insist(agreed.refusals)
    config, arn, pace, tell = agreed.config, agreed.target_arn, conduct.pace, conduct.tell
    record = request_failover(
        store,
        conduct.requester,
        conduct.reason,
        time.time(),
        region=config.region,
        arn=arn,
        evidence=agreed.evidence.to_dict(),
    )
    tell(f"intent written: {record.state} to {config.region} in epoch {record.epoch}")
    gateway = Gateway(config, pace, access.clients, by_hand=True)
    request_ids: tuple[str, ...] = ()
    try:
        request_ids = (gateway.promote(arn),)
        outcome = f"promotion of {arn} accepted"
    except GatewayError as error:
        # Also when a controller was quicker. Whether it goes on is seen below, for this target.
        outcome = str(error)
    conduct.remember(store, outcome, request_ids, time.time())
    controller = Controller(config, pace, store, gateway, log=lambda line: _narrate(line, tell))
    pause_s = Policy.of(config, pace).interval_s / _POLLS_PER_INTERVAL
    # The decision itself ends a promotion and a redirection that take longer than they may.
    deadline = time.monotonic() + 2 * config.promotion_timeout_s / pace + PATIENCE_S
    while time.monotonic() < deadline:
        controller.run(rounds=1)
        answer = ask(store.read)
        if answer.value is not None and answer.value.state in DONE:
            found: Record = answer.value
            return found
        conduct.sleep(pause_s)
    raise Refused(
        "the failover was begun, but its end was not seen; the controllers go on with it. "
        "Look at it with 'bicoastal status'"
    )


def _arns(access: Access, region: str) -> dict[str, str]:
    """The members' ARNs, as RDS of a region knows them."""
    client = access.clients.get("rds", region, attempts=1)
    names = access.target.names
    if not access.target.settings.is_global:
        found = client.describe_db_clusters(DBClusterIdentifier=names.cluster(region))
        return {region: str(found["DBClusters"][0]["DBClusterArn"])}
    name = names.global_cluster
    group = client.describe_global_clusters(GlobalClusterIdentifier=name)["GlobalClusters"][0]
    arns = [str(member["DBClusterArn"]) for member in group["GlobalClusterMembers"]]
    return {arn.split(":")[3]: arn for arn in arns}


def _vote(witness: str, member: str, answer: Answer) -> Vote:
    vote: Vote | None = answer.value
    return vote or unknown(witness, member, answer.problem or "no vote")


def _narrate(line: str, tell: Told) -> None:
    """A controller's log line as progress."""
    event = json.loads(line)
    if event["event"] == "round":
        tell(f"{event.get('state', '')}: {event['reason']}")
    else:
        tell(str(event.get("problem") or event.get("subject")))
