"""What a stack is billed for, by hand: a quantity from first principles times a price as written.

Nothing here comes from the code under test. The prices are those of the pages that docs/cost.md
names; the quantities are worked out from what the program does.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Literal

D = Decimal
H = D(730)  # hours of a month
MIN = H * 60
SEC = MIN * 60
ROUNDS = MIN * 6  # one run a minute, a round every 10 s until 55 s have gone by
KIB, GIB = D(1024) ** 2, D(1024) ** 3  # of a GiB
MILLION = D(10) ** 6

Topology = Literal["global", "headless", "binlog-replica"]
Line = tuple[str, str, Decimal, Decimal | None]
"""Region, name, quantity, price of one unit (None where it is not known)."""


@dataclass(frozen=True)
class Place:
    """Three regions and the prices that differ between regions, US dollars.

    Attributes:
        regions: home, standby, witness.
        acu: an ACU-hour, home and standby.
        large: an hour of db.r6g.large, likewise; so the others.
        medium: an hour of db.t4g.medium.
        near: a GB from witness to home and back.
        dynamodb: whether DynamoDB's prices are known.
    """

    regions: tuple[str, str, str]
    acu: tuple[str, str]
    large: tuple[str, str]
    medium: tuple[str, str]
    storage: tuple[str, str]
    io: tuple[str, str]
    backup: tuple[str, str]
    written: tuple[str, str, str]
    kept: tuple[str, str, str]
    near: str
    dynamodb: bool


US = Place(
    ("us-east-1", "us-west-2", "us-east-2"),
    acu=("0.12", "0.12"),
    large=("0.26", "0.26"),
    medium=("0.073", "0.073"),
    storage=("0.10", "0.10"),
    io=("0.20", "0.20"),
    backup=("0.021", "0.021"),
    written=("0.50", "0.50", "0.50"),
    kept=("0.03", "0.03", "0.03"),
    near="0.01",
    dynamodb=True,
)
EU = Place(
    ("eu-west-1", "eu-central-1", "eu-west-2"),
    acu=("0.14", "0.14"),
    large=("0.286", "0.313"),
    medium=("0.078", "0.085"),
    storage=("0.11", "0.119"),
    io=("0.22", "0.22"),
    backup=("0.021", "0.023"),
    written=("0.57", "0.63", "0.5985"),
    kept=("0.03", "0.0324", "0.0315"),
    near="0.02",
    dynamodb=False,
)


@dataclass(frozen=True)
class Shape:
    """What is built and how it is used.

    Attributes:
        capacity: ACUs of the only instance of a member, or its class; without it two db.r6g.large.
        days: days for which backups are kept.
        dns: what moves DNS.
        usage: writes a second, KiB of a row, reads at home, reads at the standby, GiB of storage,
            of snapshots and of database logs.
        topology: how the members are joined.
    """

    capacity: str | None
    days: int
    dns: str
    usage: Mapping[str, str]
    topology: Topology = "global"

    @property
    def instances(self) -> int:
        """Of a member that has any."""
        return 2 if self.capacity is None else 1


IDLE = {"writes": "1", "row": "1", "reads": "1", "far": "0", "gib": "10", "kept": "0", "log": "0.1"}
BUSY = {
    "writes": "500",
    "row": "4",
    "reads": "100",
    "far": "10",
    "gib": "200",
    "kept": "50",
    "log": "2",
}


def by_hand(place: Place, shape: Shape) -> Iterator[Line]:
    """Every line of a stack's estimate, without the free allowances."""
    yield from _database(place, shape)
    yield from _functions(place)
    yield from _record(place)
    yield from _watching(place, shape)
    yield from _names_and_transfer(place, shape)


def _database(place: Place, shape: Shape) -> Iterator[Line]:
    use = {name: D(value) for name, value in shape.usage.items()}
    log_kib = use["writes"] * use["row"] * 2  # two bytes of redo log for each of a row
    ios = SEC * use["writes"] * max(D(1), log_kib / use["writes"] / 4)  # of 4 KiB, at least one
    home, standby = place.regions[:2]
    for n, region in enumerate((home, standby)):
        if n == 0 or shape.topology != "headless":
            yield from _instances(place, shape, n)
            reads = (use["reads"], use["far"])[n]
            yield region, "Read I/O", SEC * reads, D(place.io[n]) / MILLION
        yield region, "Storage", use["gib"], D(place.storage[n])
        # One day is free; of more, the changes: as much as the volume is deducted.
        days = shape.days if shape.days > 1 else 0
        changes = log_kib * 86_400 / KIB * days
        yield region, "Backup beyond the free part", changes + use["kept"], D(place.backup[n])
        yield region, "Key", D(1), D("1.00")
        yield region, "Requests to the key", D(10_000), D("0.03") / 10_000
        secret = ("Master user's secret", "Replica of the secret")[n]
        yield region, secret, D(1), D("0.40")
        yield from _log(place, n, "Database logs", use["log"])
    yield home, "Write I/O", ios, D(place.io[0]) / MILLION
    if shape.topology == "binlog-replica":  # which writes what it is sent
        yield standby, "Write I/O", ios, D(place.io[1]) / MILLION
        yield home, f"Binary log to {standby}", SEC * log_kib / KIB, D("0.02")
    else:
        yield home, "Replicated write I/O", ios, D(place.io[0]) / MILLION
        yield home, f"Global database to {standby}", SEC * log_kib / KIB, D("0.02")


def _instances(place: Place, shape: Shape, n: int) -> Iterator[Line]:
    region = place.regions[n]
    if shape.capacity is None:
        yield region, "Instances, db.r6g.large", H * 2, D(place.large[n])
    elif shape.capacity == "db.t4g.medium":
        yield region, "Instances, db.t4g.medium", H, D(place.medium[n])
    else:
        acu = D(shape.capacity)
        yield region, f"Serverless v2, minimum {acu} ACU", H * acu, D(place.acu[n])
        yield region, f"Serverless v2, above it, average {acu} ACU", D(0), D(place.acu[n])
    # A report of 8 KiB each minute and instance.
    yield from _log(place, n, "Enhanced Monitoring", MIN * 8 * shape.instances / KIB)


def _log(place: Place, n: int, name: str, gib: Decimal) -> Iterator[Line]:
    yield place.regions[n], f"{name}, written", gib, D(place.written[n])
    yield place.regions[n], f"{name}, kept 30 days", gib, D(place.kept[n])


def _functions(place: Place) -> Iterator[Line]:
    """Five functions of 1/8 GB: probes of 0.2 s; the standby's controller waits five times 10 s."""
    duration, request = D("0.0000133334"), D("0.20") / MILLION
    for n, region in enumerate(place.regions):
        yield region, "Prober, requests", ROUNDS, request
        yield region, "Prober, duration", ROUNDS * D("0.2") / 8, duration
        yield from _log(place, n, "Prober's log", ROUNDS * 350 / GIB)
        if n == 2:
            continue
        seconds, rounds = (D("0.5"), 1) if n == 0 else (D("50.5"), 6)
        yield region, "Controller, requests", MIN, request
        yield region, "Controller, duration", MIN * seconds / 8, duration
        yield from _log(place, n, "Controller's log", MIN * (350 + rounds * 700) / GIB)
        yield region, "Schedule", MIN, D(0)


def _record(place: Place) -> Iterator[Line]:
    """A record of 32 KiB: 8 units a read, 32 a write, 500 writes in each of three regions."""
    for n, region in enumerate(place.regions):
        yield (
            region,
            "Record, writes",
            D(500 * 32),
            D("0.625") / MILLION if place.dynamodb else None,
        )
        if n < 2:
            reads = (MIN, ROUNDS)[n] * 8
            yield region, "Record, reads", reads, D("0.125") / MILLION if place.dynamodb else None
            yield region, "Record, storage", 32 / KIB, D("0.25") if place.dynamodb else None
            yield region, "Record, recovery", 32 / KIB, D("0.20") if place.dynamodb else None


def _watching(place: Place, shape: Shape) -> Iterator[Line]:
    """Nine alarms a member, six a controller, one a latch region, the status in us-east-1.

    Instances that are not serverless have a tenth, on their local storage.
    """
    local = 0 if shape.capacity == "0.5" else 1
    alarms = dict.fromkeys(place.regions[:2], 9 + local + 6)
    if shape.topology == "headless":  # six of the nine, and the tenth, are on instances
        alarms[place.regions[1]] -= 6 + local
    for region in place.regions[:2]:
        yield region, "Alarm over alarms", D(2), D("0.50")
        yield region, "Metrics of votes", D(3), D("0.30")
    yield "global", "Dashboards", D(2), D("3.00")
    if shape.dns == "latch":
        for region in place.regions:
            alarms[region] = alarms.get(region, 0) + 1
            yield region, "Metric HomeIsWriter", D(1), D("0.30")
            yield region, "PutMetricData of the latch", MIN, D("0.01") / 1000  # once a minute
    if shape.dns != "global-endpoint":
        alarms["us-east-1"] = alarms.get("us-east-1", 0) + 1
    for region, count in alarms.items():
        yield region, "Alarms", D(count), D("0.10")
    topics = {*place.regions[:2], *(() if shape.dns == "global-endpoint" else ("us-east-1",))}
    for region in topics:
        yield region, "Notices", D(100), D("0.50") / MILLION


def _names_and_transfer(place: Place, shape: Shape) -> Iterator[Line]:
    home, standby, witness = place.regions
    yield "global", "Private zone", D(1), D("0.50")
    yield "global", "Queries", MILLION, D("0.40") / MILLION
    if shape.dns != "global-endpoint":
        over = 3 + 1 if shape.dns == "latch" else 1
        yield "global", "Checks over metrics and checks", D(over), D("0.50")
    if shape.dns == "health-check":
        yield "global", "Check on the endpoint", D(1), D("0.50")
        yield "global", "Option: an interval of 10 s", D(1), D("1.00")
        for region in (home, standby):
            yield region, "Public addresses", H * shape.instances, D("0.005")
    # KiB: a call of 3 each way, a vote in every round and the latch once a minute; a probe of 1
    # each way; the record from the standby, where it is written.
    calls = 3 * ROUNDS + (3 * MIN if shape.dns == "latch" else 0)
    record = D(500 * 32)
    near = D(place.near)
    for sender, receiver, kib, price in (
        (standby, home, calls + ROUNDS + record, D("0.02")),
        (home, standby, calls + ROUNDS, D("0.02")),
        (standby, witness, calls + record, D("0.02")),
        (witness, standby, calls, D("0.02")),
        (witness, home, ROUNDS, near),
        (home, witness, ROUNDS, near),
    ):
        yield sender, f"Probes, votes, latch, record to {receiver}", kib / KIB, price


def usd(quantity: Decimal, price: Decimal) -> Decimal:
    """To the cent, half a cent upwards."""
    return (quantity * price).quantize(D("0.01"), ROUND_HALF_UP)
