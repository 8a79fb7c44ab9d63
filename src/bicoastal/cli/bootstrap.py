"""`bicoastal bootstrap`: what the database must hold for a full probe."""

from __future__ import annotations

import dataclasses
import json
import os
from contextlib import closing
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bicoastal.cli import operating
from bicoastal.errors import BicoastalError

if TYPE_CHECKING:
    from bicoastal.operate.bootstrap import Outcome
    from bicoastal.operate.bootstrapping import Login
    from bicoastal.settings import Settings


class Tls(StrEnum):
    """How the connection is encrypted."""

    VERIFY = "verify"
    ENCRYPT = "encrypt"
    OFF = "off"


def bootstrap(
    stack: operating.Stack = None,
    apply: Annotated[
        bool, typer.Option("--apply", help="Apply it to the writer, and show what changed.")
    ] = False,
    host: Annotated[
        str | None, typer.Option("--host", metavar="HOST", help="The writer's endpoint.")
    ] = None,
    port: Annotated[
        int | None,
        typer.Option("--port", min=1, max=65535, help="Its port. Without it: the stack's."),
    ] = None,
    user: Annotated[
        str | None,
        typer.Option("--user", metavar="NAME", help="Who may create users. Without it: see below."),
    ] = None,
    password_env: Annotated[
        str | None,
        typer.Option(
            "--password-env",
            metavar="VARIABLE",
            help="Environment variable that holds the password of --user; without it you are "
            "asked. Without --user, both come from the stack's secret.",
        ),
    ] = None,
    tls: Annotated[
        Tls, typer.Option("--tls", help="verify the server, only encrypt, or off (a lab).")
    ] = Tls.VERIFY,
    ca_file: Annotated[
        Path | None,
        typer.Option("--ca-file", metavar="FILE", help="Authorities. Without it: health.caFile."),
    ] = None,
    endpoint: operating.Endpoint = None,
    dry_run: operating.DryRun = False,
    as_json: operating.AsJson = False,
) -> None:
    """Print the SQL for the probe user and its heartbeat table; with --apply, apply it.

    It can be repeated: what is there already is left alone. The password is never given on the
    command line. Exit code 0 means printed or applied, 1 the database or AWS refused, 2 bad usage.
    """
    from bicoastal.operate import bootstrap as database
    from bicoastal.settings import load, load_stack_file

    settings = load({}) if stack is None else load_stack_file(stack)
    if not apply:
        _print(database.statements(), as_json=as_json)
        return
    from bicoastal.operate import bootstrapping

    named = settings.health.ca_file
    context = bootstrapping.tls(tls, ca_file or (Path(named) if named else None))
    with operating.answers():
        login = _login(settings, host, port, user, password_env, endpoint)
        operating.tell(f"asking {login.host}:{login.port} as {login.user}")
        with closing(bootstrapping.connect(login, context)) as connection:
            outcomes = database.apply(connection, dry=dry_run)
    _show(outcomes, dry=dry_run, as_json=as_json)


def _login(
    settings: Settings,
    host: str | None,
    port: int | None,
    user: str | None,
    password_env: str | None,
    endpoint: list[str] | None,
) -> Login:
    from bicoastal.failover.gateway import Clients
    from bicoastal.operate import bootstrapping
    from bicoastal.operate.access import endpoints

    if host is None:
        raise BicoastalError("--apply needs --host, the writer's endpoint (see bicoastal status)")
    if user is not None:
        password = _password(user, password_env)
    elif settings.secret_arn is not None:
        clients = Clients(endpoints(endpoint or ()))
        user, password = bootstrapping.from_secret(clients, settings.secret_arn)
    else:
        raise BicoastalError("--apply needs --user, or a stack file whose secretArn names one")
    return bootstrapping.Login(host, port or settings.database.port, user, password)


def _password(user: str, variable: str | None) -> str:
    if variable is None:
        return str(typer.prompt(f"Password of {user}", hide_input=True, err=True))
    try:
        return os.environ[variable]
    except KeyError:
        raise BicoastalError(f"--password-env: {variable} is not in the environment") from None


def _print(statements: tuple[object, ...], *, as_json: bool) -> None:
    rows = [{k: v for k, v in vars(each).items() if k != "present"} for each in statements]
    if as_json:
        typer.echo(json.dumps({"statements": rows}, indent=2))
        return
    for row in rows:
        typer.echo(f"-- {row['what']}\n{row['sql']};")


def _show(outcomes: tuple[Outcome, ...], *, dry: bool, as_json: bool) -> None:
    if as_json:
        rows = [dataclasses.asdict(outcome) for outcome in outcomes]
        typer.echo(json.dumps({"dry_run": dry, "statements": rows}, indent=2))
        return
    done = "would do" if dry else "done"
    for outcome in outcomes:
        typer.echo(f"{done if outcome.changes else 'is so':<9}{outcome.what}")
        if outcome.changes:
            typer.echo(f"         {outcome.sql};")
