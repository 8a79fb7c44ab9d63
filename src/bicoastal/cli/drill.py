"""`bicoastal drill`: rehearse the loss of the primary on real databases."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bicoastal.cli.destination import writable_file
from bicoastal.cli.ending import unwinding
from bicoastal.cli.stackfile import deployable_settings
from bicoastal.lab.drill.probe import Probe
from bicoastal.lab.drill.replication import Replication

Pace = Annotated[
    float,
    typer.Option(
        "--pace",
        min=1.0,
        max=40.0,
        help="Seconds of AWS time in one second here: intervals, windows and TTLs are divided.",
    ),
]


def drill(
    scenario: Annotated[
        str,
        typer.Option(
            "--scenario",
            "--fault",
            metavar="NAME",
            help="What happens: kill (SIGKILL of the primary's server), hang (SIGSTOP: a TCP "
            "connect still succeeds), partition (cut off from everyone, but alive), or any of "
            "--list; several separated by commas, or all.",
        ),
    ] = "kill",
    list_them: Annotated[
        bool, typer.Option("--list", help="List the scenarios and what is expected of each.")
    ] = False,
    runs: Annotated[
        int,
        typer.Option("--runs", min=1, help="Repeat each scenario; the seed grows by one a run."),
    ] = 1,
    until_confident: Annotated[
        str | None,
        typer.Option(
            "--until-confident",
            metavar="pNN",
            help="Repeat so often that the slowest run bounds that percentile with 95 % "
            "confidence: p90 takes 29 runs, p95 59, p99 299.",
        ),
    ] = None,
    broken: Annotated[
        bool,
        typer.Option(
            "--broken",
            help="Deploy the scenario's mutant, a deliberate defect that a requirement has to "
            "notice. Exit code 0 if every mutant was noticed, else 1.",
        ),
    ] = False,
    stack: Annotated[
        Path | None,
        typer.Option(
            "--stack", metavar="FILE", help="Rehearse this stack file instead of the defaults."
        ),
    ] = None,
    members: Annotated[
        int | None,
        typer.Option(
            "--members",
            min=2,
            max=5,
            help="Members in all: further standbys are added to the stack file's, or left out. "
            "They must follow whoever is the writer in the end.",
        ),
    ] = None,
    pace: Pace = 15.0,
    probe: Annotated[
        Probe,
        typer.Option(
            "--probe",
            help="How deep the witnesses probe: the greeting, the role (login over TLS with an "
            "IAM token), or a canary write as well.",
        ),
    ] = Probe.CANARY,
    load: Annotated[
        float,
        typer.Option(
            "--load",
            metavar="WPS",
            min=1.0,
            max=5000.0,
            help="Writes a second that the 8 clients aim at together. Each waits for its answer, "
            "so they reach less where a write takes long; what a failover loses grows with it.",
        ),
    ] = 400.0,
    replication: Annotated[
        Replication,
        typer.Option(
            "--replication",
            help="When a write is acknowledged: async, when the writer has it, as in an Aurora "
            "global database, so that a failover may lose the last ones; semi-sync, when the "
            "standby has received it too (MariaDB only): none may be lost, each write waits for "
            "the distance, and none is acknowledged while the standby is cut off.",
        ),
    ] = Replication.ASYNC,
    disarmed: Annotated[
        bool,
        typer.Option(
            "--disarmed", help="Forbid the failover: the drill must then fail. Shows that it can."
        ),
    ] = False,
    seed: Annotated[
        int,
        typer.Option("--seed", min=0, help="Fixes what is drawn by lot, e.g. the fault's phase."),
    ] = 1,
    json_file: Annotated[
        Path | None,
        typer.Option(
            "--json",
            metavar="FILE",
            callback=writable_file,
            help="Write the whole record as JSON ('-' for standard output).",
        ),
    ] = None,
    html: Annotated[
        Path | None,
        typer.Option(
            "--html",
            metavar="FILE",
            callback=writable_file,
            help="Write the report as a page; 'bicoastal report' makes it from the record, too.",
        ),
    ] = None,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="No progress, only the verdict.")
    ] = False,
) -> None:
    """Deploy the stack into an embedded AWS, let something go wrong, judge, destroy.

    Everything runs on this machine and on loopback: the Pulumi program, MariaDB servers in place
    of Aurora, a DNS server in place of Route 53, the functions' real code. Exit code 0 means a
    passing verdict, 1 a failed one, 2 bad usage, 3 a drill that proves nothing because this
    machine itself stood still meanwhile.
    """
    from bicoastal.cli.drill_matrix import chosen, print_scenarios, rehearse_all, runs_for

    if list_them:
        print_scenarios()
        return
    scenarios = chosen(scenario)
    settings = deployable_settings(stack)
    if members is not None:
        from bicoastal.lab.drill.followers import with_members

        settings = with_members(settings, members)
    if until_confident is not None:
        runs = runs_for(until_confident)
    from bicoastal.lab.drill.options import DrillOptions

    options = [
        DrillOptions(
            scenario=each,
            pace=pace,
            probe=probe,
            armed=not disarmed,
            writes_per_s=load,
            replication=replication,
            broken=broken,
            seed=seed + number,
        )
        for each in scenarios
        for number in range(runs)
    ]
    with unwinding():
        raise typer.Exit(rehearse_all(settings, options, json_file, html, quiet=quiet))
