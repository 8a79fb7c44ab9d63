"""Witnesses that are broken or lie: other code behind the prober's name."""

from __future__ import annotations

import io
import zipfile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bicoastal.lab.drill.stage import Stage
    from bicoastal.lab.scenarios.model import Place

_HANDLER = "bicoastal/failover/handlers.py"


def replace_prober(stage: Stage, place: Place, body: str) -> None:
    """Upload another handler for the prober of a region, through Lambda's API.

    Args:
        stage: The lab.
        place: Whose prober.
        body: Statements of the handler; `event` is what the controller asks.
    """
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as bundle:
        for package in ("bicoastal", "bicoastal/failover"):
            bundle.writestr(f"{package}/__init__.py", "")
        bundle.writestr(_HANDLER, f"def prober(event, context):\n    {body}\n")
    region = stage.region(place)
    stage.lab.client("lambda", region).update_function_code(
        FunctionName=stage.probers[region], ZipFile=packed.getvalue()
    )
