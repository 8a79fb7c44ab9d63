"""Losing a member, and bringing it back."""

from __future__ import annotations

import os
import signal

from bicoastal.errors import LabError
from bicoastal.lab.aws import EmbeddedAws
from bicoastal.lab.drill.fault import Fault
from bicoastal.lab.network import NetworkControl


def inject(fault: Fault, aws: EmbeddedAws, network: NetworkControl, region: str) -> str:
    """Lose a member.

    Args:
        fault: How.
        aws: The embedded AWS.
        network: The network.
        region: The member's region.

    Returns:
        What was done, in words.

    Raises:
        LabError: The member has no running server.
    """
    if fault is Fault.PARTITION:
        network.cut(member=region)
        return f"every path to the database of {region} cut; its server is alive"
    number = {Fault.KILL: signal.SIGKILL, Fault.HANG: signal.SIGSTOP}[fault]
    return _send(number, aws, region)


def heal(fault: Fault, aws: EmbeddedAws, network: NetworkControl, region: str) -> str:
    """Bring a member back.

    Args:
        fault: How it was lost.
        aws: The embedded AWS.
        network: The network.
        region: The member's region.

    Returns:
        What was done, in words.

    Raises:
        LabError: The member has no server to go on.
    """
    if fault is Fault.PARTITION:
        network.heal(member=region)
        return f"every path to the database of {region} healed"
    if fault is Fault.HANG:
        return _send(signal.SIGCONT, aws, region)
    aws.restart(region)
    return f"the database server of {region} starts again"


def _send(number: signal.Signals, aws: EmbeddedAws, region: str) -> str:
    pid = aws.member(region).pid
    if pid is None:
        raise LabError(f"the member in {region} has no running server")
    os.kill(pid, number)
    return f"{number.name} to the database server of {region} (process {pid})"
