"""The network as its owner sees it: a process to start, steer and stop."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from bicoastal.errors import LabError
from bicoastal.lab.network.addresses import AddressPlan
from bicoastal.lab.network.control import READY, NetworkControl
from bicoastal.lab.processes import Child

_START_TIMEOUT_S = 15.0
_STOP_TIMEOUT_S = 5.0
_POLL_S = 0.01


class Network(NetworkControl):
    """The relay process, started and stopped by the drill; dies with the thread that starts it.

    Args:
        folder: A short folder for the control socket and the log (a unix socket's path has at
            most 107 characters).
        plan: The addresses.
        sockets: Unix socket of each member's database; a member may come later (`set_socket`).
        delays_ms: One-way delay of paths, (source, member) to milliseconds.
        listings: The /proc/.../net/unix of the other network namespaces that servers run in; a
            socket with a path can be reached from everywhere, but is listed in its own only.
    """

    def __init__(
        self,
        folder: Path,
        plan: AddressPlan,
        sockets: Mapping[str, Path | str | None] | None = None,
        delays_ms: Mapping[tuple[str, str], float] | None = None,
        *,
        listings: Iterable[Path] = (),
    ) -> None:
        super().__init__(folder / "network.sock")
        self._plan = plan
        self._log = folder / "network.log"
        self._sockets = dict(sockets or {})
        self._delays_ms = dict(delays_ms or {})
        self._listings = [str(path) for path in listings]
        self._child: Child | None = None

    def start(self) -> Network:
        """Start the relay and wait until it listens.

        Call it from the main thread: the kernel kills the relay when the thread that started it
        ends (https://man7.org/linux/man-pages/man2/PR_SET_PDEATHSIG.2const.html).

        Returns:
            Itself.

        Raises:
            LabError: If this is not the main thread, or it does not start; the message carries
                its last words (see `Child`).
        """
        command = [sys.executable, "-m", "bicoastal.lab.network.relay", json.dumps(self.config())]
        self._child = Child(command, log=self._log, name="the lab's network")
        deadline = time.monotonic() + _START_TIMEOUT_S
        while READY not in self._log.read_text():
            if not self._child.alive or time.monotonic() > deadline:
                said = self._child.log_tail()
                self.stop()
                raise LabError(f"The lab's network did not start: {said}")
            time.sleep(_POLL_S)
        return self

    def stop(self) -> None:
        """Stop the relay; connections through it are reset. May be called twice."""
        child, self._child = self._child, None
        if child is not None:
            child.stop(_STOP_TIMEOUT_S)

    @property
    def pid(self) -> int | None:
        """The relay's process id, None when it does not run."""
        return None if self._child is None else self._child.pid

    def __enter__(self) -> Network:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def config(self) -> dict[str, Any]:
        """Describe the network to the relay's process."""
        paths = [
            {
                "source": source,
                "member": member,
                "address": address,
                "port": self._plan.port,
                "delay_ms": self._delays_ms.get((source, member), 0.0),
            }
            for (source, member), address in self._plan.paths().items()
        ]
        sockets = {member: str(path) for member, path in self._sockets.items() if path is not None}
        return {
            "control": str(self.control_path),
            "paths": paths,
            "sockets": sockets,
            "listings": self._listings,
        }
