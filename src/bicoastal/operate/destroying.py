"""Destroying a stack: the databases in an order computed from the live writer, then the rest.

Pulumi deletes the rest, because its state has to go with the resources; what is left at the end is
found by looking, not by believing. Nothing is remembered between two runs: whoever was interrupted
runs the same command again, and it goes on from what is there.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from botocore.exceptions import ClientError

from bicoastal.failover.audit import Note
from bicoastal.failover.errors import RecordError, StoreError
from bicoastal.failover.record import request
from bicoastal.failover.state import Record, State
from bicoastal.failover.store import RecordStore
from bicoastal.failover.switching import AT_REST, RETURNING
from bicoastal.operate import dismantling, inventory
from bicoastal.operate.access import Access, Told, ask, problem_of
from bicoastal.operate.dismantling import Step
from bicoastal.operate.errors import Refused

READ_TIMEOUT_S = 30.0
Rest = Callable[[], object]
"""Deletes what is not a database, with the state that knows of it; raises what went wrong."""

_CURES = {
    State.SUSPECT: "wait until it is over, or disarm",
    State.HELD: "repair what is red, or disarm",
    State.FENCING: "wait until it is over",
    State.PROMOTING: "wait until it is over",
    State.REDIRECTING: "wait until it is over",
    State.LOCKED: "say which region is the writer (unlock)",
}


@dataclass(frozen=True)
class DestroyPlan:
    """What a destruction would do.

    Attributes:
        cluster: the name that the members have in common.
        writer: region of the live writer; None when no cluster replicates from another.
        steps: what happens to the databases, in order; none when they are gone.
        refusals: why it is not done; empty when it can be.
        record: the record as found; None when its table is gone.
        there: what there is of the stack now, the databases among it; None if nobody looked.
    """

    cluster: str
    writer: str | None
    steps: tuple[Step, ...]
    refusals: tuple[str, ...]
    record: Record | None
    there: tuple[str, ...] | None = None

    @property
    def kept(self) -> tuple[str, ...]:
        """The final snapshots that stay."""
        return tuple(step.snapshot for step in self.steps if step.snapshot)

    def to_dict(self) -> dict[str, Any]:
        """The plan as JSON values."""
        return {
            "cluster": self.cluster,
            "writer": self.writer,
            "steps": [dataclasses.asdict(step) for step in self.steps],
            "refusals": list(self.refusals),
            "record": self.record.to_dict() if self.record else None,
            "kept": list(self.kept),
            "there": None if self.there is None else list(self.there),
        }


def plan(
    access: Access, tell: Told = lambda _line: None, *, everything: bool = False
) -> DestroyPlan:
    """Find out what there is, and in which order it can go. Writes nothing.

    Args:
        access: the way to the stack, of any topology.
        tell: takes progress.
        everything: list also what is no database; it takes many questions.

    Returns:
        The plan.

    Raises:
        Refused: a region does not answer.
        FailoverError: the record cannot be understood.
    """
    settings, names = access.target.settings, access.target.names
    tell(f"looking at what there is in {', '.join(settings.regions.all)}")
    client = clients(access)
    live = dismantling.look(client, settings)
    opened = _open(access)
    record = opened.read() if opened else None
    steps = dismantling.steps(settings, live)
    # Without databases nothing fails over, whatever the record last said.
    found = [*_record_refusals(record), *dismantling.refusals(settings, live)] if steps else ()
    return DestroyPlan(
        cluster=names.global_cluster,
        writer=live.writer,
        steps=steps,
        refusals=tuple(found),
        record=record,
        there=_left(access) if everything else None,
    )


def destroy(
    access: Access,
    agreed: DestroyPlan,
    rest: Rest | None,
    *,
    requester: str,
    reason: str,
    pace: float = 1.0,
    tell: Told = lambda _line: None,
    sleep: Callable[[float], None] = time.sleep,
) -> tuple[str, ...]:
    """Destroy: hold the failover still, take the databases apart, delete the rest, look again.

    Args:
        access: the way to the stack.
        agreed: what was planned.
        rest: deletes everything else; None leaves it, and only the databases go.
        requester: who asks.
        reason: why, for the audit trail.
        pace: by how much durations are divided.
        tell: takes progress.
        sleep: waits a number of seconds.

    Returns:
        What is left of the stack; empty when all is gone.

    Raises:
        Refused: it is not done, or not to its end. Running it again goes on from there.
        FailoverError: the record could not be written, so that nothing was begun.
    """
    if agreed.refusals:
        raise Refused("; ".join(agreed.refusals))
    if agreed.steps:
        store = _open(access)
        if store is not None:
            _hold(store, requester, reason)
            tell("the failover is disarmed")
        client, settings = clients(access), access.target.settings
        live = dismantling.look(client, settings)
        found = tuple(dismantling.refusals(settings, live))
        if live.writer != agreed.writer:
            found = (*found, f"the writer is {live.writer} now, not {agreed.writer}: look again")
        if found:
            raise Refused("; ".join(found))
        todo = dismantling.steps(settings, live)
        dismantling.dismantle(client, todo, pace=pace, tell=tell, sleep=sleep)
    if rest is not None:
        tell("deleting the rest")
        rest()
    tell("looking at what is left")
    return _left(access)


def clients(access: Access) -> inventory.ClientFactory:
    """The stack's clients, with the patience that a deletion needs.

    Args:
        access: the way to the stack.
    """
    return partial(access.clients.get, read_timeout_s=READ_TIMEOUT_S)


def _left(access: Access) -> tuple[str, ...]:
    answer = ask(inventory.of_stack, clients(access), access.target.settings)
    if answer.problem is not None:
        raise Refused(f"what is there could not be listed: {answer.problem}")
    found: tuple[str, ...] = answer.value
    return found


def _open(access: Access) -> RecordStore | None:
    """The record's store in the first region that has it; None when the table is gone."""
    problems = []
    for region in access.target.order:
        store = access.store(region)
        try:
            store.read()
        except StoreError as error:
            cause = error.__cause__
            if not isinstance(cause, ClientError) or _code(cause) != "ResourceNotFoundException":
                problems.append(f"{region}: {problem_of(cause or error)}")
        else:
            return store
    if problems:
        raise Refused(
            "whether a failover is under way is unknown, the record could not be read: "
            + "; ".join(problems)
        )
    return None


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))


def _record_refusals(record: Record | None) -> tuple[str, ...]:
    if record is None or record.state in (*AT_REST, *RETURNING):
        return ()
    target = f" to {record.target_region}" if record.target_region else ""
    return (f"the record is in {record.state}{target}: {_CURES[record.state]}",)


def _hold(store: RecordStore, requester: str, reason: str) -> None:
    """Let no failover begin any more, by one conditional write."""

    def change(record: Record) -> Record:
        for why in _record_refusals(record):
            raise RecordError(why)
        state = State.OBSERVE if record.state in AT_REST else record.state
        return replace(record, armed=False, state=state)

    request(store, change, Note(time.time(), requester, f"disarmed to destroy: {reason}"))
