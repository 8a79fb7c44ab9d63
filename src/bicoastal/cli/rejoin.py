"""`bicoastal rejoin`: after a failover, is the old writer a clean replica again?"""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

import typer

from bicoastal.cli import operating
from bicoastal.cli.planned import Yes

if TYPE_CHECKING:
    from bicoastal.operate.rejoining import RejoinReport


def rejoin(
    reason: operating.Reason,
    yes: Yes = False,
    stack: operating.Stack = None,
    region: operating.Region = None,
    endpoint: operating.Endpoint = None,
    requester: operating.Requester = None,
    dry_run: operating.DryRun = False,
    as_json: operating.AsJson = False,
) -> None:
    """Verify that the old writer is a clean replica, and end the failover's record.

    AWS re-adds the member; this looks whether it did: a member, synchronised, a replica of the
    writer, closed to writes. If not it says what to do. Then the record leaves COOLDOWN for
    OBSERVE, disarmed. Exit code 0 means clean, 1 not clean or no answer, 2 bad usage.
    """
    access = operating.open_access(operating.Where(stack, region, endpoint), dry=dry_run)
    from bicoastal.failover.switching import end_rejoining
    from bicoastal.operate import rejoining

    with operating.answers():
        store, asked = access.open(operating.tell)
        found = rejoining.examine(access, store, operating.pace(), operating.tell)
        end = found.record
        if not found.refusals:
            if not (yes or dry_run):
                _print_report(found, err=True)
                operating.confirm(
                    f"This ends the failover to {found.writer}. Type {end.cluster} to go on",
                    end.cluster,
                )
            who = requester or access.requester(asked)
            end = end_rejoining(store, who, reason, time.time())
    if as_json:
        values = {**found.to_dict(), "dry_run": dry_run, "after": end.to_dict()}
        typer.echo(json.dumps(values, indent=2))
    else:
        _print_report(found)
        if not found.refusals:
            would = "would be" if dry_run else "is"
            typer.echo(f"{found.region} is a clean standby; the record {would} in {end.state}")
    raise typer.Exit(1 if found.refusals else 0)


def _print_report(found: RejoinReport, *, err: bool = False) -> None:
    for name, red in found.findings:
        for line in [f"NOT CLEAN    {name}: {line}" for line in red] or [f"clean        {name}"]:
            typer.echo(line, err=err)
    for note in found.notes:
        typer.echo(f"note         {note}", err=err)
    for snapshot in found.snapshots:
        typer.echo(
            f"lost writes  may be in {snapshot} ({found.region}); copy it before it expires",
            err=err,
        )
