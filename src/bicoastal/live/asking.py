"""Questions to AWS whose answer is a value, or the reason why there is none."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from botocore.exceptions import ClientError

from bicoastal.failover.gateway import Clients
from bicoastal.operate.access import ask
from bicoastal.settings.account import Fact, Unread

T = TypeVar("T")

READ_TIMEOUT_S = 5.0
"""Seconds that a call waits for its answer; some descriptions are long."""

_REFUSALS = ("AccessDenied", "Unauthorized", "AuthorizationError", "NotAuthorized")


def client(clients: Clients, service: str, region: str) -> Any:
    """A client that waits a short time and does not try again.

    Args:
        clients: what makes and keeps them.
        service: boto3's name of the service.
        region: the region.

    Returns:
        The client.
    """
    return clients.get(service, region, read_timeout_s=READ_TIMEOUT_S, attempts=1)


def asked(action: str, region: str, question: Callable[[], T]) -> Fact[T]:
    """Ask one question.

    Args:
        action: the IAM action that it needs, such as `kms:DescribeKey`.
        region: the region that is asked.
        question: makes the call.

    Returns:
        What was answered, or why nothing was, with the action to grant.
    """
    answer = ask(question)
    if answer.problem is None:
        value: T = answer.value
        return value
    reason = f"{action} in {region}: {answer.problem.rstrip('. ')}"
    if answer.silent:
        return Unread(reason, f"Check again when {region} answers.")
    if answer.problem.startswith(_REFUSALS):
        return Unread(reason, f"Grant {action} in {region} to whoever checks.")
    return Unread(reason, f"See what {action} answered, and check again.")


def pages(service: Any, operation: str, member: str, **arguments: Any) -> list[Mapping[str, Any]]:
    """Every item of an answer that comes in pages.

    Args:
        service: the client.
        operation: what is asked.
        member: what holds the items of a page.
        **arguments: of the operation.

    Returns:
        The items of all pages.
    """
    found = service.get_paginator(operation).paginate(**arguments)
    return [item for page in found for item in page[member]]


def if_there(question: Callable[[], T], *codes: str) -> T | None:
    """Ask about something that may not exist.

    Args:
        question: makes the call.
        *codes: error codes that say that it does not exist.

    Returns:
        The answer, or None if it does not exist.
    """
    try:
        return question()
    except ClientError as error:
        if error.response["Error"]["Code"] in codes:
            return None
        raise
