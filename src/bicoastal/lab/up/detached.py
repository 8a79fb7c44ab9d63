"""Starting a lab that outlives the command that started it."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence

from bicoastal.errors import LabError
from bicoastal.lab.up.addresses import Addresses
from bicoastal.lab.up.place import UP, find

_COMMAND = (sys.executable, "-m", "bicoastal.cli", "lab", "up")
_POLL_S = 0.1


def start(
    arguments: Sequence[str],
    tell: Callable[[str], object],
    command: Sequence[str] = _COMMAND,
) -> Addresses:
    """Start `lab up` in a session of its own and wait until it is up.

    Args:
        arguments: Its options.
        tell: Takes each line that it prints until then.
        command: What is started.

    Returns:
        The lab's addresses.

    Raises:
        LabError: It ended before it was up, or another lab runs here.
    """
    # A file without a name: what the lab goes on writing into it is gone with the lab.
    with tempfile.TemporaryFile("w+", errors="replace") as output:
        process = subprocess.Popen(
            [*command, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=output,
            start_new_session=True,
        )
        try:
            return _wait(process, output.fileno(), tell)
        except BaseException:
            process.terminate()
            process.wait()
            raise


def _wait(process: subprocess.Popen[bytes], log: int, tell: Callable[[str], object]) -> Addresses:
    told = 0
    while True:
        ended = process.poll() is not None
        lines = os.pread(log, os.fstat(log).st_size, 0).decode(errors="replace").splitlines()
        for line in lines[told:]:
            tell(line)
        told = len(lines)
        if ended:
            raise LabError(f"the lab did not start: {lines[-1] if lines else 'it said nothing'}")
        running = find()
        if running is not None and running.pid == process.pid and running.info["state"] == UP:
            return Addresses.from_dict(running.info)
        time.sleep(_POLL_S)
