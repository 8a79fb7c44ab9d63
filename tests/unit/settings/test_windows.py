"""Windows: which texts are ones, and which of them have a minute in common."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bicoastal.settings.windows import DAY, WEEK, Window, daily, weekly


@pytest.mark.parametrize(
    ("text", "start", "length"),
    (("00:00-00:30", 0, 30), ("23:45-00:15", 1425, 30), ("03:00-02:59", 180, 1439)),
)
def test_a_daily_window(text: str, start: int, length: int) -> None:
    assert daily(text) == Window(start, length, DAY)


@pytest.mark.parametrize(
    ("text", "start", "length"),
    (
        ("mon:00:00-mon:00:30", 0, 30),
        ("Sun:23:30-Mon:00:30", 6 * DAY + 1410, 60),
        ("tue:03:00-mon:03:00", DAY + 180, 6 * DAY),
    ),
)
def test_a_weekly_window(text: str, start: int, length: int) -> None:
    assert weekly(text) == Window(start, length, WEEK)


@pytest.mark.parametrize("text", ("", "3:00-4:00", "24:00-01:00", "03:60-04:00", "sun:03:00-04:00"))
def test_other_texts_are_no_windows(text: str) -> None:
    assert daily(text) is None
    assert weekly(text) is None


def minutes(window: Window) -> set[int]:
    times = range(window.start, window.start + WEEK, window.period)
    return {(begin + minute) % WEEK for begin in times for minute in range(window.length)}


@given(
    st.integers(0, DAY - 1),
    st.integers(1, DAY - 1),
    st.integers(0, WEEK - 1),
    st.integers(1, 2 * DAY),
)
def test_windows_overlap_if_they_have_a_minute_in_common(
    start: int, length: int, week_start: int, week_length: int
) -> None:
    backup, maintenance = Window(start, length, DAY), Window(week_start, week_length, WEEK)
    common = bool(minutes(backup) & minutes(maintenance))
    assert backup.overlaps(maintenance) == maintenance.overlaps(backup) == common


@given(
    st.integers(0, DAY - 1), st.integers(30, 600), st.integers(0, WEEK - 1), st.integers(30, 600)
)
def test_the_window_after_another_is_apart_from_it(
    start: int, length: int, week_start: int, week_length: int
) -> None:
    backup, maintenance = Window(start, length, DAY), Window(week_start, week_length, WEEK)
    cured = weekly(maintenance.after(backup))
    assert cured is not None
    assert not cured.overlaps(backup)
    assert cured.start // DAY == maintenance.start // DAY
    assert cured.length == min(week_length, DAY - length)
