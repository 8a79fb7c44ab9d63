"""`bicoastal cost NEW --diff OLD`: tables, JSON, Markdown, exit codes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from bicoastal.cli.app import app
from bicoastal.costs.deployed import MemberSeen, Seen
from bicoastal.operate.errors import BadRequest
from bicoastal.settings.account import Unread


@pytest.fixture
def stacks(tmp_path: Path) -> tuple[str, str]:
    """Two stack files: the default, and one with more capacity that follows Aurora's endpoint."""
    old, new = tmp_path / "Pulumi.old.yaml", tmp_path / "Pulumi.new.yaml"
    old.write_text("config:\n  bicoastal:environmentSuffix: dev\n")
    new.write_text(
        "config:\n"
        "  bicoastal:database: {serverlessMinAcu: 1}\n"
        "  bicoastal:dns: {mode: global-endpoint}\n"
    )
    return str(old), str(new)


def run(*arguments: str, code: int = 0) -> str:
    result = CliRunner().invoke(app, ["cost", *arguments])
    assert result.exit_code == code, result.output
    return result.output


def test_text_names_what_goes_what_changes_and_the_totals(stacks):
    old, new = stacks
    lines = [line.split() for line in run(new, "--diff", old).splitlines()]
    text = [" ".join(line) for line in lines]
    assert (
        "~ us-west-2 Aurora Serverless v2, minimum 0.5 ACU → Serverless v2, minimum 1.0 ACU "
        "43.80 87.60 +43.80"
    ) in text
    assert "- global Route 53 Checks over metrics and checks 2.00 -2.00" in text
    assert "~ us-east-1 CloudWatch Alarms (17 → 15 alarm metrics) 1.70 1.50 -0.20" in text
    assert "TOTAL a month (730 h) 101.83 187.03 +85.20 +83.7 %" in text
    assert "By usage * 4.12 4.12 +0.00" in text
    assert not [line for line in text if "Storage" in line]
    assert [line for line in text if line.startswith("Warning: Prices are up to")]
    back = [" ".join(line.split()) for line in run(old, "--diff", new).splitlines()]
    assert "+ global Route 53 Checks over metrics and checks 2.00 +2.00" in back


def test_nothing_changes(stacks):
    old, _ = stacks
    assert "Nothing changes in price." in run(old, "--diff", old)
    assert run("--diff", old) == run(old, "--diff", old)  # the default is what is compared
    markdown = run(old, "--diff", old, "--markdown")
    assert markdown.startswith("### Cost a month: $101.83 → $101.83 (+0.00)\n")
    assert "Nothing changes in price." in markdown
    assert json.loads(run(old, "--diff", old, "--json"))["differences"] == []


def test_json_has_both_totals_and_both_sides_of_every_line(stacks):
    old, new = stacks
    body = json.loads(run(new, "--diff", old, "--json"))
    assert body["pastTotalMonthlyCost"] == "101.83"
    assert body["totalMonthlyCost"] == "187.03"
    assert body["diffTotalMonthlyCost"] == body["diffFixedMonthlyCost"] == "85.20"
    assert body["diffUsageMonthlyCost"] == "0.00"
    found = {(e["region"], e["figure"]): e for e in body["differences"] if e["kind"] == "fixed"}
    assert found["us-west-2", "aurora:acu/aurora"] == {
        "change": "changed",
        "service": "Aurora",
        "region": "us-west-2",
        "kind": "fixed",
        "figure": "aurora:acu/aurora",
        "unit": "ACU-hours",
        "old": {
            "name": "Serverless v2, minimum 0.5 ACU",
            "monthlyQuantity": "365",
            "monthlyCost": "43.80",
        },
        "new": {
            "name": "Serverless v2, minimum 1.0 ACU",
            "monthlyQuantity": "730",
            "monthlyCost": "87.60",
        },
        "diffMonthlyCost": "43.80",
    }
    gone = found["global", "route53:check/derived"]
    assert (gone["change"], gone["new"], gone["diffMonthlyCost"]) == ("removed", None, "-2.00")
    assert [text for text in body["warnings"] if "days old" in text]


def test_markdown_is_for_a_pull_request(stacks):
    old, new = stacks
    lines = run(new, "--diff", old, "--markdown").splitlines()
    assert lines[0] == "### Cost a month: $101.83 → $187.03 (+85.20, +83.7 %)"
    assert "| - | global | Route 53 | Checks over metrics and checks | 2.00 |  | -2.00 |" in lines
    assert "| By usage &ast; | 4.12 | 4.12 | +0.00 |  |" in lines
    assert lines[-1].startswith("- Warning: Prices are up to")


def test_usage_is_the_same_for_both(stacks):
    old, new = stacks
    body = json.loads(run(new, "--diff", old, "--json", "--set", "freeTier=false"))
    assert body["pastTotalMonthlyCost"] == "117.75"
    assert not [e for e in body["differences"] if e["region"] == "account"]


def test_over_budget_exits_1_and_shows_the_change(stacks):
    old, new = stacks
    text = run(new, "--diff", old, "--budget", "185.82", code=1)
    assert "+85.20" in text
    assert "over budget: The estimate of $187.03 a month exceeds" in text
    run(new, "--diff", old, "--budget", "187.03")
    run(old, "--diff", new, "--budget", "104")  # what there is now may be over it


@pytest.mark.parametrize("more", (("--compare",), ("--for", "4h")))
def test_what_does_not_go_together_exits_2(stacks, more):
    old, new = stacks
    assert "leave --compare and --for out" in run(new, "--diff", old, *more, code=2)


# --- against what is deployed -------------------------------------------------------------------
UNREAD = Unread("sts", "ask again")


def seen(**members: Any) -> Seen:
    """Nothing could be read but the members that are given, by the code of their region."""
    found = {"us-east-1": members.get("use1", UNREAD), "us-west-2": members.get("usw2", UNREAD)}
    return Seen(members=found, volumes={}, counts={}, there={}, rhythm=UNREAD)


@pytest.fixture
def deployed(monkeypatch):
    """Replaces what AWS says; notes for which settings it was asked."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    asked: list[str] = []

    def says(value: Seen) -> list[str]:
        def read(_clients, settings):
            asked.append(settings.environment_suffix)
            return value

        monkeypatch.setattr("bicoastal.live.deployed.read", read)
        return asked

    return says


def test_what_is_deployed_is_the_old_side(stacks, deployed):
    old, _ = stacks
    asked = deployed(seen(use1=MemberSeen({"db.r6g.large": 2}, monitoring_s=60)))
    body = json.loads(CliRunner().invoke(app, ["cost", old, "--diff", "deployed", "--json"]).stdout)
    assert asked == ["dev"]
    changes = {entry["figure"]: entry for entry in body["differences"] if entry["kind"] == "fixed"}
    assert changes["aurora:instance/db.r6g.large/aurora"]["old"]["monthlyQuantity"] == "1460"
    assert changes["aurora:instance/db.r6g.large/aurora"]["change"] == "removed"
    assert changes["aurora:acu/aurora"]["new"]["monthlyQuantity"] == "365"
    assert "the settings' own quantity stands: sts. ask again" in body["warnings"][1]
    assert "the secret and its replica" in body["warnings"][0]


def test_a_file_may_be_called_deployed(stacks, tmp_path, monkeypatch):
    old, new = stacks
    (tmp_path / "deployed").write_text(Path(old).read_text())
    monkeypatch.chdir(tmp_path)
    assert run(new, "--diff", "./deployed") == run(new, "--diff", old)


def test_nobody_is_asked_without_credentials(stacks, monkeypatch, tmp_path):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    result = CliRunner().invoke(app, ["cost", stacks[0], "--diff", "deployed"])
    assert isinstance(result.exception, BadRequest)
    assert "there are no AWS credentials" in str(result.exception)
