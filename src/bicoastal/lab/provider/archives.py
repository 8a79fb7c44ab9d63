"""Turning Pulumi's archives into the zip that Lambda takes."""

from __future__ import annotations

import base64
import hashlib
import io
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pulumi

from bicoastal.lab.provider.aws import ProviderError

_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest date that a zip can carry: same files, same bytes


def zip_of(code: Any) -> bytes:
    """Return the zip of a function's code.

    Args:
        code: an archive (a folder, a zip file, or a map of assets) or a zip file's path.

    Raises:
        ProviderError: a file is missing, or the kind of archive is not known here.
    """
    if isinstance(code, str):
        code = pulumi.FileArchive(code)
    if isinstance(code, pulumi.FileArchive | pulumi.FileAsset) and Path(code.path).is_file():
        return Path(code.path).read_bytes()
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in sorted(_members(code, "")):
            info = zipfile.ZipInfo(name, _EPOCH)
            info.external_attr = 0o644 << 16
            archive.writestr(info, content, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def digest_of(content: bytes) -> str:
    """Return the SHA-256 of the zip as Lambda writes it: in base 64."""
    return base64.b64encode(hashlib.sha256(content).digest()).decode()


def _members(item: Any, prefix: str) -> Iterator[tuple[str, bytes]]:
    """Yield name and content of everything in an archive."""
    if isinstance(item, pulumi.AssetArchive):
        yield from _assets(item.assets, prefix)
    elif isinstance(item, pulumi.StringAsset):
        yield prefix, item.text.encode()
    elif isinstance(item, pulumi.FileArchive | pulumi.FileAsset):
        yield from _path(Path(item.path), prefix)
    else:
        message = f"code of type {type(item).__name__} is not known to the lab"
        raise ProviderError(message)


def _assets(assets: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, bytes]]:
    for name, item in assets.items():
        yield from _members(item, f"{prefix}/{name}" if prefix else name)


def _path(path: Path, prefix: str) -> Iterator[tuple[str, bytes]]:
    if path.is_file():
        yield prefix, path.read_bytes()
        return
    if not path.is_dir():
        message = f"there is no file or folder {path}"
        raise ProviderError(message)
    for file in path.rglob("*"):
        if file.is_file() and "__pycache__" not in file.parts:
            name = file.relative_to(path).as_posix()
            yield f"{prefix}/{name}" if prefix else name, file.read_bytes()
