"""The audit trail: every change of the record, each entry carrying the hash of the one before."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

from bicoastal.failover.errors import RecordError
from bicoastal.failover.state import Record

GENESIS = "0" * 64
MAX_REASON = 1000


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
        return hashlib.sha256(to_json(values).encode()).hexdigest()

    def to_json(self) -> str:
        """The entry as compact JSON."""
        return to_json(dataclasses.asdict(self))

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


def link(trail: Sequence[str], old: Record, new: Record, note: Note) -> Entry:
    """The next entry of a trail.

    Args:
        trail: the entries so far, as JSON, oldest first.
        old: the record before the write.
        new: the record as written.
        note: what the writer says about it.

    Returns:
        The entry, with its hash.

    Raises:
        RecordError: the trail's last entry cannot be read.
    """
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


def to_json(value: Any) -> str:
    """Compact JSON with sorted keys: equal values give equal text."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"))
