"""`bicoastal prices`: rebuild the price snapshot from AWS's price list, or see what changed."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

if TYPE_CHECKING:
    from bicoastal.costs.pricelist.bulk import Progress
    from bicoastal.costs.prices import Snapshot
    from bicoastal.costs.refresh import Change, Source

prices = typer.Typer(
    help="Rebuild the price snapshot from AWS's price list, or see what changed.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

Base = Annotated[
    str | None,
    typer.Option(
        "--from",
        metavar="URL|DIR",
        help="A mirror of the price list. Without it: AWS's public address, no credentials.",
    ),
]
Api = Annotated[
    bool, typer.Option("--api", help="Ask the Pricing API instead, with your AWS credentials.")
]
Form = Annotated[
    Literal["csv", "json"],
    typer.Option("--format", help="Which form of a region's file is read; CSV is the smaller."),
]
Regions = Annotated[
    list[str] | None,
    typer.Option("--region", metavar="REGION", help="Add a region; may be repeated."),
]
Gone = Annotated[
    list[str] | None,
    typer.Option(
        "--gone", metavar="FIGURE@REGION", help="AWS no longer sells this; may be repeated."
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, one object.")]


@prices.command()
def refresh(
    base: Base = None,
    api: Api = False,
    form: Form = "csv",
    regions: Regions = None,
    gone: Gone = None,
    most_percent: Annotated[
        float,
        typer.Option(
            "--most-percent", metavar="N", min=0, help="Fail on a price that moved by more."
        ),
    ] = 60,
    output: Annotated[
        Path | None,
        typer.Option("--output", metavar="FILE", help="Write here, not into the package."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Rebuild the snapshot: every figure from exactly one row, or nothing and all the reasons.

    Reads every region's files as streams, whatever their size. The old snapshot stays until the
    new one is whole.
    """
    old, new, moved = _rebuilt(base, api, form, regions, gone, Decimal(str(most_percent)))
    from bicoastal.costs.prices import FILE
    from bicoastal.costs.refresh import save

    file = output or FILE
    save(new, file)
    if as_json:
        typer.echo(_json(new, moved, file=str(file), figures=len(new.figures)))
        return
    _print_changes(moved)
    typer.echo(f"{file}: {len(new.figures)} figures, where there were {len(old.figures)}.")


@prices.command()
def diff(
    base: Base = None,
    api: Api = False,
    form: Form = "csv",
    regions: Regions = None,
    gone: Gone = None,
    as_json: AsJson = False,
) -> None:
    """Show what changed between the snapshot in the package and AWS's price list.

    Writes nothing. Exits 1 if a price differs, 0 if none does.
    """
    _, new, moved = _rebuilt(base, api, form, regions, gone, None)
    if as_json:
        typer.echo(_json(new, moved))
    else:
        _print_changes(moved)
    raise typer.Exit(1 if moved else 0)


def _rebuilt(
    base: str | None,
    api: bool,
    form: Literal["csv", "json"],
    regions: list[str] | None,
    gone: list[str] | None,
    most_percent: Decimal | None,
) -> tuple[Snapshot, Snapshot, tuple[Change, ...]]:
    """The snapshot in the package, the price list's, and what differs."""
    if api and base is not None:
        msg = "choose one of --api and --from"
        raise typer.BadParameter(msg)
    places = [_place(text) for text in gone or ()]
    from bicoastal.costs.prices import snapshot
    from bicoastal.costs.refresh import changes, rebuild

    old = snapshot()
    with _progress() as tell:
        source = _source(base, api, form, tell)
        new = rebuild(old, source, regions=regions or (), gone=places, most_percent=most_percent)
    return old, new, changes(old, new)


def _place(text: str) -> tuple[str, str]:
    key, sign, region = text.rpartition("@")
    if not (key and sign and region):
        msg = f"--gone takes FIGURE@REGION, such as aurora:io@us-east-1, not {text!r}"
        raise typer.BadParameter(msg)
    return key, region


def _source(base: str | None, api: bool, form: Literal["csv", "json"], tell: Progress) -> Source:
    if api:
        import boto3

        from bicoastal.costs.pricelist.api import REGION, PricingApi

        return PricingApi(boto3.client("pricing", region_name=REGION), tell)
    from bicoastal.costs.pricelist.bulk import PUBLIC, BulkFiles

    return BulkFiles(PUBLIC if base is None else base, form, tell)


@contextmanager
def _progress() -> Iterator[Progress]:
    """A line that says what is read and how far it is, on a terminal only."""
    if not sys.stderr.isatty():
        yield lambda _name, _done, _total: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, TextColumn
    from rich.progress import Progress as Bar

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn())
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=None)
        yield lambda name, done, total: bar.update(
            task, description=name, completed=done, total=total
        )


def _cells(change: Change) -> tuple[str, str, str, str, str]:
    from bicoastal.costs.prices import plain

    old = "not known" if change.old is None else plain(change.old)
    new = "gone" if change.new is None else plain(change.new)
    percent = "" if change.percent is None else f"{change.percent:+.1f} %"
    return change.key, change.region, old, new, percent


def _print_changes(moved: tuple[Change, ...]) -> None:
    if not moved:
        typer.echo("No price differs.")
        return
    from rich.console import Console
    from rich.table import Table

    table = Table("Figure", "Region", box=None, header_style="bold", pad_edge=False)
    for name in ("Old USD", "New USD", "Change"):
        table.add_column(name, justify="right")
    for change in moved:
        table.add_row(*_cells(change))
    console = Console(width=None if sys.stdout.isatty() else 160)
    console.print(table)
    differ = "1 price differs." if len(moved) == 1 else f"{len(moved)} prices differ."
    console.print(differ, highlight=False)


def _json(new: Snapshot, moved: tuple[Change, ...], **more: Any) -> str:
    from bicoastal.costs.prices import plain

    body = {
        "currency": "USD",
        "priceLists": dict(new.price_lists),
        "changes": [
            {
                "figure": change.key,
                "region": change.region,
                "old": None if change.old is None else plain(change.old),
                "new": None if change.new is None else plain(change.new),
                "percent": None if change.percent is None else f"{change.percent:.1f}",
            }
            for change in moved
        ],
        **more,
    }
    return json.dumps(body, indent=2)
