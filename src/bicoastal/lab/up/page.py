"""The live page, drawn by what draws the report."""

from __future__ import annotations

from typing import Any

from bicoastal.lab.drill.stage import Stage
from bicoastal.lab.report import seen
from bicoastal.lab.report.charts.timeline import timeline
from bicoastal.lab.report.pages import TEMPLATES, chart, render
from bicoastal.lab.up.addresses import Addresses
from bicoastal.lab.up.buttons import PLACES, STACK_BUTTONS, member_buttons, offered
from bicoastal.lab.up.watching import WINDOW_S, Sight


def page(stage: Stage, addresses: Addresses) -> str:
    """Write the page as it is fetched once: the buttons, and room for what changes.

    Args:
        stage: Knows settings, pace and places.
        addresses: Where everything is.

    Returns:
        The HTML text; it holds no secret.
    """
    settings = stage.settings
    members = {
        place: {"region": stage.region(place), "buttons": member_buttons(place)} for place in PLACES
    }
    return render(
        "live.html.j2",
        {
            "stack": settings.environment_suffix,
            "mode": settings.failover.mode,
            "pace": stage.pace,
            "window_s": WINDOW_S,
            "members": members,
            "stack_buttons": STACK_BUTTONS,
            "recipes": addresses.recipes,
        },
    )


def script() -> str:
    """The page's script."""
    return (TEMPLATES / "live.js").read_text(encoding="utf-8")


def state(sight: Sight, stage: Stage) -> dict[str, Any]:
    """Draw what changes.

    Args:
        sight: How things are.
        stage: Knows the places.

    Returns:
        `parts`: element's id to its HTML; `offered`: the buttons that make sense now.
    """
    roles = {
        place: next((m for m in sight.members if m.region == stage.region(place)), None)
        for place in PLACES
    }
    values = {
        "sight": sight,
        "answer": sight.seen.dns[-1].region if sight.seen.dns else "",
        "chart_members": seen.members(sight.seen),
        "timeline": chart(lambda width: timeline(sight.seen, width, sight.view)),
    }
    parts = {
        name: render(f"live_{name}.html.j2", values) for name in ("tiles", "timeline", "events")
    }
    for place, member in roles.items():
        parts[f"role-{place}"] = render("live_role.html.j2", {"member": member})
    return {"parts": parts, "offered": offered(sight, stage)}
