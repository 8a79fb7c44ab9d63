"""How long the outage took, and which part of it took how long. Pure."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bicoastal.lab.drill.report import RecoveryTime


@dataclass(frozen=True)
class Milestones:
    """When the controller moved, in seconds of the wall clock; None for what did not happen.

    Attributes:
        suspected: The first round in which the member was down.
        intended: The claim was made and confirmed; the promotion was asked for.
        verified: The new writer was verified.
    """

    suspected: float | None
    intended: float | None
    verified: float | None


def milestones(audit: Iterable[Mapping[str, Any]], fault_at: float) -> Milestones:
    """Read the milestones from the controller's audit trail.

    Args:
        audit: Entries with `at` (wall clock, seconds) and `to_state`, in order.
        fault_at: Wall clock of the fault, in seconds.

    Returns:
        The milestones after the fault. A suspicion that was dropped again does not count: the
        last one before the intent does.
    """
    suspected = intended = verified = None
    for entry in audit:
        if entry["at"] < fault_at:
            continue
        match entry["to_state"]:
            case "SUSPECT" if suspected is None:
                suspected = entry["at"]
            case "STEADY" if intended is None:
                suspected = None
            case "PROMOTING" if intended is None:
                intended = entry["at"]
            case "REDIRECTING" if verified is None:
                verified = entry["at"]
    return Milestones(suspected, intended, verified)


def recovery_time(
    *,
    fault_at: float,
    reached: Milestones,
    redirected_at: float | None,
    served_at: float | None,
    silence_s: float,
    floor_s: float,
) -> RecoveryTime | None:
    """Split the outage into its parts.

    Args:
        fault_at: Wall clock of the fault, in seconds.
        reached: The controller's milestones.
        redirected_at: When DNS first answered with the new writer; None if never.
        served_at: When the new writer first acknowledged a client's write; None if never.
        silence_s: Longest time without any acknowledged write, in seconds.
        floor_s: The shortest outage that the settings allow, in seconds.

    Returns:
        The parts; they add up to the total. A part that ended before its predecessor counts 0
        (a health check may move DNS before the promotion). None if no write was ever served.
    """
    if served_at is None:
        return None
    points = [fault_at]
    for at in (reached.suspected, reached.intended, reached.verified, redirected_at):
        points.append(min(served_at, max(points[-1], at if at is not None else points[-1])))
    points.append(served_at)
    detect, decide, promote, redirect, reconnect = (b - a for a, b in itertools.pairwise(points))
    return RecoveryTime(
        total_s=served_at - fault_at,
        detect_s=detect,
        decide_s=decide,
        promote_s=promote,
        redirect_s=redirect,
        reconnect_s=reconnect,
        floor_s=floor_s,
        silence_s=silence_s,
    )


def longest_silence(acknowledged_at: Sequence[float]) -> float:
    """Return the longest time between two acknowledged writes, in seconds; 0 for fewer than two."""
    ordered = sorted(acknowledged_at)
    return max((b - a for a, b in itertools.pairwise(ordered)), default=0.0)
