"""One relayed connection: two directions, each an ordered queue with a delay."""

from __future__ import annotations

import asyncio
import random
import socket
import struct
from collections import deque
from typing import Protocol

_CHUNK = 65536
# More than 36 MB/s x 60 ms, so that the queue of a delayed path is not what limits it.
_MOST_QUEUED = 4 * 1024 * 1024
_RETRY_S = 0.2
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


_RETRANSMIT_S = 0.2
"""Linux's shortest retransmission time-out, TCP_RTO_MIN; it doubles with every further loss
(https://www.rfc-editor.org/rfc/rfc6298)."""
_MOST_LOSSES = 5


def repaired(loss: float) -> float:
    """How long TCP takes to repair what is lost of one segment, in seconds; drawn by lot.

    A relay has no packets to lose: it can only be as late as a sender that must send again. Fast
    retransmission and the congestion window are left out.

    Args:
        loss: The share of packets that are lost, 0 to 1.
    """
    late_s, timeout_s = 0.0, _RETRANSMIT_S
    for _ in range(_MOST_LOSSES):
        if random.random() >= loss:  # noqa: S311 - no secret
            break
        late_s, timeout_s = late_s + timeout_s, timeout_s * 2
    return late_s


class Route(Protocol):
    """What a connection asks of the path that it runs on."""

    cut: bool
    mute: str
    delay_s: float
    loss: float
    bytes_up: int
    bytes_down: int

    @property
    def backend(self) -> str | None:
        """The unix socket behind the path."""
        ...

    def forget(self, connection: Connection) -> None:
        """Drop a finished connection from the path's list."""
        ...


class Pipe:
    """One direction of a connection: reads, holds for the delay, writes in order."""

    def __init__(
        self, connection: Connection, source: socket.socket, target: socket.socket, *, upward: bool
    ) -> None:
        self._connection = connection
        self._loop = connection.loop
        self._source, self._target = source, target
        self._upward = upward
        self._queue: deque[tuple[float, bytes]] = deque()
        self._queued = 0
        self._ended = self._blocked = self._reading = self._writing = False
        self._timer: asyncio.TimerHandle | None = None

    def settle(self) -> None:
        """Bring readers, writers and timer in line with the path's state."""
        route = self._connection.route
        cut = route.cut or route.mute == ("up" if self._upward else "down")
        self._watch_reads(on=not (cut or self._ended or self._queued > _MOST_QUEUED))
        self._watch_writes(on=self._blocked and not cut)
        if cut:
            self._cancel_timer()
        elif self._queue and not self._blocked and self._timer is None:
            self._pump()

    def close(self) -> None:
        """Stop watching; nothing more is delivered."""
        self._watch_reads(on=False)
        self._watch_writes(on=False)
        self._cancel_timer()
        self._queue.clear()

    def _watch_reads(self, *, on: bool) -> None:
        if on and not self._reading:
            self._loop.add_reader(self._source, self._on_readable)
        elif self._reading and not on:
            self._loop.remove_reader(self._source)
        self._reading = on

    def _watch_writes(self, *, on: bool) -> None:
        if on and not self._writing:
            self._loop.add_writer(self._target, self._on_writable)
        elif self._writing and not on:
            self._loop.remove_writer(self._target)
        self._writing = on

    def _cancel_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _on_readable(self) -> None:
        try:
            data = self._source.recv(_CHUNK)
        except BlockingIOError:
            return
        except OSError:
            self._connection.reset()
            return
        # The end of the stream travels through the queue too: it may not overtake bytes.
        self._ended = not data
        route = self._connection.route
        late_s = route.delay_s + repaired(route.loss)
        self._queue.append((self._loop.time() + late_s, data))
        self._queued += len(data)
        if self._ended or self._queued > _MOST_QUEUED:
            self._watch_reads(on=False)
        if not self._blocked and self._timer is None:
            self._pump()

    def _on_writable(self) -> None:
        self._blocked = False
        self._watch_writes(on=False)
        self._pump()

    def _on_timer(self) -> None:
        self._timer = None
        self._pump()

    def _pump(self) -> None:
        while self._queue:
            due, data = self._queue[0]
            if due > self._loop.time():
                self._timer = self._loop.call_at(due, self._on_timer)
                return
            if not data:
                self._queue.popleft()
                self._connection.ended(upward=self._upward)
                return
            try:
                sent = self._target.send(data)
            except BlockingIOError:
                self._blocked = True
                self._watch_writes(on=True)
                return
            except OSError:
                self._connection.reset()
                return
            self._took(sent, due, data)

    def _took(self, sent: int, due: float, data: bytes) -> None:
        if self._upward:
            self._connection.route.bytes_up += sent
        else:
            self._connection.route.bytes_down += sent
        self._queued -= sent
        if sent == len(data):
            self._queue.popleft()
        else:
            self._queue[0] = (due, data[sent:])
        if not (self._ended or self._reading or self._queued > _MOST_QUEUED):
            self._watch_reads(on=True)


class Connection:
    """A client's TCP connection and the connection to the database's unix socket behind it."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, route: Route, client: socket.socket
    ) -> None:
        self.loop = loop
        self.route = route
        self._client = client
        self._backend: socket.socket | None = None
        self._pipes: tuple[Pipe, ...] = ()
        self._closed = False
        self._opener: asyncio.TimerHandle | None = None
        client.setblocking(False)
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        # The kernel answered SYN at once; over the real distance the server would accept after
        # three one-way trips (SYN, SYN-ACK, ACK). Its greeting then takes the fourth.
        # A lost SYN is sent again after a second (RFC 6298, section 2).
        handshake_s = 3 * route.delay_s + 5 * repaired(route.loss)
        self._opener = loop.call_later(handshake_s, self._open)

    def settle(self) -> None:
        """Follow a change of the path: cut, healed or delayed."""
        if self._opener is None and not self._pipes:
            self._open()
        for pipe in self._pipes:
            if not self._closed:  # the first direction may have met a dead peer
                pipe.settle()

    def _open(self) -> None:
        self._opener = None
        if self.route.cut or self.route.mute:
            return  # settle() tries again when the path is healed
        backend = socket.socket(socket.AF_UNIX)
        backend.setblocking(False)
        try:
            backend.connect(self.route.backend or "")
        except BlockingIOError:
            # A stopped server whose queue is full: the client stays connected and hears nothing.
            backend.close()
            self._opener = self.loop.call_later(_RETRY_S, self._open)
            return
        except OSError:
            backend.close()
            self.reset()
            return
        self._backend = backend
        self._pipes = (
            Pipe(self, self._client, backend, upward=True),
            Pipe(self, backend, self._client, upward=False),
        )
        self.settle()

    def ended(self, *, upward: bool) -> None:
        """Pass on the end of one direction, after everything before it was delivered."""
        if upward and self._backend is not None:
            self._backend.shutdown(socket.SHUT_WR)
        else:
            # A database closes both directions at once; what the client still sends is answered
            # with a reset by the kernel.
            self.close()

    def reset(self) -> None:
        """Close both sides; the client gets RST instead of an orderly end."""
        self._client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        self.close()

    def close(self) -> None:
        """Close both sides and forget the connection."""
        self._closed = True
        if self._opener is not None:
            self._opener.cancel()
        for pipe in self._pipes:
            pipe.close()
        self._client.close()
        if self._backend is not None:
            self._backend.close()
        self.route.forget(self)
