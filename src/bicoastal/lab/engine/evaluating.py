"""What makes the evaluation of a Pulumi program fast."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Iterator
from contextlib import contextmanager

from pulumi.runtime.settings import SETTINGS

WAKE_S = 0.5
"""How long an interrupt may stay unseen, in seconds."""


@contextmanager
def garbage_kept() -> Iterator[None]:
    """Collect no garbage for a while.

    A program makes tens of thousands of objects that live until its end, next to the many that
    Pulumi's and AWS's packages brought: looking through them again and again took as long as the
    evaluation itself.
    """
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


async def settled() -> None:
    """Wait until every output of the program that was just called has its value.

    Pulumi's SDK would wait as well, but for the first of all open outputs to settle, then again for
    the first of the rest: hundreds of waits over hundreds of outputs.
    """
    while pending := [task for task in SETTINGS.outputs if not task.done()]:
        # Python sees a signal that comes just before the loop sleeps only when it wakes again.
        await asyncio.wait(pending, timeout=WAKE_S)
