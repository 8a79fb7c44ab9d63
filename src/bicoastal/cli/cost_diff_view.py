"""How a change of price is shown: a table, JSON, or Markdown."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any

from bicoastal.cli.cost_view import Row, cells, money, quantity, table
from bicoastal.costs.changes import Comparison, Difference
from bicoastal.costs.estimate import Line

_SIGNS = {"added": "+", "removed": "-", "changed": "~"}
_HEADS = ("", "Region", "Service", "Name", "Old USD>", "New USD>", "Change>")
_UNCHANGED = "Nothing changes in price."


def as_text(found: Comparison, warnings: Iterable[str]) -> str:
    """The change as tables for a terminal.

    Args:
        found: what changes.
        warnings: what a reader has to know first.

    Returns:
        Text with styles, which `typer.echo` takes out where it is no terminal.
    """
    rows = [Row(*_row(entry)) for entry in found.differences]
    parts = [
        table(_HEADS, rows) if rows else _UNCHANGED,
        table(("Total", "Old USD>", "New USD>", "Change>", ">"), [Row(*t) for t in _totals(found)]),
        *(f"Warning: {warning}" for warning in warnings),
    ]
    return "\n\n".join(parts)


def as_markdown(found: Comparison, warnings: Iterable[str]) -> str:
    """The change as Markdown, for a pull request.

    Args:
        found: what changes.
        warnings: what a reader has to know first.

    Returns:
        Tables and a list of warnings.
    """
    *_, (_, old, new, change, percent) = _totals(found)
    share = f", {percent}" if percent else ""
    text = [f"### Cost a month: ${old} → ${new} ({change}{share})", ""]
    if found.differences:
        text += ["| | Region | Service | Name | Old USD | New USD | Change |"]
        text += ["|---|---|---|---|---:|---:|---:|"]
        text += [_markdown_row(_row(entry)) for entry in found.differences]
    else:
        text.append(_UNCHANGED)
    text += ["", "| Total | Old USD | New USD | Change | |", "|---|---:|---:|---:|---:|"]
    text += [_markdown_row(row) for row in _totals(found)]
    text += ["", *(f"- Warning: {warning}" for warning in warnings)]
    return "\n".join(text).rstrip()


def as_json(found: Comparison, warnings: Iterable[str]) -> str:
    """The change as JSON; amounts are text, so that none is rounded on the way.

    Args:
        found: what changes.
        warnings: what a reader has to know first.

    Returns:
        One object.
    """
    body = {
        "currency": "USD",
        "monthHours": 730,
        "pastTotalMonthlyCost": str(found.old.total),
        "totalMonthlyCost": str(found.new.total),
        "diffTotalMonthlyCost": str(found.usd),
        "diffFixedMonthlyCost": str(found.usd_of("fixed")),
        "diffUsageMonthlyCost": str(found.usd_of("usage")),
        "differences": [
            {
                "change": entry.change,
                "service": entry.line.service,
                "region": entry.line.region,
                "kind": entry.line.kind,
                "figure": entry.line.key,
                "unit": entry.line.unit,
                "old": _json_line(entry.old),
                "new": _json_line(entry.new),
                "diffMonthlyCost": str(entry.usd),
            }
            for entry in found.differences
        ],
        "warnings": list(warnings),
    }
    return json.dumps(body, indent=2)


def _json_line(line: Line | None) -> dict[str, Any] | None:
    if line is None:
        return None
    return {
        "name": line.name,
        "monthlyQuantity": f"{line.quantity.normalize():f}",
        "monthlyCost": str(line.usd),
    }


def _row(entry: Difference) -> tuple[str, ...]:
    """Sign, place, name with both quantities, both prices, and the difference."""
    old, new, line = entry.old, entry.new, entry.line
    name = cells(line)[0]
    if old is not None and new is not None:
        if old.name != new.name:
            name = f"{old.name} → {name}"
        else:
            name += f" ({quantity(old.quantity)} → {quantity(new.quantity)} {line.unit})"
    return (
        _SIGNS[entry.change],
        line.region,
        line.service,
        name,
        money(old.usd, old) if old else "",
        money(new.usd, new) if new else "",
        f"{entry.usd:+,.2f}",
    )


def _totals(found: Comparison) -> Iterator[tuple[str, ...]]:
    old, new = found.old, found.new
    yield _total("Fixed", old.total_of("fixed"), new.total_of("fixed"))
    yield _total("By usage *", old.total_of("usage"), new.total_of("usage"))
    yield _total("TOTAL a month (730 h)", old.total, new.total)


def _total(name: str, old: Decimal, new: Decimal) -> tuple[str, ...]:
    change = new - old
    percent = f"{change / old * 100:+.1f} %" if old and change else ""
    return name, money(old), money(new), f"{change:+,.2f}", percent


def _markdown_row(row: Iterable[str]) -> str:
    return f"| {' | '.join(cell.replace('*', '&ast;') for cell in row)} |"
