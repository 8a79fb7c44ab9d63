"""Everything that is said about the price of a stack, put together."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal

from bicoastal.costs.alternatives import (
    Alternative,
    BreakEven,
    alternatives,
    break_even,
)
from bicoastal.costs.estimate import Dispute, Estimate, disputes, estimate
from bicoastal.costs.usage import Usage
from bicoastal.settings import Settings

REVIEWED_USD = Decimal(1051)
"""What the instances of the system that this one replaces cost a month, by its own account."""


@dataclass(frozen=True)
class Report:
    """The price of a stack.

    Attributes:
        settings: what is asked for.
        usage: how it is used.
        estimate: what it costs.
        disputes: both outcomes of what is not certain.
        warnings: what a reader has to know first.
        hours: the life that is priced, if one is.
        lifetime: what that life costs.
        alternatives: other ways to build it, if they were asked for.
        break_even: between the kinds of storage; `None` if it was not asked for or not known.
    """

    settings: Settings
    usage: Usage
    estimate: Estimate
    disputes: tuple[Dispute, ...]
    warnings: tuple[str, ...]
    hours: Decimal | None
    lifetime: Decimal | None
    alternatives: tuple[Alternative, ...]
    break_even: BreakEven | None

    @property
    def is_cheap(self) -> bool:
        """Whether it costs at most a tenth of `REVIEWED_USD`."""
        return self.estimate.total * 10 <= REVIEWED_USD

    @property
    def instances_usd(self) -> Decimal:
        """What the instances alone cost, which is what `REVIEWED_USD` counts."""
        keys = ("aurora:instance/", "aurora:acu/")
        lines = (line.usd for line in self.estimate.lines if line.key.startswith(keys))
        return sum(lines, Decimal(0))


def make_report(
    settings: Settings,
    usage: Usage,
    *,
    lifetime: Decimal | None = None,
    compare: bool = False,
    today: date | None = None,
) -> Report:
    """Put everything together.

    Args:
        settings: what is asked for.
        usage: how it is used.
        lifetime: hours from creation to destruction, to price that too.
        compare: whether to price the alternatives.
        today: the day on which it is read.

    Returns:
        The report.
    """
    found = estimate(settings, usage)
    return Report(
        settings,
        usage,
        found,
        disputes(settings, usage),
        found.warnings(today or datetime.now(UTC).date()),
        lifetime,
        None if lifetime is None else found.lifetime(lifetime),
        alternatives(settings, usage) if compare else (),
        break_even(settings, usage) if compare else None,
    )
