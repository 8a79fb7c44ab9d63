"""Clients, network and oracle against a real server."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pymysql
import pytest

from bicoastal.lab import oracle
from bicoastal.lab.clients import Writers, rto
from bicoastal.lab.network import AddressPlan, Network
from bicoastal.lab.waiting import wait_until

pytestmark = pytest.mark.lab

_SHARE = Path("/usr/share/mysql")
_SMALL = [
    "--no-defaults",
    "--innodb-log-file-size=4M",
    "--innodb-data-file-path=ibdata1:4M:autoextend",
    "--innodb-undo-tablespaces=0",
    "--innodb-buffer-pool-size=8M",
]
_SCRIPTS = (
    "mysql_system_tables.sql",
    "mysql_performance_tables.sql",
    "mysql_system_tables_data.sql",
)


class Server:
    """A tiny server on a unix socket, with a user `app` who may not write when it is read-only."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.socket = folder / "db.sock"
        binary = shutil.which("mariadbd") or "/usr/sbin/mariadbd"
        user = ["--user=root"] if os.geteuid() == 0 else []
        self._command = [binary, *_SMALL, *user, f"--datadir={folder / 'data'}"]
        (folder / "data").mkdir()
        script = ["create database mysql;", "use mysql;", "set @auth_root_socket=NULL;"]
        script += ["set @skip_auth_anonymous_user=1;", "set @current_hostname='localhost';"]
        script += [(_SHARE / name).read_text() for name in _SCRIPTS]
        subprocess.run(
            [*self._command, "--bootstrap"],
            input="\n".join(script).encode(),
            check=True,
            capture_output=True,
        )
        init = folder / "init.sql"
        init.write_text(
            "CREATE DATABASE IF NOT EXISTS app;\n"
            "CREATE USER IF NOT EXISTS app@'%' IDENTIFIED BY 'secret';\n"
            "GRANT SELECT, INSERT ON app.* TO app@'%';\n"
        )
        self._command += [f"--socket={self.socket}", "--skip-networking", f"--init-file={init}"]
        self._command += [f"--pid-file={folder / 'pid'}", "--skip-name-resolve"]
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", "--", *self._command],
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        assert wait_until(self._answers, 10)

    def _answers(self) -> bool:
        with contextlib.suppress(pymysql.MySQLError), self.admin():
            return True
        return False

    def admin(self) -> pymysql.Connection[Any]:
        return pymysql.connect(
            unix_socket=str(self.socket), user="root", database="app", autocommit=True
        )

    def run(self, *statements: str) -> None:
        with self.admin() as connection, connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)

    def rows(self) -> list[oracle.Row]:
        with self.admin() as connection:
            return oracle.read_rows(connection)

    def signal(self, number: signal.Signals) -> None:
        assert self.process is not None
        self.process.send_signal(number)

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    path = Path(tempfile.mkdtemp(prefix="bo-"))
    yield path
    shutil.rmtree(path)


@pytest.fixture(scope="module")
def running(folder: Path) -> Iterator[Server]:
    database = Server(folder)
    database.start()
    with database.admin() as connection:
        oracle.create_schema(connection)
        oracle.create_schema(connection)  # a second time is harmless
    yield database
    database.kill()


@pytest.fixture
def server(running: Server) -> Server:
    running.run(f"TRUNCATE TABLE {oracle.TABLE}")
    return running


@pytest.fixture(scope="module")
def plan() -> AddressPlan:
    return AddressPlan.allocate(["clients"], ["us-east-1"])


@pytest.fixture
def network(folder: Path, plan: AddressPlan, server: Server) -> Iterator[Network]:
    with Network(folder, plan, {"us-east-1": server.socket}) as relay:
        yield relay


class Fixed:
    def __init__(self, address: str) -> None:
        self._address = address

    def clone(self) -> Fixed:
        return self

    def resolve(self, name: str) -> str:
        return self._address


@pytest.fixture
def writers(network: Network, plan: AddressPlan) -> Iterator[Writers]:
    clients = Writers(
        Fixed(plan.address("clients", "us-east-1")),
        "db-dev.example.com",
        port=plan.port,
        user="app",
        password="secret",
        database="app",
        count=4,
        rate_per_s=200,
        timeout_s=0.3,
    )
    yield clients
    clients.stop()


def acked(writers: Writers, count: int) -> None:
    """Wait for so many more acknowledgements."""
    goal = writers.progress().acked + count
    assert wait_until(lambda: writers.progress().acked >= goal, 10)


def test_every_tampering_behind_the_clients_backs_is_reported(
    server: Server, writers: Writers
) -> None:
    writers.start()
    acked(writers, 60)
    history = writers.stop()
    clean = oracle.judge(history, server.rows())
    assert clean.consistent
    assert clean.lost == ()
    assert clean.acked == len(server.rows()) == len(history)

    one, two, three = history.ops[10], history.ops[20], history.ops[30]
    server.run(
        f"DELETE FROM {oracle.TABLE} WHERE id = '{one.id}'",
        f"INSERT INTO {oracle.TABLE} (client, seq, id) SELECT client, seq, id"
        f" FROM {oracle.TABLE} WHERE id = '{two.id}'",
        f"INSERT INTO {oracle.TABLE} (client, seq, id) VALUES (99, 1, 'nobody')",
    )
    verdict = oracle.judge(history, server.rows(), fault_s=three.done_s)
    assert [write.id for write in verdict.lost] == [one.id]
    assert [write.id for write in verdict.duplicates] == [two.id]
    assert [write.id for write in verdict.foreign] == ["nobody"]
    assert verdict.rpo_s == pytest.approx(three.done_s - one.done_s)
    assert not verdict.prefix_ok[one.client]
    assert not verdict.consistent


def test_a_read_only_server_refuses_definitely(server: Server, writers: Writers) -> None:
    writers.start()
    acked(writers, 5)
    server.run("SET GLOBAL read_only = 1")
    assert wait_until(lambda: writers.progress().failed > 5, 10)
    server.run("SET GLOBAL read_only = 0")
    acked(writers, 5)
    history = writers.stop()
    refused = [op for op in history.ops if op.outcome == "fail"]
    # On a busy machine a client may fail to connect as well; every write was refused like this.
    assert {op.code for op in refused if op.stage == "write"} == {1290}
    verdict = oracle.judge(history, server.rows())
    assert verdict.consistent
    assert (verdict.lost, verdict.unknown_present + verdict.unknown_absent) == ((), 0)


def test_a_killed_server_and_its_return(
    server: Server, writers: Writers, plan: AddressPlan
) -> None:
    writers.start()
    acked(writers, 20)
    server.kill()
    fault_s = time.monotonic()
    assert wait_until(lambda: writers.progress().failed > 5, 10)
    server.start()
    acked(writers, 120)
    history = writers.stop()
    address = plan.address("clients", "us-east-1")
    line = rto(history, fault_s, [address], steady_for_s=0.3)
    assert line.rto_s is not None
    assert line.first_failure_s is not None
    assert line.steady_s is not None
    assert fault_s < line.first_failure_s < line.steady_s
    down = [op for op in history.ops if op.stage == "connect" and op.outcome == "fail"]
    assert 2003 in {op.code for op in down} <= {2003, 2013}  # 2013: accepted just before
    verdict = oracle.judge(history, server.rows(), fault_s=fault_s)
    assert verdict.consistent
    assert verdict.lost == ()


def test_a_cut_leaves_writes_unknown_and_some_arrive_later(
    server: Server, writers: Writers, network: Network
) -> None:
    writers.start()
    acked(writers, 20)
    network.cut()
    assert wait_until(lambda: writers.progress().unknown >= 4, 10)  # each client's present write
    assert wait_until(lambda: writers.progress().failed >= 4, 10)  # new connections time out
    network.heal()
    acked(writers, 20)
    history = writers.stop()
    verdict = oracle.judge(history, server.rows())
    assert verdict.consistent
    assert verdict.lost == ()
    assert verdict.unknown_present + verdict.unknown_absent >= 4
    assert verdict.unknown_present > 0  # what was sent into the cut was delivered after it


def test_a_hung_server_commits_what_its_clients_gave_up(server: Server, writers: Writers) -> None:
    writers.start()
    acked(writers, 20)
    server.signal(signal.SIGSTOP)
    assert wait_until(lambda: writers.progress().unknown >= 4, 10)
    assert wait_until(lambda: writers.progress().failed >= 4, 10)
    server.signal(signal.SIGCONT)
    acked(writers, 20)
    history = writers.stop()
    stuck = [op for op in history.ops if op.outcome == "fail"]
    # Connected and no greeting (2013); on a busy machine even connecting may take too long (2003).
    assert {op.stage for op in stuck} == {"connect"}
    assert {op.code for op in stuck} <= {2003, 2013}
    verdict = oracle.judge(history, server.rows())
    assert verdict.consistent
    assert verdict.unknown_present > 0
