"""Nothing outlives a drill, or a lab that was kept up, however it ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from ipaddress import ip_address
from pathlib import Path

import pytest

from bicoastal.errors import LabError
from bicoastal.lab.up.place import Place, find, stop
from bicoastal.lab.waiting import wait_until

pytestmark = pytest.mark.lab


def processes_of(folder: Path) -> dict[int, str]:
    """Living processes that were started with or for this temporary folder, with their commands."""
    found = {}
    for process in Path("/proc").glob("[0-9]*"):
        try:
            environment = (process / "environ").read_bytes()
            command = (process / "cmdline").read_bytes()
            state = (process / "stat").read_text().rsplit(")", 1)[1].split()[0]
        except OSError:
            continue
        started = f"TMPDIR={folder}".encode() in environment.split(b"\0")
        if (started or str(folder).encode() in command) and state not in "ZX":
            found[int(process.name)] = command.replace(b"\0", b" ").decode()
    return found


def listening_addresses(processes: Iterable[int]) -> set[str]:
    """Addresses at which processes listen (TCP) or receive (UDP), as the kernel knows them."""
    inodes = {
        str(descriptor.readlink()).removeprefix("socket:[").removesuffix("]")
        for process in processes
        for descriptor in Path(f"/proc/{process}/fd").iterdir()
        if str(descriptor.readlink()).startswith("socket:")
    }
    addresses = set()
    for table, state in (("tcp", "0A"), ("tcp6", "0A"), ("udp", "07"), ("udp6", "07")):
        for row in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            _, local, _, row_state, *rest = row.split()
            if row_state == state and rest[5] in inodes:
                raw = bytes.fromhex(local.split(":")[0])
                addresses.add(str(ip_address(raw[::-1] if len(raw) == 4 else raw)))
    return addresses


@pytest.fixture
def folder():
    # Short: unix sockets live in it.
    with tempfile.TemporaryDirectory(prefix="bt-", dir="/tmp") as name:
        yield Path(name)


def start(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    # Without coverage: a signal that arrives while it holds its lock would stop everything.
    environment = {k: v for k, v in os.environ.items() if not k.startswith("COVERAGE")}
    return subprocess.Popen(
        [sys.executable, "-m", "bicoastal.cli", *arguments],
        env={**environment, "TMPDIR": str(folder)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def wait_for_line(process: subprocess.Popen[str], text: str) -> None:
    assert process.stderr is not None
    for line in process.stderr:
        if text in line:
            return
    pytest.fail(f"it ended without saying {text!r}")


@pytest.mark.parametrize(
    ("number", "moment", "code"),
    (
        (signal.SIGINT, "resources deployed", 130),
        (signal.SIGTERM, "SIGSTOP to the database server", 143),
    ),
)
def test_an_interrupted_drill_cleans_up(folder, number, moment, code):
    with start(folder, "drill", "--fault", "hang") as process:
        wait_for_line(process, moment)
        assert any("mariadbd" in command for command in processes_of(folder).values())
        process.send_signal(number)
        _, error = process.communicate(timeout=30)
    assert process.returncode == code
    assert "Traceback" not in error
    assert processes_of(folder) == {}
    assert list(folder.glob("bicoastal-*")) == []


def test_of_a_killed_drill_not_even_the_folder_remains(folder):
    with start(folder, "drill", "--fault", "hang") as process:
        wait_for_line(process, "SIGSTOP to the database server")
        processes = processes_of(folder)
        assert len(processes) > 4
        # Everything that can be reached from outside is on the loopback network, and is there.
        addresses = listening_addresses(processes)
        assert len(addresses) > 10
        assert [name for name in addresses if not ip_address(name).is_loopback] == []
        process.kill()
        process.communicate()
    assert wait_until(lambda: not processes_of(folder), 15.0), processes_of(folder)
    assert list(folder.glob("bicoastal-*")) == []


@pytest.fixture
def place(folder, monkeypatch):
    """This process looks for a lab where those of the folder are."""
    monkeypatch.setattr(tempfile, "tempdir", str(folder))


def test_a_kept_lab_is_taken_down_from_another_process(folder, place):
    with start(folder, "lab", "up") as process:
        wait_for_line(process, "embedded AWS and secret are up")
        assert len(processes_of(folder)) > 3
        running = find()
        assert running is not None
        assert (running.pid, running.info) == (process.pid, {"state": "starting"})
        with pytest.raises(LabError, match=f"it is process {process.pid}"):
            Place().__enter__()
        assert stop(running, 60.0)
        _, error = process.communicate(timeout=60)
    assert process.returncode == 143
    assert "Traceback" not in error
    assert processes_of(folder) == {}
    assert list(folder.iterdir()) == []


def test_of_a_killed_lab_not_even_the_folder_remains(folder, place):
    with start(folder, "lab", "up") as process:
        wait_for_line(process, "embedded AWS and secret are up")
        assert len(list(folder.glob("bicoastal-*"))) == 1
        process.kill()
        process.communicate()
    assert wait_until(lambda: not processes_of(folder), 15.0), processes_of(folder)
    assert list(folder.iterdir()) == []
    assert find() is None
