"""The janitor removes the folder of a lab that was killed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from bicoastal.lab.janitor import Janitor
from bicoastal.lab.waiting import wait_until

KEEP = """
import sys, time
from pathlib import Path
from bicoastal.lab.janitor import Janitor
folder = Path(sys.argv[1])
with Janitor() as janitor:
    folder.mkdir()
    (folder / "file").touch()
    if sys.argv[2] == "watched":
        janitor.watch(folder)
    print(janitor._process.pid, flush=True)
    time.sleep(60)
"""


def gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return True


@pytest.mark.parametrize("watched", ("watched", "unknown"))
def test_the_folder_of_a_killed_lab_is_removed(tmp_path: Path, watched: str) -> None:
    folder = tmp_path / "the folder"
    argv = [sys.executable, "-c", KEEP, str(folder), watched]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        janitor = int(process.stdout.readline())
        assert folder.exists()
        assert not gone(janitor)
        process.kill()
    assert wait_until(lambda: gone(janitor), 10.0)
    assert folder.exists() is (watched == "unknown")


def test_a_janitor_ends_with_its_lab(tmp_path: Path) -> None:
    with Janitor() as janitor:
        janitor.watch(tmp_path / "missing")
        process: Any = janitor._process
        assert process.poll() is None
    assert process.poll() == 0
