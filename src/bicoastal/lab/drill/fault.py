"""The ways in which the primary is lost."""

from __future__ import annotations

from enum import StrEnum


class Fault(StrEnum):
    """How the primary is lost."""

    KILL = "kill"
    """SIGKILL of the writer's server; it stays down until the region is healed."""
    HANG = "hang"
    """SIGSTOP of the writer's server: a plain TCP connect still succeeds, nothing answers."""
    PARTITION = "partition"
    """The writer is cut off from everyone and stays alive: packets are dropped, not refused."""
