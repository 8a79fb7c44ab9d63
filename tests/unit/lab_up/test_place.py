"""One lab for each user and temporary folder: held, told of, ended."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from bicoastal.errors import LabError
from bicoastal.lab.up import place
from bicoastal.lab.up.place import STARTING, UP, Place, Running, find, stop


@pytest.fixture(autouse=True)
def own_place(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Another temporary folder, and so another place than that of a lab of yours."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_a_place_is_held_by_one_and_tells_what_was_published() -> None:
    assert find() is None
    with Place() as held:
        assert find() == Running(os.getpid(), {"state": STARTING})
        held.publish({"page": "http://here"})
        assert find() == Running(os.getpid(), {"state": UP, "page": "http://here"})
        with pytest.raises(LabError, match=f"it is process {os.getpid()}.*'bicoastal lab down'"):
            Place().__enter__()
        assert find() is not None
    assert find() is None
    with Place():  # free again
        assert find() is not None


def test_another_temporary_folder_is_another_place(monkeypatch: pytest.MonkeyPatch) -> None:
    with Place():
        monkeypatch.setattr(tempfile, "tempdir", "/elsewhere")
        assert find() is None
        with Place():
            assert find() is not None


def test_whoever_ends_meanwhile_says_nothing() -> None:
    with socket.socket(socket.AF_UNIX) as ending:
        ending.bind(place._name())
        ending.listen()

        def hang_up() -> None:
            for _ in range(2):
                ending.accept()[0].close()

        hangs_up = threading.Thread(target=hang_up)
        hangs_up.start()
        assert find() is None
        with pytest.raises(LabError, match="it is being ended"):
            Place().__enter__()
        hangs_up.join()


def test_another_user_is_told_nothing_and_not_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    real = place._peer
    strangers: set[int] = set()

    def peer(channel: socket.socket) -> tuple[int, int]:
        pid, uid = real(channel)
        return pid, uid + (threading.get_ident() in strangers)

    monkeypatch.setattr(place, "_peer", peer)
    with Place() as held:
        strangers.add(held._thread.ident or 0)  # who holds the place finds a stranger asking
        assert find() is None
        strangers.clear()
        strangers.add(threading.get_ident())  # who asks finds a stranger holding it
        with pytest.raises(LabError, match=f"process {os.getpid()} of another user .*TMPDIR"):
            find()


HOLD = """
import signal, sys, tempfile, time
from bicoastal.lab.up.place import Place
tempfile.tempdir = sys.argv[1]
if sys.argv[2] == "stubborn":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
with Place():
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def holder(own_place: Path, request: pytest.FixtureRequest) -> Iterator[subprocess.Popen[str]]:
    argv = [sys.executable, "-c", HOLD, str(own_place), request.param]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


@pytest.mark.parametrize(
    ("holder", "patience_s", "code"),
    (("willing", 30.0, -signal.SIGTERM), ("stubborn", 0.2, -signal.SIGKILL)),
    indirect=["holder"],
)
def test_a_lab_is_ended_by_force_only_if_it_does_not_obey(
    holder: subprocess.Popen[str], patience_s: float, code: int
) -> None:
    running = find()
    assert running is not None
    assert running.pid == holder.pid
    assert stop(running, patience_s) is (code == -signal.SIGTERM)
    assert holder.wait(10) == code
    assert find() is None
    assert stop(running) is True  # it is gone: nothing is killed in its place
