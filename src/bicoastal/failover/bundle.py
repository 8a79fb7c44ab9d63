"""The zip that Lambda runs: the failover package and PyMySQL, the same bytes on every build."""

from __future__ import annotations

import base64
import hashlib
import importlib.metadata
import io
import zipfile
from functools import cache
from pathlib import Path

import bicoastal
from bicoastal.failover.errors import BundleError

PROBER_HANDLER = "bicoastal.failover.handlers.prober"
CONTROLLER_HANDLER = "bicoastal.failover.handlers.controller"
# The earliest moment that the zip format can express.
_EPOCH = (1980, 1, 1, 0, 0, 0)
_MODE = 0o100644


@cache
def build() -> bytes:
    """Build the functions' zip.

    Entries are sorted, stored without compression (the bytes that deflate gives depend on the
    zlib at hand), and carry a fixed date and fixed permissions. PyMySQL comes from the installed
    distribution, with its licence.

    Returns:
        The zip's bytes; equal for equal sources, on every machine.

    Raises:
        BundleError: PyMySQL is not installed, or not as plain files.
    """
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, content in sorted({**_own_files(), **_pymysql_files()}.items()):
            info = zipfile.ZipInfo(name, _EPOCH)
            info.create_system = 3  # Unix, so that the permissions are read as such
            info.external_attr = _MODE << 16
            archive.writestr(info, content)
    return buffer.getvalue()


def digest() -> str:
    """The zip's SHA-256 in base64, the form of Lambda's `source_code_hash`.

    Returns:
        44 characters.

    Raises:
        BundleError: see `build`.
    """
    return base64.b64encode(hashlib.sha256(build()).digest()).decode()


def write(folder: Path) -> Path:
    """Write the zip into a folder, under a name that changes with its content.

    Args:
        folder: an existing folder.

    Returns:
        The file's path.

    Raises:
        BundleError: see `build`.
    """
    path = folder / f"failover-{hashlib.sha256(build()).hexdigest()[:16]}.zip"
    path.write_bytes(build())
    return path


def _own_files() -> dict[str, bytes]:
    root = Path(bicoastal.__file__).parent
    paths = [root / "__init__.py", root / "errors.py", *(root / "failover").glob("*.py")]
    return {f"bicoastal/{path.relative_to(root)}": path.read_bytes() for path in paths}


def _pymysql_files() -> dict[str, bytes]:
    try:
        listed = importlib.metadata.distribution("pymysql").files or []
    except importlib.metadata.PackageNotFoundError:
        raise BundleError("PyMySQL is not installed; run `pip install pymysql`") from None
    files = {}
    for entry in listed:
        path = Path(str(entry.locate()))
        if entry.parts[0] == "pymysql" and path.suffix == ".py":
            files[entry.as_posix()] = path.read_bytes()
        elif path.name == "LICENSE":
            files["pymysql/LICENSE"] = path.read_bytes()
    if "pymysql/connections.py" not in files:
        raise BundleError("PyMySQL's files are not listed by its distribution; reinstall it")
    return files
