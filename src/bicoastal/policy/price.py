"""What the resources of any stack cost, as far as a list of resources tells.

Only what is paid for by existing: instances or their least capacity, keys, alarms, checks, zones,
secrets. What is paid for by use, and every type that the price list does not know, is named as left
out; it is never taken for free.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal

from bicoastal.costs.budget import over_budget
from bicoastal.costs.estimate import price
from bicoastal.costs.free import FREE
from bicoastal.costs.items import HOURS, Item, global_item
from bicoastal.policy.aurora import INSTANCE, cluster_of, is_aurora_mysql
from bicoastal.policy.guard import Resource

Pricing = Callable[[Resource, Sequence[Resource]], Iterator[Item]]
_ONE = Decimal(1)
_FAST_S = 10
_DERIVED = ("CALCULATED", "CLOUDWATCH_METRIC", "RECOVERY_CONTROL")


def over_budget_of(resources: Sequence[Resource], monthly_usd: float) -> str | None:
    """Compare what the resources cost with a budget.

    Args:
        resources: the resources of a stack.
        monthly_usd: US dollars a month.

    Returns:
        Why it is too much, with the largest lines and what is left out; `None` if it is not.
    """
    reason = over_budget(price(list(items(resources))), Decimal(str(monthly_usd)))
    left_out = unpriced(resources)
    if reason is None or not left_out:
        return reason
    return f"{reason} Left out of it: {', '.join(left_out)}."


def items(resources: Sequence[Resource]) -> Iterator[Item]:
    """What is billed for the resources themselves, one item for each line of the bill.

    Args:
        resources: the resources of a stack.

    Yields:
        Items in the regions of the resources.
    """
    for resource in resources:
        pricing = PRICING.get(resource.type)
        if pricing is not None:
            yield from pricing(resource, resources)


def unpriced(resources: Sequence[Resource]) -> tuple[str, ...]:
    """What an estimate leaves out.

    Args:
        resources: the resources of a stack.

    Returns:
        The types that have no price here, each with how many there are, and the figures that the
        price list has not for a region.
    """
    kinds = Counter(found.type for found in resources if _leaves_out(found, resources))
    figures = {f"{item.key} in {item.region}" for item in price(list(items(resources))).unpriced}
    return (*(f"{count} of {kind}" for kind, count in sorted(kinds.items())), *sorted(figures))


def _leaves_out(resource: Resource, resources: Sequence[Resource]) -> bool:
    if resource.type.startswith("pulumi:") or resource.type.count("/") != 1:
        return False  # a provider, a stack, a component
    if resource.type in FREE:
        return False
    pricing = PRICING.get(resource.type)
    return pricing is None or not list(pricing(resource, resources))


def _instance(resource: Resource, resources: Sequence[Resource]) -> Iterator[Item]:
    chosen, cluster = resource.text("instanceClass"), cluster_of(resource, resources)
    storage = (cluster.text("storageType") if cluster else "") or "aurora"
    if not is_aurora_mysql(resource) or not chosen:
        return
    if chosen != "db.serverless":
        key = f"aurora:instance/{chosen}/{storage}"
        yield Item(f"Instance, {chosen}", key, resource.region, HOURS)
        return
    scaling = cluster.group("serverlessv2ScalingConfiguration") if cluster else {}
    least = scaling.get("minCapacity")
    if isinstance(least, int | float):
        hours = HOURS * Decimal(str(least))
        name = f"Serverless v2, minimum {least:g} ACU"
        yield Item(name, f"aurora:acu/{storage}", resource.region, hours)


def _once(name: str, key: str) -> Pricing:
    def pricing(resource: Resource, _: Sequence[Resource]) -> Iterator[Item]:
        yield Item(name, key, resource.region, _ONE)

    return pricing


def _zone(_: Resource, __: Sequence[Resource]) -> Iterator[Item]:
    yield global_item("Hosted zone", "route53:zone", _ONE)


def _check(resource: Resource, _: Sequence[Resource]) -> Iterator[Item]:
    """A check with its options.

    Source: https://aws.amazon.com/route53/pricing/
    """
    kind = resource.text("type")
    if kind in _DERIVED:
        yield global_item("Check over metrics or checks", "route53:check/derived", _ONE)
        return
    yield global_item("Check on an endpoint", "route53:check/endpoint", _ONE)
    options = (
        kind.startswith("HTTPS"),
        kind.endswith("STR_MATCH"),
        resource.number("requestInterval") == _FAST_S,
        resource.has("measureLatency"),
    )
    if any(options):
        yield global_item("Options of a check", "route53:check/feature", Decimal(sum(options)))


def _secret(resource: Resource, _: Sequence[Resource]) -> Iterator[Item]:
    yield Item("Secret", "secrets:secret", resource.region, _ONE)
    for replica in resource.known("replicas") or ():
        yield Item("Replica of a secret", "secrets:secret", replica["region"], _ONE)


PRICING: dict[str, Pricing] = {
    INSTANCE: _instance,
    "aws:kms/key:Key": _once("Key", "kms:key"),
    "aws:kms/replicaKey:ReplicaKey": _once("Key", "kms:key"),
    "aws:cloudwatch/metricAlarm:MetricAlarm": _once("Alarm", "cloudwatch:alarm"),
    "aws:route53/zone:Zone": _zone,
    "aws:route53/healthCheck:HealthCheck": _check,
    "aws:secretsmanager/secret:Secret": _secret,
}
"""Resource type -> how it is priced. Storage and I/O of a cluster are paid for by use."""
