from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from bicoastal.errors import LabError
from bicoastal.lab.databases import ServerBinary, Template, find_server
from bicoastal.lab.workspace import Workspace


def make_server(folder: Path, answer: str, *, name: str = "mariadbd") -> Path:
    program = folder / name
    program.write_text(f"#!/bin/sh\necho '{answer}'\n")
    program.chmod(0o755)
    return program


def make_scripts(folder: Path) -> None:
    for part in ("", "_data"):
        (folder / f"mysql_system_tables{part}.sql").write_text("")
    (folder / "mysql_performance_tables.sql").write_text("")


GOOD = "mariadbd  Ver 11.4.2-MariaDB-1 for Linux on x86_64"


def test_a_server_is_found_with_its_version_and_scripts(tmp_path: Path) -> None:
    program = make_server(tmp_path, GOOD)
    make_scripts(tmp_path)
    found = find_server(search=str(tmp_path), scripts=("/nowhere", str(tmp_path)))
    assert found == ServerBinary(path=program, version="11.4.2", scripts=tmp_path)


def test_without_a_server_the_package_is_named(tmp_path: Path) -> None:
    with pytest.raises(LabError, match="mariadb-server-core"):
        find_server(search=str(tmp_path))


@pytest.mark.parametrize("answer", ("mysqld  Ver 8.0.36 for Linux", GOOD.replace("11.4", "10.3")))
def test_another_or_an_old_server_is_refused(tmp_path: Path, answer: str) -> None:
    make_server(tmp_path, answer, name="mysqld")
    with pytest.raises(LabError, match=r"version 10\.6 or later"):
        find_server(search=str(tmp_path))


def test_missing_scripts_are_named(tmp_path: Path) -> None:
    make_server(tmp_path, GOOD)
    with pytest.raises(LabError, match=r"mysql_system_tables\.sql"):
        find_server(search=str(tmp_path), scripts=("/nowhere",))


def fake_server(tmp_path: Path, script: str) -> ServerBinary:
    make_scripts(tmp_path)
    program = tmp_path / "mariadbd"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return ServerBinary(path=program, version="11.4.2", scripts=tmp_path)


MAKES_A_TABLE = (
    "for a; do case $a in --datadir=*) "
    'cat > "${a#--datadir=}/made"; echo x >> $0.count;; esac; done'
)


def test_a_template_is_made_once_and_kept_in_the_users_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = fake_server(tmp_path, MAKES_A_TABLE)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    with Workspace("w-", root=tmp_path) as workspace:
        template = Template.build(workspace, server=server)
        assert template.parent == tmp_path / "cache/bicoastal"
        assert "create database mysql" in (template / "made").read_text()
        assert Template.build(workspace, server=server) == template
        assert Path(f"{server.path}.count").read_text() == "x\n"
        assert [p.name for p in template.parent.iterdir()] == [template.name]
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    with Workspace("w-", root=tmp_path) as workspace:
        assert Template.build(workspace, server=server).parent == tmp_path / ".cache/bicoastal"


def test_without_a_cache_the_template_goes_to_the_workspace(tmp_path: Path) -> None:
    server = fake_server(tmp_path, MAKES_A_TABLE)
    (tmp_path / "file").write_text("")
    with Workspace("w-", root=tmp_path) as workspace:
        template = Template.build(workspace, server=server, cache=tmp_path / "file/cache")
        assert template.parent == workspace.path
        shutil.rmtree(workspace.path)
        workspace.path.write_text("not a folder any more")
        with pytest.raises(LabError, match="cannot be written"):
            Template.build(workspace, server=server, cache=tmp_path / "file/cache")


def test_a_server_that_refuses_its_tables_is_quoted(tmp_path: Path) -> None:
    server = fake_server(tmp_path, "echo 'no space' >&2; exit 1")
    with (
        Workspace("w-", root=tmp_path) as workspace,
        pytest.raises(LabError, match="no space"),
    ):
        Template.build(workspace, server=server, cache=tmp_path / "cache")
    assert list((tmp_path / "cache").iterdir()) == []


def test_of_two_that_make_the_same_template_one_wins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = fake_server(tmp_path, MAKES_A_TABLE)
    run = subprocess.run

    def slower(*args: object, **kwargs: object) -> object:
        result = run(*args, **kwargs)  # type: ignore[call-overload]
        (draft,) = (tmp_path / "cache").iterdir()
        finished = draft.with_name(draft.name[1:].rsplit("-", 1)[0])
        finished.mkdir()
        (finished / "made").write_text("by the other")
        return result

    monkeypatch.setattr(subprocess, "run", slower)
    with Workspace("w-", root=tmp_path) as workspace:
        template = Template.build(workspace, server=server, cache=tmp_path / "cache")
    assert (template / "made").read_text() == "by the other"


def test_a_template_that_cannot_be_put_in_place_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = fake_server(tmp_path, MAKES_A_TABLE)

    def refuse(self: Path, target: Path) -> Path:
        raise PermissionError(str(target))

    with Workspace("w-", root=tmp_path) as workspace:
        monkeypatch.setattr(Path, "rename", refuse)
        with pytest.raises(PermissionError):
            Template.build(workspace, server=server, cache=tmp_path / "cache")
