"""The price snapshot: what the stack can use, by region, each figure with its date and its page.

A figure that the snapshot does not hold is `None`, never 0: the estimate lists it as not priced.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path

GLOBAL = "global"
"""The region of what AWS sells without one, such as Route 53."""

FILE = Path(__file__).parent / "data" / "prices.json"
"""The snapshot in the package."""


@dataclass(frozen=True)
class Figure:
    """One price, in every region in which it is known.

    Attributes:
        key: its name in the snapshot, such as `aurora:io`.
        service: the service that bills it.
        unit: what is counted, such as `requests`.
        per: how many of them the price is for.
        as_of: the day on which AWS published it, or on which it was last seen.
        source: the public page that states it.
        usd: region -> US dollars for `per` units.
    """

    key: str
    service: str
    unit: str
    per: Decimal
    as_of: date
    source: str
    usd: Mapping[str, Decimal]


@dataclass(frozen=True)
class Allowance:
    """What AWS does not charge for: in each account and month, all regions together.

    Attributes:
        key: the figure that it is deducted from.
        quantity: in the figure's unit.
        as_of: the day on which it was last seen.
        source: the public page that states it.
    """

    key: str
    quantity: Decimal
    as_of: date
    source: str


@dataclass(frozen=True)
class Snapshot:
    """Every known price.

    Attributes:
        figures: key -> figure.
        allowances: key -> allowance.
        max_age_days: from which age on a figure is called old.
        price_lists: offer of AWS's price list -> version that the figures were read from, if so.
    """

    figures: Mapping[str, Figure]
    allowances: Mapping[str, Allowance]
    max_age_days: int
    price_lists: Mapping[str, str] = field(default_factory=dict)

    def usd(self, key: str, region: str) -> Decimal | None:
        """A price.

        Args:
            key: the figure's name.
            region: the region that bills it; for a transfer, the one that receives.

        Returns:
            US dollars for the figure's `per` units, or `None` if it is not known.
        """
        figure = self.figures.get(key)
        return None if figure is None else figure.usd.get(region)


@cache
def snapshot() -> Snapshot:
    """The snapshot in the package."""
    return read(FILE.read_text("utf-8"))


def read(text: str) -> Snapshot:
    """Read a snapshot.

    Args:
        text: its JSON form; prices are text, so that none passes through binary fractions.

    Returns:
        The snapshot.
    """
    raw = json.loads(text)
    figures = {
        key: Figure(
            key,
            entry["service"],
            entry["unit"],
            Decimal(entry["per"]),
            date.fromisoformat(entry["as_of"]),
            entry["source"],
            {region: Decimal(usd) for region, usd in entry["usd"].items()},
        )
        for key, entry in raw["figures"].items()
    }
    allowances = {
        key: Allowance(
            key, Decimal(entry["quantity"]), date.fromisoformat(entry["as_of"]), entry["source"]
        )
        for key, entry in raw["allowances"].items()
    }
    return Snapshot(figures, allowances, raw["max_age_days"], raw.get("price_lists", {}))


def write(snapshot: Snapshot) -> str:
    """Write a snapshot; `read` gives it back.

    Args:
        snapshot: what to write.

    Returns:
        Its JSON form: a line for each figure, sorted, so that two of them compare well.
    """
    figures = {
        figure.key: {
            "service": figure.service,
            "unit": figure.unit,
            "per": int(figure.per),
            "as_of": figure.as_of.isoformat(),
            "source": figure.source,
            "usd": {region: plain(usd) for region, usd in sorted(figure.usd.items())},
        }
        for figure in sorted(snapshot.figures.values(), key=lambda figure: figure.key)
    }
    allowances = {
        allowance.key: {
            "quantity": plain(allowance.quantity),
            "as_of": allowance.as_of.isoformat(),
            "source": allowance.source,
        }
        for allowance in snapshot.allowances.values()
    }
    head = {
        "currency": "USD",
        "max_age_days": snapshot.max_age_days,
        "price_lists": dict(sorted(snapshot.price_lists.items())),
    }
    lines = [f"{json.dumps(name)}: {json.dumps(value)}" for name, value in head.items()]
    for name, entries in (("figures", figures), ("allowances", allowances)):
        body = ",\n".join(
            f"{json.dumps(key)}: {json.dumps(entry)}" for key, entry in entries.items()
        )
        lines.append(f"{json.dumps(name)}: {{\n{body}\n}}")
    return "{\n" + ",\n".join(lines) + "\n}\n"


def plain(number: Decimal) -> str:
    """A number without exponent and without zeros that say nothing."""
    return f"{number.normalize():f}"
