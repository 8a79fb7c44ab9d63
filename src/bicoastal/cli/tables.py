"""`bicoastal tables`: the dated tables of classes and versions against what RDS offers today."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bicoastal.cli.operating import AsJson, Endpoint, tell

if TYPE_CHECKING:
    from bicoastal.live.tables import Change, Table

tables = typer.Typer(
    name="tables",
    help="Compare or refresh the dated tables that 'check' reads, from AWS.",
    no_args_is_help=True,
)


class Which(StrEnum):
    """The tables that RDS can tell something of."""

    CLASSES = "classes"
    VERSIONS = "versions"


Name = Annotated[Which, typer.Argument(metavar="classes|versions", help="Which table.")]
Regions = Annotated[
    list[str] | None,
    typer.Option(
        "--region", metavar="REGION", help="Ask this region, too. Default: the stack's three."
    ),
]


@tables.command()
def diff(
    table: Name, region: Regions = None, endpoint: Endpoint = None, as_json: AsJson = False
) -> None:
    """Show what a refresh would change. Nothing is written.

    Exit code 0: nothing but the day. 1: something, or AWS did not answer. 2: bad usage.
    """
    _, _, changes = _compared(table, region, endpoint)
    _show(changes, {"table": table, "file": None}, as_json=as_json)
    raise typer.Exit(1 if changes else 0)


@tables.command()
def refresh(
    table: Name,
    region: Regions = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="Write here, not into the package."),
    ] = None,
    endpoint: Endpoint = None,
    as_json: AsJson = False,
) -> None:
    """Write a table anew from what RDS offers, and show what changed.

    A file is replaced as a whole, and only by a whole answer. Exit code 0: written. 1: AWS did not
    answer, or not wholly, or the file cannot be written; it is then as before. 2: bad usage.
    """
    path, new, changes = _compared(table, region, endpoint)
    from bicoastal.live.tables import write

    file = output or path
    with _one_message():
        write(file, new)
    _show(changes, {"table": table, "file": str(file)}, as_json=as_json)


def _compared(
    name: Which, regions: list[str] | None, endpoint: list[str] | None
) -> tuple[Path, Table, list[Change]]:
    """The table's file, what it becomes, and what changes besides the day."""
    from datetime import UTC, datetime

    from bicoastal.live import offers
    from bicoastal.live.tables import differences, read, with_classes, with_versions
    from bicoastal.operate.access import Access, endpoints
    from bicoastal.operate.target import Target
    from bicoastal.settings import load
    from bicoastal.settings.tables import path

    settings = load({})
    clients = Access(Target(settings), endpoints(endpoint or ())).clients
    asked: Sequence[str] = tuple(dict.fromkeys(regions or settings.regions.all))
    today = datetime.now(UTC).date().isoformat()
    tell(f"asking RDS in {', '.join(asked)}")
    with _one_message():
        old = read(path(name))
        if name is Which.CLASSES:
            new = with_classes(old, offers.orderable(clients, asked), today)
        else:
            new = with_versions(old, offers.versions(clients, asked), today)
    changes = [c for c in differences(old, new) if c.path not in {"as_of", "patches_as_of"}]
    return path(name), new, changes


@contextmanager
def _one_message() -> Iterator[None]:
    """Print what AWS did not answer, and leave with exit code 1."""
    from bicoastal.live.errors import RefreshError

    try:
        yield
    except RefreshError as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(1) from None


def _show(changes: list[Change], about: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        found = [change._asdict() for change in changes]
        typer.echo(json.dumps({**about, "changes": found}, indent=2))
        return
    for change in changes:
        typer.echo(str(change))
    count = f"{len(changes) or 'no'} change{'' if len(changes) == 1 else 's'}"
    where = f", written to {about['file']}" if about["file"] else ""
    typer.echo(f"{about['table']}: {count}{where}")
