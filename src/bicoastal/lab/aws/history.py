"""What is recorded of each failover: the timeline that a drill's report is made from."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass
class Rejoin:
    """How the old writer came back; times are seconds since the epoch.

    Attributes:
        state: ``waiting``, ``fenced``, ``replicating``, ``connected`` or ``failed``.
        fenced_at: When it was read-only and its clients' connections were gone.
        killed: How many connections that were.
        snapshot: The unix socket of the read-only server on its old volume.
        old_position: GTID position of the old volume.
        connected_at: When it had caught up on its new volume.
        error: Why it failed.
    """

    state: str = "waiting"
    fenced_at: float | None = None
    killed: int | None = None
    snapshot: str | None = None
    old_position: str | None = None
    connected_at: float | None = None
    error: str | None = None


@dataclass
class Failover:
    """One failover or switchover; times are seconds since the epoch.

    Attributes:
        global_cluster: The global cluster's identifier.
        kind: ``failover`` (data loss allowed) or ``switchover``.
        source: Region of the old writer.
        target: Region of the new writer.
        accepted_at: When the request was accepted.
        state: ``running``, ``done`` or ``failed``.
        fence: ``ok``, ``timed out`` or ``unreachable``.
        fenced_at: When fencing ended, however it ended.
        promoted_at: When the target was open for writes.
        promotion_seconds: What the database itself needed: apply, stop following, open.
        drained: Whether all that the target had received was applied.
        position: The target's GTID position then; the old volume diverges after it.
        flipped_at: When IsWriter moved.
        error: Why it failed.
        rejoin: How the old writer came back (failover only).
    """

    global_cluster: str
    kind: str
    source: str
    target: str
    accepted_at: float = field(default_factory=time.time)
    state: str = "running"
    fence: str | None = None
    fenced_at: float | None = None
    promoted_at: float | None = None
    promotion_seconds: float | None = None
    drained: bool | None = None
    position: str | None = None
    flipped_at: float | None = None
    error: str | None = None
    rejoin: Rejoin | None = None

    def to_dict(self) -> dict[str, Any]:
        """As plain data."""
        return asdict(self)
