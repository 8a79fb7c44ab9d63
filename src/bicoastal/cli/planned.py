"""What `switchover` and `failback` share: the plan shown, the name asked for, the end told."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from bicoastal.cli import operating

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
    access.target.check_switchable(to)
    from bicoastal.operate import moving, switching

    pace = operating.pace()
    with operating.answers():
        store, asked = access.open(operating.tell)
        plan = switching.plan(access, store, to, pace, operating.tell)
        if dry or plan.done:
            _print_plan(plan, as_json=as_json)
            raise typer.Exit(1 if plan.refusals else 0)
        if not plan.refusals and not yes:
            _print_plan(plan, as_json=False, err=True)
            name = plan.config.cluster
            operating.confirm(f"Writes stop for a moment. Type {name} to go on", name)
        elif plan.refusals:
            _print_plan(plan, as_json=False, err=True)
        try:
            end = moving.carry_out(
                access,
                store,
                plan,
                requester=requester or access.requester(asked),
                reason=reason,
                pace=pace,
                tell=operating.tell,
            )
        except KeyboardInterrupt:
            operating.tell(
                f"no longer watching. RDS may go on; run 'bicoastal {command}' again to bring it "
                "to its end"
            )
            raise typer.Exit(130) from None
    if as_json:
        typer.echo(json.dumps({"writer": end.writer, "record": end.to_dict()}, indent=2))
    else:
        typer.echo(
            f"{end.writer} is the writer, in epoch {end.epoch}; nothing was lost, DNS follows"
        )
        if end.writer in plan.config.further:
            typer.echo("From there nothing fails over by itself: the controllers only observe")
    raise typer.Exit(0)


def _print_plan(plan: SwitchPlan, *, as_json: bool, err: bool = False) -> None:
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
