"""`bicoastal prices`: output, exit codes, what is written and what is left alone."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from bicoastal.cli import prices as command
from bicoastal.cli.app import app
from bicoastal.costs.errors import PriceListError
from bicoastal.costs.prices import FILE, read, snapshot
from bicoastal.costs.refresh import changes

runner = CliRunner()


def run(*arguments: str, code: int = 0) -> str:
    result = runner.invoke(app, ["prices", *arguments])
    assert result.exit_code == code, (result.output, result.exception)
    return result.output


@pytest.fixture
def two_regions(pair, monkeypatch):
    """The package has a snapshot of two regions."""
    monkeypatch.setattr("bicoastal.costs.prices.snapshot", lambda: pair)
    return pair


@pytest.fixture
def cheaper_io(price_list, tmp_path) -> Path:
    """A price list in which I/O costs a quarter less in one region."""
    row = price_list.of["aurora:io", "us-west-2"]
    row.tiers = [("IOs", "0", "Inf", "0.0000001500")]
    folder: Path = price_list.write(tmp_path / "mirror", "csv")
    return folder


def test_every_region_of_the_package_from_a_mirror(whole_list, serve, tmp_path):
    """Nineteen regions and ten services, over HTTP, give the packaged prices."""
    before = FILE.read_bytes()
    file = tmp_path / "prices.json"
    text = run("refresh", "--from", serve(whole_list), "--output", str(file))
    count = len(snapshot().figures)
    assert text == f"No price differs.\n{file}: {count} figures, where there were {count}.\n"
    written = read(file.read_text())
    assert changes(snapshot(), written) == ()
    assert len(written.price_lists) == 10
    assert FILE.read_bytes() == before


def test_diff_shows_each_change_and_exits_1(two_regions, cheaper_io):
    text = run("diff", "--from", str(cheaper_io), code=1)
    assert text.splitlines()[0].split() == [
        "Figure", "Region", "Old", "USD", "New", "USD", "Change",
    ]  # fmt: skip
    assert text.splitlines()[1].split() == [
        "aurora:io", "us-west-2", "0.2", "0.15", "-25.0", "%",
    ]  # fmt: skip
    assert "1 price differs." in text


def test_diff_as_json(two_regions, cheaper_io):
    body = json.loads(run("diff", "--from", str(cheaper_io), "--json", code=1))
    assert body["changes"] == [
        {
            "figure": "aurora:io",
            "region": "us-west-2",
            "old": "0.2",
            "new": "0.15",
            "percent": "-25.0",
        }
    ]
    assert body["priceLists"]["AmazonRDS"] == "20261120225923"


def test_diff_without_a_difference_exits_0(two_regions, price_list, tmp_path):
    folder = price_list.write(tmp_path, "json")
    assert run("diff", "--from", str(folder), "--format", "json") == "No price differs.\n"


def test_diff_of_what_came_and_went(two_regions, price_list, tmp_path):
    price_list.drop("aurora:io", "us-west-2")
    row = price_list.of["kms:key", "us-west-2"]
    place = {"regionCode": "eu-west-1", "usagetype": "eu-west-1-KMS-Keys"}
    moved = row.like("EU", **place)
    moved.file = "eu-west-1"
    price_list.rows.append(moved)
    options = ("--gone", "aurora:io@us-west-2", "--region", "eu-west-1")
    folder = str(price_list.write(tmp_path, "csv"))
    rows = [line.split() for line in run("diff", "--from", folder, *options, code=1).splitlines()]
    assert ["aurora:io", "us-west-2", "0.2", "gone"] in rows
    assert ["kms:key", "eu-west-1", "not", "known", "1"] in rows
    assert rows[-1] == ["2", "prices", "differ."]
    body = json.loads(run("diff", "--from", folder, *options, "--json", code=1))
    assert [(one["old"], one["new"], one["percent"]) for one in body["changes"]] == [
        ("0.2", None, None),
        (None, "1", None),
    ]


def test_refresh_into_the_package(two_regions, cheaper_io, tmp_path, monkeypatch):
    file = tmp_path / "packaged.json"
    file.write_text("old")
    monkeypatch.setattr("bicoastal.costs.prices.FILE", file)
    body = json.loads(run("refresh", "--from", str(cheaper_io), "--json"))
    assert body["file"] == str(file)
    assert body["figures"] == len(two_regions.figures)
    assert len(body["changes"]) == 1
    written = read(file.read_text())
    assert written.usd("aurora:io", "us-west-2") == Decimal("0.15")


def test_a_failed_refresh_leaves_the_old_snapshot(two_regions, price_list, tmp_path, monkeypatch):
    price_list.drop("aurora:io", "us-west-2")
    folder = price_list.write(tmp_path / "mirror", "csv")
    file = tmp_path / "packaged.json"
    file.write_text("old")
    monkeypatch.setattr("bicoastal.costs.prices.FILE", file)
    result = runner.invoke(app, ["prices", "refresh", "--from", str(folder)])
    assert isinstance(result.exception, PriceListError)
    assert file.read_text() == "old"
    assert sorted(tmp_path.iterdir()) == [folder, file]


def test_a_leap_is_refused_unless_it_is_allowed(two_regions, cheaper_io, tmp_path):
    file = str(tmp_path / "new.json")
    source = ("--from", str(cheaper_io), "--output", file)
    result = runner.invoke(app, ["prices", "refresh", *source, "--most-percent", "20"])
    assert "moved by -25 %" in str(result.exception)
    run("refresh", *source, "--most-percent", "25")


@pytest.mark.parametrize(
    ("arguments", "reason"),
    (
        (("diff", "--api", "--from", "x"), "choose one of --api and --from"),
        (("diff", "--gone", "aurora:io"), "FIGURE@REGION"),
        (("refresh", "--gone", "@us-east-1"), "FIGURE@REGION"),
        (("diff", "--format", "xml"), "csv"),
    ),
)
def test_bad_options(arguments, reason):
    assert reason in run(*arguments, code=2)


def test_the_default_is_awss_public_address():
    source: Any = command._source(None, False, "csv", lambda *_: None)
    assert source._base == "https://pricing.us-east-1.amazonaws.com"


def test_the_api_is_asked_through_boto3(monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL_PRICING", "http://127.0.0.1:9")
    source: Any = command._source(None, True, "csv", lambda *_: None)
    assert source._client.meta.service_model.service_name == "pricing"
    assert source._client.meta.region_name == "us-east-1"


def test_progress_is_for_terminals(monkeypatch, capsys):
    with command._progress() as tell:
        tell("AmazonRDS us-east-1", 5, 10)
    assert capsys.readouterr().err == ""
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("FORCE_COLOR", "1")
    with command._progress() as tell:
        tell("AmazonRDS us-east-1", 5_000_000, 10_000_000)
    assert "AmazonRDS us-east-1" in capsys.readouterr().err
