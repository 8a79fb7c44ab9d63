"""The whole drill on one time axis: writes, DNS, votes, controller, lag."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from bicoastal.lab.drill.report import Observations, RegionWrites, WriteSeries
from bicoastal.lab.report import seen
from bicoastal.lab.report.charts.axis import LEFT, draw_axis, time_scale
from bicoastal.lab.report.charts.scale import Scale
from bicoastal.lab.report.charts.svg import Drawing

_MARKS_PX = 18.0
_WRITES_PX = 150.0
_LAG_PX = 40.0
_BAND_PX = 18.0
_VOTE_PX = 14.0
_GAP_PX = 10.0
_LETTER_PX = 7.6
_SHOWN_BEFORE_S = 3.0
_LEAST_LAG_S = 0.1
_UNNAMED = "no address"


@dataclass(frozen=True)
class View:
    """What part of the time axis is drawn, and how it is explained.

    Attributes:
        low_s: First second.
        high_s: Last second.
        words: What the seconds are counted from.
        marks: The moments to number.
    """

    low_s: float
    high_s: float
    words: str
    marks: Sequence[seen.Mark]


def whole(record: Observations) -> View:
    """From a little before the fault to the end of the clients."""
    marks = seen.marks(record)
    low_s, high_s = -_SHOWN_BEFORE_S, max([1.0, *(mark.at_s for mark in marks)])
    if record.series is not None:
        bins = max(len(region.acknowledged) for region in record.series.regions)
        low_s = max(record.series.start_s, low_s)
        high_s = record.series.start_s + bins * record.series.bin_s
    return View(low_s, high_s, "seconds after the fault", marks)


def timeline(record: Observations, width: float, view: View | None = None) -> str:
    """Draw the time line.

    Args:
        record: What was seen.
        width: Pixels; the same chart is drawn narrow for phones.
        view: Which part of it; the whole drill if left out.

    Returns:
        The SVG element. Lanes of which the record tells nothing are left out.
    """
    view = view or whole(record)
    drawing = Drawing(width, "time line: writes, DNS answers, votes, states and lag")
    chart = _Chart(drawing, time_scale(width, view.low_s, view.high_s), seen.members(record))
    y = _MARKS_PX
    if record.series is not None:
        y = chart.writes(record.series, y)
    y = chart.bands("DNS", seen.answers(record), y, by_region=True)
    y = chart.ballots(seen.ballots(record), y)
    y = chart.bands("controller", seen.states(record), y, by_region=False)
    y = chart.lag(seen.lags(record), y)
    bottom = draw_axis(drawing, chart.x, _MARKS_PX, y, view.words)
    chart.marks(view.marks, y)
    return drawing.finish(bottom)


class _Chart:
    """The lanes; each draws itself below a height and returns where the next one begins."""

    def __init__(self, drawing: Drawing, x: Scale, members: Sequence[str]) -> None:
        self._drawing = drawing
        self._members = members
        self.x = x

    def writes(self, series: WriteSeries, y: float) -> float:
        """Acknowledged writes upwards, stacked by region; refused and unanswered downwards."""
        up = [(region.region, region.acknowledged) for region in series.regions]
        down = [
            ("refused", _sums(series.regions, "failed")),
            ("unknown", _sums(series.regions, "unknown")),
        ]
        most = max(_highest(up), 1) / series.bin_s
        least = -_highest(down) / series.bin_s
        scale = Scale(least, most, y + _WRITES_PX, y)
        for tick in scale.ticks(5):
            self._drawing.line(self.x.start, scale(tick), self.x.end, scale(tick), "grid")
            self._drawing.text(LEFT - 6, scale(tick) + 4, f"{abs(tick):g}", "faint", "end")
        self._stack(series, scale, up, 1)
        self._stack(series, scale, down, -1)
        self._drawing.line(self.x.start, scale(0), self.x.end, scale(0), "zero")
        self._drawing.text(0, y + 10, "writes/s", "name")
        self._explain(series, y)
        return y + _WRITES_PX + _GAP_PX

    def bands(self, name: str, spans: Sequence[seen.Span], y: float, *, by_region: bool) -> float:
        """What lasted, as a coloured band with its names where they fit."""
        if not spans:
            return y
        self._drawing.text(0, y + 13, name, "name")
        for span in spans:
            start, end = self.x(span.start_s), self.x(span.end_s)
            style = self._style(span.name) if by_region else f"state {span.name.lower()}"
            title = f"{span.name} from {span.start_s:.2f} s: {span.detail}"
            self._drawing.rect((start, y), (end - start, _BAND_PX), style, title)
            if len(span.name) * _LETTER_PX + 6 < end - start:
                self._drawing.text(start + 4, y + 13, span.name, "on")
        return y + _BAND_PX + _GAP_PX

    def ballots(self, votes: Sequence[seen.Ballot], y: float) -> float:
        """One row a witness: a tick for UP, a block for DOWN, a hollow block for UNKNOWN."""
        for witness in sorted({vote.witness for vote in votes}):
            self._drawing.text(0, y + 10, witness, "name")
            self._drawing.line(self.x.start, y + 6, self.x.end, y + 6, "grid")
            for vote in votes:
                if vote.witness == witness and self.x.low <= vote.at_s <= self.x.high:
                    self._ballot(vote, y)
            y += _VOTE_PX
        return y + (_GAP_PX if votes else 0)

    def lag(self, points: Sequence[tuple[float, float]], y: float) -> float:
        """The replication lag that the controller went by."""
        points = [point for point in points if self.x.low <= point[0] <= self.x.high]
        if not points:
            return y
        scale = Scale(0, max(_LEAST_LAG_S, *(lag for _, lag in points)), y + _LAG_PX, y)
        self._drawing.text(0, y + 10, "lag, s", "name")
        self._drawing.text(LEFT - 6, y + 10, f"{scale.high:.2g}", "faint", "end")
        self._drawing.text(LEFT - 6, y + _LAG_PX + 4, "0", "faint", "end")
        self._drawing.line(self.x.start, scale(0), self.x.end, scale(0), "grid")
        for at_s, lag in points:
            self._drawing.dot(self.x(at_s), scale(lag), 2.5, "lag", f"{lag:.3f} s at {at_s:.2f} s")
        return y + _LAG_PX + _GAP_PX

    def marks(self, marks: Sequence[seen.Mark], bottom: float) -> None:
        """Numbered lines through all lanes; the page lists what the numbers mean."""
        beside = -math.inf
        for number, mark in enumerate(marks, start=1):
            at = self.x(mark.at_s)
            self._drawing.line(at, _MARKS_PX - 3, at, bottom, "fault" if mark.fault else "mark")
            beside = max(at, beside + 14)
            self._drawing.dot(beside, 7, 6.5, "badge", f"{mark.at_s:.2f} s: {mark.text}")
            self._drawing.text(beside, 10.5, str(number), "number", "middle")

    def _stack(
        self,
        series: WriteSeries,
        scale: Scale,
        layers: Sequence[tuple[str, list[int]]],
        sign: int,
    ) -> None:
        base = [0] * len(layers[0][1])
        for name, counts in layers:
            top = [below + count for below, count in zip(base, counts, strict=True)]
            if any(counts):
                upper, lower = (
                    _steps(series, self.x, [scale(sign * n / series.bin_s) for n in each])
                    for each in (top, base)
                )
                self._drawing.path(upper + lower[::-1], self._style(name))
            base = top

    def _explain(self, series: WriteSeries, y: float) -> None:
        """What each moment holds, for the pointer."""
        for number in range(len(series.regions[0].acknowledged)):
            at_s = series.start_s + number * series.bin_s
            start, end = self.x(at_s), self.x(at_s + series.bin_s)
            told = "; ".join(
                f"{region.region or _UNNAMED}: {region.acknowledged[number]} acknowledged, "
                f"{region.failed[number]} refused, {region.unknown[number]} unanswered"
                for region in series.regions
            )
            title = f"{at_s:.2f} s: {told}"
            self._drawing.rect((start, y), (end - start, _WRITES_PX), "hover", title)

    def _ballot(self, vote: seen.Ballot, y: float) -> None:
        at = self.x(vote.at_s)
        title = f"{vote.at_s:.2f} s {vote.witness} {vote.verdict}: {vote.reason}"
        height = 5 if vote.verdict == "UP" else 11
        style = f"vote {vote.verdict.lower()}"
        self._drawing.rect((at, y + 6 - height / 2), (4, height), style, title)

    def _style(self, name: str) -> str:
        if name in self._members:
            return f"region-{self._members.index(name)}"
        return name or "unknown"


def _sums(regions: Sequence[RegionWrites], outcome: str) -> list[int]:
    columns = zip(*(getattr(region, outcome) for region in regions), strict=True)
    return [sum(column) for column in columns]


def _highest(layers: Sequence[tuple[str, list[int]]]) -> int:
    columns = zip(*(counts for _, counts in layers), strict=True)
    return max(map(sum, columns))


def _steps(series: WriteSeries, x: Scale, heights: Sequence[float]) -> list[tuple[float, float]]:
    points = []
    for number, height in enumerate(heights):
        start_s = series.start_s + number * series.bin_s
        points += [(x(start_s), height), (x(start_s + series.bin_s), height)]
    return points
