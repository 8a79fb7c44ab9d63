"""`bicoastal check`: which files, which rules, which form, which exit code, and how fast."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

import bicoastal
from bicoastal.cli import check as command
from bicoastal.cli.app import app, main
from bicoastal.settings import RULES
from bicoastal.settings.selection import UnknownRuleError

EXAMPLE = Path(__file__).parents[3] / "Pulumi.dev.yaml"
ARN = "arn:aws:secretsmanager:us-east-1:123456789012:secret:bicoastal/dev-AbCdEf"
GOOD = f"config:\n  bicoastal:secretArn: {ARN}\n"
WARNING = GOOD + "  bicoastal:dns: {ttlS: 90}\n"
ERROR = GOOD + "  bicoastal:database: {port: 80}\n"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["check", *arguments], catch_exceptions=False)


def found(*arguments: str) -> list[str]:
    findings = json.loads(run("--json", *arguments).stdout)["findings"]
    return [finding["rule_id"] for finding in findings]


# --- files ------------------------------------------------------------------------------------
def test_every_stack_file_of_the_folder_is_checked_and_the_project_file_is_not(
    folder: Path,
) -> None:
    (folder / "Pulumi.yaml").write_text("name: x\nconfig: 5\n")
    (folder / "Pulumi.prod.yaml").write_text(ERROR)
    (folder / "Pulumi.dev.yaml").write_text(WARNING)
    (folder / "Pulumi.folder.yaml").mkdir()
    (folder / "other.yaml").write_text("[")
    result = run()
    assert result.exit_code == 1
    assert result.stdout.startswith("Pulumi.dev.yaml:3:25: BC308 warning dns.ttlS\n")
    assert "\nPulumi.prod.yaml:3:30: BC216 error database.port\n" in result.stdout
    assert result.stdout.endswith("2 files checked: 1 error, 1 warning, no remarks.\n")


def test_a_broken_file_does_not_hide_another_ones_mistakes(folder: Path) -> None:
    (folder / "a.yaml").write_text("config: [")
    (folder / "b.yaml").write_text(ERROR)
    assert found("a.yaml", "b.yaml") == ["BC005", "BC601", "BC216"]


def test_the_example_has_no_error() -> None:
    result = run(str(EXAMPLE))
    assert result.exit_code == 0
    assert "no errors, no warnings" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    (
        ([], "there is no stack file"),
        (["Pulumi.yaml"], "is the project's file"),
        (["nosuch.yaml"], "does not exist"),
        (["."], "is a folder"),
        (["--json", "--format", "sarif", "x.yaml"], "name different forms"),
        (["--list-rules", "--format", "github"], "text or JSON"),
        (["--format", "xml"], "xml"),
        (["--nosuch"], "--nosuch"),
    ),
)
def test_bad_usage_is_one_message_and_exit_code_2(arguments: list[str], words: str) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert words in " ".join(result.stderr.split())
    assert result.stdout == ""


# --- exit codes -------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("text", "arguments", "code"),
    (
        (GOOD, [], 0),
        (GOOD, ["--strict"], 0),
        (WARNING, [], 0),
        (WARNING, ["--strict"], 1),
        (WARNING, ["--strict", "--ignore", "BC308"], 0),
        (ERROR, [], 1),
        (ERROR, ["--ignore", "BC2"], 0),
        (ERROR, ["--select", "BC3,BC4"], 0),
        (ERROR, ["--select", "BC3", "--select", "BC216"], 1),
        (ERROR, ["--select", "BC2", "--ignore", "BC21"], 0),
        (ERROR.replace("}", "} # bicoastal: ignore BC216 -- behind a proxy"), [], 0),
        (ERROR.replace("}", "} # bicoastal: ignore BC216"), [], 1),
        (GOOD + "  bicoastal:failover: {mode: observe}\n", ["--strict"], 0),
        ("", [], 1),
    ),
)
def test_the_exit_code_says_whether_it_may_be_deployed(
    text: str, arguments: list[str], code: int, folder: Path
) -> None:
    (folder / "Pulumi.dev.yaml").write_text(text)
    for form in ("text", "json", "sarif", "github"):
        assert run("--format", form, *arguments).exit_code == code


def test_an_address_without_live_is_bad_usage(folder: Path) -> None:
    (folder / "Pulumi.dev.yaml").write_text(GOOD)
    result = run("--endpoint-url", "http://127.0.0.1:1")
    assert result.exit_code == 2
    assert "give --live, too" in result.stderr


def test_unknown_rules_are_bad_usage(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for option in ("--select", "--ignore", "--explain"):
        with pytest.raises(UnknownRuleError):
            run(option, "BC2O1")
    monkeypatch.setattr("sys.argv", ["bicoastal", "check", "--ignore", "BC2O1"])
    with pytest.raises(SystemExit) as left:
        main()
    assert left.value.code == 2
    assert "Did you mean BC201?" in capsys.readouterr().err


# --- forms ------------------------------------------------------------------------------------
def test_each_form_is_what_it_says(folder: Path) -> None:
    (folder / "Pulumi.dev.yaml").write_text(ERROR)
    assert json.loads(run("--json").stdout) == json.loads(run("--format", "json").stdout)
    assert json.loads(run("--format", "sarif").stdout)["version"] == "2.1.0"
    assert run("--format", "github").stdout.startswith(
        "::error file=Pulumi.dev.yaml,line=3,col=30,"
    )


def test_a_rule_is_explained_with_its_examples() -> None:
    result = run("--explain", "bc203")
    assert result.exit_code == 0
    for words in ("BC203 error", "why: ", "cure: ", RULES["BC203"].source, "fails:", "passes:"):
        assert words in result.stdout
    (said,) = json.loads(run("--explain", "BC203", "--json").stdout)
    assert said["id"] == "BC203"
    assert "instanceClass: r6g.large" in said["fails"]


def test_rules_are_listed() -> None:
    assert run("--list-rules").stdout.endswith(f"{len(RULES)} rules\n")
    assert run("--list-rules", "--select", "BC50").stdout.count("\n  BC50") == 4
    listed = json.loads(run("--list-rules", "--json", "--ignore", "BC0").stdout)
    assert [rule["id"] for rule in listed] == [r for r in RULES if not r.startswith("BC0")]


def test_a_terminal_gets_colours(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert command._style()("x", "error") == "x"
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    paint = command._style()
    assert paint("x", "error") == "\x1b[31m\x1b[1mx\x1b[0m"
    assert paint("x", "place").startswith("\x1b[1m")
    assert paint("x", "quiet").startswith("\x1b[2m")


def invoke(*arguments: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, *arguments],
        capture_output=True,
        check=False,
        env=os.environ | {"PYTHONPATH": str(Path(bicoastal.__file__).parents[1])} | environment,
    )


def test_text_that_the_output_cannot_hold_is_escaped(folder: Path) -> None:
    (folder / "Pulumi.größe.yaml").write_text(GOOD + '  bicoastal:tags: {"Größe": 10}\n', "utf-8")
    done = invoke("-m", "bicoastal.cli", "check", PYTHONIOENCODING="ascii")
    assert done.returncode == 1
    assert b'BC002 error tags["Gr\\xf6\\xdfe"]\n' in done.stdout
    assert done.stderr == b""


HEAVY = {
    "boto3", "botocore", "dnspython", "dns", "hypercorn", "ministack", "pulumi", "pulumi_aws",
    "pymysql", "rich", "grpc",
}  # fmt: skip


def test_a_check_imports_nothing_that_it_does_not_need() -> None:
    program = (
        "import sys\nfrom bicoastal.cli.app import app\n"
        f"sys.argv = ['bicoastal', 'check', {str(EXAMPLE)!r}]\n"
        "try: app()\nexcept SystemExit as left: assert not left.code, left.code\n"
        "print(*sorted({name.partition('.')[0] for name in sys.modules}), file=sys.stderr)"
    )
    done = invoke("-c", program)
    imported = set(done.stderr.decode().split())
    assert "pydantic" in imported, done.stderr
    assert not imported & HEAVY
