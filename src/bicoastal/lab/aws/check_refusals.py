"""What Route 53 refuses in a health check and MiniStack accepts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bicoastal.lab.aws.refusal import Refusal

_INVALID = "InvalidInput"
_MOST_CHILDREN = 255


def refused(config: Mapping[str, Any]) -> Refusal | None:
    """Whether Route 53 would refuse a health check.

    https://docs.aws.amazon.com/Route53/latest/APIReference/API_HealthCheckConfig.html

    Args:
        config: its HealthCheckConfig.

    Returns:
        The refusal, or None.
    """
    interval, threshold = config.get("RequestInterval", 30), config.get("FailureThreshold", 3)
    if interval not in {10, 30}:
        return Refusal(
            _INVALID, f"Invalid parameter: RequestInterval must be 10 or 30, not {interval}"
        )
    if not 1 <= threshold <= 10:
        return Refusal(
            _INVALID, f"Invalid parameter: FailureThreshold must be 1 to 10, not {threshold}"
        )
    if config.get("Type") == "CALCULATED":
        children = len(config.get("ChildHealthChecks", ()))
        if children > _MOST_CHILDREN:
            return Refusal(
                _INVALID, f"Invalid parameter: {children} ChildHealthChecks are too many"
            )
        if not 0 <= config.get("HealthThreshold", 0) <= 256:
            return Refusal(_INVALID, "Invalid parameter: HealthThreshold must be 0 to 256")
    return None
