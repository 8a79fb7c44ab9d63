"""What a deployed region has one of: controller, prober, record, key, flow log."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from bicoastal.failover.config import CONFIG_VARIABLE, ControllerConfig
from bicoastal.failover.gateway import Clients
from bicoastal.live.asking import asked, client, if_there, pages
from bicoastal.settings import Names, Settings
from bicoastal.settings.account import Fact, Unread

_NOT_FOUND = "ResourceNotFoundException"


def controller(clients: Clients, settings: Settings, region: str) -> Fact[ControllerConfig | None]:
    """What a region's controller is configured with.

    Args:
        clients: boto3's clients.
        settings: give the function's name.
        region: its region.

    Returns:
        The configuration, or None if there is no controller.
    """
    name = Names(settings).controller(region)

    def question() -> ControllerConfig:
        found = client(clients, "lambda", region).get_function_configuration(FunctionName=name)
        return ControllerConfig.from_json(found["Environment"]["Variables"][CONFIG_VARIABLE])

    action = "lambda:GetFunctionConfiguration"
    return asked(action, region, lambda: if_there(question, _NOT_FOUND))


def has_prober(clients: Clients, settings: Settings, region: str) -> Fact[bool]:
    """Whether a region has its prober."""
    name = Names(settings).prober(region)
    return _exists(
        "lambda:GetFunctionConfiguration",
        region,
        lambda: client(clients, "lambda", region).get_function_configuration(FunctionName=name),
        _NOT_FOUND,
    )


def has_table(clients: Clients, settings: Settings, region: str) -> Fact[bool]:
    """Whether a region has its replica of the record."""
    name = Names(settings).record_table
    return _exists(
        "dynamodb:DescribeTable",
        region,
        lambda: client(clients, "dynamodb", region).describe_table(TableName=name),
        _NOT_FOUND,
    )


def has_key(clients: Clients, settings: Settings, region: str) -> Fact[bool]:
    """Whether a region has its key; one that waits for its deletion costs nothing.

    Source: https://aws.amazon.com/kms/pricing/
    """
    name = Names(settings).key_alias(region)
    found = asked(
        "kms:DescribeKey",
        region,
        lambda: if_there(
            lambda: client(clients, "kms", region).describe_key(KeyId=name)["KeyMetadata"],
            "NotFoundException",
        ),
    )
    if isinstance(found, Unread):
        return found
    return found is not None and found["KeyState"] != "PendingDeletion"


def has_flow_log(clients: Clients, settings: Settings, region: str) -> Fact[bool]:
    """Whether a region's VPC has a flow log."""
    name = Names(settings).flow_log(region)
    only = [{"Name": "tag:Name", "Values": [name]}]
    ec2 = client(clients, "ec2", region)
    found = asked(
        "ec2:DescribeFlowLogs",
        region,
        lambda: pages(ec2, "describe_flow_logs", "FlowLogs", Filters=only),
    )
    return found if isinstance(found, Unread) else bool(found)


def _exists(
    action: str, region: str, question: Callable[[], Mapping[str, Any]], code: str
) -> Fact[bool]:
    found = asked(action, region, lambda: if_there(question, code))
    return found if isinstance(found, Unread) else found is not None
