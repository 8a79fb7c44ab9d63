"""The database server itself: started, closed, hurt, followed, promoted and stopped."""

from __future__ import annotations

import contextlib
import importlib.util
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pymysql
import pytest

from bicoastal.errors import LabError
from bicoastal.lab.databases import Database, Durability, connect, replication
from bicoastal.lab.waiting import wait_until
from bicoastal.lab.workspace import Workspace

pytestmark = pytest.mark.lab
USER, PASSWORD = "admin", 'it\'s "quoted" % and \\ escaped'

_spec = importlib.util.spec_from_file_location(
    "forwarding", Path(__file__).parents[2] / "functional/aws/forwarding.py"
)
assert _spec
assert _spec.loader
forwarding: Any = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(forwarding)


@pytest.fixture
def workspace() -> Iterator[Workspace]:
    with Workspace("bicoastal-test-") as workspace:
        yield workspace


Make = Callable[..., Database]


@pytest.fixture
def make(workspace: Workspace) -> Iterator[Make]:
    made: list[Database] = []

    def make(name: str, **options: Any) -> Database:
        made.append(Database(workspace, name, len(made) + 1, **options))
        return made[-1]

    yield make
    for database in made:
        database.discard()
        assert not database.volume.exists()


@contextlib.contextmanager
def network(**sockets: Path) -> Iterator[Any]:
    """A TCP way to each server, from one place."""
    plan = forwarding.Plan(["here"], list(sockets))
    way = forwarding.Forwarding(plan, sockets)
    way.start()
    yield way
    way.stop()


def client(database: Database) -> Any:
    return pymysql.connect(
        unix_socket=str(database.socket),
        user=USER,
        password=PASSWORD,
        database="app",
        autocommit=True,
        ssl_disabled=True,
    )


def run(database: Database, sql: str) -> list[Any]:
    with closing(client(database)) as connection, connection.cursor() as cursor:
        cursor.execute(sql)
        return [row[0] for row in cursor.fetchall()]


def variable(database: Database, name: str) -> Any:
    with closing(database.admin()) as connection:
        return replication.query(connection, f"SELECT @@GLOBAL.{name} AS v")[0]["v"]


def test_a_server_starts_closed_and_is_opened_for_its_master_user(make: Make) -> None:
    database = make("a")
    assert (database.pid, database.alive) == (None, False)
    database.stop()
    database.kill()
    database.pause()
    database.resume()
    with pytest.raises(LabError, match="it was stopped"):
        database.wait_ready()
    started = time.monotonic()
    database.start()
    assert time.monotonic() - started < 5
    assert database.alive
    assert database.pid
    database.seed(USER, PASSWORD, "app")
    with pytest.raises(pymysql.err.OperationalError, match="read-only"):
        run(database, "CREATE TABLE t (i INT)")
    database.open()
    run(database, "CREATE TABLE t (i INT)")
    for forbidden in ("SET GLOBAL read_only = 0", "SET SESSION sql_log_bin = 0"):
        with pytest.raises(pymysql.err.OperationalError, match="Access denied"):
            run(database, forbidden)
    assert variable(database, "sync_binlog") == 1
    assert variable(database, "innodb_flush_log_at_trx_commit") == 1
    with pytest.raises(LabError, match="runs already"):
        database.launch()


def test_nobody_gets_in_without_a_password_and_none_is_on_a_command_line(
    make: Make, workspace: Workspace
) -> None:
    database = make("a")
    database.start()
    for user in ("root", "rdsadmin", "mysql", ""):
        with pytest.raises(pymysql.err.OperationalError, match="Access denied"):
            pymysql.connect(unix_socket=str(database.socket), user=user, ssl_disabled=True)
    line = Path(f"/proc/{database.pid}/cmdline").read_bytes().decode()
    for name in ("database-admin", "database-replication"):
        assert workspace.secret(name) not in line
    assert "--skip-networking" in line
    assert (workspace.path / "accounts.sql").stat().st_mode & 0o777 == 0o600


def test_acknowledged_writes_survive_a_kill_and_the_server_comes_back_closed(make: Make) -> None:
    database = make("a", durability=Durability(sync_binlog=1, flush_log=1))
    database.start(read_only=False)
    database.seed(USER, PASSWORD, "app")
    run(database, "CREATE TABLE t (i INT)")
    run(database, "INSERT INTO t VALUES (1)")
    database.kill()
    assert not database.alive
    database.start()
    assert run(database, "SELECT i FROM t") == [1]
    with pytest.raises(pymysql.err.OperationalError, match="read-only"):
        run(database, "INSERT INTO t VALUES (2)")


def test_a_replica_follows_and_is_promoted_without_its_writer(make: Make) -> None:
    writer, replica = make("a"), make("b")
    writer.launch()
    replica.launch()
    writer.wait_ready()
    replica.wait_ready()
    writer.seed(USER, PASSWORD, "app")
    writer.open()
    assert writer.lag() is None
    assert not writer.replicating()
    with pytest.raises(LabError, match="does not replicate"):
        writer.drain()
    with network(a=writer.socket, b=replica.socket) as way:
        replica.follow(way.plan.address("here", "a"), way.plan.port)
        run(writer, "CREATE TABLE t (i INT PRIMARY KEY)")
        run(writer, "INSERT INTO t VALUES (1)")
        assert wait_until(lambda: replica.caught_up(writer.gtid_position()), 15)
        assert replica.caught_up("")
        assert not replica.caught_up("0-1-999")
        assert replica.replicating()
        assert wait_until(lambda: replica.lag() is not None, 15)
        assert replica.gtid_position() == writer.gtid_position()
        assert (variable(replica, "sync_binlog"), variable(writer, "sync_binlog")) == (0, 1)
        with pytest.raises(pymysql.err.OperationalError, match="read-only"):
            run(replica, "INSERT INTO t VALUES (2)")

        writer.pause()
        seconds = replica.promote()

        assert 0 < seconds < 5
        assert variable(replica, "sync_binlog") == 1
        run(replica, "INSERT INTO t VALUES (3)")
        writer.resume()
        run(writer, "INSERT INTO t VALUES (4)")
        with closing(client(writer)) as connection:
            assert writer.fence() == 1
            with pytest.raises(pymysql.err.MySQLError):
                connection.ping(reconnect=False)
        with pytest.raises(pymysql.err.OperationalError, match="read-only"):
            run(writer, "INSERT INTO t VALUES (5)")
        # What nobody acknowledged to the new writer is only on the old volume.
        assert run(writer, "SELECT i FROM t ORDER BY i") == [1, 4]
        assert run(replica, "SELECT i FROM t ORDER BY i") == [1, 3]

        writer.stop()
        rebuilt = make("c", socket=writer.socket)
        rebuilt.start()
        rebuilt.follow(way.plan.address("here", "b"), way.plan.port)
        assert wait_until(lambda: rebuilt.caught_up(replica.gtid_position()), 15)
        assert run(rebuilt, "SELECT i FROM t ORDER BY i") == [1, 3]
        rebuilt.stop_following()
        assert not rebuilt.replicating()


def test_a_demoted_writer_follows_from_where_it_was(make: Make) -> None:
    first, second = make("a"), make("b")
    for database in (first, second):
        database.start()
    first.seed(USER, PASSWORD, None)
    first.seed(USER, PASSWORD, "app")
    first.open()
    run(first, "CREATE TABLE t (i INT PRIMARY KEY)")
    with network(a=first.socket, b=second.socket) as way:
        second.follow(way.plan.address("here", "a"), way.plan.port)
        assert wait_until(lambda: second.caught_up(first.gtid_position()), 15)
        second.promote()
        first.demote(way.plan.address("here", "b"), way.plan.port)
        run(second, "INSERT INTO t VALUES (1)")
        assert wait_until(lambda: first.caught_up(second.gtid_position()), 15)
        assert run(first, "SELECT i FROM t") == [1]


def test_a_replica_whose_applier_failed_is_not_promoted(make: Make) -> None:
    writer, replica = make("a"), make("b")
    for database in (writer, replica):
        database.start()
    writer.seed(USER, PASSWORD, "app")
    writer.open()
    run(writer, "CREATE TABLE t (i INT PRIMARY KEY)")
    with network(a=writer.socket) as way:
        replica.follow(way.plan.address("here", "a"), way.plan.port)
        assert wait_until(lambda: replica.caught_up(writer.gtid_position()), 15)
        with closing(replica.admin()) as connection:
            replication.query(connection, "DROP TABLE app.t")
        run(writer, "INSERT INTO t VALUES (1)")
        assert wait_until(lambda: not replica.replicating(), 15)
        with pytest.raises(LabError, match="applier has failed"):
            replica.drain()


def test_a_fence_bears_clients_that_leave_by_themselves(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = make("a")
    database.start()
    original = replication.query
    errors = [1094]

    def listing(connection: Any, sql: str, *values: object) -> list[dict[str, Any]]:
        if "processlist" in sql:
            return [{"id": 999_999}]
        if sql.startswith("KILL") and errors[0] != 1094:
            raise pymysql.err.OperationalError(errors[0], "another reason")
        return original(connection, sql, *values)

    monkeypatch.setattr(replication, "query", listing)
    assert database.fence() == 0
    errors[0] = 1045
    with pytest.raises(pymysql.err.OperationalError, match="another reason"):
        database.fence()


def test_a_server_that_cannot_start_shows_its_log(make: Make) -> None:
    database = make("a")
    database.prepare()
    (database.volume / "ibdata1").write_bytes(b"no table space")
    with pytest.raises(LabError, match=r"did not start(?s:.)*ibdata1"):
        database.start()


def test_a_server_that_does_not_answer_is_given_up(make: Make) -> None:
    database = make("a")
    database.start()
    database.pause()
    with pytest.raises(LabError, match=r"does not answer after 0\.1 s"):
        database.wait_ready(timeout=0.1)
    database.resume()
    database.wait_ready()


def test_the_administrator_reaches_a_server_over_tcp_as_well(
    make: Make, workspace: Workspace
) -> None:
    database = make("a")
    database.start()
    with network(a=database.socket) as way:
        address = (way.plan.address("here", "a"), way.plan.port)
        with closing(connect(workspace, address=address)) as connection:
            assert replication.query(connection, "SELECT @@sql_log_bin AS b") == [{"b": 0}]
