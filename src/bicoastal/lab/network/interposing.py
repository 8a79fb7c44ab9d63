"""Puts a front between a relayed connection and the database's socket."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable

from bicoastal.lab.network.front import Front

_CHUNK = 65536


class Interposed:
    """Two sockets and the front between them.

    The relay's pipes end in `near`, as they would in the database's own socket. A server that says
    nothing leaves the front silent, and one that is gone ends the connection.

    Args:
        loop: the relay's loop.
        server: the connection to the database; owned from here on.
        front: what stands between.
        on_reset: called when the database broke the connection off.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        server: socket.socket,
        front: Front,
        on_reset: Callable[[], None],
    ) -> None:
        self._loop = loop
        self._server, self._front, self._on_reset = server, front, on_reset
        self.near, self._far = socket.socketpair()
        self.near.setblocking(False)
        self._far.setblocking(False)
        self._turn = asyncio.Lock()  # what one side's packet leads to is sent before the next's
        self._tasks = [
            loop.create_task(self._carry(self._far, front.from_client, self._client_ended)),
            loop.create_task(self._carry(server, front.from_server, self._end)),
        ]

    def close(self) -> None:
        """End it; the database sees its client go at once."""
        for task in self._tasks:
            task.cancel()
        for end in (self._server, self._far):
            # Before the descriptor's number may be given to another socket.
            self._loop.remove_reader(end)
            self._loop.remove_writer(end)
            end.close()

    async def _carry(
        self, source: socket.socket, feed: Callable[[bytes], None], ended: Callable[[], None]
    ) -> None:
        try:
            while data := await self._loop.sock_recv(source, _CHUNK):
                async with self._turn:
                    feed(data)
                    await self._send()
                if self._front.is_over:
                    break
        except OSError:
            self._on_reset()
        else:
            ended()

    def _client_ended(self) -> None:
        if self._front.is_over:
            self._end()
            return
        with contextlib.suppress(OSError):  # the database was quicker
            self._server.shutdown(socket.SHUT_WR)

    def _end(self) -> None:
        """Let the relay deliver what is on its way, and then the end."""
        self._far.shutdown(socket.SHUT_RDWR)

    async def _send(self) -> None:
        front = self._front
        for socket_, buffer in ((self._far, front.to_client), (self._server, front.to_server)):
            data = bytes(buffer)
            buffer.clear()
            if data:  # even nothing cannot be sent to who has said his last word and left
                await self._loop.sock_sendall(socket_, data)
