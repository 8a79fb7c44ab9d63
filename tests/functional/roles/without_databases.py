"""The embedded AWS's own process with stubs for databases: all of its rules, none of the weight.

`python without_databases.py CONFIG`, in place of `python -m bicoastal.lab.aws.server CONFIG`. While
a file `away` is in the workspace, nothing reaches a writer that lost its role.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from typing import Any

from bicoastal.lab.aws import server
from bicoastal.lab.aws.failovers import Failovers
from bicoastal.lab.aws.members import Members
from bicoastal.lab.databases import Promotion


class Stub:
    """A database that agrees to everything at once."""

    def __init__(self, workspace: Any, name: str, _number: int, **options: Any) -> None:
        self.workspace, self.name, self.socket = workspace, name, options["socket"]

    def __getattr__(self, name: str) -> Callable[..., Any]:
        values = {"caught_up": True, "replicating": True, "gtid_position": "0-1-5"}
        return lambda *_, **__: values.get(name)

    def drain(self, *, timeout: float) -> Promotion:
        """Nothing is left to apply."""
        del timeout
        return Promotion(0.0, "0-1-5", drained=True)


def reach(workspace: Any, *_: Any, **__: Any) -> int:
    """Fence the old writer, if it can be reached."""
    if (workspace.path / "away").exists():
        raise OSError("stub: it is away")
    return 0


class Stubs(Members):
    """Members that need no server's files."""

    async def prepare(self) -> None:
        """There is nothing to prepare."""


if __name__ == "__main__":
    stub: Any = Stub
    vars(server).update(
        Members=partial(Stubs, make=stub), Failovers=partial(Failovers, fencing=reach)
    )
    server.main(sys.argv[1:])
