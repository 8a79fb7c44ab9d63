"""Being ended politely: it unwinds like Ctrl-C does; SIGKILL is the kernel's part (PDEATHSIG)."""

from __future__ import annotations

import signal
import sys
import threading
from types import FrameType
from typing import NoReturn


def unwind_when_asked_to_end() -> threading.Event:
    """Let SIGTERM, and the end of the terminal, leave through every `finally`.

    What was started with SIGHUP ignored, as by nohup, goes on ignoring it.

    Returns:
        Set when it was asked. Python drops what is raised while an object is being finalised
        (https://docs.python.org/3/reference/datamodel.html#object.__del__): whoever goes on for
        long looks at this as well.
    """
    asked = threading.Event()

    def leave(number: int, _frame: FrameType | None) -> NoReturn:
        asked.set()
        sys.exit(128 + number)

    signal.signal(signal.SIGTERM, leave)
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        signal.signal(signal.SIGHUP, leave)
    return asked
