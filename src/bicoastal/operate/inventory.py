"""What exists in an AWS account, of every kind that the program creates.

Compared before and after, it shows what a destruction left; by names and tags, what there is of a
stack.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from itertools import takewhile
from typing import Any, NamedTuple, Protocol

from bicoastal.settings import Names, Settings


class ClientFactory(Protocol):
    """Gives a boto3 client for a service in a region."""

    def __call__(self, service: str, region: str) -> Any:
        """Return the client."""
        ...


class Entry(NamedTuple):
    """Something that exists.

    Attributes:
        place: its region, or `global`.
        kind: what it is.
        id: its identity in AWS.
        name: the name that somebody gave to it; its identity if AWS gives it no other.
        tags: its tags, where only they tell whose it is; None where the name does.
    """

    place: str
    kind: str
    id: str
    name: str
    tags: Mapping[str, str] | None = None

    def __str__(self) -> str:
        return f"{self.place} {self.kind} {self.id}"


@dataclass(frozen=True)
class _Listing:
    kind: str
    service: str
    operation: str
    expression: str
    regional: bool = True
    arguments: Mapping[str, Any] = field(default_factory=dict)


# Each expression gives identities, or lists of an identity and tags.
_LISTINGS = (
    _Listing("VPC", "ec2", "describe_vpcs", "Vpcs[?!IsDefault].[VpcId,Tags]"),
    _Listing("subnet", "ec2", "describe_subnets", "Subnets[?!DefaultForAz].[SubnetId,Tags]"),
    _Listing("route table", "ec2", "describe_route_tables", "RouteTables[].[RouteTableId,Tags]"),
    _Listing(
        "internet gateway",
        "ec2",
        "describe_internet_gateways",
        "InternetGateways[].[InternetGatewayId,Tags]",
    ),
    _Listing(
        "security group",
        "ec2",
        "describe_security_groups",
        "SecurityGroups[?GroupName!='default'].[GroupId,Tags]",
    ),
    _Listing(
        "VPC peering",
        "ec2",
        "describe_vpc_peering_connections",
        "VpcPeeringConnections[?Status.Code!='deleted'].[VpcPeeringConnectionId,Tags]",
    ),
    _Listing(
        "KMS alias",
        "kms",
        "list_aliases",
        "Aliases[?!starts_with(AliasName,'alias/aws/')].AliasName",
    ),
    _Listing(
        "global cluster",
        "rds",
        "describe_global_clusters",
        "GlobalClusters[].GlobalClusterIdentifier",
    ),
    _Listing("DB cluster", "rds", "describe_db_clusters", "DBClusters[].DBClusterIdentifier"),
    _Listing("DB instance", "rds", "describe_db_instances", "DBInstances[].DBInstanceIdentifier"),
    _Listing(
        "DB subnet group", "rds", "describe_db_subnet_groups", "DBSubnetGroups[].DBSubnetGroupName"
    ),
    _Listing(
        "DB cluster parameter group",
        "rds",
        "describe_db_cluster_parameter_groups",
        "DBClusterParameterGroups[?!starts_with(DBClusterParameterGroupName,'default.')]"
        ".DBClusterParameterGroupName",
    ),
    _Listing("function", "lambda", "list_functions", "Functions[].FunctionName"),
    _Listing("log group", "logs", "describe_log_groups", "logGroups[].logGroupName"),
    _Listing("alarm", "cloudwatch", "describe_alarms", "MetricAlarms[].AlarmName"),
    _Listing(
        "composite alarm",
        "cloudwatch",
        "describe_alarms",
        "CompositeAlarms[].AlarmName",
        arguments={"AlarmTypes": ["CompositeAlarm"]},
    ),
    _Listing("dashboard", "cloudwatch", "list_dashboards", "DashboardEntries[].DashboardName"),
    _Listing("flow log", "ec2", "describe_flow_logs", "FlowLogs[].[FlowLogId,Tags]"),
    _Listing(
        "event subscription",
        "rds",
        "describe_event_subscriptions",
        "EventSubscriptionsList[].CustSubscriptionId",
    ),
    _Listing("EventBridge rule", "events", "list_rules", "Rules[].Name"),
    _Listing("SNS topic", "sns", "list_topics", "Topics[].TopicArn"),
    _Listing("DynamoDB table", "dynamodb", "list_tables", "TableNames[]"),
    _Listing("IAM role", "iam", "list_roles", "Roles[].RoleName", regional=False),
)


def inventory(client: ClientFactory, regions: Iterable[str]) -> frozenset[str]:
    """List what exists, of every kind that the program creates, whosever it is.

    Args:
        client: gives the clients.
        regions: regions to look into; services without regions are asked in the first.

    Returns:
        One line a resource: region, kind and identity. KMS keys that wait for their deletion are
        left out: AWS deletes no key at once.
    """
    return frozenset(str(entry) for entry in _entries(client, tuple(regions)))


def of_stack(client: ClientFactory, settings: Settings) -> tuple[str, ...]:
    """List what exists of a stack, by its names and, where AWS makes the names up, by its tags.

    Args:
        client: gives the clients.
        settings: whose names and tags.

    Returns:
        One line a resource, sorted; empty when nothing is left. Snapshots are not among them, nor
        is what was adopted: they are kept on purpose.

    Raises:
        botocore.exceptions.ClientError: AWS refused to tell.
        botocore.exceptions.BotoCoreError: it did not answer.
    """
    kept, beside = _adopted(settings)
    names = {name for _, name in Names.all(settings)} - kept | beside
    own = {key: settings.all_tags()[key] for key in ("Environment", "Project")}
    found = [
        str(entry)
        for entry in _entries(client, settings.regions.all)
        if (entry.name in names if entry.tags is None else own.items() <= entry.tags.items())
    ]
    return tuple(sorted([*found, *_records(client, settings)]))


def _records(client: ClientFactory, settings: Settings) -> Iterator[str]:
    """The records of the name in a zone that is not the stack's own."""
    if settings.hosted_zone_id is None:
        return
    wanted = f"{settings.domain_name.lower()}."
    # In the order of their names, so that it ends after the name.
    found = _search(
        client("route53", settings.regions.home),
        "list_resource_record_sets",
        "ResourceRecordSets[]",
        HostedZoneId=settings.hosted_zone_id,
        StartRecordName=wanted,
    )
    for record in takewhile(lambda each: each["Name"] == wanted, found):
        if record["Type"] == "CNAME":
            yield f"global DNS record {wanted} {record.get('SetIdentifier', '')}".rstrip()


def _adopted(settings: Settings) -> tuple[set[str | None], set[str]]:
    """What was adopted, under whatever names, and the log groups that the stack made beside it."""
    names, home, adopt = Names(settings), settings.regions.home, settings.adopt
    if not settings.adopts(home):
        return set(), set()
    logs = {log: names.cluster_log_group(home, log) for log in ("audit", "error", "slowquery")}
    before = {name for log, name in logs.items() if log in adopt.log_groups}
    return (
        {adopt.cluster, *adopt.instances, adopt.subnet_group, *before},
        set(logs.values()) - before,
    )


def _entries(client: ClientFactory, regions: tuple[str, ...]) -> list[Entry]:
    with ThreadPoolExecutor(len(regions), "inventory") as pool:
        parts = pool.map(lambda region: list(_of_region(client, region)), regions)
        found = [entry for part in parts for entry in part]
    return [*found, *_of_no_region(client, regions[0])]


def _of_region(client: ClientFactory, region: str) -> Iterator[Entry]:
    for listing in _LISTINGS:
        if listing.regional:
            yield from _listed(client, listing, region, region)
    kms = client("kms", region)
    for key in _search(kms, "list_keys", "Keys[].KeyId"):
        about = kms.describe_key(KeyId=key)["KeyMetadata"]
        if about["KeyState"] != "PendingDeletion" and about.get("KeyManager") != "AWS":
            tags = kms.list_resource_tags(KeyId=key).get("Tags", ())
            yield Entry(region, "KMS key", key, key, _tags(tags, "TagKey", "TagValue"))


def _of_no_region(client: ClientFactory, region: str) -> Iterator[Entry]:
    place = "global"
    for listing in _LISTINGS:
        if not listing.regional:
            yield from _listed(client, listing, region, place)
    account = client("sts", region).get_caller_identity()["Account"]
    budgets = _search(
        client("budgets", region), "describe_budgets", "Budgets[].BudgetName", AccountId=account
    )
    yield from (Entry(place, "budget", name, name) for name in budgets)
    route53 = client("route53", region)
    for operation, expression, kind, type_ in (
        ("list_hosted_zones", "HostedZones[].Id", "hosted zone", "hostedzone"),
        ("list_health_checks", "HealthChecks[].Id", "health check", "healthcheck"),
    ):
        for found in _search(route53, operation, expression):
            id_ = found.rpartition("/")[2]
            tags = route53.list_tags_for_resource(ResourceType=type_, ResourceId=id_)
            yield Entry(place, kind, id_, id_, _tags(tags["ResourceTagSet"].get("Tags", ())))


def _listed(client: ClientFactory, listing: _Listing, region: str, place: str) -> Iterator[Entry]:
    entry = partial(Entry, place, listing.kind)
    found = _search(
        client(listing.service, region), listing.operation, listing.expression, **listing.arguments
    )
    for each in found:
        if isinstance(each, str):
            yield entry(each, each.rpartition(":")[2] if each.startswith("arn:") else each)
        else:
            yield entry(each[0], each[0], _tags(each[1] or ()))


def _search(client: Any, operation: str, expression: str, **arguments: Any) -> Iterator[Any]:
    """Every page's results; a page without any gives nothing."""
    pages = client.get_paginator(operation).paginate(**arguments)
    return (found for found in pages.search(expression) if found is not None)


def _tags(
    tags: Iterable[Mapping[str, str]], key: str = "Key", value: str = "Value"
) -> dict[str, str]:
    return {tag[key]: tag[value] for tag in tags}
