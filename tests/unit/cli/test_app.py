"""The command line as a whole: help, version, errors without a traceback."""

from __future__ import annotations

import subprocess
import sys

import pytest
from typer.testing import CliRunner

from bicoastal import __version__
from bicoastal.cli import app as module
from bicoastal.cli.app import app, main
from bicoastal.errors import DeploymentError, LabError

runner = CliRunner()


def test_help_teaches_every_command():
    result = runner.invoke(app, ["--help"])
    assert result.exit_code == 0
    own = "check drill plan cost status arm disarm approve acknowledge unlock maintenance failover"
    for command in (*own.split(), "audit"):
        assert command in result.stdout
    assert "needs no AWS account" in result.stdout


def test_an_unknown_command_is_bad_usage_and_named():
    result = runner.invoke(app, ["chek"])
    assert result.exit_code == 2
    assert "No such command 'chek'" in result.stderr


@pytest.mark.parametrize("command", module.COMMANDS)
def test_every_command_can_be_built_and_teaches(command):
    result = runner.invoke(app, [command, "--help"])
    assert result.exit_code == 0
    assert f" {command} [OPTIONS]" in result.stdout


def test_version():
    assert runner.invoke(app, ["--version"]).stdout == f"bicoastal {__version__}\n"


@pytest.mark.parametrize(
    ("error", "code", "text"),
    (
        (DeploymentError("a: refused"), 1, "error: a: refused"),
        (LabError("no server; apt install it"), 2, "error: no server; apt install it"),
        (KeyboardInterrupt(), 130, "interrupted"),
    ),
)
def test_errors_are_one_message_and_an_exit_code(monkeypatch, capsys, error, code, text):
    def fail():
        raise error

    monkeypatch.setattr(module, "app", fail)
    with pytest.raises(SystemExit) as left:
        main()
    assert left.value.code == code
    captured = capsys.readouterr()
    assert captured.err.startswith(text)
    assert "Traceback" not in captured.err


def test_success_is_exit_code_zero(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["bicoastal", "--version"])
    with pytest.raises(SystemExit) as left:
        main()
    assert left.value.code == 0


@pytest.mark.parametrize("command", ("check", "cost", "drill", "status", "failover"))
def test_help_imports_nothing_heavy(command):
    script = (
        "import sys; from bicoastal.cli.app import app; "
        f"sys.argv = ['bicoastal', '{command}', '--help'];\n"
        "try: app()\nexcept SystemExit: pass\n"
        "heavy = {'pulumi', 'pulumi_aws', 'boto3', 'ministack', 'bicoastal.settings.models'}\n"
        "sys.exit(sorted(heavy & set(sys.modules)) or 0)"
    )
    result = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert (result.returncode, result.stderr) == (0, "")
