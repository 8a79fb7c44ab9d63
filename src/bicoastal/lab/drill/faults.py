"""Losing a member, and bringing it back."""

from __future__ import annotations

import os
import signal
from typing import Protocol

from bicoastal.errors import LabError
from bicoastal.lab.aws import EmbeddedAws
from bicoastal.lab.drill.fault import Fault


class Paths(Protocol):
    """What a fault needs of the network."""

    def cut(self, source: str = "*", member: str = "*") -> None:
        """Cut paths."""
        ...

    def heal(self, source: str = "*", member: str = "*") -> None:
        """Heal cut paths."""
        ...


def server_pid(aws: EmbeddedAws, region: str) -> int:
    """Give the process id of a member's database server.

    Args:
        aws: The embedded AWS.
        region: The member's region.

    Returns:
        The process id.

    Raises:
        LabError: The member has no running server.
    """
    for member in aws.members():
        if member.region == region and member.pid is not None:
            return member.pid
    raise LabError(f"the member in {region} has no running server")


def inject(fault: Fault, aws: EmbeddedAws, network: Paths, region: str) -> str:
    """Lose a member.

    Args:
        fault: How.
        aws: The embedded AWS.
        network: The network.
        region: The member's region.

    Returns:
        What was done, in words.
    """
    match fault:
        case Fault.KILL:
            pid = server_pid(aws, region)
            os.kill(pid, signal.SIGKILL)
            return f"SIGKILL to the database server of {region} (process {pid})"
        case Fault.HANG:
            pid = server_pid(aws, region)
            os.kill(pid, signal.SIGSTOP)
            return f"SIGSTOP to the database server of {region} (process {pid})"
        case Fault.PARTITION:
            network.cut(member=region)
            return f"every path to the database of {region} cut; its server is alive"


def heal(fault: Fault, aws: EmbeddedAws, network: Paths, region: str) -> str:
    """Bring a member back.

    Args:
        fault: How it was lost.
        aws: The embedded AWS.
        network: The network.
        region: The member's region.

    Returns:
        What was done, in words.
    """
    match fault:
        case Fault.KILL:
            aws.restart(region)
            return f"the database server of {region} starts again"
        case Fault.HANG:
            pid = server_pid(aws, region)
            os.kill(pid, signal.SIGCONT)
            return f"SIGCONT to the database server of {region} (process {pid})"
        case Fault.PARTITION:
            network.heal(member=region)
            return f"every path to the database of {region} healed"
