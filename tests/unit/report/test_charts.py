"""The charts: what is drawn where. Pixels are compared with what the numbers ask for."""

from __future__ import annotations

import itertools
import xml.etree.ElementTree as ET

import pytest

from bicoastal.lab.drill.report import DrillReport, MemberState, RecoveryTime
from bicoastal.lab.report.charts.axis import LEFT, RIGHT
from bicoastal.lab.report.charts.ranges import ranges
from bicoastal.lab.report.charts.recovery import bars
from bicoastal.lab.report.charts.scale import Scale
from bicoastal.lab.report.charts.svg import Drawing
from bicoastal.lab.report.charts.timeline import View, timeline
from bicoastal.lab.report.expected import detection
from bicoastal.lab.report.seen import Mark

from .samples import HOME, STANDBY, lasting, series, whole

WIDTH = 1000.0
SVG = "{http://www.w3.org/2000/svg}"


def drawn(svg: str, style: str) -> list[ET.Element]:
    """Every shape of a class, in the order of drawing."""
    return [element for element in ET.fromstring(svg).iter() if element.get("class") == style]


def number(element: ET.Element, name: str) -> float:
    return float(element.get(name) or "nan")


def title(element: ET.Element) -> str:
    return element.findtext(f"{SVG}title") or ""


def corners(path: ET.Element) -> list[tuple[float, float]]:
    words = (path.get("d") or "").strip("MZ ").split(" L")
    return [(float(x), float(y)) for x, y in (word.split() for word in words)]


@pytest.mark.parametrize(
    ("low", "high", "most", "expected"),
    (
        (0, 10, 5, [0, 2, 4, 6, 8, 10]),
        (-3, 17, 5, [0, 5, 10, 15]),
        (0, 0.9, 3, [0, 0.5]),
        (-49, 100, 5, [-0.0, 50, 100]),
    ),
)
def test_an_axis_has_round_numbers(
    low: float, high: float, most: int, expected: list[float]
) -> None:
    assert Scale(low, high, 0, 100).ticks(most) == pytest.approx(expected)


def test_a_scale_puts_what_is_outside_on_its_edge() -> None:
    scale = Scale(0, 10, 100, 0)
    assert [scale(value) for value in (-1, 0, 2.5, 10, 99)] == [100, 100, 75, 0, 0]


def test_words_and_titles_are_escaped() -> None:
    drawing = Drawing(10, "a <b>")
    drawing.text(0, 0, "<script>")
    drawing.rect((0, 0), (1, 1), "x", '"&"')
    drawing.rect((0, 0), (0, 1), "nothing")
    svg = drawing.finish(5)
    assert "<script>" not in svg
    assert drawn(svg, "nothing") == []
    assert title(drawn(svg, "x")[0]) == '"&"'


def test_writes_are_as_high_as_there_are_many(report) -> None:
    svg = timeline(whole(report, members=two_members(report)), WIDTH)
    zero = number(drawn(svg, "zero")[0], "y1")

    def edges(style: str, moment: int) -> tuple[float, float]:
        """Where the first area of a class lies in one moment, above zero: outer and inner edge."""
        points = [y for _, y in corners(drawn(svg, style)[0])]
        half = len(points) // 2  # the outer edge from left to right, the inner one back
        return zero - points[2 * moment], zero - points[half:][::-1][2 * moment]

    high, low = edges("region-0", 0)
    assert (high > 50, low) == (True, 0)
    assert edges("region-1", 3) == pytest.approx((high / 2, 0), abs=0.2)
    assert edges("region-1", 1) == (0, 0)
    # 40 at home and one without an address; the unanswered are stacked below them.
    assert edges("refused", 1) == pytest.approx((-0.41 * high, 0), abs=0.2)
    assert edges("unknown", 1) == pytest.approx((-0.50 * high, -0.41 * high), abs=0.2)
    told = [title(element) for element in drawn(svg, "hover")]
    assert len(told) == 4
    assert f"{HOME}: 0 acknowledged, 40 refused, 9 unanswered" in told[1]
    assert "no address: 0 acknowledged, 1 refused" in told[1]


def two_members(report: DrillReport) -> list[MemberState]:
    first = report.members[0]
    return [first, first.model_copy(update={"region": STANDBY, "role": "writer"})]


def test_votes_states_answers_lag_and_marks_are_there(report) -> None:
    svg = timeline(whole(report), WIDTH)
    verdicts = ("up", "down", "unknown")
    assert [len(drawn(svg, f"vote {verdict}")) for verdict in verdicts] == [3, 2, 1]
    assert "connection refused" in title(drawn(svg, "vote down")[0])
    (suspect,) = drawn(svg, "state suspect")
    pixel = (WIDTH - LEFT - RIGHT) / 4
    assert number(suspect, "x") == pytest.approx(LEFT + 1.3 * pixel, abs=0.1)
    assert drawn(svg, "state cooldown") == []  # after the clients' end
    assert "now <SUSPECT>" in title(suspect)
    assert len(drawn(svg, "lag")) == 1  # the others were seen after the clients' end
    assert len(drawn(svg, "fault")) == 1
    assert len(drawn(svg, "mark")) == 5
    badges = [number(badge, "cx") for badge in drawn(svg, "badge")]
    assert all(b - a >= 14 for a, b in itertools.pairwise(badges))


def test_a_view_chooses_the_seconds_and_the_marks(report) -> None:
    marks = [Mark(1.0, "killed", fault=True), Mark(1.5, "armed")]
    svg = timeline(whole(report), WIDTH, View(0.0, 2.0, "seconds before now", marks))
    assert [title(badge) for badge in drawn(svg, "badge")] == ["1.00 s: killed", "1.50 s: armed"]
    (fault,) = drawn(svg, "fault")
    pixel = (WIDTH - LEFT - RIGHT) / 2
    assert number(fault, "x1") == pytest.approx(LEFT + pixel, abs=0.1)
    assert len(drawn(svg, "mark")) == 1
    assert "seconds before now" in svg
    assert [len(drawn(svg, f"vote {verdict}")) for verdict in ("up", "down")] == [0, 2]


def test_what_a_record_does_not_tell_is_left_out(report) -> None:
    svg = timeline(report.model_copy(update={"dns": [], "recovery_time": None}), WIDTH)
    words = [element.text for element in drawn(svg, "name")]
    assert words == []
    assert len(drawn(svg, "fault")) == 1


def test_a_series_without_acknowledgements_is_drawn(report) -> None:
    nothing = series().regions[0].model_copy(update={"failed": [0] * 4})
    quiet = series().model_copy(update={"regions": [nothing]})
    svg = timeline(whole(report, series=quiet), WIDTH)
    assert drawn(svg, "refused") == []
    assert len(drawn(svg, "hover")) == 4


def test_an_outage_is_divided_in_proportion(report) -> None:
    svg = bars([("drill", report.recovery_time)], WIDTH)
    widths = [
        number(drawn(svg, f"part {part}")[0], "width")
        for part in ("detect", "decide", "promote", "redirect", "reconnect")
    ]
    assert [width / sum(widths) for width in widths] == pytest.approx(
        [0.1, 0.5, 0.2, 0.15, 0.05], abs=0.001
    )
    assert [element.text for element in drawn(svg, "on")][:2] == ["detect", "decide"]
    (floor,) = drawn(svg, "floor")
    start = number(drawn(svg, "part detect")[0], "x")
    assert (number(floor, "x1") - start) / sum(widths) == pytest.approx(0.65, abs=0.001)


def outage_of(report: DrillReport) -> RecoveryTime:
    assert report.recovery_time is not None
    return report.recovery_time


def test_many_outages_are_sorted_and_low(report) -> None:
    outages = [(str(n), outage_of(lasting(report, n))) for n in (5, 3, 9, 1, 7, 2, 8)]
    svg = bars(outages, WIDTH)
    first = [title(element).split(":")[0] for element in drawn(svg, "part detect")]
    assert first == ["1", "2", "3", "5", "7", "8", "9"]
    assert drawn(svg, "on") == drawn(svg, "name") == []


def test_a_measurement_lies_in_its_range(report) -> None:
    found = detection(whole(report))
    assert found is not None
    svg = ranges([found.noticed, found.acted], WIDTH)
    for band, dot in zip(drawn(svg, "range"), drawn(svg, "measured"), strict=True):
        left = number(band, "x")
        assert left <= number(dot, "cx") <= left + number(band, "width")
