"""Files that a command is asked to write: refused before the work, not after it."""

from __future__ import annotations

import os
from pathlib import Path

import typer


def writable_file(destination: Path | None) -> Path | None:
    """Refuse a file that could not be written; `-`, standard output, always can.

    Args:
        destination: The file, or None.

    Returns:
        The same.

    Raises:
        typer.BadParameter: It is a folder, or its folder is missing or not writable.
    """
    if destination is None or str(destination) == "-":
        return destination
    if destination.is_dir():
        raise typer.BadParameter(f"{destination} is a folder; name a file")
    if not destination.parent.is_dir():
        raise typer.BadParameter(f"folder {destination.parent} does not exist; create it first")
    if not os.access(destination.parent, os.W_OK):
        raise typer.BadParameter(f"folder {destination.parent} is not writable; name another")
    return destination


def write_text(text: str, destination: Path) -> None:
    """Write text to a file, whole or not at all, or to standard output.

    Args:
        text: What to write.
        destination: The file; `-` is standard output.
    """
    if str(destination) == "-":
        typer.echo(text, nl=False)
        return
    from bicoastal.wholefile import write_whole

    write_whole(destination, text)
