"""The report as one HTML page that needs nothing else: no network, no script, no other file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from bicoastal.failover.detection.prediction import Events, rate_in_words
from bicoastal.lab.drill.report import RecoveryTime
from bicoastal.lab.report import comparing, expected, experiment, runs, seen
from bicoastal.lab.report.charts.ranges import ranges
from bicoastal.lab.report.charts.recovery import PARTS, bars
from bicoastal.lab.report.charts.timeline import timeline
from bicoastal.lab.report.reading import Drill

TEMPLATES = Path(__file__).parent / "templates"
WIDE, NARROW = 1040.0, 366.0
"""Widths of each chart in pixels: for a desktop, and for a phone of 390."""
_LISTED = 50
_UNTIL = {
    "detect": "the controller first sees the member down",
    "decide": "the window is served, the claim made and confirmed",
    "promote": "the new writer is verified",
    "redirect": "DNS answers with the new writer",
    "reconnect": "a client's write is acknowledged there",
}


@dataclass(frozen=True)
class Chart:
    """A chart in two widths; the page's style shows the one that fits."""

    wide: Markup
    narrow: Markup


def page(drills: Sequence[Drill]) -> str:
    """Write the page: one drill in full, two compared, more as a distribution.

    Args:
        drills: The drills, one at least.

    Returns:
        The HTML text.
    """
    if len(drills) == 1:
        return render("drill.html.j2", _one(drills[0]))
    if len(drills) == 2:
        return render("comparison.html.j2", _two(*drills))
    return render("runs.html.j2", _many(drills))


def figures(drills: Sequence[Drill]) -> dict[str, str]:
    """Draw the main charts for pictures.

    Args:
        drills: The drills, one at least.

    Returns:
        Name to SVG, in the wide form.
    """
    drawn = {}
    for drill in drills[:2] if len(drills) <= 2 else ():
        prefix = f"{drill.name}-" if len(drills) > 1 else ""
        drawn[f"{prefix}timeline"] = timeline(drill.record, WIDE)
        found = expected.detection(drill.record)
        if found is not None:
            drawn[f"{prefix}detection"] = ranges([found.noticed, found.acted], WIDE)
    by_fault = _by_fault(drills) if len(drills) > 2 else {"": _outages(drills)}
    for fault, outages in by_fault.items():
        if outages:
            drawn[f"{fault}-recovery".removeprefix("-")] = bars(outages, WIDE)
    return drawn


def standalone(svg: str) -> str:
    """Put one chart on a page of its own, in the light colours.

    Args:
        svg: The chart.

    Returns:
        The HTML text.
    """
    style = (TEMPLATES / "style.css").read_text(encoding="utf-8")
    plain = "body{margin:0;padding:8px;max-width:none}"
    return f"<!doctype html><meta charset=utf-8><style>{style}{plain}</style>{svg}"


def _one(drill: Drill) -> dict[str, Any]:
    record = drill.record
    outages = _outages([drill])
    found = expected.detection(record)
    prediction = expected.at_full_pace(record)
    return {
        "name": drill.name,
        "record": record,
        "members": seen.members(record),
        "timeline": chart(lambda width: timeline(record, width)),
        "marks": seen.marks(record),
        "recovery": _recovery(outages),
        "experiment": experiment.experiment(record),
        "statement": runs.statement([outage.total_s for _, outage in outages]),
        "detection": found,
        "ranges": chart(lambda width: ranges([found.noticed, found.acted], width))
        if found
        else None,
        "prediction": prediction,
        "needless": rate_in_words(prediction.needless.total) if prediction else "",
        "events": Events(),
        "chain": seen.chain_problems(record),
        "settings": yaml.safe_dump(record.settings, sort_keys=False, allow_unicode=True),
        "parts": _UNTIL,
        "listed": _LISTED,
    }


def _two(first: Drill, second: Drill) -> dict[str, Any]:
    a, b = first.record, second.record
    outages = _outages([first, second])
    return {
        "first": first,
        "second": second,
        "outcomes": comparing.outcomes(a, b),
        "recovery": _recovery(outages),
        "recoveries": comparing.recoveries(a, b),
        "writes": comparing.writes(a, b),
        "circumstances": comparing.circumstances(a, b),
        "timelines": [
            chart(lambda width: timeline(a, width)),
            chart(lambda width: timeline(b, width)),
        ],
        "members": [seen.members(a), seen.members(b)],
        "parts": PARTS,
    }


def _many(drills: Sequence[Drill]) -> dict[str, Any]:
    return {
        "drills": drills,
        "groups": runs.groups(drills),
        "mutants": experiment.mutants(drills),
        "seen": experiment.seen_in_words,
        "recoveries": {fault: _recovery(each) for fault, each in _by_fault(drills).items()},
        "parts": PARTS,
    }


def _recovery(outages: Sequence[tuple[str, RecoveryTime]]) -> Chart | None:
    return chart(lambda width: bars(outages, width)) if outages else None


def _outages(drills: Sequence[Drill]) -> list[tuple[str, RecoveryTime]]:
    return [(d.name, d.record.recovery_time) for d in drills if d.record.recovery_time is not None]


def _by_fault(drills: Sequence[Drill]) -> dict[str, list[tuple[str, RecoveryTime]]]:
    faults = sorted({drill.record.fault for drill in drills})
    return {fault: _outages([d for d in drills if d.record.fault == fault]) for fault in faults}


def chart(draw: Callable[[float], str]) -> Chart:
    """Draw a chart in both widths.

    Args:
        draw: Gives the SVG of a width in pixels.
    """
    # Ours, and escaped by the XML writer.
    return Chart(Markup(draw(WIDE)), Markup(draw(NARROW)))  # noqa: S704


def render(template: str, values: dict[str, Any]) -> str:
    """Fill a template in, escaping everything that is not markup already.

    Args:
        template: Its file name in `TEMPLATES`.
        values: What it may name.

    Returns:
        The HTML text.
    """
    return _environment().get_template(template).render(values)


@cache
def _environment() -> Environment:
    """Templates stay compiled: the live page is drawn once a second."""
    return Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
