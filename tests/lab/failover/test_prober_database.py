"""The prober against a real MariaDB server: alive, read-only, overloaded, hung, gone."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pymysql
import pytest

from bicoastal.failover.config import Endpoint, ProberConfig
from bicoastal.failover.prober import probe
from bicoastal.failover.votes import Depth, Verdict, Vote

pytestmark = pytest.mark.lab
HOME, STANDBY = "us-east-1", "us-west-2"
TIMEOUT_S = 1.0


@dataclass
class Server:
    """A running mariadbd on a loopback port, killed with whoever started it."""

    process: subprocess.Popen[bytes]
    port: int
    socket: Path

    def run(self, statement: str) -> None:
        connection = pymysql.connect(unix_socket=str(self.socket), user="root")
        try:
            connection.cursor().execute(statement)
        finally:
            connection.close()

    def vote(self, other: Server, password: str = "right", user: str = "probe") -> Vote:
        """Let the standby's witness, whose own member is the other server, probe this one."""
        members = {
            HOME: Endpoint("127.0.0.1", self.port),
            STANDBY: Endpoint("127.0.0.1", other.port),
        }
        config = ProberConfig(STANDBY, members, probe_user=user)
        return probe(config, HOME, timeout_s=TIMEOUT_S, credentials=lambda *_: password)


def start(folder: Path, template: Path) -> Server:
    data = folder / "data"
    shutil.copytree(template, data)
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        port = reserved.getsockname()[1]
    path = folder / "db.sock"
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [
                "setpriv", "--pdeathsig", "KILL", "/usr/sbin/mariadbd", "--no-defaults",
                f"--datadir={data}", f"--socket={path}", f"--port={port}",
                "--bind-address=127.0.0.1", "--user=root", "--skip-name-resolve",
                f"--pid-file={folder / 'pid'}", "--innodb-buffer-pool-size=16M",
            ],
            stdout=log,
            stderr=log,
        )  # fmt: skip
    server = Server(process, port, path)
    deadline = time.monotonic() + 30
    while True:
        try:
            server.run("SELECT 1")
        except pymysql.OperationalError:
            assert time.monotonic() < deadline, (folder / "log").read_text()
            assert process.poll() is None, (folder / "log").read_text()
            time.sleep(0.02)
        else:
            return server


@pytest.fixture(scope="module")
def template() -> Iterator[Path]:
    """A data directory with system tables, and a root without a password on the socket."""
    scripts = Path("/usr/share/mysql")
    sql = "\n".join(
        [
            "create database mysql;",  # one statement a line is what --bootstrap reads
            "use mysql;",
            "set @auth_root_socket=NULL;",
            "set @skip_auth_anonymous_user=1;",
            "set @current_hostname='localhost';",
            *(
                (scripts / f"mysql_{name}.sql").read_text()
                for name in ("system_tables", "performance_tables", "system_tables_data")
            ),
        ]
    )
    with tempfile.TemporaryDirectory(prefix="bicoastal-t") as folder:
        subprocess.run(
            ["/usr/sbin/mariadbd", "--no-defaults", "--bootstrap", f"--datadir={folder}",
             "--user=root", "--skip-log-error"],
            input=sql.encode(),
            check=True,
            capture_output=True,
            timeout=60,
        )  # fmt: skip
        yield Path(folder)


@pytest.fixture(scope="module")
def servers(template: Path) -> Iterator[tuple[Server, Server]]:
    with (
        tempfile.TemporaryDirectory(prefix="bicoastal-a") as one,
        tempfile.TemporaryDirectory(prefix="bicoastal-b") as two,
    ):
        pair = start(Path(one), template), start(Path(two), template)
        try:
            yield pair
        finally:
            for server in pair:
                server.process.kill()
                server.process.wait()


@pytest.fixture
def server(servers: tuple[Server, Server]) -> Server:
    found = servers[0]
    found.run("CREATE OR REPLACE USER probe@'127.0.0.1' IDENTIFIED BY 'right'")
    found.run("SET GLOBAL read_only = 0")
    return found


@pytest.fixture
def other(servers: tuple[Server, Server]) -> Server:
    return servers[1]


def test_a_writer(server: Server, other: Server) -> None:
    vote = server.vote(other)
    assert (vote.verdict, vote.depth, vote.read_only) == (Verdict.UP, Depth.LOGIN, False)
    assert vote.version is not None
    assert "MariaDB" in vote.version


def test_a_standby_is_up_but_read_only(server: Server, other: Server) -> None:
    server.run("SET GLOBAL read_only = 1")
    vote = server.vote(other)
    assert (vote.verdict, vote.read_only) == (Verdict.UP, True)


def test_a_wrong_password_is_unknown_and_stays_out_of_the_reason(
    server: Server, other: Server
) -> None:
    vote = server.vote(other, "wrong-secret")
    assert (vote.verdict, vote.depth) == (Verdict.UNKNOWN, Depth.LOGIN)
    assert "1045" in vote.reason
    assert "wrong-secret" not in vote.reason


def test_too_many_connections_is_a_veto(server: Server, other: Server) -> None:
    server.run("SET GLOBAL max_connections = 10")
    held: list[Any] = []
    try:
        with suppress(pymysql.OperationalError):
            while len(held) < 20:
                held.append(pymysql.connect(host="127.0.0.1", port=server.port, user="probe",
                                            password="right"))  # fmt: skip
        assert len(held) < 20
        vote = server.vote(other)
    finally:
        for connection in held:
            connection.close()
        server.run("SET GLOBAL max_connections = 151")
    assert (vote.verdict, vote.overloaded) == (Verdict.UP, True)
    assert "1040" in vote.reason


def test_a_stopped_server_still_accepts_connections_but_is_down(
    server: Server, other: Server
) -> None:
    os.kill(server.process.pid, signal.SIGSTOP)
    try:
        vote = server.vote(other)
    finally:
        os.kill(server.process.pid, signal.SIGCONT)
    assert (vote.verdict, vote.depth) == (Verdict.DOWN, Depth.GREETING)
    assert "(hung)" in vote.reason
    assert server.vote(other).verdict is Verdict.UP, "and well again when it goes on"


def test_a_killed_server_is_down(template: Path, other: Server) -> None:
    with tempfile.TemporaryDirectory(prefix="bicoastal-c") as folder:
        victim = start(Path(folder), template)
        assert victim.vote(other, password="", user="nobody").verdict is Verdict.UNKNOWN
        victim.process.kill()
        victim.process.wait()
        vote = victim.vote(other)
    assert (vote.verdict, vote.reason) == (
        Verdict.DOWN,
        f"connection refused; {STANDBY} answers",
    )
