"""Being ended politely: it unwinds as Ctrl-C does; SIGKILL is the kernel's part (PDEATHSIG)."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, cast

from bicoastal.errors import BicoastalError

_Handler = Callable[[int, FrameType | None], Any]


@contextmanager
def unwinding() -> Iterator[threading.Event]:
    """Let SIGTERM, and the end of the terminal, do what Ctrl-C does, with an exit code of theirs.

    An exception that is raised inside an event loop may be taken for a failure of whatever runs
    there; Ctrl-C instead cancels what `asyncio.run` runs
    (https://docs.python.org/3/library/asyncio-runner.html#handling-keyboard-interruption). So
    Ctrl-C is heard even in the background of a script, where shells let it be ignored. What was
    started with SIGHUP ignored, as by nohup, goes on ignoring it.

    Yields:
        Set when the end was asked for: whoever goes on for long looks at it as well.

    Raises:
        SystemExit: 128 and the signal's number, after everything was left.
    """
    asked = threading.Event()
    numbers: list[int] = []

    def leave(number: int, frame: FrameType | None) -> None:
        numbers.append(number)
        asked.set()
        cast("_Handler", signal.getsignal(signal.SIGINT))(number, frame)

    heard: dict[signal.Signals, _Handler] = {
        signal.SIGINT: signal.default_int_handler,
        signal.SIGTERM: leave,
    }
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        heard[signal.SIGHUP] = leave
    before = {number: signal.signal(number, handler) for number, handler in heard.items()}
    try:
        yield asked
    except (KeyboardInterrupt, BicoastalError):
        # What was under way may have failed because it was cancelled: that is no failure of it.
        if not numbers:
            raise
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if numbers:
        sys.exit(128 + numbers[0])
