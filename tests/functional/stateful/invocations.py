"""Invocations of the shipped controller that stop at every call to AWS until they are told to go.

Each runs in a thread of its own, one at a time, so that a history is the same on every run.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from .in_process import PATIENCE_S


class CrashError(BaseException):
    """The invocation ends here: no code of the controller may catch it."""


class ViolationError(AssertionError):
    """An invariant does not hold; the message names it."""


class InlinePool:
    """Stands in for the controller's threads: what is submitted is done at once."""

    def __init__(self, *_: Any) -> None:
        pass

    def submit(self, function: Callable[..., Any], *arguments: Any) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            future.set_result(function(*arguments))
        except ViolationError:
            raise
        except Exception as error:
            future.set_exception(error)
        return future

    def shutdown(self, **_: Any) -> None:
        pass


class Invocation:
    """One invocation, between two of its calls.

    Args:
        region: the controller's region.
        work: what it does; `pause` is called in it before every call.
    """

    def __init__(self, region: str, work: Callable[[], Any]) -> None:
        self.region = region
        self.waits_for: str | None = None
        self.since = 0.0
        self.over = False
        self.failure: BaseException | None = None
        self._work = work
        self._crash = False
        self._go, self._stopped = threading.Semaphore(0), threading.Semaphore(0)
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _run(self) -> None:
        self._go.acquire()
        try:
            if not self._crash:
                self._work()
        except CrashError:
            pass
        except BaseException as error:
            self.failure = error
        self.over = True
        self._stopped.release()

    def pause(self, call: str, now: float) -> None:
        """Stop before a call; called by the invocation itself."""
        self.waits_for, self.since = call, now
        self._stopped.release()
        self._go.acquire()
        self.waits_for = None
        if self._crash:
            raise CrashError

    def advance(self, *, crash: bool = False) -> None:
        """Let it go on to its next call, or end it where it is."""
        if not self._thread.is_alive():
            self._thread.start()
        self._crash = crash
        self._go.release()
        assert self._stopped.acquire(timeout=PATIENCE_S), "the invocation hangs"
        if self.over:
            self._thread.join(PATIENCE_S)
        if self.failure is not None:
            raise self.failure
