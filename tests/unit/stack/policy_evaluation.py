"""IAM's evaluation of policies, as far as the stack's policies go.

An explicit Deny wins, then an Allow, else nothing is allowed. Actions are compared without case,
`*` stands for any text and `?` for one character; a condition holds if each of its keys does, and a
key that the request lacks does not hold. An operator, key or element that is not known raises, so
that no policy is judged by half.
Sources:
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-denyallow.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

_ELEMENTS = {
    "Sid", "Effect", "Principal", "Action", "NotAction", "Resource", "NotResource", "Condition",
}  # fmt: skip


@dataclass(frozen=True)
class Request:
    """Who wants to do what, to which thing, under which circumstances."""

    action: str
    resource: str
    service: str | None = None
    context: Mapping[str, str] = field(default_factory=dict)


def matches(pattern: str, text: str) -> bool:
    """Whether a text is one that a pattern with `*` and `?` stands for."""
    parts = (".*" if c == "*" else "." if c == "?" else re.escape(c) for c in pattern)
    return re.fullmatch("".join(parts), text, re.DOTALL) is not None


_OPERATORS: dict[str, Callable[[str, str], bool]] = {
    "StringEquals": lambda pattern, value: pattern == value,
    "StringLike": matches,
    "ArnEquals": matches,
    "ArnLike": matches,
}


def allows(policy: Sequence[Mapping[str, Any]], request: Request) -> bool:
    """Whether a policy's statements allow a request."""
    effects = {found["Effect"] for found in policy if _applies(found, request)}
    return effects == {"Allow"}


def _applies(statement: Mapping[str, Any], request: Request) -> bool:
    unknown = set(statement) - _ELEMENTS
    if unknown:
        raise ValueError(f"not understood: {sorted(unknown)}")
    action, resource = request.action.lower(), request.resource
    return (
        _one_of(statement, "Action", action, str.lower)
        and _one_of(statement, "Resource", resource, str)
        and _principal(statement.get("Principal"), request.service)
        and all(
            _holds(operator, key, values, request.context)
            for operator, keys in statement.get("Condition", {}).items()
            for key, values in keys.items()
        )
    )


def _one_of(
    statement: Mapping[str, Any], element: str, text: str, prepare: Callable[[str], str]
) -> bool:
    negated = f"Not{element}" in statement
    patterns = statement[f"Not{element}" if negated else element]
    found = any(matches(prepare(pattern), text) for pattern in _list(patterns))
    return found != negated


def _principal(principal: Any, service: str | None) -> bool:
    if principal is None:
        return True  # the policy of a role, whose principal is the role
    if service is None:
        return "AWS" in principal
    return service in _list(principal.get("Service", []))


def _holds(operator: str, key: str, values: Any, context: Mapping[str, str]) -> bool:
    compare = _OPERATORS[operator]
    return key in context and any(compare(value, context[key]) for value in _list(values))


def _list(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value)
