"""The regions and the ranges of their VPCs, each with the key that asks for it."""

from __future__ import annotations

from bicoastal.settings.models import Settings

WITNESSES = ("regions.home", "regions.standby", "regions.witness")
"""The keys of `Regions.witnesses`."""
FURTHER = "regions.furtherStandbys"
FURTHER_CIDRS = "network.furtherCidrs"
_CIDRS = ("network.homeCidr", "network.standbyCidr", "network.witnessCidr")


def regions(settings: Settings) -> list[tuple[str, str]]:
    """Every region.

    Args:
        settings: what is asked for.

    Returns:
        Pairs of key and region, in the order of `Regions.all`.
    """
    further = (f"{FURTHER}[{n}]" for n in range(len(settings.regions.further_standbys)))
    return list(zip((*WITNESSES, *further), settings.regions.all, strict=True))


def members(settings: Settings) -> list[tuple[str, str]]:
    """The regions that hold a member.

    Args:
        settings: what is asked for.

    Returns:
        Pairs of key and region, in the order of `Regions.members`.
    """
    return [(key, region) for key, region in regions(settings) if key != WITNESSES[-1]]


def ranges(settings: Settings) -> list[tuple[str, str]]:
    """The range of each region's VPC.

    Args:
        settings: what is asked for.

    Returns:
        Pairs of key and range, in the order of `Regions.all`.
    """
    further = (f"{FURTHER_CIDRS}[{n}]" for n in range(len(settings.regions.further_standbys)))
    return list(zip((*_CIDRS, *further), settings.cidrs, strict=True))
