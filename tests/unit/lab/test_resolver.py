from __future__ import annotations

import json
import os
import runpy
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from bicoastal.lab.aws import is_global_endpoint, member_region, resolver

CLUSTER = "c-1.cluster-84a9187e.us-east-1.rds.amazonaws.com"
GLOBAL = "g.global-5f9d0a13b64b.global.rds.amazonaws.com"
TABLE = {"us-west-2": {"us-east-1": "127.1.1.1"}}


@pytest.mark.parametrize(
    ("name", "region"),
    (
        (CLUSTER, "us-east-1"),
        (CLUSTER.upper() + ".", "us-east-1"),
        ("c.cluster-ro-84a9187e.ap-southeast-2.rds.amazonaws.com", "ap-southeast-2"),
        ("i.84a9187e.us-gov-west-1.rds.amazonaws.com", "us-gov-west-1"),
        (GLOBAL, None),
        ("us-east-1.rds.amazonaws.com", None),
        ("rds.us-east-1.amazonaws.com", None),
        (f"{CLUSTER}.example.com", None),
        ("db.example.com", None),
    ),
)
def test_the_region_is_in_a_members_name(name: str, region: str | None) -> None:
    assert member_region(name) == region
    assert is_global_endpoint(name) == (name == GLOBAL)


def lookup(tmp_path: Path, name: Any) -> Any:
    writers = tmp_path / "writers.json"
    writers.write_text(json.dumps({GLOBAL: "us-east-1"}))

    def original(*args: Any, **kwargs: Any) -> list[Any]:
        return ["original", args, kwargs]

    return resolver.resolver("us-west-2", TABLE, 3306, writers, original)(name, 3306, type=1)


def test_names_of_members_lead_to_the_path_from_the_functions_region(tmp_path: Path) -> None:
    answer = [(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", ("127.1.1.1", 3306))]
    assert lookup(tmp_path, CLUSTER) == answer
    assert lookup(tmp_path, CLUSTER.encode()) == answer
    assert lookup(tmp_path, GLOBAL + ".") == answer


def test_other_names_go_to_the_systems_resolver(tmp_path: Path) -> None:
    for name in ("localhost", None, b"127.0.0.1"):
        assert lookup(tmp_path, name) == ["original", (name, 3306), {"type": 1}]


@pytest.mark.parametrize(
    "name", ("c.cluster-x.eu-west-1.rds.amazonaws.com", GLOBAL.replace("g.", "other."))
)
def test_a_name_without_a_path_is_unknown(tmp_path: Path, name: str) -> None:
    with pytest.raises(socket.gaierror, match="not known in us-west-2"):
        lookup(tmp_path, name)


def test_it_installs_itself_as_sitecustomize_in_the_lab_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", original := socket.getaddrinfo)
    module = resolver.__file__
    runpy.run_path(module, run_name="sitecustomize")
    assert socket.getaddrinfo is original
    monkeypatch.setattr(os, "getppid", os.getpid)  # this process outlives the test
    monkeypatch.setenv(resolver.PATHS_VARIABLE, json.dumps({"table": TABLE, "port": 3306}))
    monkeypatch.setenv(resolver.WRITERS_VARIABLE, str(tmp_path / "writers.json"))
    monkeypatch.setenv("AWS_REGION", "us-west-2")
    runpy.run_path(module, run_name="sitecustomize")
    assert socket.getaddrinfo(CLUSTER, 1)[0][4] == ("127.1.1.1", 3306)


def test_a_worker_ends_with_its_parent(monkeypatch: pytest.MonkeyPatch) -> None:
    parent = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    sent: list[tuple[int, int]] = []
    monkeypatch.setattr(os, "kill", lambda pid, number: sent.append((pid, number)))
    thread = resolver.end_with_parent(parent.pid)
    assert thread.is_alive()
    assert thread.daemon
    assert sent == []
    parent.communicate(b"\n")
    thread.join(10)
    assert sent == [(os.getpid(), signal.SIGKILL)]
