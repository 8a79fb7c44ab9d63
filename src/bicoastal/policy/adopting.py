"""How a guard runs a rule of the settings' catalogue over a resource's properties.

The properties are put where the settings have them, the rule judges, and its message and cure are
told with the names of the properties instead of the keys.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from bicoastal.policy.aurora import CLUSTER, INSTANCE, is_aurora_mysql, is_member
from bicoastal.policy.guard import Config, Props, Resource, ResourceGuard, spoken_for
from bicoastal.settings import RULES
from bicoastal.settings.draft import read

CHECK = "aws:route53/healthCheck:HealthCheck"
RECORD = "aws:route53/record:Record"

TAGGED = (
    CLUSTER, INSTANCE, "aws:rds/globalCluster:GlobalCluster", CHECK, "aws:route53/zone:Zone",
    "aws:ec2/vpc:Vpc", "aws:ec2/subnet:Subnet", "aws:ec2/securityGroup:SecurityGroup",
    "aws:kms/key:Key", "aws:lambda/function:Function", "aws:dynamodb/table:Table",
    "aws:sns/topic:Topic", "aws:secretsmanager/secret:Secret", "aws:iam/role:Role",
    "aws:cloudwatch/logGroup:LogGroup", "aws:cloudwatch/metricAlarm:MetricAlarm",
)  # fmt: skip
"""The types whose tags are looked at."""

PRODUCTION: dict[str, Any] = {"environments": ["prod", "production", "live"]}
"""What the tag `Environment` says of production, unless it is configured otherwise."""

Translate = Callable[[Resource, Config], Mapping[str, Any] | None]
Names = Mapping[str, str]
SCALING = "serverlessv2ScalingConfiguration"
DATABASE: Names = {
    "database.engineVersion": "engineVersion",
    "database.instanceClass": "instanceClass",
    "database.monitoringIntervalS": "monitoringInterval",
    "database.backupRetentionDays": "backupRetentionPeriod",
    "database.databaseName": "databaseName",
    "database.port": "port",
    "database.storageType": "storageType",
    "database.skipFinalSnapshot": "skipFinalSnapshot",
    "database.deletionProtection": "deletionProtection",
    "database.serverlessMinAcu": f"{SCALING}.minCapacity",
    "database.serverlessMaxAcu": f"{SCALING}.maxCapacity",
}
HEALTH: Names = {
    "health.intervalS": "requestInterval",
    "health.failureThreshold": "failureThreshold",
}


def adopt(
    rule_id: str,
    name: str,
    types: tuple[str, ...],
    translate: Translate,
    names: Names,
    *,
    passes: tuple[Props, ...],
    fails: tuple[Props, ...],
    config: Config | None = None,
) -> ResourceGuard:
    """Make a guard that runs a rule of the catalogue.

    Args:
        rule_id: the rule's id.
        name: what the policy is about.
        types: the types that it looks at.
        translate: a resource to settings, in camel case; `None` if it is not for this rule, or
            what the rule needs is absent or not known yet.
        names: key of the settings -> property, as they are told.
        passes: properties in which it finds nothing.
        fails: properties in which it finds something.
        config: what may be configured, with its defaults.

    Returns:
        The guard.
    """

    def check(resource: Resource, chosen: Config) -> Iterator[str]:
        raw = translate(resource, chosen)
        if raw is None:
            return
        for problem in RULES[rule_id].check(read(raw)):
            message = f"{problem.message} {problem.cure}"
            for key in sorted(names, key=len, reverse=True):
                message = message.replace(key, names[key])
            yield message

    return ResourceGuard(
        **spoken_for(rule_id, name),
        types=types,
        config=config or {},
        check=check,
        passes=passes,
        fails=fails,
    )


def given(*keys: str) -> Translate:
    """Takes properties that are given and known, of Aurora MySQL; all of them or none."""

    def translate(resource: Resource, _: Config) -> Mapping[str, Any] | None:
        values = {key: resource.known(DATABASE[f"database.{key}"]) for key in keys}
        if not is_aurora_mysql(resource) or any(value in {None, ""} for value in values.values()):
            return None
        return {"database": {key: _whole(value) for key, value in values.items()}}

    return translate


def _whole(value: Any) -> Any:
    """Pulumi has no whole numbers; the settings have."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def capacity(resource: Resource, _: Config) -> Mapping[str, Any] | None:
    """Takes the range of capacity of a Serverless v2 cluster."""
    found = resource.group(SCALING)
    low, high = found.get("minCapacity"), found.get("maxCapacity")
    if not is_aurora_mysql(resource) or not isinstance(low, int | float):
        return None
    acu = {"serverlessMinAcu": low, "serverlessMaxAcu": high}
    return {"database": {"instanceClass": "db.serverless", **acu}}


def capacity_of_member(resource: Resource, config: Config) -> Mapping[str, Any] | None:
    """Takes the range of capacity of a cluster that belongs to a global database."""
    return capacity(resource, config) if is_member(resource) else None


def production(key: str, absent: Any) -> Translate:
    """Takes a property of a production cluster; what is absent is what Pulumi takes it for."""

    def translate(resource: Resource, config: Config) -> Mapping[str, Any] | None:
        environment = resource.group("tags").get("Environment")
        name = DATABASE[f"database.{key}"]
        if environment not in config["environments"] or resource.props.get(name, absent) is None:
            return None
        value = resource.known(name) if name in resource.props else absent
        if value is None:
            return None
        return {"profile": "production", "database": {key: _whole(value)}}

    return translate


def endpoint_check(resource: Resource, _: Config) -> Mapping[str, Any] | None:
    """Takes interval and threshold of a check on an endpoint; Route 53's defaults are 30 and 3."""
    interval, threshold = (
        resource.number(name) if resource.has(name) else default
        for name, default in (("requestInterval", 30.0), ("failureThreshold", 3.0))
    )
    if not resource.text("type").startswith(("TCP", "HTTP")) or None in {interval, threshold}:
        return None
    return {
        "dns": {"mode": "health-check"},
        "health": {
            "endpointCheck": "public",
            "intervalS": _whole(interval),
            "failureThreshold": _whole(threshold),
        },
    }


def failover_ttl(resource: Resource, _: Config) -> Mapping[str, Any] | None:
    """Takes the TTL of a record of a failover pair."""
    ttl = resource.number("ttl")
    if ttl is None or not resource.has("failoverRoutingPolicies"):
        return None
    return {"dns": {"ttlS": _whole(ttl)}}


def own_tags(resource: Resource, _: Config) -> Mapping[str, Any]:
    """Takes the tags whose values are known."""
    tags = resource.group("tags")
    return {"tags": {key: value for key, value in tags.items() if isinstance(value, str)}}
