"""The one place for a lab that keeps running: who holds it, what it tells, how it is ended.

An abstract unix socket (https://man7.org/linux/man-pages/man7/unix.7.html) is the place: only one
process can bind its name, and it is gone with that process, whatever ended it. There is one for
each user and temporary folder. The kernel tells who is at the other end (SO_PEERCRED).
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import select
import signal
import socket
import struct
import tempfile
import threading
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from bicoastal.errors import LabError

STARTING, UP = "starting", "up"
_TIMEOUT_S = 5.0
_CREDENTIALS = struct.Struct("3i")  # struct ucred: pid, uid, gid


@dataclass(frozen=True)
class Running:
    """A lab that runs.

    Attributes:
        pid: Its process.
        info: What it tells: `state` (`starting` or `up`), and when it is up its addresses.
    """

    pid: int
    info: dict[str, Any]


class Place:
    """Holds the place while entered, and tells whoever of the same user asks.

    Raises:
        LabError: A lab runs there already; or another user's process has taken the name.
    """

    def __init__(self) -> None:
        self._info: dict[str, Any] = {"state": STARTING}
        self._socket = socket.socket(socket.AF_UNIX)
        self._thread = threading.Thread(target=self._serve, name="place", daemon=True)

    def __enter__(self) -> Self:
        try:
            self._socket.bind(_name())
        except OSError:
            self._socket.close()
            running = find()
            who = "is being ended" if running is None else f"is process {running.pid}"
            raise LabError(
                f"a lab is running here already: it {who}. 'bicoastal lab status' tells its "
                "addresses, 'bicoastal lab down' removes it"
            ) from None
        self._socket.listen()
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)  # wakes the thread
        self._thread.join()
        self._socket.close()

    def publish(self, info: dict[str, Any]) -> None:
        """Tell something else from now on.

        Args:
            info: JSON values.
        """
        self._info = {"state": UP, **info}

    def _serve(self) -> None:
        while True:
            try:
                channel, _ = self._socket.accept()
            except OSError:
                return
            with channel, contextlib.suppress(OSError):
                channel.settimeout(_TIMEOUT_S)
                if _peer(channel)[1] == os.getuid():
                    channel.sendall(json.dumps(self._info).encode())


def find() -> Running | None:
    """Find the lab that runs here.

    Returns:
        The lab; None if there is none.

    Raises:
        LabError: Another user's process holds the place.
    """
    with socket.socket(socket.AF_UNIX) as channel:
        channel.settimeout(_TIMEOUT_S)
        try:
            channel.connect(_name())
            pid, uid = _peer(channel)
            if uid != os.getuid():
                raise LabError(
                    f"process {pid} of another user (uid {uid}) holds the place of your lab; set "
                    "TMPDIR to another folder"
                )
            with channel.makefile("rb") as answer:
                text = answer.read()
        except OSError:  # nobody listens, or its process ended meanwhile
            return None
    return Running(pid, json.loads(text)) if text else None


def stop(running: Running, patience_s: float = 30.0) -> bool:
    """End a lab, in order; by force after a while. What it started ends with it.

    Args:
        running: The lab.
        patience_s: Seconds until it is killed.

    Returns:
        Whether it ended by itself.
    """
    try:
        descriptor = os.pidfd_open(running.pid)
    except ProcessLookupError:
        return True
    try:
        signal.pidfd_send_signal(descriptor, signal.SIGTERM)
        poll = select.poll()
        poll.register(descriptor, select.POLLIN)
        if poll.poll(patience_s * 1000):
            return True
        signal.pidfd_send_signal(descriptor, signal.SIGKILL)
        poll.poll()
        return False
    finally:
        os.close(descriptor)


def _name() -> str:
    folder = hashlib.sha256(os.fsencode(tempfile.gettempdir())).hexdigest()[:16]
    return f"\0bicoastal-lab-{os.getuid()}-{folder}"


def _peer(channel: socket.socket) -> tuple[int, int]:
    """Process and user at the other end; for who connects: of the process that listens."""
    raw = channel.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    pid, uid, _ = _CREDENTIALS.unpack(raw)
    return pid, uid
