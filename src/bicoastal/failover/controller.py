"""The loop around the decision: read the record, gather evidence, decide, write, act, repeat.

An invocation may end anywhere, run twice, or come late. So nothing is remembered here that the
decision needs: the record is read anew every round, a write that is not the first one loses, and
the promotion names only the target that is in the record.
"""

from __future__ import annotations

import json
import math
import sys
import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import replace
from typing import Any, Protocol

from bicoastal.failover import decision
from bicoastal.failover.audit import Note
from bicoastal.failover.config import ControllerConfig
from bicoastal.failover.errors import Conflict, FailoverError, RecordError, StoreError
from bicoastal.failover.gateway import GatewayError
from bicoastal.failover.holding import is_planned
from bicoastal.failover.state import Gather, Page, Policy, Promote, Record, SetLatch, State, Step
from bicoastal.failover.votes import Evidence, Topology, Verdict, Vote, unknown

# Left over at the end of an invocation: for one write, one promotion call, one page.
MARGIN_S = 4.0
# How much more often the record is looked at while a promotion or a redirection is under way.
_POLLS_PER_INTERVAL = 5
_HURRIED = (State.PROMOTING, State.REDIRECTING)


class Store(Protocol):
    """What the controller needs of the record's store."""

    def read(self) -> Record:
        """Read the record, consistently."""

    def write(self, old: Record, new: Record, note: Note | None) -> Record:
        """Write it if it is still the old one, else raise Conflict."""


class World(Protocol):
    """What the controller needs of AWS; see `gateway.Gateway`."""

    def vote(self, witness: str, member: str, number: int) -> Vote:
        """Ask a witness about a member."""

    def topology(self) -> Topology:
        """Describe the global database."""

    def promote(self, target_arn: str) -> str:
        """Promote a member and return the request id."""

    def put_latch(self, region: str, value: int, at: float) -> None:
        """Put the latch's value, decided at that time, into one region."""

    def lag(self, before: float) -> tuple[float, float] | None:
        """The last lag before a moment, and when it was measured."""

    def page(self, subject: str, message: str) -> None:
        """Wake a human."""


class Controller:
    """One invocation of the controller.

    Args:
        config: the configuration.
        pace: by how much durations are divided.
        store: the record's store.
        world: the calls to AWS.
        clock: seconds since the epoch.
        monotonic: seconds that never jump.
        sleep: waits a number of seconds.
        log: takes one line of JSON per event.
    """

    def __init__(
        self,
        config: ControllerConfig,
        pace: float,
        store: Store,
        world: World,
        *,
        clock: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        log: Callable[[str], object] | None = None,
    ) -> None:
        self._config = config
        self._policy = Policy.of(config, pace)
        self._run_s = config.run_s / pace
        self._latch_interval_s = config.latch_interval_s / pace
        self._timeout_s = config.vote_timeout(pace)
        self._store = store
        self._world = world
        self._clock = clock
        self._monotonic = monotonic
        self._sleep = sleep
        self._log = log or _to_stdout
        self._pool: ThreadPoolExecutor | None = None
        self._latched: tuple[int | None, int] = (None, 0)
        self._latched_at = -math.inf
        self._asked_at = -math.inf
        self._last_outcome = ""
        self._paged: tuple[Any, ...] | None = None

    def run(
        self, *, rounds: int | None = None, remaining: Callable[[], float] = lambda: math.inf
    ) -> dict[str, Any]:
        """Loop, one round every T seconds, until the time or the number of rounds is used up.

        Args:
            rounds: how many rounds at most; None leaves it to the time.
            remaining: seconds that the invocation may still take.

        Returns:
            A summary: whether this controller had anything to do, where the record stands, and
            one item per round.
        """
        summary: dict[str, Any] = {"region": self._config.region, "acted": False, "rounds": []}
        started = due = self._monotonic()
        # Votes, topology, lag and the latch's regions are asked at the same time.
        size = len(self._config.witnesses) + len(self._config.latch.regions) + 2
        self._pool = ThreadPoolExecutor(size, "round")
        try:
            number = 0
            while rounds is None or number < rounds:
                number += 1
                item = self._round(number)
                summary["rounds"].append(item)
                summary |= {
                    k: item[k] for k in ("state", "epoch", "version", "reason") if k in item
                }
                if item.get("bystander"):
                    break
                summary["acted"] = True
                due = self._next(due, item)
                wait_s = max(0.0, due - self._monotonic())
                late = due - started >= self._run_s
                if late or remaining() - wait_s < self._timeout_s + MARGIN_S:
                    break
                if rounds is None or number < rounds:
                    self._sleep(wait_s)
        finally:
            self._pool.shutdown(wait=False, cancel_futures=True)
        return summary

    def _next(self, due: float, item: dict[str, Any]) -> float:
        """When the next round starts: on a fixed grid, so that delays do not add up."""
        now = self._monotonic()
        if item.get("again"):
            return now
        if item.get("state") in _HURRIED:
            return now + self._policy.interval_s / _POLLS_PER_INTERVAL
        behind = max(0.0, now - due)
        return due + self._policy.interval_s * (math.floor(behind / self._policy.interval_s) + 1)

    def _round(self, number: int) -> dict[str, Any]:
        """One round; whatever fails is logged, and the next round starts from the record."""
        began_at = self._clock()
        item: dict[str, Any] = {"round": number, "at": round(began_at, 3)}
        try:
            record = self._store.read()
            # Also a bystander's: its region has an alarm of its own to mute.
            item |= {**_standing(record), "maintenance": int(is_planned(record, began_at))}
            if not decision.participates(record, self._config.region):
                item |= {"bystander": True, "reason": "not the standby"}
            else:
                self._decide(record, number, item, began_at)
        except Conflict as error:
            item |= {"conflict": True, "reason": f"somebody else acted: {error}"}
        except (StoreError, RecordError) as error:
            item |= {"failed": True, "reason": f"nothing done: {error}"}
        self._log(json.dumps({"event": "round", "region": self._config.region, **item}))
        return item

    def _decide(self, record: Record, number: int, item: dict[str, Any], began_at: float) -> None:
        began = self._monotonic()
        evidence = self._gather(record, number)
        step = decision.step(record, evidence, evidence.taken_at, self._policy)
        item |= {
            "from": record.state,
            "votes": {vote.witness: f"{vote.verdict} {vote.reason}" for vote in evidence.votes},
            # Numbers for the stack's metric filters, which cannot count.
            "down": sum(vote.verdict is Verdict.DOWN for vote in evidence.votes),
            "unknown": sum(vote.verdict is Verdict.UNKNOWN for vote in evidence.votes),
            "actions": [type(action).__name__ for action in step.actions],
            "reason": step.reason,
        }
        took_s = max(self._monotonic() - began, self._clock() - began_at)
        if took_s > self._policy.vote_max_age_s:
            # The invocation was frozen (either clock may have stood still): it saw the past.
            item |= {"failed": True, "reason": f"too late to act on: {step.reason}"}
            return
        deciding_at = self._clock()
        written = self._write(record, evidence, step)
        # As old as the record that the latch follows: it overrides whoever read an earlier one,
        # and when this invocation comes late, not whoever has written a later one.
        latched_at = min(self._clock(), deciding_at + self._timeout_s)
        if written is record:
            latched_at = began_at
        item |= {**_standing(written), "elapsed_s": round(self._monotonic() - began, 3)}
        item["again"] = any(isinstance(action, Gather) for action in step.actions)
        self._perform(written, step, latched_at)

    def _gather(self, record: Record, number: int) -> Evidence:
        """Ask everybody at the same time; whoever does not answer in time counts for nothing."""
        began = self._monotonic()
        member = decision.subject(record)
        votes = {
            witness: self._submit(self._world.vote, witness, member, number)
            for witness in sorted(self._config.witnesses)
        }
        topology = self._submit(self._world.topology)
        lag = None
        if record.first_bad_at is not None:
            lag = self._submit(self._world.lag, record.first_bad_at)
        wait([f for f in (*votes.values(), topology, lag) if f], timeout=self._timeout_s)
        # From when they were asked: no vote can be older than that, whatever its clock says.
        age = self._monotonic() - began
        now = self._clock()
        measured = self._result(lag, "lag") if lag else None
        return Evidence(
            taken_at=now,
            votes=tuple(
                replace(self._vote(future, witness, member), age_s=round(age, 4))
                for witness, future in votes.items()
            ),
            topology=self._result(topology, "topology"),
            lag_s=measured[0] if measured else None,
            lag_age_s=round(max(0.0, now - measured[1]), 3) if measured else None,
            latch_value=self._latched[0],
            latch_regions=self._latched[1],
            paged=self._paged == _occasion(record),
            deployment=self._policy.deployment,
        )

    def _vote(self, future: Future[Vote], witness: str, member: str) -> Vote:
        if not future.done():
            return unknown(witness, member, f"no vote within {self._timeout_s:g} s")
        try:
            return future.result()
        except FailoverError as error:
            return unknown(witness, member, str(error))

    def _result(self, future: Future[Any], what: str) -> Any:
        if not future.done():
            return self._complain(f"{what}: no answer within {self._timeout_s:g} s")
        try:
            return future.result()
        except FailoverError as error:
            return self._complain(f"{what}: {error}")

    def _complain(self, problem: str) -> None:
        event = {"event": "problem", "region": self._config.region, "problem": problem}
        self._log(json.dumps(event))

    def _submit(self, function: Callable[..., Any], *arguments: Any) -> Future[Any]:
        if self._pool is None:
            raise RuntimeError("a round outside of run()")
        return self._pool.submit(function, *arguments)

    def _write(self, record: Record, evidence: Evidence, step: Step) -> Record:
        if step.record == record:
            return record
        # While a run only goes on, its latest moment is kept without filling the trail.
        ticked = replace(step.record, last_bad_at=record.last_bad_at) == record
        note = Note(
            at=evidence.taken_at,
            requester=f"controller/{self._config.region}",
            reason=step.reason,
            evidence=evidence.to_dict(),
            actions=tuple(_words(action) for action in step.actions),
        )
        return self._store.write(record, step.record, None if ticked else note)

    def _perform(self, record: Record, step: Step, decided_at: float) -> None:
        for action in step.actions:
            if isinstance(action, Promote):
                self._promote(record, action.target_arn)
            elif isinstance(action, Page):
                if self._page(action.subject, action.message):
                    self._paged = _occasion(record)
            elif isinstance(action, SetLatch):
                self._set_latch(action.value, decided_at)

    def _promote(self, record: Record, target_arn: str) -> None:
        """Ask RDS once per interval, and only while the record still says so."""
        if self._monotonic() - self._asked_at < self._policy.interval_s:
            return
        current = self._store.read()
        if current != record or current.target_arn != target_arn:
            raise Conflict("the record changed before the promotion was asked for")
        self._asked_at = self._monotonic()
        request_ids: tuple[str, ...] = ()
        try:
            request_ids = (self._world.promote(target_arn),)
            outcome = f"promotion of {target_arn} accepted"
        except GatewayError as error:
            outcome = str(error)
            self._complain(outcome)
        if outcome == self._last_outcome:
            return
        self._last_outcome = outcome
        note = Note(
            self._clock(), f"controller/{self._config.region}", outcome, request_ids=request_ids
        )
        self._store.write(current, current, note)
        if not request_ids:
            self._page("The promotion was not accepted; asking again", outcome)

    def _page(self, subject: str, message: str) -> bool:
        self._log(json.dumps({"event": "page", "subject": subject, "message": message}))
        try:
            self._world.page(subject, message)
        except GatewayError as error:
            self._complain(f"page: {error}")
            return False
        return True

    def _set_latch(self, value: int, decided_at: float) -> None:
        """Put a new value at once, a refused one every round, and the same one once a period."""
        regions, now = self._config.latch.regions, self._monotonic()
        is_known = self._latched == (value, len(regions))
        if is_known and now - self._latched_at < self._latch_interval_s:
            return
        self._latched_at = now
        # A put that comes late must not speak for now: another invocation may have moved DNS.
        puts = [
            self._submit(self._world.put_latch, region, value, decided_at) for region in regions
        ]
        wait(puts, timeout=self._timeout_s)
        self._latched = (value, sum(self._accepted(put) for put in puts))

    def _accepted(self, put: Future[Any]) -> bool:
        if not put.done():
            self._complain(f"latch: no answer within {self._timeout_s:g} s")
            return False
        error = put.exception()
        if error is not None:
            self._complain(f"latch: {error}")
        return error is None


def _standing(record: Record) -> dict[str, Any]:
    return {"state": record.state, "epoch": record.epoch, "version": record.version}


def _occasion(record: Record) -> tuple[Any, ...]:
    """What a page is about: the record's present state, or its run of bad rounds."""
    return record.state, record.since, record.first_bad_at


def _words(action: object) -> str:
    values: Iterable[Any] = vars(action).values()
    return " ".join([type(action).__name__, *(str(value)[:200] for value in values)])


def _to_stdout(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
