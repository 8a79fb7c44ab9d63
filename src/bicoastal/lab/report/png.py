"""Cutting a PNG picture: https://www.w3.org/TR/png-3/."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_HEADER = ">II5B"


def cut_below(picture: bytes, height: int) -> bytes:
    """Keep only the upper rows of a picture.

    Rows are stored from top to bottom, each as its difference from the one above, so the lower
    ones can be left out without touching the others. Interlaced pictures are not supported.

    Args:
        picture: The PNG file's bytes.
        height: How many rows to keep.

    Returns:
        The bytes of the new PNG file.
    """
    parts = list(chunks(picture))
    width, old_height, *form = struct.unpack(_HEADER, parts[0][1])
    rows = zlib.decompress(b"".join(data for kind, data in parts if kind == b"IDAT"))
    kept = rows[: len(rows) // old_height * height]
    return _SIGNATURE + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in (
            (b"IHDR", struct.pack(_HEADER, width, height, *form)),
            (b"IDAT", zlib.compress(kept, 9)),
            (b"IEND", b""),
        )
    )


def chunks(picture: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Split a PNG file into its chunks.

    Args:
        picture: The file's bytes.

    Yields:
        Kind and data of each.
    """
    at = len(_SIGNATURE)
    while at < len(picture):
        (length,) = struct.unpack(">I", picture[at : at + 4])
        yield picture[at + 4 : at + 8], picture[at + 8 : at + 8 + length]
        at += 12 + length
