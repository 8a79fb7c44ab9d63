"""Outages as bars, one a drill, each divided into its parts."""

from __future__ import annotations

from collections.abc import Sequence

from bicoastal.lab.drill.report import RecoveryTime
from bicoastal.lab.report.charts.axis import LEFT, draw_axis, time_scale
from bicoastal.lab.report.charts.svg import Drawing

PARTS = ("detect", "decide", "promote", "redirect", "reconnect")
_TALL, _LOW = 26.0, 7.0
_MOST_TALL = 6
_LETTER_PX = 6.6
_NAME_LETTERS = 11


def bars(outages: Sequence[tuple[str, RecoveryTime]], width: float) -> str:
    """Draw the outages; many are sorted by length and drawn low, so that they show a distribution.

    Args:
        outages: A name and the outage of each drill, one at least.
        width: Pixels.

    Returns:
        The SVG element.
    """
    many = len(outages) > _MOST_TALL
    if many:
        outages = sorted(outages, key=lambda outage: outage[1].total_s)
    height = _LOW if many else _TALL
    drawing = Drawing(width, "recovery time and its parts")
    x = time_scale(width, 0.0, max(outage.total_s for _, outage in outages) * 1.02)
    y = 4.0
    bottom = y + len(outages) * (height + 2)
    end = draw_axis(drawing, x, y, bottom, "seconds after the fault")
    for name, outage in outages:
        begun = 0.0
        for part in PARTS:
            seconds = getattr(outage, f"{part}_s")
            start, stop = x(begun), x(begun + seconds)
            title = f"{name}: {part} {seconds:.2f} s of {outage.total_s:.2f} s"
            drawing.rect((start, y), (stop - start, height), f"part {part}", title)
            if not many and len(part) * _LETTER_PX + 6 < stop - start:
                drawing.text(start + 4, y + height / 2 + 4, part, "on")
            begun += seconds
        drawing.line(x(outage.floor_s), y - 1, x(outage.floor_s), y + height + 1, "floor")
        if not many:
            drawing.text(LEFT - 6, y + height / 2 + 4, name[:_NAME_LETTERS], "name", "end")
        y += height + 2
    return drawing.finish(end)
