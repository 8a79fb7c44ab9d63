"""A client's resolver: asks the lab's DNS server and keeps answers for their time to live."""

from __future__ import annotations

import threading
import time

import dns.exception
import dns.message
import dns.query
import dns.rcode
import dns.rdatatype

from bicoastal.errors import LabError

_SHORTEST_TTL_S = 0.1


class ResolutionError(LabError):
    """A name could not be resolved."""


class Resolver:
    """Resolves names to IPv4 addresses, with a cache that honours times to live.

    The C library does not cache, but most clients do somewhere; without a cache a time to live
    would mean nothing.

    Args:
        server: Host and port of the DNS server.
        pace: How many times faster than AWS the lab runs: times to live are divided by it, but
            not below 0.1 s.
        timeout_s: Seconds to wait for the server.
    """

    def __init__(
        self, server: tuple[str, int], *, pace: float = 1.0, timeout_s: float = 1.0
    ) -> None:
        self._server = server
        self._pace = pace
        self._timeout_s = timeout_s
        self._lock = threading.Lock()
        self._cache: dict[str, tuple[str, float]] = {}

    def clone(self) -> Resolver:
        """Make a resolver with the same settings and a cache of its own, for another client."""
        return Resolver(self._server, pace=self._pace, timeout_s=self._timeout_s)

    def resolve(self, name: str) -> str:
        """Resolve a name.

        Args:
            name: A domain name.

        Returns:
            A dotted IPv4 address.

        Raises:
            ResolutionError: If there is no address or the server does not answer.
        """
        with self._lock:
            address, until = self._cache.get(name, ("", 0.0))
        if time.monotonic() < until:
            return address
        address, ttl_s = self._ask(name)
        with self._lock:
            self._cache[name] = address, time.monotonic() + ttl_s
        return address

    def _ask(self, name: str) -> tuple[str, float]:
        host, port = self._server
        try:
            query = dns.message.make_query(name, dns.rdatatype.A)
            answer, _ = dns.query.udp_with_fallback(query, host, self._timeout_s, port)
        except (dns.exception.DNSException, OSError) as error:
            raise ResolutionError(f"{name} could not be resolved at {host}:{port}: {error}") from (
                error
            )
        addresses = [
            row.to_text()
            for rows in answer.answer
            if rows.rdtype == dns.rdatatype.A
            for row in rows
        ]
        if not addresses:
            code = dns.rcode.to_text(answer.rcode())
            raise ResolutionError(f"{name} has no address: the lab's DNS server said {code}.")
        ttl_s = min(rows.ttl for rows in answer.answer)
        return addresses[0], max(_SHORTEST_TTL_S, ttl_s / self._pace) if ttl_s else 0.0
