"""The guards as policies of Pulumi: https://www.pulumi.com/docs/insights/policy/."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pulumi
from pulumi_policy import (
    EnforcementLevel,
    Policy,
    PolicyConfigSchema,
    PolicyProviderResource,
    PolicyResource,
    ReportViolation,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    StackValidationArgs,
    StackValidationPolicy,
)
from pulumi_policy.proxy import UnknownValueError

from bicoastal.policy.catalogue import RESOURCE_GUARDS, STACK_GUARDS
from bicoastal.policy.guard import UNKNOWN, Guard, Resource, ResourceGuard, StackGuard

NAME = "bicoastal"
"""The policy pack's name."""

_TYPES = {int: "number", list: "array"}


def policies() -> list[Policy]:
    """Every guard as a policy: an `error` is mandatory, everything else advises.

    Returns:
        The policies, for `PolicyPack`.
    """
    return [
        *(_resource_policy(guard) for guard in RESOURCE_GUARDS),
        *(_stack_policy(guard) for guard in STACK_GUARDS),
    ]


def _resource_policy(guard: ResourceGuard) -> Policy:
    def validate(args: ResourceValidationArgs, report: ReportViolation) -> None:
        if args.resource_type not in guard.types:
            return  # before anything is unwrapped: every guard sees every resource
        resource = Resource(
            args.resource_type, _plain(args.props), args.urn, _region(args.props, args.provider)
        )
        for message in guard.judge(resource, args.get_config()):
            report(_signed(guard, message), None)

    return ResourceValidationPolicy(validate=validate, **_described(guard))


def _stack_policy(guard: StackGuard) -> Policy:
    def validate(args: StackValidationArgs, report: ReportViolation) -> None:
        resources = [_resource(found) for found in args.resources]
        config = {**_of_stack_file(guard), **args.get_config()}
        for violation in guard.judge(resources, config):
            report(_signed(guard, violation.message), violation.urn or None)

    return StackValidationPolicy(validate=validate, **_described(guard))


def _described(guard: Guard) -> dict[str, Any]:
    is_error = guard.severity == "error"
    return {
        "name": guard.name,
        "description": guard.summary,
        "enforcement_level": EnforcementLevel.MANDATORY if is_error else EnforcementLevel.ADVISORY,
        "config_schema": _schema(guard.config) if guard.config else None,
        "url": guard.source,
    }


def _schema(config: Mapping[str, Any]) -> PolicyConfigSchema:
    properties: dict[str, dict[str, Any]] = {}
    for key, default in config.items():
        kind = _TYPES.get(type(default), "number")
        properties[key] = {"type": kind}
        if default is not None:
            properties[key]["default"] = default
        if kind == "array":
            properties[key]["items"] = {"type": "string"}
    return PolicyConfigSchema(properties)


def _signed(guard: Guard, message: str) -> str:
    return f"{guard.rule_id} {guard.severity}: {message} Source: {guard.source}"


def _of_stack_file(guard: Guard) -> dict[str, Any]:
    """The budget that the stack file itself has, for the guards of a budget."""
    if "monthlyUsd" not in guard.config:
        return {}
    group = pulumi.Config(NAME).get_object("budget")
    limit = group.get("monthlyUsd") if isinstance(group, Mapping) else None
    return {} if limit is None else {"monthlyUsd": limit}


def _resource(found: PolicyResource) -> Resource:
    uses = {
        name: [other.urn for other in others]
        for name, others in found.property_dependencies.items()
    }
    return Resource(
        found.resource_type,
        _plain(found.props),
        found.urn,
        _region(found.props, found.provider),
        uses,
    )


def _region(props: Mapping[str, Any], provider: PolicyProviderResource | None) -> str:
    """Where a resource is: its own `region`, or its provider's."""
    for place in (props, provider.props if provider else {}):
        value = _look(lambda place=place: place.get("region"))  # type: ignore[misc]  # bound now
        if isinstance(value, str):
            return value
    return ""


def _plain(value: Any) -> Any:
    """Values without pulumi-policy's wrapping; those that are not known yet become `UNKNOWN`."""
    if isinstance(value, Mapping):
        return {key: _look(lambda key=key: _plain(value[key])) for key in value}  # type: ignore[misc]  # bound now
    if isinstance(value, Sequence) and not isinstance(value, str):
        places = range(len(value))
        return [_look(lambda place=place: _plain(value[place])) for place in places]  # type: ignore[misc]  # bound now
    return value


def _look(read: Callable[[], Any]) -> Any:
    try:
        return read()
    except UnknownValueError:
        return UNKNOWN
