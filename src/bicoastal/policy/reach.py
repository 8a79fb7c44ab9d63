"""Guards over how a database is found and reached: checks, records, ports; and over tags."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from ipaddress import ip_address, ip_network
from typing import Any

from bicoastal.policy.adopting import CHECK, RECORD, TAGGED
from bicoastal.policy.guard import UNKNOWN, Config, Resource, ResourceGuard, own, spoken_for
from bicoastal.settings import Settings

_GROUP = "aws:ec2/securityGroup:SecurityGroup"
_OLD_RULE = "aws:ec2/securityGroupRule:SecurityGroupRule"
_RULE = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
_CHECK_API = "https://docs.aws.amazon.com/Route53/latest/APIReference/API_HealthCheckConfig.html"
_CHILDREN = [f"00000000-0000-0000-0000-00000000000{number}" for number in (1, 2)]
_PRIMARY = {"failoverRoutingPolicies": [{"type": "PRIMARY"}]}
_ALIAS = {"name": "lb", "zoneId": "Z1"}


def _children(resource: Resource, _: Config) -> Iterator[str]:
    if resource.text("type") != "CALCULATED":
        return
    children = resource.props.get("childHealthchecks")
    threshold = resource.number("childHealthThreshold")
    if not children:
        yield "childHealthchecks is empty, so that the check says nothing. Name at least one."
    elif threshold == 0:
        yield "childHealthThreshold is 0, so that the check is always healthy. Choose 1 or more."
    elif isinstance(children, list) and threshold is not None and threshold > len(children):
        yield (
            f"childHealthThreshold is {threshold:g}, but there are {len(children)} in "
            f"childHealthchecks, so that the check is never healthy. Choose 1 to {len(children)}."
        )


def _reachable(resource: Resource, _: Config) -> Iterator[str]:
    address = resource.text("ipAddress")
    if not resource.text("type").startswith(("TCP", "HTTP")) or not address:
        return
    try:
        is_private = not ip_address(address).is_global
    except ValueError:
        return  # AWS says what is wrong with it
    if is_private:
        yield (
            f"ipAddress is {address}, which Route 53's checkers, outside of every VPC, cannot "
            "reach: the check can never pass. Check a public address, or follow an alarm "
            "(CLOUDWATCH_METRIC)."
        )


def _has_check(resource: Resource, _: Config) -> Iterator[str]:
    policies = resource.known("failoverRoutingPolicies") or ()
    kinds = [entry.get("type") for entry in policies if isinstance(entry, Mapping)]
    aliases = resource.known("aliases") or ()
    follows = any(entry is UNKNOWN or entry.get("evaluateTargetHealth") for entry in aliases)
    if "PRIMARY" in kinds and resource.lacks("healthCheckId") and not follows:
        yield (
            "healthCheckId is absent from the PRIMARY record of a failover pair, so that Route 53 "
            "takes it for healthy for ever and never answers with the SECONDARY. Name a check."
        )


def _ranges(entry: Mapping[str, Any]) -> Iterator[str]:
    for name in ("cidrIpv4", "cidrIpv6", "cidrBlocks", "ipv6CidrBlocks"):
        value = entry.get(name)
        for cidr in value if isinstance(value, list) else [value]:
            if isinstance(cidr, str):
                yield cidr


def _covers(entry: Mapping[str, Any], port: float) -> bool:
    """Whether an entry lets a port in; one of all protocols names no ports."""
    protocol = entry.get("ipProtocol", entry.get("protocol"))
    if protocol in {"-1", "all"}:
        return True
    first, last = entry.get("fromPort"), entry.get("toPort")
    is_known = isinstance(first, int | float) and isinstance(last, int | float)
    return protocol in {"tcp", "6"} and is_known and first <= port <= last  # type: ignore[operator]  # numbers


def _not_open(resource: Resource, config: Config) -> Iterator[str]:
    if resource.type == _GROUP:
        entries = [e for e in resource.known("ingress") or () if isinstance(e, Mapping)]
    elif resource.type == _OLD_RULE and resource.text("type") != "ingress":
        return
    else:
        entries = [resource.props]
    for entry in entries:
        for cidr in _ranges(entry):
            if cidr in {"0.0.0.0/0", "::/0"} and _covers(entry, config["port"]):
                yield (
                    f"{cidr} opens the database's port {config['port']} to every address. Name the "
                    "ranges from which your applications connect."
                )


def _narrow(resource: Resource, config: Config) -> Iterator[str]:
    if not _covers(resource.props, config["port"]):
        return
    for cidr in _ranges(resource.props):
        network = ip_network(cidr, strict=False)
        if network.version == 4 and network.is_global and 0 < network.prefixlen < 16:
            yield f"{cidr} lets {network.num_addresses:,} public addresses in. Name narrower ones."


def _tagged(resource: Resource, config: Config) -> Iterator[str]:
    if resource.known("tags") is None and resource.has("tags"):
        return
    missing = [key for key in config["required"] if key not in resource.group("tags")]
    if missing:
        yield (
            f"The tags {', '.join(missing)} are missing, by which bills are split and owners found."
            " Set them, best as the provider's defaultTags."
        )


_TAGS = {"required": list(Settings().all_tags())}
_OPEN = {"ipProtocol": "tcp", "fromPort": 3306.0, "toPort": 3306.0}

GUARDS = (
    ResourceGuard(
        **own(
            "BC811", "calculated-children", "error",
            "A CALCULATED health check has children, and a threshold that they can reach.",
            _CHECK_API,
        ),
        types=(CHECK,), config={}, check=_children,
        passes=(
            {"type": "CALCULATED", "childHealthchecks": _CHILDREN, "childHealthThreshold": 2.0},
            {"type": "CALCULATED", "childHealthchecks": UNKNOWN, "childHealthThreshold": 2.0},
            {"type": "TCP"},
        ),
        fails=(
            {"type": "CALCULATED"},
            {"type": "CALCULATED", "childHealthchecks": _CHILDREN, "childHealthThreshold": 3.0},
            {"type": "CALCULATED", "childHealthchecks": _CHILDREN, "childHealthThreshold": 0.0},
        ),
    ),
    ResourceGuard(
        **spoken_for("BC303", "check-reaches"), types=(CHECK,), config={}, check=_reachable,
        passes=(
            {"type": "TCP", "ipAddress": "8.8.8.8"},
            {"type": "TCP", "fqdn": "db.example.com"},
            {"type": "TCP", "ipAddress": "ten"},
            {"type": "CALCULATED", "ipAddress": "10.0.0.1"},
        ),
        fails=(
            {"type": "TCP", "ipAddress": "10.10.0.5"},
            {"type": "HTTPS", "ipAddress": "fd00::1"},
        ),
    ),
    ResourceGuard(
        **own(
            "BC812", "primary-checked", "error",
            "The PRIMARY record of a failover pair has a health check.",
            "https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/"
            "dns-failover-simple-configs.html",
        ),
        types=(RECORD,), config={}, check=_has_check,
        passes=(
            {**_PRIMARY, "healthCheckId": "a"},
            {**_PRIMARY, "healthCheckId": UNKNOWN},
            {**_PRIMARY, "aliases": [{**_ALIAS, "evaluateTargetHealth": True}]},
            {**_PRIMARY, "aliases": [UNKNOWN]},
            {"failoverRoutingPolicies": [{"type": "SECONDARY"}]},
            {"ttl": 5.0},
        ),
        fails=(_PRIMARY, {**_PRIMARY, "aliases": [{**_ALIAS, "evaluateTargetHealth": False}]}),
    ),
    ResourceGuard(
        **spoken_for("BC605", "not-open"), types=(_RULE, _OLD_RULE, _GROUP),
        config={"port": 3306}, check=_not_open,
        passes=(
            {**_OPEN, "cidrIpv4": "10.0.0.0/8"},
            {**_OPEN, "cidrIpv4": "0.0.0.0/0", "fromPort": 443.0, "toPort": 443.0},
            {**_OPEN, "cidrIpv4": UNKNOWN},
        ),
        fails=(
            {**_OPEN, "cidrIpv4": "0.0.0.0/0"},
            {"ipProtocol": "-1", "cidrIpv6": "::/0"},
            {**_OPEN, "cidrIpv4": "0.0.0.0/0", "fromPort": 0.0, "toPort": 65535.0},
        ),
    ),
    ResourceGuard(
        **spoken_for("BC609", "narrow-ranges"), types=(_RULE,), config={"port": 3306},
        check=_narrow,
        passes=(
            {**_OPEN, "cidrIpv4": "8.8.8.0/24"},
            {**_OPEN, "cidrIpv4": "10.0.0.0/8"},
            {**_OPEN, "cidrIpv6": "2600::/12"},
            {**_OPEN, "cidrIpv4": "8.0.0.0/8", "fromPort": 443.0, "toPort": 443.0},
        ),
        fails=({**_OPEN, "cidrIpv4": "8.0.0.0/8"},),
    ),
    ResourceGuard(
        **own(
            "BC813", "tagged", "warning", "Whatever can be billed has the tags that are required.",
            "https://docs.aws.amazon.com/whitepapers/latest/tagging-best-practices/"
            "building-your-cost-allocation-strategy.html",
        ),
        types=TAGGED, config=_TAGS, check=_tagged,
        passes=({"tags": Settings().all_tags()}, {"tags": UNKNOWN}),
        fails=({}, {"tags": {"Project": "x"}}),
    ),
)  # fmt: skip
"""The guards over checks, records, ports and tags."""
