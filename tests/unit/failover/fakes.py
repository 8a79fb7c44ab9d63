"""In-memory stand-ins for clock, record store and AWS; they say that they are fakes."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from bicoastal.failover.audit import Entry, Note, link
from bicoastal.failover.config import ControllerConfig, Latch, Member
from bicoastal.failover.errors import Conflict
from bicoastal.failover.gateway import GatewayError
from bicoastal.failover.state import Policy, Record, State
from bicoastal.failover.votes import Depth, Evidence, Topology, Verdict, Vote

HOME, STANDBY, WITNESS = "us-east-1", "us-west-2", "us-east-2"
WITNESSES = (HOME, STANDBY, WITNESS)
FURTHER = "eu-west-1"
HOME_ARN = "arn:aws:rds:us-east-1:123456789012:cluster:aurora-use1-dev"
STANDBY_ARN = "arn:aws:rds:us-west-2:123456789012:cluster:aurora-usw2-dev"
ARNS = {HOME: HOME_ARN, STANDBY: STANDBY_ARN}
HEALTHY = Topology(HOME, settled=True, standby_ready=True, connected=True)
MOVED = Topology(STANDBY, settled=True)
MOVING = Topology(HOME, settled=False, failover_target=STANDBY_ARN, standby_ready=True)

POLICY = Policy(
    region=STANDBY, arn=STANDBY_ARN, home_region=HOME, threshold=3, grace_s=5.0, clean_rounds=2,
    further=(FURTHER,),
)  # fmt: skip


def config(region: str = STANDBY, **changes: Any) -> ControllerConfig:
    """A controller's configuration with the short window of POLICY."""
    values: dict[str, Any] = {
        "cluster": "global-dev",
        "region": region,
        "home_region": HOME,
        "members": {HOME: Member(HOME_ARN, "home"), STANDBY: Member(STANDBY_ARN, "standby")},
        "witnesses": {witness: f"probe-{witness}" for witness in WITNESSES},
        "table": "record-dev",
        "latch": Latch("Bicoastal", "HomeIsWriter", "Cluster", "global-dev", WITNESSES),
        "topic_arn": "arn:aws:sns:us-west-2:123456789012:pages",
        "threshold": 3,
        "grace_s": 5.0,
        "clean_rounds": 2,
    }
    return ControllerConfig(**{**values, **changes})


def votes(letters: str, member: str = HOME, **changes: Any) -> tuple[Vote, ...]:
    """Votes of home, standby and witness: U is UP, D is DOWN, ? is UNKNOWN, - is no vote."""
    verdicts = {"U": Verdict.UP, "D": Verdict.DOWN, "?": Verdict.UNKNOWN}
    return tuple(
        replace(Vote(region, member, verdicts[letter], Depth.GREETING, "fake"), **changes)
        for region, letter in zip(WITNESSES, letters, strict=True)
        if letter != "-"
    )


def evidence(at: float, letters: str, member: str = HOME, **changes: Any) -> Evidence:
    """Evidence of a healthy topology unless told otherwise."""
    return Evidence(at, votes(letters, member), **{"topology": HEALTHY, **changes})


def armed(state: State = State.STEADY, **changes: Any) -> Record:
    """An armed record."""
    values: dict[str, Any] = {
        "cluster": "global-dev",
        "writer": HOME,
        "version": 7,
        "armed": True,
        "since": 980.0,
    }
    return Record(**{**values, "state": state, **changes})


@dataclass
class FakeClock:
    """Time that passes only when somebody sleeps or a fake call takes its time."""

    now: float = 1000.0
    slept: list[float] = field(default_factory=list)

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


@dataclass
class FakeStore:
    """A record store in memory, with the same condition as the real one."""

    record: Record
    entries: list[Entry] = field(default_factory=list)
    history: list[Record] = field(default_factory=list)
    before_write: Callable[[Record], None] = lambda record: None
    home_region: str = HOME

    def read(self) -> Record:
        return self.record

    def write(self, old: Record, new: Record, note: Note | None) -> Record:
        self.before_write(new)
        if old != self.record:
            raise Conflict("fake: somebody was quicker")
        self.record = replace(new, version=old.version + 1)
        self.history.append(self.record)
        if note is not None:
            trail = [entry.to_json() for entry in self.entries[-1:]]
            self.entries.append(link(trail, old, self.record, note))
        return self.record


@dataclass
class FakeWorld:
    """AWS in memory: what the witnesses say, what RDS does, what was asked for."""

    verdicts: dict[str, str] = field(default_factory=lambda: {HOME: "UUU", STANDBY: "UUU"})
    topology_value: Topology | None = HEALTHY
    lag_value: tuple[float, float] | None = None
    deaf: set[str] = field(default_factory=set)
    promotions: list[str] = field(default_factory=list)
    latches: list[tuple[str, int]] = field(default_factory=list)
    pages: list[str] = field(default_factory=list)
    asked: list[tuple[str, str]] = field(default_factory=list)
    on_promote: Callable[[str], None] | None = None
    on_vote: Callable[[], None] = lambda: None
    requests: Iterable[int] = field(default_factory=itertools.count)

    def vote(self, witness: str, member: str, number: int) -> Vote:
        self.asked.append((witness, member))
        self.on_vote()
        if witness in self.deaf:
            raise GatewayError(f"fake: {witness} does not answer")
        found = {vote.witness: vote for vote in votes(self.verdicts[member], member)}
        return found[witness]

    def topology(self) -> Topology:
        if self.topology_value is None:
            raise GatewayError("fake: RDS does not answer")
        return self.topology_value

    def promote(self, target_arn: str) -> str:
        self.promotions.append(target_arn)
        if self.on_promote is not None:
            self.on_promote(target_arn)
        else:
            self.topology_value = MOVED
        return f"request-{len(self.promotions)}"

    def put_latch(self, region: str, value: int, at: float) -> None:
        if region in self.deaf:
            raise GatewayError(f"fake: CloudWatch in {region} does not answer")
        self.latches.append((region, value))

    def lag(self, before: float) -> tuple[float, float] | None:
        return self.lag_value

    def page(self, subject: str, message: str) -> None:
        self.pages.append(subject)
        if "sns" in self.deaf:
            raise GatewayError("fake: SNS does not answer")
