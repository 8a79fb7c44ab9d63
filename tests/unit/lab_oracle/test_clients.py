"""How clients judge an error, and that they never repeat a write."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import pymysql
import pytest

from bicoastal.lab.clients import Writers
from bicoastal.lab.history import Op
from bicoastal.lab.oracle import INSERT
from bicoastal.lab.route53 import ResolutionError

from .conftest import NEW, OLD


class Names:
    """A resolver whose answer a test may change; counts clones and questions."""

    def __init__(self, address: str | None = OLD) -> None:
        self.address = address
        self.asked = self.clones = 0

    def clone(self) -> Names:
        self.clones += 1
        return self

    def resolve(self, name: str) -> str:
        assert name == "db.example.com"
        self.asked += 1
        if self.address is None:
            raise ResolutionError("no such name")
        return self.address


class Server:
    """Stands for pymysql.connect; `behave` decides about every connection and statement."""

    def __init__(self) -> None:
        self.behave: Callable[[str], None] = lambda _: None
        self.connected: list[dict[str, Any]] = []
        self.rows: list[tuple[int, int, str]] = []
        self.closed = 0

    def __call__(self, **options: Any) -> Server:
        self.behave("connect")
        self.connected.append(options)
        return self

    def cursor(self) -> Server:
        return self

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def execute(self, statement: str, values: tuple[int, int, str]) -> None:
        assert statement == INSERT
        self.behave("write")
        self.rows.append(values)

    def close(self) -> None:
        self.closed += 1
        raise pymysql.err.Error("Already closed")


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Server:
    fake = Server()
    monkeypatch.setattr(pymysql, "connect", fake)
    return fake


def writers(names: Names, *, count: int = 1, rate_per_s: float = 1000, seed: int = 0) -> Writers:
    return Writers(
        names,
        "db.example.com",
        port=3306,
        user="app",
        password="secret",
        database="app",
        count=count,
        rate_per_s=rate_per_s,
        timeout_s=0.5,
        seed=seed,
    )


def attempts(names: Names, count: int) -> list[Op]:
    """Let one client make so many attempts, without threads."""
    clients = writers(names)
    for _ in range(count):
        clients._clients[0].attempt()
    return list(clients.history.ops)


def failing(where: str, error: Exception) -> Callable[[str], None]:
    def behave(stage: str) -> None:
        if stage == where:
            raise error

    return behave


OPERATIONAL = pymysql.err.OperationalError


@pytest.mark.parametrize(
    ("where", "error", "outcome", "code"),
    (
        ("connect", OPERATIONAL(2003, "Can't connect: refused"), "fail", 2003),
        ("connect", OPERATIONAL(2013, "Lost connection at handshake"), "fail", 2013),
        ("connect", OPERATIONAL(1040, "Too many connections"), "fail", 1040),
        ("connect", OPERATIONAL(1045, "Access denied"), "fail", 1045),
        ("write", OPERATIONAL(1290, "running with --read-only"), "fail", 1290),
        ("write", pymysql.err.InternalError(1205, "Lock wait timeout"), "fail", 1205),
        ("write", pymysql.err.ProgrammingError(1146, "no such table"), "fail", 1146),
        ("write", OPERATIONAL(2013, "Lost connection during query"), "unknown", 2013),
        ("write", OPERATIONAL(2006, "Server has gone away"), "unknown", 2006),
        ("write", OPERATIONAL(1053, "Shutdown in progress"), "unknown", 1053),
        ("write", OPERATIONAL(1105, "Unknown error"), "unknown", 1105),
        ("write", OPERATIONAL(1317, "Query was interrupted"), "unknown", 1317),
        ("write", OPERATIONAL(1999, "any other error of the server"), "fail", 1999),
        ("write", OPERATIONAL(2000, "Unknown error of the driver"), "unknown", 2000),
        ("write", OPERATIONAL(1180, "Got error during COMMIT"), "unknown", 1180),
        ("write", OPERATIONAL(1927, "Connection was killed"), "unknown", 1927),
        ("write", pymysql.err.InterfaceError(0, ""), "unknown", 0),
        ("write", ConnectionResetError("reset"), "unknown", 0),
    ),
)
def test_outcomes(server: Server, where: str, error: Exception, outcome: str, code: int) -> None:
    server.behave = failing(where, error)
    (op,) = attempts(Names(), 1)
    assert (op.outcome, op.stage, op.code, op.address) == (outcome, where, code, OLD)
    assert op.error == str(error)
    assert server.rows == []


def test_a_name_that_does_not_resolve_is_a_definite_failure(server: Server) -> None:
    (op,) = attempts(Names(None), 1)
    assert (op.outcome, op.stage, op.address, op.code) == ("fail", "resolve", "", 0)
    assert server.connected == []


def test_a_good_connection_is_kept_and_each_write_is_new(server: Server) -> None:
    names = Names()
    ops = attempts(names, 3)
    assert [(op.outcome, op.seq, op.error) for op in ops] == [("ok", n, "") for n in (1, 2, 3)]
    assert {op.code for op in ops} == {0}
    assert [(client, seq, id_) for client, seq, id_ in server.rows] == [
        (op.client, op.seq, op.id) for op in ops
    ]
    assert len({op.id for op in ops}) == 3
    assert (names.asked, len(server.connected)) == (1, 1)
    assert all(op.invoked_s <= op.done_s and op.invoked_wall_s <= op.done_wall_s for op in ops)


def test_after_an_error_the_name_is_resolved_again_and_nothing_is_repeated(
    server: Server,
) -> None:
    names = Names()
    clients = writers(names)
    client = clients._clients[0]
    client.attempt()
    server.behave = failing("write", OPERATIONAL(2013, "Lost connection"))
    client.attempt()
    assert server.closed == 1
    server.behave = lambda _: None
    names.address = NEW
    client.attempt()
    ops = clients.history.ops
    assert [(op.seq, op.outcome, op.address) for op in ops] == [
        (1, "ok", OLD),
        (2, "unknown", OLD),
        (3, "ok", NEW),
    ]
    assert [seq for _, seq, _ in server.rows] == [1, 3]  # 2 was sent once, never again


def test_connections_are_made_with_time_outs_and_without_tls(server: Server) -> None:
    attempts(Names(), 1)
    (options,) = server.connected
    assert options["host"] == OLD
    assert options["autocommit"] is True
    assert options["ssl_disabled"] is True
    assert {options[f"{what}_timeout"] for what in ("connect", "read", "write")} == {0.5}


def test_the_seed_decides_identifiers(server: Server) -> None:
    def ids(seed: int) -> list[str]:
        clients = writers(Names(), seed=seed)
        clients._clients[0].attempt()
        return [op.id for op in clients.history.ops]

    assert ids(1) == ids(1) != ids(2)


def test_clients_run_at_their_pace_and_stop(server: Server) -> None:
    names = Names()
    with writers(names, count=4, rate_per_s=100) as running:
        started = time.monotonic()
        while running.progress().acked < 20:
            assert time.monotonic() < started + 5
            time.sleep(0.002)
    took = time.monotonic() - started
    assert took > 0.1  # 20 writes at 100 a second
    history = running.stop()
    assert len(history) <= 100 * took + 2 * 4
    assert {op.client for op in history.ops} == {0, 1, 2, 3}
    assert names.clones == 4
    assert not [t for t in threading.enumerate() if t.name.startswith("writer-")]


def test_an_outage_is_not_followed_by_a_burst(server: Server) -> None:
    blocked = threading.Event()

    def behave(stage: str) -> None:
        if stage == "write":
            assert blocked.wait(5)

    server.behave = behave
    clients = writers(Names(), rate_per_s=50).start()
    time.sleep(0.4)
    blocked.set()
    released = time.monotonic()
    while len(clients.history) < 4:
        time.sleep(0.001)
    assert time.monotonic() - released > 0.03  # 20 attempts were missed and are not made up for
    clients.stop()
