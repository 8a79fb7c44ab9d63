"""`bicoastal plan`: the resources that the program would create."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from bicoastal.cli.stackfile import deployable_settings


def plan(
    stack: Annotated[
        Path | None,
        typer.Option(
            "--stack",
            metavar="FILE",
            help="Stack file (Pulumi.<stack>.yaml). Without it the defaults are planned.",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, one array.")] = False,
) -> None:
    """List every resource that `pulumi up` would create: type, name, region.

    Evaluates the Pulumi program in this process. Needs neither AWS nor the Pulumi CLI; values
    that only AWS can give stay unknown.
    """
    settings = deployable_settings(stack)
    from bicoastal.lab.planning import planned_resources

    resources = planned_resources(settings)
    if as_json:
        typer.echo(json.dumps([resource._asdict() for resource in resources], indent=2))
        return
    from rich.console import Console
    from rich.table import Table

    table = Table("Region", "Type", "Name", box=None, header_style="bold", pad_edge=False)
    for resource in resources:
        table.add_row(resource.region, resource.type, resource.name)
    console = Console(width=None if typer.get_text_stream("stdout").isatty() else 160)
    console.print(table)
    console.print(f"{len(resources)} resources", highlight=False)
