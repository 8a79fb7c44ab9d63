"""Picks the wanted rows out of a stream of products and prices; exactly one each, or a reason."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from bicoastal.costs.figures import Target
from bicoastal.costs.prices import plain

_PREFIX = re.compile(r"[A-Z]{3}[0-9]{1,2}-|EU-|[a-z]{2}(?:-[a-z]+){1,2}-[0-9]-")
_INDEXED = ("usage", "instanceType", "toRegionCode")
_OURS = frozenset({"usage", "prefixed"})
_SHOWN = 5


@dataclass(frozen=True)
class Tier:
    """One price of a product, from some quantity on.

    Attributes:
        unit: what is counted.
        begin: the quantity from which on it applies.
        usd: US dollars for one unit, or `None` if the row has no price in US dollars.
    """

    unit: str
    begin: Decimal
    usd: Decimal | None


@dataclass
class Candidate:
    """A product that matches, with its prices on demand."""

    sku: str
    usagetype: str
    tiers: list[Tier] = field(default_factory=list)

    def __str__(self) -> str:
        """The product for messages."""
        prices = ", ".join(
            f"{'no USD' if tier.usd is None else plain(tier.usd)} for {tier.unit}"
            for tier in self.tiers[:_SHOWN]
        )
        return f"{self.sku} ({self.usagetype}; {prices or 'no price on demand'})"


@dataclass(frozen=True)
class Failure:
    """Why a figure has no price: never guessed at, always told.

    Attributes:
        key: the figure.
        region: where.
        problem: what is wrong.
        filters: what was looked for.
        candidates: what was found, or came near.
    """

    key: str
    region: str
    problem: str
    filters: str = ""
    candidates: tuple[str, ...] = ()

    def __str__(self) -> str:
        """One line, and one for each candidate."""
        looked = f" [{self.filters}]" if self.filters else ""
        lines = [f"{self.key} in {self.region}: {self.problem}{looked}"]
        lines += [f"    {text}" for text in self.candidates]
        return "\n".join(lines)


class Collector:
    """Takes products and prices in the order in which a file has them; keeps those wanted."""

    def __init__(self, targets: Iterable[Target]) -> None:
        self._targets = tuple(targets)
        self._index: dict[str, dict[str, list[Target]]] = {name: {} for name in _INDEXED}
        self._found: defaultdict[Target, list[Candidate]] = defaultdict(list)
        self._near: defaultdict[Target, list[str]] = defaultdict(list)
        self._by_sku: dict[str, Candidate] = {}
        for target in self._targets:
            name = next(name for name in _INDEXED if name in target.filters)
            for value in target.filters[name]:
                self._index[name].setdefault(value, []).append(target)
        names = {name for target in self._targets for name in target.filters} - _OURS
        self.names = frozenset({*names, "usagetype"})
        """The attributes that are looked at."""

    def product(self, sku: str, attributes: Mapping[str, str]) -> None:
        """Look at a product.

        Args:
            sku: its name in the file.
            attributes: those in `names` at least, as AWS's JSON files spell them.
        """
        if sku in self._by_sku:
            return
        usagetype = attributes.get("usagetype", "")
        prefix = _PREFIX.match(usagetype)
        usage = usagetype[prefix.end() :] if prefix else usagetype
        hits = self._index["usage"].get(usage, [])
        for name in _INDEXED[1:]:
            if attributes.get(name) in self._index[name]:
                hits = hits + self._index[name][attributes[name]]
        if not hits:
            return
        view = {**attributes, "usage": usage, "prefixed": "yes" if prefix else "no"}
        candidate = Candidate(sku, usagetype)
        for target in hits:
            wrong = [
                f"{name} is {view.get(name, '')!r}"
                for name, values in target.filters.items()
                if view.get(name, "") not in values
            ]
            if not wrong:
                self._by_sku[sku] = candidate
                self._found[target].append(candidate)
                continue
            near = f"not {sku} ({usagetype}): {', '.join(wrong)}"
            if len(self._near[target]) < _SHOWN and near not in self._near[target]:
                self._near[target].append(near)

    def price(self, sku: str, tier: Tier) -> None:
        """Look at a price on demand; a product's prices come after the product."""
        if sku in self._by_sku:
            self._by_sku[sku].tiers.append(tier)

    def wants(self, sku: str) -> bool:
        """Whether the prices of a product are wanted."""
        return sku in self._by_sku

    def questions(self) -> list[tuple[tuple[str, str], ...]]:
        """What to ask a service that filters by attributes, in as few questions as will do.

        Returns:
            For each question, attributes and values.
        """
        questions = (
            tuple(
                (name, values[0])
                for name, values in target.filters.items()
                if len(values) == 1 and name not in {*_OURS, *_INDEXED}
            )
            for target in self._targets
        )
        return list(dict.fromkeys(questions))

    def results(
        self, required: frozenset[tuple[str, str]]
    ) -> tuple[dict[tuple[str, str], Decimal], list[Failure]]:
        """What was found.

        Args:
            required: figures and regions that must be found.

        Returns:
            US dollars for each figure and region, and a failure for each that is in doubt.
        """
        prices: dict[tuple[str, str], Decimal] = {}
        failures: list[Failure] = []
        for target in self._targets:
            found = self._found[target]
            if not found and target.place not in required:
                continue
            chosen = self._choose(target, found)
            if isinstance(chosen, Decimal):
                prices[target.place] = chosen * target.listing.per
            else:
                failures.append(chosen)
        return prices, failures

    def _choose(self, target: Target, found: list[Candidate]) -> Decimal | Failure:
        """The first tier that costs something: free ones are allowances, deducted separately."""
        shown = [str(candidate) for candidate in found]
        if not found:
            problem, shown = "no row matches", self._near[target]
        elif len(found) > 1:
            problem = f"{len(found)} rows match, where one is wanted"
        else:
            tiers = sorted(found[0].tiers, key=lambda tier: tier.begin)
            strange = sorted({tier.unit for tier in tiers} - set(target.listing.units))
            paid = next((tier.usd for tier in tiers if tier.usd), None)
            if not strange and paid is not None:
                return paid
            wanted = " or ".join(target.listing.units)
            problem = (
                f"the unit is {', '.join(strange)}, where {wanted} is expected"
                if strange
                else "the row has no price in US dollars above 0"
            )
        return Failure(*target.place, problem, str(target), tuple(shown[:_SHOWN]))
