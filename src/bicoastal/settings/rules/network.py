"""BC4xx: regions and address ranges."""

from __future__ import annotations

import re
from collections.abc import Iterable
from contextlib import suppress
from ipaddress import IPv4Network
from itertools import combinations
from typing import Any

from bicoastal.settings import tables
from bicoastal.settings.draft import Draft
from bicoastal.settings.keys import nearest
from bicoastal.settings.names import region_code
from bicoastal.settings.rules import places
from bicoastal.settings.rules.base import Problem, rule
from bicoastal.settings.secrecy import quoted, shown

REGIONS = "https://docs.aws.amazon.com/global-infrastructure/latest/regions/aws-regions.html"
GLOBAL = (
    "https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/"
    "aurora-global-database.configuration.requirements.html"
)
VPC = "https://docs.aws.amazon.com/vpc/latest/userguide/vpc-cidr-blocks.html"
SUBNET = "https://docs.aws.amazon.com/vpc/latest/userguide/subnet-sizing.html"
PEERING = "https://docs.aws.amazon.com/vpc/latest/peering/vpc-peering-basics.html"
SUBNET_GROUP = (
    "https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/"
    "USER_VPC.WorkingWithRDSInstanceinaVPC.html"
)

_PLAUSIBLE = re.compile(
    r"[a-z]{2}(-gov|-iso[a-z]?)?-"
    r"(north|south|east|west|central|northeast|northwest|southeast|southwest)-[1-9]"
)
PRIVATE = tuple(map(IPv4Network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")))


def _regions(**keys: object) -> dict[str, Any]:
    return {"regions": keys}


def _network(**keys: object) -> dict[str, Any]:
    return {"network": keys}


def parsed(cidr: str) -> IPv4Network | None:
    """A range, or `None` if the text is not one in its proper form."""
    if "/" not in cidr:
        return None
    try:
        return IPv4Network(cidr)
    except ValueError:
        return None


def _free(draft: Draft) -> IPv4Network:
    """A private range that overlaps none of the VPCs'."""
    ranges = places.ranges(draft.settings)
    taken = [network for _, cidr in ranges if (network := parsed(cidr))]
    blocks = (block for private in PRIVATE for block in private.subnets(new_prefix=16))
    return next(block for block in blocks if not any(map(block.overlaps, taken)))


@rule(
    "BC401",
    "error",
    source=GLOBAL,
    passes=[{}, _regions(home="us-east-2", standby="us-west-2", witness="us-east-1")],
    fails=[
        _regions(standby="us-east-1"),
        _regions(furtherStandbys=["eu-west-1", "us-west-2"]),
        _regions(furtherStandbys=["eu-west-1", "eu-west-1"]),
    ],
)
def members_apart(draft: Draft) -> Iterable[Problem]:
    """Each member is in a region of its own."""
    seen: dict[str, str] = {}
    for key, region in places.members(draft.settings):
        other = seen.setdefault(region, key)
        if other != key:
            yield Problem(
                key,
                f"{key} is {shown(key, region)}, the same as {other}, but a global database has "
                "one cluster in each region.",
                "Choose another region.",
                region,
                related=(other,),
            )


@rule(
    "BC402",
    "error",
    source=REGIONS,
    passes=[{}, _regions(home="us-west-9")],
    fails=[
        _regions(home="us-esat-1"),
        _regions(standby="US-WEST-2"),
        _regions(witness="use1"),
        _regions(furtherStandbys=["eu-west-1", "Sydney"]),
    ],
)
def region_form(draft: Draft) -> Iterable[Problem]:
    """A region's name is well formed."""
    for key, name in places.regions(draft.settings):
        if not _PLAUSIBLE.fullmatch(name):
            known = tables.regions()
            by_code = {region_code(region): region for region in known}
            meant = by_code.get(name.lower()) or nearest(name.lower(), known)
            yield Problem(
                key,
                f"{key} is {quoted(key, name)}, which is not the name of a region.",
                f"Did you mean {meant}?" if meant else "Write one such as us-east-1.",
                name,
            )


@rule(
    "BC403",
    "warning",
    source=REGIONS,
    passes=[{}, _regions(home="us-esat-1")],
    fails=[_regions(home="us-west-9")],
)
def region_known(draft: Draft) -> Iterable[Problem]:
    """A region is in the table of known regions."""
    for key, name in places.regions(draft.settings):
        if _PLAUSIBLE.fullmatch(name) and name not in tables.regions():
            yield Problem(
                key,
                f"{key} is {name}, which is not among AWS's regions as of "
                f"{tables.as_of('regions')}; it may be newer than that, or not exist.",
                "Ask AWS: aws account list-regions.",
                name,
            )


@rule(
    "BC404",
    "error",
    source=REGIONS,
    passes=[{}],
    fails=[_regions(standby="cn-north-1"), _regions(witness="us-gov-east-1")],
)
def one_partition(draft: Draft) -> Iterable[Problem]:
    """All regions are in one partition."""
    known = tables.regions()
    home = known.get(draft.settings.regions.home)
    for key, name in places.regions(draft.settings):
        region = known.get(name)
        if home and region and region.partition != home.partition:
            yield Problem(
                key,
                f"{key} is {name} in the partition {region.partition}, but regions.home is in "
                f"{home.partition}; no account reaches across partitions.",
                "Choose regions of one partition.",
                name,
                related=("regions.home",),
            )


@rule(
    "BC405",
    "error",
    source=VPC,
    passes=[_network(homeCidr="10.1.0.0/16", clientCidrs=["192.0.2.1/32"])],
    fails=[
        _network(homeCidr="10.1.0.0"),
        _network(standbyCidr="10.1.0.1/16"),
        _network(witnessCidr="10.1.0/16"),
        _network(clientCidrs=["10.0.0.0/8", "300.1.1.1/32"]),
        _network(homeCidr="fd00::/64"),
    ],
)
def cidr_form(draft: Draft) -> Iterable[Problem]:
    """An address range is well formed."""
    clients = enumerate(draft.settings.network.client_cidrs)
    ranges = places.ranges(draft.settings)
    named = [*ranges, *((f"network.clientCidrs[{n}]", cidr) for n, cidr in clients)]
    for key, cidr in named:
        if parsed(cidr) is None:
            cure = "Write it as address/prefix, such as 10.10.0.0/16."
            with suppress(ValueError):
                cure = f"Write {IPv4Network(cidr, strict=False)}."
            message = f"{key} is {quoted(key, cidr)}, which is not an IPv4 range."
            yield Problem(key, message, cure, cidr)


@rule(
    "BC406",
    "error",
    source=VPC,
    passes=[_network(homeCidr="10.1.0.0/16"), _network(homeCidr="10.1.0.0/26")],
    fails=[_network(homeCidr="10.0.0.0/8"), _network(witnessCidr="10.1.0.0/29")],
)
def vpc_size(draft: Draft) -> Iterable[Problem]:
    """A VPC's range is /16 to /28."""
    for key, cidr in places.ranges(draft.settings):
        network = parsed(cidr)
        if network and not 16 <= network.prefixlen <= 28:
            yield Problem(
                key,
                f"{key} is {cidr}, but the range of a VPC is /16 to /28.",
                "Choose a prefix length from 16 to 28; 16 leaves room.",
                cidr,
            )


@rule(
    "BC407",
    "error",
    source=SUBNET,
    passes=[_network(homeCidr="10.1.0.0/27"), _network(homeCidr="10.1.0.0/26", zonesPerRegion=3)],
    fails=[_network(homeCidr="10.1.0.0/28"), _network(homeCidr="10.1.0.0/27", zonesPerRegion=3)],
)
def room_for_subnets(draft: Draft) -> Iterable[Problem]:
    """A VPC's range has room for a subnet of at least /28 in each zone."""
    zones = draft.settings.network.zones_per_region
    for key, cidr in places.ranges(draft.settings):
        network = parsed(cidr)
        if network and 16 <= network.prefixlen <= 28 and 2 ** (28 - network.prefixlen) < zones:
            yield Problem(
                key,
                f"{key} is {cidr}, too small for {zones} subnets (network.zonesPerRegion) of at "
                "least /28.",
                "Choose a shorter prefix, such as /16.",
                cidr,
                related=("network.zonesPerRegion",),
            )


@rule(
    "BC408",
    "error",
    source=PEERING,
    passes=[{}],
    fails=[
        _network(standbyCidr="10.10.0.0/16"),
        _network(witnessCidr="10.10.128.0/17"),
        _network(homeCidr="10.20.5.0/24"),
        _regions(furtherStandbys=["eu-west-1"]) | _network(furtherCidrs=["10.10.0.0/16"]),
        _regions(furtherStandbys=["eu-west-1"]) | _network(homeCidr="10.122.0.0/16"),
    ],
)
def no_overlap(draft: Draft) -> Iterable[Problem]:
    """The ranges of the VPCs do not overlap."""
    for (key, cidr), (other_key, other_cidr) in combinations(places.ranges(draft.settings), 2):
        network, other = parsed(cidr), parsed(other_cidr)
        if network and other and network.overlaps(other):
            yield Problem(
                other_key,
                f"{other_key} is {other_cidr}, which overlaps {key}, {cidr}; the VPCs are peered, "
                "and peering refuses that.",
                f"Choose one that has no address of the others, such as {_free(draft)}.",
                other_cidr,
                related=(key,),
            )


@rule(
    "BC409",
    "error",
    source=SUBNET_GROUP,
    passes=[_network(zonesPerRegion=n) for n in (2, 3)],
    fails=[_network(zonesPerRegion=n) for n in (1, 4)],
)
def zones(draft: Draft) -> Iterable[Problem]:
    """`zonesPerRegion` is 2 or 3."""
    count = draft.settings.network.zones_per_region
    if count not in {2, 3}:
        why = (
            "a DB subnet group covers at least two" if count < 2 else "a cluster uses at most three"
        )
        yield Problem(
            "network.zonesPerRegion",
            f"network.zonesPerRegion is {count}, but must be 2 or 3: {why}.",
            "Choose 2 or 3.",
            count,
        )


@rule(
    "BC410",
    "warning",
    source=VPC,
    passes=[_network(homeCidr="172.20.0.0/16"), _network(homeCidr="192.168.0.0/17")],
    fails=[_network(homeCidr="8.8.0.0/16"), _network(witnessCidr="100.64.0.0/16")],
)
def private_range(draft: Draft) -> Iterable[Problem]:
    """A VPC's range is a private one."""
    for key, cidr in places.ranges(draft.settings):
        network = parsed(cidr)
        if network and not any(network.subnet_of(block) for block in PRIVATE):
            yield Problem(
                key,
                f"{key} is {cidr}, which is outside the private ranges (RFC 1918): addresses that "
                "belong to others could no longer be reached.",
                "Choose a range within 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16.",
                cidr,
            )
