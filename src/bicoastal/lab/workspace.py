"""The lab's folder: short, private, locked while in use, and swept when its owner is dead."""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import shutil
import stat
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from bicoastal.errors import LabError

_LOCK = "lock"
# sockaddr_un.sun_path holds 108 bytes with its terminator (unix(7)).
_SOCKET_PATH_MAX = 107
_ROOM_FOR_NAMES = 40
_UNLOCKED_GRACE_S = 60.0


class Workspace:
    """A temporary folder, mode 0700, that exists as long as its owner.

    Use it as a context manager. The owner holds a lock on the folder; `sweep` removes the
    folders whose owner died without cleaning up. `attach` gives another process of the same
    lab a view that does not own the folder.

    Args:
        prefix: How the folder's name begins.
        root: Where to make it; the system's temporary folder when left out.
    """

    def __init__(self, prefix: str = "bicoastal-", *, root: Path | None = None) -> None:
        self._prefix = prefix
        self._root = root
        self._path: Path | None = None
        self._lock: int | None = None

    @classmethod
    def attach(cls, path: Path) -> Workspace:
        """A view of a workspace that another process owns.

        Args:
            path: The folder.

        Returns:
            A workspace whose end leaves the folder alone.

        Raises:
            LabError: There is no such folder.
        """
        if not path.is_dir():
            msg = f"the lab's folder {path} does not exist; was the lab stopped?"
            raise LabError(msg)
        workspace = cls()
        workspace._path = path
        return workspace

    @property
    def path(self) -> Path:
        """The folder.

        Raises:
            LabError: The workspace was not entered, or was left.
        """
        if self._path is None:
            msg = "the workspace is not open; use it as a context manager"
            raise LabError(msg)
        return self._path

    def folder(self, name: str) -> Path:
        """A folder below the workspace, made when missing.

        Args:
            name: Its relative path.

        Returns:
            The folder's path.
        """
        folder = self.path / name
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return folder

    def socket(self, name: str) -> Path:
        """The path of a unix socket in the workspace.

        Args:
            name: The socket's name.

        Returns:
            A path short enough for a unix socket.

        Raises:
            LabError: The path is too long for a unix socket (107 bytes).
        """
        path = self.path / f"{name}.sock"
        if len(os.fsencode(path)) > _SOCKET_PATH_MAX:
            msg = (
                f"the socket path {path} is longer than {_SOCKET_PATH_MAX} bytes; "
                "set TMPDIR to a shorter folder"
            )
            raise LabError(msg)
        return path

    def secret(self, name: str) -> str:
        """A random secret kept in the workspace (mode 0600), the same on every call.

        Args:
            name: What the secret is for.

        Returns:
            The secret: letters, digits, ``-`` and ``_``.
        """
        path = self.path / f"{name}.secret"
        draft = self.path / f".{name}.{secrets.token_hex(4)}"
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(24))
        # link() is atomic and refuses to replace: whoever comes first decides for all.
        with contextlib.suppress(FileExistsError):
            path.hardlink_to(draft)
        draft.unlink()
        return path.read_text()

    def __enter__(self) -> Self:
        root = self._root or Path(tempfile.gettempdir())
        if self._root is None and len(os.fsencode(root)) > _SOCKET_PATH_MAX - _ROOM_FOR_NAMES:
            root = Path("/tmp")  # noqa: S108 - mkdtemp below makes a private folder in it
        path = Path(tempfile.mkdtemp(prefix=self._prefix, dir=root))
        # Locked under a draft name first: a sweep never sees an unlocked lock of a living owner.
        draft = path / f".{_LOCK}"
        lock = os.open(draft, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.flock(lock, fcntl.LOCK_EX)
        draft.rename(path / _LOCK)
        self._path, self._lock = path, lock
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Remove the folder (when owned); closing twice is harmless."""
        path, lock = self._path, self._lock
        self._path = self._lock = None
        if path is not None and lock is not None:
            shutil.rmtree(path, ignore_errors=True)
            os.close(lock)

    @staticmethod
    def sweep(prefix: str = "bicoastal-", *, root: Path | None = None) -> list[Path]:
        """Remove this user's workspaces whose owner is dead.

        Args:
            prefix: How the folders' names begin.
            root: Where to look; the system's temporary folder and /tmp when left out.

        Returns:
            The folders that were removed.
        """
        roots = {root} if root else {Path(tempfile.gettempdir()), Path("/tmp")}  # noqa: S108
        folders = sorted(folder for place in roots for folder in place.glob(f"{prefix}*"))
        return [folder for folder in folders if _sweep_one(folder)]


def _sweep_one(folder: Path) -> bool:
    """Remove one folder if it is ours and nobody holds its lock; say whether it was removed."""
    with contextlib.suppress(FileNotFoundError):  # somebody else swept it meanwhile
        status = folder.lstat()
        if status.st_uid == os.getuid() and stat.S_ISDIR(status.st_mode):
            lock = _open_lock(folder)
            if lock is None:
                # Its owner has not made the lock yet, or died before it could.
                if time.time() - status.st_mtime >= _UNLOCKED_GRACE_S:
                    shutil.rmtree(folder, ignore_errors=True)
                    return True
                return False
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder, ignore_errors=True)
            except BlockingIOError:
                return False
            else:
                return True
            finally:
                os.close(lock)
    return False


def _open_lock(folder: Path) -> int | None:
    try:
        return os.open(folder / _LOCK, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
