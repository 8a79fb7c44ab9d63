"""`bicoastal destroy`: everything goes, in an order computed from the live writer."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from bicoastal.cli import operating
from bicoastal.cli.planned import Yes

if TYPE_CHECKING:
    from bicoastal.operate.destroying import DestroyPlan


def destroy(
    reason: operating.Reason,
    yes: Yes = False,
    databases_only: Annotated[
        bool,
        typer.Option(
            "--databases-only",
            help="Leave the rest, so that 'pulumi destroy --refresh' can delete it.",
        ),
    ] = False,
    pulumi_stack: Annotated[
        str | None,
        typer.Option(
            "--pulumi-stack",
            metavar="NAME",
            help="Pulumi's name of the stack. Without it: from the name of the stack file.",
        ),
    ] = None,
    stack: operating.Stack = None,
    endpoint: operating.Endpoint = None,
    requester: operating.Requester = None,
    dry_run: operating.DryRun = False,
    as_json: operating.AsJson = False,
) -> None:
    """Destroy the stack: whoever replicates first, then the live writer, then the rest.

    Disarms the failover, deletes the databases in the order that AWS wants whoever is the writer,
    runs 'pulumi destroy --refresh' for everything else, and looks what is left. Refused during a
    failover and while deletion protection is on. If it is interrupted, run it again. Exit code 0
    means that nothing is left, 1 refused, failed or something is left, 2 bad usage.
    """
    where = operating.Where(stack, None, endpoint)
    access = operating.open_access(where, dry=dry_run, any_topology=True)
    from bicoastal.operate import destroying, pulumi_cli

    with operating.answers():
        agreed = destroying.plan(access, operating.tell, everything=dry_run)
        if dry_run or agreed.refusals:
            _print_plan(agreed, as_json=as_json)
            raise typer.Exit(1 if agreed.refusals else 0)
        rest = None if databases_only else pulumi_cli.find(stack, pulumi_stack).destroy
        if not yes:
            _print_plan(agreed, err=True)
            operating.confirm(
                f"All data goes, but for the final snapshots. Type {agreed.cluster} to go on",
                agreed.cluster,
            )
        try:
            left = destroying.destroy(
                access,
                agreed,
                rest,
                requester=requester or access.requester(access.target.order[0]),
                reason=reason,
                pace=operating.pace(),
                tell=operating.tell,
            )
        except KeyboardInterrupt:
            operating.tell("interrupted: run 'bicoastal destroy' again to go on from here")
            raise typer.Exit(130) from None
    _print_end(agreed, left, databases_only=databases_only, as_json=as_json)
    raise typer.Exit(1 if left and not databases_only else 0)


def _print_plan(plan: DestroyPlan, *, as_json: bool = False, err: bool = False) -> None:
    if as_json:
        typer.echo(json.dumps(plan.to_dict(), indent=2))
        return
    counted = "" if plan.there is None else f", {len(plan.there)} things in the account"
    lines = [
        f"now          writer {plan.writer or 'none'}{counted}",
        *(f"would        {number:>2} {step}" for number, step in enumerate(plan.steps, 1)),
        f"would        {len(plan.steps) + 1:>2} pulumi destroy --refresh, for everything else",
        *(f"would keep   {name}" for name in plan.kept),
        *(f"REFUSED      {line}" for line in plan.refusals),
    ]
    for line in lines:
        typer.echo(line, err=err)


def _print_end(
    plan: DestroyPlan, left: tuple[str, ...], *, databases_only: bool, as_json: bool
) -> None:
    if as_json:
        typer.echo(json.dumps({**plan.to_dict(), "left": list(left)}, indent=2))
        return
    for line in left:
        typer.echo(f"left         {line}")
    for name in plan.kept:
        typer.echo(f"kept         {name}")
    if databases_only:
        typer.echo("the databases are gone; now run 'pulumi destroy --refresh' for the rest")
    else:
        typer.echo(f"{len(left)} things are left" if left else "nothing is left")
