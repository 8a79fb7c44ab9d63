"""Which handler knows which resource type."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from bicoastal.lab.provider import (
    access,
    aurora,
    budgets,
    dynamodb,
    ec2,
    events,
    flow_logs,
    functions,
    global_cluster,
    iam,
    kms,
    overview,
    peering,
    rds,
    route53,
    routing,
    sns,
    watch,
)
from bicoastal.lab.provider.handler import Handler

_MODULES = (
    access, aurora, budgets, dynamodb, ec2, events, flow_logs, functions, global_cluster, iam, kms,
    overview, peering, rds, route53, routing, sns, watch,
)  # fmt: skip

HANDLERS: Final[Mapping[str, Handler]] = {
    handler.type: handler for module in _MODULES for handler in module.HANDLERS
}
"""The handler of each resource type."""

SERVICES: Final = (
    "budgets", "cloudwatch", "dynamodb", "ec2", "events", "iam", "kms", "lambda", "logs", "rds",
    "route53", "sns",
)  # fmt: skip
"""The services that the handlers talk to."""
