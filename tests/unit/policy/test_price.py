"""What any stack's resources cost, by hand; what has no price is named."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from bicoastal.policy.aurora import CLUSTER, INSTANCE
from bicoastal.policy.catalogue import STACK_GUARDS
from bicoastal.policy.guard import Resource
from bicoastal.policy.price import items, over_budget_of, unpriced

CHECK = "aws:route53/healthCheck:HealthCheck"
LARGE = {"engine": "aurora-mysql", "instanceClass": "db.r6g.large", "clusterIdentifier": "a"}
SERVERLESS = {**LARGE, "instanceClass": "db.serverless"}


def at(kind: str, **props: Any) -> Resource:
    return Resource(kind, props, region="us-east-1")


def cluster(**props: Any) -> Resource:
    return at(CLUSTER, clusterIdentifier="a", **props)


def quantities(*resources: Resource) -> dict[str, Decimal]:
    return {item.key: item.quantity for item in items(resources)}


def test_an_instance_costs_what_its_cluster_makes_of_it():
    assert quantities(at(INSTANCE, **LARGE)) == {"aurora:instance/db.r6g.large/aurora": 730}
    optimized = cluster(storageType="aurora-iopt1")
    assert quantities(at(INSTANCE, **LARGE), optimized) == {
        "aurora:instance/db.r6g.large/aurora-iopt1": 730
    }
    scaled = cluster(serverlessv2ScalingConfiguration={"minCapacity": 0.5, "maxCapacity": 2.0})
    assert quantities(at(INSTANCE, **SERVERLESS), scaled) == {"aurora:acu/aurora": 365}


@pytest.mark.parametrize(
    ("props", "expected"),
    (
        ({"type": "CALCULATED"}, {"route53:check/derived": 1}),
        ({"type": "TCP", "requestInterval": 30.0}, {"route53:check/endpoint": 1}),
        (
            {"type": "HTTPS_STR_MATCH", "requestInterval": 10.0, "measureLatency": True},
            {"route53:check/endpoint": 1, "route53:check/feature": 4},
        ),
    ),
)
def test_a_check_costs_by_its_kind_and_its_options(props, expected):
    assert quantities(at(CHECK, **props)) == expected


def test_the_rest_that_is_paid_for_by_existing():
    found = list(
        items(
            [
                at("aws:kms/key:Key"),
                at("aws:cloudwatch/metricAlarm:MetricAlarm"),
                at("aws:route53/zone:Zone"),
                at("aws:secretsmanager/secret:Secret", replicas=[{"region": "us-west-2"}]),
            ]
        )
    )
    assert [(item.key, item.region, int(item.quantity)) for item in found] == [
        ("kms:key", "us-east-1", 1),
        ("cloudwatch:alarm", "us-east-1", 1),
        ("route53:zone", "global", 1),
        ("secrets:secret", "us-east-1", 1),
        ("secrets:secret", "us-west-2", 1),
    ]


def test_a_budget_is_exceeded_by_a_cent():
    two = [at(INSTANCE, **LARGE), at(INSTANCE, **LARGE)]  # 2 x 730 x 0.26
    assert over_budget_of(two, 379.60) is None
    reason = over_budget_of(two, 379.59)
    assert reason is not None
    assert "$379.60 a month exceeds the budget of $379.59 by $0.01" in reason
    assert "Left out" not in reason


def test_what_has_no_price_is_named_and_is_not_free():
    stack = [
        at(INSTANCE, **LARGE),
        at(INSTANCE, **{**LARGE, "instanceClass": "db.r9g.large"}),  # not in the price list
        at(INSTANCE, **SERVERLESS),  # of a cluster that is not in the stack
        at(INSTANCE, engine="postgres", instanceClass="db.m5.large"),
        at("aws:lambda/function:Function"),
        at("aws:iam/role:Role"),  # free
        at("pulumi:providers:aws"),
        at("bicoastal:stack:Prober"),
    ]
    assert unpriced(stack) == (
        "1 of aws:lambda/function:Function",
        "2 of aws:rds/clusterInstance:ClusterInstance",
        "aurora:instance/db.r9g.large/aurora in us-east-1",
    )
    assert "Left out of it: 1 of aws:lambda" in str(over_budget_of(stack, 1))


def test_the_guards_of_a_budget_speak_only_when_there_is_one():
    stack = [at(INSTANCE, **LARGE), at("aws:lambda/function:Function")]
    budget, complete = (
        next(guard for guard in STACK_GUARDS if guard.rule_id == rule_id)
        for rule_id in ("BC824", "BC825")
    )
    assert [*budget.judge(stack), *complete.judge(stack)] == []
    assert list(budget.judge(stack, {"monthlyUsd": 190})) == []
    (said,) = budget.judge(stack, {"monthlyUsd": 100})
    assert "exceeds the budget of $100.00" in said.message
    (said,) = complete.judge(stack, {"monthlyUsd": 190})
    assert said.message == "The estimate leaves out: 1 of aws:lambda/function:Function."
    assert list(complete.judge(stack[:1], {"monthlyUsd": 190})) == []
