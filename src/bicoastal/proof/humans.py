"""What a human may ask of the record: the requests in `failover`, as shipped."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import NamedTuple, cast

from bicoastal.failover import record as requests
from bicoastal.failover.audit import Note
from bicoastal.failover.errors import RecordError
from bicoastal.failover.state import Record, State
from bicoastal.failover.store import RecordStore
from bicoastal.failover.switching import begin_switchover, finish_switchover
from bicoastal.proof import rules
from bicoastal.proof.values import HOME, MEMBERS, NOW, TICK_S


class Asked(NamedTuple):
    """A request that changes the record.

    Attributes:
        words: who asks what.
        record: the record afterwards.
        names_writer: it says which member is the writer.
    """

    words: str
    record: Record
    names_writer: bool


class _Cell:
    """A record store of one record, for the requests in `failover.record`."""

    home_region = HOME

    def __init__(self, record: Record) -> None:
        self.record = record

    def read(self) -> Record:
        """The record."""
        return self.record

    def write(self, _old: Record, new: Record, _note: Note | None) -> Record:
        """Replace the record."""
        self.record = new
        return new


def _unlock(store: RecordStore, writer: str) -> None:
    record = store.read()
    if record.state is State.LOCKED or record.writer != writer:
        requests.unlock(store, "human", "proof", NOW, writer=writer)


def _maintain(store: RecordStore, _writer: str) -> None:
    old = store.read()
    if old.armed and old.state in rules.BEFORE:  # disarmed, nothing is done anyhow
        store.write(old, replace(old, maintenance_until=NOW + TICK_S), None)


def _switch(store: RecordStore, _writer: str) -> None:
    record = store.read()
    if record.armed:  # disarmed, nothing is done anyhow
        other = next(member for member in MEMBERS if member != record.writer)
        begin_switchover(store, "human", "proof", NOW, region=other, hold_s=TICK_S)


def _follow(store: RecordStore, writer: str) -> None:
    if store.read().writer != writer:
        finish_switchover(
            store, "human", "proof", NOW, region=writer, maintenance_until=None
        )  # fmt: skip


_REQUESTS: tuple[tuple[str, bool, Callable[[RecordStore, str], object]], ...] = (
    ("a human arms", False, lambda s, _: requests.arm(s, "human", "proof", NOW)),
    ("a human disarms", False, lambda s, _: requests.disarm(s, "human", "proof", NOW)),
    ("a human acknowledges", False, lambda s, _: requests.acknowledge(s, "human", "proof", NOW)),
    (
        "a human approves",
        False,
        lambda s, _: requests.approve(s, "human", "proof", NOW, valid_s=TICK_S),
    ),
    ("a human unlocks and names the writer", True, _unlock),
    ("a human announces maintenance", False, _maintain),
)
_SWITCHES: tuple[tuple[str, bool, Callable[[RecordStore, str], object]], ...] = (
    ("a human begins a switchover", False, _switch),
    ("a human lets the record follow the switchover", True, _follow),
)


def requests_of(record: Record, writer: str, *, switches: bool = True) -> Iterator[Asked]:
    """Every request that is possible and changes something.

    Args:
        record: the record.
        writer: the member that RDS calls the writer.
        switches: also those of a planned switchover.

    Yields:
        The requests.
    """
    for words, names_writer, request in (*_REQUESTS, *(_SWITCHES if switches else ())):
        cell = _Cell(record)
        try:
            request(cast("RecordStore", cell), writer)
        except RecordError:
            continue
        if cell.record != record:
            yield Asked(words, cell.record, names_writer)
