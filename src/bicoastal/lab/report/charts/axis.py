"""The horizontal axis in seconds that every chart has."""

from __future__ import annotations

from bicoastal.lab.report.charts.scale import Scale
from bicoastal.lab.report.charts.svg import Drawing

LEFT = 80.0
"""Pixels left of every axis, for names."""
RIGHT = 10.0
"""Pixels right of every axis."""
_PX_PER_TICK = 55


def time_scale(width: float, low: float, high: float) -> Scale:
    """Lay out the axis.

    Args:
        width: The drawing's width, pixels.
        low: First second.
        high: Last second.

    Returns:
        The scale from seconds to pixels.
    """
    return Scale(low, max(high, low + 0.001), LEFT, width - RIGHT)


def draw_axis(drawing: Drawing, x: Scale, top: float, bottom: float, words: str) -> float:
    """Draw grid lines, numbers and the unit.

    Args:
        drawing: Where.
        x: The scale.
        top: Upper end of the grid, pixels.
        bottom: Lower end of the grid, pixels.
        words: What the seconds are counted from.

    Returns:
        The lower edge of what was drawn, pixels.
    """
    for tick in x.ticks(max(2, int((x.end - x.start) // _PX_PER_TICK))):
        drawing.line(x(tick), top, x(tick), bottom, "grid")
        drawing.text(x(tick), bottom + 14, f"{tick:g}", "faint", "middle")
    drawing.text(x.end, bottom + 29, words, "faint", "end")
    return bottom + 34
