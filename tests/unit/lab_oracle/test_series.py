"""The clients' writes, counted by moment and region."""

from __future__ import annotations

from dataclasses import replace

from bicoastal.lab.drill.series import BIN_S, write_series

from .conftest import NEW, OLD, op

REGIONS = {OLD: "home", NEW: "standby"}


def test_attempts_are_counted_where_and_when_their_outcome_was_known() -> None:
    ops = [
        op(0, 1, done_s=9.9),
        op(1, 1, done_s=9.99),
        op(0, 2, "fail", done_s=10.0),
        op(0, 3, "unknown", done_s=10.6),
        replace(op(1, 2, "fail", done_s=10.6), address=""),
        op(0, 4, address=NEW, done_s=10.8),
    ]
    found = write_series(ops, REGIONS.get, origin=1010.0)
    assert found is not None
    assert (found.start_s, found.bin_s) == (-BIN_S, BIN_S)
    nowhere, home, standby = found.regions
    assert [region.region for region in found.regions] == ["", "home", "standby"]
    assert home.acknowledged == [2, 0, 0, 0, 0]
    assert home.failed == [0, 1, 0, 0, 0]
    assert home.unknown == [0, 0, 0, 1, 0]
    assert nowhere.failed == [0, 0, 0, 1, 0]
    assert standby.acknowledged == [0, 0, 0, 0, 1]


def test_without_attempts_there_is_no_series() -> None:
    assert write_series([], REGIONS.get, origin=0.0) is None
