"""How a price is shown: a table, JSON, or Markdown."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any

import typer

from bicoastal.costs.alternatives import Alternative
from bicoastal.costs.estimate import Line
from bicoastal.costs.report import REVIEWED_USD, Report

_GAP = "  "


def quantity(value: Decimal) -> str:
    """A quantity with at most two decimals, or four if it is small."""
    digits = 2 if abs(value) >= 1 or not value else 4
    text = f"{value:,.{digits}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def money(value: Decimal, line: Line | None = None) -> str:
    """An amount; what has a price but comes to less than a cent is not shown as nothing."""
    if line is not None and not value and line.quantity and line.key != "events:schedule":
        return "<0.01" if line.quantity > 0 else "0.00"
    return f"{value:,.2f}"


def shown_lines(report: Report) -> list[Line]:
    """The lines that are worth showing, by region and service as they came."""
    order = {region: place for place, region in enumerate(report.settings.regions.all)}
    last = len(order)
    lines = [line for line in report.estimate.lines if line.quantity]
    services = list(dict.fromkeys(line.service for line in lines))
    return sorted(
        lines,
        key=lambda line: (
            line.region == "account",
            order.get(line.region, last),
            services.index(line.service),
        ),
    )


def cells(line: Line) -> tuple[str, str, str, str]:
    """Name, quantity, unit and cost of a line; a star marks what depends on usage."""
    star = " *" if line.kind == "usage" else ""
    return line.name + star, quantity(line.quantity), line.unit, money(line.usd, line)


def totals(report: Report) -> Iterator[tuple[str, str]]:
    """The totals, each with its name."""
    found = report.estimate
    yield "Fixed", money(found.total_of("fixed"))
    yield "By usage *", money(found.total_of("usage"))
    yield "TOTAL a month (730 h)", money(found.total)
    yield "an hour", f"{found.hourly}"
    if report.hours is not None and report.lifetime is not None:
        yield f"a life of {quantity(report.hours)} h", money(report.lifetime)


def founding(report: Report) -> str:
    """How the price compares with the system that this one replaces, whole and like for like."""
    verdict = "at most a tenth" if report.is_cheap else "more than a tenth"
    free = report.disputes[0]
    return (
        f"The reviewed system's instances cost ${REVIEWED_USD:,} a month. This whole stack: "
        f"{_share(report.estimate.total)} of that, {verdict} (free allowances {free.other}: "
        f"{_share(free.other_total)}). Its instances alone: {_share(report.instances_usd)}."
    )


def _share(usd: Decimal) -> str:
    return f"{usd / REVIEWED_USD * 100:.1f} %"


def remarks(report: Report) -> Iterator[str]:
    """Warnings, and both outcomes of every assumption."""
    for warning in report.warnings:
        yield f"Warning: {warning}"
    if (point := report.break_even) is not None:
        yield (
            f"Storage aurora-iopt1 is cheaper from {quantity(point.requests)} I/O requests a month "
            f"on, all members together (at this usage: {quantity(point.asked)}); below, capacity "
            f"and storage cost {money(point.extra)} more."
        )
    for item in report.disputes:
        yield (
            f"{item.key}: {item.chosen}, total {money(item.total)}; "
            f"{item.other}, total {money(item.other_total)}."
        )


def as_text(report: Report) -> str:
    """The report as tables for a terminal; what is bold is for the terminal only.

    Args:
        report: what to print.

    Returns:
        Text with styles, which `typer.echo` takes out where it is no terminal.
    """
    rows: list[Row] = []
    for region, service, group in grouped(shown_lines(report)):
        total = sum((line.usd for line in group), Decimal(0))
        rows.append(Row(f"{region}, {service}", "", "", money(total), bold=True))
        for line in group:
            name, *rest = cells(line)
            rows.append(Row(_GAP + name, *rest))
    parts = [
        table(("Name", "Monthly qty>", "Unit", "Monthly USD>"), rows),
        table(("Total", "USD>"), [Row(*total) for total in totals(report)]),
        founding(report),
    ]
    if report.alternatives:
        others = [Row(*alternative_cells(other)) for other in report.alternatives]
        parts.append(table(ALTERNATIVE_HEADS, others))
    parts.append("\n".join(remarks(report)))
    return "\n\n".join(parts)


ALTERNATIVE_HEADS = (
    "Alternative", "Monthly USD>", "Difference>", "Failover", "What it gives up, or buys",
)  # fmt: skip


def alternative_cells(other: Alternative) -> tuple[str, str, str, str, str]:
    """One alternative; what has no price in a region makes its total a lower bound."""
    more = ">" if other.estimate.unpriced else ""
    total = more + money(other.estimate.total)
    return other.name, total, f"{other.difference:+,.2f}", other.failover, other.gives


class Row:
    """One row of a table."""

    def __init__(self, *cells: str, bold: bool = False) -> None:
        self.cells = cells
        self.bold = bold


def table(heads: tuple[str, ...], rows: list[Row]) -> str:
    """Columns as wide as they need be; a head that ends in > is of a column of numbers.

    Written here because rich takes longer to lay out a hundred rows than everything else does.
    """
    right = [head.endswith(">") for head in heads]
    table = [Row(*(head.rstrip(">") for head in heads), bold=True), *rows]
    widths = [max(map(len, column)) for column in zip(*(row.cells for row in table), strict=True)]
    lines = []
    for row in table:
        padded = (
            cell.rjust(width) if is_right else cell.ljust(width)
            for cell, width, is_right in zip(row.cells, widths, right, strict=True)
        )
        line = _GAP.join(padded).rstrip()
        lines.append(typer.style(line, bold=True) if row.bold else line)
    return "\n".join(lines)


def grouped(lines: Iterable[Line]) -> Iterator[tuple[str, str, list[Line]]]:
    """Consecutive lines of one region and one service."""
    groups: dict[tuple[str, str], list[Line]] = {}
    for line in lines:
        groups.setdefault((line.region, line.service), []).append(line)
    for (region, service), group in groups.items():
        yield region, service, group


def as_json(report: Report) -> str:
    """The whole report as JSON; amounts are text, so that none is rounded on the way.

    Args:
        report: what to print.

    Returns:
        One object.
    """
    found = report.estimate
    body: dict[str, Any] = {
        "currency": "USD",
        "monthHours": 730,
        "totalMonthlyCost": str(found.total),
        "fixedMonthlyCost": str(found.total_of("fixed")),
        "usageMonthlyCost": str(found.total_of("usage")),
        "hourlyCost": str(found.hourly),
        "lines": [
            {
                "service": line.service,
                "region": line.region,
                "name": line.name,
                "monthlyQuantity": f"{line.quantity.normalize():f}",
                "unit": line.unit,
                "monthlyCost": str(line.usd),
                "kind": line.kind,
                "figure": line.key,
                "asOf": line.as_of.isoformat(),
                "source": line.source,
            }
            for line in found.lines
        ],
        "notPriced": [
            {
                "region": item.region,
                "name": item.name,
                "monthlyQuantity": f"{item.quantity.normalize():f}",
                "figure": item.key,
            }
            for item in found.unpriced
        ],
        "assumptions": [
            {
                "key": item.key,
                "chosen": item.chosen,
                "total": str(item.total),
                "other": item.other,
                "otherTotal": str(item.other_total),
            }
            for item in report.disputes
        ],
        "warnings": list(report.warnings),
        "instancesMonthlyCost": str(report.instances_usd),
        "reviewedSystem": {
            "instancesMonthlyCost": str(REVIEWED_USD),
            "atMostATenth": report.is_cheap,
        },
    }
    if report.hours is not None:
        body["lifetime"] = {"hours": f"{report.hours:f}", "cost": str(report.lifetime)}
    if report.alternatives:
        body["alternatives"] = [
            {
                "name": other.name,
                "totalMonthlyCost": str(other.estimate.total),
                "difference": str(other.difference),
                "failover": other.failover,
                "gives": other.gives,
                "priced": not other.estimate.unpriced,
            }
            for other in report.alternatives
        ]
    if report.break_even is not None:
        body["ioOptimized"] = {
            "extraMonthlyCost": str(report.break_even.extra),
            "breakEvenRequests": f"{report.break_even.requests:f}",
            "requests": f"{report.break_even.asked:f}",
        }
    return json.dumps(body, indent=2)


def as_markdown(report: Report) -> str:
    """The report as Markdown.

    Args:
        report: what to print.

    Returns:
        Tables and a list of remarks.
    """
    text = ["### What it costs", "", "| Total | USD |", "|---|---:|"]
    text += [f"| {name.replace('*', '&ast;')} | {value} |" for name, value in totals(report)]
    text += ["", founding(report), ""]
    text += ["| Region | Service | Name | Monthly qty | Unit | Monthly USD |"]
    text += ["|---|---|---|---:|---|---:|"]
    for line in shown_lines(report):
        name, *rest = cells(line)
        row = (line.region, line.service, name.replace("*", "&ast;"), *rest)
        text.append(f"| {' | '.join(row)} |")
    if report.alternatives:
        heads = (head.rstrip(">") for head in ALTERNATIVE_HEADS)
        text += ["", f"| {' | '.join(heads)} |", "|---|---:|---:|---|---|"]
        text += [f"| {' | '.join(alternative_cells(o))} |" for o in report.alternatives]
    text += ["", *(f"- {remark}" for remark in remarks(report))]
    return "\n".join(text)
