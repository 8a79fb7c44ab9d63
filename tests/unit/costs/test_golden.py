"""Whole breakdowns, worked out by hand: quantity times unit price, line by line.

Nothing here is computed by the code under test: quantities and prices are written out, from the
pages that docs/cost.md names.
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

from bicoastal.costs.estimate import Estimate, estimate
from bicoastal.costs.usage import Usage
from bicoastal.settings import load

D = Decimal
H = D(730)  # hours of a month
MIN = H * 60
SEC = MIN * 60
ROUNDS = MIN * 6  # one run a minute, a round every 10 s until 55 s have gone by
KIB, GIB = D(1024) ** 2, D(1024) ** 3  # of a GiB

# What the default stack is billed for whatever its database is: (region, name, quantity, price of
# one unit, expected US dollars).
CONTROL = [
    # Five functions of 0.25 GB. A prober takes 0.2 s; the standby's controller waits for five
    # intervals of 10 s and works 0.5 s more; the home region's only looks.
    ("us-east-1", "Prober, requests", ROUNDS, D("0.2") / 10**6, "0.05"),
    ("us-east-1", "Prober, duration", ROUNDS * D("0.2") * D("0.25"), D("0.0000133334"), "0.18"),
    ("us-east-1", "Prober's log, written", ROUNDS * 350 / GIB, D("0.5"), "0.04"),
    ("us-east-1", "Prober's log, kept 30 days", ROUNDS * 350 / GIB, D("0.03"), "0.00"),
    ("us-east-1", "Controller, requests", MIN, D("0.2") / 10**6, "0.01"),
    ("us-east-1", "Controller, duration", MIN * D("0.5") * D("0.25"), D("0.0000133334"), "0.07"),
    ("us-east-1", "Controller's log, written", MIN * (350 + 700) / GIB, D("0.5"), "0.02"),
    ("us-east-1", "Controller's log, kept 30 days", MIN * (350 + 700) / GIB, D("0.03"), "0.00"),
    ("us-west-2", "Prober, requests", ROUNDS, D("0.2") / 10**6, "0.05"),
    ("us-west-2", "Prober, duration", ROUNDS * D("0.2") * D("0.25"), D("0.0000133334"), "0.18"),
    ("us-west-2", "Prober's log, written", ROUNDS * 350 / GIB, D("0.5"), "0.04"),
    ("us-west-2", "Prober's log, kept 30 days", ROUNDS * 350 / GIB, D("0.03"), "0.00"),
    ("us-west-2", "Controller, requests", MIN, D("0.2") / 10**6, "0.01"),
    ("us-west-2", "Controller, duration", MIN * D("50.5") * D("0.25"), D("0.0000133334"), "7.37"),
    ("us-west-2", "Controller's log, written", MIN * (350 + 6 * 700) / GIB, D("0.5"), "0.09"),
    ("us-west-2", "Controller's log, kept 30 days", MIN * (350 + 6 * 700) / GIB, D("0.03"), "0.01"),
    ("us-east-2", "Prober, requests", ROUNDS, D("0.2") / 10**6, "0.05"),
    ("us-east-2", "Prober, duration", ROUNDS * D("0.2") * D("0.25"), D("0.0000133334"), "0.18"),
    ("us-east-2", "Prober's log, written", ROUNDS * 350 / GIB, D("0.5"), "0.04"),
    ("us-east-2", "Prober's log, kept 30 days", ROUNDS * 350 / GIB, D("0.03"), "0.00"),
    ("us-east-1", "Schedule", MIN, D(0), "0.00"),
    ("us-west-2", "Schedule", MIN, D(0), "0.00"),
    # A record of 64 KiB: 16 units a read, 64 a write in each of three regions.
    ("us-east-1", "Record, reads", MIN * 16, D("0.125") / 10**6, "0.09"),
    ("us-west-2", "Record, reads", ROUNDS * 16, D("0.125") / 10**6, "0.53"),
    ("us-east-1", "Record, writes", D(500 * 64), D("0.625") / 10**6, "0.02"),
    ("us-west-2", "Record, writes", D(500 * 64), D("0.625") / 10**6, "0.02"),
    ("us-east-2", "Record, writes", D(500 * 64), D("0.625") / 10**6, "0.02"),
    ("us-east-1", "Record, storage", 64 / KIB, D("0.25"), "0.00"),
    ("us-east-1", "Record, recovery", 64 / KIB, D("0.20"), "0.00"),
    ("us-west-2", "Record, storage", 64 / KIB, D("0.25"), "0.00"),
    ("us-west-2", "Record, recovery", 64 / KIB, D("0.20"), "0.00"),
    ("us-east-2", "Alarms", D(1), D("0.10"), "0.10"),
    ("us-east-1", "Alarm over alarms", D(1), D("0.50"), "0.50"),
    ("us-west-2", "Alarm over alarms", D(1), D("0.50"), "0.50"),
    ("us-east-1", "Metrics of votes", D(2), D("0.30"), "0.60"),
    ("us-west-2", "Metrics of votes", D(2), D("0.30"), "0.60"),
    ("global", "Dashboards", D(2), D("3.00"), "6.00"),
    ("us-east-1", "Metric HomeIsWriter", D(1), D("0.30"), "0.30"),
    ("us-west-2", "Metric HomeIsWriter", D(1), D("0.30"), "0.30"),
    ("us-east-2", "Metric HomeIsWriter", D(1), D("0.30"), "0.30"),
    ("us-east-1", "PutMetricData of the latch", ROUNDS, D("0.01") / 1000, "2.63"),
    ("us-west-2", "PutMetricData of the latch", ROUNDS, D("0.01") / 1000, "2.63"),
    ("us-east-2", "PutMetricData of the latch", ROUNDS, D("0.01") / 1000, "2.63"),
    ("us-east-1", "Notices", D(100), D("0.5") / 10**6, "0.00"),
    ("us-west-2", "Notices", D(100), D("0.5") / 10**6, "0.00"),
    ("global", "Private zone", D(1), D("0.50"), "0.50"),
    ("global", "Checks over metrics and checks", D(3 + 1), D("0.50"), "2.00"),
    ("global", "Queries", D(10**6), D("0.40") / 10**6, "0.40"),
    # Calls of 3 KiB and probes of 1 KiB, each way; a vote and a latch to each other region; the
    # record from the standby, where it is written.
    ("us-west-2", "Probes, votes, latch, record to us-east-1",
     (ROUNDS * (6 + 1) + 500 * 64) / KIB, D("0.02"), "0.04"),
    ("us-east-1", "Probes, votes, latch, record to us-west-2", ROUNDS * 7 / KIB, D("0.02"), "0.04"),
    ("us-west-2", "Probes, votes, latch, record to us-east-2",
     (ROUNDS * 6 + 500 * 64) / KIB, D("0.02"), "0.03"),
    ("us-east-2", "Probes, votes, latch, record to us-west-2", ROUNDS * 6 / KIB, D("0.02"), "0.03"),
    ("us-east-2", "Probes, votes, latch, record to us-east-1", ROUNDS / KIB, D("0.01"), "0.00"),
    ("us-east-1", "Probes, votes, latch, record to us-east-2", ROUNDS / KIB, D("0.01"), "0.00"),
]  # fmt: skip


def secrets(region: str) -> list[tuple[str, str, Decimal, Decimal, str]]:
    secret = "Master user's secret" if region == "us-east-1" else "Replica of the secret"
    return [
        (region, "Key", D(1), D("1.00"), "1.00"),
        (region, "Requests to the key", D(10_000), D("0.03") / 10_000, "0.03"),
        (region, secret, D(1), D("0.40"), "0.40"),
    ]


DEFAULT = [
    *CONTROL,
    # Nine alarms a member, five a controller, one a latch region, and the status in us-east-1.
    ("us-east-1", "Alarms", D(9 + 5 + 1 + 1), D("0.10"), "1.60"),
    ("us-west-2", "Alarms", D(9 + 5 + 1), D("0.10"), "1.50"),
    *secrets("us-east-1"),
    *secrets("us-west-2"),
    ("us-east-1", "Serverless v2, minimum 0.5 ACU", H / 2, D("0.12"), "43.80"),
    ("us-east-1", "Serverless v2, above it, average 0.5 ACU", D(0), D("0.12"), "0.00"),
    ("us-west-2", "Serverless v2, minimum 0.5 ACU", H / 2, D("0.12"), "43.80"),
    ("us-west-2", "Serverless v2, above it, average 0.5 ACU", D(0), D("0.12"), "0.00"),
    ("us-east-1", "Storage", D(10), D("0.10"), "1.00"),
    ("us-west-2", "Storage", D(10), D("0.10"), "1.00"),
    # One row of 1 KiB a second: 2 KiB of redo log, one I/O.
    ("us-east-1", "Write I/O", SEC, D("0.20") / 10**6, "0.53"),
    ("us-east-1", "Read I/O", SEC, D("0.20") / 10**6, "0.53"),
    ("us-west-2", "Read I/O", D(0), D("0.20") / 10**6, "0.00"),
    ("us-east-1", "Replicated write I/O", SEC, D("0.20") / 10**6, "0.53"),
    ("us-east-1", "Global database to us-west-2", SEC * 2 / KIB, D("0.02"), "0.10"),
    ("us-east-1", "Backup beyond the free part", D(0), D("0.021"), "0.00"),
    ("us-west-2", "Backup beyond the free part", D(0), D("0.021"), "0.00"),
    ("us-east-1", "Database logs, written", D("0.1"), D("0.50"), "0.05"),
    ("us-east-1", "Database logs, kept 30 days", D("0.1"), D("0.03"), "0.00"),
    ("us-west-2", "Database logs, written", D("0.1"), D("0.50"), "0.05"),
    ("us-west-2", "Database logs, kept 30 days", D("0.1"), D("0.03"), "0.00"),
    # A report of 8 KiB each minute.
    ("us-east-1", "Enhanced Monitoring, written", MIN * 8 / KIB, D("0.50"), "0.17"),
    ("us-east-1", "Enhanced Monitoring, kept 30 days", MIN * 8 / KIB, D("0.03"), "0.01"),
    ("us-west-2", "Enhanced Monitoring, written", MIN * 8 / KIB, D("0.50"), "0.17"),
    ("us-west-2", "Enhanced Monitoring, kept 30 days", MIN * 8 / KIB, D("0.03"), "0.01"),
]

# Free in each account and month. What is left of each line is rounded, as the line itself was.
DEFAULT_FREE = {
    # 876,000 requests of 1,000,000: all lines of 0.05, 0.01, 0.05, 0.01, 0.05.
    ("Lambda", "fixed", "requests"): "-0.17",
    # 13,140 + 5,475 + 13,140 + 368,245 = 400,000: 0.18 + 0.07 + 0.18 are gone, the standby's
    # controller keeps 184,730 (2.46 of 7.37) and the witness's prober all of its 0.18.
    ("Lambda", "fixed", "GB-seconds"): "-5.34",
    # 10 of 32 alarms, and all 7 metrics.
    ("CloudWatch", "fixed", "alarm metrics"): "-1.00",
    ("CloudWatch", "fixed", "metrics"): "-2.10",
    ("CloudWatch", "fixed", "dashboards"): "-6.00",
    ("CloudWatch", "fixed", "requests"): "-7.89",
    # 1.35 GB of 5: 0.17 + 0.17 + 0.04 + 0.02 + 0.04 + 0.09 + 0.04, and 0.05 + 0.05 by usage.
    ("CloudWatch Logs", "fixed", "GB"): "-0.57",
    ("CloudWatch Logs", "usage", "GB"): "-0.10",
    ("KMS", "usage", "requests"): "-0.06",
    ("SNS", "usage", "requests"): "0.00",
    ("DynamoDB", "fixed", "GB-months"): "0.00",
}

# A stack as production has it: two db.r6g.large a member, I/O of 500 rows of 4 KiB a second.
# Redo log: 8 KiB a row, 2 I/Os of 4 KiB. A day changes 500 x 8 x 86,400 KiB, kept for 35 days.
DAY_GIB = D(500 * 8 * 86_400) / KIB
PRODUCTION = [
    *CONTROL,
    # One more a member, on the local storage that a serverless instance does not report.
    ("us-east-1", "Alarms", D(10 + 5 + 1 + 1), D("0.10"), "1.70"),
    ("us-west-2", "Alarms", D(10 + 5 + 1), D("0.10"), "1.60"),
    *secrets("us-east-1"),
    *secrets("us-west-2"),
    ("us-east-1", "Instances, db.r6g.large", H * 2, D("0.26"), "379.60"),
    ("us-west-2", "Instances, db.r6g.large", H * 2, D("0.26"), "379.60"),
    ("us-east-1", "Storage", D(200), D("0.10"), "20.00"),
    ("us-west-2", "Storage", D(200), D("0.10"), "20.00"),
    ("us-east-1", "Write I/O", SEC * 500 * 2, D("0.20") / 10**6, "525.60"),
    ("us-east-1", "Read I/O", SEC * 100, D("0.20") / 10**6, "52.56"),
    ("us-west-2", "Read I/O", SEC * 10, D("0.20") / 10**6, "5.26"),
    ("us-east-1", "Replicated write I/O", SEC * 500 * 2, D("0.20") / 10**6, "525.60"),
    ("us-east-1", "Global database to us-west-2", SEC * 500 * 8 / KIB, D("0.02"), "200.50"),
    ("us-east-1", "Backup beyond the free part", DAY_GIB * 35 + 50, D("0.021"), "243.30"),
    ("us-west-2", "Backup beyond the free part", DAY_GIB * 35 + 50, D("0.021"), "243.30"),
    ("us-east-1", "Database logs, written", D(2), D("0.50"), "1.00"),
    ("us-east-1", "Database logs, kept 30 days", D(2), D("0.03"), "0.06"),
    ("us-west-2", "Database logs, written", D(2), D("0.50"), "1.00"),
    ("us-west-2", "Database logs, kept 30 days", D(2), D("0.03"), "0.06"),
    ("us-east-1", "Enhanced Monitoring, written", MIN * 8 * 2 / KIB, D("0.50"), "0.33"),
    ("us-east-1", "Enhanced Monitoring, kept 30 days", MIN * 8 * 2 / KIB, D("0.03"), "0.02"),
    ("us-west-2", "Enhanced Monitoring, written", MIN * 8 * 2 / KIB, D("0.50"), "0.33"),
    ("us-west-2", "Enhanced Monitoring, kept 30 days", MIN * 8 * 2 / KIB, D("0.03"), "0.02"),
]

HEAVY = Usage(
    storage_gib=D(200),
    writes_per_second=D(500),
    row_kib=D(4),
    reads_per_second=D(100),
    standby_reads_per_second=D(10),
    snapshot_gib=D(50),
    database_log_gib=D(2),
    free_tier=False,
)


def assert_is(found: Estimate, expected: list[tuple[str, str, Decimal, Decimal, str]]) -> None:
    lines = {(line.region, line.name): line for line in found.lines if line.region != "account"}
    assert set(lines) == {(region, name) for region, name, *_ in expected}
    assert len(lines) == len(expected)
    for region, name, quantity, price, usd in expected:
        line = lines[region, name]
        assert abs(line.quantity - quantity) < D("1e-12") * max(quantity, D(1)), (region, name)
        assert (quantity * price).quantize(D("0.01"), ROUND_HALF_UP) == D(usd), (region, name)
        assert line.usd == D(usd), (region, name)


def test_the_default_stack_line_by_line() -> None:
    found = estimate(load({}))
    assert_is(found, DEFAULT)
    free = {
        (line.service, line.kind, line.unit): str(line.usd)
        for line in found.lines
        if line.region == "account"
    }
    assert free == DEFAULT_FREE
    assert found.unpriced == ()
    gross = sum(D(usd) for *_, usd in DEFAULT)
    assert gross == D("126.91")
    assert found.total == gross + sum(D(usd) for usd in DEFAULT_FREE.values()) == D("103.68")
    assert found.total_of("fixed") + found.total_of("usage") == found.total


def test_the_default_stack_costs_at_most_a_tenth_of_the_reviewed_system() -> None:
    found = estimate(load({}))
    assert found.total <= D(1051) / 10
    assert found.hourly == D("0.1420")
    capacity = sum(line.usd for line in found.lines if line.key.startswith("aurora:acu/"))
    assert capacity == D("87.60")


def test_a_stack_like_production_line_by_line() -> None:
    settings = load({"profile": "production"})
    found = estimate(settings, HEAVY)
    assert_is(found, PRODUCTION)
    assert found.total == sum(D(usd) for *_, usd in PRODUCTION)
    assert found.unpriced == ()


def test_without_allowances_nothing_is_deducted() -> None:
    found = estimate(load({}), Usage(free_tier=False))
    assert all(line.region != "account" for line in found.lines)
    assert found.total == D("126.91")
