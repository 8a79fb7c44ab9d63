"""The command line: one command a file, each imported with what it needs only when it runs.

Exit codes are the same everywhere: 0 success (a passing verdict), 1 a failed verdict or a failed
deployment, 2 bad usage or bad input, 130 interrupted.
"""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from bicoastal import __version__
from bicoastal.cli.acknowledge import acknowledge
from bicoastal.cli.approve import approve
from bicoastal.cli.arm import arm
from bicoastal.cli.audit import audit
from bicoastal.cli.bootstrap import bootstrap
from bicoastal.cli.check import check
from bicoastal.cli.cost import cost
from bicoastal.cli.disarm import disarm
from bicoastal.cli.drill import drill
from bicoastal.cli.failback import failback
from bicoastal.cli.failover import failover
from bicoastal.cli.maintenance import maintenance
from bicoastal.cli.plan import plan
from bicoastal.cli.prices import prices
from bicoastal.cli.rejoin import rejoin
from bicoastal.cli.report import report
from bicoastal.cli.status import status
from bicoastal.cli.switchover import switchover
from bicoastal.cli.tables import tables
from bicoastal.cli.unlock import unlock
from bicoastal.errors import BicoastalError, DeploymentError

app = typer.Typer(
    name="bicoastal",
    help="A two-region Aurora MySQL database whose failover is rehearsed on real databases.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Start with 'bicoastal drill': it needs no AWS account.",
)
app.command()(check)
app.command()(drill)
app.command()(report)
app.command()(plan)
app.command()(cost)
app.add_typer(prices, name="prices")
app.command()(bootstrap)
app.command()(status)
app.command()(arm)
app.command()(disarm)
app.command()(approve)
app.command()(acknowledge)
app.command()(unlock)
app.command()(maintenance)
app.command()(switchover)
app.command()(failover)
app.command()(rejoin)
app.command()(failback)
app.command()(audit)
app.add_typer(tables, name="tables")


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
