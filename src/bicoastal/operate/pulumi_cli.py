"""The Pulumi CLI, as far as destroying needs it: it alone can empty its state."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from bicoastal.operate.errors import BadRequest, Refused

_STACK_FILE = re.compile(r"Pulumi\.(?P<stack>[\w.-]+)\.ya?ml")


@dataclass(frozen=True)
class PulumiCli:
    """A stack, and where its program is.

    Attributes:
        program: the CLI's file.
        folder: the project's folder.
        stack: the stack's name; None leaves it to the CLI, which takes the selected one.
    """

    program: str
    folder: Path
    stack: str | None

    @property
    def command(self) -> tuple[str, ...]:
        """The command that deletes what the state still knows of.

        The refresh comes first: before it deletes a cluster, the real provider waits until it is
        available, and in vain if it is gone. Source, `resourceClusterDelete` in
        https://github.com/hashicorp/terraform-provider-aws/blob/main/internal/service/rds/cluster.go
        """
        chosen = ("--stack", self.stack) if self.stack else ()
        return (self.program, "destroy", "--yes", "--skip-preview", "--refresh", *chosen)

    def destroy(self) -> None:
        """Run it, with its output on standard error.

        Raises:
            Refused: it ended with an error.
        """
        ended = subprocess.run(self.command, cwd=self.folder, stdout=sys.stderr, check=False)
        if ended.returncode:
            raise Refused(
                f"{' '.join(self.command)} ended with exit code {ended.returncode}: run the same "
                "command again to go on from here"
            )


def find(stack_file: Path | None, stack: str | None) -> PulumiCli:
    """Find the CLI and the stack's name, before anything is done.

    Args:
        stack_file: the stack file; its folder is the project's, its name has the stack's.
        stack: the stack's name, if the file's does not tell it.

    Returns:
        What will be run.

    Raises:
        BadRequest: there is no CLI, or the stack's name is unknown.
    """
    program = shutil.which("pulumi")
    if program is None:
        raise BadRequest(
            "the Pulumi CLI is not on PATH, and without it the state would still know of what is "
            "gone. Install it, or say --databases-only and run 'pulumi destroy --refresh' yourself"
        )
    if stack is None and stack_file is not None:
        match = _STACK_FILE.fullmatch(stack_file.name)
        if match is None:
            raise BadRequest(
                f"{stack_file.name} does not tell the stack's name as Pulumi.<stack>.yaml does: "
                "say --pulumi-stack NAME"
            )
        stack = match["stack"]
    return PulumiCli(program, stack_file.resolve().parent if stack_file else Path.cwd(), stack)
