"""Whether a stack may cost what it is estimated to cost.

What estimates is imported only when there is a budget: a program without one does not pay for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from bicoastal.costs.errors import BudgetError
from bicoastal.settings import Settings

if TYPE_CHECKING:
    from bicoastal.costs.estimate import Estimate, Line

_NAMED = 5


def require_budget(settings: Settings) -> Sequence[str]:
    """Refuse settings whose estimate, at the default usage, exceeds their own budget.

    Args:
        settings: what is about to be deployed.

    Returns:
        What makes the estimate unsure, in sentences; nothing if there is no budget.

    Raises:
        BudgetError: it exceeds the budget; the message names the largest lines.
    """
    if settings.budget.monthly_usd is None:
        return ()
    from bicoastal.costs.estimate import estimate  # noqa: PLC0415  (see above)

    found = estimate(settings)
    reason = over_budget(found, Decimal(str(settings.budget.monthly_usd)))
    if reason is not None:
        msg = f"{reason} Nothing has been registered; raise budget.monthlyUsd or ask for less."
        raise BudgetError(msg)
    return found.warnings(datetime.now(UTC).date())


def over_budget(found: Estimate, budget: Decimal) -> str | None:
    """Compare an estimate with a budget.

    Args:
        found: the estimate.
        budget: US dollars a month.

    Returns:
        Why it is too much, with the largest lines; `None` if it is not.
    """
    if found.total <= budget:
        return None
    lines = sorted(found.lines, key=lambda line: line.usd, reverse=True)[:_NAMED]
    largest = "; ".join(_named(line) for line in lines)
    return (
        f"The estimate of ${found.total:,.2f} a month exceeds the budget of ${budget:,.2f} by "
        f"${found.total - budget:,.2f}. The largest lines: {largest}."
    )


def _named(line: Line) -> str:
    return f"{line.name} in {line.region} ${line.usd:,.2f}"
