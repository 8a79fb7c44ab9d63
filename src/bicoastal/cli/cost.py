"""`bicoastal cost`: what a stack costs, before it is deployed."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bicoastal.cli import operating

if TYPE_CHECKING:
    from bicoastal.costs.estimate import Estimate
    from bicoastal.costs.usage import Usage
    from bicoastal.settings import Settings

_DEPLOYED = "deployed"
_UNITS = {"m": Decimal(1) / 60, "h": Decimal(1), "d": Decimal(24), "w": Decimal(168)}


def hours(text: str) -> Decimal:
    """Read a duration.

    Args:
        text: a number and one of m, h, d, w, such as `4h`.

    Returns:
        Hours.

    Raises:
        typer.BadParameter: it is not a duration above zero.
    """
    match = re.fullmatch(r"([0-9]{1,6}(?:\.[0-9]{1,3})?)([mhdw])", text.strip())
    if match is None or not Decimal(match[1]):
        msg = f"{text!r} is not a duration; write a number and m, h, d or w, such as 4h"
        raise typer.BadParameter(msg)
    return Decimal(match[1]) * _UNITS[match[2]]


def cost(
    stack: Annotated[
        Path | None,
        typer.Argument(
            metavar="FILE",
            help="Stack file (Pulumi.<stack>.yaml). Without it the defaults are priced.",
        ),
    ] = None,
    usage_file: Annotated[
        Path | None,
        typer.Option("--usage", metavar="FILE", help="YAML file that says how it is used."),
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="One usage key; may be repeated."),
    ] = None,
    lifetime: Annotated[
        Decimal | None,
        typer.Option("--for", metavar="TIME", parser=hours, help="Also price a life, as 4h, 2d."),
    ] = None,
    compare: Annotated[
        bool, typer.Option("--compare", help="Also price profiles and lawful alternatives.")
    ] = False,
    old: Annotated[
        str | None,
        typer.Option(
            "--diff",
            metavar="OLD",
            help="Show only what changes in price against this stack file, or against what AWS says"
            " is deployed: the word deployed. (A file of that name: ./deployed)",
        ),
    ] = None,
    budget: Annotated[
        float | None,
        typer.Option(
            "--budget", metavar="USD", min=0.01, help="Exit 1 above it; default budget.monthlyUsd."
        ),
    ] = None,
    endpoint: operating.Endpoint = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, one object.")] = False,
    as_markdown: Annotated[
        bool, typer.Option("--markdown", help="Print Markdown, for a pull request.")
    ] = False,
) -> None:
    """Price everything that the program creates: a month of 730 hours, US dollars, on demand.

    Reads a dated price list in the package; asks nobody, except with --diff deployed. Exits 1 if a
    budget is exceeded.
    """
    if as_json and as_markdown:
        msg = "choose one of --json and --markdown"
        raise typer.BadParameter(msg)
    if old is not None and (compare or lifetime is not None):
        msg = "--diff shows what changes in a month; leave --compare and --for out"
        raise typer.BadParameter(msg)
    from bicoastal.cli import cost_diff_view, cost_view
    from bicoastal.costs.budget import over_budget
    from bicoastal.costs.changes import compare as find_changes
    from bicoastal.costs.estimate import estimate
    from bicoastal.costs.report import make_report
    from bicoastal.costs.usage import load_usage
    from bicoastal.settings import load, load_stack_file

    asked = load({}) if stack is None else load_stack_file(stack)
    usage = load_usage(usage_file, settings or ())
    report = make_report(asked, usage, lifetime=lifetime, compare=compare)
    limit = budget if budget is not None else asked.budget.monthly_usd
    reason = None if limit is None else over_budget(report.estimate, Decimal(str(limit)))
    form = "as_json" if as_json else "as_markdown" if as_markdown else "as_text"
    if old is None:
        typer.echo(getattr(cost_view, form)(report))
    else:
        if old == _DEPLOYED:
            before, said = _deployed(asked, usage, endpoint or ())
        else:
            before, said = estimate(load_stack_file(Path(old)), usage), ()
        changes = find_changes(before, report.estimate)
        warnings = (*said, *changes.warnings(datetime.now(UTC).date()))
        typer.echo(getattr(cost_diff_view, form)(changes, warnings))
    if reason is not None:
        typer.echo(f"over budget: {reason}", err=True)
        raise typer.Exit(1)


def _deployed(
    asked: Settings, usage: Usage, endpoint: Iterable[str]
) -> tuple[Estimate, tuple[str, ...]]:
    """The estimate of what is deployed under the names of the settings, and what to know of it."""
    from bicoastal.costs.deployed import deployed_estimate, remarks
    from bicoastal.live.deployed import read
    from bicoastal.operate.access import clients_of, endpoints

    clients = clients_of(endpoints(endpoint))
    operating.tell(f"asking AWS in {', '.join(asked.regions.all)}")
    seen = read(clients, asked)
    return deployed_estimate(asked, seen, usage), tuple(remarks(asked, seen))
