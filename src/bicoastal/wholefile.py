"""Writes a file whole or not at all."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from pathlib import Path

_MODE = 0o644


def write_whole(file: Path, text: str) -> None:
    """Replace a file in one step: a reader never sees half of it, and a failure leaves the old one.

    Args:
        file: what to write; its folder must exist.
        text: its new content.

    Raises:
        OSError: it cannot be written.
    """
    descriptor, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    partial = Path(name)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        partial.chmod(_MODE)
        partial.replace(file)
    except BaseException:
        with suppress(OSError):
            partial.unlink()
        raise
