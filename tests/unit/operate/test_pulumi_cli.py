"""What is run of the Pulumi CLI, and what is found out before."""

from __future__ import annotations

from pathlib import Path

import pytest

from bicoastal.operate.errors import BadRequest, Refused
from bicoastal.operate.pulumi_cli import find


@pytest.fixture
def told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A CLI that writes down where it is and what it is asked, and ends as the environment says."""
    program = tmp_path / "bin" / "pulumi"
    program.parent.mkdir()
    program.write_text('#!/bin/sh\necho "$PWD $*" > "$TOLD"\necho out\nexit $CODE\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")
    monkeypatch.setenv("TOLD", str(tmp_path / "told"))
    monkeypatch.setenv("CODE", "0")
    return tmp_path / "told"


@pytest.mark.parametrize("suffix", ("yaml", "yml"))
def test_the_stack_file_says_where_and_which(tmp_path: Path, told: Path, suffix: str) -> None:
    project = tmp_path / "project"
    project.mkdir()
    find(project / f"Pulumi.eu-1.prod.{suffix}", None).destroy()
    assert told.read_text() == (
        f"{project} destroy --yes --skip-preview --refresh --stack eu-1.prod\n"
    )


def test_a_name_can_be_given_and_without_a_file_the_selected_stack_is_meant(
    tmp_path: Path, told: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    find(tmp_path / "settings.yaml", "org/project/dev").destroy()
    assert told.read_text().endswith("--stack org/project/dev\n")
    monkeypatch.chdir(tmp_path)
    find(None, None).destroy()
    assert told.read_text() == f"{tmp_path} destroy --yes --skip-preview --refresh\n"


def test_its_output_does_not_mix_with_ours(
    tmp_path: Path, told: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    find(tmp_path / "Pulumi.dev.yaml", None).destroy()
    assert told.exists()
    assert capfd.readouterr() == ("", "out\n")


@pytest.mark.usefixtures("told")
def test_its_failure_is_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CODE", "3")
    with pytest.raises(Refused, match="--stack dev ended with exit code 3: run the same"):
        find(tmp_path / "Pulumi.dev.yaml", None).destroy()


@pytest.mark.usefixtures("told")
def test_an_unknown_stack_is_found_out_before_anything_is_done(tmp_path: Path) -> None:
    with pytest.raises(BadRequest, match=r"settings\.yaml does not tell .* --pulumi-stack NAME"):
        find(tmp_path / "settings.yaml", None)


def test_no_cli_is_found_out_before_anything_is_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shutil.which", lambda _name: None)
    with pytest.raises(BadRequest, match=r"not on PATH.*--databases-only"):
        find(tmp_path / "Pulumi.dev.yaml", None)
