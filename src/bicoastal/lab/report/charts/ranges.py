"""Predicted ranges with what was measured inside, or outside, of them."""

from __future__ import annotations

from collections.abc import Sequence

from bicoastal.lab.report.charts.axis import draw_axis, time_scale
from bicoastal.lab.report.charts.svg import Drawing
from bicoastal.lab.report.expected import Measured

_ROW_PX = 30.0


def ranges(rows: Sequence[Measured], width: float) -> str:
    """Draw a band from the least to the greatest, a line at the mean and a dot where it was.

    Args:
        rows: Predictions with their measurements, one at least.
        width: Pixels.

    Returns:
        The SVG element.
    """
    drawing = Drawing(width, "predicted and measured detection")
    most = max(max(row.predicted.maximum_s, row.measured_s) for row in rows)
    x = time_scale(width, 0.0, most * 1.05)
    bottom = 4 + len(rows) * _ROW_PX
    end = draw_axis(drawing, x, 4, bottom, "seconds after the fault")
    for number, row in enumerate(rows):
        y = 4 + number * _ROW_PX
        low, mean, high = (
            x(s) for s in (row.predicted.minimum_s, row.predicted.mean_s, row.predicted.maximum_s)
        )
        drawing.text(0, y + 19, row.name.split(maxsplit=1)[0], "name")
        drawing.rect((low, y + 8), (high - low, 14), "range", f"{row.name}: predicted")
        drawing.line(mean, y + 8, mean, y + 22, "zero")
        drawing.dot(x(row.measured_s), y + 15, 5, "measured", f"measured {row.measured_s:.2f} s")
    return drawing.finish(end)
