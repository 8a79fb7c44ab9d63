"""`bicoastal upgrade`: another minor version of the engine, the standbys first, the writer last."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bicoastal.cli import operating
from bicoastal.cli.flow import Asked, Flow, follow
from bicoastal.cli.maintenance import LONGEST_S
from bicoastal.cli.planned import Yes
from bicoastal.errors import BicoastalError

if TYPE_CHECKING:
    from bicoastal.operate.upgrading import UpgradePlan


def upgrade(
    to: Annotated[
        str, typer.Option("--to", metavar="VERSION", help="Such as 8.0.mysql_aurora.3.12.0.")
    ],
    reason: operating.Reason,
    lasting: Annotated[
        str, typer.Option("--for", metavar="TIME", help="Keep the failover still at most so long.")
    ] = "2h",
    yes: Yes = False,
    stack: operating.Stack = None,
    region: operating.Region = None,
    endpoint: operating.Endpoint = None,
    requester: operating.Requester = None,
    dry_run: operating.DryRun = False,
    as_json: operating.AsJson = False,
) -> None:
    """Upgrade the engine of every member, one after the other. No failover meanwhile.

    Refused unless the database is well and AWS offers the version. Interrupted, it goes on when it
    is run again. Afterwards it says what to change in the stack file. Exit code 0 means that all
    members have the version, 1 refused or failed, 2 bad usage.
    """
    hold_s = operating.seconds(lasting)
    if hold_s > LONGEST_S:
        raise BicoastalError(f"--for {lasting} is longer than 7d")
    where = operating.Where(stack, region, endpoint)
    access = operating.open_access(where, dry=dry_run, any_topology=True)
    from bicoastal.operate import rolling, upgrading
    from bicoastal.operate.by_hand import check_upgradable

    check_upgradable(access.target, to)

    before = access.target.settings.database.engine_version

    def show(plan: UpgradePlan, as_json: bool, err: bool) -> None:
        if as_json:
            typer.echo(json.dumps(plan.to_dict(), indent=2))
            return
        _print_plan(plan, err=err)
        if plan.done:
            _print_change(before, to, stack)

    flow: Flow[UpgradePlan] = Flow(
        plan=lambda store, pace: upgrading.plan(access, store, to, pace, operating.tell),
        show=show,
        warning=lambda _plan: "Each member restarts, the writer too",
        carry_out=partial(rolling.carry_out, access),
        interrupted="no longer watching. AWS ends what it has begun; the failover keeps still "
        "until its maintenance ends. Run the same command again to go on",
    )
    plan, end = follow(access, flow, Asked(requester, reason, yes, dry_run, as_json, hold_s))
    if as_json:
        typer.echo(json.dumps({"version": to, "record": end.to_dict()}, indent=2))
    else:
        typer.echo(f"every member of {plan.cluster} runs {to}")
        _print_change(before, to, stack)


def _print_change(before: str, to: str, stack: Path | None) -> None:
    if before == to:
        return
    file = stack or "the stack file"
    typer.echo(f"now write it into {file}, or the next new member would get {before}:")
    typer.echo(f"  pulumi config set --path 'bicoastal:database.engineVersion' {to}")


def _print_plan(plan: UpgradePlan, *, err: bool) -> None:
    if plan.done:
        typer.echo(f"every member of {plan.cluster} runs {plan.to} already", err=err)
        return
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    head = ("", "region", "role", "version", "what is done")
    table = Table(*head, box=None, header_style="bold", pad_edge=False, padding=(0, 2, 0, 0))
    for number, m in enumerate(plan.members, start=1):
        row = (str(number), m.region, m.role, f"{m.version} -> {plan.to}", plan.call(m))
        table.add_row(*map(escape, row))
    is_terminal = typer.get_text_stream("stderr" if err else "stdout").isatty()
    Console(width=None if is_terminal else 160, stderr=err, highlight=False).print(table)
    lines = ["an earlier run has begun it: this one goes on"] if plan.begun else []
    for name, red in plan.preconditions:
        lines += [f"REFUSED      {name}: {line}" for line in red] or [f"green        {name}"]
    lines += [f"note         {note}" for note in plan.notes]
    for line in lines:
        typer.echo(line, err=err)
