"""The world of the stateful tests: controllers, faults, humans, and what must always hold.

The controller, its gateway and its store are the shipped ones; RDS, DynamoDB, CloudWatch and SNS
are the embedded AWS's. Witnesses are played here: they tell the truth, except one that may lie.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs

from botocore.awsrequest import AWSResponse
from botocore.exceptions import ReadTimeoutError

from bicoastal.failover import controller as shipped
from bicoastal.failover import record as requests
from bicoastal.failover.audit import verify_chain
from bicoastal.failover.config import ControllerConfig, Latch, Member
from bicoastal.failover.errors import Conflict, RecordError
from bicoastal.failover.gateway import Clients, Gateway
from bicoastal.failover.replay import replay
from bicoastal.failover.state import Policy, Record, State
from bicoastal.failover.store import RecordStore
from bicoastal.failover.votes import Depth, Verdict, Vote
from bicoastal.proof import rules
from bicoastal.proof.values import DEAD, NOBODY, OK, Slot, Spot
from bicoastal.proof.values import MEMBERS as NAMES

from .in_process import (
    CLUSTER,
    HOME,
    MEMBERS,
    STANDBY,
    TABLE,
    TOPIC,
    WITNESSES,
    InProcessAws,
    response,
)
from .invocations import CrashError, Invocation, ViolationError

START = 1_790_000_000.0
FUNCTION_TIMEOUT_S = 75.0
ARNS = {r: f"arn:aws:rds:{r}:123456789012:cluster:aurora-{r}" for r in MEMBERS}
READS = ("GetItem", "DescribeGlobalClusters", "DescribeDBClusters", "GetMetricStatistics")
WRITES = ("PutItem", "FailoverGlobalCluster", "PutMetricData", "Publish")
FAULTS = (
    "crash before",
    "crash after",
    "throttled",
    "5xx",
    "request lost",
    "answer lost",
)


def hold(invariant: str, condition: object) -> None:
    """Raise ViolationError unless the condition holds."""
    if not condition:
        raise ViolationError(invariant)


def unbroken(problem: str | None) -> None:
    """Raise ViolationError if there is a problem."""
    if problem is not None:
        raise ViolationError(problem)


def config(region: str) -> ControllerConfig:
    """A controller's configuration: two bad rounds, and short timeouts."""
    return ControllerConfig(
        cluster=CLUSTER,
        region=region,
        home_region=HOME,
        members={r: Member(ARNS[r], f"aurora-{r}") for r in MEMBERS},
        witnesses={w: f"probe-{w}" for w in WITNESSES},
        table=TABLE,
        latch=Latch("Bicoastal", "HomeIsWriter", "Cluster", CLUSTER, WITNESSES),
        topic_arn=f"arn:aws:sns:{region}:123456789012:{TOPIC}",
        threshold=2,
        grace_s=5.0,
        cooldown_s=250.0,
        promotion_timeout_s=100.0,
        clean_rounds=1,
    )


CONFIGS = {region: config(region) for region in MEMBERS}
POLICIES = {region: Policy.of(CONFIGS[region]) for region in MEMBERS}


@dataclass
class Fault:
    """What happens to the next calls of an action."""

    call: str
    kind: str
    times: int


@dataclass
class World:
    """One history; every public method is a rule, and one that does not apply does nothing."""

    aws: InProcessAws
    clients: Everywhere
    now: float = START
    alive: dict[str, bool] = field(default_factory=lambda: dict.fromkeys(MEMBERS, True))
    blind: set[str] = field(default_factory=set)
    liar: str | None = None
    faults: list[Fault] = field(default_factory=list)
    parked: list[Invocation] = field(default_factory=list)
    promotions: list[tuple[int, str]] = field(default_factory=list)
    completed: set[int] = field(default_factory=set)
    latch: dict[str, list[tuple[float, int]]] = field(default_factory=dict)
    record: Record = field(default_factory=lambda: Record(CLUSTER, HOME))
    paged: bool = False
    pages: int = 0
    moved: bool = False
    running: Invocation | None = None
    on_promotion: Callable[[], None] = lambda: None

    def __post_init__(self) -> None:
        self.aws.as_new()
        self.clients.hook = self.answer
        dynamodb = self.clients.get("dynamodb", STANDBY, read_timeout_s=2.0)
        dynamodb.delete_item(TableName=TABLE, Key={"cluster": {"S": CLUSTER}})
        self.store = RecordStore(dynamodb, TABLE, CLUSTER, HOME, audit_limit=10_000)

    # --- the controllers

    def begin(self, region: str, rounds: int) -> Invocation:
        """An invocation starts, and stops before its first call."""
        settings = CONFIGS[region]
        # The table is one for all regions, with strong consistency; here it lives in one of them.
        dynamodb = self.clients.get("dynamodb", STANDBY, read_timeout_s=2.0)
        controller = shipped.Controller(
            settings,
            1.0,
            RecordStore(dynamodb, TABLE, CLUSTER, HOME, audit_limit=10_000),
            Gateway(settings, 1.0, self.clients),
            clock=lambda: self.now,
            monotonic=lambda: self.now,
            sleep=self.tick,
            log=lambda _line: None,
        )
        invocation = Invocation(region, lambda: controller.run(rounds=rounds))
        self.go(invocation)
        return invocation

    def go(self, invocation: Invocation, calls: int = 1) -> None:
        """An invocation goes on for a number of calls."""
        for _ in range(calls):
            if invocation.over:
                break
            self.running = invocation
            # Lambda ends what takes too long; RDS knows no token that would refuse it later.
            late = self.now - invocation.since > FUNCTION_TIMEOUT_S
            invocation.advance(crash=late and invocation.waits_for == "FailoverGlobalCluster")
        self.running = None
        self.parked = [other for other in self.parked if not other.over]

    def go_past_write(self, invocation: Invocation) -> None:
        """An invocation goes on until a call has changed something."""
        self.go(invocation)
        while not invocation.over and invocation.waits_for in READS:
            self.go(invocation)

    def run(self, region: str, rounds: int = 2) -> None:
        """A whole invocation, and the rest of its interval."""
        self.go(self.begin(region, rounds), 10_000)
        self.tick(10.0)

    def park(self, region: str, calls: int) -> None:
        """An invocation that stands still after a number of calls."""
        if len(self.parked) < 3:
            invocation = self.begin(region, 3)
            self.parked.append(invocation)
            self.go(invocation, calls)

    def resume(self, number: int, calls: int) -> None:
        """One that stood still goes on."""
        if self.parked:
            self.go(self.parked[number % len(self.parked)], calls)

    def kill(self) -> None:
        """The oldest one ends where it stands."""
        if self.parked:
            self.parked[0].advance(crash=True)
            self.parked.pop(0)

    # --- every call to AWS

    def answer(self, request: Any, action: str, service: str, region: str) -> Any:
        """What a call comes to; may raise what botocore or Lambda would."""
        if self.running is None:
            return self.aws.send(request)
        if service == "lambda":
            return self._vote(request, region)
        self.running.pause(action, self.now)
        self.now += 0.01
        kind = self._fault(action)
        if kind == "crash before":
            raise CrashError
        if kind == "request lost":
            raise ReadTimeoutError(endpoint_url=request.url)
        if kind == "5xx":
            return response(request.url, 503, b"")
        if kind == "throttled":
            self.aws.throttle(action)
        answer = self._effect(request, action, region)
        if kind == "crash after":
            raise CrashError
        if kind == "answer lost":
            raise ReadTimeoutError(endpoint_url=request.url)
        return answer

    def _fault(self, action: str) -> str | None:
        fault = next((f for f in self.faults if f.call == action), None)
        if fault is None:
            return None
        fault.times -= 1
        if not fault.times:
            self.faults.remove(fault)
        return fault.kind

    def _effect(self, request: Any, action: str, region: str) -> AWSResponse:
        asked = len(self.aws.failovers.history)
        answer = self.aws.send(request)
        if answer.status_code == 200:
            if action == "PutItem":
                self._written(request)
            elif action == "PutMetricData":
                self._put(request, region)
            elif action == "Publish":
                self.paged, self.pages = True, self.pages + 1
        if len(self.aws.failovers.history) > asked:
            self._accepted()
        return answer

    def _written(self, request: Any) -> None:
        old, new = self.record, self._read(json.loads(request.body)["Item"])
        hold("a write is conditional on the version that was read", new.version == old.version + 1)
        unbroken(rules.write_breaks(named(old), named(new)))
        self._now(new)
        self.spot_holds()

    def _now(self, new: Record) -> None:
        old, self.record = self.record, new
        kept = old.state is new.state and (
            new.state in (State.HELD, State.LOCKED) or new.noticed or new.bad_rounds > 0
        )
        self.paged = self.paged and kept

    @staticmethod
    def _read(item: Any) -> Record:
        return Record.from_dict(json.loads(item["record"]["S"]))

    def _accepted(self) -> None:
        """RDS begins a promotion: of the record's epoch and target, the only one in that epoch."""
        target = self.aws.target()
        assert target is not None
        stale = 2 if self.record.epoch in self.completed else 0
        slot = Slot("call", 0, MEMBERS.index(target), stale=stale)
        unbroken(rules.call_breaks(self._spot(), named(self.record), slot, slot.what))
        self.promotions.append((self.record.epoch, target))
        self.on_promotion()

    def _put(self, request: Any, region: str) -> None:
        form = parse_qs(request.body if isinstance(request.body, str) else request.body.decode())
        if "MetricData.member.1.Value" in form:
            value = float(form["MetricData.member.1.Value"][0])
            at = datetime.fromisoformat(form["MetricData.member.1.Timestamp"][0]).timestamp()
        else:
            datum = json.loads(request.body)["MetricData"][0]
            value, at = datum["Value"], float(datum["Timestamp"])
        hold("the latch moves after a verified promotion only", value == 1 or self.moved)
        self.latch.setdefault(region, []).append((at, int(value)))

    def _vote(self, request: Any, witness: str) -> AWSResponse:
        member = json.loads(request.body)["region"]
        truth = self.alive[member] != (witness == self.liar)
        verdict = Verdict.UP if truth else Verdict.DOWN
        if witness in self.blind:
            verdict = Verdict.UNKNOWN
        vote = Vote(witness, member, verdict, Depth.GREETING, "stub")
        return response(request.url, 200, json.dumps(vote.to_dict()).encode())

    # --- what must hold

    def dns(self) -> int:
        """Where DNS points: the newest value of each region's latch, two of three."""
        newest = [max(values)[1] for values in self.latch.values() if values]
        return 0 if newest.count(0) < 2 else 1

    def _spot(self) -> Spot:
        target = self.aws.target()
        return Spot(
            0,
            tuple(OK if self.alive[r] else DEAD for r in MEMBERS),  # type: ignore[arg-type]
            MEMBERS.index(self.aws.writer()),
            NOBODY if target is None else MEMBERS.index(target),
            self.dns(),
            False,
            self.paged,
            False,
            (),
        )

    def spot_holds(self) -> None:
        """The invariants of a state."""
        unbroken(rules.spot_breaks(self._spot(), named(self.record)))

    def finale(self) -> None:
        """Whoever stood still goes on; then later rounds bring everything to a good end."""
        while self.parked:
            self.go(self.parked[0], 10_000)
        self.faults.clear()
        self.blind.clear()
        self.liar = None
        for _ in range(20):
            before = self.record
            self.complete()
            self.run(STANDBY)
            self.run(HOME)
            if before.version == self.record.version and self.rests():
                break
        hold(f"L: a good end, not {self.record} with {self._spot()}", self.rests())
        trail = self.store.audit()
        hold("the chain of the trail", not verify_chain(trail))
        problems = replay(trail, POLICIES)
        hold(f"the trail replays: {problems}", not problems)

    def rests(self) -> bool:
        """Nothing is left to do: the region serves, or somebody was called."""
        return rules.at_rest(self._spot(), named(self.record))

    # --- the world and its humans

    def tick(self, seconds: float) -> None:
        """Time passes."""
        self.now += seconds

    def fault(self, call: str, kind: str, times: int) -> None:
        """The next calls of an action go wrong."""
        if len(self.faults) < 3:
            self.faults.append(Fault(call, kind, times))

    def lose(self, region: str) -> None:
        """A member dies."""
        self.alive[region] = False

    def heal(self, region: str) -> None:
        """A member comes back."""
        self.alive[region] = True

    def complete(self, *, fails: bool = False) -> None:
        """RDS ends the promotion that is under way; a dead member cannot be promoted."""
        target = self.aws.target()
        if target is None:
            return
        fails = fails or not self.alive[target]
        self.aws.finish(fails=fails)
        if not fails:
            self.completed.add(self.promotions[-1][0])
            self.moved = self.moved or target == STANDBY

    def rejoin(self) -> None:
        """The old writer, alive again, comes back as a standby."""
        if self.aws.target() is None and all(self.alive.values()):
            self.aws.rejoin()

    def human(self, what: str) -> None:
        """An operator's request."""
        ask: dict[str, Callable[[], Record]] = {
            "arm": lambda: requests.arm(self.store, "human", "test", self.now),
            "disarm": lambda: requests.disarm(self.store, "human", "test", self.now),
            "acknowledge": lambda: requests.acknowledge(self.store, "human", "test", self.now),
            "approve": lambda: requests.approve(self.store, "human", "test", self.now),
            "maintain": lambda: requests.maintain(
                self.store, "human", "test", self.now, until=self.now + 60
            ),
            "unlock": lambda: requests.unlock(
                self.store, "human", "test", self.now, writer=self.aws.writer()
            ),
        }
        calling = any(i.waits_for == "FailoverGlobalCluster" for i in self.parked)
        if what == "unlock" and (calling or self.aws.target() is not None):
            return
        with suppress(RecordError, Conflict):
            self._now(ask[what]())

    def prepare(self, state: State, **changes: Any) -> None:
        """Begin with a record in a state, as if armed and brought there by earlier rounds."""
        human = requests.Note(self.now, "test", "as earlier rounds left it")
        new = replace(self.record, **{"armed": True, **changes}, state=state, since=self.now)
        self._now(self.store.write(self.store.read(), new, human))

    def suspect(self) -> None:
        """Armed, the writer is lost for good, and the window is served: the next round claims."""
        self.lose(HOME)
        run = {"bad_rounds": 1, "first_bad_at": self.now - 15.0, "last_bad_at": self.now - 10.0}
        self.prepare(State.SUSPECT, **run)


class Everywhere(Clients):
    """Clients whose calls go to whoever is in charge of the current history."""

    hook: Callable[[Any, str, str, str], Any]

    def __init__(self) -> None:
        super().__init__(lambda _region: "http://localhost")
        self._hooked: set[int] = set()

    def get(self, service: str, region: str, **options: Any) -> Any:
        client = super().get(service, region, **options)
        if id(client) not in self._hooked:
            self._hooked.add(id(client))

            def answer(request: Any, event_name: str, **_: Any) -> Any:
                return self.hook(request, event_name.rsplit(".", 1)[1], service, region)

            client.meta.events.register("before-send", answer)
        return client


def named(record: Record) -> Record:
    """The record with the proof's names for the members."""
    names = dict(zip(MEMBERS, NAMES, strict=True))
    return replace(
        record,
        writer=names[record.writer],
        target_region=names.get(record.target_region or ""),
    )
