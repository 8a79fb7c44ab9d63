"""What holds for every test."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

# A shell starts what runs in its background with SIGINT ignored, and children inherit that: tests
# of Ctrl-C would wait for nothing.
signal.signal(signal.SIGINT, signal.default_int_handler)


@contextmanager
def _untraced() -> Iterator[None]:
    """No tracing by coverage, in new threads and in children neither."""
    tracer, for_threads = sys.gettrace(), threading.gettrace()
    sys.settrace(None)
    threading.settrace(None)
    try:
        with pytest.MonkeyPatch.context() as patch:
            for name in [name for name in os.environ if name.startswith("COVERAGE_PROCESS")]:
                patch.delenv(name)
            yield
    finally:
        sys.settrace(tracer)
        threading.settrace(for_threads)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Run what is marked `untraced` without tracing.

    So are the fixtures that it is the first to need: one that it shares with tests that are traced
    must not run lines that nothing else runs.
    """
    if item.get_closest_marker("untraced") is None:
        return (yield)
    with _untraced():
        return (yield)
