"""`bicoastal failover`: abandon the writer's region because a human says so."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from bicoastal.cli import operating
from bicoastal.cli.flow import Asked, Flow, follow
from bicoastal.cli.planned import Yes
from bicoastal.errors import BicoastalError

if TYPE_CHECKING:
    from bicoastal.failover.state import Record
    from bicoastal.operate.overriding import Plan


def failover(
    to: Annotated[str, typer.Option("--to", metavar="REGION", help="The region to promote.")],
    reason: operating.Reason,
    yes: Yes = False,
    stopped: Annotated[
        bool,
        typer.Option("--stopped", help="binlog-replica: nobody writes to the old writer any more."),
    ] = False,
    stack: operating.Stack = None,
    region: operating.Region = None,
    endpoint: operating.Endpoint = None,
    requester: operating.Requester = None,
    dry_run: operating.DryRun = False,
    as_json: operating.AsJson = False,
) -> None:
    """Fail over now, and lose what was not replicated. Neither armed nor confirmed by witnesses.

    Writes the intent, calls FailoverGlobalCluster with AllowDataLoss in the target's region, waits
    until the new writer is verified and DNS follows it. In topology binlog-replica it calls
    PromoteReadReplicaDBCluster: nothing is fenced, and the old member is made anew. Exit code 0
    means that the target serves, 1 refused, failed or no answer, 2 bad usage.
    """
    where = operating.Where(stack, region, endpoint)
    access = operating.open_access(where, dry=dry_run, any_topology=True)
    access.target.check_member(to, "--to")
    if stopped and access.target.settings.is_global:
        raise BicoastalError("--stopped is for topology binlog-replica; see switchover")
    from bicoastal.operate import overriding

    flow: Flow[Plan] = Flow(
        plan=lambda store, pace: overriding.plan(
            access, store, to, pace, operating.tell, stopped=stopped
        ),
        show=_print_plan,
        warning=lambda plan: f"Writes that {plan.config.region} has not received will be lost",
        carry_out=partial(overriding.carry_out, access),
        interrupted="no longer watching. What was begun is not undone: the controllers bring it to "
        "its end; look at it with 'bicoastal status'",
        shows_refused=False,
    )
    plan, end = follow(access, flow, Asked(requester, reason, yes, dry_run, as_json))
    serves = _serves(end, to)
    if as_json:
        typer.echo(json.dumps({"serves": serves, "record": end.to_dict()}, indent=2))
    elif serves:
        typer.echo(f"{to} serves, in epoch {end.epoch}; DNS follows. Acknowledge it: acknowledge")
        if plan.is_replica:
            typer.echo(
                f"{plan.record.writer} is no standby any more, and takes writes if it comes back: "
                "keep clients away from it. There is no way back but a new pair (docs/deploying.md)"
            )
    else:
        typer.echo(f"{to} does NOT serve: the record is {end.state}; see 'bicoastal audit'")
    raise typer.Exit(0 if serves else 1)


def _serves(record: Record, region: str) -> bool:
    return record.state != "LOCKED" and record.writer == region


def _print_plan(plan: Plan, as_json: bool, err: bool) -> None:
    if as_json:
        typer.echo(json.dumps(plan.to_dict(), indent=2))
        return
    target, record, evidence = plan.config.region, plan.record, plan.evidence
    latch_regions = ", ".join(plan.config.latch.regions) or "no region"
    now = f"now {record.state}, writer {record.writer}"
    value = int(target == plan.config.home_region)
    lag, age = evidence.lag_s, evidence.lag_age_s
    lines = [
        f"would write  PROMOTING to {target}, epoch {record.epoch + 1} ({now})",
        f"would call   {plan.call}",
        f"would set    latch {value} in {latch_regions}, once the writer is verified",
        *(f"vote         {v.witness} {v.verdict} ({v.depth}): {v.reason}" for v in evidence.votes),
        f"lag          {'unknown' if lag is None else f'{lag:.1f} s, {age:.0f} s ago'}",
        *(f"gate red     {gate}: {red}" for gate, red in plan.gates if red),
        f"gates green  {', '.join(gate for gate, red in plan.gates if not red) or 'none'}",
    ]
    lines += [f"REFUSED      {refusal}" for refusal in plan.refusals]
    for line in lines:
        typer.echo(line, err=err)
