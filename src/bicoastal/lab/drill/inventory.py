"""What exists in an AWS account: compared before and after, it shows what a destruction left."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import jmespath


class ClientFactory(Protocol):
    """Gives a boto3 client for a service in a region."""

    def __call__(self, service: str, region: str) -> Any:
        """Return the client."""
        ...


@dataclass(frozen=True)
class _Listing:
    kind: str
    service: str
    operation: str
    expression: str
    regional: bool = True
    arguments: Mapping[str, Any] = field(default_factory=dict)


_LISTINGS = (
    _Listing("VPC", "ec2", "describe_vpcs", "Vpcs[?!IsDefault].VpcId"),
    _Listing("subnet", "ec2", "describe_subnets", "Subnets[?!DefaultForAz].SubnetId"),
    _Listing("route table", "ec2", "describe_route_tables", "RouteTables[].RouteTableId"),
    _Listing(
        "internet gateway",
        "ec2",
        "describe_internet_gateways",
        "InternetGateways[].InternetGatewayId",
    ),
    _Listing(
        "security group",
        "ec2",
        "describe_security_groups",
        "SecurityGroups[?GroupName!='default'].GroupId",
    ),
    _Listing(
        "VPC peering",
        "ec2",
        "describe_vpc_peering_connections",
        "VpcPeeringConnections[?Status.Code!='deleted'].VpcPeeringConnectionId",
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
    _Listing("flow log", "ec2", "describe_flow_logs", "FlowLogs[].FlowLogId"),
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
    _Listing("hosted zone", "route53", "list_hosted_zones", "HostedZones[].Id", regional=False),
    _Listing("health check", "route53", "list_health_checks", "HealthChecks[].Id", regional=False),
)


def inventory(client: ClientFactory, regions: Iterable[str]) -> frozenset[str]:
    """List what exists, of every kind that the program creates.

    Args:
        client: Gives the clients.
        regions: Regions to look into; services without regions are asked in the first.

    Returns:
        One line a resource: region, kind and identity. KMS keys that wait for their deletion are
        left out: AWS deletes no key at once.
    """
    found: set[str] = set()
    for index, region in enumerate(regions):
        for listing in _LISTINGS:
            if not listing.regional and index:
                continue
            ask = getattr(client(listing.service, region), listing.operation)
            answer = ask(**listing.arguments)
            names = jmespath.search(listing.expression, answer) or []
            place = region if listing.regional else "global"
            found.update(f"{place} {listing.kind} {name}" for name in names)
        found.update(f"{region} KMS key {key}" for key in _usable_keys(client("kms", region)))
        if not index:
            found.update(f"global budget {name}" for name in _budgets(client, region))
    return frozenset(found)


def _budgets(client: ClientFactory, region: str) -> list[str]:
    account = client("sts", region).get_caller_identity()["Account"]
    answer = client("budgets", region).describe_budgets(AccountId=account)
    return [budget["BudgetName"] for budget in answer.get("Budgets", ())]


def _usable_keys(kms: Any) -> list[str]:
    keys = [entry["KeyId"] for entry in kms.list_keys()["Keys"]]
    states = {key: kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"] for key in keys}
    return [key for key, state in states.items() if state != "PendingDeletion"]
