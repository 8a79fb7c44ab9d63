"""`bicoastal maintenance`: keep the failover still for a while."""

from __future__ import annotations

from typing import Annotated

import typer

from bicoastal.cli import operating
from bicoastal.errors import BicoastalError

LONGEST_S = 7 * 86400.0


def maintenance(
    reason: operating.Reason,
    lasting: Annotated[
        str | None,
        typer.Option("--for", metavar="TIME", help="How long: 2h, 90m, 1h30m; 7d at most."),
    ] = None,
    end: Annotated[bool, typer.Option("--end", help="End it now.")] = False,
    stack: operating.Stack = None,
    region: operating.Region = None,
    endpoint: operating.Endpoint = None,
    requester: operating.Requester = None,
    dry_run: operating.DryRun = False,
    as_json: operating.AsJson = False,
) -> None:
    """Begin or end maintenance: no failover meanwhile, and it ends by itself.

    An armed failover stays armed, and acts again after the end and a few clean rounds. Exit code 0
    means written, 1 no answer, 2 bad usage.
    """
    if (lasting is None) is not end:
        raise BicoastalError("maintenance needs either --for TIME or --end")
    lasting_s = None if lasting is None else operating.seconds(lasting)
    if lasting_s is not None and lasting_s > LONGEST_S:
        raise BicoastalError(f"--for {lasting} is longer than 7d: disarm the failover instead")
    from bicoastal.failover import record

    operating.change(
        operating.Where(stack, region, endpoint),
        lambda store, who, now: record.maintain(
            store, who, reason, now, until=None if lasting_s is None else now + lasting_s
        ),
        requester=requester,
        reason=reason,
        dry=dry_run,
        as_json=as_json,
    )
