"""Looking at an account: every question is asked at the same time, and none is needed."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from bicoastal.failover.gateway import Clients
from bicoastal.live import access, adopting, database, network, quotas, secret, zone
from bicoastal.operate.access import Told
from bicoastal.settings import Settings
from bicoastal.settings.account import Account, Unread

_WORKERS = 32


def look(settings: Settings, clients: Clients, tell: Told = lambda _line: None) -> Account:
    """Read everything that the rules want to know. Nothing is written.

    Args:
        settings: what would be deployed.
        clients: boto3's clients.
        tell: takes progress.

    Returns:
        What was read, and why the rest was not.
    """
    tell(f"asking AWS in {', '.join(settings.regions.all)}")
    with ThreadPoolExecutor(_WORKERS, "live") as pool:
        return _look(settings, clients, pool)


def _look(settings: Settings, clients: Clients, pool: ThreadPoolExecutor) -> Account:
    regions = settings.regions
    members, pair = regions.members, regions.pair
    arn = settings.secret_arn

    def each(question: Any, where: tuple[str, ...] = members) -> dict[str, Any]:
        return {region: pool.submit(question, clients, settings, region) for region in where}

    offers, engines, exists = each(database.offer), each(database.engine), each(database.exists)
    concurrency, denied = each(quotas.of_lambda, pair), each(access.denied)
    vpcs = each(network.read, regions.all)
    role = pool.submit(access.failover_denied, clients, settings)
    adopts = settings.adopts(regions.home)
    adopted = pool.submit(adopting.read, clients, settings) if adopts else None
    hosted = pool.submit(zone.read, clients, settings)
    asked = [pool.submit(secret.read, clients, arn, r) for r in pair] if arn else []
    shape = pool.submit(secret.shape, clients, arn, regions.home) if arn else None

    seen = _results(vpcs)
    own = {id_ for found in seen.values() if not isinstance(found, Unread) for id_ in found.own}
    limits = {r: pool.submit(network.quota, clients, seen[r], r) for r in regions.all}
    database_limits = {
        r: pool.submit(quotas.of_rds, clients, settings, r, found)
        for r, found in _results(exists).items()
    }
    original, replica = [future.result() for future in asked] or (None, None)
    secrets = tuple(zip(pair, (original, replica), strict=True))
    keys = pool.submit(secret.keys, clients, settings, secrets)
    return Account(
        offers=_results(offers),
        engines=_results(engines),
        secret=original,
        replica=replica,
        secret_faults=shape.result() if shape else (),
        keys=keys.result(),
        zone=hosted.result(),
        quotas={
            region: (
                *(database_limits[region].result() if region in members else ()),
                limits[region].result(),
            )
            for region in regions.all
        },
        concurrency=_results(concurrency),
        denied=_results(denied),
        failover_denied=role.result(),
        ranges={region: network.others(found, own) for region, found in seen.items()},
        adopted=adopted.result() if adopted else None,
    )


def _results(futures: dict[str, Any]) -> dict[str, Any]:
    return {region: future.result() for region, future in futures.items()}
