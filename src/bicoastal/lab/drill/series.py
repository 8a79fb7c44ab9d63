"""The clients' writes as rates: how many of each outcome, in each region, in each moment. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable

from bicoastal.lab.drill.report import RegionWrites, WriteSeries
from bicoastal.lab.history import Op

BIN_S = 0.25
"""Width of a moment, in seconds: short against any part of an outage, long against one write."""


def write_series(
    ops: Iterable[Op], member_of: Callable[[str], str | None], origin: float
) -> WriteSeries | None:
    """Count the attempts by the region that they went to and the moment their outcome was known.

    Args:
        ops: The clients' attempts.
        member_of: Tells which region an address leads to; None if it leads nowhere.
        origin: Wall clock of second zero.

    Returns:
        The series; None if there was no attempt. Attempts that never got an address are counted
        under the empty region.
    """
    counts: Counter[tuple[str, str, int]] = Counter()
    for op in ops:
        bin_number = int((op.done_wall_s - origin) // BIN_S)
        counts[member_of(op.address) or "", op.outcome, bin_number] += 1
    if not counts:
        return None
    numbers = [number for _, _, number in counts]
    span = range(min(numbers), max(numbers) + 1)
    return WriteSeries(
        start_s=span.start * BIN_S,
        bin_s=BIN_S,
        regions=[
            RegionWrites(
                region=region,
                acknowledged=[counts[region, "ok", number] for number in span],
                failed=[counts[region, "fail", number] for number in span],
                unknown=[counts[region, "unknown", number] for number in span],
            )
            for region in sorted({region for region, _, _ in counts})
        ],
    )
