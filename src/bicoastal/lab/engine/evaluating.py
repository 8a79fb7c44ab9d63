"""One evaluation of a Pulumi program, in an event loop and a context of its own."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from pulumi.runtime import Settings, configure, set_all_config
from pulumi.runtime.settings import ROOT, SETTINGS
from pulumi.runtime.stack import run_in_stack

from bicoastal.lab.engine.calls import WORKERS
from bicoastal.lab.engine.monitor import Run

Program = Callable[[], object]
"""A Pulumi program: a function that registers resources and exports outputs."""

WAKE_S = 0.5
"""How long an interrupt may stay unseen, in seconds."""


def evaluate(
    program: Program,
    run: Run,
    settings: Settings,
    config: Mapping[str, str],
    secret_keys: Sequence[str],
) -> None:
    """Run a program once.

    Args:
        program: the Pulumi program.
        run: answers what it registers; it is told of an interrupt.
        settings: Pulumi's own, with the run behind them.
        config: the stack's configuration: `namespace:key` to text.
        secret_keys: keys of the configuration that are secret.

    Raises:
        Exception: whatever the program raises.
    """

    async def main() -> None:
        loop = asyncio.get_running_loop()
        loop.set_debug(False)  # debugging an event loop makes Pulumi's SDK 7 times slower
        loop.set_default_executor(ThreadPoolExecutor(WORKERS, thread_name_prefix="deploy"))
        # A failure makes every output that hangs on it "never retrieved": thousands of lines.
        loop.set_exception_handler(lambda _loop, _context: None)
        ROOT.set(None)
        configure(settings)
        set_all_config(dict(config), list(secret_keys))
        with _told_of_interrupts(run):
            await run_in_stack(lambda: _settle(program, run))

    with garbage_kept():
        asyncio.run(main())


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


@contextmanager
def _told_of_interrupts(run: Run) -> Iterator[None]:
    """Let a run know that it was interrupted before anything waits for what is under way."""
    try:
        yield
    except asyncio.CancelledError:
        run.cancel()
        raise


async def _settle(program: Program, run: Run) -> None:
    """Call the program and wait until nothing of it is open.

    After an interrupt Pulumi's SDK waits for the calls under way, so these are told here; one that
    comes later is seen further out.
    """
    with _told_of_interrupts(run):
        result = program()
        if asyncio.iscoroutine(result):
            await result
        await settled()


async def settled() -> None:
    """Wait until every output of the program that was just called has its value.

    Pulumi's SDK would wait as well, but for the first of all open outputs to settle, then again for
    the first of the rest: hundreds of waits over hundreds of outputs.
    """
    while pending := [task for task in SETTINGS.outputs if not task.done()]:
        # Python sees a signal that comes just before the loop sleeps only when it wakes again.
        await asyncio.wait(pending, timeout=WAKE_S)
