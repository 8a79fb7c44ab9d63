"""`lab up --detach`: it returns when the lab is up, or says why it is not."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import pytest

from bicoastal.errors import LabError
from bicoastal.lab.up.addresses import Addresses
from bicoastal.lab.up.detached import start
from bicoastal.lab.up.place import Place, find, stop
from bicoastal.lab.waiting import wait_until

ADDRESSES = Addresses("http://page", "db", "127.0.0.1:53", {}, 3306, "/file", {})
LAB = """
import sys, tempfile, time
from bicoastal.lab.up.place import Place
tempfile.tempdir = sys.argv[1]
with Place() as place:
    print("starting", file=sys.stderr, flush=True)
    time.sleep(0.3)
    if sys.argv[2] == "--fails":
        sys.exit("error: no port is free")
    if sys.argv[2] == "--up":
        place.publish({ADDRESSES})
    time.sleep(60)
""".replace("{ADDRESSES}", repr(ADDRESSES.to_dict()))


@pytest.fixture(autouse=True)
def command(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return [sys.executable, "-c", LAB, str(tmp_path)]


def test_a_lab_outlives_the_command_that_started_it(command: list[str]) -> None:
    told: list[str] = []
    assert start(["--up"], told.append, command) == ADDRESSES
    assert told == ["starting"]
    running = find()
    assert running is not None
    assert stop(running)


def test_a_lab_that_does_not_start_is_told(command: list[str]) -> None:
    told: list[str] = []
    with pytest.raises(LabError, match="the lab did not start: error: no port is free"):
        start(["--fails"], told.append, command)
    assert told == ["starting", "error: no port is free"]
    with pytest.raises(LabError, match="it said nothing"):
        start([], told.append, [sys.executable, "-c", ""])


def test_a_lab_that_runs_already_is_not_taken_for_the_new_one(command: list[str]) -> None:
    with Place() as place:
        place.publish(ADDRESSES.to_dict())
        with pytest.raises(LabError, match="did not start"):
            start(["--up"], lambda _: None, command)


def test_whoever_does_not_wait_ends_it(command: list[str]) -> None:
    def interrupted(_line: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        start(["--never-up"], interrupted, command)
    assert wait_until(lambda: find() is None, 10.0)
