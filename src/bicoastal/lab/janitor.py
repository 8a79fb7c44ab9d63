"""Removes the lab's folder when the lab's process was killed and could not."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Self

# The end of standard input is the end of the lab's process, however it ended. Its servers are
# killed by the kernel at the same moment; one that is still ending may write into the folder.
_SCRIPT = """
read -r folder && cat >/dev/null
tries=0
while [ -n "$folder" ] && [ -e "$folder" ] && [ $tries -lt 100 ]; do
  rm -rf -- "$folder" 2>/dev/null || sleep 0.1
  tries=$((tries + 1))
done
"""


class Janitor:
    """Waits for the end of this process in one of its own, in a session of its own.

    A context manager; enter it before the folder is made, so that it is left after the folder is
    gone.
    """

    def __enter__(self) -> Self:
        lifeline, self._lifeline = os.pipe()
        try:
            self._process = subprocess.Popen(
                ["/bin/sh", "-c", _SCRIPT, "bicoastal-janitor"],
                stdin=lifeline,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        finally:
            os.close(lifeline)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        os.close(self._lifeline)
        self._process.wait()

    def watch(self, folder: Path) -> None:
        """Name the folder to remove.

        Args:
            folder: The folder; its name holds no line break.
        """
        os.write(self._lifeline, os.fsencode(folder) + b"\n")
