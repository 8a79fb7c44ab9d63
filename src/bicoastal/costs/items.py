"""What is billed: one item for each thing and region, before it has a price."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from bicoastal.costs.prices import GLOBAL
from bicoastal.costs.usage import Usage
from bicoastal.settings import Settings

Kind = Literal["fixed", "usage"]

HOURS = Decimal(730)
MINUTES = HOURS * 60
SECONDS = MINUTES * 60
GIB = Decimal(1024**3)
KIB_PER_GIB = Decimal(1024**2)


@dataclass(frozen=True)
class Item:
    """Something that AWS bills.

    Attributes:
        name: what it is.
        key: the figure that prices it.
        region: where it is.
        quantity: over a month of 730 hours, in the figure's unit.
        kind: `fixed` if it is paid for whether the database is used or not.
        covers: the resource types of the program that it stands for.
        price_region: the region whose price applies, if it is not `region`.
        whole_month: whether a part of a month is billed as a whole one.
    """

    name: str
    key: str
    region: str
    quantity: Decimal
    kind: Kind = "fixed"
    covers: tuple[str, ...] = ()
    price_region: str = ""
    whole_month: bool = False

    @property
    def priced_in(self) -> str:
        """The region whose price applies."""
        return self.price_region or self.region


@dataclass(frozen=True)
class Case:
    """What is estimated: the settings, and how the stack is used."""

    settings: Settings
    usage: Usage

    @property
    def home(self) -> str:
        """The home region, which is taken to be the writer's."""
        return self.settings.regions.home

    @property
    def standby(self) -> str:
        """The standby region, whose controller is the one that works."""
        return self.settings.regions.standby

    @property
    def standbys(self) -> tuple[str, ...]:
        """The regions of all standbys, which the writer's replicates to."""
        return tuple(region for region in self.settings.regions.members if region != self.home)

    @property
    def with_instances(self) -> tuple[str, ...]:
        """The members' regions that have instances."""
        members = self.settings.regions.members
        return tuple(region for region in members if self.settings.instances(region))

    @property
    def follows_latch(self) -> bool:
        """Whether DNS follows the latch, so that there are metrics and alarms of it."""
        return self.settings.dns.mode == "latch"


def global_item(
    name: str, key: str, quantity: Decimal, kind: Kind = "fixed", covers: tuple[str, ...] = ()
) -> Item:
    """An item of a service that has no region."""
    return Item(name, key, GLOBAL, quantity, kind, covers)
