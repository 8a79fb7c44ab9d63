"""Names of the deployed stack, and its controllers."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from bicoastal.lab.drill.environment import Environment

HOME, STANDBY, WITNESS = "us-east-1", "us-west-2", "us-east-2"
PACE = 20.0
CLOSED = "http://127.0.0.1:1"
WHY = ("--reason", "a test")
Result = Any  # typer brings its own
Run = Callable[..., Result]


def control(lab: Environment, region: str = STANDBY, rounds: int = 1) -> dict[str, Any]:
    """Run a region's controller, as deployed."""
    answer = lab.client("lambda", region).invoke(
        FunctionName=f"control-{'usw2' if region == STANDBY else 'use1'}-dev",
        Payload=json.dumps({"rounds": rounds}).encode(),
    )
    summary: dict[str, Any] = json.loads(answer["Payload"].read())
    assert "FunctionError" not in answer, summary
    return summary
