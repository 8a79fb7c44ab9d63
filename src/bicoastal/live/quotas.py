"""What is left of RDS's quotas and of Lambda's concurrency in a region."""

from __future__ import annotations

from bicoastal.failover.gateway import Clients
from bicoastal.live.asking import asked, client, if_there
from bicoastal.settings import Names, Settings
from bicoastal.settings.account import Concurrency, Fact, Quota, Unread


def _needed(settings: Settings, region: str) -> dict[str, int]:
    """What a member takes of each of RDS's quotas, by the names that RDS gives them."""
    return {
        "DBClusters": 1,
        "DBInstances": settings.instances(region),
        "DBSubnetGroups": 1,
        "DBClusterParameterGroups": 1,
    }


def of_rds(
    clients: Clients, settings: Settings, region: str, exists: Fact[bool]
) -> tuple[Fact[Quota], ...]:
    """RDS's quotas.

    Source:
    https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DescribeAccountAttributes.html

    Args:
        clients: boto3's clients.
        settings: say how much is needed.
        region: the region.
        exists: whether the stack exists there, so that what it needs is in use already.

    Returns:
        The quotas that the deployment draws on.
    """
    if isinstance(exists, Unread):
        return (exists,)

    def question() -> dict[str, tuple[int, int]]:
        found = client(clients, "rds", region).describe_account_attributes()["AccountQuotas"]
        return {q["AccountQuotaName"]: (q["Used"], q["Max"]) for q in found}

    quotas = asked("rds:DescribeAccountAttributes", region, question)
    if isinstance(quotas, Unread):
        return (quotas,)
    unknown = "rds:DescribeAccountAttributes in {}: the answer lacks {}"
    return tuple(
        Quota(name, *quotas[name], 0 if exists else needed)
        if name in quotas
        else Unread(unknown.format(region, name), "See the Service Quotas console.")
        for name, needed in _needed(settings, region).items()
    )


def of_lambda(clients: Clients, settings: Settings, region: str) -> Fact[Concurrency]:
    """Lambda's concurrency.

    Args:
        clients: boto3's clients.
        settings: give the controller's name, which may have reserved its share already.
        region: the region.

    Returns:
        The concurrency.
    """
    name = Names(settings).controller(region)

    def question() -> tuple[int, int]:
        limits = client(clients, "lambda", region).get_account_settings()["AccountLimit"]
        return limits["ConcurrentExecutions"], limits["UnreservedConcurrentExecutions"]

    def reserved() -> int:
        found = client(clients, "lambda", region).get_function_concurrency(FunctionName=name)
        return int(found.get("ReservedConcurrentExecutions", 0))

    limits = asked("lambda:GetAccountSettings", region, question)
    if isinstance(limits, Unread):
        return limits
    held = asked(
        "lambda:GetFunctionConcurrency",
        region,
        lambda: if_there(reserved, "ResourceNotFoundException") or 0,
    )
    if isinstance(held, Unread):
        return held
    return Concurrency(*limits, needed=0 if held else 1)
