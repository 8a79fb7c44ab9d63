"""`--resolver`, with a DNS server in memory."""

from __future__ import annotations

import sys
from typing import Any

import dns.message
import dns.query
import dns.rrset
import pytest

from bicoastal.cli.resolving import resolver_at
from bicoastal.operate.errors import BadRequest


def answered(monkeypatch: pytest.MonkeyPatch, *rows: str) -> list[Any]:
    asked: list[Any] = []

    def udp(query: Any, host: str, timeout: float, port: int) -> tuple[Any, bool]:
        asked.append((host, port))
        if rows == ("silence",):
            raise dns.exception.Timeout
        answer = dns.message.make_response(query)
        for row in rows:
            name, kind, value = row.split()
            answer.answer.append(dns.rrset.from_text(name, 5, "IN", kind, value))
        return answer, False

    monkeypatch.setattr(dns.query, "udp_with_fallback", udp)
    return asked


def test_aliases_and_addresses_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = answered(monkeypatch, "db. CNAME aurora.", "aurora. A 10.0.0.1")
    resolve, name = resolver_at("127.0.0.1:5300")
    assert (list(resolve("db")), name) == (["aurora", "10.0.0.1"], "127.0.0.1:5300")
    resolver_at("10.0.0.2")[0]("db")
    assert asked == [("127.0.0.1", 5300), ("10.0.0.2", 53)]


@pytest.mark.parametrize(("rows", "words"), (((), "NOERROR"), (("silence",), "timed out")))
def test_no_answer_is_an_oserror(
    rows: tuple[str, ...], words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    answered(monkeypatch, *rows)
    with pytest.raises(OSError, match=words):
        resolver_at("127.0.0.1")[0]("db")


def test_what_is_not_an_address_or_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(BadRequest, match="must be HOST or HOST:PORT"):
        resolver_at("host:dns")
    monkeypatch.setitem(sys.modules, "dns.query", None)
    with pytest.raises(BadRequest, match="needs dnspython"):
        resolver_at("127.0.0.1")
