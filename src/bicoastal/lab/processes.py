"""Child processes that never outlive the process that started them.

Every server of the lab is started through ``setpriv --pdeathsig KILL``: when the thread that
started it ends, the kernel kills the server, even when it is stopped (SIGSTOP) and whatever
killed the starter. The signal follows the *thread*, so children are started from the main
thread only (prctl(2), PR_SET_PDEATHSIG: https://man7.org/linux/man-pages/man2/prctl.2.html).
"""

from __future__ import annotations

import contextlib
import os
import select
import shutil
import signal
import subprocess
import threading
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from bicoastal.errors import LabError

# The starter may die between fork and prctl; the signal would then never come. The guard
# compares the parent with the one that started us, after the prctl, and leaves if it changed.
# Letting go of standard input, a pipe until then, tells the starter that the bond is made.
_GUARD = '[ "$PPID" = "$1" ] || exit 70; shift; exec </dev/null; exec "$@"'
_LOG_TAIL_BYTES = 4096


class Child:
    """A running child process in a session of its own, bound to this process's life.

    Args:
        argv: The program and its arguments; never put a secret here.
        log: File that receives standard output and standard error (appended, mode 0600).
        name: What messages call it.
        env: The whole environment; the current one when left out.

    Raises:
        LabError: The program or ``setpriv`` is not installed, or this is not the main thread.
    """

    def __init__(
        self, argv: Sequence[str], *, log: Path, name: str, env: Mapping[str, str] | None = None
    ) -> None:
        if threading.current_thread() is not threading.main_thread():
            msg = (
                f"{name} must be started from the main thread: "
                "it would be killed when the starting thread ends"
            )
            raise LabError(msg)
        setpriv = shutil.which("setpriv")
        if setpriv is None:
            msg = f"{name} needs setpriv to be started safely; install it: apt install util-linux"
            raise LabError(msg)
        if shutil.which(argv[0]) is None:
            msg = f"{name} cannot be started: {argv[0]} is not an executable program"
            raise LabError(msg)
        self.name = name
        self.log = log
        guarded = ["/bin/sh", "-c", _GUARD, "sh", str(os.getpid()), *argv]
        descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        told, tell = os.pipe()
        try:
            self._process = subprocess.Popen(
                [setpriv, "--pdeathsig", "KILL", "--", *guarded],
                stdin=tell,
                stdout=descriptor,
                stderr=descriptor,
                env=None if env is None else dict(env),
                start_new_session=True,
            )
        finally:
            os.close(descriptor)
            os.close(tell)
        os.read(told, 1)  # the end of the file: a child that is paused from now on dies with us
        os.close(told)
        # A pidfd tells of the end without reaping, so the process group id stays ours until
        # the whole group has been killed.
        self._pidfd = os.pidfd_open(self._process.pid)
        self._lock = threading.Lock()

    @property
    def pid(self) -> int:
        """The process id (also the id of its process group and session)."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether the process has not ended yet (a stopped process is alive)."""
        return not self._ended(0)

    @property
    def exit_code(self) -> int | None:
        """The exit status, negative for a signal, or None while it runs."""
        if self._ended(0):
            self._reap()
        return self._process.returncode

    def wait(self, timeout: float) -> int | None:
        """Wait for the end.

        Args:
            timeout: Seconds to wait at most.

        Returns:
            The exit status, or None when the process still runs.
        """
        self._ended(timeout)
        return self.exit_code

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the process; nothing happens when it has ended."""
        with self._lock:
            if self._process.returncode is None:
                os.kill(self.pid, number)

    def pause(self) -> None:
        """Stop the process with SIGSTOP: alive, but doing nothing."""
        self.signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let a stopped process go on (SIGCONT)."""
        self.signal(signal.SIGCONT)

    def stop(self, timeout: float = 5.0) -> int:
        """End the process gracefully, by force when it does not obey.

        Args:
            timeout: Seconds between SIGTERM and SIGKILL.

        Returns:
            The exit status.
        """
        self.signal(signal.SIGTERM)
        self.resume()
        self._ended(timeout)
        return self.kill()

    def kill(self) -> int:
        """End the process and all of its group with SIGKILL.

        Returns:
            The exit status.
        """
        with self._lock:
            if self._process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(self.pid, signal.SIGKILL)
        self._ended(None)
        return self._reap()

    def log_tail(self) -> str:
        """The last lines that the process wrote."""
        with self.log.open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - _LOG_TAIL_BYTES))
            return file.read().decode(errors="replace").strip()

    def _ended(self, timeout: float | None) -> bool:
        with self._lock:
            if self._process.returncode is not None:
                return True
            poll = select.poll()
            poll.register(self._pidfd, select.POLLIN)
        return bool(poll.poll(None if timeout is None else timeout * 1000))

    def _reap(self) -> int:
        with self._lock:
            if self._process.returncode is None:
                self._process.wait()
                os.close(self._pidfd)
            return self._process.returncode


def stop_all(children: Iterable[Child], timeout: float = 5.0) -> None:
    """Stop several children at once: all are asked first, then each is waited for.

    Args:
        children: What to stop.
        timeout: Seconds that each may take after it was asked.
    """
    waiting = list(children)
    for child in waiting:
        child.signal(signal.SIGTERM)
        child.resume()
    for child in waiting:
        child.stop(timeout)
