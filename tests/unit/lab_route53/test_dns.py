"""The DNS server and the clients' resolver, over real sockets."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections.abc import Iterator

import dns.flags
import dns.message
import dns.query
import dns.rcode
import pytest

from bicoastal.errors import LabError
from bicoastal.lab.route53 import ResolutionError, Resolver
from bicoastal.lab.route53 import dns_server as dns_server_module
from bicoastal.lab.route53 import resolver as resolver_module
from bicoastal.lab.route53.dns_server import DnsServer, respond
from bicoastal.lab.route53.zones import Answer, Row

HOST = "127.0.0.53"


class Names:
    """Answers that a test may change."""

    def __init__(self) -> None:
        self.answers: dict[str, Answer] = {}
        self.asked: list[tuple[str, str]] = []
        self.server: DnsServer

    def __call__(self, name: str, type_: str) -> Answer:
        self.asked.append((name, type_))
        return self.answers.get(name, Answer("NXDOMAIN"))

    def set(self, name: str, *addresses: str, ttl_s: int = 5) -> None:
        self.answers[name] = Answer("NOERROR", (Row(name, "A", ttl_s, addresses),))


@pytest.fixture
def names() -> Names:
    return Names()


@contextlib.contextmanager
def serving(names: Names) -> Iterator[tuple[str, int]]:
    ready, stopped = threading.Event(), threading.Event()
    server = DnsServer(HOST, names)
    names.server = server

    async def run() -> None:
        await server.start()
        ready.set()
        await asyncio.to_thread(stopped.wait)
        server.stop()

    thread = threading.Thread(target=lambda: asyncio.run(run()))
    thread.start()
    assert ready.wait(5)
    try:
        yield server.address
    finally:
        stopped.set()
        thread.join()


@pytest.fixture
def address(names: Names) -> Iterator[tuple[str, int]]:
    with serving(names) as where:
        yield where


def test_the_chain_is_answered_over_udp_and_tcp(names: Names, address: tuple[str, int]) -> None:
    names.answers["db.example.com."] = Answer(
        "NOERROR",
        (
            Row("db.example.com.", "CNAME", 5, ("c.us-east-1.rds.amazonaws.com",)),
            Row("c.us-east-1.rds.amazonaws.com.", "A", 5, ("127.1.2.3",)),
        ),
    )
    query = dns.message.make_query("db.example.com", "A")
    for ask in (dns.query.udp, dns.query.tcp):
        answer = ask(query, HOST, timeout=2, port=address[1])
        assert [rows.to_text() for rows in answer.answer] == [
            "db.example.com. 5 IN CNAME c.us-east-1.rds.amazonaws.com.",
            "c.us-east-1.rds.amazonaws.com. 5 IN A 127.1.2.3",
        ]
        assert answer.flags & dns.flags.AA
    assert names.asked == [("db.example.com.", "A")] * 2


def test_an_unknown_name_is_said_to_be_unknown(address: tuple[str, int]) -> None:
    query = dns.message.make_query("nothing.example.com", "TXT")
    answer = dns.query.udp(query, HOST, timeout=2, port=address[1])
    assert answer.rcode() == dns.rcode.NXDOMAIN


def test_a_value_that_is_none_of_its_type_is_a_server_failure(names: Names) -> None:
    names.set("bad.", "not an address")
    wire = respond(dns.message.make_query("bad", "A").to_wire(), names)
    assert wire is not None
    answer = dns.message.from_wire(wire)
    assert answer.rcode() == dns.rcode.SERVFAIL
    assert not answer.answer


def test_what_is_not_one_question_is_a_format_error(names: Names) -> None:
    query = dns.message.make_query("a.example.com", "A")
    query.question = []
    wire = respond(query.to_wire(), names)
    assert wire is not None
    assert dns.message.from_wire(wire).rcode() == dns.rcode.FORMERR


def test_noise_is_not_answered_and_does_not_hurt(names: Names, address: tuple[str, int]) -> None:
    names.set("a.", "127.1.1.1")
    answer = dns.message.make_response(dns.message.make_query("a", "A")).to_wire()
    assert respond(b"noise", names) is None
    assert respond(answer, names) is None  # an answer is no question
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as noisy:
        noisy.sendto(b"noise", address)
    with socket.create_connection(address) as noisy:
        noisy.sendall(b"\x00\x05noise")
        assert noisy.recv(1) == b""
    with socket.create_connection(address) as hasty:
        hasty.sendall(b"\x00")
    assert Resolver(address).resolve("a") == "127.1.1.1"


def test_another_port_is_tried_when_one_is_taken_for_udp(
    names: Names, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind((HOST, 0))
        ports = iter([taken.getsockname()[1], 0])
        start_server = asyncio.start_server

        async def next_port(*arguments: object, **options: object) -> object:
            return await start_server(arguments[0], HOST, next(ports))  # type: ignore[arg-type]

        monkeypatch.setattr(asyncio, "start_server", next_port)
        with serving(names) as address:
            assert address[1] != taken.getsockname()[1]


def test_no_free_port_at_all(names: Names, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dns_server_module, "_ATTEMPTS", 0)
    server = DnsServer(HOST, names)
    with pytest.raises(LabError, match=f"No port of {HOST} is free"):
        asyncio.run(server.start())
    server.stop()


class Clock:
    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1000.0
        monkeypatch.setattr(resolver_module, "time", self)

    def monotonic(self) -> float:
        return self.now


@pytest.mark.parametrize(
    ("ttl_s", "pace", "lives_s"), ((5, 1, 5.0), (5, 20, 0.25), (5, 1000, 0.1), (0, 1, 0.0))
)
def test_times_to_live_are_divided_by_the_pace(ttl_s: int, pace: float, lives_s: float) -> None:
    names = Names()
    names.set("db.example.com.", "127.1.1.1", ttl_s=ttl_s)
    with serving(names) as address:
        resolver = Resolver(address, pace=pace)
        assert resolver._ask("db.example.com") == ("127.1.1.1", lives_s)


def test_an_answer_is_kept_for_its_time_to_live(
    names: Names, address: tuple[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock(monkeypatch)
    names.set("db.example.com.", "127.1.1.1")
    resolver = Resolver(address)
    assert resolver.resolve("db.example.com") == "127.1.1.1"
    names.set("db.example.com.", "127.2.2.2", ttl_s=0)
    clock.now += 4.999
    assert resolver.resolve("db.example.com") == "127.1.1.1"
    clock.now += 0.002
    assert resolver.resolve("db.example.com") == "127.2.2.2"
    names.set("db.example.com.", "127.3.3.3")
    assert resolver.resolve("db.example.com") == "127.3.3.3"  # a time to live of 0 is not kept


def test_the_shortest_time_to_live_of_the_chain_counts(
    names: Names, address: tuple[str, int]
) -> None:
    rows = (Row("a.", "CNAME", 3, ("b.",)), Row("b.", "A", 60, ("127.1.1.1",)))
    names.answers["a."] = Answer("NOERROR", rows)
    assert Resolver(address)._ask("a.") == ("127.1.1.1", 3.0)


def test_clones_have_caches_of_their_own(names: Names, address: tuple[str, int]) -> None:
    names.set("db.example.com.", "127.1.1.1")
    one = Resolver(address)
    two = one.clone()
    assert one.resolve("db.example.com") == "127.1.1.1"
    names.set("db.example.com.", "127.2.2.2")
    assert (one.resolve("db.example.com"), two.resolve("db.example.com")) == (
        "127.1.1.1",
        "127.2.2.2",
    )


def test_a_name_without_an_address(names: Names, address: tuple[str, int]) -> None:
    names.answers["text."] = Answer("NOERROR", (Row("text.", "CNAME", 5, ("away.",)),))
    with pytest.raises(ResolutionError, match=r"text\. has no address.*NOERROR"):
        Resolver(address).resolve("text.")
    with pytest.raises(ResolutionError, match="NXDOMAIN"):
        Resolver(address).resolve("nothing.")


def test_a_server_that_does_not_answer() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as mute:
        mute.bind((HOST, 0))
        resolver = Resolver(mute.getsockname(), timeout_s=0.05)
        with pytest.raises(ResolutionError, match="could not be resolved at"):
            resolver.resolve("db.example.com")


def test_a_silent_server_answers_nobody_until_it_speaks_again(
    names: Names, address: tuple[str, int]
) -> None:
    names.set("db.example.com.", "127.0.0.9")
    query = dns.message.make_query("db.example.com.", "A")
    host, port = address
    names.server.silent = True
    with pytest.raises(dns.exception.Timeout):
        dns.query.udp(query, host, port=port, timeout=0.2)
    with pytest.raises(EOFError):
        dns.query.tcp(query, host, port=port, timeout=2)
    names.server.silent = False
    assert dns.query.udp(query, host, port=port, timeout=5).answer
