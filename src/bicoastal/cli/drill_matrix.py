"""Several drills in a row, and the table of what was expected and what was seen."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer
from rich.console import Console, JustifyMethod
from rich.markup import escape
from rich.table import Table

from bicoastal.cli.destination import write_text
from bicoastal.cli.drill_view import Progress, print_report
from bicoastal.errors import BicoastalError, LabError
from bicoastal.failover.detection.confidence import runs_needed
from bicoastal.lab.scenarios import Scenario, all_scenarios, find

if TYPE_CHECKING:
    from bicoastal.lab.drill.options import DrillOptions
    from bicoastal.lab.drill.report import DrillReport
    from bicoastal.settings import Settings

_EXIT = {"pass": 0, "fail": 1, "invalid": 3}
_NOT_CARRIED_OUT = 2
_NAME = 20
"""Columns that a scenario's name has at least; longer ones are folded on a narrow terminal."""


def chosen(names: str) -> list[Scenario]:
    """Find scenarios by their names.

    Args:
        names: Names separated by commas, or `all`.

    Returns:
        The scenarios, in that order.

    Raises:
        typer.BadParameter: One does not exist; the message lists those that do.
    """
    if names == "all":
        return list(all_scenarios().values())
    try:
        return [find(name.strip()) for name in names.split(",")]
    except LabError as error:
        raise typer.BadParameter(str(error)) from None


def runs_for(percentile: str) -> int:
    """How many runs it takes until the slowest bounds a percentile.

    Args:
        percentile: Such as `p95`.

    Returns:
        The least number, with 95 % confidence; see `failover.detection.confidence`.

    Raises:
        typer.BadParameter: Not a percentile between p1 and p99.
    """
    number = percentile.removeprefix("p")
    if percentile == number or not number.isdigit() or not 1 <= int(number) <= 99:
        raise typer.BadParameter(f"{percentile!r} is no percentile; write p50, p90, p95 or p99")
    return runs_needed(int(number) / 100)


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
    return ("failover" if scenario.expect.promotion else "none") + paged


def _seen(report: DrillReport) -> str:
    """Say in the words of `expected` what a drill saw."""
    promoted = sum(each["state"] == "done" for each in report.failovers)
    word = {0: "none", 1: "failover"}.get(promoted, f"{promoted} failovers")
    return word + (", paged" if report.pages else ", silent")


def rehearse_all(
    settings: Settings,
    options: Sequence[DrillOptions],
    json_file: Path | None,
    html: Path | None,
    *,
    quiet: bool,
) -> int:
    """Rehearse one drill after the other and print what came out.

    Args:
        settings: What is deployed.
        options: The drills.
        json_file: Where the records go as JSON: one drill's record, or an array of several;
            `-` is standard output, None nowhere.
        html: Where the page goes, likewise.
        quiet: No progress.

    Returns:
        The exit code: that of the worst drill. One that is broken on purpose is well if the
        mutant was noticed by a requirement that has to. One of several that cannot be carried
        out does not end the others.

    Raises:
        BicoastalError: The only drill cannot be carried out.
    """
    from bicoastal.lab.drill.run import rehearse
    from bicoastal.lab.report.reading import Drill
    from bicoastal.lab.report.runs import groups, told

    reports: list[DrillReport] = []
    missing: list[str] = []
    with Progress(quiet=quiet) as progress:
        for number, each in enumerate(options, 1):
            if len(options) > 1:
                progress.event("drills", f"{number} of {len(options)}: {each.scenario.name}")
            try:
                reports.append(rehearse(settings, each, progress))
            except BicoastalError as error:
                if len(options) == 1:
                    raise
                missing.append(f"{each.scenario.name} (seed {each.seed}) broke off: {error}")
                progress.event("drills", missing[-1])
            # After every drill: what was measured in an hour is not lost with the last minute.
            if json_file is not None and str(json_file) != "-":
                write_text(_json(reports, len(options)), json_file)
    if str(json_file) == "-":
        write_text(_json(reports, len(options)), Path("-"))
    named = [Drill(f"{report.fault}-{report.seed}", report) for report in reports]
    if html is not None and reports:
        from bicoastal.lab.report.pages import page

        write_text(page(named), html)
    if "-" in {str(json_file), str(html)}:
        pass  # standard output holds the record or the page, and nothing else
    elif len(options) == 1:
        print_report(reports[0])
    else:
        _print_table(reports, missing)
        for line in told([group for group in groups(named) if group.drills > 1]):
            typer.echo(line)
    codes = [int(not each.noticed_by) if each.broken else _EXIT[each.verdict] for each in reports]
    return max([*codes, *(_NOT_CARRIED_OUT for _ in missing)])


def _json(reports: Sequence[DrillReport], planned: int) -> str:
    if planned == 1:
        return reports[0].model_dump_json(indent=2) + "\n"
    values = [report.model_dump(mode="json") for report in reports]
    return json.dumps(values, indent=2) + "\n"


def _print_table(reports: Sequence[DrillReport], missing: Sequence[str]) -> None:
    whole = [report for report in reports if not report.broken]
    broken = [report for report in reports if report.broken]
    console = Console(highlight=False)
    if whole:
        console.print(_drills(whole))
        for report in whole:
            if report.failed:
                console.print(
                    f"[red]{report.fault} (seed {report.seed})[/] failed:", *report.failed
                )
        passed = sum(report.verdict == "pass" for report in whole)
        console.print(f"{passed} of {len(whole)} drills passed")
    if broken:
        console.print(_mutants(broken))
        noticed = sum(bool(report.noticed_by) for report in broken)
        console.print(f"{noticed} of {len(broken)} mutants were noticed")
    for each in missing:
        console.print(f"[red]{escape(each)}[/]")


def _table(
    reports: Sequence[DrillReport],
    columns: Mapping[str, JustifyMethod],
    cells: Callable[[DrillReport], tuple[str, ...]],
) -> Table:
    """A table that begins with the scenario, and with the seed if there are several of them."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("scenario", overflow="fold", min_width=_NAME)
    seeded = len({report.seed for report in reports}) > 1
    if seeded:
        table.add_column("seed", justify="right", no_wrap=True)
    for heading, justify in columns.items():
        table.add_column(heading, justify=justify, overflow="fold")
    for report in reports:
        table.add_row(report.fault, *([str(report.seed)] if seeded else []), *cells(report))
    return table


def _mutants(reports: Sequence[DrillReport]) -> Table:
    def cells(report: DrillReport) -> tuple[str, ...]:
        by = ", ".join(report.noticed_by)
        return find(report.fault).mutant.name, f"[green]{by}[/]" if by else "[red]NOBODY[/]"

    return _table(reports, {"mutant": "left", "noticed by": "left"}, cells)


def _drills(reports: Sequence[DrillReport]) -> Table:
    def cells(report: DrillReport) -> tuple[str, ...]:
        recovery = report.recovery_time
        return (
            expected(find(report.fault)),
            _seen(report),
            "" if recovery is None else f"{recovery.total_s:.2f}",
            str(len(report.writes.lost)),
            f"[{'green' if report.verdict == 'pass' else 'red'}]{report.verdict}[/]",
        )

    columns: dict[str, JustifyMethod] = {
        "expected": "left", "seen": "left", "RTO s": "right", "lost": "right", "verdict": "left",
    }  # fmt: skip
    return _table(reports, columns, cells)
