"""What two further standbys add to the price, each line worked out by hand."""

from __future__ import annotations

from decimal import Decimal

import pytest

from bicoastal.costs.alternatives import alternatives
from bicoastal.costs.estimate import estimate
from bicoastal.costs.usage import Usage
from bicoastal.settings import load

from .golden import GIB, KIB, MILLION, MIN, SEC, D, H, usd

IRELAND, SYDNEY = "eu-west-1", "ap-southeast-2"
BUSY = Usage(
    free_tier=False,
    writes_per_second=D(500),
    row_kib=D(4),
    reads_per_second=D(100),
    standby_reads_per_second=D(10),
    storage_gib=D(200),
    database_log_gib=D(2),
)
REDO = SEC * 500 * 4 * 2 / KIB  # two bytes of redo log for each of a row, in GiB
REPORTS = MIN * 8 / KIB  # one of 8 KiB each minute
PRICES = {  # ACU, storage, a million I/Os, a GB of log written and kept
    IRELAND: ("0.14", "0.11", "0.22", "0.57", "0.03"),
    SYDNEY: ("0.20", "0.11", "0.22", "0.67", "0.033"),
}


def added(region: str) -> dict[tuple[str, str], tuple[Decimal, str | Decimal]]:
    """Quantity and price of every line that a further standby brings."""
    acu, storage, io, written, kept = PRICES[region]
    return {
        (region, "Serverless v2, minimum 0.5 ACU"): (H / 2, acu),
        (region, "Storage"): (D(200), storage),
        (region, "Read I/O"): (SEC * 10, D(io) / MILLION),
        (region, "Key"): (D(1), "1.00"),
        (region, "Requests to the key"): (D(10_000), D("0.03") / 10_000),
        (region, "Replica of the secret"): (D(1), "0.40"),
        (region, "Database logs, written"): (D(2), written),
        (region, "Database logs, kept 30 days"): (D(2), kept),
        (region, "Enhanced Monitoring, written"): (REPORTS, written),
        (region, "Enhanced Monitoring, kept 30 days"): (REPORTS, kept),
        # Three on the volume and replication, six on the instance; none on a controller.
        (region, "Alarms"): (D(9), "0.10"),
        (region, "Alarm over alarms"): (D(1), "0.50"),
        (region, "Notices"): (D(100), D("0.50") / MILLION),
        # The writer's region pays for what it sends to each of them.
        ("us-east-1", f"Global database to {region}"): (REDO, "0.02"),
    }


def test_line_by_line() -> None:
    two = load({"regions": {"furtherStandbys": [IRELAND, SYDNEY]}})
    before = {(line.region, line.name): line for line in estimate(load({}), BUSY).lines}
    found = estimate(two, BUSY)
    assert found.unpriced == ()
    changed = {
        (line.region, line.name): (line.quantity, line.usd)
        for line in found.lines
        if (old := before.pop((line.region, line.name), None)) is None or old.usd != line.usd
    }
    assert before == {}, "nothing becomes free"
    lines = {
        **added(IRELAND),
        **added(SYDNEY),
        # 500 writes of 8 KiB of redo log, two I/Os each, to three secondaries.
        ("us-east-1", "Replicated write I/O"): (SEC * 500 * 2 * 3, D("0.20") / MILLION),
        ("global", "Dashboards"): (D(4), "3.00"),
    }
    nothing = {key for key, (_, paid) in changed.items() if paid == 0} - set(lines)
    assert {name for _, name in nothing} == {
        "Serverless v2, above it, average 0.5 ACU", "Backup beyond the free part",
    }  # fmt: skip
    expected = {key: usd(quantity, D(price)) for key, (quantity, price) in lines.items()}
    assert {key: paid for key, (_, paid) in changed.items() if key not in nothing} == expected
    for key, (quantity, _) in lines.items():
        assert abs(changed[key][0] - quantity) < D("1e-9"), key
    assert found.total - estimate(load({}), BUSY).total == D("1646.56")


@pytest.mark.parametrize("transfer", ("billed", "included"))
def test_each_standby_is_sent_its_own_copy(transfer: str) -> None:
    usage = Usage(free_tier=False, global_transfer=transfer)  # type: ignore[arg-type]  # either
    names = {
        line.name: line.quantity
        for line in estimate(load({"regions": {"furtherStandbys": [IRELAND]}}), usage).lines
        if line.name.startswith("Global database to ")
    }
    sent = SEC * 2 / KIB if transfer == "billed" else D(0)
    assert names == {"Global database to us-west-2": sent, f"Global database to {IRELAND}": sent}


def test_flow_logs_are_paid_for_in_every_region() -> None:
    settings = {"regions": {"furtherStandbys": [IRELAND]}, "network": {"flowLogs": True}}
    lines = estimate(load(settings), Usage(free_tier=False)).lines
    regions = {line.region for line in lines if line.name == "Flow log, written"}
    assert regions == {"us-east-1", "us-west-2", "us-east-2", IRELAND}


def test_a_replica_is_compared_without_further_standbys() -> None:
    """What is priced as an alternative can be had."""
    found = alternatives(load({"regions": {"furtherStandbys": [IRELAND, SYDNEY]}}))
    of = {one.name: {line.region for line in one.estimate.lines} for one in found}
    assert IRELAND in of["as asked for"]
    assert IRELAND in of["headless standby"]
    assert not {IRELAND, SYDNEY} & of["binlog replica, db.t4g.medium"]


def test_the_functions_cost_what_they_did() -> None:
    def logged(raw: dict[str, object]) -> Decimal:
        lines = estimate(load(raw), Usage(free_tier=False)).lines
        return sum((line.quantity for line in lines if "'s log, written" in line.name), D(0)) * GIB

    assert logged({}) == logged({"regions": {"furtherStandbys": [IRELAND]}})
