from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from bicoastal.errors import LabError
from bicoastal.lab.workspace import Workspace

OWNER = """
import os, signal, sys
from pathlib import Path
from bicoastal.lab.workspace import Workspace
workspace = Workspace("w-", root=Path(sys.argv[1])).__enter__()
print(workspace.path, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_it_is_private_and_goes_with_its_owner(tmp_path: Path) -> None:
    with Workspace("w-", root=tmp_path) as workspace:
        path = workspace.path
        assert path.parent == tmp_path
        assert path.stat().st_mode & 0o777 == 0o700
        assert workspace.folder("a/b").is_dir()
        assert workspace.folder("a/b") == path / "a/b"
    assert not path.exists()
    workspace.close()
    with pytest.raises(LabError, match="context manager"):
        _ = workspace.path


def test_secrets_are_kept_and_only_the_owner_can_read_them(tmp_path: Path) -> None:
    with Workspace("w-", root=tmp_path) as workspace:
        secret = workspace.secret("admin")
        assert len(secret) >= 24
        assert workspace.secret("admin") == secret
        assert workspace.secret("other") != secret
        assert Workspace.attach(workspace.path).secret("admin") == secret
        (file,) = workspace.path.glob("admin*")
        assert file.stat().st_mode & 0o777 == 0o600
        assert not list(workspace.path.glob(".admin*"))


def test_socket_paths_are_short_enough(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Workspace("w-", root=tmp_path) as workspace:
        assert workspace.socket("db").name == "db.sock"
        with pytest.raises(LabError, match="TMPDIR"):
            workspace.socket("x" * 100)
    long = tmp_path / ("d" * 60)
    long.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(long))
    with Workspace("bicoastal-test-") as workspace:
        assert workspace.path.parent == Path("/tmp")
    with Workspace("w-", root=long) as workspace:
        assert workspace.path.parent == long
    monkeypatch.setattr(tempfile, "tempdir", "/tmp")
    with Workspace("bicoastal-test-") as workspace:
        assert workspace.path.parent == Path("/tmp")


def test_an_attached_workspace_leaves_the_folder_alone(tmp_path: Path) -> None:
    Workspace.attach(tmp_path).close()
    assert tmp_path.is_dir()
    with pytest.raises(LabError, match="does not exist"):
        Workspace.attach(tmp_path / "missing")


def test_sweep_removes_what_a_killed_owner_left_and_nothing_else(tmp_path: Path) -> None:
    owner = subprocess.run(
        [sys.executable, "-c", OWNER, tmp_path], capture_output=True, text=True, check=False
    )
    left = Path(owner.stdout.strip())
    assert left.is_dir()
    (tmp_path / "w-file").write_text("not a folder")
    (tmp_path / "w-link").symlink_to(left)
    young = tmp_path / "w-young"
    young.mkdir()
    old = tmp_path / "w-old"
    old.mkdir()
    os.utime(old, (time.time() - 3600, time.time() - 3600))
    with Workspace("w-", root=tmp_path) as used:
        assert Workspace.sweep("w-", root=tmp_path) == sorted([left, old])
        assert used.path.is_dir()
    assert young.is_dir()
    assert (tmp_path / "w-file").exists()


def test_sweep_leaves_others_folders_and_bears_a_competing_sweep(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "w-x"
    folder.mkdir()
    os.utime(folder, (0, 0))
    monkeypatch.setattr(os, "getuid", lambda: -1)
    assert Workspace.sweep("w-", root=tmp_path) == []
    monkeypatch.undo()
    glob = Path.glob

    def racing(self: Path, pattern: str) -> list[Path]:
        found = list(glob(self, pattern))
        shutil.rmtree(folder)
        return found

    monkeypatch.setattr(Path, "glob", racing)
    assert Workspace.sweep("w-", root=tmp_path) == []


def test_sweep_looks_into_the_systems_folders(monkeypatch: pytest.MonkeyPatch) -> None:
    prefix = f"bicoastal-test-{os.getpid()}-"
    left = Path(tempfile.mkdtemp(prefix=prefix, dir="/tmp"))
    os.utime(left, (0, 0))
    assert Workspace.sweep(prefix) == [left]
