"""The same stack with another database, each with what it gives up."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from bicoastal.costs.estimate import Estimate, estimate
from bicoastal.costs.prices import Snapshot
from bicoastal.costs.usage import Usage
from bicoastal.settings import PROFILES, Database, Settings


@dataclass(frozen=True)
class Alternative:
    """Another way to build the stack.

    Attributes:
        name: what it is.
        estimate: what it costs with the same usage.
        difference: US dollars a month more (or, negative, less) than what is asked for.
        gives: what it gives up, or what it buys.
    """

    name: str
    estimate: Estimate
    difference: Decimal
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


def alternatives(
    settings: Settings, usage: Usage | None = None, prices: Snapshot | None = None
) -> tuple[Alternative, ...]:
    """Price what is asked for, the profiles and the lawful alternatives.

    Regions, network, DNS and failover stay as asked for. None of them gives up managed failover: a
    headless standby and a replica outside of a global database, which do, are not in the program.

    Args:
        settings: what is asked for.
        usage: how it is used; the same for all.
        prices: the snapshot; the one in the package if absent.

    Returns:
        What is asked for first.
    """
    asked = estimate(settings, usage, prices)
    found = [Alternative("as asked for", asked, Decimal(0), "")]

    def add(name: str, database: Database, gives: str) -> None:
        other = estimate(settings.model_copy(update={"database": database}), usage, prices)
        found.append(Alternative(name, other, other.total - asked.total, gives))

    for profile, gives in _PROFILE_GIVES.items():
        defaults = Database.model_validate(PROFILES[profile].get("database", {}))
        add(f"profile {profile}", defaults, gives)
    for name, keys, gives in _VARIANTS:
        add(name, settings.database.model_copy(update=keys), gives)
    other = "aurora" if settings.database.storage_type != "aurora" else "aurora-iopt1"
    add(
        f"storage {other}",
        settings.database.model_copy(update={"storage_type": other}),
        "I/O is free but capacity and storage are dearer"
        if other == "aurora-iopt1"
        else "each I/O is paid for",
    )
    return tuple(found)
