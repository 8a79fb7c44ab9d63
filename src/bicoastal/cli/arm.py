"""`bicoastal arm`: let the controller fail over."""

from __future__ import annotations

from bicoastal.cli import operating


def arm(
    reason: operating.Reason,
    stack: operating.Stack = None,
    region: operating.Region = None,
    endpoint: operating.Endpoint = None,
    requester: operating.Requester = None,
    dry_run: operating.DryRun = False,
    as_json: operating.AsJson = False,
) -> None:
    """Arm the failover. It acts once enough rounds were clean.

    Refused while the last failover is not acknowledged, and outside of OBSERVE. Exit code 0 means
    armed, 1 refused or no answer, 2 bad usage.
    """
    from bicoastal.failover import record

    operating.change(
        operating.Where(stack, region, endpoint),
        lambda store, who, now: record.arm(store, who, reason, now),
        requester=requester,
        reason=reason,
        dry=dry_run,
        as_json=as_json,
    )
