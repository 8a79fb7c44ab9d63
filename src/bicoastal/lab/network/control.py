"""Steering a running network from any process, by the path of its control socket."""

from __future__ import annotations

import json
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from bicoastal.errors import LabError

_TIMEOUT_S = 10.0
READY = '{"ready": true}'
"""What the relay prints once it listens."""


@dataclass(frozen=True)
class PathStats:
    """What one path has carried.

    Attributes:
        source: Where connections come from.
        member: Whose database they reach.
        address: The path's loopback address.
        state: ``open``, ``refusing`` (nothing listens behind it) or ``cut``.
        delay_ms: One-way delay, milliseconds.
        accepted: Connections accepted since the start.
        established: Connections open now.
        bytes_up: Bytes delivered to the database.
        bytes_down: Bytes delivered to the source.
    """

    source: str
    member: str
    address: str
    state: str
    delay_ms: float
    accepted: int
    established: int
    bytes_up: int
    bytes_down: int


class NetworkControl:
    """Cuts, heals and delays paths of a running network.

    Every call opens a connection of its own, so one object may serve several threads and survive
    a fork. ``"*"`` stands for every source or every member.

    Args:
        path: The control socket, `control_path` of the `Network`.
    """

    def __init__(self, path: Path | str) -> None:
        self.control_path = Path(path)

    def cut(
        self, source: str = "*", member: str = "*", *, way: Literal["", "up", "down"] = ""
    ) -> None:
        """Cut paths: new connections time out, established ones go silent without closing.

        It is in effect when the call returns. A cut hides even a dead server.

        Args:
            source: Where the path begins, or ``"*"``.
            member: Where it ends, or ``"*"``.
            way: Only towards the member (`up`) or only from it (`down`): established connections
                go on in the other direction. New ones time out: a handshake needs both.

        Raises:
            LabError: If there is no such path or the network does not answer.
        """
        self._call("cut", source=source, member=member, way=way)

    def heal(self, source: str = "*", member: str = "*") -> None:
        """Heal cut paths: what was queued is delivered, as TCP retransmits after a short cut.

        Args:
            source: Where the path begins, or ``"*"``.
            member: Where it ends, or ``"*"``.

        Raises:
            LabError: If there is no such path or the network does not answer.
        """
        self._call("heal", source=source, member=member)

    def set_delay(self, delay_ms: float, source: str = "*", member: str = "*") -> None:
        """Set the one-way delay of paths; order within a connection is kept.

        Args:
            delay_ms: Milliseconds each way (a round trip takes twice as long), 0 for none.
            source: Where the path begins, or ``"*"``.
            member: Where it ends, or ``"*"``.

        Raises:
            LabError: If there is no such path or the network does not answer.
        """
        self._call("delay", source=source, member=member, delay_ms=delay_ms)

    def set_loss(self, loss: float, source: str = "*", member: str = "*") -> None:
        """Set the share of packets that paths lose; TCP repairs each loss, and takes its time.

        Args:
            loss: The share, 0 to 1.
            source: Where the path begins, or ``"*"``.
            member: Where it ends, or ``"*"``.

        Raises:
            LabError: If there is no such path, the share is none, or the network does not answer.
        """
        self._call("loss", source=source, member=member, loss=loss)

    def set_socket(self, member: str, path: Path | str | None) -> None:
        """Name the unix socket behind a member; connections to another one are reset.

        The socket need not exist yet: the member's paths refuse until a server listens on it.

        Args:
            member: The member.
            path: The socket's path exactly as the server binds it, or None for no server.

        Raises:
            LabError: If there is no such member or the network does not answer.
        """
        self._call("socket", member=member, path=None if path is None else str(path))

    def stats(self) -> list[PathStats]:
        """Read what every path carried.

        Raises:
            LabError: If the network does not answer.
        """
        return [PathStats(**row) for row in self._call("stats")]

    def _call(self, op: str, **arguments: Any) -> Any:
        request = json.dumps({"op": op, **arguments}) + "\n"
        try:
            with socket.socket(socket.AF_UNIX) as channel:
                channel.settimeout(_TIMEOUT_S)
                channel.connect(str(self.control_path))
                channel.sendall(request.encode())
                with channel.makefile("rb") as answers:
                    line = answers.readline()
        except OSError as error:
            raise LabError(
                f"The lab's network does not answer at {self.control_path}: {error}. Is it up?"
            ) from error
        if not line:
            raise LabError(f"The lab's network at {self.control_path} stopped while it was asked.")
        answer = json.loads(line)
        if "error" in answer:
            raise LabError(str(answer["error"]))
        return answer["result"]
