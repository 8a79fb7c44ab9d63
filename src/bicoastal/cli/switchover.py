"""`bicoastal switchover`: move the writer while everything is well, and lose nothing."""

from __future__ import annotations

from typing import Annotated

import typer

from bicoastal.cli import operating
from bicoastal.cli.planned import Yes, switch


def switchover(
    to: Annotated[str, typer.Option("--to", metavar="REGION", help="The writer to be.")],
    reason: operating.Reason,
    yes: Yes = False,
    stack: operating.Stack = None,
    region: operating.Region = None,
    endpoint: operating.Endpoint = None,
    requester: operating.Requester = None,
    dry_run: operating.DryRun = False,
    as_json: operating.AsJson = False,
) -> None:
    """Move the writer without losing a write. Refused unless everything is well.

    Holds the automation still, calls SwitchoverGlobalCluster in the writer's region, verifies the
    new writer, then moves record and DNS. When the writer's region does not answer it refuses: then
    only failover is left. Exit code 0 means that the region is the writer, 1 refused or failed, 2
    bad usage.
    """
    switch(
        operating.Where(stack, region, endpoint),
        to,
        command="switchover",
        reason=reason,
        requester=requester,
        yes=yes,
        dry=dry_run,
        as_json=as_json,
    )
