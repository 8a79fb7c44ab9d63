"""The oracle: compares what was acknowledged to clients with what the final writer holds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Protocol

from bicoastal.lab.history import History, Op

TABLE = "bicoastal_writes"
# The key is a running number: a unique key on the identifier would hide a row written twice.
SCHEMA = f"""
CREATE TABLE IF NOT EXISTS {TABLE} (
  n BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  client INT NOT NULL,
  seq INT NOT NULL,
  id CHAR(36) CHARACTER SET ascii NOT NULL,
  at DATETIME(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6)
) ENGINE=InnoDB
"""
INSERT = f"INSERT INTO {TABLE} (client, seq, id) VALUES (%s, %s, %s)"  # noqa: S608 - constant
_SELECT = f"SELECT client, seq, id FROM {TABLE} ORDER BY n"  # noqa: S608 - constant


class _Cursor(Protocol):
    def execute(self, query: str, args: Any = None) -> Any: ...

    def fetchall(self) -> Any: ...

    def close(self) -> Any: ...


class Connection(Protocol):
    """The part of a database connection that the oracle uses."""

    def cursor(self) -> _Cursor:
        """Open a cursor."""
        ...


@dataclass(frozen=True)
class Row:
    """A row that a database holds."""

    client: int
    seq: int
    id: str


@dataclass(frozen=True)
class Write:
    """A row that the judgement is about.

    Attributes:
        client: Number of the client.
        seq: Number of the attempt.
        id: The row's identifier.
        outcome: What the client saw; ``none`` for a row that no client wrote.
        address: The server that the client wrote to, empty if unknown.
        done_wall_s: Epoch seconds when the client knew the outcome, 0 if unknown.
    """

    client: int
    seq: int
    id: str
    outcome: str
    address: str = ""
    done_wall_s: float = 0.0


@dataclass(frozen=True)
class Judgement:
    """What became of every write.

    Attributes:
        acked: How many writes were acknowledged.
        lost: Acknowledged, and absent on the final writer.
        phantom: Certainly failed, and present on the final writer.
        duplicates: Present more than once on the final writer.
        foreign: Present on the final writer, but no client ever wrote them.
        divergent: Present on the old volume only; empty if it was not looked at.
        unknown_present: Writes without an answer that are present.
        unknown_absent: Writes without an answer that are absent.
        prefix_ok: For each client, whether its lost writes are the last ones that it made on the
            server that lost them. Replication in commit order can only lose a tail.
        rpo_s: Seconds from the earliest lost acknowledgement to the fault, 0 if nothing
            acknowledged before the fault was lost, None without a fault time.
        lost_after_fault: How many of the lost were acknowledged after the fault (an old writer
            that was cut off, but still served); None without a fault time.
    """

    acked: int
    lost: tuple[Write, ...]
    phantom: tuple[Write, ...]
    duplicates: tuple[Write, ...]
    foreign: tuple[Write, ...]
    divergent: tuple[Write, ...]
    unknown_present: int
    unknown_absent: int
    prefix_ok: Mapping[int, bool]
    rpo_s: float | None
    lost_after_fault: int | None

    @property
    def divergent_acked(self) -> int:
        """How many of the divergent writes had been acknowledged to a client."""
        return sum(write.outcome == "ok" for write in self.divergent)

    @property
    def consistent(self) -> bool:
        """Whether nothing happened that even a lossy failover must not do."""
        wrong = self.phantom or self.duplicates or self.foreign
        return not wrong and all(self.prefix_ok.values())

    def to_dict(self) -> dict[str, Any]:
        """Give everything as plain values for a report."""
        return asdict(self) | {
            "divergent_acked": self.divergent_acked,
            "consistent": self.consistent,
        }


def create_schema(connection: Connection) -> None:
    """Create the table that clients write to, if it is missing.

    Args:
        connection: A connection to the writer, with the database chosen.
    """
    cursor = connection.cursor()
    cursor.execute(SCHEMA)
    cursor.close()


def read_rows(connection: Connection) -> list[Row]:
    """Read every row that a server holds.

    Read the final writer itself, never a reader that may lag.

    Args:
        connection: A connection to the server, with the database chosen; its cursors may give
            tuples or dictionaries.

    Returns:
        The rows in the order in which they were inserted.
    """
    cursor = connection.cursor()
    cursor.execute(_SELECT)
    rows = cursor.fetchall()
    cursor.close()
    return [Row(*(row.values() if isinstance(row, Mapping) else row)) for row in rows]


def judge(
    history: History,
    final_rows: Iterable[Row],
    old_rows: Iterable[Row] | None = None,
    *,
    fault_s: float | None = None,
) -> Judgement:
    """Account for every write.

    Rows are told apart by their identifier. An unanswered write may be present or not; an
    acknowledged one must be present, a failed one must not.

    Args:
        history: What the clients saw.
        final_rows: What the final writer holds.
        old_rows: What the old writer's volume holds, if it could be read.
        fault_s: Monotonic seconds when the fault was made.

    Returns:
        The judgement.
    """
    ops = {op.id: op for op in history.ops}
    present = list(final_rows)
    counts = Counter(row.id for row in present)
    oks = [op for op in ops.values() if op.outcome == "ok"]
    unknown = [op for op in ops.values() if op.outcome == "unknown"]
    lost = [op for op in oks if op.id not in counts]
    once = {row.id: row for row in present}
    old = {row.id: row for row in old_rows or ()}
    before = [fault_s - op.done_s for op in lost if fault_s is not None and op.done_s <= fault_s]
    unknown_present = sum(op.id in counts for op in unknown)
    return Judgement(
        acked=len(oks),
        lost=tuple(_written(op) for op in _sorted(lost)),
        phantom=tuple(
            _written(op)
            for op in _sorted(op for op in ops.values() if op.outcome == "fail" and op.id in counts)
        ),
        duplicates=tuple(_found(row, ops) for row in once.values() if counts[row.id] > 1),
        foreign=tuple(_found(row, ops) for row in once.values() if row.id not in ops),
        divergent=tuple(_found(row, ops) for row in old.values() if row.id not in counts),
        unknown_present=unknown_present,
        unknown_absent=len(unknown) - unknown_present,
        prefix_ok=_prefixes(oks, counts),
        rpo_s=None if fault_s is None else max(before, default=0.0),
        lost_after_fault=None if fault_s is None else len(lost) - len(before),
    )


def _prefixes(oks: list[Op], present: Mapping[str, int]) -> dict[int, bool]:
    """Look, server by server, whether a client's surviving writes come before its lost ones."""
    ok: dict[int, bool] = {}
    last: dict[int, tuple[str, bool]] = {}
    for op in _sorted(oks):
        address, was_lost = last.get(op.client, ("", False))
        is_lost = op.id not in present
        if address != op.address:
            was_lost = False  # another server: its order begins anew
        ok[op.client] = ok.get(op.client, True) and not (was_lost and not is_lost)
        last[op.client] = op.address, was_lost or is_lost
    return ok


def _sorted(ops: Iterable[Op]) -> list[Op]:
    return sorted(ops, key=lambda op: (op.client, op.seq))


def _written(op: Op) -> Write:
    return Write(op.client, op.seq, op.id, op.outcome, op.address, op.done_wall_s)


def _found(row: Row, ops: Mapping[str, Op]) -> Write:
    op = ops.get(row.id)
    return Write(row.client, row.seq, row.id, "none") if op is None else _written(op)
