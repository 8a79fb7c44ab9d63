"""`bicoastal drill`: options, exit codes, where the record goes. The drill itself is replaced."""

from __future__ import annotations

import json
import os
import signal
from typing import Any

import pytest
from typer.testing import CliRunner

from bicoastal.cli.app import app
from bicoastal.errors import LabError
from bicoastal.lab.drill import run
from bicoastal.lab.drill.replication import Replication
from bicoastal.lab.drill.report import Load
from bicoastal.lab.report import pages
from bicoastal.lab.report.reading import Drill
from bicoastal.lab.scenarios import all_scenarios, find

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
    return asked


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
    assert options.scenario.name == "kill"


def test_members_are_added_for_the_rehearsal(drilled):
    runner.invoke(app, ["drill", "--members", "3"])
    assert drilled["settings"].regions.further_standbys == ("eu-west-1",)
    runner.invoke(app, ["drill"])
    assert drilled["settings"].regions.further_standbys == ()
    for wrong in ("1", "6"):
        assert runner.invoke(app, ["drill", "--members", wrong]).exit_code == 2


def test_load_and_replication_are_chosen(drilled):
    runner.invoke(app, ["drill", "-q", "--load", "900", "--replication", "semi-sync"])
    options = drilled["options"]
    assert (options.writes_per_s, options.replication) == (900.0, Replication.SEMI_SYNC)
    runner.invoke(app, ["drill", "-q"])
    options = drilled["options"]
    assert (options.writes_per_s, options.replication) == (400.0, Replication.ASYNC)


def test_how_writes_were_replicated_is_said(drilled, report):
    load = Load(writers=8, writes_per_s=400, replication="semi-sync")
    drilled["report"] = report.model_copy(update={"load": load})
    assert "seed 3, replication semi-sync" in runner.invoke(app, ["drill", "-q"]).stdout


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
    name = f"{report.fault}-{report.seed}"
    assert page.read_text() == pages.page([Drill(name, report)])
    alone = runner.invoke(app, ["drill", "--quiet", "--html", "-"])
    assert alone.stdout == pages.page([Drill(name, report)])


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
        (["--fault", "fire"], "there is no scenario 'fire'; there are: approved, "),
        (["--until-confident", "95"], "'95' is no percentile; write p50, p90, p95 or p99"),
        (["--until-confident", "p100"], "'p100' is no percentile"),
        (["--runs", "0"], "Invalid value for '--runs'"),
        (["--pace", "0"], "Invalid value for '--pace'"),
        (["--load", "0"], "Invalid value for '--load'"),
        (["--replication", "sync"], "Invalid value for '--replication'"),
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


def test_sigterm_unwinds_like_an_interruption(monkeypatch):
    left = []

    def rehearse(settings, options, observer):
        try:
            os.kill(os.getpid(), signal.SIGTERM)
        finally:
            left.append("unwound")

    monkeypatch.setattr(run, "rehearse", rehearse)
    assert runner.invoke(app, ["drill"]).exit_code == 143
    assert left == ["unwound"]


def test_scenarios_are_listed_with_what_is_expected(drilled):
    result = runner.invoke(app, ["drill", "--list"], env={"COLUMNS": "200"})
    assert result.exit_code == 0
    lines = {line.split()[0]: line.rstrip() for line in result.stdout.splitlines()}
    assert set(all_scenarios()) < set(lines)
    assert lines["kill"].endswith("failover, paged")
    assert lines["nothing"].endswith("none, silent")
    assert not drilled


def test_several_drills_end_in_a_table_and_the_worst_decides(drilled, report, tmp_path):
    destination = tmp_path / "drills.json"
    arguments = ["--scenario", "kill, hang", "--runs", "2", "--json", str(destination)]
    result = runner.invoke(app, ["drill", *arguments], env={"COLUMNS": "200"})
    assert result.exit_code == 1
    assert "0 of 4 drills passed" in result.stdout
    assert "4 of 4: hang" in result.stderr
    assert drilled["options"].seed == 2
    assert len(json.loads(destination.read_text())) == 4
    drilled["report"] = report.model_copy(update={"verdict": "invalid"})
    assert runner.invoke(app, ["drill", "--scenario", "kill"]).exit_code == 3


def test_all_scenarios_as_one_array(drilled, report):
    drilled["report"] = report.model_copy(update={"verdict": "pass", "recovery_time": None})
    result = runner.invoke(app, ["drill", "--scenario", "all", "--json", "-", "-q"])
    assert result.exit_code == 0
    assert len(json.loads(result.stdout)) == len(all_scenarios())
    assert not drilled["options"].broken
    assert "passed" in runner.invoke(app, ["drill", "--scenario", "kill,hang"]).stdout


def test_only_what_failed_is_told_below_the_table(drilled, report, monkeypatch):
    well = [each.model_copy(update={"outcome": "pass"}) for each in report.requirements]
    reports = [
        report.model_copy(update={"fault": "kill", "seed": 1, "verdict": "pass",
                                  "requirements": well}),
        report.model_copy(update={"fault": "hang", "seed": 2}),
    ]  # fmt: skip
    monkeypatch.setattr(run, "rehearse", lambda *_: reports.pop(0))
    asked = ["drill", "--scenario", "kill,hang", "-q"]
    told = runner.invoke(app, asked, env={"COLUMNS": "80"}).stdout.splitlines()
    assert told[0].split()[:4] == ["scenario", "seed", "expected", "seen"]
    kill, hang, failed, count = (line.rstrip() for line in told[1:5])
    assert kill.startswith("kill")
    assert kill.endswith("pass")
    assert hang.startswith("hang")
    assert hang.endswith("fail")
    assert failed.startswith("hang (seed 2) failed: ")
    assert count == "1 of 2 drills passed"


def with_mutant(report: Any, *failed: str) -> Any:
    requirements = [report.requirements[1].model_copy(update={"id": name}) for name in failed]
    changes = {"broken": True, "scenario": find("kill"), "requirements": requirements}
    return report.model_copy(update={"fault": "kill", **changes})


@pytest.mark.parametrize(
    ("failed", "code", "told"),
    (
        (["steady-state", "one-promotion"], 0, "noticed by one-promotion"),
        (["steady-state"], 1, "NOT NOTICED"),
        ([], 1, "NOT NOTICED"),
    ),
)
def test_a_mutant_has_to_be_noticed_by_a_requirement_that_is_named(
    drilled, report, failed, code, told
):
    drilled["report"] = with_mutant(report, *failed)
    one = runner.invoke(app, ["drill", "--broken", "-q"])
    assert one.exit_code == code
    assert drilled["options"].broken
    assert f"Mutant observes-only: the controller only observes; {told}" in one.stdout
    asked = ["drill", "--scenario", "kill,kill", "--broken", "-q"]
    table = runner.invoke(app, asked, env={"COLUMNS": "200"})
    assert table.exit_code == code
    assert f"{0 if code else 2} of 2 mutants were noticed" in table.stdout
    row = next(line for line in table.stdout.splitlines() if line.startswith("kill"))
    assert row.split() == ["kill", "observes-only", "NOBODY" if code else "one-promotion"]


def test_a_drill_that_breaks_off_does_not_end_the_others(drilled, report, monkeypatch, tmp_path):
    drilled["report"] = report.model_copy(update={"verdict": "pass"})
    rehearse = run.rehearse

    def sometimes(settings, options, observer):
        if options.scenario.name == "hang":
            raise LabError("no server")
        return rehearse(settings, options, observer)

    monkeypatch.setattr(run, "rehearse", sometimes)
    result = runner.invoke(app, ["drill", "--scenario", "hang,kill"], env={"COLUMNS": "200"})
    assert result.exit_code == 2
    assert "1 of 1 drills passed" in result.stdout
    assert "hang (seed 1) broke off: no server" in result.stdout
    page = tmp_path / "x.html"
    none = runner.invoke(app, ["drill", "--scenario", "hang,hang", "--html", str(page)])
    assert none.exit_code == 2
    assert not page.exists()
    alone = runner.invoke(app, ["drill", "--scenario", "hang"])
    assert isinstance(alone.exception, LabError)  # `main` makes it exit code 2


def test_so_many_runs_that_the_slowest_bounds_a_percentile(drilled, report):
    drilled["report"] = report.model_copy(update={"verdict": "pass"})
    result = runner.invoke(app, ["drill", "--until-confident", "p90", "--json", "-", "-q"])
    assert len(json.loads(result.stdout)) == 29
    assert drilled["options"].seed == 29
