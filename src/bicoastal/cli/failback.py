"""`bicoastal failback`: bring the writer home, by a switchover."""

from __future__ import annotations

from bicoastal.cli import operating
from bicoastal.cli.planned import Yes, switch


def failback(
    reason: operating.Reason,
    yes: Yes = False,
    stack: operating.Stack = None,
    region: operating.Region = None,
    endpoint: operating.Endpoint = None,
    requester: operating.Requester = None,
    dry_run: operating.DryRun = False,
    as_json: operating.AsJson = False,
) -> None:
    """Move the writer back to the home region without losing a write.

    A switchover to the home region, and refused as long as one would be: after a failover run
    acknowledge and rejoin first. Exit code 0 means that home is the writer, 1 refused or failed, 2
    bad usage.
    """
    switch(
        operating.Where(stack, region, endpoint),
        None,
        command="failback",
        reason=reason,
        requester=requester,
        yes=yes,
        dry=dry_run,
        as_json=as_json,
    )
