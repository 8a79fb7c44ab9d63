"""`bicoastal drill`: options, exit codes, where the record goes. The drill itself is replaced."""

from __future__ import annotations

import json
import os
import signal
from typing import Any

import pytest
from typer.testing import CliRunner

from bicoastal.cli.app import app
from bicoastal.lab.drill import run
from bicoastal.lab.drill.fault import Fault
from bicoastal.lab.report import pages
from bicoastal.lab.report.reading import Drill

runner = CliRunner()


@pytest.fixture
def drilled(monkeypatch, report):
    """Replace the rehearsal by one that returns the sample and remembers what was asked."""
    asked: dict[str, Any] = {}

    def rehearse(settings, options, observer):
        asked.update(settings=settings, options=options)
        observer.event("drill", "something [odd] happened")
        observer.status("numbers")
        return asked.get("report", report)

    monkeypatch.setattr(run, "rehearse", rehearse)
    before = signal.getsignal(signal.SIGTERM)
    yield asked
    signal.signal(signal.SIGTERM, before)


def test_a_failed_verdict_is_exit_code_one_and_says_what_was_promised(drilled):
    result = runner.invoke(app, ["drill", "--fault", "partition"])
    assert result.exit_code == 1
    assert "Verdict: FAIL" in result.stdout
    assert "promised: p2" in result.stdout
    assert "promised: p1" not in result.stdout
    assert "RTO      10.00 s = detect 1.00 + decide 5.00" in result.stdout
    assert "lost: client 4" in result.stdout
    assert "lost: client 5" not in result.stdout
    assert "and 2 more: --json FILE lists them all" in result.stdout
    assert "us-east-1 from -5.00 s, then us-west-2 from +9.50 s" in result.stdout
    assert "something [odd] happened" in result.stderr


def test_a_passing_verdict_is_exit_code_zero(drilled, report):
    drilled["report"] = report.model_copy(
        update={
            "verdict": "pass",
            "recovery_time": None,
            "writes": report.writes.model_copy(update={"lost": []}),
        }
    )
    result = runner.invoke(app, ["drill", "--quiet", "--seed", "9", "--pace", "10", "--disarmed"])
    assert result.exit_code == 0
    assert "Verdict: PASS" in result.stdout
    assert "RTO" not in result.stdout
    assert result.stderr == ""
    options = drilled["options"]
    assert (options.seed, options.pace, options.armed) == (9, 10.0, False)
    assert options.fault is Fault.KILL


def test_the_stack_file_is_what_is_rehearsed(drilled, tmp_path):
    stack = tmp_path / "Pulumi.big.yaml"
    stack.write_text("config:\n  bicoastal:environmentSuffix: big\n")
    assert runner.invoke(app, ["drill", "--stack", str(stack)]).exit_code == 1
    assert drilled["settings"].environment_suffix == "big"


def test_the_page_is_the_one_of_the_report(drilled, tmp_path, report):
    page = tmp_path / "tuesday.html"
    result = runner.invoke(app, ["drill", "--html", str(page)])
    assert result.exit_code == 1
    assert "Verdict: FAIL" in result.stdout
    assert page.read_text() == pages.page([Drill("tuesday", report)])
    alone = runner.invoke(app, ["drill", "--quiet", "--html", "-"])
    assert alone.stdout == pages.page([Drill("-", report)])


def test_the_record_goes_to_a_file_whole(drilled, tmp_path, report):
    destination = tmp_path / "drill.json"
    destination.write_text("old")
    result = runner.invoke(app, ["drill", "--json", str(destination)])
    assert result.exit_code == 1
    record = json.loads(destination.read_text())
    assert record["schema_version"] == "bicoastal.drill/1"
    assert len(record["writes"]["lost"]) == 7
    assert list(tmp_path.iterdir()) == [destination]


def test_the_record_alone_goes_to_standard_output(drilled):
    result = runner.invoke(app, ["drill", "--json", "-"])
    assert json.loads(result.stdout)["verdict"] == "fail"


@pytest.mark.parametrize(
    ("arguments", "message"),
    (
        (["--fault", "fire"], "'fire' is not one of 'kill', 'hang', 'partition'"),
        (["--pace", "0"], "Invalid value for '--pace'"),
        (["--seed", "-1"], "Invalid value for '--seed'"),
        (["--json", "no/such/folder/x.json"], "folder no/such/folder does not exist"),
        (["--json", "/"], "/ is a folder; name a file"),
    ),
)
def test_bad_usage_is_exit_code_two_and_says_why(drilled, arguments, message):
    result = runner.invoke(app, ["drill", *arguments])
    assert result.exit_code == 2
    assert message in result.stderr
    assert not drilled


def test_a_folder_that_cannot_be_written_is_refused_before_the_drill(
    drilled, tmp_path, monkeypatch
):
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    result = runner.invoke(app, ["drill", "--json", str(tmp_path / "x.json")])
    assert result.exit_code == 2
    assert "is not writable" in result.stderr
    assert not drilled


def test_sigterm_unwinds_like_an_interruption(drilled):
    runner.invoke(app, ["drill"])
    handler = signal.getsignal(signal.SIGTERM)
    assert callable(handler)
    with pytest.raises(SystemExit) as left:
        handler(signal.SIGTERM, None)
    assert left.value.code == 143
