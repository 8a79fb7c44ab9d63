"""What IAM's simulation allows to the caller and to the controller's role.

Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from bicoastal.failover.gateway import Clients
from bicoastal.live.asking import asked, client, if_there
from bicoastal.settings import Names, Settings
from bicoastal.settings.account import Fact, Unread
from bicoastal.settings.tables import regions

SIMULATE = "iam:SimulatePrincipalPolicy"
_ROOT = Unread(
    "the caller is the account's root user, whom IAM does not simulate",
    "Check as the user or role that will deploy.",
)
Wanted = Iterable[tuple[str, tuple[str, ...]]]
"""A resource's ARN and the actions on it."""


def denied(clients: Clients, settings: Settings, region: str) -> Fact[tuple[str, ...]]:
    """What the caller is denied of what a deployment does in a member's region.

    Args:
        clients: boto3's clients.
        settings: give the names of what would be made.
        region: the member's region.

    Returns:
        The actions that are denied.
    """
    identity = asked(
        "sts:GetCallerIdentity",
        region,
        lambda: client(clients, "sts", region).get_caller_identity(),
    )
    if isinstance(identity, Unread):
        return identity
    source = _policy_source(clients, region, identity["Arn"])
    if isinstance(source, Unread):
        return source
    wanted = _deployment(settings, region, identity["Account"])
    return asked(SIMULATE, region, lambda: _denied(clients, region, source, wanted))


def _policy_source(clients: Clients, region: str, caller: str) -> Fact[str]:
    """The ARN whose policies are the caller's: of a session, that of its role."""
    kind, _, name = caller.split(":", 5)[5].partition("/")
    if kind == "root":
        return _ROOT
    if kind != "assumed-role":
        return caller
    role = name.partition("/")[0]
    return asked(
        "iam:GetRole",
        region,
        lambda: str(client(clients, "iam", region).get_role(RoleName=role)["Role"]["Arn"]),
    )


def _deployment(settings: Settings, region: str, account: str) -> Wanted:
    """What a deployment does first or cannot do without, on the very things that it makes."""
    names = Names(settings)

    def arn(service: str, resource: str, *, regional: bool = True) -> str:
        return _arn(region, service, region if regional else "", account, resource)

    has_controller = region in settings.regions.pair
    made = names.controller_role(region) if has_controller else names.monitoring_role(region)
    role = arn("iam", f"role/{made}", regional=False)
    yield arn("rds", f"cluster:{names.cluster(region)}"), ("rds:CreateDBCluster",)
    yield arn("rds", f"db:{names.instance(region, 1)}"), ("rds:CreateDBInstance",)
    yield (
        arn("rds", f"global-cluster:{names.global_cluster}", regional=False),
        ("rds:CreateGlobalCluster",),
    )
    yield arn("ec2", "vpc/*"), ("ec2:CreateVpc",)
    yield "*", ("kms:CreateKey", "route53:CreateHealthCheck", "cloudwatch:PutMetricAlarm")
    if has_controller:
        yield (
            arn("lambda", f"function:{names.controller(region)}"),
            ("lambda:CreateFunction", "lambda:PutFunctionConcurrency"),
        )
        yield arn("dynamodb", f"table/{names.record_table}"), ("dynamodb:CreateTable",)
        yield arn("events", f"rule/{names.schedule(region)}"), ("events:PutRule",)
    yield arn("sns", names.topic(region)), ("sns:CreateTopic",)
    yield role, ("iam:CreateRole", "iam:PutRolePolicy")
    if settings.secret_arn and region == settings.regions.home:
        yield settings.secret_arn, ("secretsmanager:GetSecretValue",)


def failover_denied(clients: Clients, settings: Settings) -> Fact[tuple[str, ...] | None]:
    """What the controller's role is denied of a failover in the standby region.

    Args:
        clients: boto3's clients.
        settings: give the names.

    Returns:
        The actions that are denied, or None if the role does not exist.
    """
    names, pair = Names(settings), settings.regions.pair
    region = settings.regions.standby

    def question() -> str:
        found = client(clients, "iam", region).get_role(RoleName=names.controller_role(region))
        return str(found["Role"]["Arn"])

    role = asked("iam:GetRole", region, lambda: if_there(question, "NoSuchEntity"))
    if role is None or isinstance(role, Unread):
        return role
    account = role.split(":")[4]
    group = _arn(region, "rds", "", account, f"global-cluster:{names.global_cluster}")
    clusters = [_arn(m, "rds", m, account, f"cluster:{names.cluster(m)}") for m in pair]
    wanted = [(arn, ("rds:FailoverGlobalCluster",)) for arn in (group, *clusters)]
    return asked(SIMULATE, region, lambda: _denied(clients, region, role, wanted))


def _arn(anywhere: str, service: str, region: str, account: str, resource: str) -> str:
    """An ARN in the partition of a region."""
    known = regions().get(anywhere)
    partition = known.partition if known else "aws"
    return f"arn:{partition}:{service}:{region}:{account}:{resource}"


def _denied(clients: Clients, region: str, source: str, wanted: Wanted) -> tuple[str, ...]:
    iam = client(clients, "iam", region)
    context: list[dict[str, Any]] = [
        {
            "ContextKeyName": "aws:RequestedRegion",
            "ContextKeyValues": [region],
            "ContextKeyType": "string",
        }
    ]
    found: dict[str, None] = {}  # ordered, each once
    for arn, actions in wanted:
        answer = iam.simulate_principal_policy(
            PolicySourceArn=source,
            ActionNames=list(actions),
            ResourceArns=[arn],
            ContextEntries=context,
        )
        for result in answer["EvaluationResults"]:
            if result["EvalDecision"] != "allowed":
                found[result["EvalActionName"]] = None
    return tuple(found)
