"""`bicoastal status`: is all well, and if not, what is wrong?"""

from __future__ import annotations

import json

import typer

from bicoastal.cli import operating


def status(
    stack: operating.Stack = None,
    region: operating.Region = None,
    endpoint: operating.Endpoint = None,
    resolver: operating.Resolver = None,
    as_json: operating.AsJson = False,
) -> None:
    """Show members, lag, the record, fresh votes, health checks, the latch, DNS, and drift.

    Changes nothing; every region is asked, and none is needed. Exit code 0 means that all is well
    (not being armed is not wrong), 1 that something is wrong, 2 bad usage.
    """
    access = operating.open_access(operating.Where(stack, region, endpoint), any_topology=True)
    from bicoastal.cli.resolving import resolver_at
    from bicoastal.cli.status_view import print_status
    from bicoastal.operate.dns import SYSTEM, dns_report, system_answer
    from bicoastal.operate.gathering import look

    resolve, asked = (system_answer, SYSTEM) if resolver is None else resolver_at(resolver)
    found = look(
        access, operating.pace(), operating.tell, lambda target: dns_report(target, resolve, asked)
    )
    if as_json:
        typer.echo(json.dumps(found.to_dict(), indent=2))
    else:
        print_status(found)
    raise typer.Exit(1 if found.problems else 0)
