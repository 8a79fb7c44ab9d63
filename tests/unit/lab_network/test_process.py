"""The relay as a process: it starts quickly, says why it cannot, and never outlives its owner."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from bicoastal.errors import LabError
from bicoastal.lab.network import AddressPlan, Network, NetworkControl
from bicoastal.lab.network import process as process_module
from bicoastal.lab.network.relay import main
from bicoastal.lab.waiting import wait_until

from .conftest import Dial, Echo, read


def is_running(pid: int) -> bool:
    stat = Path(f"/proc/{pid}/stat")
    return stat.exists() and stat.read_text().rsplit(")", 1)[1].split()[0] != "Z"


def test_it_carries_steers_and_stops(
    folder: Path, plan: AddressPlan, server: Echo, dial: Dial
) -> None:
    sockets = {"east": folder / "east.db", "west": None}
    network = Network(folder, plan, sockets, {("west", "east"): 5.0})
    with pytest.raises(LabError, match="does not answer"):
        network.stats()
    with network:
        pid = network.pid or 0
        assert read(dial(), 5) == b"hello"
        other = NetworkControl(network.control_path)
        assert [row.delay_ms for row in other.stats()] == [5.0, 0.0, 0.0, 0.0]
        other.cut("west")
        with pytest.raises(TimeoutError):
            dial(timeout_s=0.2)
    assert not is_running(pid)
    assert network.pid is None
    network.stop()


def test_a_server_that_only_another_namespace_lists_is_alive(
    folder: Path, plan: AddressPlan
) -> None:
    listing = folder / "unix"
    socket = folder / "east.db"
    listing.write_text(f"0: 00000002 00000000 00010000 0001 01 1 {socket}\n")
    with Network(folder, plan, {"east": socket}, listings=[listing]) as network:
        states = {row.member: row.state for row in network.stats()}
    assert states == {"east": "open", "west": "refusing"}


def test_an_address_in_use_is_reported(folder: Path, plan: AddressPlan, server: Echo) -> None:
    with socket.socket() as other:
        other.bind((plan.address("west", "east"), plan.port))
        other.listen()
        with pytest.raises(LabError, match=r"did not start: .*Address already in use"):
            Network(folder, plan, {"east": folder / "east.db"}).start()


def test_only_the_main_thread_may_start_it(folder: Path, plan: AddressPlan) -> None:
    # The kernel would kill the relay together with the thread that started it.
    with ThreadPoolExecutor(1) as pool, pytest.raises(LabError, match="from the main thread"):
        pool.submit(Network(folder, plan).start).result()


def test_the_missing_launcher_is_named_with_its_package(
    folder: Path, plan: AddressPlan, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(folder))
    with pytest.raises(LabError, match=r"needs setpriv .* apt install util-linux"):
        Network(folder, plan).start()


def test_a_relay_that_hangs_at_the_start_is_killed(
    folder: Path, plan: AddressPlan, monkeypatch: pytest.MonkeyPatch
) -> None:
    python = folder / "python"
    python.write_text(f"#!/bin/sh\ntrap '' TERM\necho $$ >{folder}/pid\nexec sleep 60\n")
    python.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(python))
    monkeypatch.setattr(process_module, "_START_TIMEOUT_S", 0.3)
    monkeypatch.setattr(process_module, "_STOP_TIMEOUT_S", 0.1)
    with pytest.raises(LabError, match="did not start"):
        Network(folder, plan).start()
    assert not is_running(int((folder / "pid").read_text()))


def test_it_dies_with_a_killed_owner(folder: Path, plan: AddressPlan) -> None:
    script = (
        "import sys, time\nfrom pathlib import Path\n"
        "from bicoastal.lab.network import AddressPlan, Network\n"
        "network = Network(Path(sys.argv[1]), AddressPlan.from_json(sys.argv[2])).start()\n"
        "print(network.pid, flush=True)\ntime.sleep(60)\n"
    )
    command = [sys.executable, "-c", script, str(folder), plan.to_json()]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as owner:
        assert owner.stdout is not None
        pid = int(owner.stdout.readline())
        assert is_running(pid)
        owner.kill()
    assert wait_until(lambda: not is_running(pid), 5)


def test_it_says_what_it_cannot_bind(
    folder: Path, plan: AddressPlan, capsys: pytest.CaptureFixture[str]
) -> None:
    config = Network(folder, plan).config()
    config |= {"control": str(folder / "no" / "where")}
    assert main([json.dumps(config)]) == 1
    assert "No such file" in capsys.readouterr().err


def test_it_is_up_within_half_a_second_and_needs_the_standard_library_only(
    folder: Path, plan: AddressPlan
) -> None:
    code = (
        "import sys, bicoastal.lab.network.relay, bicoastal.lab.network\n"
        "sys.exit(any(name in sys.modules for name in ('pydantic', 'boto3', 'pulumi', 'yaml')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
    started = time.monotonic()
    with Network(folder, plan):
        assert time.monotonic() - started < 2  # 0.1 s on a quiet machine
