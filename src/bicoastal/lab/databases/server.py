"""Finding the database server's program and its system-table scripts."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from bicoastal.errors import LabError

_PROGRAMS = ("mariadbd", "mysqld")
_PLACES = ("/usr/sbin", "/usr/local/sbin", "/usr/libexec")
_SCRIPTS = ("/usr/share/mysql", "/usr/share/mariadb")
_NEEDED_SCRIPT = "mysql_system_tables.sql"
_MINIMUM = (10, 6)


@dataclass(frozen=True)
class ServerBinary:
    """The database server to run.

    Attributes:
        path: The program.
        version: Its version, such as ``10.11.19``.
        scripts: The folder with the SQL scripts of the system tables.
    """

    path: Path
    version: str
    scripts: Path


def find_server(*, search: str | None = None, scripts: tuple[str, ...] = _SCRIPTS) -> ServerBinary:
    """Find an installed MariaDB server.

    Args:
        search: Folders to search, as in PATH; PATH and the usual system folders when left out.
        scripts: Folders that may hold the system-table scripts.

    Returns:
        The program, its version and its scripts.

    Raises:
        LabError: There is none, it is too old, or its scripts are missing.
    """
    where = search or os.pathsep.join((os.environ.get("PATH", os.defpath), *_PLACES))
    found = (shutil.which(program, path=where) for program in _PROGRAMS)
    path = next((Path(place) for place in found if place), None)
    if path is None:
        msg = (
            "no MariaDB server is installed; the lab runs one per region. "
            "Install it (no service is started): sudo apt install --no-install-recommends "
            "mariadb-server-core"
        )
        raise LabError(msg)
    answer = subprocess.run(
        [path, "--no-defaults", "--version"], capture_output=True, text=True, check=False
    ).stdout
    version = re.search(r"(\d+)\.(\d+)\.\d+(?=-MariaDB)", answer)
    if version is None or (int(version[1]), int(version[2])) < _MINIMUM:
        msg = (
            f"{path} is not a MariaDB server of version {_MINIMUM[0]}.{_MINIMUM[1]} or later "
            f"(it says {answer.strip()!r}); install it: sudo apt install mariadb-server-core"
        )
        raise LabError(msg)
    folder = next((Path(s) for s in scripts if (Path(s) / _NEEDED_SCRIPT).is_file()), None)
    if folder is None:
        msg = (
            f"{path} is installed without its system-table scripts ({_NEEDED_SCRIPT}, looked for "
            f"in {', '.join(scripts)}); install them: sudo apt install mariadb-server-core"
        )
        raise LabError(msg)
    return ServerBinary(path=path, version=version[0], scripts=folder)
