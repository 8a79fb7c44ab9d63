"""`bicoastal unlock`: say which region is the writer, and leave LOCKED."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from bicoastal.cli import operating

if TYPE_CHECKING:
    from bicoastal.failover.state import Record
    from bicoastal.failover.store import RecordStore


def unlock(
    writer: Annotated[
        str, typer.Option("--writer", metavar="REGION", help="The writer's region; DNS follows it.")
    ],
    reason: operating.Reason,
    force: Annotated[
        bool, typer.Option("--force", help="Also when RDS calls another region the writer.")
    ] = False,
    stack: operating.Stack = None,
    region: operating.Region = None,
    endpoint: operating.Endpoint = None,
    requester: operating.Requester = None,
    dry_run: operating.DryRun = False,
    as_json: operating.AsJson = False,
) -> None:
    """Leave LOCKED, or correct the writer in OBSERVE. DNS follows the region that you name.

    Refused when RDS calls another region the writer, unless forced. Exit code 0 means written, 1
    refused or no answer, 2 bad usage.
    """
    from bicoastal.failover import record
    from bicoastal.operate.agreement import check_writer

    where = operating.Where(stack, region, endpoint)
    access = operating.open_access(where, any_topology=True)
    access.target.check_member(writer, "--writer")

    def asked(store: RecordStore, who: str, now: float) -> Record:
        if not force:
            check_writer(access, writer)
        return record.unlock(store, who, reason, now, writer=writer)

    operating.change(where, asked, requester=requester, reason=reason, dry=dry_run, as_json=as_json)
