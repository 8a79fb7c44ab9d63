"""What being found and reached costs: zone, health checks, queries, addresses, transfer."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal

from bicoastal.costs.control import latch_puts, rounds
from bicoastal.costs.items import HOURS, KIB_PER_GIB, Case, Item, global_item
from bicoastal.costs.prices import GLOBAL

_CHECK = ("aws:route53/healthCheck:HealthCheck",)
_FAST_S = 10


def network_items(case: Case) -> Iterator[Item]:
    """Everything that is billed for names and networks, in the order in which it is shown."""
    settings = case.settings
    if settings.hosted_zone_id is None:
        yield Item(
            "Private zone", "route53:zone", GLOBAL, Decimal(1), "fixed", ("aws:route53/zone:Zone",),
            whole_month=True,
        )  # fmt: skip
    yield from _checks(case)
    record = ("aws:route53/record:Record",)
    yield global_item("Queries", "route53:query", case.usage.dns_queries, "usage", record)
    if settings.health.endpoint_check == "public":
        hours = HOURS * settings.database.instances_per_member
        for region in case.with_instances:
            gateway = ("aws:ec2/internetGateway:InternetGateway",)
            yield Item("Public addresses", "vpc:address", region, hours, "fixed", gateway)
    yield from _transfers(case)


def _checks(case: Case) -> Iterator[Item]:
    """Health checks: over metrics or other checks, or on an endpoint, with its options.

    Source: https://aws.amazon.com/route53/pricing/
    """
    settings = case.settings
    if settings.dns.mode == "global-endpoint":
        return
    derived = Decimal(1)
    if case.follows_latch:
        derived += len(settings.regions.witnesses)
    billed = derived if case.usage.derived_checks == "billed" else Decimal(0)
    yield global_item("Checks over metrics and checks", "route53:check/derived", billed,
                      covers=_CHECK)  # fmt: skip
    if settings.dns.mode == "health-check":
        key = "route53:check/endpoint"
        yield global_item("Check on the endpoint", key, Decimal(1), covers=_CHECK)
        fast = Decimal(settings.health.interval_s == _FAST_S)
        key = "route53:check/feature"
        yield global_item("Option: an interval of 10 s", key, fast, covers=_CHECK)


def _transfers(case: Case) -> Iterator[Item]:
    """What probes, votes, latch and record move between regions, billed by the sending region.

    The standby's controller calls both other regions: a vote from each, the latch into each. The
    probers of the standby and the witness region probe the writer over the peerings. An answer is
    taken to be as large as its question.
    """
    usage, regions = case.usage, case.settings.regions
    kib: defaultdict[tuple[str, str], Decimal] = defaultdict(Decimal)

    def both_ways(one: str, other: str, size: Decimal) -> None:
        for pair in ((one, other), (other, one)):
            kib[pair] += size

    calls = usage.call_kib * (rounds(case) + latch_puts(case))
    for other in (regions.home, regions.witness):
        both_ways(regions.standby, other, calls)
        kib[regions.standby, other] += usage.record_writes * usage.record_kib
    for prober in (regions.standby, regions.witness):
        both_ways(prober, regions.home, usage.probe_kib * rounds(case))
    covers = ("aws:ec2/vpcPeeringConnection:VpcPeeringConnection",)
    for (sender, receiver), size in kib.items():
        name = f"Probes, votes, latch, record to {receiver}"
        quantity = size / KIB_PER_GIB
        yield Item(name, f"transfer:{sender}", sender, quantity, "fixed", covers, receiver)
