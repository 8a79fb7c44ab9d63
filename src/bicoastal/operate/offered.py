"""Whether each region upgrades its member to a version, and offers the class with it.

https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_UpgradeTarget.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor

from bicoastal.live import database as offers
from bicoastal.live.upgrades import Targets, targets
from bicoastal.operate.access import Access
from bicoastal.operate.report import MemberReport
from bicoastal.settings import Settings
from bicoastal.settings.account import Unread
from bicoastal.settings.tables import is_lower, major


def unoffered(
    access: Access, settings: Settings, members: tuple[MemberReport, ...]
) -> Iterator[str]:
    """Ask the regions whose member has not got the version yet.

    Args:
        access: the way to the stack.
        settings: as they are to be after the upgrade.
        members: as they are.

    Yields:
        Each region that does not upgrade to the version, does not offer the class with it, or does
        not say.
    """
    to, waiting = settings.database.engine_version, _waiting(members, settings)
    if not waiting:
        return
    with ThreadPoolExecutor(2 * len(waiting), "offers") as pool:
        leads = {r: pool.submit(targets, access.clients, r, v) for r, v in waiting.items()}
        offered = {r: pool.submit(offers.offer, access.clients, settings, r) for r in waiting}
    for region, version in waiting.items():
        found, offer = leads[region].result(), offered[region].result()
        if isinstance(found, Unread):
            yield f"whether {region} upgrades to {to} is unknown: {found.reason}"
        elif to not in (found or Targets((), ())).minor:
            others = ", ".join(found.minor) if found else ""
            yield f"{region} does not upgrade {version} to {to}, but to {others or 'nothing'}"
        if isinstance(offer, Unread):
            yield f"whether {region} offers the class is unknown: {offer.reason}"
        elif not set(offer.wanted) & set(offer.zones):
            name = settings.database.instance_class
            yield f"{region} does not offer {name} with {to} in {', '.join(offer.wanted)}"


def _waiting(members: tuple[MemberReport, ...], settings: Settings) -> Mapping[str, str]:
    """The members that are still to be upgraded, with the version that they have."""
    to = settings.database.engine_version
    return {
        member.region: member.version
        for member in members
        if member.version is not None
        and is_lower(member.version, to)
        and major(member.version) == major(to)
    }
