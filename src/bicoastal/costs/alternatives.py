"""The same stack built otherwise, each with its price and what it gives up."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal
from typing import Any

from bicoastal.costs.estimate import Estimate, estimate
from bicoastal.costs.prices import Snapshot, snapshot
from bicoastal.costs.usage import Usage
from bicoastal.settings import PROFILES, Database, Settings

MANAGED, ONCE_MADE = "managed, minutes", "managed, once an instance is made"
BY_HAND = "none; promoted by hand"


@dataclass(frozen=True)
class Alternative:
    """Another way to build the stack.

    Attributes:
        name: what it is.
        estimate: what it costs with the same usage.
        difference: US dollars a month more (or, negative, less) than what is asked for.
        failover: who fails over, and how long the promotion takes.
        gives: what it gives up, or what it buys.
    """

    name: str
    estimate: Estimate
    difference: Decimal
    failover: str
    gives: str


_PROFILE_GIVES = {
    "validation": "one instance a member, a day of backups, destroyed without a last snapshot",
    "staging": "a week of backups and a last snapshot, still one instance a member",
    "production": "two provisioned instances a member, 35 days of backups, deletion refused",
}

_VARIANTS: tuple[tuple[str, dict[str, Any], str], ...] = (
    (
        "serverless, minimum 0.5 ACU",
        {
            "instance_class": "db.serverless",
            "serverless_min_acu": 0.5,
            "serverless_max_acu": 2.0,
            "instances_per_member": 1,
        },
        "1 GiB of memory, cold caches, slow to scale up; AWS advises 8 ACU for the writer",
    ),
    (
        "serverless, minimum 8 ACU",
        {"instance_class": "db.serverless", "serverless_min_acu": 8, "serverless_max_acu": 16},
        "what AWS advises for the writer; costs more than a provisioned instance of that memory",
    ),
    (
        "one db.r6g.large a member",
        {"instance_class": "db.r6g.large", "instances_per_member": 1},
        "steady speed, 16 GiB; no scaling, and a lost instance is a lost member for a while",
    ),
    (
        "two db.r6g.large a member",
        {"instance_class": "db.r6g.large", "instances_per_member": 2},
        "an instance may fail without leaving the region",
    ),
)

_TOPOLOGIES: tuple[tuple[str, str, dict[str, Any], str], ...] = (
    (
        "headless standby",
        "global",
        {"headless_standby": True},
        "nothing to promote until an instance is made, on a day when many are; no reads there",
    ),
    (
        "binlog replica, db.t4g.medium",
        "binlog-replica",
        {
            "instance_class": "db.t4g.medium",
            "instances_per_member": 1,
            "headless_standby": False,
        },
        "one standby; no switchover, no failback without a rebuild; more lag and loss; CPU credits",
    ),
)

_SLOWER: dict[str, Any] = {"probe_interval_s": 30, "threshold": 3}


def _promotion(settings: Settings) -> str:
    if not settings.is_global:
        return BY_HAND
    return ONCE_MADE if settings.database.headless_standby else MANAGED


def alternatives(
    settings: Settings, usage: Usage | None = None, prices: Snapshot | None = None
) -> tuple[Alternative, ...]:
    """Price what is asked for, the profiles and the lawful alternatives.

    Regions, network and DNS stay as asked for; a replica is the only standby.

    Args:
        settings: what is asked for.
        usage: how it is used; the same for all.
        prices: the snapshot; the one in the package if absent.

    Returns:
        What is asked for first.
    """
    asked = estimate(settings, usage, prices)
    found = [Alternative("as asked for", asked, Decimal(0), _promotion(settings), "")]

    def add(name: str, gives: str, **changed: Any) -> None:
        built = settings.model_copy(update=changed)
        other = estimate(built, usage, prices)
        more = other.total - asked.total
        found.append(Alternative(name, other, more, _promotion(built), gives))

    for profile, gives in _PROFILE_GIVES.items():
        defaults = Database.model_validate(PROFILES[profile].get("database", {}))
        add(f"profile {profile}", gives, topology="global", database=defaults)
    for name, keys, gives in _VARIANTS:
        database = settings.database.model_copy(update=keys)
        add(name, gives, topology="global", database=database)
    # A class that only a replica may have gives way to the default one.
    lawful = {} if settings.is_global else {"instance_class": Database().instance_class}
    for name, topology, keys, gives in _TOPOLOGIES:
        database = settings.database.model_copy(update={**lawful, **keys})
        regions = settings.regions
        if topology != "global":
            regions = regions.model_copy(update={"further_standbys": ()})
        add(name, gives, topology=topology, database=database, regions=regions)
    add(
        "rounds every 30 s, threshold 3",
        "the same window if the grace is, fewer looks in it; noticed up to 20 s later",
        failover=settings.failover.model_copy(update=_SLOWER),
    )
    other = "aurora" if settings.database.storage_type != "aurora" else "aurora-iopt1"
    add(
        f"storage {other}",
        "I/O is free but capacity and storage are dearer"
        if other == "aurora-iopt1"
        else "each I/O is paid for",
        database=settings.database.model_copy(update={"storage_type": other}),
    )
    return tuple(found)


@dataclass(frozen=True)
class BreakEven:
    """From how many I/O requests on I/O-Optimized storage costs no more than standard storage.

    Attributes:
        extra: US dollars a month that capacity and storage cost more.
        requests: I/O requests a month of all members, beyond which it is the cheaper one.
        asked: I/O requests a month at the given usage.
    """

    extra: Decimal
    requests: Decimal
    asked: Decimal


def break_even(
    settings: Settings, usage: Usage | None = None, prices: Snapshot | None = None
) -> BreakEven | None:
    """Compare the two kinds of storage.

    I/O-Optimized takes I/O off the bill and makes capacity and storage dearer; replicated writes
    are left out, since sources dispute whether it takes them off too. I/O is counted at the home
    region's price, where all writes are.
    Source: https://aws.amazon.com/rds/aurora/pricing/

    Args:
        settings: what is asked for; its own kind of storage does not matter.
        usage: how it is used; the defaults if absent.
        prices: the snapshot; the one in the package if absent.

    Returns:
        The point, or `None` if a price is not known.
    """
    prices = prices or snapshot()
    home = settings.regions.home
    io = prices.usd("aurora:io", home)
    cost, unpriced = {}, False
    for storage in ("aurora", "aurora-iopt1"):
        database = settings.database.model_copy(update={"storage_type": storage})
        made = estimate(settings.model_copy(update={"database": database}), usage, prices)
        cost[storage] = sum(
            (line.usd for line in made.lines if line.key.endswith(f"/{storage}")), Decimal(0)
        )
        unpriced |= any(item.key.endswith(f"/{storage}") for item in made.unpriced)
        if storage == "aurora":
            asked = sum(
                (line.quantity for line in made.lines if line.key == "aurora:io"), Decimal(0)
            )
    if io is None or unpriced:
        return None
    extra = cost["aurora-iopt1"] - cost["aurora"]
    per = prices.figures["aurora:io"].per
    return BreakEven(extra, (extra / io * per).to_integral_value(ROUND_CEILING), asked)
