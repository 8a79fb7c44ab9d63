"""`bicoastal doctor`: is everything that was deployed as the settings want it?"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import typer

from bicoastal.cli import operating

if TYPE_CHECKING:
    from bicoastal.operate.doctor.finding import Finding


def doctor(
    stack: operating.Stack = None,
    region: operating.Region = None,
    endpoint: operating.Endpoint = None,
    resolver: operating.Resolver = None,
    as_json: operating.AsJson = False,
) -> None:
    """Compare what runs with what the settings want, and name a cure for each difference.

    All that 'status' judges, and on top of it: instances, keys and their rotation, the secret's
    replica, alarms, topics and their subscribers, RDS's events, the functions' code and schedule.
    Changes nothing. Exit code 0 means that nothing was found, 1 that something was, 2 bad usage.
    """
    where = operating.Where(stack, region, endpoint)
    access = operating.open_access(where, any_topology=True)
    from bicoastal.cli.resolving import resolver_at
    from bicoastal.cli.stackfile import deployable_settings
    from bicoastal.lab.planning import planned_resources
    from bicoastal.operate.dns import SYSTEM, dns_report, system_answer
    from bicoastal.operate.doctor.examining import examine
    from bicoastal.operate.doctor.finding import Planned

    resolve, asked = (system_answer, SYSTEM) if resolver is None else resolver_at(resolver)
    operating.tell("evaluating the program")
    planned = [Planned(*each) for each in planned_resources(deployable_settings(stack))]
    found = examine(
        access,
        planned,
        pace=operating.pace(),
        tell=operating.tell,
        ask_dns=lambda target: dns_report(target, resolve, asked),
    )
    if as_json:
        values = {"healthy": not found, "findings": [finding.to_dict() for finding in found]}
        typer.echo(json.dumps(values, indent=2))
    else:
        _print(found)
    raise typer.Exit(1 if found else 0)


def _print(found: tuple[Finding, ...]) -> None:
    for finding in found:
        typer.secho(f"{finding.id}  {finding.subject}", bold=True)
        for label, text in (
            ("is", finding.live), ("should be", finding.wanted),
            ("because", finding.why), ("cure", finding.cure),
        ):  # fmt: skip
            typer.echo(f"  {label:<10} {text}")
    count = len(found)
    typer.echo("nothing found: all is well" if not count else f"{count} found")
