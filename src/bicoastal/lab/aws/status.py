"""What the lab's interface tells about members and snapshots."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bicoastal.lab.aws.members import Member, Snapshot


@dataclass(frozen=True)
class MemberStatus:
    """A member, as ``GET /_lab/members`` tells it.

    Attributes:
        region: Its region.
        cluster_id: Its cluster's identifier.
        arn: Its cluster's ARN.
        endpoint: Its cluster endpoint's name.
        socket: Its database's unix socket.
        pid: Its server's process id, None when stopped.
        role: ``writer`` or ``standby``, by the records.
        state: ``creating``, ``available``, ``stopped``, ``rejoining`` or ``failed``.
        process: ``running``, ``paused`` or ``dead``.
        volume: The name of the volume; another one after a rejoin.
        error: Why it failed.
    """

    region: str
    cluster_id: str
    arn: str
    endpoint: str
    socket: Path
    pid: int | None
    role: str
    state: str
    process: str
    volume: str
    error: str | None


@dataclass(frozen=True)
class SnapshotStatus:
    """A volume that was kept, as ``GET /_lab/snapshots`` tells it.

    Attributes:
        region: The member's region.
        cluster_id: The member's cluster.
        name: The snapshot's name in RDS.
        socket: The unix socket of a read-only server on the volume.
        taken_at: Seconds since the epoch.
        position: GTID position of the volume.
    """

    region: str
    cluster_id: str
    name: str
    socket: Path
    taken_at: float
    position: str


def member_status(member: Member) -> dict[str, Any]:
    """A member as plain data."""
    cluster = member.cluster
    return {
        "region": member.region,
        "cluster_id": member.cluster_id,
        "arn": cluster["DBClusterArn"],
        "endpoint": cluster["Endpoint"],
        "socket": str(member.database.socket),
        "pid": member.database.pid,
        "role": "standby" if member.source else "writer",
        "state": member.state,
        "process": process_state(member.database.pid) if member.database.alive else "dead",
        "volume": member.database.name,
        "error": member.error,
    }


def snapshot_status(member: Member, snapshot: Snapshot) -> dict[str, Any]:
    """A snapshot as plain data."""
    return {
        "region": member.region,
        "cluster_id": member.cluster_id,
        "name": snapshot.name,
        "socket": str(snapshot.database.socket),
        "taken_at": snapshot.taken_at,
        "position": snapshot.position,
    }


def process_state(pid: int | None) -> str:
    """``running``, ``paused`` or ``dead``, by the kernel (proc(5), stat)."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return "dead"
    return {"T": "paused", "t": "paused", "Z": "dead", "X": "dead"}.get(state, "running")
