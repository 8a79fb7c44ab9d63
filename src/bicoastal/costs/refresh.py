"""Rebuilds the price snapshot from AWS's price list: all of it, or nothing and all the reasons."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Protocol

from bicoastal.costs.errors import PriceListError
from bicoastal.costs.figures import NOT_LISTED, Target, targets
from bicoastal.costs.pricelist.collector import Collector, Failure
from bicoastal.costs.pricelist.files import Edition
from bicoastal.costs.prices import GLOBAL, Figure, Snapshot, plain, write
from bicoastal.wholefile import write_whole

Place = tuple[str, str]
"""A figure and a region."""


class Source(Protocol):
    """Somewhere that price list rows come from."""

    def collect(self, offer: str, region: str, into: Collector) -> Edition | None:
        """Give an offer's rows in a region to the collector; `None` if there are none."""


@dataclass(frozen=True)
class Change:
    """A price that differs.

    Attributes:
        key: the figure.
        region: where.
        old: US dollars before, or `None` if it was not known.
        new: US dollars now, or `None` if it is gone.
    """

    key: str
    region: str
    old: Decimal | None
    new: Decimal | None

    @property
    def percent(self) -> Decimal | None:
        """By how much it rose, or `None` where that says nothing."""
        if not self.old or self.new is None:
            return None
        return (self.new - self.old) / self.old * 100


def changes(old: Snapshot, new: Snapshot) -> tuple[Change, ...]:
    """What differs between two snapshots.

    Args:
        old: before.
        new: after.

    Returns:
        Every price that differs, by figure and region.
    """
    before, after = _prices(old), _prices(new)
    return tuple(
        Change(*place, before.get(place), after.get(place))
        for place in sorted({*before, *after})
        if before.get(place) != after.get(place)
    )


def _prices(snapshot: Snapshot) -> dict[Place, Decimal]:
    return {
        (key, region): usd
        for key, figure in snapshot.figures.items()
        for region, usd in figure.usd.items()
    }


def rebuild(
    old: Snapshot,
    source: Source,
    *,
    regions: Collection[str] = (),
    gone: Collection[Place] = (),
    most_percent: Decimal | None = None,
) -> Snapshot:
    """Build a snapshot from the price list.

    What the old one holds must be found, unless it is said to be gone; what it lacks is added
    where the price list has it. Allowances, and the figures that no price list states, are kept.

    Args:
        old: the snapshot that is refreshed.
        source: where the price list is.
        regions: regions to add to those of the old snapshot.
        gone: figures and regions that AWS no longer sells.
        most_percent: a price that moved by more is a failure; `None` for no limit.

    Returns:
        The new snapshot.

    Raises:
        PriceListError: any price is in doubt; the message has every one of them.
        NoPriceListError: there is no price list at all.
    """
    had = _prices(old).keys() - {place for place in _prices(old) if place[0] in NOT_LISTED}
    places = {region for _, region in had} - {GLOBAL} | set(regions)
    wanted = list(targets(old.figures, sorted(places)))
    failures = [
        Failure(*place, "the snapshot does not have it, so that it cannot be gone")
        for place in gone
        if place not in had
    ]
    required = frozenset(had - set(gone))
    failures += [
        Failure(*place, "the table of costs/figures.py does not say where it stands")
        for place in sorted(required - {target.place for target in wanted})
    ]
    found = _Found({}, {}, failures)
    _collect(source, [t for t in wanted if t.place not in gone], required, found)
    new = _assemble(old, wanted, found)
    if most_percent is not None:
        failures += _leaps(changes(old, new), most_percent)
    if failures:
        raise PriceListError(_told(failures))
    return new


@dataclass
class _Found:
    prices: dict[Place, Decimal]
    editions: dict[str, Edition]
    failures: list[Failure]


def _collect(
    source: Source, wanted: Collection[Target], required: frozenset[Place], found: _Found
) -> None:
    """Read each file once."""
    files: dict[tuple[str, str], list[Target]] = {}
    for target in wanted:
        files.setdefault((target.listing.offer, target.file), []).append(target)
    for (offer, region), inside in files.items():
        collector = Collector(inside)
        try:
            edition = source.collect(offer, region, collector)
        except PriceListError as error:
            found.failures.append(Failure(offer, region, str(error)))
            continue
        prices, failures = collector.results(required)
        if edition is None:
            needed = [target.place[0] for target in inside if target.place in required]
            problem = f"the price list has none, where {len(needed)} figures are wanted"
            failures = [Failure(offer, region, problem)] if needed else []
        else:
            oldest = found.editions.get(offer, edition)
            found.editions[offer] = min(oldest, edition, key=lambda one: one.published)
        found.prices.update(prices)
        found.failures.extend(failures)


def _assemble(old: Snapshot, wanted: Collection[Target], found: _Found) -> Snapshot:
    figures = {key: old.figures[key] for key in NOT_LISTED & old.figures.keys()}
    usd: dict[str, dict[str, Decimal]] = {}
    for (key, region), price in found.prices.items():
        usd.setdefault(key, {})[region] = price
    for listing in {target.listing.key: target.listing for target in wanted}.values():
        if listing.key in usd:
            figures[listing.key] = Figure(
                listing.key,
                listing.service,
                listing.unit,
                listing.per,
                found.editions[listing.offer].published,
                listing.page,
                usd[listing.key],
            )
    versions: Mapping[str, str] = {offer: one.version for offer, one in found.editions.items()}
    return Snapshot(figures, old.allowances, old.max_age_days, versions)


def _leaps(moved: Collection[Change], most_percent: Decimal) -> list[Failure]:
    """Prices that moved by so much that a wrong row or unit is likelier than AWS's decision."""
    return [
        Failure(
            change.key,
            change.region,
            f"it moved by {change.percent:+.0f} %, from {plain(change.old)} to "
            f"{plain(change.new)}; if that is right, allow it with --most-percent",
        )
        for change in moved
        if change.old is not None and change.new is not None
        if change.percent is not None and abs(change.percent) > most_percent
    ]


def _told(failures: Collection[Failure]) -> str:
    count = f"{len(failures)} prices are" if len(failures) > 1 else "a price is"
    lines = "\n".join(str(failure) for failure in failures)
    return f"Nothing was changed: {count} in doubt.\n{lines}"


def save(snapshot: Snapshot, file: Path) -> None:
    """Replace a snapshot's file, whole or not at all.

    Args:
        snapshot: what to write.
        file: where.

    Raises:
        PriceListError: it cannot be written.
    """
    try:
        write_whole(file, write(snapshot))
    except OSError as error:
        msg = f"{file} cannot be written: {error.strerror}; name another file with --output."
        raise PriceListError(msg) from None
