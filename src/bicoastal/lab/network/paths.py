"""One path of the network: its listener, which is open, refuses or drops, and its connections."""

from __future__ import annotations

import asyncio
import socket
import struct
import time
from dataclasses import dataclass
from typing import Any

from bicoastal.lab.network.pipes import Connection

_BACKLOG = 1024
_FILL_TRIES = 200
# Offset of tcpi_unacked in struct tcp_info, which for a listener holds the length of the accept
# queue (https://git.kernel.org/pub/scm/linux/kernel/git/torvalds/linux.git/tree/net/ipv4/tcp.c,
# tcp_get_info; the struct is in include/uapi/linux/tcp.h).
_TCP_INFO_SIZE = 104
_QUEUE_LENGTH_AT = 24


@dataclass
class Backend:
    """The server behind a member's paths.

    Attributes:
        socket: Its unix socket's path, None while there is no server.
        alive: Whether something listens there.
    """

    socket: str | None = None
    alive: bool = False


class RelayPath:
    """Relays one loopback address to a member's unix socket, by the path's present state."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        source: str,
        member: str,
        address: tuple[str, int],
        backend: Backend,
    ) -> None:
        self._loop = loop
        self.source, self.member = source, member
        self._address = address
        self._backend = backend
        self._listener: socket.socket | None = None
        self._fillers: dict[Any, socket.socket] = {}
        self._connections: set[Connection] = set()
        self.cut = False
        self.mute = ""
        self.delay_s = self.loss = 0.0
        self._accepted = self.bytes_up = self.bytes_down = 0

    @property
    def backend(self) -> str | None:
        """The unix socket behind the path."""
        return self._backend.socket

    def apply(self) -> None:
        """Bring the listener and all connections in line with cut, delay and backend."""
        if self.cut or self.mute:  # a handshake needs both directions
            self._drop()
        elif self._backend.alive:
            self._accept_all()
        else:
            self._refuse()
        for connection in tuple(self._connections):
            connection.settle()

    def forget(self, connection: Connection) -> None:
        """Drop a finished connection from the list."""
        self._connections.discard(connection)

    def reset_connections(self) -> None:
        """Reset every connection: the server behind the path was replaced."""
        for connection in tuple(self._connections):
            connection.reset()

    def close(self) -> None:
        """Close the listener and reset every connection."""
        self._refuse()
        self.reset_connections()

    def stats(self) -> dict[str, Any]:
        """Describe the path for `PathStats`."""
        alive = "open" if self._backend.alive else "refusing"
        return {
            "source": self.source,
            "member": self.member,
            "address": self._address[0],
            "state": "cut" if self.cut or self.mute else alive,
            "delay_ms": self.delay_s * 1000,
            "accepted": self._accepted,
            "established": len(self._connections),
            "bytes_up": self.bytes_up,
            "bytes_down": self.bytes_down,
        }

    def _bound(self) -> socket.socket:
        if self._listener is None:
            listener = socket.socket()
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.setblocking(False)
            try:
                listener.bind(self._address)
            except OSError:
                listener.close()
                raise
            self._listener = listener
        return self._listener

    def _accept_all(self) -> None:
        listener = self._bound()
        listener.listen(_BACKLOG)
        self._loop.add_reader(listener, self._on_acceptable, listener)
        if self._fillers:
            self._on_acceptable(listener)

    def _refuse(self) -> None:
        if self._listener is not None:
            self._loop.remove_reader(self._listener)
            self._listener.close()
            self._listener = None
        self._discard_fillers()

    def _drop(self) -> None:
        """Fill the accept queue and leave it: Linux drops a SYN that meets a full queue.

        With a backlog of 0 one waiting connection fills it (net/ipv4/tcp_input.c,
        tcp_conn_request and sk_acceptq_is_full). The client's connect times out, as it would
        over a dead line.
        """
        listener = self._bound()
        self._loop.remove_reader(listener)
        listener.listen(0)
        for _ in range(_FILL_TRIES):
            if _queue_length(listener) > 0:
                return
            filler = socket.socket()
            filler.setblocking(False)
            filler.connect_ex(self._address)
            self._fillers[filler.getsockname()] = filler
            time.sleep(0.0005)  # the handshake is the kernel's, normally done already
        raise OSError(f"the accept queue of {self._address} could not be filled")

    def _discard_fillers(self) -> None:
        for filler in self._fillers.values():
            filler.close()
        self._fillers.clear()

    def _on_acceptable(self, listener: socket.socket) -> None:
        while True:
            try:
                client, peer = listener.accept()
            except OSError:
                return  # nothing waits any more, or it was aborted while it waited
            filler = self._fillers.pop(peer, None)
            if filler is not None:
                filler.close()
                client.close()
                continue
            self._accepted += 1
            self._connections.add(Connection(self._loop, self, client))


def _queue_length(listener: socket.socket) -> int:
    info = listener.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _TCP_INFO_SIZE)
    length: int = struct.unpack_from("I", info, _QUEUE_LENGTH_AT)[0]
    return length
