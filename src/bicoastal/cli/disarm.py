"""`bicoastal disarm`: keep the controller from failing over."""

from __future__ import annotations

from bicoastal.cli import operating


def disarm(
    reason: operating.Reason,
    stack: operating.Stack = None,
    region: operating.Region = None,
    endpoint: operating.Endpoint = None,
    requester: operating.Requester = None,
    dry_run: operating.DryRun = False,
    as_json: operating.AsJson = False,
) -> None:
    """Disarm the failover. The controller goes on watching and says what it would have done.

    A failover past its point of no return is still brought to its end. Exit code 0 means disarmed,
    1 no answer, 2 bad usage.
    """
    from bicoastal.failover import record

    operating.change(
        operating.Where(stack, region, endpoint),
        lambda store, who, now: record.disarm(store, who, reason, now),
        requester=requester,
        reason=reason,
        dry=dry_run,
        as_json=as_json,
    )
