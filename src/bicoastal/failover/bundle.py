"""The zip that Lambda runs: the failover package and PyMySQL, the same bytes on every build."""

from __future__ import annotations

import base64
import hashlib
import importlib.metadata
import io
import ssl
import zipfile
from functools import cache
from pathlib import Path

import bicoastal
from bicoastal.failover.config import CA_FILE
from bicoastal.failover.errors import BundleError

PROBER_HANDLER = "bicoastal.failover.handlers.prober"
CONTROLLER_HANDLER = "bicoastal.failover.handlers.controller"
# The earliest moment that the zip format can express.
_EPOCH = (1980, 1, 1, 0, 0, 0)
_MODE = 0o100644


@cache
def build(ca_file: Path | None = None) -> bytes:
    """Build the functions' zip.

    Entries are sorted, stored without compression (the bytes that deflate gives depend on the
    zlib at hand), and carry a fixed date and fixed permissions. PyMySQL comes from the installed
    distribution, with its licence.

    Args:
        ca_file: certificate authorities (PEM) that the probers verify the members with.

    Returns:
        The zip's bytes; equal for equal sources, on every machine.

    Raises:
        BundleError: PyMySQL is not installed, or not as plain files; or the authorities cannot be
            read, or are none.
    """
    authorities = {} if ca_file is None else {CA_FILE: _authorities(ca_file)}
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, content in sorted({**_own_files(), **_pymysql_files(), **authorities}.items()):
            info = zipfile.ZipInfo(name, _EPOCH)
            info.create_system = 3  # Unix, so that the permissions are read as such
            info.external_attr = _MODE << 16
            archive.writestr(info, content)
    return buffer.getvalue()


def digest(ca_file: Path | None = None) -> str:
    """The zip's SHA-256 in base64, the form of Lambda's `source_code_hash`.

    Args:
        ca_file: see `build`.

    Returns:
        44 characters.

    Raises:
        BundleError: see `build`.
    """
    return base64.b64encode(hashlib.sha256(build(ca_file)).digest()).decode()


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


def _authorities(path: Path) -> bytes:
    try:
        ssl.create_default_context(cafile=str(path))
        return path.read_bytes()
    except (OSError, ssl.SSLError) as error:
        raise BundleError(
            f"health.caFile: {path} holds no certificate authorities ({error}); download "
            "https://truststore.pki.rds.amazonaws.com/global/global-bundle.pem"
        ) from None


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
