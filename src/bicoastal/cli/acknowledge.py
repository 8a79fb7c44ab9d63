"""`bicoastal acknowledge`: say that a human has seen the last failover."""

from __future__ import annotations

from bicoastal.cli import operating


def acknowledge(
    reason: operating.Reason,
    stack: operating.Stack = None,
    region: operating.Region = None,
    endpoint: operating.Endpoint = None,
    requester: operating.Requester = None,
    dry_run: operating.DryRun = False,
    as_json: operating.AsJson = False,
) -> None:
    """Acknowledge the last failover, so that the next one can be armed.

    The record leaves COOLDOWN when its time is over, and is armed again by a human only. Exit code
    0 means acknowledged, 1 no answer, 2 bad usage.
    """
    from bicoastal.failover import record

    operating.change(
        operating.Where(stack, region, endpoint),
        lambda store, who, now: record.acknowledge(store, who, reason, now),
        requester=requester,
        reason=reason,
        dry=dry_run,
        as_json=as_json,
    )
