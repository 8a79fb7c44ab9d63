"""`bicoastal lab`: a lab that keeps running, with a live page."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bicoastal.cli.drill import Pace
from bicoastal.cli.ending import unwinding
from bicoastal.cli.stackfile import deployable_settings
from bicoastal.lab.drill.probe import Probe

if TYPE_CHECKING:
    from bicoastal.lab.up.addresses import Addresses

lab = typer.Typer(
    help="Keep a lab running, with a live page whose buttons break and mend it.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@lab.command()
def up(
    stack: Annotated[
        Path | None,
        typer.Option(
            "--stack", metavar="FILE", help="Deploy this stack file instead of the defaults."
        ),
    ] = None,
    pace: Pace = 15.0,
    probe: Annotated[
        Probe, typer.Option("--probe", help="How deep the witnesses probe; see 'drill --help'.")
    ] = Probe.CANARY,
    load: Annotated[
        float,
        typer.Option("--load", metavar="WPS", min=1.0, max=400.0, help="Writes a second."),
    ] = 50.0,
    port: Annotated[
        int,
        typer.Option(
            "--port", min=0, max=65535, help="The live page's port on 127.0.0.1; any free one if 0."
        ),
    ] = 0,
    disarmed: Annotated[
        bool, typer.Option("--disarmed", help="Start disarmed: nothing fails over by itself.")
    ] = False,
    detach: Annotated[
        bool,
        typer.Option(
            "--detach", "-d", help="Return when it is up; 'bicoastal lab down' removes it."
        ),
    ] = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="No progress and no events, only the addresses.")
    ] = False,
) -> None:
    """Start the lab and keep it: embedded AWS, databases, DNS, witnesses, controllers, clients.

    Prints its addresses and serves a live page on loopback. Ctrl-C, SIGTERM, the end of the
    terminal or 'bicoastal lab down' ends it, and nothing remains. One lab runs for each user and
    temporary folder. Exit code 130 or 143 after such an end, 1 when it could not be deployed, 2
    for bad usage, or when a lab runs already.
    """
    settings = deployable_settings(stack)
    if detach:
        from bicoastal.lab.up.detached import start

        arguments = [f"--pace={pace}", f"--probe={probe}", f"--load={load}", f"--port={port}"]
        arguments += [f"--stack={stack.absolute()}"] if stack is not None else []
        arguments += ["--disarmed"] if disarmed else []
        with unwinding():
            _print(start(arguments, lambda line: None if quiet else typer.echo(line, err=True)))
        return
    from bicoastal.cli.drill_view import Progress
    from bicoastal.lab.drill.options import DrillOptions
    from bicoastal.lab.scenarios import find as scenario
    from bicoastal.lab.up.session import KEEP_S, keep_up

    chosen = DrillOptions(
        scenario=scenario("nothing"),
        pace=pace,
        probe=probe,
        armed=not disarmed,
        writes_per_s=load,
        keep_s=KEEP_S,
    )
    with unwinding() as asked_to_end, Progress(quiet=quiet) as progress:
        keep_up(
            settings,
            chosen,
            port=port,
            observer=progress,
            ready=_print,
            ended=asked_to_end,
        )


@lab.command()
def down() -> None:
    """End the lab that runs here, and wait until nothing of it remains.

    Exit code 0 whether or not one ran.
    """
    from bicoastal.lab.up.place import find, stop

    running = find()
    if running is None:
        typer.echo("no lab is running here")
        return
    typer.echo(f"ending process {running.pid}", err=True)
    typer.echo("the lab is gone" if stop(running) else "the lab did not end, and was killed")


@lab.command()
def status(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Tell whether a lab runs here, and its addresses.

    Exit code 0 when it is up, 1 when none runs or it is still starting.
    """
    from bicoastal.lab.up.addresses import Addresses
    from bicoastal.lab.up.place import UP, find

    running = find()
    state = "none" if running is None else running.info["state"]
    if as_json:
        known = {} if running is None else {"pid": running.pid, **running.info}
        typer.echo(json.dumps({"state": state, **known}, indent=2))
    elif running is None:
        typer.echo("no lab is running here; 'bicoastal lab up' starts one")
    elif state != UP:
        typer.echo(f"process {running.pid} is {state} a lab")
    else:
        _print(Addresses.from_dict(running.info))
    raise typer.Exit(0 if state == UP else 1)


def _print(addresses: Addresses) -> None:
    rows = {
        "live page": addresses.page,
        "database": f"{addresses.domain}, port {addresses.port}",
        "DNS server": addresses.resolver,
        **addresses.recipes,
    }
    width = max(map(len, rows)) + 2
    for name, value in rows.items():
        typer.echo(f"{name:<{width}}{value}")
