"""One DNS name that can be pointed to a member: what a script does with Route 53's API."""

from __future__ import annotations

import asyncio
import threading
from typing import Self

from bicoastal.lab.route53.dns_server import DnsServer
from bicoastal.lab.route53.zones import Answer, Row


class Zone:
    """Answers every question with the address that it points to, while it is entered.

    Args:
        host: The loopback address of the DNS server.
        ttl_s: Time to live of the answers, in seconds of AWS time.
    """

    def __init__(self, host: str, ttl_s: int) -> None:
        self._ttl_s = ttl_s
        self._target = ""
        self._loop = asyncio.new_event_loop()
        self._server = DnsServer(host, self._answer)
        self._thread = threading.Thread(target=self._loop.run_forever, name="dns", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._server.start(), self._loop).result()
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._server.stop)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    @property
    def address(self) -> tuple[str, int]:
        """Host and port of the DNS server."""
        return self._server.address

    def point(self, address: str) -> None:
        """Answer with another address from now on."""
        self._target = address

    def _answer(self, name: str, kind: str) -> Answer:
        rows = (Row(name, "A", self._ttl_s, (self._target,)),) if kind == "A" else ()
        return Answer("NOERROR", rows)
