"""A snapshot is rebuilt from the price list exactly, or not at all and with every reason."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from bicoastal.costs import figures
from bicoastal.costs.errors import PriceListError
from bicoastal.costs.pricelist.bulk import BulkFiles, Form
from bicoastal.costs.prices import FILE, GLOBAL, Snapshot, read, snapshot, write
from bicoastal.costs.refresh import Change, changes, rebuild, save

IO = ("aurora:io", "us-west-2")
LARGE = ("aurora:instance/db.r6g.large/aurora", "us-east-1")
FORMS = pytest.mark.parametrize("form", ("csv", "json"))


def silent(*_: object) -> None:
    pass


def refreshed(old: Snapshot, prices: Any, folder: Path, form: Form = "csv", **options: Any) -> Any:
    return rebuild(old, BulkFiles(str(prices.write(folder, form)), form, silent), **options)


def refusal(old: Snapshot, prices: Any, folder: Path, form: Form = "csv", **options: Any) -> str:
    with pytest.raises(PriceListError) as caught:
        refreshed(old, prices, folder, form, **options)
    return str(caught.value)


@FORMS
def test_the_price_list_gives_the_snapshot_over_http(form, pair, price_list, serve, tmp_path):
    address = serve(price_list.write(tmp_path, form))
    new = rebuild(pair, BulkFiles(f"{address}/", form, silent))
    assert changes(pair, new) == ()
    assert {f.key for f in new.figures.values()} == set(pair.figures)
    kept = {
        "cloudwatch:composite", "cloudwatch:dashboard", "events:schedule", "route53:check/derived",
    }  # fmt: skip
    for key, figure in new.figures.items():
        if key in kept:
            assert figure == pair.figures[key]
        else:
            assert replace(figure, as_of=pair.figures[key].as_of) == pair.figures[key]
            assert figure.as_of == date(2026, 11, 20)
    assert new.allowances == pair.allowances
    assert new.price_lists["AmazonRDS"] == "20261120225923"
    assert read(write(new)) == new


def test_a_snapshot_is_written_as_it_is_packaged():
    """So that a refresh shows as what changed, not as a new file."""
    lines = [line for line in write(snapshot()).splitlines() if "price_lists" not in line]
    packaged = [line for line in FILE.read_text().splitlines() if "price_lists" not in line]
    assert lines == packaged


def test_the_table_and_the_packaged_snapshot_agree():
    known = snapshot().figures
    regions = {region for figure in known.values() for region in figure.usd} - {GLOBAL}
    listings = {t.listing.key: t.listing for t in figures.targets(known, sorted(regions))}
    assert set(listings) | figures.NOT_LISTED == set(known)
    for key, listing in listings.items():
        figure = known[key]
        assert (listing.service, listing.unit, listing.per, listing.page) == (
            figure.service, figure.unit, figure.per, figure.source,
        ), key  # fmt: skip


@FORMS
def test_what_aws_really_publishes_for_a_class_and_its_twin(form, pair, price_list, tmp_path):
    """The row of db.r6g.large in us-east-1 as the Price List had it on 2026-03-18, and its twin."""
    price_list.drop(*LARGE)
    optimized = ("aurora:instance/db.r6g.large/aurora-iopt1", "us-east-1")
    price_list.drop(*optimized)
    attributes = {
        "instanceType": "db.r6g.large", "regionCode": "us-east-1", "locationType": "AWS Region",
        "usagetype": "InstanceUsage:db.r6g.large", "databaseEngine": "Aurora MySQL",
        "deploymentOption": "Single-AZ", "servicecode": "AmazonRDS", "memory": "16 GiB",
        "vcpu": "2", "storage": "EBS Only", "currentGeneration": "Yes",
    }  # fmt: skip
    standard = replace(
        price_list.of[LARGE], sku="SVB4AAU3H83DPGMK", attributes=attributes,
        tiers=[("Hrs", "0", "Inf", "0.2600000000")],
    )  # fmt: skip
    twin = standard.like(
        "WJD7AAF57MBUC6E6", "0.3380000000", storage="Aurora IO Optimization Mode",
        usagetype="InstanceUsageIOOptimized:db.r6g.large",
    )  # fmt: skip
    price_list.rows += [twin, standard]
    new = refreshed(pair, price_list, tmp_path, form)
    assert new.usd(*LARGE) == Decimal("0.26")
    assert new.usd(*optimized) == Decimal("0.338")


def test_two_rows_for_a_figure_are_named_with_both_prices(pair, price_list, tmp_path):
    price_list.rows.append(price_list.of[IO].like("SECOND", "0.0000003000"))
    told = refusal(pair, price_list, tmp_path)
    assert "Nothing was changed: a price is in doubt" in told
    assert "aurora:io in us-west-2: 2 rows match, where one is wanted" in told
    assert "AmazonRDS: usage=Aurora:StorageIOUsage" in told
    assert "databaseEngine=Aurora MySQL|Any" in told
    assert "SECOND (USW2-Aurora:StorageIOUsage; 0.0000003 for IOs)" in told


def test_a_missing_figure_is_named_with_what_came_near(pair, price_list, tmp_path):
    price_list.drop(*IO)
    told = refusal(pair, price_list, tmp_path)
    assert "aurora:io in us-west-2: no row matches" in told
    assert (
        "not IOPGus-west-2 (USW2-Aurora:StorageIOUsage): databaseEngine is 'Aurora PostgreSQL'"
    ) in told


@FORMS
def test_a_changed_unit_is_named(form, pair, price_list, tmp_path):
    row = price_list.of[IO]
    row.tiers = [("1M IOs", *tier[1:]) for tier in row.tiers]
    told = refusal(pair, price_list, tmp_path, form)
    assert "aurora:io in us-west-2: the unit is 1M IOs, where IOs is expected" in told


@FORMS
@pytest.mark.parametrize("price", (("0.0000000000", "USD"), ("1", "CNY")))
def test_what_costs_nothing_or_no_dollars(form, price, pair, price_list, tmp_path):
    row = price_list.of[IO]
    usd, row.currency = price
    row.tiers = [("IOs", "0", "Inf", usd)]
    told = refusal(pair, price_list, tmp_path, form)
    assert "aurora:io in us-west-2: the row has no price in US dollars above 0" in told
    assert f"USW2-Aurora:StorageIOUsage; {'no USD' if row.currency == 'CNY' else 0} for IOs" in told


@FORMS
def test_all_failures_come_at_once(form, pair, price_list, tmp_path):
    price_list.drop(*IO)
    price_list.rows.append(price_list.of[LARGE].like("SECOND"))
    row = price_list.of["kms:key", "us-west-2"]
    row.tiers = [("Months", *tier[1:]) for tier in row.tiers]
    price_list.rows = [row for row in price_list.rows if row.offer != "AmazonSNS"]
    told = refusal(pair, price_list, tmp_path, form)
    assert "5 prices are in doubt" in told
    for text in (
        "aurora:io in us-west-2: no row", "db.r6g.large/aurora in us-east-1: 2 rows",
        "kms:key in us-west-2: the unit is Months",
        "AmazonSNS in us-east-1: the price list has none, where 2 figures are wanted",
        "AmazonSNS in us-west-2: the price list has none",
    ):  # fmt: skip
        assert text in told


def test_a_broken_file_is_one_failure_among_others(pair, price_list, tmp_path):
    price_list.drop("kms:key", "us-east-1")
    price_list.write(tmp_path, "csv")
    (file,) = tmp_path.glob("offers/v1.0/aws/AmazonVPC/*/us-west-2/index.csv")
    file.unlink()
    with pytest.raises(PriceListError) as caught:
        rebuild(pair, BulkFiles(str(tmp_path), "csv", silent))
    told = str(caught.value)
    assert "kms:key in us-east-1: no row matches" in told
    assert "AmazonVPC in us-west-2: " in told
    assert "index.csv cannot be used: No such file or directory" in told


def test_a_price_that_leaps_needs_leave(pair, price_list, tmp_path):
    row = price_list.of[IO]
    row.tiers = [("IOs", "0", "Inf", "0.2000000000")]
    told = refusal(pair, price_list, tmp_path, most_percent=Decimal(60))
    assert "aurora:io in us-west-2: it moved by +99999900 %, from 0.2 to 200000" in told
    assert "--most-percent" in told
    new = refreshed(pair, price_list, tmp_path / "again")
    assert new.usd(*IO) == 200_000
    assert changes(pair, new) == (Change(*IO, Decimal("0.2"), Decimal(200_000)),)


def test_what_is_gone_must_be_said(pair, price_list, tmp_path):
    price_list.drop(*IO)
    new = refreshed(pair, price_list, tmp_path, gone=[IO])
    assert new.usd(*IO) is None
    (change,) = changes(pair, new)
    assert (change.old, change.new, change.percent) == (Decimal("0.2"), None, None)
    told = refusal(pair, price_list, tmp_path, gone=[IO, ("aurora:io", "xx-north-1")])
    assert "aurora:io in xx-north-1: the snapshot does not have it" in told


def test_what_is_gone_everywhere_leaves_the_snapshot(pair, price_list, tmp_path):
    places = [("kms:key", region) for region in ("us-east-1", "us-west-2")]
    for place in places:
        price_list.drop(*place)
    new = refreshed(pair, price_list, tmp_path, gone=places)
    assert "kms:key" not in new.figures


def test_what_the_snapshot_lacks_is_added(pair, price_list, tmp_path):
    """A class that came to a region, and a region that was asked for."""
    lacking = {r: usd for r, usd in pair.figures[LARGE[0]].usd.items() if r != LARGE[1]}
    figure = replace(pair.figures[LARGE[0]], usd=lacking)
    old = replace(pair, figures={**pair.figures, LARGE[0]: figure})
    row = price_list.of["kms:key", "us-west-2"]
    attributes = {
        **row.attributes, "regionCode": "eu-west-1", "usagetype": "eu-west-1-KMS-Keys",
    }  # fmt: skip
    price_list.rows.append(replace(row, file="eu-west-1", sku="EU", attributes=attributes))
    new = refreshed(old, price_list, tmp_path, regions=["eu-west-1"])
    assert [(c.key, c.region, c.old) for c in changes(old, new)] == [
        (*LARGE, None),
        ("kms:key", "eu-west-1", None),
    ]
    assert new.usd("kms:key", "eu-west-1") == 1


def test_a_figure_that_the_table_does_not_know(pair, price_list, tmp_path):
    strange = replace(pair.figures["kms:key"], key="kms:lock")
    old = replace(pair, figures={**pair.figures, "kms:lock": strange})
    told = refusal(old, price_list, tmp_path)
    assert "kms:lock in us-east-1: the table of costs/figures.py does not say" in told


def test_a_change_of_nothing_has_no_percentage():
    assert Change("a", "b", Decimal(0), Decimal(1)).percent is None
    assert Change("a", "b", Decimal(2), Decimal(3)).percent == 50


def test_a_file_is_replaced_whole_or_left(pair, tmp_path, monkeypatch):
    file = tmp_path / "prices.json"
    save(pair, file)
    assert read(file.read_text()) == pair
    before = file.read_text()

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(PriceListError, match=r"prices\.json cannot be written: No space left"):
        save(pair, file)
    assert file.read_text() == before
    assert list(tmp_path.iterdir()) == [file]
    with pytest.raises(PriceListError, match="No such file"):
        save(pair, tmp_path / "nowhere" / "prices.json")
