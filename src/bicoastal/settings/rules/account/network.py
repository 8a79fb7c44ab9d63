"""BC714: addresses that are taken already."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from ipaddress import IPv4Network, ip_network

from bicoastal.settings.account import Account, Range, Unread
from bicoastal.settings.draft import Draft
from bicoastal.settings.rules import places
from bicoastal.settings.rules.account.base import (
    HOME,
    SILENCE,
    SOUND,
    account_rule,
    at_standby,
    by_region,
    seen,
)
from bicoastal.settings.rules.base import Problem, not_checked

PEERING = "https://docs.aws.amazon.com/vpc/latest/peering/vpc-peering-basics.html"


@account_rule(
    "BC714",
    "warning",
    source=PEERING,
    passes=[
        seen(
            "another VPC has 172.31.0.0/16",
            ranges={**SOUND.ranges, HOME: (Range("172.31.0.0/16", "vpc-1 in us-east-1"),)},
        ),
        seen(
            "another VPC has addresses, and those of the stack cannot be read",
            {"network": {"homeCidr": "ten"}},
            ranges={**SOUND.ranges, HOME: (Range("10.0.0.0/16", "vpc-1 in us-east-1"),)},
        ),
        seen(
            "somebody's VPC has addresses that are none of IPv4's",
            ranges={**SOUND.ranges, HOME: (Range("fd00::/56", "vpc-1 in us-east-1"),)},
        ),
    ],
    fails=[
        seen(
            "the VPC of an application has 10.20.0.0/20",
            ranges={**SOUND.ranges, HOME: (Range("10.20.0.0/20", "vpc-1 in us-east-1"),)},
        ),
        seen("EC2 did not answer", ranges=at_standby(SOUND.ranges, SILENCE)),
    ],
)
def ranges_free(draft: Draft, account: Account) -> Iterable[Problem]:
    """No other VPC of the account has the stack's addresses, so that each can be peered."""
    taken: list[Range] = []
    for key, region, ranges in by_region(draft, account.ranges):
        if isinstance(ranges, Unread):
            yield not_checked(key, f"whether a VPC of {region} has the stack's addresses", ranges)
        else:
            taken += ranges
    own = draft.settings.cidrs
    for key, cidr in places.ranges(draft.settings):
        clashing = [r for r in taken if _overlap(cidr, r.cidr)]
        if clashing:
            first = clashing[0]
            more = f" and {len(clashing) - 1} more" if len(clashing) > 1 else ""
            yield Problem(
                key,
                f"{key} is {cidr}, which has addresses in common with {first.cidr} of "
                f"{first.owner}{more}: they cannot be peered, so what runs there cannot reach the "
                "database by its private address.",
                f"Choose {_free([*own, *(r.cidr for r in taken)])}, which nothing that was read "
                "has.",
                cidr,
            )


def _parsed(cidr: str) -> IPv4Network | None:
    try:
        network = ip_network(cidr, strict=False)
    except ValueError:
        return None
    return network if isinstance(network, IPv4Network) else None


def _overlap(one: str, other: str) -> bool:
    first, second = _parsed(one), _parsed(other)
    return bool(first and second and first.overlaps(second))


def _free(taken: Sequence[str]) -> str:
    """The first /16 of 10.0.0.0/8 that has no address in common with what is taken."""
    candidates = (f"10.{number}.0.0/16" for number in range(256))
    free = (c for c in candidates if not any(_overlap(c, cidr) for cidr in taken))
    return next(free, "a range outside of 10.0.0.0/8")
