"""The record: one item, written only under the condition that nobody else has written it.

The item lives in a DynamoDB table (in AWS a global table with multi-Region strong consistency).
Every write is conditional on the epoch, the state and the version that were read; every change
adds an entry to an audit trail inside the item, in which each entry carries the hash of the one
before. Sources: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/
Expressions.ConditionExpressions.html and .../V2globaltables_HowItWorks.html (conflicting writes
to a strongly consistent global table fail with ReplicatedWriteConflictException).
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Self

from botocore.exceptions import BotoCoreError, ClientError

from bicoastal.failover.errors import Conflict, RecordError, StoreError
from bicoastal.failover.state import Record, State

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

__all__ = ["Entry", "Note", "Record", "RecordStore", "arm", "disarm", "verify_chain"]

GENESIS = "0" * 64
AUDIT_LIMIT = 64
MAX_REASON = 1000
_CONFLICTS = (
    "ConditionalCheckFailedException",
    "ReplicatedWriteConflictException",
    "TransactionConflictException",
)


@dataclass(frozen=True)
class Note:
    """What the writer of a record says about the write, for the audit trail.

    Attributes:
        at: when it was decided, seconds since the epoch.
        requester: who: a controller's region, or a human.
        reason: why, in words.
        evidence: what it was based on, as JSON values.
        actions: what follows, in words.
        request_ids: ids that AWS gave to the calls.
    """

    at: float
    requester: str
    reason: str
    evidence: Mapping[str, Any] | None = None
    actions: tuple[str, ...] = ()
    request_ids: tuple[str, ...] = ()


@dataclass(frozen=True)
class Entry:
    """One link of the audit trail: a note, the record before and after, and the chain's hashes."""

    seq: int
    at: float
    from_state: str
    to_state: str
    epoch: int
    reason: str
    requester: str
    evidence: Mapping[str, Any] | None
    actions: tuple[str, ...]
    request_ids: tuple[str, ...]
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    previous_hash: str
    hash: str = ""

    def digest(self) -> str:
        """The SHA-256 of everything but the hash itself, in hexadecimal."""
        values = dataclasses.asdict(self)
        del values["hash"]
        return hashlib.sha256(_json(values).encode()).hexdigest()

    def to_json(self) -> str:
        """The entry as compact JSON."""
        return _json(dataclasses.asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read what `to_json` gave.

        Args:
            text: JSON.

        Returns:
            The entry, whether or not its hash is right.

        Raises:
            RecordError: not an entry.
        """
        try:
            values = json.loads(text)
            lists = {name: tuple(values[name]) for name in ("actions", "request_ids")}
            return cls(**{**values, **lists})
        except (KeyError, TypeError, ValueError) as error:
            raise RecordError(f"an audit entry cannot be read ({error})") from None


class RecordStore:
    """Reads and writes the record.

    Args:
        client: DynamoDB client of the caller's own region.
        table: table name; its partition key is `cluster`.
        cluster: global cluster identifier.
        home_region: the writer as long as no record has been written.
        audit_limit: entries to keep; the oldest are dropped, the chain stays verifiable.
    """

    def __init__(
        self,
        client: DynamoDBClient,
        table: str,
        cluster: str,
        home_region: str,
        *,
        audit_limit: int = AUDIT_LIMIT,
    ) -> None:
        self._client = client
        self._table = table
        self._cluster = cluster
        self.home_region = home_region
        self._limit = audit_limit
        # The trail as of the version last read: a write extends it, under that very version.
        self._trail: tuple[int, list[str]] | None = None

    def read(self) -> Record:
        """Read the record, consistently.

        Returns:
            The record; when none was written yet, a disarmed one of version 0.

        Raises:
            StoreError: DynamoDB did not answer.
            RecordError: the item cannot be understood.
        """
        try:
            answer = self._client.get_item(
                TableName=self._table, Key={"cluster": {"S": self._cluster}}, ConsistentRead=True
            )
        except (ClientError, BotoCoreError) as error:
            raise StoreError(f"the record could not be read: {error}") from error
        item = answer.get("Item")
        if item is None:
            self._trail = (0, [])
            return Record(cluster=self._cluster, writer=self.home_region)
        try:
            record = Record.from_dict(json.loads(item["record"]["S"]))
            self._trail = (record.version, [link["S"] for link in item["audit"]["L"]])
        except (KeyError, ValueError) as error:
            message = f"the record of {self._cluster} in table {self._table} is damaged: {error}"
            raise RecordError(message) from None
        return record

    def write(self, old: Record, new: Record, note: Note | None) -> Record:
        """Write the record if it is still as it was read.

        Args:
            old: the record as read.
            new: the record to write; its version is set here.
            note: the audit entry's content; None leaves the trail alone, for writes that only
                move the time of the latest bad round.

        Returns:
            The record as written.

        Raises:
            Conflict: somebody else has written since; nothing was written.
            StoreError: DynamoDB did not answer; whether it was written is unknown.
            RecordError: the item cannot be understood.
        """
        trail = self._trail_of(old)
        written = replace(new, version=old.version + 1)
        if note is not None:
            trail = [*trail, _link(trail, old, written, note).to_json()][-self._limit :]
        self._put(old, written, trail)
        self._trail = (written.version, trail)
        return written

    def audit(self) -> tuple[Entry, ...]:
        """The audit trail, oldest first.

        Raises:
            StoreError: DynamoDB did not answer.
            RecordError: the item cannot be understood.
        """
        self.read()
        return tuple(Entry.from_json(link) for link in (self._trail or (0, []))[1])

    def _trail_of(self, record: Record) -> list[str]:
        if self._trail is None or self._trail[0] != record.version:
            self.read()
        version, trail = self._trail or (0, [])
        if version != record.version:
            raise Conflict(f"the record is no longer of version {record.version}")
        return trail

    def _put(self, old: Record, new: Record, trail: Sequence[str]) -> None:
        condition: dict[str, Any] = {"ConditionExpression": "attribute_not_exists(cluster)"}
        if old.version:
            condition = {
                "ConditionExpression": "#e = :e AND #s = :s AND #v = :v",
                "ExpressionAttributeNames": {"#e": "epoch", "#s": "state", "#v": "version"},
                "ExpressionAttributeValues": {
                    ":e": {"N": str(old.epoch)},
                    ":s": {"S": old.state.value},
                    ":v": {"N": str(old.version)},
                },
            }
        try:
            self._client.put_item(
                TableName=self._table,
                Item={
                    "cluster": {"S": self._cluster},
                    "epoch": {"N": str(new.epoch)},
                    "state": {"S": new.state.value},
                    "version": {"N": str(new.version)},
                    "record": {"S": _json(new.to_dict())},
                    "audit": {"L": [{"S": link} for link in trail]},
                },
                **condition,
            )
        except (ClientError, BotoCoreError) as error:
            self._trail = None
            if isinstance(error, ClientError) and _code(error) in _CONFLICTS:
                raise Conflict(f"the record is no longer of version {old.version}") from None
            raise StoreError(f"the record could not be written: {error}") from error


def verify_chain(entries: Sequence[Entry]) -> list[str]:
    """Check an audit trail.

    Args:
        entries: oldest first; a trail whose oldest entries were dropped is checked from its
            first one on.

    Returns:
        What is wrong, in words; empty when every hash and every link is right.
    """
    problems = []
    previous = None
    for entry in entries:
        if entry.hash != entry.digest():
            problems.append(f"entry {entry.seq} was changed after it was written")
        if previous is None:
            linked = entry.seq > 1 or (entry.seq == 1 and entry.previous_hash == GENESIS)
        else:
            linked = (entry.seq, entry.previous_hash) == (previous.seq + 1, previous.hash)
        if not linked:
            problems.append(f"entry {entry.seq} does not follow the one before it")
        previous = entry
    return problems


def arm(store: RecordStore, requester: str, reason: str, now: float) -> Record:
    """Arm the failover; it becomes STEADY after enough clean rounds.

    Args:
        store: the record's store.
        requester: who asks.
        reason: why, for the audit trail.
        now: seconds since the epoch.

    Returns:
        The record as written, or as found when it was armed already.

    Raises:
        RecordError: the last failover is not acknowledged, or the state is not one to arm in.
        Conflict: the record kept changing.
        StoreError: DynamoDB did not answer.
    """

    def change(record: Record) -> Record:
        if record.armed:
            return record
        if not record.acknowledged:
            raise RecordError("acknowledge the last failover before arming the next one")
        if record.state is not State.OBSERVE:
            raise RecordError(f"only OBSERVE can be armed; the record is in {record.state}")
        return replace(record, armed=True, clean_rounds=0)

    return _request(store, change, Note(now, requester, f"armed: {reason}"))


def disarm(store: RecordStore, requester: str, reason: str, now: float) -> Record:
    """Disarm the failover; what is past the point of no return is still brought to its end.

    Args:
        store: the record's store.
        requester: who asks.
        reason: why, for the audit trail.
        now: seconds since the epoch.

    Returns:
        The record as written, or as found when it was disarmed already.

    Raises:
        Conflict: the record kept changing.
        StoreError: DynamoDB did not answer.
    """
    note = Note(now, requester, f"disarmed: {reason}")
    return _request(store, lambda record: replace(record, armed=False), note)


def approve(
    store: RecordStore, requester: str, reason: str, now: float, *, valid_s: float = 300.0
) -> Record:
    """Approve the failover that is held; the evidence is still required.

    Args:
        store: the record's store.
        requester: who approves.
        reason: why, for the audit trail.
        now: seconds since the epoch.
        valid_s: how long the approval lasts, seconds.

    Returns:
        The record as written.

    Raises:
        RecordError: nothing is held.
        Conflict: the record kept changing.
        StoreError: DynamoDB did not answer.
    """

    def change(record: Record) -> Record:
        if record.state is not State.HELD:
            raise RecordError(f"nothing waits for approval; the record is in {record.state}")
        return replace(record, approved_until=now + valid_s)

    return _request(store, change, Note(now, requester, f"approved: {reason}"))


def acknowledge(store: RecordStore, requester: str, reason: str, now: float) -> Record:
    """Acknowledge the last failover, so that another one can be armed.

    Args:
        store: the record's store.
        requester: who acknowledges.
        reason: why, for the audit trail.
        now: seconds since the epoch.

    Returns:
        The record as written, or as found when it was acknowledged already.

    Raises:
        Conflict: the record kept changing.
        StoreError: DynamoDB did not answer.
    """
    note = Note(now, requester, f"acknowledged: {reason}")
    return _request(store, lambda record: replace(record, acknowledged=True), note)


def unlock(store: RecordStore, requester: str, reason: str, now: float, *, writer: str) -> Record:
    """Leave LOCKED, or correct OBSERVE: a human says which region is the writer.

    Args:
        store: the record's store.
        requester: who says so.
        reason: why, for the audit trail.
        now: seconds since the epoch.
        writer: region of the writer; DNS follows it.

    Returns:
        The record as written: OBSERVE, disarmed.

    Raises:
        RecordError: the automation is not at rest.
        Conflict: the record kept changing.
        StoreError: DynamoDB did not answer.
    """

    def change(record: Record) -> Record:
        if record.state not in (State.LOCKED, State.OBSERVE):
            raise RecordError(f"only LOCKED or OBSERVE can be set; the record is in {record.state}")
        return Record(
            cluster=record.cluster,
            writer=writer,
            epoch=record.epoch + (writer != record.writer),
            version=record.version,
            since=now,
            latch=int(writer == store.home_region),
            last_failover_at=record.last_failover_at,
        )

    return _request(store, change, Note(now, requester, f"unlocked: {reason}"))


def _request(store: RecordStore, change: Callable[[Record], Record], note: Note) -> Record:
    """Apply a human's change, again if a controller was quicker."""
    for _ in range(5):
        old = store.read()
        new = change(old)
        if new == old:
            return old
        try:
            return store.write(old, new, note)
        except Conflict:
            continue
    raise Conflict("the record kept changing; try again")


def _link(trail: Sequence[str], old: Record, new: Record, note: Note) -> Entry:
    last = Entry.from_json(trail[-1]) if trail else None
    entry = Entry(
        seq=last.seq + 1 if last else 1,
        at=note.at,
        from_state=old.state.value,
        to_state=new.state.value,
        epoch=new.epoch,
        reason=note.reason[:MAX_REASON],
        requester=note.requester,
        evidence=note.evidence,
        actions=note.actions,
        request_ids=note.request_ids,
        before=old.to_dict(),
        after=new.to_dict(),
        previous_hash=last.hash if last else GENESIS,
    )
    return replace(entry, hash=entry.digest())


def _json(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))
