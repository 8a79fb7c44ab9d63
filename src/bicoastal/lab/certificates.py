"""The lab's certificate authority, in the place of Amazon's: a file, and what it has signed."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from bicoastal.errors import LabError

_DAYS = "2"
_CONFIG = """
[req]
distinguished_name = name
[name]
[authority]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign
subjectKeyIdentifier = hash
[member]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
"""


@dataclass(frozen=True)
class Certificate:
    """A certificate and its private key, as PEM files."""

    file: Path
    key: Path


class Authority:
    """An authority that lasts as long as its folder; its key never leaves it.

    Args:
        folder: Where to keep it; it exists.

    Raises:
        LabError: The program `openssl` is missing or failed.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._config = folder / "openssl.cnf"
        self._config.write_text(_CONFIG)
        self._own = self._make("authority", "/CN=bicoastal lab", "-extensions", "authority")

    @property
    def file(self) -> Path:
        """The authority's certificate, to verify with."""
        return self._own.file

    def issue(self, host: str) -> Certificate:
        """Sign a certificate for a name.

        Args:
            host: The name that clients will verify.

        Returns:
            The certificate.

        Raises:
            LabError: `openssl` failed.
        """
        return self._make(
            host,
            "/CN=bicoastal lab member",
            *("-extensions", "member", "-addext", f"subjectAltName = DNS:{host}"),
            *("-CA", str(self._own.file), "-CAkey", str(self._own.key)),
        )

    def _make(self, name: str, subject: str, *options: str) -> Certificate:
        made = Certificate(self._folder / f"{name}.pem", self._folder / f"{name}.key")
        openssl = shutil.which("openssl")
        if openssl is None:
            raise LabError("the lab needs openssl for its certificates: apt install openssl")
        command = [
            *(openssl, "req", "-x509", "-config", str(self._config), "-subj", subject),
            *("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-noenc"),
            *("-days", _DAYS, "-keyout", str(made.key), "-out", str(made.file), *options),
        ]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise LabError(f"openssl made no certificate for {name}: {done.stderr.strip()}")
        return made
