"""What the clients did, write by write, and the time line of an outage as they saw it."""

from __future__ import annotations

import json
import math
import threading
import time
from collections import Counter, deque
from collections.abc import Collection, Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

Outcome = Literal["ok", "fail", "unknown"]
Stage = Literal["resolve", "connect", "write"]


@dataclass(frozen=True)
class Op:
    """One attempt to write one row.

    Attributes:
        client: Number of the client.
        seq: Number of the attempt, from 1, without gaps; an attempt is never repeated.
        id: The row's unique identifier.
        outcome: ``ok`` (acknowledged), ``fail`` (certainly not written) or ``unknown`` (sent and
            not answered).
        stage: How far it came.
        address: The server's address, empty if the name was not resolved.
        code: The server's or driver's error number, 0 for none.
        error: The error's text, empty for none.
        invoked_s: Monotonic seconds when it began.
        done_s: Monotonic seconds when the outcome was known.
        invoked_wall_s: Epoch seconds when it began.
        done_wall_s: Epoch seconds when the outcome was known.
    """

    client: int
    seq: int
    id: str
    outcome: Outcome
    stage: Stage
    address: str
    code: int
    error: str
    invoked_s: float
    done_s: float
    invoked_wall_s: float
    done_wall_s: float


@dataclass(frozen=True)
class Progress:
    """How the clients are doing now.

    Attributes:
        acked: Acknowledged writes so far.
        failed: Attempts that certainly wrote nothing.
        unknown: Attempts that were sent and not answered.
        acked_per_s: Acknowledged writes in the last second.
        last_ok_s: Monotonic seconds of the last acknowledgement, None if there was none.
        last_error: Text of the last error, empty if there was none.
    """

    acked: int
    failed: int
    unknown: int
    acked_per_s: float
    last_ok_s: float | None
    last_error: str


class History:
    """All attempts of all clients, in the order in which their outcomes were known.

    Args:
        ops: Attempts to begin with.
        keep_s: Seconds until an attempt is forgotten (it stays counted); never if left out.
    """

    def __init__(self, ops: Iterable[Op] = (), *, keep_s: float | None = None) -> None:
        self._lock = threading.Lock()
        self._ops: deque[Op] = deque()
        self._keep_s = math.inf if keep_s is None else keep_s
        self._counts: Counter[Outcome] = Counter()
        self._recent: deque[float] = deque()
        self._last_error = ""
        for op in ops:
            self.add(op)

    def add(self, op: Op) -> None:
        """Append an attempt whose outcome is known; any thread may."""
        with self._lock:
            self._ops.append(op)
            while self._ops[0].done_s < op.done_s - self._keep_s:
                self._ops.popleft()
            self._counts[op.outcome] += 1
            self._last_error = op.error or self._last_error
            if op.outcome == "ok":
                self._recent.append(op.done_s)
                self._forget(op.done_s)

    def _forget(self, now: float) -> None:
        """Drop acknowledgements older than a second, but the last."""
        while len(self._recent) > 1 and self._recent[0] <= now - 1:
            self._recent.popleft()

    @property
    def ops(self) -> tuple[Op, ...]:
        """Every attempt that is not forgotten."""
        with self._lock:
            return tuple(self._ops)

    def __len__(self) -> int:
        return len(self._ops)

    def progress(self) -> Progress:
        """Count the outcomes and the present rate."""
        now = time.monotonic()
        with self._lock:
            self._forget(now)
            return Progress(
                acked=self._counts["ok"],
                failed=self._counts["fail"],
                unknown=self._counts["unknown"],
                acked_per_s=float(sum(done > now - 1 for done in self._recent)),
                last_ok_s=max(self._recent, default=None),
                last_error=self._last_error,
            )

    def to_json_lines(self) -> Iterator[str]:
        """Write every attempt as one line of JSON."""
        return (json.dumps(asdict(op)) for op in self.ops)

    @classmethod
    def from_json_lines(cls, lines: Iterable[str]) -> History:
        """Read what `to_json_lines` wrote; empty lines are skipped."""
        return cls(Op(**json.loads(line)) for line in lines if line.strip())

    def save(self, path: Path) -> None:
        """Write the history to a file of JSON lines."""
        path.write_text("".join(line + "\n" for line in self.to_json_lines()))

    @classmethod
    def load(cls, path: Path) -> History:
        """Read a file that `save` wrote."""
        return cls.from_json_lines(path.read_text().splitlines())


@dataclass(frozen=True)
class Timeline:
    """An outage from the clients' side; all times are monotonic seconds, None if it never came.

    Attributes:
        fault_s: When the fault was made.
        last_ok_before_s: Last acknowledgement before the fault.
        last_ok_old_s: Last acknowledgement from any other than the new addresses (later than
            the fault if the old writer still took writes).
        first_failure_s: First failed or unanswered attempt known after the fault.
        first_ok_new_s: First acknowledgement from a new address after the fault.
        steady_s: First such acknowledgement from which on nearly all attempts succeed for a while.
    """

    fault_s: float
    last_ok_before_s: float | None
    last_ok_old_s: float | None
    first_failure_s: float | None
    first_ok_new_s: float | None
    steady_s: float | None

    @property
    def rto_s(self) -> float | None:
        """Seconds from the last acknowledgement before the fault until writing is steady again."""
        if self.steady_s is None or self.last_ok_before_s is None:
            return None
        return self.steady_s - self.last_ok_before_s

    @property
    def gap_s(self) -> float | None:
        """Seconds from the last acknowledgement before the fault to the first of a new address."""
        if self.first_ok_new_s is None or self.last_ok_before_s is None:
            return None
        return self.first_ok_new_s - self.last_ok_before_s


def rto(
    history: History,
    fault_s: float,
    new_addresses: Collection[str] | None = None,
    *,
    steady_for_s: float = 2.0,
    share: float = 0.99,
) -> Timeline:
    """Find the moments that a recovery time is made of.

    The recovery ends with the first write that a new address acknowledged and after which at
    least `share` of all attempts succeed for `steady_for_s`: a single lucky write is no recovery.

    Args:
        history: The clients' attempts.
        fault_s: Monotonic seconds when the fault was made.
        new_addresses: Addresses that lead to the new writer; all but the one that acknowledged
            last before the fault if left out.
        steady_for_s: Seconds that writing must go well; the history must reach that far.
        share: Share of attempts that must succeed in that time.

    Returns:
        The time line.
    """
    ops = sorted(history.ops, key=lambda op: op.done_s)
    before = [op for op in ops if op.outcome == "ok" and op.done_s <= fault_s]
    old = {before[-1].address} if before else set()
    after = [op for op in ops if op.done_s > fault_s]

    def is_new(op: Op) -> bool:
        if new_addresses is None:
            return op.address not in old
        return op.address in new_addresses

    oks = [op for op in ops if op.outcome == "ok"]
    new_oks = [op.done_s for op in after if op.outcome == "ok" and is_new(op)]
    return Timeline(
        fault_s=fault_s,
        last_ok_before_s=before[-1].done_s if before else None,
        last_ok_old_s=max((op.done_s for op in oks if not is_new(op)), default=None),
        first_failure_s=next((op.done_s for op in after if op.outcome != "ok"), None),
        first_ok_new_s=next(iter(new_oks), None),
        steady_s=_steady(after, new_oks, steady_for_s, share),
    )


def _steady(after: list[Op], starts: list[float], for_s: float, share: float) -> float | None:
    """Find the first start whose window goes well; slides over both lists once."""
    first = last = good = 0
    for start in starts:
        if not after or after[-1].done_s < start + for_s:
            return None
        while last < len(after) and after[last].done_s <= start + for_s:
            good += after[last].outcome == "ok"
            last += 1
        while after[first].done_s < start:
            good -= after[first].outcome == "ok"
            first += 1
        if good >= share * (last - first):
            return start
    return None
