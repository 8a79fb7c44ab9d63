"""The dated tables, and the engine version strings that are looked up in them."""

from __future__ import annotations

from datetime import date

import pytest

from bicoastal.settings import tables


@pytest.mark.parametrize("name", ("classes", "versions", "regions"))
def test_every_table_says_when_and_where_it_was_read(name: str) -> None:
    assert date.fromisoformat(tables.as_of(name)) > date(2026, 1, 1)
    assert tables.source(name).startswith("https://docs.aws.amazon.com/")


@pytest.mark.parametrize(
    ("engine_version", "text", "minor"),
    (
        ("8.0.mysql_aurora.3.10.4", "3.10.4", "3.10"),
        ("8.0.mysql_aurora.3.04.0", "3.04.0", "3.04"),
        ("8.4.mysql_aurora.8.4.7", "8.4.7", "8.4.7"),
        ("8.4.mysql_aurora.8.4.7.1", "8.4.7.1", "8.4.7"),
    ),
)
def test_full_versions_are_read(engine_version: str, text: str, minor: str) -> None:
    version = tables.parse_version(engine_version)
    assert version is not None
    assert (version.text, version.minor) == (text, minor)


@pytest.mark.parametrize(
    "engine_version",
    (
        "",
        "8.0",
        "3.10.4",
        "8.0.mysql_aurora.3.10",
        "8.0.mysql_aurora.8.4.7",
        "8.0.mysql_aurora.3.1",
    ),
)
def test_other_versions_are_not(engine_version: str) -> None:
    assert tables.parse_version(engine_version) is None


def test_versions_compare_by_number() -> None:
    assert tables.number("3.08.0").number < tables.number("3.10.0").number
    assert tables.number("3.13.0").number < tables.number("8.4.7").number


def test_engine_versions_have_an_order_and_a_major_version() -> None:
    assert tables.is_lower("8.0.mysql_aurora.3.10.4", "8.0.mysql_aurora.3.12.0")
    assert tables.is_lower("8.0.mysql_aurora.3.13.0", "8.4.mysql_aurora.8.4.7")
    assert not tables.is_lower("8.0.mysql_aurora.3.10.4", "8.0.mysql_aurora.3.10.4")
    assert not tables.is_lower("8.0", "8.0.mysql_aurora.3.10.4")
    assert not tables.is_lower("8.0.mysql_aurora.3.10.4", "8.4")
    assert tables.major("8.4.mysql_aurora.8.4.7") == "8.4"


def test_the_calendar_knows_long_term_support() -> None:
    version = tables.parse_version("8.0.mysql_aurora.3.10.4")
    assert version is not None
    release = tables.release(version)
    assert release is not None
    assert release.lts
    assert release.standard_support_ends == date(2028, 4, 30)
    assert tables.release(tables.number("3.99.0")) is None


def test_the_regions_know_their_partition_and_set() -> None:
    known = tables.regions()
    assert known["us-east-1"].region_set == known["us-west-2"].region_set == "US"
    assert known["us-west-1"].region_set is None
    assert known["cn-north-1"].partition == "aws-cn"
