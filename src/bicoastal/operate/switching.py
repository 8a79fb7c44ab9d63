"""Whether a planned switchover can be made: every precondition, before anything is asked for.

AWS needs a healthy pair, and wants the call in the writer's region:
https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_SwitchoverGlobalCluster.html
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from bicoastal.failover.config import ControllerConfig
from bicoastal.failover.gateway import Gateway
from bicoastal.failover.state import Record
from bicoastal.failover.store import RecordStore
from bicoastal.failover.switching import AT_REST, RETURNING
from bicoastal.failover.votes import Verdict, Vote, unknown
from bicoastal.operate import judgement
from bicoastal.operate.access import Access, Answer, Told, ask
from bicoastal.operate.gathering import look
from bicoastal.operate.report import Status
from bicoastal.settings import Settings


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
    def cluster(self) -> str:
        """Global cluster identifier."""
        return self.config.cluster

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
        parts = judgement.by_part(status, settings)
        # That only people watch over the writer is a reason to move it, not one against it.
        found = [part for part in parts if part[0] != judgement.PROTECTION]
        found.append(("versions", _versions(status)))
        found.append(("rest", _rest(record)))
        found.append(("routing", _routing(settings) + access.target.unnamed(region)))
        tell(f"asking the witnesses about {region}")
        votes = ask_witnesses(Gateway(config, pace, access.clients), config, region)
        found.append(("target", unreached(votes, config)))
    return SwitchPlan(config, record, tuple(found), resumes=resumes)


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


def unreached(votes: tuple[Vote, ...], config: ControllerConfig) -> tuple[str, ...]:
    """Why the witnesses' votes do not say that a member can be reached.

    Args:
        votes: one for each witness.
        config: the quorum, and the member's region.

    Returns:
        The reasons; empty when a quorum reaches it and none finds it down.
    """
    down = [f"{v.witness} finds it DOWN: {v.reason}" for v in votes if v.verdict is Verdict.DOWN]
    up = sum(vote.verdict is Verdict.UP for vote in votes)
    if up < config.quorum:
        down.append(f"only {up} of {len(votes)} witnesses reach {config.region}")
    return tuple(down)
