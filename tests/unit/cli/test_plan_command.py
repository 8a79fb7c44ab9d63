"""`bicoastal plan`: the real program, evaluated without AWS."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from bicoastal.cli.app import app, main

runner = CliRunner()


@pytest.fixture(scope="module")
def planned():
    result = runner.invoke(app, ["plan", "--json"])
    assert result.exit_code == 0
    return json.loads(result.stdout)


def test_json_lists_type_name_and_region_of_every_resource(planned):
    assert len(planned) >= 60
    clusters = [r for r in planned if r["type"] == "aws:rds/cluster:Cluster"]
    assert {(r["name"], r["region"]) for r in clusters} == {
        ("aurora-use1-dev", "us-east-1"),
        ("aurora-usw2-dev", "us-west-2"),
    }
    assert all(set(r) == {"type", "name", "region"} and r["region"] for r in planned)
    assert not any(r["type"].startswith("pulumi:") for r in planned)


def test_text_is_a_table_with_a_count(planned):
    result = runner.invoke(app, ["plan"])
    assert result.exit_code == 0
    assert "Region" in result.stdout.splitlines()[0]
    assert f"{len(planned)} resources" in result.stdout.splitlines()[-1]
    assert len(result.stdout.splitlines()) == len(planned) + 2


def test_a_stack_file_with_six_mistakes_gives_six_findings(tmp_path, monkeypatch, capsys):
    stack = tmp_path / "Pulumi.bad.yaml"
    stack.write_text(
        """config:
  bicoastal:environmentSuffix: Bad_Suffix!
  bicoastal:secretArn: not-an-arn
  bicoastal:regions: {home: us-east-1, standby: us-east-1, witness: us-east-2}
  bicoastal:database: {instanceClass: db.t3.small, backupRetentionDays: 40}
  bicoastal:health: {intervalS: 20}
"""
    )
    monkeypatch.setattr("sys.argv", ["bicoastal", "plan", "--stack", str(stack)])
    with pytest.raises(SystemExit) as left:
        main()
    assert left.value.code == 2
    error = capsys.readouterr().err
    for key in (
        "environmentSuffix",
        "secretArn",
        "regions",
        "database.instanceClass",
        "database.backupRetentionDays",
        "health.intervalS",
    ):
        assert key in error
    assert error.count("BC") >= 6
    assert "Traceback" not in error
