"""Whole breakdowns against `golden`, which works each line out by hand; the totals are typed in."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from bicoastal.costs.estimate import Estimate, estimate
from bicoastal.costs.usage import Usage
from bicoastal.settings import Settings, load

from .golden import BUSY, EU, IDLE, US, Place, Shape, Topology, by_hand, usd

D = Decimal
KEYS = {
    "writes": "writes_per_second",
    "row": "row_kib",
    "reads": "reads_per_second",
    "far": "standby_reads_per_second",
    "gib": "storage_gib",
    "kept": "snapshot_gib",
    "log": "database_log_gib",
}
PROFILES: dict[str, tuple[str | None, int]] = {
    "validation": ("0.5", 1),
    "staging": ("0.5", 7),
    "production": (None, 35),
}


def settings_of(place: Place, profile: str, dns: str) -> Settings:
    home, standby, witness = place.regions
    public = "public" if dns == "health-check" else "private"
    return load(
        {
            "profile": profile,
            "regions": {"home": home, "standby": standby, "witness": witness},
            "dns": {"mode": dns},
            "health": {"endpointCheck": public},
        }
    )


def usage_of(use: dict[str, str]) -> Usage:
    values: dict[str, Any] = {KEYS[name]: D(value) for name, value in use.items()}
    return Usage(free_tier=False, **values)


def assert_is(found: Estimate, place: Place, shape: Shape) -> Decimal:
    """Every line, and nothing else; the sum."""
    expected = {(region, name): (quantity, price) for region, name, quantity, price in
                by_hand(place, shape)}  # fmt: skip
    lines = {(line.region, line.name): line for line in found.lines if line.region != "account"}
    unknown = {(item.region, item.name): item.quantity for item in found.unpriced}
    assert set(lines) | set(unknown) == set(expected)
    assert len(lines) == len(found.lines) - sum(line.region == "account" for line in found.lines)
    total = D(0)
    for key, (quantity, price) in expected.items():
        if price is None:
            assert abs(unknown[key] - quantity) < D("1e-12"), key
            continue
        assert abs(lines[key].quantity - quantity) < D("1e-12") * max(quantity, D(1)), key
        assert lines[key].usd == usd(quantity, price), key
        total += lines[key].usd
    return total


CASES = [
    (US, "validation", "latch", "global", IDLE, "117.75"),
    (US, "validation", "health-check", "global", IDLE, "122.53"),
    (US, "validation", "global-endpoint", "global", IDLE, "113.13"),
    (US, "validation", "latch", "headless", IDLE, "73.17"),
    (US, "validation", "latch", "binlog-replica", IDLE, "136.93"),
    (US, "staging", "latch", "global", IDLE, "117.79"),
    (US, "production", "latch", "global", IDLE, "790.13"),
    (US, "production", "latch", "global", BUSY, "2624.34"),
    (US, "production", "health-check", "global", BUSY, "2636.42"),
    (US, "production", "global-endpoint", "global", BUSY, "2619.72"),
    (US, "production", "latch", "headless", BUSY, "2238.43"),
    (US, "staging", "latch", "headless", IDLE, "73.21"),
    (US, "staging", "latch", "binlog-replica", IDLE, "136.97"),
    (US, "production", "latch", "headless", IDLE, "409.48"),
    (US, "production", "latch", "binlog-replica", IDLE, "790.13"),
    (EU, "validation", "latch", "global", IDLE, "132.62"),
    (EU, "validation", "health-check", "global", IDLE, "137.40"),
    (EU, "validation", "global-endpoint", "global", IDLE, "128.00"),
    (EU, "validation", "latch", "headless", IDLE, "80.70"),
    (EU, "validation", "latch", "binlog-replica", IDLE, "149.61"),
    (EU, "staging", "latch", "global", IDLE, "132.67"),
    (EU, "production", "latch", "global", IDLE, "905.83"),
    (EU, "production", "latch", "global", BUSY, "2879.84"),
    (EU, "production", "health-check", "global", BUSY, "2891.92"),
    (EU, "production", "global-endpoint", "global", BUSY, "2875.22"),
    (EU, "production", "latch", "headless", BUSY, "2415.94"),
    (EU, "staging", "latch", "headless", IDLE, "80.75"),
    (EU, "staging", "latch", "binlog-replica", IDLE, "149.66"),
    (EU, "production", "latch", "headless", IDLE, "447.71"),
    (EU, "production", "latch", "binlog-replica", IDLE, "905.83"),
]


@pytest.mark.parametrize(
    "case",
    CASES,
    ids=lambda case: "-".join([case[0].regions[0], *case[1:4], "busy" if case[4] is BUSY else ""]),
)
def test_line_by_line(case: tuple[Place, str, str, Topology, dict[str, str], str]) -> None:
    place, profile, dns, topology, use, total = case
    capacity, days = PROFILES[profile]
    settings = settings_of(place, profile, dns)
    if topology == "binlog-replica":
        settings = settings.model_copy(update={"topology": topology})
        if capacity:  # which may have a class that a global database may not
            capacity = "db.t4g.medium"
            database = settings.database.model_copy(update={"instance_class": capacity})
            settings = settings.model_copy(update={"database": database})
    if topology == "headless":
        database = settings.database.model_copy(update={"headless_standby": True})
        settings = settings.model_copy(update={"database": database})
    found = estimate(settings, usage_of(use))
    shape = Shape(capacity, days, dns, use, topology)
    assert assert_is(found, place, shape) == found.total == D(total)
    assert found.total_of("fixed") + found.total_of("usage") == found.total


# What AWS gives each account and month, taken off the default. What is left of each line is
# rounded, as the line itself was.
FREE = {
    # 876,000 requests of 1,000,000: all lines of 0.05, 0.01, 0.05, 0.01, 0.05.
    ("Lambda", "fixed", "requests"): "-0.17",
    # 6,570 x 3 + 2,737.5 + 276,487.5 = 298,935 GB-seconds of 400,000: 0.09 x 3 + 0.04 + 3.69.
    ("Lambda", "fixed", "GB-seconds"): "-4.00",
    # 10 of 34 alarms, all 9 metrics and both dashboards.
    ("CloudWatch", "fixed", "alarm metrics"): "-1.00",
    ("CloudWatch", "fixed", "metrics"): "-2.70",
    ("CloudWatch", "fixed", "dashboards"): "-6.00",
    # 131,400 puts of 1,000,000: 0.44 in each region.
    ("CloudWatch", "fixed", "requests"): "-1.32",
    # 1.35 GB of 5: 0.17 + 0.17 + 0.04 + 0.02 + 0.04 + 0.09 + 0.04, and 0.05 + 0.05 by usage.
    ("CloudWatch Logs", "fixed", "GB"): "-0.57",
    ("CloudWatch Logs", "usage", "GB"): "-0.10",
    ("KMS", "usage", "requests"): "-0.06",
    ("SNS", "usage", "requests"): "0.00",
    ("DynamoDB", "fixed", "GB-months"): "0.00",
}


def test_the_default_stack_with_the_free_allowances() -> None:
    found = estimate(load({}))
    gross = assert_is(found, US, Shape("0.5", 1, "latch", IDLE))
    free = {
        (line.service, line.kind, line.unit): str(line.usd)
        for line in found.lines
        if line.region == "account"
    }
    assert free == FREE
    assert found.unpriced == ()
    assert found.total == gross + sum(D(amount) for amount in FREE.values()) == D("101.83")


TENTH = D("105.10")  # of the 1,051 dollars a month that the reviewed system's instances cost


def test_the_default_stack_costs_at_most_a_tenth_of_the_reviewed_system() -> None:
    found = estimate(load({}))
    assert found.total <= TENTH
    capacity = sum(line.usd for line in found.lines if line.key.startswith("aurora:acu/"))
    assert capacity == D("87.60")


def test_without_the_free_allowances_it_is_a_tenth_but_for_dashboards_and_alarms() -> None:
    charged = Usage(free_tier=False)
    assert estimate(load({}), charged).total == D("117.75")
    plain = load({"monitoring": {"dashboards": False}})
    assert estimate(plain, charged).total == D("117.75") - 6
