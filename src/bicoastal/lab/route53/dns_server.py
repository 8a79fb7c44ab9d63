"""A DNS server, over UDP and TCP, for the lab's zones."""

from __future__ import annotations

import asyncio
import contextlib
import struct
from collections.abc import Callable
from typing import cast

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset

from bicoastal.errors import LabError
from bicoastal.lab.route53.zones import Answer, Row

Responder = Callable[[str, str], Answer]
_ATTEMPTS = 20


def respond(wire: bytes, responder: Responder) -> bytes | None:
    """Answer one DNS message (RFC 1035, https://www.rfc-editor.org/rfc/rfc1035).

    Args:
        wire: The query as received.
        responder: Answers (name, type).

    Returns:
        The response as sent, None for what is not a DNS query.
    """
    try:
        query = dns.message.from_wire(wire)
        response = dns.message.make_response(query, recursion_available=True)
    except dns.exception.DNSException:
        return None
    if len(query.question) != 1:
        response.set_rcode(dns.rcode.FORMERR)
        return response.to_wire()
    question = query.question[0]
    answer = responder(question.name.to_text(), dns.rdatatype.to_text(question.rdtype))
    response.flags |= dns.flags.AA
    response.set_rcode(dns.rcode.from_text(answer.code))
    try:
        response.answer.extend(_rrset(row) for row in answer.rows)
    except dns.exception.DNSException:  # the zone holds a value that is none of its type
        response.set_rcode(dns.rcode.SERVFAIL)
        response.answer.clear()
    return response.to_wire()


def _rrset(row: Row) -> dns.rrset.RRset:
    return dns.rrset.from_text_list(
        row.name, row.ttl_s, "IN", row.type, row.values, origin=dns.name.root, relativize=False
    )


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, answer: Callable[[bytes], bytes | None]) -> None:
        self._answer = answer
        self._transport: asyncio.DatagramTransport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # asyncio's own transport is no subclass of DatagramTransport, it only behaves as one.
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        response = self._answer(data)
        if response is not None:
            self._transport.sendto(response, addr)


class DnsServer:
    """Listens on one loopback address, the same free port for UDP and TCP.

    Args:
        host: The loopback address.
        responder: Answers (name, type).

    Attributes:
        address: Host and port, once it listens.
        silent: Whether queries are left without an answer.
    """

    def __init__(self, host: str, responder: Responder) -> None:
        self._host = host
        self._responder = responder
        self._datagrams: asyncio.DatagramTransport | None = None
        self._streams: asyncio.Server | None = None
        self.address = (host, 0)
        self.silent = False

    async def start(self) -> None:
        """Listen.

        Raises:
            LabError: If no port is free for both protocols.
        """
        loop = asyncio.get_running_loop()
        for _ in range(_ATTEMPTS):
            streams = await asyncio.start_server(self._serve, self._host, 0)
            port = streams.sockets[0].getsockname()[1]
            try:
                self._datagrams, _ = await loop.create_datagram_endpoint(
                    lambda: _Datagrams(self._answer), local_addr=(self._host, port)
                )
            except OSError:  # the port is taken for UDP
                streams.close()
                continue
            self._streams = streams
            self.address = (self._host, port)
            return
        raise LabError(f"No port of {self._host} is free for the lab's DNS server.")

    def _answer(self, wire: bytes) -> bytes | None:
        return None if self.silent else respond(wire, self._responder)

    def stop(self) -> None:
        """Stop listening."""
        if self._datagrams is not None:
            self._datagrams.close()
        if self._streams is not None:
            self._streams.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                (size,) = struct.unpack("!H", await reader.readexactly(2))
                response = self._answer(await reader.readexactly(size))
                if response is None:
                    break
                writer.write(struct.pack("!H", len(response)) + response)
                await writer.drain()
        writer.close()
