"""Starting and stopping; and that nothing survives, however the lab's process ends."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path
from typing import Any

import pytest

from bicoastal.errors import LabError
from bicoastal.lab.aws import EmbeddedAws
from bicoastal.lab.workspace import Workspace

pytestmark = pytest.mark.lab
HANDLER = """
import os, socket, time
def handler(event, context):
    if "sleep" in event:
        open(event["file"], "w").write(str(os.getpid()))
        time.sleep(event["sleep"])
    if "resolve" in event:
        try:
            return [list(socket.getaddrinfo(n, 3306)[0][4]) for n in event["resolve"]]
        except OSError as error:
            return str(error)
    return {"pid": os.getpid(), "pace": os.environ["BICOASTAL_PACE"]}
"""
# A drill's process: starts the lab with two databases (one of them stopped by SIGSTOP) and a
# function that is busy, tells the processes, and waits to be killed.
DRILL = """
import importlib.util, json, os, signal, sys, threading, time
from pathlib import Path
spec = importlib.util.spec_from_file_location("conftest_of_aws", sys.argv[1])
conftest = importlib.util.module_from_spec(spec)
sys.modules["conftest_of_aws"] = conftest
spec.loader.exec_module(conftest)
with conftest.Workspace("bicoastal-test-") as workspace:
    members = ["us-east-1", "us-west-2"]
    plan = conftest.forwarding.Plan([*members, "clients"], members)
    with conftest.EmbeddedAws(workspace, plan) as aws:
        network = conftest.forwarding.Forwarding(plan, aws.sockets)
        network.start()
        lab = conftest.Lab(workspace, plan, network, aws)
        lab.make_writer()
        lab.make_standby()
        busy = workspace.path / "busy"
        client = aws.client("lambda", "us-east-1")
        client.create_function(
            FunctionName="busy", Runtime="python3.12", Handler="f.handler", Timeout=60,
            Role="arn:aws:iam::123456789012:role/r",
            Code={"ZipFile": Path(sys.argv[2]).read_bytes()},
        )
        threading.Thread(target=client.invoke, kwargs=dict(
            FunctionName="busy", Payload=json.dumps({"sleep": 60, "file": str(busy)})
        ), daemon=True).start()
        conftest.eventually(lambda: busy.exists() and busy.read_text())
        pids = [aws.pid, int(busy.read_text()), *(m.pid for m in aws.members())]
        os.kill(pids[-1], signal.SIGSTOP)
        print(json.dumps({"pids": pids, "folder": str(workspace.path)}), flush=True)
        time.sleep(60)
"""


def function_zip() -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr("f.py", HANDLER)
    return data.getvalue()


def gone(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return True
    return state == "Z"


def start_drill(tmp_path: Path) -> tuple[Any, dict[str, Any]]:
    archive = tmp_path / "function.zip"
    archive.write_bytes(function_zip())
    conftest = Path(__file__).with_name("conftest.py")
    drill = subprocess.Popen(
        [sys.executable, "-c", DRILL, conftest, archive], stdout=subprocess.PIPE, text=True
    )
    assert drill.stdout
    told = json.loads(drill.stdout.readline())
    assert len(told["pids"]) == 4
    assert not any(gone(pid) for pid in told["pids"])
    return drill, told


def wait_gone(pids: list[int]) -> None:
    deadline = time.monotonic() + 10
    while remaining := [pid for pid in pids if not gone(pid)]:
        assert time.monotonic() < deadline, remaining
        time.sleep(0.01)


def test_sigkill_of_the_drill_takes_everything_with_it(tmp_path: Path) -> None:
    drill, told = start_drill(tmp_path)
    drill.kill()
    drill.wait()
    wait_gone(told["pids"])
    folder = Path(told["folder"])
    assert folder.exists()
    assert folder in Workspace.sweep("bicoastal-test-")
    assert not folder.exists()


def test_ctrl_c_of_the_drill_stops_everything_and_removes_the_folder(tmp_path: Path) -> None:
    drill, told = start_drill(tmp_path)
    drill.send_signal(signal.SIGINT)
    drill.wait()
    wait_gone(told["pids"])
    assert not Path(told["folder"]).exists()


def test_functions_know_members_by_name_and_end_with_the_server(lab: Any) -> None:
    client = lab.aws.client("lambda", lab.standby)
    client.create_function(
        FunctionName="f",
        Runtime="python3.12",
        Handler="f.handler",
        Role="arn:aws:iam::123456789012:role/r",
        Code={"ZipFile": function_zip()},
    )

    def invoke(event: dict[str, Any]) -> Any:
        return json.load(client.invoke(FunctionName="f", Payload=json.dumps(event))["Payload"])

    lab.make_writer()
    (cluster,) = lab.rds().describe_db_clusters()["DBClusters"]
    names = [
        cluster["Endpoint"],
        cluster["ReaderEndpoint"],
        lab.rds().describe_db_instances()["DBInstances"][0]["Endpoint"]["Address"],
        lab.group()["Endpoint"],
    ]
    here = [lab.plan.address(lab.standby, lab.home), lab.plan.port]
    assert invoke({"resolve": names}) == [here] * 4
    assert "not known in us-west-2" in invoke(
        {"resolve": ["x.cluster-y.eu-west-1.rds.amazonaws.com"]}
    )
    assert invoke({"resolve": ["127.0.0.1"]})[0][0] == "127.0.0.1"
    told = invoke({})
    assert told["pace"] == "20"
    lab.aws.reset()
    wait_gone([told["pid"]])


def test_it_needs_to_be_started() -> None:
    with Workspace("bicoastal-test-") as workspace:
        plan = _plan()
        aws = EmbeddedAws(workspace, plan)
        assert aws.pid is None
        with pytest.raises(LabError, match=r"call start\(\) first"):
            aws.client("rds", "us-east-1")
        aws.stop()


def test_a_server_that_does_not_start_says_why() -> None:
    with Workspace("bicoastal-test-") as workspace:
        aws = EmbeddedAws(workspace, _plan())
        (workspace.path / "site").write_text("in the way")
        with pytest.raises(LabError, match=r"did not start(?s:.)*FileExistsError"):
            aws.start()
        assert aws.pid is None


def test_a_server_that_was_killed_does_not_answer() -> None:
    with Workspace("bicoastal-test-") as workspace, EmbeddedAws(workspace, _plan()) as aws:
        assert aws.account_id == "123456789012"
        assert aws.members() == []
        assert aws.client("rds", "us-east-1") is aws.client("rds", "us-east-1")
        assert aws.pid
        os.kill(aws.pid, signal.SIGKILL)
        wait_gone([aws.pid])
        with pytest.raises(LabError, match="does not answer"):
            aws.members()


def test_it_listens_on_loopback_only(lab: Any) -> None:
    listening = []
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/{lab.aws.pid}/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A":
                listening.append((fields[1], fields[9]))
    inodes = set()
    for descriptor in Path(f"/proc/{lab.aws.pid}/fd").iterdir():
        try:
            inodes.add(str(descriptor.readlink()))
        except FileNotFoundError:
            continue
    ours = [address for address, inode in listening if f"socket:[{inode}]" in inodes]
    assert len(ours) == 1
    assert ours[0].startswith("0100007F:")


def _plan() -> Any:
    class Plan:
        sources = members = ("us-east-1",)
        port = 3306

        def address(self, source: str, member: str) -> str:
            return "127.9.9.9"

    return Plan()
