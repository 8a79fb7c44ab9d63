"""BC411, BC412, BC609 and BC610: the ranges from which clients connect."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from ipaddress import IPv4Network
from typing import Any

from bicoastal.settings.draft import Draft
from bicoastal.settings.rules import places
from bicoastal.settings.rules.base import Problem, rule
from bicoastal.settings.rules.network import PRIVATE, parsed

RULES = "https://docs.aws.amazon.com/vpc/latest/userguide/security-group-rules.html"
QUOTAS = "https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html"
PUBLIC = (
    "https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/"
    "USER_VPC.WorkingWithRDSInstanceinaVPC.html"
)

_QUOTA = 60  # inbound rules of a security group
_OWN = 3  # the three probers'
_CHECKERS = 25  # what the prefix list of Route 53's checkers counts for


def _clients(*cidrs: str, **keys: object) -> dict[str, Any]:
    return {"network": {"clientCidrs": list(cidrs), **keys}}


def _public(raw: dict[str, Any]) -> dict[str, Any]:
    return raw | {"health": {"endpointCheck": "public"}}


def _is_public(cidr: IPv4Network) -> bool:
    """Whether some addresses of a range belong to others: neither RFC 1918 nor RFC 6598."""
    shared = IPv4Network("100.64.0.0/10")
    return not any(cidr.subnet_of(block) for block in (*PRIVATE, shared))


def _ranges(draft: Draft) -> Iterator[tuple[str, IPv4Network]]:
    for number, cidr in enumerate(draft.settings.network.client_cidrs):
        network = parsed(cidr)
        if network:
            yield f"network.clientCidrs[{number}]", network


@rule(
    "BC411",
    "error",
    source=RULES,
    passes=[_clients("10.40.0.0/16", "10.40.0.0/17", "not a range", "not a range"), {}],
    fails=[_clients("10.40.0.0/16", "10.40.0.0/16"), _clients("10.20.0.0/16")],
)
def client_ranges_once(draft: Draft) -> Iterable[Problem]:
    """Each client range is named once, and is no witness's VPC, which is let in anyway."""
    # Those of further standbys have no prober, so nothing lets them in: they may be named here.
    own = places.ranges(draft.settings)[: len(places.WITNESSES)]
    seen = {parsed(cidr): key for key, cidr in own}
    for key, cidr in _ranges(draft):
        other = seen.setdefault(cidr, key)
        if other != key:
            yield Problem(
                key,
                f"{key} is {cidr}, the same as {other}; a security group refuses a second rule "
                "for one range and port.",
                "Remove it.",
                str(cidr),
                related=(other,),
            )


@rule(
    "BC412",
    "warning",
    source=QUOTAS,
    passes=[
        _clients(*(f"10.40.{n}.0/24" for n in range(57))),
        _public(_clients(*(f"10.40.{n}.0/24" for n in range(32)))),
    ],
    fails=[
        _public(_clients(*(f"10.40.{n}.0/24" for n in range(33)))),
        _clients(*(f"10.40.{n}.0/24" for n in range(58))),
    ],
)
def client_range_count(draft: Draft) -> Iterable[Problem]:
    """The client ranges fit into a security group, with the rules that are there already."""
    settings = draft.settings
    count = len(settings.network.client_cidrs)
    room = _QUOTA - _OWN - (_CHECKERS if settings.health.endpoint_check == "public" else 0)
    if count > room:
        yield Problem(
            "network.clientCidrs",
            f"network.clientCidrs has {count} ranges, but a security group takes {_QUOTA} inbound "
            f"rules by default, {_QUOTA - room} of which are in use.",
            f"Join ranges until there are at most {room}, or have the quota raised.",
            settings.network.client_cidrs,
            related=("health.endpointCheck",),
            at_key=True,
        )


@rule(
    "BC609",
    "warning",
    source=PUBLIC,
    passes=[_clients("10.0.0.0/8", "198.51.0.0/16"), _clients("0.0.0.0/0")],
    fails=[_clients(cidr) for cidr in ("0.0.0.0/1", "128.0.0.0/1", "8.0.0.0/8")],
)
def narrow_ranges(draft: Draft) -> Iterable[Problem]:
    """A client range of public addresses is no wider than /16."""
    for key, cidr in _ranges(draft):
        if 0 < cidr.prefixlen < 16 and _is_public(cidr):
            yield Problem(
                key,
                f"{key} is {cidr}: {cidr.num_addresses} public addresses, hardly all of them "
                "yours.",
                "Name the ranges from which your applications connect.",
                str(cidr),
            )


@rule(
    "BC610",
    "info",
    source=PUBLIC,
    passes=[_clients("10.0.0.0/8"), _public(_clients("8.8.8.0/24"))],
    fails=[_clients("8.8.8.0/24")],
)
def ranges_can_reach(draft: Draft) -> Iterable[Problem]:
    """Clients with public addresses are admitted only where the endpoint is public."""
    if draft.settings.health.endpoint_check == "public":
        return
    for key, cidr in _ranges(draft):
        if cidr.prefixlen > 0 and _is_public(cidr):
            yield Problem(
                key,
                f"{key} is {cidr}, public addresses, but health.endpointCheck is private: from the "
                "internet no way leads to the members.",
                "Name the private range by which these clients arrive, if they come by a VPN or "
                "Direct Connect; otherwise remove it.",
                str(cidr),
                related=("health.endpointCheck",),
            )
