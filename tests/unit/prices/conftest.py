"""A price list in the form of AWS's public files, with the prices of the packaged snapshot.

The rows are written out in aws_rows.json, not derived from the table under test: what each figure's
row has, the header of CSV files, what an instance's row has besides. Beside each wanted row stand
those that have misled others: the twin for I/O-Optimized storage, another engine's row, a preview,
RDS Proxy and Extended Support, a local zone, reserved instances.
"""

from __future__ import annotations

import csv
import functools
import http.server
import json
import threading
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from bicoastal.costs.prices import Snapshot, snapshot

VERSION, PUBLISHED = "20261120225923", "2026-11-20T22:59:23Z"
PAIR = ("us-east-1", "us-west-2")
PREFIXES = {"us-east-1": "", "us-west-2": "USW2-", "us-east-2": "USE2-", "eu-west-1": "EU-"}
MYSQL = {"databaseEngine": "Aurora MySQL", "engineCode": "16"}
_FORM = json.loads((Path(__file__).parent / "aws_rows.json").read_text())
NO_ROW = {
    "cloudwatch:composite", "cloudwatch:dashboard", "events:schedule", "route53:check/derived",
}  # fmt: skip
ROWS, HEADER, BESIDES = _FORM["rows"], _FORM["header"], _FORM["besides"]


@dataclass
class Row:
    """A product with its prices: unit, from, to, US dollars for one."""

    offer: str
    file: str
    sku: str
    family: str
    attributes: dict[str, str]
    tiers: list[tuple[str, str, str, str]]
    currency: str = "USD"

    def like(self, sku: str, usd: str | None = None, **attributes: str) -> Row:
        """A row that differs from this one."""
        family = attributes.pop("productFamily", self.family)
        tiers = [(unit, a, b, usd or old) for unit, a, b, old in self.tiers]
        return replace(
            self, sku=sku, family=family, attributes={**self.attributes, **attributes}, tiers=tiers
        )

    def product(self) -> dict[str, Any]:
        return {"sku": self.sku, "productFamily": self.family, "attributes": self.attributes}

    def offers(self) -> dict[str, Any]:
        term = f"{self.sku}.JRTCKXETXF"
        dimensions = {
            f"{term}.{number}": {
                "rateCode": f"{term}.{number}",
                "description": f"${usd} per {unit}",
                "beginRange": begin,
                "endRange": end,
                "unit": unit,
                "pricePerUnit": {self.currency: usd},
                "appliesTo": [],
            }
            for number, (unit, begin, end, usd) in enumerate(self.tiers)
        }
        effective = "2026-11-01T00:00:00Z"
        return {
            term: {
                "offerTermCode": "JRTCKXETXF",
                "sku": self.sku,
                "effectiveDate": effective,
                "priceDimensions": dimensions,
                "termAttributes": {},
            }
        }


@dataclass
class PriceList:
    """Rows, and how AWS's files hold them."""

    rows: list[Row] = field(default_factory=list)
    of: dict[tuple[str, str], Row] = field(default_factory=dict)

    def add(self, key: str, region: str, row: Row) -> None:
        self.rows.append(row)
        self.of[key, region] = row

    def drop(self, key: str, region: str) -> None:
        self.rows.remove(self.of[key, region])

    def write(self, folder: Path, form: str) -> Path:
        files: dict[tuple[str, str], list[Row]] = {}
        for row in self.rows:
            files.setdefault((row.offer, row.file), []).append(row)
        root = "/offers/v1.0/aws"
        offers = {
            offer: {
                "offerCode": offer,
                "versionIndexUrl": f"{root}/{offer}/index.json",
                "currentVersionUrl": f"{root}/{offer}/current/index.json",
                "currentRegionIndexUrl": f"{root}/{offer}/current/region_index.json",
            }
            for offer, _ in files
        }
        _save(folder, f"{root}/index.json", {"formatVersion": "v1.0", "offers": offers})
        for offer in offers:
            regions = {
                file: {
                    "regionCode": file,
                    "currentVersionUrl": f"{root}/{offer}/{VERSION}/{file}/index.json",
                }
                for name, file in files
                if name == offer and file != "global"
            }
            body = {"formatVersion": "v1.0", "publicationDate": PUBLISHED, "regions": regions}
            _save(folder, f"{root}/{offer}/current/region_index.json", body)
        for (offer, file), rows in files.items():
            place = "current" if file == "global" else f"{VERSION}/{file}"
            name = f"{root}/{offer}/{place}/index"
            if form == "json":
                _save(folder, f"{name}.json", json_body(offer, rows))
            else:
                save_csv(folder / f"{name}.csv"[1:], offer, rows)
        return folder


def _save(folder: Path, name: str, body: object) -> None:
    file = folder / name[1:]
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(body, indent=2))


def json_body(offer: str, rows: list[Row]) -> dict[str, Any]:
    reserved = {
        row.sku: {
            f"{row.sku}.R": {
                "priceDimensions": {
                    f"{row.sku}.R.1": {"unit": "Hrs", "pricePerUnit": {"USD": "0.0010000000"}},
                    f"{row.sku}.R.2": {"unit": "Quantity", "pricePerUnit": {"USD": "999"}},
                }
            }
        }
        for row in rows
        if row.family == "Database Instance"
    }
    return {
        "formatVersion": "v1.0",
        "disclaimer": "This pricing list is for informational purposes only.",
        "offerCode": offer,
        "version": VERSION,
        "publicationDate": PUBLISHED,
        "products": {row.sku: row.product() for row in rows},
        "terms": {"OnDemand": {row.sku: row.offers() for row in rows}, "Reserved": reserved},
    }


def save_csv(file: Path, offer: str, rows: list[Row]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("w", newline="") as stream:
        out = csv.writer(stream, quoting=csv.QUOTE_ALL)
        out.writerows([
            ["FormatVersion", "v1.0"], ["Disclaimer", "For information only, see AWS's terms"],
            ["Publication Date", PUBLISHED], ["Version", VERSION], ["OfferCode", offer], HEADER,
        ])  # fmt: skip
        for row in rows:
            known = {name.lower(): value for name, value in row.attributes.items()}
            for unit, begin, end, usd in row.tiers:
                own = {
                    "ratecode": f"{row.sku}.JRTCKXETXF.6YS6EN2CT7", "offertermcode": "JRTCKXETXF",
                    "pricedescription": f"${usd} per {unit} of {row.family}, from {begin} on",
                    "effectivedate": "2026-11-01", "sku": row.sku, "termtype": "OnDemand",
                    "startingrange": begin, "endingrange": end, "unit": unit, "priceperunit": usd,
                    "currency": row.currency, "productfamily": row.family,
                }  # fmt: skip
                values = {**known, **own}
                out.writerow([values.get(title.replace(" ", "").lower(), "") for title in HEADER])
            if row.family == "Database Instance":
                values |= {"termtype": "Reserved", "priceperunit": "0.001"}
                out.writerow([values.get(title.replace(" ", "").lower(), "") for title in HEADER])


def build(known: Snapshot) -> PriceList:
    """The snapshot's prices as a price list, with what stands beside them."""
    made = PriceList()
    free = known.allowances
    number = 0
    for key, figure in known.figures.items():
        for region, usd in figure.usd.items():
            if key in NO_ROW:
                continue
            number += 1
            price = f"{usd / figure.per:.10f}"
            sku = f"SKU{number:013}"
            if key.startswith("transfer:"):
                made.add(key, region, _transfer(key.partition(":")[2], region, sku, price))
            elif key.startswith("aurora:instance/"):
                made.add(key, region, _instance(key, region, sku, price))
            else:
                form = ROWS[key]
                unit = form["unit"]
                tiers = [(unit, "0", "Inf", price)]
                if key in free:  # the price list states an allowance as a first tier that is free
                    end = str(free[key].quantity)
                    tiers = [(unit, end, "Inf", price), (unit, "0", end, "0.0000000000")]
                usage = {"usagetype": _usage(key, region, form["usage"])}
                attributes = {**_place(region), **form["attributes"], **usage}
                row = Row(form["offer"], region, sku, form["family"], attributes, tiers)
                made.add(key, region, row)
    for region in {row.file for row in made.rows if row.file != "global"}:
        made.rows += _noise(made, region)
    return made


def _place(region: str) -> dict[str, str]:
    if region == "global":
        return {"location": "Any", "locationType": "Other"}
    return {"regionCode": region, "location": region, "locationType": "AWS Region"}


def _usage(key: str, region: str, usage: str) -> str:
    if region == "global":
        return usage
    if key.startswith("kms:"):
        return f"{region}-{usage}"
    if key.startswith(("logs:", "secrets:")) and region == "us-east-1":
        return f"USE1-{usage}"
    return PREFIXES.get(region, "APN1-") + usage


def _instance(key: str, region: str, sku: str, price: str) -> Row:
    _, name, storage = key.split("/")
    optimized = storage == "aurora-iopt1"
    usage = "InstanceUsageIOOptimized" if optimized else "InstanceUsage"
    attributes = {
        **_place(region), **MYSQL, "instanceType": name, "deploymentOption": "Single-AZ",
        "storage": "Aurora IO Optimization Mode" if optimized else "EBS Only",
        "usagetype": PREFIXES.get(region, "APN1-") + f"{usage}:{name.replace('xlarge', 'xl')}",
        "operation": "CreateDBInstance:0016", "licenseModel": "No license required", **BESIDES,
    }  # fmt: skip
    tiers = [("Hrs", "0", "Inf", price)]
    return Row("AmazonRDS", region, sku, "Database Instance", attributes, tiers)


def _transfer(sender: str, receiver: str, sku: str, price: str) -> Row:
    attributes = {
        "transferType": "InterRegion Outbound", "fromRegionCode": sender,
        "toRegionCode": receiver, "fromLocationType": "AWS Region",
        "toLocationType": "AWS Region", "usagetype": f"{sender}-{receiver}-AWS-Out-Bytes",
    }  # fmt: skip
    tiers = [("GB", "0", "Inf", price)]
    return Row("AWSDataTransfer", sender, sku, "Data Transfer", attributes, tiers)


def _noise(made: PriceList, region: str) -> Iterator[Row]:
    """What misled others: every one of these is near a wanted row, and none is it."""
    acu, io = made.of["aurora:acu/aurora", region], made.of["aurora:io", region]
    large = made.of["aurora:instance/db.r6g.large/aurora", region]
    prefix = PREFIXES.get(region, "APN1-")
    postgres = {"databaseEngine": "Aurora PostgreSQL", "engineCode": "21"}
    yield acu.like(f"ACUPG{region}", "0.7", **postgres)
    yield acu.like(
        f"PROXY{region}", "0.015", productFamily="RDS Proxy", usagetype=f"{prefix}RDS:ProxyUsage"
    )
    yield acu.like(
        f"SUPPORT{region}", "0.1", productFamily="Database Instance",
        usagetype=f"{prefix}ExtendedSupport:Yr1-Yr2:AuroraMySQL2",
    )  # fmt: skip
    yield io.like(f"IOPG{region}", "0.9", **postgres)
    yield large.like(f"LARGEPG{region}", "0.9", **postgres)
    yield large.like(
        f"LARGERDS{region}", "0.215", databaseEngine="MySQL", engineCode="2",
        operation="CreateDBInstance:0002",
    )  # fmt: skip
    yield large.like(
        f"LARGELOCAL{region}", "0.5", locationType="AWS Local Zone",
        usagetype=f"USE1-ATL1-{large.attributes['usagetype']}",
    )  # fmt: skip
    storage = made.of["aurora:storage/aurora-iopt1", region]
    preview = f"{storage.attributes['usagetype']}-LimitlessPreview"
    yield storage.like(f"PREVIEW{region}", "0", usagetype=preview)
    logs = made.of["logs:ingestion", region]
    if region == "us-east-1":  # an old row, of the same price
        yield logs.like("OLDLOGS", usagetype="DataProcessing-Bytes")
    write = made.of.get(("dynamodb:write", region))
    if write is not None:
        usage = write.attributes["usagetype"]
        yield write.like(f"IA{region}", "9", usagetype=usage.replace("Repl", "IA-Repl"))
        yield write.like(f"PLAIN{region}", "9", usagetype=usage.replace("Repl", ""))
    sent = made.of["transfer:us-east-1", "us-west-2"]
    if region == "us-east-1":
        yield sent.like("IN", "0", transferType="InterRegion Inbound")
        yield sent.like("LOCALOUT", "9", toLocationType="AWS Local Zone")


def cut(known: Snapshot, regions: tuple[str, ...]) -> Snapshot:
    """The snapshot with some regions and only one family of instances: enough, and quick."""
    kept = {*regions, "global"}
    figures = {
        key: replace(figure, usd={r: usd for r, usd in figure.usd.items() if r in kept})
        for key, figure in known.figures.items()
        if not key.startswith(("transfer:", "aurora:instance/"))
        or key.partition(":")[2] in kept
        or "/db.r6g." in key
    }
    return replace(known, figures=figures)


@pytest.fixture(scope="session")
def pair() -> Snapshot:
    """The packaged snapshot for two regions."""
    return cut(snapshot(), PAIR)


@pytest.fixture(scope="session")
def _pair_rows(pair: Snapshot) -> PriceList:
    return build(pair)


@pytest.fixture
def price_list(_pair_rows: PriceList) -> PriceList:
    """The price list of two regions, to be changed by a test."""
    return deepcopy(_pair_rows)


@pytest.fixture(scope="session")
def whole_list(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The price list of every region of the snapshot, as CSV files."""
    return build(snapshot()).write(tmp_path_factory.mktemp("whole"), "csv")


@pytest.fixture
def serve() -> Iterator[Callable[[Path], str]]:
    """Serves a folder over HTTP on the loopback; gives its address."""

    class Handler(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    started = []

    def start(folder: Path) -> str:
        handler = functools.partial(Handler, directory=str(folder))
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        started.append((server, thread))
        return f"http://127.0.0.1:{server.server_port}"

    yield start
    for server, thread in started:
        server.shutdown()
        thread.join()
        server.server_close()
