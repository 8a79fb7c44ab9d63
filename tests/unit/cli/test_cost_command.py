"""`bicoastal cost`: tables, JSON, Markdown, exit codes, start-up."""

from __future__ import annotations

import json
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bicoastal.cli import cost_view
from bicoastal.cli.app import app, main

runner = CliRunner()
EUROPE = "{home: eu-west-1, standby: eu-central-1, witness: eu-west-2}"


def run(*arguments: str, code: int = 0) -> str:
    result = runner.invoke(app, ["cost", *arguments])
    assert result.exit_code == code, result.output
    return result.output


def stack_file(folder: Path, *lines: str) -> Path:
    file = folder / "Pulumi.dev.yaml"
    file.write_text("config:\n" + "".join(f"  bicoastal:{line}\n" for line in lines))
    return file


def test_json_has_the_totals_and_every_line_with_its_source():
    body = json.loads(run("--json"))
    assert body["totalMonthlyCost"] == "101.83"
    assert body["monthHours"] == 730
    total = sum(Decimal(line["monthlyCost"]) for line in body["lines"])
    assert total == Decimal(body["totalMonthlyCost"])
    parts = Decimal(body["fixedMonthlyCost"]) + Decimal(body["usageMonthlyCost"])
    assert parts == total
    assert all(line["source"].startswith("https://") and line["asOf"] for line in body["lines"])
    assert body["notPriced"] == []
    assert body["reviewedSystem"] == {"instancesMonthlyCost": "1051", "atMostATenth": True}
    assert body["instancesMonthlyCost"] == "87.60"
    assert {item["key"] for item in body["assumptions"]} >= {"freeTier", "globalTransfer"}
    assert "lifetime" not in body
    assert "alternatives" not in body


def test_json_of_a_life_and_of_the_alternatives():
    body = json.loads(run("--json", "--for", "4h", "--compare"))
    assert body["lifetime"] == {"hours": "4", "cost": "0.56"}
    assert body["alternatives"][0]["name"] == "as asked for"
    assert {other["name"] for other in body["alternatives"]} >= {"one db.r6g.large a member"}


def test_text_groups_by_region_and_service_and_ends_with_totals():
    text = run("--for", "2d", "--compare")
    lines = text.splitlines()
    assert lines[0].split() == ["Name", "Monthly", "qty", "Unit", "Monthly", "USD"]
    assert any(line.startswith("us-east-1, Aurora ") and "46.39" in line for line in lines)
    assert any("Serverless v2, minimum 0.5 ACU" in line and "43.80" in line for line in lines)
    assert any("TOTAL a month (730 h)" in line and "101.83" in line for line in lines)
    assert any("a life of 48 h" in line for line in lines)
    assert "9.7 % of that, at most a tenth (free allowances used up: 11.2 %)" in text
    assert "alone: 8.3 %" in text
    assert "derivedChecks: billed, total 101.83; included, total 99.83." in text
    assert any("+292.20" in line for line in lines)
    assert "<0.01" in text
    assert "\x1b[" not in text


def test_a_line_that_comes_to_nothing_is_not_shown_but_is_in_the_json():
    assert "Backup beyond the free part" not in run()
    assert "Backup beyond the free part" in run("--json")


def test_markdown_is_tables():
    text = run("--markdown", "--compare")
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert "| TOTAL a month (730 h) | 101.83 |" in rows
    assert any(row.startswith("| us-east-1 | Aurora | Storage &ast; | 10 |") for row in rows)
    assert any(row.startswith("| one db.r6g.large a member | 394.03 | +292.20 |") for row in rows)
    assert "- globalTransfer: billed" in text
    assert "Alternative" not in run("--markdown")


def test_usage_from_file_and_command_line(tmp_path):
    file = tmp_path / "usage.yaml"
    file.write_text("storageGib: 110\n")
    body = json.loads(run("--json", "--usage", str(file), "--set", "freeTier=false"))
    assert Decimal(body["totalMonthlyCost"]) == Decimal("117.75") + 20  # 2 x 100 GiB at 0.10


def test_a_stack_file_is_priced(tmp_path):
    file = stack_file(tmp_path, "database: {instanceClass: db.r6g.large}")
    body = json.loads(run(str(file), "--json"))
    assert body["totalMonthlyCost"] == "394.03"
    assert not body["reviewedSystem"]["atMostATenth"]
    assert "more than a tenth" in run(str(file))


def test_what_is_not_priced_is_said(tmp_path):
    file = stack_file(tmp_path, f"regions: {EUROPE}")
    assert "Not priced, so that the total lacks them: dynamodb:read in eu-west-1" in " ".join(
        run(str(file)).split()
    )
    body = json.loads(run(str(file), "--json"))
    assert {item["figure"] for item in body["notPriced"]} >= {"dynamodb:read", "dynamodb:write"}


@pytest.mark.parametrize(("budget", "code"), (("101.83", 0), ("99.42", 1), ("0.01", 1)))
def test_a_budget_on_the_command_line(budget, code):
    text = run("--budget", budget, code=code)
    assert ("over budget" in text) == bool(code)
    if code:
        assert "Serverless v2, minimum 0.5 ACU in us-east-1 $43.80" in text
        assert "TOTAL" in text


def test_the_command_line_overrides_the_budget_of_the_file(tmp_path):
    file = stack_file(tmp_path, "budget: {monthlyUsd: 50.5}")
    assert "exceeds the budget of $50.50 by $51.33" in run(str(file), code=1)
    run(str(file), "--budget", "200")


@pytest.mark.parametrize(
    "arguments",
    (
        ("--for", "4"), ("--for", "0h"), ("--for", "h4"), ("--for", "4y"),
        ("--json", "--markdown"), ("--budget", "0"), ("--budget", "x"),
    ),
)  # fmt: skip
def test_bad_usage_exits_2(arguments):
    run(*arguments, code=2)


@pytest.mark.parametrize(
    ("arguments", "said"),
    (
        (("--set", "storageGb=1"), "did you mean storageGib?"),
        (("--usage", "/nosuch/usage.yaml"), "cannot be read: No such file"),
        (("/nosuch/Pulumi.dev.yaml",), "cannot be read"),
    ),
)
def test_bad_input_exits_2_with_words(arguments, said, monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["bicoastal", "cost", *arguments])
    with pytest.raises(SystemExit) as left:
        main()
    assert left.value.code == 2
    error = capsys.readouterr().err
    assert said in error
    assert "Traceback" not in error


def test_styles_are_for_terminals_only():
    result = runner.invoke(app, ["cost"], color=True)
    assert result.stdout.startswith("\x1b[1mName")


@pytest.mark.parametrize(
    ("value", "text"),
    (
        ("0", "0"),
        ("1", "1"),
        ("0.00006", "0.0001"),
        ("1234567.891", "1,234,567.89"),
        ("-0.5", "-0.5"),
    ),
)
def test_quantities_are_short(value, text):
    assert cost_view.quantity(Decimal(value)) == text


PROGRAM = """
import sys
sys.argv = ["bicoastal", "cost", *{arguments}]
from bicoastal.cli.app import main
try:
    main()
except SystemExit as left:
    assert not left.code, left
heavy = {{"pulumi", "pulumi_aws", "boto3", "botocore", "bicoastal.stack"}}
print("heavy", sorted(heavy & set(sys.modules)), file=sys.stderr)
"""


@pytest.mark.parametrize("arguments", ([], ["--json", "--compare"]))
def test_it_starts_without_pulumi_and_boto3(arguments):
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(arguments=arguments)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "101.83" in done.stdout
    assert done.stderr.splitlines()[-1] == "heavy []"
