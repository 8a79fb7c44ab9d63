"""IAM policy documents, written out so that each statement names what it is for."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pulumi

Statement = Mapping[str, Any]

_VERSION = "2012-10-17"


def statement(
    sid: str,
    actions: Sequence[str],
    resources: Sequence[pulumi.Input[str]],
    *,
    effect: str = "Allow",
    condition: Mapping[str, Mapping[str, Any]] | None = None,
) -> Statement:
    """One statement of a policy.

    Args:
        sid: what the statement is for.
        actions: the actions, such as `sns:Publish`.
        resources: the ARNs that they act on.
        effect: `Allow` or `Deny`.
        condition: operator -> key -> value.

    Returns:
        The statement.
    """
    body: dict[str, Any] = {
        "Sid": sid,
        "Effect": effect,
        "Action": list(actions),
        "Resource": list(resources),
    }
    return {**body, "Condition": condition} if condition else body


def allow_service(service: str, allowed: Statement) -> Statement:
    """A statement of a resource's own policy that is about a service of AWS.

    Args:
        service: the service's principal, such as `budgets.amazonaws.com`.
        allowed: what it may do.

    Returns:
        The statement with its principal.
    """
    return {**allowed, "Principal": {"Service": service}}


def document(statements: Sequence[Statement]) -> pulumi.Output[str]:
    """A policy document.

    Args:
        statements: its statements; values may still be unknown.

    Returns:
        The document as JSON text.
    """
    return pulumi.Output.json_dumps({"Version": _VERSION, "Statement": list(statements)})


def trust(service: str) -> str:
    """The document that lets a service of AWS take a role.

    Args:
        service: the service's principal, such as `lambda.amazonaws.com`.

    Returns:
        The document as JSON text.
    """
    allow = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    return json.dumps({"Version": _VERSION, "Statement": [allow]})


def write_logs(log_group_arn: pulumi.Input[str]) -> Statement:
    """Lets a function write to its own log group, which exists already.

    Args:
        log_group_arn: the group's ARN.

    Returns:
        The statement.
    """
    streams = pulumi.Output.concat(log_group_arn, ":*")
    return statement("WriteLogs", ["logs:CreateLogStream", "logs:PutLogEvents"], [streams])
