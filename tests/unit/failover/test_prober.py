"""The prober against real sockets: what is DOWN, what is alive, and what nobody can know."""

from __future__ import annotations

import errno
import socket
import ssl
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any

import pytest

from bicoastal.failover.config import Endpoint, ProberConfig
from bicoastal.failover.greeting import _peek
from bicoastal.failover.prober import probe
from bicoastal.failover.votes import Depth, Verdict, Vote

from . import servers
from .fakes import HOME, STANDBY, WITNESS

TIMEOUT_S = 0.4
Target = Callable[[], AbstractContextManager[Endpoint]]


def watch(target: Endpoint, other: Endpoint, region: str = STANDBY, **changes: Any) -> Vote:
    config = ProberConfig(region, {HOME: target, STANDBY: other})
    config = replace(
        config, probe_user=changes.pop("user", None), heartbeat=changes.pop("heartbeat", None)
    )
    return probe(config, HOME, timeout_s=TIMEOUT_S, **changes)


def vote_on(target: AbstractContextManager[Endpoint], **changes: Any) -> Vote:
    """Probe the target while another member answers."""
    with target as endpoint, servers.serve(servers.says(servers.greeting())) as other:
        return watch(endpoint, other, **changes)


def logged_in(behaviour: servers.Behaviour, **changes: Any) -> Vote:
    def password(*_: object) -> str:
        return "token"

    return vote_on(servers.serve(behaviour), **{"user": "p", "credentials": password, **changes})


def test_a_greeting_is_up() -> None:
    vote = vote_on(servers.serve(servers.says(servers.greeting())))
    assert (vote.verdict, vote.depth, vote.reason) == (Verdict.UP, Depth.GREETING, "greeting")
    assert (vote.witness, vote.member, vote.version) == (STANDBY, HOME, "8.0.39-fake")
    assert (vote.overloaded, vote.read_only) == (False, None)
    assert 0 < vote.elapsed_s < TIMEOUT_S


@pytest.mark.parametrize(
    ("target", "depth", "reason"),
    (
        (servers.dead, Depth.TCP, "connection refused"),
        (servers.unanswered, Depth.TCP, "no answer to a connection within 0.4 s"),
        (lambda: servers.serve(servers.hold), Depth.GREETING, "no greeting within 0.4 s (hung)"),
        (lambda: servers.serve(servers.says(b"\x4a\0")), Depth.GREETING, "no greeting within"),
        (lambda: servers.serve(servers.cut_short), Depth.GREETING, "reset before the greeting"),
        (lambda: servers.serve(servers.hang_up), Depth.GREETING, "reset before the greeting"),
        (lambda: servers.serve(servers.reset), None, "reset before the greeting"),
    ),
    ids=("refused", "timeout", "hung", "stuck", "cut short", "closed", "reset"),
)
def test_silence_is_down(target: Target, depth: Depth | None, reason: str) -> None:
    vote = vote_on(target())
    assert vote.verdict is Verdict.DOWN
    # A reset may come before or after the connection counts as made.
    assert vote.depth is (depth or vote.depth)
    assert reason in vote.reason
    assert vote.reason.endswith(f"; {STANDBY} answers")
    assert vote.elapsed_s < 2 * TIMEOUT_S


def test_a_trickle_of_bytes_does_not_stretch_the_timeout() -> None:
    def trickle(connection: socket.socket) -> None:
        for byte in servers.greeting():
            connection.sendall(bytes([byte]))
            time.sleep(0.05)

    began = time.monotonic()
    vote = vote_on(servers.serve(trickle))
    assert vote.verdict is Verdict.DOWN
    assert time.monotonic() - began < 3 * TIMEOUT_S


def test_nothing_is_read_after_the_deadline() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(b"data")
        with pytest.raises(TimeoutError):
            _peek(ours, 4, time.monotonic() - 1)


@pytest.mark.parametrize("code", (1040, 1129, 1203))
def test_an_overloaded_server_is_up_and_a_veto(code: int) -> None:
    vote = vote_on(servers.serve(servers.says(servers.error(code, "#08004Too much"))))
    assert (vote.verdict, vote.overloaded) == (Verdict.UP, True)
    assert vote.reason == f"reachable but overloaded: error {code} Too much"


def test_any_other_refusal_is_unknown() -> None:
    vote = vote_on(servers.serve(servers.says(servers.error(1130, "Host not allowed"))))
    assert (vote.verdict, vote.needs_repair) == (Verdict.UNKNOWN, True)
    assert vote.reason == "reachable, but refused: error 1130 Host not allowed"


def test_another_protocol_is_unknown() -> None:
    for banner in (b"SSH-2.0-OpenSSH\r\n", servers.packet(b"\x0aendless")):
        vote = vote_on(servers.serve(servers.says(banner)))
        assert (vote.verdict, vote.needs_repair) == (Verdict.UNKNOWN, True)
        assert "not a MySQL server" in vote.reason


def test_a_slow_greeting_is_an_overloaded_server() -> None:
    def slow(connection: socket.socket) -> None:
        time.sleep(TIMEOUT_S * 0.6)
        servers.says(servers.greeting())(connection)

    vote = vote_on(servers.serve(slow))
    assert (vote.verdict, vote.overloaded, vote.reason) == (Verdict.UP, True, "greeting, but slow")


def test_a_witness_that_reaches_nobody_does_not_say_down() -> None:
    with servers.dead() as target, servers.dead() as other:
        vote = watch(target, other)
    assert vote.verdict is Verdict.UNKNOWN
    assert "connection refused; but us-west-2 cannot be reached either" in vote.reason


def test_an_overloaded_member_proves_the_witness() -> None:
    busy = servers.says(servers.error(1040, "Too many connections"))
    with servers.dead() as target, servers.serve(busy) as other:
        assert watch(target, other).verdict is Verdict.DOWN


def test_a_hung_member_proves_nothing() -> None:
    with servers.dead() as target, servers.serve(servers.hold) as other:
        assert watch(target, other).verdict is Verdict.UNKNOWN


def test_the_witness_proves_itself_with_its_own_member_first_and_then_with_others() -> None:
    healthy = servers.says(servers.greeting())
    with servers.dead() as dead, servers.serve(healthy) as one, servers.serve(healthy) as two:
        members = {HOME: dead, WITNESS: one, STANDBY: two}
        vote = probe(ProberConfig(STANDBY, members), HOME, timeout_s=TIMEOUT_S)
        assert vote.reason.endswith("us-west-2 answers")
        members[STANDBY] = dead
        vote = probe(ProberConfig(STANDBY, members), HOME, timeout_s=TIMEOUT_S)
        assert (vote.verdict, vote.reason[-17:]) == (Verdict.DOWN, "us-east-2 answers")
    alone = probe(ProberConfig(STANDBY, {HOME: dead}), HOME, timeout_s=TIMEOUT_S)
    assert (alone.verdict, "no other member" in alone.reason) == (Verdict.UNKNOWN, True)


def test_an_unknown_member_is_unknown() -> None:
    vote = probe(ProberConfig(HOME, {HOME: Endpoint("127.0.0.1")}), "mars", timeout_s=1)
    assert (vote.verdict, vote.reason) == (
        Verdict.UNKNOWN,
        "not a member; the members are us-east-1",
    )


@pytest.mark.parametrize(
    ("problem", "verdict", "reason"),
    (
        (OSError(errno.EHOSTUNREACH, "No route to host"), Verdict.DOWN, "No route to host; us-w"),
        (OSError(errno.EMFILE, "Too many open files"), Verdict.UNKNOWN, "Too many open files"),
        (OSError("odd"), Verdict.UNKNOWN, "cannot connect: odd"),
        (socket.gaierror(-2, "Name or service not known"), Verdict.UNKNOWN, "name not resolved"),
    ),
    ids=("unreachable", "own limit", "odd", "dns"),
)
def test_what_the_witness_may_be_the_cause_of_is_unknown(
    problem: OSError, verdict: Verdict, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = socket.create_connection

    def connect(address: tuple[str, int], timeout: float) -> socket.socket:
        if address[0] == "home.invalid":
            raise problem
        return real(address, timeout)

    monkeypatch.setattr(socket, "create_connection", connect)
    with servers.serve(servers.says(servers.greeting())) as other:
        vote = watch(Endpoint("home.invalid"), other)
    assert vote.verdict is verdict
    assert reason in vote.reason


# --- login


@pytest.mark.parametrize(
    ("flags", "read_only", "reason"),
    (
        ((0, 0), False, "logged in, writable"),
        ((1, 0), True, "logged in, read-only (innodb_read_only)"),
        ((0, 1), True, "logged in, read-only (read_only)"),
    ),
)
def test_a_login_tells_the_role(flags: tuple[int, int], read_only: bool, reason: str) -> None:
    vote = logged_in(servers.server(*flags))
    assert (vote.verdict, vote.depth) == (Verdict.UP, Depth.LOGIN)
    assert (vote.read_only, vote.reason, vote.version) == (read_only, reason, "8.0.39-fake")


def test_the_credentials_are_made_for_the_member_that_is_probed() -> None:
    asked: list[tuple[str, int, str]] = []

    def password(member: str, endpoint: Endpoint, user: str) -> str:
        asked.append((member, endpoint.port, user))
        return "token"

    logged_in(servers.server(0, 0), credentials=password, user="probe")
    ((member, port, user),) = asked
    assert (member, port > 0, user) == (HOME, True, "probe")


@pytest.mark.parametrize("changes", ({"user": None}, {"credentials": None}))
def test_without_user_or_credentials_the_greeting_is_enough(changes: dict[str, Any]) -> None:
    assert logged_in(servers.server(0, 0), **changes).depth is Depth.GREETING


def test_an_overloaded_server_is_spared_the_login() -> None:
    vote = logged_in(servers.says(servers.error(1040, "Too many connections")))
    assert (vote.verdict, vote.depth) == (Verdict.UP, Depth.GREETING)


def test_missing_credentials_are_unknown_and_say_no_secret() -> None:
    def fails(*_: object) -> str:
        raise RuntimeError("secret-token")

    vote = logged_in(servers.server(0, 0), credentials=fails)
    assert (vote.verdict, vote.reason) == (Verdict.UNKNOWN, "no credentials: RuntimeError")
    assert vote.needs_repair


@pytest.mark.parametrize(
    ("behaviour", "verdict", "overloaded", "needs_repair", "reason"),
    (
        (servers.greet_then_refuse(1045, "Denied"), Verdict.UNKNOWN, False, True, "error 1045"),
        (servers.greet_then_refuse(1040, "Too many"), Verdict.UP, True, False, "but overloaded"),
        (servers.greet_then_refuse(1203, "User has"), Verdict.UP, True, False, "but overloaded"),
        (servers.greet_then_hang_up, Verdict.UNKNOWN, False, False, "lost in the login"),
        (servers.says(servers.greeting()), Verdict.UP, True, False, "no answer to the login"),
        (servers.trickle_the_login, Verdict.UP, True, False, "no answer to the login"),
        (servers.ask_in_clear, Verdict.UNKNOWN, False, True, "in clear, without TLS"),
    ),
    ids=("denied", "too many", "user limit", "lost", "slow", "trickle", "clear"),
)
def test_a_failed_login_is_never_down(
    behaviour: servers.Behaviour,
    verdict: Verdict,
    overloaded: bool,
    needs_repair: bool,
    reason: str,
) -> None:
    vote = logged_in(behaviour)
    assert (vote.verdict, vote.depth, vote.written) == (verdict, Depth.LOGIN, None)
    assert (vote.overloaded, vote.needs_repair) == (overloaded, needs_repair)
    assert reason in vote.reason
    assert vote.elapsed_s < 3 * TIMEOUT_S


@pytest.mark.parametrize(
    ("behaviour", "reason"),
    (
        (servers.greet_then_break_tls, "TLS failed"),
        (servers.server(0, 0), "SSL is required but the server doesn't support it"),
    ),
    ids=("broken", "not offered"),
)
def test_tls_errors_are_unknown(behaviour: servers.Behaviour, reason: str) -> None:
    vote = logged_in(behaviour, tls=ssl.create_default_context())
    assert (vote.verdict, vote.depth) == (Verdict.UNKNOWN, Depth.LOGIN)
    assert vote.needs_repair
    assert reason in vote.reason


def test_a_server_that_goes_away_in_tls_needs_no_repair() -> None:
    vote = logged_in(servers.reset_in_tls, tls=ssl.create_default_context())
    assert (vote.verdict, vote.depth) == (Verdict.UNKNOWN, Depth.LOGIN)
    assert not vote.needs_repair
    assert "lost in the login" in vote.reason


# --- canary


def wrote(answer: bytes | None, flags: tuple[int, int] = (0, 0)) -> Vote:
    behaviour = servers.server(*flags, canary=answer)
    return logged_in(behaviour, heartbeat="bicoastal.heartbeat")


def test_a_writer_takes_the_canary_of_the_witness() -> None:
    seen: list[bytes] = []
    behaviour = servers.server(0, 0, canary=servers.OK, seen=seen)
    vote = logged_in(behaviour, heartbeat="bicoastal.heartbeat")
    assert (vote.verdict, vote.depth, vote.written) == (Verdict.UP, Depth.CANARY, True)
    assert (vote.read_only, vote.reason) == (False, "wrote the canary")
    (statement,) = seen
    assert b"REPLACE INTO bicoastal.heartbeat" in statement
    assert f"'{STANDBY}'".encode() in statement


def test_a_standby_is_not_written_to() -> None:
    vote = wrote(servers.error(1290, "read-only", 1), (1, 0))
    assert (vote.verdict, vote.depth) == (Verdict.UP, Depth.LOGIN)
    assert (vote.read_only, vote.written) == (True, None)


@pytest.mark.parametrize(
    ("answer", "verdict", "depth", "facts", "reason"),
    (
        (None, Verdict.UP, Depth.CANARY, (False, False, False), "a write does not end"),
        (
            servers.error(1021, "Disk full", 1),
            Verdict.UP,
            Depth.CANARY,
            (False, False, False),
            "takes no write: error 1021 Disk full",
        ),
        (
            servers.error(1290, "read-only", 1),
            Verdict.UP,
            Depth.CANARY,
            (True, False, False),
            "takes no write: error 1290",
        ),
        (
            servers.error(1146, "No table", 1),
            Verdict.UP,
            Depth.LOGIN,
            (False, None, True),
            "run `bicoastal bootstrap`: error 1146",
        ),
        (b"", Verdict.UNKNOWN, Depth.CANARY, (None, None, False), "lost in the canary"),
    ),
    ids=("stalled", "disk full", "closed meanwhile", "not bootstrapped", "lost"),
)
def test_a_canary_that_is_not_written(
    answer: bytes | None,
    verdict: Verdict,
    depth: Depth,
    facts: tuple[bool | None, bool | None, bool],
    reason: str,
) -> None:
    vote = wrote(answer)
    assert (vote.verdict, vote.depth) == (verdict, depth)
    assert (vote.read_only, vote.written, vote.needs_repair) == facts
    assert reason in vote.reason
    assert not vote.overloaded
