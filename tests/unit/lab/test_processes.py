from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from bicoastal.errors import LabError
from bicoastal.lab import processes
from bicoastal.lab.processes import Child, stop_all
from bicoastal.lab.waiting import wait_until

STARTER = """
import os, sys, time
from pathlib import Path
from bicoastal.lab.processes import Child
child = Child(["sleep", "60"], log=Path(sys.argv[1]), name="sleeper")
child.pause()
print(child.pid, flush=True)
time.sleep(60)
"""


def gone(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return True
    return state == "Z"


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "child.log"


@pytest.fixture
def sleeper(log: Path) -> Iterator[Child]:
    child = Child(["sleep", "60"], log=log, name="sleeper")
    yield child
    child.kill()


def test_a_child_runs_in_a_session_of_its_own_until_it_is_stopped(sleeper: Child) -> None:
    assert wait_until(lambda: b"sleep" in Path(f"/proc/{sleeper.pid}/cmdline").read_bytes()[:8], 10)
    assert os.getsid(sleeper.pid) == sleeper.pid
    assert (sleeper.alive, sleeper.exit_code, sleeper.wait(0.01)) == (True, None, None)
    assert sleeper.stop() == -signal.SIGTERM
    assert (sleeper.alive, sleeper.exit_code) == (False, -signal.SIGTERM)
    assert gone(sleeper.pid)
    assert sleeper.stop() == -signal.SIGTERM
    sleeper.signal(signal.SIGTERM)


def test_what_a_child_writes_goes_to_its_log_and_its_environment_is_ours(log: Path) -> None:
    script = 'echo "out $WORD"; echo err >&2; exit 3'
    child = Child(["sh", "-c", script], log=log, name="writer", env={"WORD": "said"})
    assert child.wait(10) == 3
    assert child.exit_code == 3
    assert child.log_tail() == "out said\nerr"
    assert log.stat().st_mode & 0o777 == 0o600


def test_a_paused_child_is_alive_and_can_be_stopped(sleeper: Child) -> None:
    sleeper.pause()
    assert wait_until(lambda: ") T " in Path(f"/proc/{sleeper.pid}/stat").read_text(), 10)
    assert sleeper.alive
    sleeper.resume()
    assert wait_until(lambda: ") T " not in Path(f"/proc/{sleeper.pid}/stat").read_text(), 10)
    sleeper.pause()
    assert sleeper.stop() == -signal.SIGTERM


def test_a_child_that_does_not_obey_is_killed_with_its_children(log: Path) -> None:
    script = "trap '' TERM; sleep 60 & echo $!; while :; do sleep 60; done"
    child = Child(["sh", "-c", script], log=log, name="stubborn")
    assert wait_until(child.log_tail, 10)
    grandchild = int(child.log_tail())
    assert child.stop(timeout=0.05) == -signal.SIGKILL
    assert wait_until(lambda: gone(grandchild), 10)


def test_several_children_are_stopped_at_once(log: Path) -> None:
    children = [Child(["sleep", "60"], log=log, name=f"n{n}") for n in range(2)]
    stop_all(iter(children))
    assert not any(child.alive for child in children)


def test_only_the_main_thread_may_start_children(log: Path) -> None:
    errors: list[LabError] = []

    def start() -> None:
        try:
            Child(["sleep", "60"], log=log, name="sleeper")
        except LabError as error:
            errors.append(error)

    thread = threading.Thread(target=start)
    thread.start()
    thread.join()
    assert "main thread" in str(errors[0])


def test_a_missing_program_is_named(log: Path) -> None:
    with pytest.raises(LabError, match="no-such-program is not an executable program"):
        Child(["no-such-program"], log=log, name="nothing")


def test_a_missing_setpriv_is_named_with_its_package(
    log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)
    with pytest.raises(LabError, match="apt install util-linux"):
        Child(["sleep", "60"], log=log, name="sleeper")


def test_a_stopped_child_dies_with_a_starter_that_is_killed(log: Path) -> None:
    starter = subprocess.Popen(
        [sys.executable, "-c", STARTER, log], stdout=subprocess.PIPE, text=True
    )
    assert starter.stdout
    pid = int(starter.stdout.readline())
    assert not gone(pid)
    starter.kill()
    starter.wait()
    starter.stdout.close()
    assert wait_until(lambda: gone(pid), 10)


def test_a_child_whose_starter_died_before_the_kernel_was_told_leaves() -> None:
    guard = ["/bin/sh", "-c", processes._GUARD, "sh"]
    assert subprocess.run([*guard, "1", "true"], check=False).returncode == 70
    assert subprocess.run([*guard, str(os.getpid()), "true"], check=False).returncode == 0
