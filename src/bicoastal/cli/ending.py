"""Being ended politely: it unwinds like Ctrl-C does; SIGKILL is the kernel's part (PDEATHSIG)."""

from __future__ import annotations

import signal
import sys
from types import FrameType
from typing import NoReturn


def unwind_when_asked_to_end() -> None:
    """Let SIGTERM, and the end of the terminal, leave through every `finally`.

    What was started with SIGHUP ignored, as by nohup, goes on ignoring it.
    """
    signal.signal(signal.SIGTERM, _leave)
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        signal.signal(signal.SIGHUP, _leave)


def _leave(number: int, _frame: FrameType | None) -> NoReturn:
    sys.exit(128 + number)
