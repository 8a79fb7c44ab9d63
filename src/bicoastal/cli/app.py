"""The command line: one command a file, each imported with what it needs only when it runs.

Exit codes are the same everywhere: 0 success (a passing verdict), 1 a failed verdict or a failed
deployment, 2 bad usage or bad input, 130 interrupted.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Annotated, Any

import typer
from typer.core import TyperGroup
from typer.main import get_group

from bicoastal import __version__
from bicoastal.errors import BicoastalError, DeploymentError

COMMANDS = (
    "check", "drill", "lab", "report", "plan", "cost", "bootstrap", "status", "arm", "disarm",
    "approve", "acknowledge", "unlock", "maintenance", "switchover", "failover", "rejoin",
    "failback", "upgrade", "audit", "doctor", "destroy", "reap", "prices", "tables",
)  # fmt: skip
"""Every command, in the order of the help: `bicoastal.cli.<name>` has a function, or a group of
commands, of that name."""


class _Commands(TyperGroup):
    """Imports and builds a command when it is asked for: all of them take half of a start."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Name every command."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Build one command; None if there is none of that name."""
        del ctx
        if cmd_name not in COMMANDS:
            return None
        found = getattr(import_module(f"bicoastal.cli.{cmd_name}"), cmd_name)
        alone = typer.Typer(rich_markup_mode=None)
        if isinstance(found, typer.Typer):
            alone.add_typer(found, name=cmd_name)
        else:
            alone.command(cmd_name)(found)
        return get_group(alone).commands[cmd_name]


app = typer.Typer(
    name="bicoastal",
    cls=_Commands,
    help="A two-region Aurora MySQL database whose failover is rehearsed on real databases.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Start with 'bicoastal drill': it needs no AWS account.",
)


def _print_version(value: bool) -> None:
    if value:
        typer.echo(f"bicoastal {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version and stop."
        ),
    ] = False,
) -> None:
    """A two-region Aurora MySQL database whose failover is rehearsed on real databases."""


def main() -> None:
    """Run the command line and leave with its exit code.

    Errors that bicoastal raises on purpose are printed as one message, without a traceback.
    """
    try:
        app()
    except DeploymentError as error:
        typer.echo(f"error: {error}", err=True)
        sys.exit(1)
    except BicoastalError as error:
        typer.echo(f"error: {error}", err=True)
        sys.exit(2)
    except KeyboardInterrupt:
        typer.echo("interrupted: everything that was started has been stopped", err=True)
        sys.exit(130)
