"""Several drills in a row, and the table of what was expected and what was seen."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from bicoastal.cli.drill_view import Progress, print_report
from bicoastal.lab.scenarios import Scenario, all_scenarios, find
from bicoastal.wholefile import write_whole

if TYPE_CHECKING:
    from bicoastal.lab.drill.options import DrillOptions
    from bicoastal.lab.drill.report import DrillReport
    from bicoastal.settings import Settings

CONFIDENCE = 0.95
_EXIT = {"pass": 0, "fail": 1, "invalid": 3}


def chosen(names: str) -> list[Scenario]:
    """Find scenarios by their names.

    Args:
        names: Names separated by commas, or `all`.

    Returns:
        The scenarios, in that order.

    Raises:
        LabError: One does not exist; the message lists those that do.
    """
    if names == "all":
        return list(all_scenarios().values())
    return [find(name.strip()) for name in names.split(",")]


def runs_for(percentile: str) -> int:
    """How many runs it takes until the slowest bounds a percentile.

    All of n independent runs lie below the p-quantile with probability p^n; the slowest run is an
    upper bound of it with confidence 1 - p^n (https://doi.org/10.1214/aoms/1177731569, Wilks).

    Args:
        percentile: Such as `p95`.

    Returns:
        The least n with p^n <= 1 - 0.95.

    Raises:
        typer.BadParameter: Not a percentile between p1 and p99.
    """
    number = percentile.removeprefix("p")
    if percentile == number or not number.isdigit() or not 1 <= int(number) <= 99:
        raise typer.BadParameter(f"{percentile!r} is no percentile; write p50, p90, p95 or p99")
    return math.ceil(math.log(1 - CONFIDENCE) / math.log(int(number) / 100))


def print_scenarios() -> None:
    """Print every scenario with its expectation."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("scenario", "what happens", "expected"):
        table.add_column(heading, overflow="fold")
    for scenario in all_scenarios().values():
        table.add_row(scenario.name, escape(scenario.title), expected(scenario))
    Console(highlight=False).print(table)


def expected(scenario: Scenario) -> str:
    """Say in two words what a scenario expects."""
    paged = {True: ", paged", False: ", silent", None: ""}[scenario.expect.paged]
    return ("fails over" if scenario.expect.promotion else "no failover") + paged


def rehearse_all(
    settings: Settings, options: Sequence[DrillOptions], json_file: Path | None, *, quiet: bool
) -> int:
    """Rehearse one drill after the other and print what came out.

    Args:
        settings: What is deployed.
        options: The drills.
        json_file: Where the records go as JSON: one drill's record, or an array of several;
            `-` is standard output, None nowhere.
        quiet: No progress.

    Returns:
        The exit code: that of the worst drill; one that is broken on purpose must fail.
    """
    from bicoastal.lab.drill.run import rehearse

    reports: list[DrillReport] = []
    with Progress(quiet=quiet) as progress:
        for number, each in enumerate(options, 1):
            if len(options) > 1:
                progress.event("drills", f"{number} of {len(options)}: {each.scenario.name}")
            reports.append(rehearse(settings, each, progress))
            # After every drill: what was measured in an hour is not lost with the last minute.
            if json_file is not None and str(json_file) != "-":
                write_whole(json_file, _json(reports, len(options)))
    if json_file is not None and str(json_file) == "-":
        typer.echo(_json(reports, len(options)), nl=False)
    elif len(reports) == 1:
        print_report(reports[0])
    else:
        _print_table(reports)
    return max(_EXIT[report.verdict] for report in reports)


def _json(reports: Sequence[DrillReport], planned: int) -> str:
    if planned == 1:
        return reports[0].model_dump_json(indent=2) + "\n"
    values = [report.model_dump(mode="json") for report in reports]
    return json.dumps(values, indent=2) + "\n"


def _print_table(reports: Sequence[DrillReport]) -> None:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading, justify in (
        ("scenario", "left"), ("seed", "right"), ("expected", "left"), ("seen", "left"),
        ("RTO s", "right"), ("lost", "right"), ("verdict", "left"), ("failed", "left"),
    ):  # fmt: skip
        table.add_column(heading, justify=justify, overflow="fold")  # type: ignore[arg-type]
    for report in reports:
        promoted = sum(each["state"] == "done" for each in report.failovers)
        failed = [each.id for each in report.requirements if each.outcome == "fail"]
        recovery = report.recovery_time
        table.add_row(
            report.fault,
            str(report.seed),
            expected(find(report.fault)),
            f"{promoted} promotion{'' if promoted == 1 else 's'}, {len(report.pages)} pages",
            "" if recovery is None else f"{recovery.total_s:.2f}",
            str(len(report.writes.lost)),
            f"[{'green' if report.verdict == 'pass' else 'red'}]{report.verdict}[/]",
            ", ".join(failed),
        )
    console = Console(highlight=False)
    console.print(table)
    passed = sum(report.verdict == "pass" for report in reports)
    console.print(f"{passed} of {len(reports)} drills passed")
