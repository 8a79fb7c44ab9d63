"""`bicoastal report`: what it writes where, and what it refuses."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from bicoastal.cli.app import app
from bicoastal.lab.report import pictures
from bicoastal.lab.report.reading import RecordFileError
from bicoastal.lab.scenarios import find

runner = CliRunner()


@pytest.fixture
def record(report, tmp_path):
    path = tmp_path / "monday.json"
    path.write_text(report.model_dump_json())
    return path


def test_the_page_goes_beside_the_record(record):
    result = runner.invoke(app, ["report", str(record)])
    assert result.exit_code == 0
    page = record.with_suffix(".html")
    assert "<title>FAIL: partition drill" in page.read_text()
    summary, where = result.stdout.splitlines()
    assert summary.startswith("partition: 0 of 1 passed; one run is one sample")
    assert where == f"page: {page}"


@pytest.mark.parametrize(("count", "name"), ((2, "monday-and-tuesday.html"), (3, "drills.html")))
def test_several_records_share_a_page(record, count, name):
    others = [record.with_name("tuesday.json"), record.with_name("friday.json")]
    for other in others:
        other.write_text(record.read_text())
    files = [str(path) for path in (record, *others)][:count]
    assert runner.invoke(app, ["report", *files]).exit_code == 0
    assert record.with_name(name).is_file()


def test_junit_and_summary_go_where_they_are_asked(record, tmp_path):
    html, junit = tmp_path / "x.html", tmp_path / "x.xml"
    asked = ["report", str(record), "--html", str(html), "--junit", str(junit), "--json", "-"]
    result = runner.invoke(app, asked)
    assert result.exit_code == 0
    (group,) = json.loads(result.stdout)
    assert (group["fault"], group["maximum_s"]) == ("partition", 10.0)
    assert '<testsuite name="monday"' in junit.read_text()
    assert html.is_file()
    assert not record.with_suffix(".html").exists()


def test_drills_with_a_mutant_are_counted_apart(record, report):
    broken = report.model_copy(update={"broken": True, "scenario": find("kill")})
    record.write_text(broken.model_dump_json())
    result = runner.invoke(app, ["report", str(record)])
    assert result.stdout.splitlines()[0] == "mutants: 0 of 1 noticed"


def test_pictures_are_taken_of_the_charts(record, tmp_path, monkeypatch):
    asked: dict[str, object] = {}

    def write_pictures(figures, folder):
        asked.update(figures=list(figures), folder=folder)
        return [folder / "timeline.png"]

    monkeypatch.setattr(pictures, "write_pictures", write_pictures)
    result = runner.invoke(app, ["report", str(record), "--png", str(tmp_path / "png")])
    assert result.exit_code == 0
    assert asked == {"figures": ["timeline", "recovery"], "folder": tmp_path / "png"}
    assert "picture: " in result.stderr


def test_what_is_no_record_is_refused_and_nothing_is_written(record, tmp_path):
    record.write_text("{}")
    result = runner.invoke(app, ["report", str(record)])
    assert isinstance(result.exception, RecordFileError)  # `main` makes it exit code 2
    assert not record.with_suffix(".html").exists()
    missing = tmp_path / "no" / "x.html"
    assert runner.invoke(app, ["report", str(record), "--html", str(missing)]).exit_code == 2
