"""Tables are refreshed as a whole, from a whole answer, and lose nothing that RDS does not know."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from bicoastal.live import offers
from bicoastal.live.errors import RefreshError, ShortAnswerError, UnreadError
from bicoastal.live.tables import Change, differences, read, with_classes, with_versions, write
from bicoastal.settings import tables

from .conftest import HOME, STANDBY

TODAY = "2027-01-02"
V10, V13 = "8.0.mysql_aurora.3.10.4", "8.0.mysql_aurora.3.13.0"
OLD: dict[str, Any] = {
    "as_of": "2026-01-01",
    "memory_optimized": {"db.r6g": {"sizes": ["large", "2xlarge"], "since": "3.01.0"}},
    "burstable": {"db.t3": ["medium"], "db.t2": []},
    "not_offered": {"db.r9g": "not there yet", "db.r4": "gone"},
    "priced": {"of": "another"},
}
CALENDAR: dict[str, Any] = {
    "as_of": "2026-01-01",
    "minor": {
        "3.10": {"standard_support_ends": "2028-04-30", "lts": True, "patches": ["3.10.3"]},
        "3.09": {"standard_support_ends": "2026-08-31", "lts": False, "patches": None},
    },
}


def offered(**names: list[str]) -> dict[str, Any]:
    """Class -> version -> zones; the names are without the `db.`."""
    found = {n.replace("_", "."): {key: ["use1-az1"] for key in v} for n, v in names.items()}
    return {f"db.{name}": versions for name, versions in found.items()}


def test_classes_are_added_and_what_rds_does_not_tell_stays() -> None:
    before = copy.deepcopy(OLD)
    found = offered(
        serverless=[V10], r6g_large=[V13], r6g_2xlarge=[V13], r6g_xlarge=[V13], t3_medium=[V10],
        r9g_16xlarge=[V13], r9g_large=[V13, V10], t4g_large=[V10],
    )  # fmt: skip
    new = with_classes(OLD, {HOME: found}, TODAY)
    assert before == OLD
    assert new["as_of"] == TODAY
    assert new["memory_optimized"] == {
        "db.r6g": {"sizes": ["large", "xlarge", "2xlarge"], "since": "3.01.0"},
        "db.r9g": {"sizes": ["large", "16xlarge"], "since": "3.10.4"},
    }
    assert new["burstable"] == {"db.t3": ["medium"], "db.t2": [], "db.t4g": ["large"]}
    assert new["not_offered"] == {"db.r4": "gone"}
    assert new["priced"] == OLD["priced"]
    assert new["by_region"][HOME]["db.r9g.large"] == ["use1-az1"]
    assert "db.serverless" in new["by_region"][HOME]


def test_a_region_that_was_not_asked_keeps_its_classes() -> None:
    old = OLD | {"by_region": {STANDBY: {"db.r6g.large": ["usw2-az1"]}}}
    new = with_classes(old, {HOME: offered(r6g_large=[V10], t3_medium=[V10])}, TODAY)
    assert new["by_region"][STANDBY] == {"db.r6g.large": ["usw2-az1"]}
    assert new["memory_optimized"] == OLD["memory_optimized"]


def test_patches_are_listed_and_lines_without_a_date_are_named() -> None:
    found = {HOME: ("8.0.mysql_aurora.3.10.3", V10), STANDBY: (V10, V13)}
    new = with_versions(CALENDAR, found, TODAY)
    assert new["minor"]["3.10"]["patches"] == ["3.10.3", "3.10.4"]
    assert new["minor"]["3.09"] == CALENDAR["minor"]["3.09"]
    assert (new["undated"], new["patches_as_of"]) == (["3.13.0"], TODAY)
    assert new["as_of"] == CALENDAR["as_of"]


def test_an_answer_that_was_cut_off_is_refused() -> None:
    with pytest.raises(ShortAnswerError, match="RDS named 1 of the 3 classes"):
        with_classes(OLD, {HOME: offered(r6g_large=[V10])}, TODAY)
    with pytest.raises(ShortAnswerError, match="RDS named 0 of the 1 versions"):
        with_versions(CALENDAR, {HOME: ()}, TODAY)


def test_differences_name_the_value() -> None:
    assert differences({"a": {"b": 1, "c": 2}}, {"a": {"b": 1, "c": 3}, "d": [4]}) == [
        Change("a.c", 2, 3),
        Change("d", None, [4]),
    ]
    assert [str(c) for c in differences({}, {"d": [4]})] == ["d: (nothing) -> [4]"]
    assert differences(OLD, copy.deepcopy(OLD)) == []


def test_a_file_is_replaced_as_a_whole(tmp_path: Path) -> None:
    file = tmp_path / "table.json"
    write(file, {"a": 1})
    assert file.stat().st_mode & 0o777 == 0o644
    file.chmod(0o600)
    write(file, {"a": 2})
    assert read(file) == {"a": 2}
    assert file.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [file]


def test_a_file_that_cannot_be_written_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "table.json"
    write(file, {"a": 1})

    def full(_path: Path, _target: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(RefreshError, match="No space left"):
        write(file, {"a": 2})
    assert read(file) == {"a": 1}
    assert list(tmp_path.iterdir()) == [file]
    with pytest.raises(RefreshError, match="cannot be written"):
        write(tmp_path / "nowhere" / "table.json", {})


def test_what_is_no_table_is_said(tmp_path: Path) -> None:
    (tmp_path / "table.json").write_text("{")
    for name in ("table.json", "nosuch.json"):
        with pytest.raises(RefreshError, match="no table that can be read"):
            read(tmp_path / name)


def test_the_tables_of_the_package_are_written_as_they_are(tmp_path: Path) -> None:
    for name in ("classes", "versions"):
        path = tables.path(name)
        write(tmp_path / name, read(path))
        assert json.loads((tmp_path / name).read_text()) == json.loads(path.read_text())


# --- what RDS offers --------------------------------------------------------------------------
def option(name: str, version: str, *zones: str) -> dict[str, Any]:
    found = [{"Name": zone} for zone in zones]
    return {"DBInstanceClass": name, "EngineVersion": version, "AvailabilityZones": found}


def test_orderable_options_are_read_page_by_page_and_zones_by_id(stubs: Any) -> None:
    zones = [{"ZoneName": "us-east-1a", "ZoneId": "use1-az4"}]
    stubs.answer("ec2", "describe_availability_zones", {"AvailabilityZones": zones})
    pages = (
        [option("db.r6g.large", V10, "us-east-1a"), option("db.r6g.large", "5.7.x", "us-east-1a")],
        [option("db.r6g.large", V10, "us-east-1x"), option("db.r5.large", V13)],
    )
    for page, more in zip(pages, ({"Marker": "more"}, {}), strict=True):
        answer = {"OrderableDBInstanceOptions": page} | more
        stubs.answer("rds", "describe_orderable_db_instance_options", answer)
    assert offers.orderable(stubs, [HOME]) == {
        HOME: {"db.r5.large": {V13: []}, "db.r6g.large": {V10: ["us-east-1x", "use1-az4"]}}
    }


def test_only_versions_that_can_be_created_in_a_global_database_count(stubs: Any) -> None:
    def version(name: str, status: str = "available", *, glob: bool = True) -> dict[str, Any]:
        return {"EngineVersion": name, "Status": status, "SupportsGlobalDatabases": glob}

    found = [
        version(V10), version(V13, "deprecated"), version("5.7.mysql_aurora.2.12.0"),
        version("8.0.mysql_aurora.3.11.1", glob=False),
    ]  # fmt: skip
    stubs.answer("rds", "describe_db_engine_versions", {"DBEngineVersions": found})
    assert offers.versions(stubs, [HOME]) == {HOME: (V10,)}


def test_every_region_that_does_not_answer_is_named(stubs: Any) -> None:
    for region in (HOME, STANDBY):
        stubs.refuse("ec2", "describe_availability_zones", "UnauthorizedOperation", region)
    with pytest.raises(UnreadError) as caught:
        offers.orderable(stubs, [HOME, STANDBY])
    for region in (HOME, STANDBY):
        assert f"Grant ec2:DescribeAvailabilityZones in {region}" in str(caught.value)
