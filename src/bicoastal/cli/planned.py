"""What `switchover` and `failback` share: the plan shown, the name asked for, the end told."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from bicoastal.cli import operating
from bicoastal.cli.flow import Asked, Flow, follow

if TYPE_CHECKING:
    from bicoastal.operate.switching import SwitchPlan

Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask for the global cluster's name.")]


def switch(
    where: operating.Where,
    region: str | None,
    *,
    command: str,
    reason: str,
    requester: str | None,
    yes: bool,
    dry: bool,
    as_json: bool,
) -> None:
    """Plan a switchover, and carry it out.

    Args:
        where: the stack.
        region: the writer to be; None means the home region.
        command: the command that was given, for messages.
        reason: why.
        requester: who asks; None finds out.
        yes: do not ask for the name.
        dry: only plan.
        as_json: print JSON.

    Raises:
        typer.Exit: always; 0 the region is the writer, 1 refused or failed, 130 interrupted.
    """
    access = operating.open_access(where, dry=dry, any_topology=True)
    to = region or access.target.settings.regions.home
    access.target.check_member(to, "--to")
    from bicoastal.operate import moving, switching
    from bicoastal.operate.by_hand import check_switchable

    check_switchable(access.target, to)

    flow: Flow[SwitchPlan] = Flow(
        plan=lambda store, pace: switching.plan(access, store, to, pace, operating.tell),
        show=_print_plan,
        warning=lambda _plan: "Writes stop for a moment",
        carry_out=partial(moving.carry_out, access),
        interrupted=f"no longer watching. RDS may go on; run 'bicoastal {command}' again to bring "
        "it to its end",
    )
    plan, end = follow(access, flow, Asked(requester, reason, yes, dry, as_json))
    if as_json:
        typer.echo(json.dumps({"writer": end.writer, "record": end.to_dict()}, indent=2))
    else:
        typer.echo(
            f"{end.writer} is the writer, in epoch {end.epoch}; nothing was lost, DNS follows"
        )
        if end.writer in plan.config.further:
            typer.echo("From there nothing fails over by itself: the controllers only observe")
    raise typer.Exit(0)


def _print_plan(plan: SwitchPlan, as_json: bool, err: bool) -> None:
    if as_json:
        typer.echo(json.dumps(plan.to_dict(), indent=2))
        return
    region, record = plan.config.region, plan.record
    if plan.done:
        typer.echo(f"{region} is the writer already: nothing to do", err=err)
        return
    latch_regions = ", ".join(plan.config.latch.regions) or "no region"
    first = f"would call   {plan.call}"
    if plan.resumes:
        first = f"would resume RDS has moved the writer to {region} already"
    lines = [
        f"now          {record.state}, writer {record.writer}, epoch {record.epoch}",
        first,
        f"would write  writer {region}, epoch {record.epoch + 1}, once a quorum has reached it",
        f"would set    latch {int(region == plan.config.home_region)} in {latch_regions}",
    ]
    for name, red in plan.preconditions:
        lines += [f"REFUSED      {name}: {line}" for line in red] or [f"green        {name}"]
    for line in lines:
        typer.echo(line, err=err)
