"""A network as small as the tests need: TCP listeners that lead to unix sockets, and can be cut."""

from __future__ import annotations

import contextlib
import secrets
import socket
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path


class Plan:
    """One loopback address for each path."""

    def __init__(self, sources: Sequence[str], members: Sequence[str], port: int = 3306) -> None:
        self.sources, self.members, self.port = tuple(sources), tuple(members), port
        self._block = f"127.{64 + secrets.randbelow(190)}.{secrets.randbelow(256)}"

    def address(self, source: str, member: str) -> str:
        number = self.sources.index(source) * len(self.members) + self.members.index(member)
        return f"{self._block}.{10 + number}"


class Forwarding:
    """Leads each path to its member's socket until it is cut."""

    def __init__(self, plan: Plan, sockets: Mapping[str, Path]) -> None:
        self.plan, self.sockets = plan, {m: Path(p) for m, p in sockets.items()}
        self._open = {(s, m): threading.Event() for s in plan.sources for m in plan.members}
        self._listeners: list[socket.socket] = []

    def start(self) -> None:
        for source, member in self._open:
            listener = socket.create_server(
                (self.plan.address(source, member), self.plan.port), backlog=64
            )
            self._listeners.append(listener)
            self._open[source, member].set()
            threading.Thread(
                target=self._serve, args=(listener, source, member), daemon=True
            ).start()

    def stop(self) -> None:
        self.heal()
        for listener in self._listeners:
            listener.shutdown(socket.SHUT_RDWR)
            listener.close()

    def cut(self, source: str = "*", member: str = "*") -> None:
        for path in self._matching(source, member):
            self._open[path].clear()

    def heal(self, source: str = "*", member: str = "*") -> None:
        for path in self._matching(source, member):
            self._open[path].set()

    def _matching(self, source: str, member: str) -> list[tuple[str, str]]:
        return [p for p in self._open if source in ("*", p[0]) and member in ("*", p[1])]

    def _serve(self, listener: socket.socket, source: str, member: str) -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self._lead, args=(client, source, member), daemon=True).start()

    def _lead(self, client: socket.socket, source: str, member: str) -> None:
        gate = self._open[source, member]
        gate.wait()
        server = socket.socket(socket.AF_UNIX)
        try:
            server.connect(str(self.sockets[member]))
        except OSError:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            client.close()
            return
        for a, b in ((client, server), (server, client)):
            threading.Thread(target=self._pump, args=(a, b, gate), daemon=True).start()

    @staticmethod
    def _pump(a: socket.socket, b: socket.socket, gate: threading.Event) -> None:
        try:
            while data := a.recv(65536):
                gate.wait()
                b.sendall(data)
        except OSError:
            pass
        for end in (a, b):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
