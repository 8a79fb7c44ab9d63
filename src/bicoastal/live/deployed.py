"""What is deployed of a stack, as far as its price rests on it. Found by the stack's names."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from bicoastal.costs.deployed import Place, Rhythm, Seen
from bicoastal.costs.prices import GLOBAL
from bicoastal.costs.program import topic_regions
from bicoastal.failover.config import ControllerConfig
from bicoastal.failover.gateway import Clients
from bicoastal.live.counting import (
    CHECKS,
    count_alarms,
    count_checks,
    count_filters,
    count_zones,
    dashboards,
)
from bicoastal.live.existing import controller, has_flow_log, has_key, has_prober, has_table
from bicoastal.live.member import member, volume
from bicoastal.settings import Settings
from bicoastal.settings.account import Fact, Unread

_WORKERS = 32


def read(clients: Clients, settings: Settings) -> Seen:
    """Ask every region at the same time; what does not answer is `Unread`.

    Args:
        clients: boto3's clients.
        settings: give names and regions.

    Returns:
        What is there.
    """
    regions = settings.regions
    with ThreadPoolExecutor(_WORKERS, "deployed") as pool:

        def each(question: Callable[..., Any], where: Iterable[str]) -> dict[str, Any]:
            return {region: pool.submit(question, clients, settings, region) for region in where}

        members, volumes = each(member, regions.members), each(volume, regions.members)
        controllers = each(controller, regions.pair)
        probers, flows = each(has_prober, regions.witnesses), each(has_flow_log, regions.all)
        alarmed = tuple(dict.fromkeys((*regions.all, *topic_regions(settings))))
        alarms = each(count_alarms, alarmed)
        keys, filters = each(has_key, regions.members), each(count_filters, regions.pair)
        tables, boards = each(has_table, regions.pair), each(dashboards, regions.members)
        checks = pool.submit(count_checks, clients, settings)
        zone = pool.submit(count_zones, clients, settings)
    deciding = {region: future.result() for region, future in controllers.items()}
    counts: dict[Place, Fact[int]] = {
        Place(GLOBAL, "Dashboards"): together([f.result() for f in boards.values()]),
        Place(GLOBAL, "Private zone"): zone.result(),
        **{Place(r, "Key"): _number(f.result()) for r, f in keys.items()},
        **{Place(r, "Metrics of votes"): f.result() for r, f in filters.items()},
    }
    for region, future in alarms.items():
        found = future.result()
        single, over = found if not isinstance(found, Unread) else (found, found)
        counts[Place(region, "Alarms")] = single
        if region in regions.members:
            counts[Place(region, "Alarm over alarms")] = over
    seen = checks.result()
    for n, name in enumerate(CHECKS):
        counts[Place(GLOBAL, name)] = seen if isinstance(seen, Unread) else seen[n]
    there = {
        **{Place(r, "Controller"): _is_there(found) for r, found in deciding.items()},
        **{Place(r, "Prober"): f.result() for r, f in probers.items()},
        **{Place(r, "Record"): f.result() for r, f in tables.items()},
        **{Place(r, "Flow log"): f.result() for r, f in flows.items()},
    }
    return Seen(
        members={region: future.result() for region, future in members.items()},
        volumes={region: future.result() for region, future in volumes.items()},
        counts=counts,
        there=there,
        rhythm=rhythm_of(deciding.values()),
    )


def together(names: Iterable[Fact[frozenset[str]]]) -> Fact[int]:
    """How many different names several answers hold.

    Args:
        names: the answers.

    Returns:
        The number, or why one of them is missing.
    """
    found: set[str] = set()
    for answer in names:
        if isinstance(answer, Unread):
            return answer
        found |= answer
    return len(found)


def _number(fact: Fact[bool]) -> Fact[int]:
    return fact if isinstance(fact, Unread) else int(fact)


def _is_there(fact: Fact[ControllerConfig | None]) -> Fact[bool]:
    return fact if isinstance(fact, Unread) else fact is not None


def rhythm_of(controllers: Iterable[Fact[ControllerConfig | None]]) -> Fact[Rhythm | None]:
    """How the controllers work, by the first that tells.

    Args:
        controllers: what each region's controller is configured with.

    Returns:
        Their rhythm; None if there is no controller, or why none could be read.
    """
    answer: Fact[Rhythm | None] = None
    for found in controllers:
        if isinstance(found, ControllerConfig):
            return Rhythm(round(found.probe_interval_s), bool(found.latch.regions))
        answer = answer or found
    return answer
