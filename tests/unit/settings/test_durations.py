"""Durations as people write them."""

from __future__ import annotations

import pytest

from bicoastal.settings.durations import seconds, shortly


@pytest.mark.parametrize(
    ("text", "value"),
    (("90m", 5400), ("1h30m", 5400), ("2d", 172_800), ("15s", 15), ("0h", None), ("4", None),
     ("h", None), ("", None), ("4 h", None), ("1w", None), ("-1h", None), ("٤h", None)),
)  # fmt: skip
def test_a_number_and_its_unit(text: str, value: int | None) -> None:
    assert seconds(text) == value


@pytest.mark.parametrize(
    ("span", "text"),
    ((59, "0m"), (60, "1m"), (3600, "1h"), (5400.9, "1h 30m"), (90_000, "1d 1h"),
     (86_400 + 120, "1d 2m"), (3 * 86_400 + 7260, "3d 2h")),
)  # fmt: skip
def test_a_span_by_its_two_largest_units(span: float, text: str) -> None:
    assert shortly(span) == text
