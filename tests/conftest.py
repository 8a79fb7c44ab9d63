"""What holds for every test."""

from __future__ import annotations

import signal

# A shell starts what runs in its background with SIGINT ignored, and children inherit that: tests
# of Ctrl-C would wait for nothing.
signal.signal(signal.SIGINT, signal.default_int_handler)
