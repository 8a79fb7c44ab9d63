"""A bootstrapped data directory, made once per server version and copied for every member."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from bicoastal.errors import LabError
from bicoastal.lab.databases.server import ServerBinary, find_server
from bicoastal.lab.workspace import Workspace

# Small files make a copy take 10 ms; the same values are needed at every start.
STORAGE_OPTIONS = (
    "--innodb-data-file-path=ibdata1:4M:autoextend",
    "--innodb-autoextend-increment=1",
    "--innodb-undo-tablespaces=0",
)
_SCRIPTS = (
    "mysql_system_tables.sql",
    "mysql_performance_tables.sql",
    "mysql_system_tables_data.sql",
)
# No anonymous user, and no root that anybody can log in as: the account that administers a
# server is made at its start with a password of the workspace.
_PROLOGUE = """\
create database mysql;
use mysql;
set @auth_root_socket=NULL;
set @skip_auth_anonymous_user=1;
set @current_hostname='localhost';
"""
_EPILOGUE = "\ndelete from mysql.global_priv where User='root';\ndelete from mysql.proxies_priv;\n"
_TIMEOUT_S = 60


class Template:
    """Makes (and keeps) the data directory that members start from."""

    @staticmethod
    def build(
        workspace: Workspace, *, server: ServerBinary | None = None, cache: Path | None = None
    ) -> Path:
        """The template's folder; it is made when the cache does not have it.

        Args:
            workspace: Where it goes when the cache cannot be written.
            server: The server that the template is for; found when left out.
            cache: Where it is kept between runs; the user's cache folder when left out.

        Returns:
            A data directory to copy, never to start a server on.

        Raises:
            LabError: The server did not accept its own system tables.
        """
        server = server or find_server()
        script = _bootstrap_script(server)
        digest = hashlib.sha256(f"{server.version}\n{STORAGE_OPTIONS}\n{script}".encode())
        name = f"template-{server.version}-{digest.hexdigest()[:12]}"
        for folder in (cache or _user_cache(), workspace.path):
            finished = folder / name
            if finished.is_dir():
                return finished
            try:
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                draft = Path(tempfile.mkdtemp(prefix=f".{name}-", dir=folder))
            except OSError:
                continue  # a home that cannot be written: the workspace can
            return _bootstrap(server, script, draft, finished)
        msg = f"the lab's folder {workspace.path} cannot be written"
        raise LabError(msg)


def _user_cache() -> Path:
    # https://specifications.freedesktop.org/basedir-spec/latest/
    base = os.environ.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser()
    return Path(base) / "bicoastal"


def _bootstrap_script(server: ServerBinary) -> str:
    return _PROLOGUE + "".join((server.scripts / s).read_text() for s in _SCRIPTS) + _EPILOGUE


def _bootstrap(server: ServerBinary, script: str, draft: Path, finished: Path) -> Path:
    try:
        result = subprocess.run(
            [
                server.path,
                "--no-defaults",
                "--bootstrap",
                f"--datadir={draft}",
                f"--lc-messages-dir={server.scripts}",
                "--innodb-log-file-size=4M",
                *STORAGE_OPTIONS,
                *(["--user=root"] if os.geteuid() == 0 else []),
            ],
            input=script,
            text=True,
            capture_output=True,
            timeout=_TIMEOUT_S,
            check=False,
        )
        if result.returncode != 0:
            msg = f"{server.path} could not make its system tables:\n{result.stderr[-2000:]}"
            raise LabError(msg)
        try:
            draft.rename(finished)
        except OSError:
            # Another process finished the same template first; both are equal.
            if not finished.is_dir():
                raise
        return finished
    finally:
        shutil.rmtree(draft, ignore_errors=True)
