"""The estimate: items with their prices, the free allowances, and what is not priced."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from math import ceil

from bicoastal.costs.control import control_items
from bicoastal.costs.database import database_items
from bicoastal.costs.items import HOURS, Case, Item, Kind
from bicoastal.costs.network import network_items
from bicoastal.costs.prices import Snapshot, snapshot
from bicoastal.costs.usage import Usage
from bicoastal.settings import Settings

CENT = Decimal("0.01")
LEAST_HOURS = Decimal(1) / 6
"""For which a provisioned instance is billed after it was created: ten minutes.

Source: https://aws.amazon.com/rds/aurora/pricing/
"""
_FREE_ZONE_HOURS = 12


def cents(amount: Decimal) -> Decimal:
    """An amount rounded to the cent, half a cent upwards."""
    return amount.quantize(CENT, ROUND_HALF_UP)


@dataclass(frozen=True)
class Line:
    """One line of the estimate.

    Attributes:
        service: who bills it.
        region: where; `global` for what has no region, `account` for an allowance.
        name: what it is.
        quantity: over a month, negative for an allowance.
        unit: what is counted.
        usd: US dollars a month, to the cent.
        kind: fixed or by usage.
        key: the figure that prices it.
        as_of: the figure's date.
        source: the figure's page.
        whole_month: whether a part of a month is billed as a whole one.
    """

    service: str
    region: str
    name: str
    quantity: Decimal
    unit: str
    usd: Decimal
    kind: Kind
    key: str
    as_of: date
    source: str
    whole_month: bool = False


@dataclass(frozen=True)
class Unpriced:
    """What has a quantity but no known price in its region."""

    region: str
    name: str
    quantity: Decimal
    key: str


@dataclass(frozen=True)
class Estimate:
    """What a stack costs in a month of 730 hours.

    Attributes:
        lines: every line that has a price, allowances last.
        unpriced: what the totals lack.
        max_age_days: from which age on a figure is called old.
    """

    lines: tuple[Line, ...]
    unpriced: tuple[Unpriced, ...]
    max_age_days: int

    @property
    def total(self) -> Decimal:
        """The sum of all lines, US dollars a month."""
        return sum((line.usd for line in self.lines), Decimal(0))

    def total_of(self, kind: Kind) -> Decimal:
        """The sum of the fixed lines, or of those by usage."""
        return sum((line.usd for line in self.lines if line.kind == kind), Decimal(0))

    @property
    def hourly(self) -> Decimal:
        """The total by the hour, to a hundredth of a cent."""
        return (self.total / HOURS).quantize(Decimal("0.0001"), ROUND_HALF_UP)

    def lifetime(self, hours: Decimal) -> Decimal:
        """What the stack costs from creation to destruction.

        What has a price by the month is billed by the hour (keys, secrets, alarms, metrics; health
        checks are taken to be), except a hosted zone: by whole months, and not at all if it is
        deleted within 12 hours. A provisioned instance is billed by the second, for at least ten
        minutes. Free allowances, which are monthly, are taken in proportion: too little rather
        than too much.
        Sources: https://aws.amazon.com/route53/pricing/ https://aws.amazon.com/kms/pricing/
        https://aws.amazon.com/secrets-manager/pricing/ https://aws.amazon.com/cloudwatch/pricing/
        https://aws.amazon.com/rds/aurora/pricing/

        Args:
            hours: how long it lives.

        Returns:
            US dollars, to the cent.
        """
        by_hour, by_month = Decimal(0), Decimal(0)
        for line in self.lines:
            if not line.whole_month:
                is_instance = line.key.startswith("aurora:instance/")
                by_hour += line.usd * max(hours, LEAST_HOURS if is_instance else hours)
            elif hours > _FREE_ZONE_HOURS:
                by_month += line.usd * ceil(hours / HOURS)
        return cents(by_hour / HOURS + by_month)

    @property
    def oldest(self) -> Line:
        """The line whose figure is the oldest."""
        return min(self.lines, key=lambda line: line.as_of)

    def warnings(self, today: date) -> tuple[str, ...]:
        """What a reader has to know before trusting the total.

        Args:
            today: the day on which it is read.

        Returns:
            Sentences; none if nothing is old and everything is priced.
        """
        said = []
        age = (today - self.oldest.as_of).days
        if age > self.max_age_days:
            said.append(
                f"Prices are up to {age} days old (the oldest: {self.oldest.key}, of "
                f"{self.oldest.as_of}); more than {self.max_age_days} days is old."
            )
        if self.unpriced:
            keys = dict.fromkeys(f"{item.key} in {item.region}" for item in self.unpriced)
            said.append(f"Not priced, so that the total lacks them: {', '.join(keys)}.")
        return tuple(said)


def items(case: Case) -> Iterator[Item]:
    """Everything that is billed."""
    yield from database_items(case)
    yield from control_items(case)
    yield from network_items(case)


def estimate(
    settings: Settings,
    usage: Usage | None = None,
    prices: Snapshot | None = None,
) -> Estimate:
    """Estimate what a stack costs.

    Args:
        settings: what is asked for.
        usage: how it is used; the defaults if absent.
        prices: the snapshot; the one in the package if absent.

    Returns:
        The estimate.
    """
    usage = usage or Usage()
    return price(items(Case(settings, usage)), usage, prices)


def price(
    billed: Iterable[Item], usage: Usage | None = None, prices: Snapshot | None = None
) -> Estimate:
    """Give items their prices, and take off what is free.

    Args:
        billed: what is billed.
        usage: says whether free allowances are taken off; the defaults if absent.
        prices: the snapshot; the one in the package if absent.

    Returns:
        The estimate.
    """
    usage, prices = usage or Usage(), prices or snapshot()
    lines: list[Line] = []
    unpriced: list[Unpriced] = []
    for item in billed:
        usd = prices.usd(item.key, item.priced_in)
        if usd is None:
            if item.quantity:
                unpriced.append(Unpriced(item.region, item.name, item.quantity, item.key))
            continue
        figure = prices.figures[item.key]
        lines.append(
            Line(
                figure.service,
                item.region,
                item.name,
                item.quantity,
                figure.unit,
                cents(item.quantity / figure.per * usd),
                item.kind,
                item.key,
                figure.as_of,
                figure.source,
                item.whole_month,
            )
        )
    if usage.free_tier:
        lines += [
            deduction for key in prices.allowances for deduction in _deduct(lines, key, prices)
        ]
    return Estimate(tuple(lines), tuple(unpriced), prices.max_age_days)


def _deduct(lines: Iterable[Line], key: str, prices: Snapshot) -> Iterator[Line]:
    """The lines that take a free allowance off, fixed quantities first.

    What is left of each line is rounded again, so that the sum never falls below nothing.
    """
    allowance, figure = prices.allowances[key], prices.figures[key]
    left = allowance.quantity
    kinds: tuple[Kind, ...] = ("fixed", "usage")
    for kind in kinds:
        used, saved = Decimal(0), Decimal(0)
        for line in lines:
            if line.key != key or line.kind != kind or not line.quantity:
                continue
            part = min(left, line.quantity)
            left -= part
            used += part
            usd = figure.usd[line.region]
            saved += line.usd - cents((line.quantity - part) / figure.per * usd)
        if used:
            yield Line(
                figure.service,
                "account",
                f"Free each month: {allowance.quantity:,} {figure.unit}",
                -used,
                figure.unit,
                -saved,
                kind,
                key,
                allowance.as_of,
                allowance.source,
            )


@dataclass(frozen=True)
class Dispute:
    """An assumption on which sources disagree, or that the account decides.

    Attributes:
        key: the usage key that chooses.
        chosen: what this estimate assumes.
        total: US dollars a month as assumed.
        other: the other assumption.
        other_total: US dollars a month with it.
    """

    key: str
    chosen: str
    total: Decimal
    other: str
    other_total: Decimal


def disputes(
    settings: Settings, usage: Usage | None = None, prices: Snapshot | None = None
) -> tuple[Dispute, ...]:
    """Both outcomes of every disputed figure.

    Args:
        settings: what is asked for.
        usage: how it is used; the defaults if absent.
        prices: the snapshot; the one in the package if absent.

    Returns:
        The disputes, in the order in which they are shown.
    """
    usage = usage or Usage()
    total = estimate(settings, usage, prices).total
    found = []
    turned = replace(usage, free_tier=not usage.free_tier)
    words = ("deducted", "used up")
    chosen, other = words if usage.free_tier else words[::-1]
    found.append(
        Dispute("freeTier", chosen, total, other, estimate(settings, turned, prices).total)
    )
    for field, key in (
        ("global_transfer", "globalTransfer"),
        ("replicated_io", "replicatedIo"),
        ("derived_checks", "derivedChecks"),
    ):
        value = getattr(usage, field)
        other = "included" if value == "billed" else "billed"
        turned = replace(usage, **{field: other})  # type: ignore[arg-type]  # one of the two words
        found.append(Dispute(key, value, total, other, estimate(settings, turned, prices).total))
    return tuple(found)
