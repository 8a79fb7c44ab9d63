"""What changes in price between two estimates, line by line."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal

from bicoastal.costs.estimate import Estimate, Line
from bicoastal.costs.items import Kind

Change = Literal["added", "removed", "changed"]


@dataclass(frozen=True)
class Difference:
    """A line that is not the same in both estimates.

    Attributes:
        old: the line as it was; `None` if it is new.
        new: the line as it will be; `None` if it goes.
    """

    old: Line | None
    new: Line | None

    @property
    def line(self) -> Line:
        """The line as it will be, or as it was if it goes."""
        found = self.new or self.old
        assert found is not None  # noqa: S101  (one of the two is always there)
        return found

    @property
    def change(self) -> Change:
        """What happens to the line."""
        if self.old is None:
            return "added"
        return "removed" if self.new is None else "changed"

    @property
    def usd(self) -> Decimal:
        """By how much it becomes dearer, US dollars a month; negative if cheaper."""
        return _usd(self.new) - _usd(self.old)


@dataclass(frozen=True)
class Comparison:
    """Two estimates side by side.

    Attributes:
        old: the estimate of what there is.
        new: the estimate of what is proposed.
        differences: every line that is not the same in both; their sum is the totals' difference.
    """

    old: Estimate
    new: Estimate
    differences: tuple[Difference, ...]

    @property
    def usd(self) -> Decimal:
        """By how much the whole becomes dearer, US dollars a month."""
        return self.new.total - self.old.total

    def usd_of(self, kind: Kind) -> Decimal:
        """By how much the fixed lines become dearer, or those by usage."""
        return self.new.total_of(kind) - self.old.total_of(kind)

    def warnings(self, today: date) -> tuple[str, ...]:
        """What a reader has to know before trusting either total, each thing once.

        Args:
            today: the day on which it is read.

        Returns:
            Sentences.
        """
        both = (*self.old.warnings(today), *self.new.warnings(today))
        return tuple(dict.fromkeys(both))


def compare(old: Estimate, new: Estimate) -> Comparison:
    """Find what changes in price.

    A line is the same thing in both if region, figure, kind and name agree; what is left over is
    matched without the name, so that `minimum 0.5 ACU` becomes `minimum 1 ACU` rather than go.

    Args:
        old: the estimate of what there is.
        new: the estimate of what is proposed.

    Returns:
        Both, with the lines that differ in quantity or price, in the order of the new estimate,
        then what goes.
    """
    before = [line for line in old.lines if line.quantity]
    after = [line for line in new.lines if line.quantity]
    partners: dict[int, Line] = {}
    for identity in (_whole, _nameless):
        for place, line in enumerate(after):
            if place not in partners:
                found = _take(before, line, identity)
                if found is not None:
                    partners[place] = found
    return Comparison(old, new, tuple(_differences(after, partners, before)))


def _differences(
    after: list[Line], partners: dict[int, Line], gone: list[Line]
) -> Iterator[Difference]:
    for place, line in enumerate(after):
        old = partners.get(place)
        if old is None or (old.usd, old.quantity) != (line.usd, line.quantity):
            yield Difference(old, line)
    for line in gone:
        yield Difference(line, None)


def _take(lines: list[Line], wanted: Line, identity: Callable[[Line], Hashable]) -> Line | None:
    for place, line in enumerate(lines):
        if identity(line) == identity(wanted):
            return lines.pop(place)
    return None


def _whole(line: Line) -> Hashable:
    return (line.region, line.key, line.kind, line.name)


def _nameless(line: Line) -> Hashable:
    return (line.region, line.key, line.kind)


def _usd(line: Line | None) -> Decimal:
    return Decimal(0) if line is None else line.usd
