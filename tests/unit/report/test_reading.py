"""Records are read, and whatever is none is named with what is wrong with it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bicoastal.lab.report.reading import RecordFileError, read_drills


def test_a_record_is_read_as_it_was_written(report, tmp_path: Path) -> None:
    path = tmp_path / "drill-7.json"
    path.write_text(report.model_dump_json())
    (drill,) = read_drills([path])
    assert drill.record == report
    assert drill.name == "drill-7"


def test_a_file_may_hold_several_records(report, tmp_path: Path) -> None:
    path = tmp_path / "all.json"
    record = json.loads(report.model_dump_json())
    path.write_text(json.dumps([record, {**record, "seed": 4}]))
    drills = read_drills([path])
    assert [(drill.name, drill.record.seed) for drill in drills] == [("all-1", 3), ("all-2", 4)]


def test_every_wrong_file_is_named_with_what_is_wrong(report, tmp_path: Path) -> None:
    good = json.loads(report.model_dump_json())
    texts = {
        "words.json": "hello",
        "list.json": "[]",
        "number.json": "1",
        "some.json": json.dumps([good, 7]),
        "other.json": json.dumps({**good, "schema_version": "bicoastal.drill/2"}),
        "newer.json": json.dumps({**good, "weather": "fine"}),
        "poor.json": json.dumps({"schema_version": "bicoastal.drill/1"}),
        "right.json": json.dumps(good),
    }
    for name, text in texts.items():
        (tmp_path / name).write_text(text)
    paths = [tmp_path / name for name in texts]
    with pytest.raises(RecordFileError) as raised:
        read_drills([tmp_path / "missing.json", tmp_path, *paths])
    lines = str(raised.value).splitlines()
    assert len(lines) == 9
    for words, line in zip(
        (
            "missing.json: cannot be read (No such file",
            "cannot be read (Is a directory)",
            "words.json: is not JSON",
            "list.json: holds no record",
            "number.json: is no drill's record of this version: its schema_version is None",
            "some.json, record 2: is no drill's record",
            "other.json: is no drill's record of this version: its schema_version is 'bicoas",
            "newer.json: does not fit bicoastal.drill/1 (written by bicoastal 0.1.0): weather: ",
            "tool_version: Field required",
        ),
        lines,
        strict=True,
    ):
        assert words in line
    assert "and 1" in lines[-1]  # more than five are counted only
