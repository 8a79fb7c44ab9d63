"""`bicoastal approve`: let a held failover go on."""

from __future__ import annotations

from typing import Annotated

import typer

from bicoastal.cli import operating


def approve(
    reason: operating.Reason,
    valid: Annotated[
        str, typer.Option("--for", metavar="TIME", help="How long the approval lasts: 5m, 1h.")
    ] = "5m",
    stack: operating.Stack = None,
    region: operating.Region = None,
    endpoint: operating.Endpoint = None,
    requester: operating.Requester = None,
    dry_run: operating.DryRun = False,
    as_json: operating.AsJson = False,
) -> None:
    """Approve the failover that is HELD, and accept the loss that the lag means.

    The evidence is still required: a writer that answers again is not abandoned. Exit code 0 means
    approved, 1 nothing is held or no answer, 2 bad usage.
    """
    from bicoastal.failover import record

    valid_s = operating.seconds(valid)
    operating.change(
        operating.Where(stack, region, endpoint),
        lambda store, who, now: record.approve(store, who, reason, now, valid_s=valid_s),
        requester=requester,
        reason=reason,
        dry=dry_run,
        as_json=as_json,
    )
