"""A budget of the account that watches what the stack really costs.

`budget.monthlyUsd` refuses a stack by its estimate; this tells people what the bill says. It sees
the costs that carry the stack's tags `Project` and `Environment`, which the account has to have
activated as cost-allocation tags. It stops nothing.
Sources: https://docs.aws.amazon.com/cost-management/latest/userguide/budgets-managing-costs.html
https://docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/activating-tags.html
"""

from __future__ import annotations

import pulumi
import pulumi_aws as aws

from bicoastal.stack.context import Context
from bicoastal.stack.policies import allow_service, document, statement

NOTICES = (("ACTUAL", 80.0), ("ACTUAL", 100.0), ("FORECASTED", 100.0))
"""What is told: the kind of cost, and from how many percent of the limit on."""

WATCHED_TAGS = ("Project", "Environment")
"""The tags that all costs of the stack carry, together."""

_TOPIC_OWNER_ACTIONS = [
    f"sns:{action}"
    for action in (
        "GetTopicAttributes", "SetTopicAttributes", "AddPermission", "RemovePermission",
        "DeleteTopic", "Subscribe", "ListSubscriptionsByTopic", "Publish",
    )
]  # fmt: skip


class CostWatch(pulumi.ComponentResource):
    """The budget, and the permission to tell the home region's topic of it.

    Args:
        topic: the home region's topic, which people subscribe to.
        limit_usd: US dollars a month.
        context: names, tags and account.
        parent: the component that this one belongs to.

    Attributes:
        budget: the budget.
    """

    def __init__(
        self, topic: aws.sns.Topic, limit_usd: float, context: Context, parent: pulumi.Resource
    ) -> None:
        super().__init__(
            "bicoastal:stack:CostWatch", "cost-watch", {}, pulumi.ResourceOptions(parent=parent)
        )
        name = context.names.budget
        options = context.options(context.home, self)
        policy = aws.sns.TopicPolicy(
            name, arn=topic.arn, policy=topic_policy(topic.arn, context), opts=options
        )
        tags = context.settings.all_tags()
        self.budget = aws.budgets.Budget(
            name,
            name=name,
            account_id=context.account_id,
            budget_type="COST",
            time_unit="MONTHLY",
            limit_amount=f"{limit_usd:.2f}",
            limit_unit="USD",
            metrics="UnblendedCost",
            filter_expression={
                "ands": [{"tags": {"key": key, "values": [tags[key]]}} for key in WATCHED_TAGS]
            },
            notifications=[
                {
                    "notification_type": kind,
                    "comparison_operator": "GREATER_THAN",
                    "threshold": percent,
                    "threshold_type": "PERCENTAGE",
                    "subscriber_sns_topic_arns": [topic.arn],
                }
                for kind, percent in NOTICES
            ],
            tags=context.tags(name),
            opts=pulumi.ResourceOptions.merge(options, pulumi.ResourceOptions(depends_on=[policy])),
        )
        self.register_outputs({})


def topic_policy(topic_arn: pulumi.Input[str], context: Context) -> pulumi.Output[str]:
    """Who may use the topic: the account itself and CloudWatch, as without a policy, and Budgets.

    A topic has one policy, so the one that AWS gives it by default is written out again.
    Sources: https://docs.aws.amazon.com/cost-management/latest/userguide/budgets-sns-policy.html
    https://docs.aws.amazon.com/sns/latest/dg/sns-access-policy-use-cases.html

    Args:
        topic_arn: the topic.
        context: the account.

    Returns:
        The policy as JSON text.
    """
    account = context.account_id
    own = statement(
        "Account",
        _TOPIC_OWNER_ACTIONS,
        [topic_arn],
        condition={"StringEquals": {"aws:SourceOwner": account}},
    )
    publish = ["sns:Publish"]
    alarms = statement(
        "Alarms", publish, [topic_arn], condition={"StringEquals": {"aws:SourceAccount": account}}
    )
    budgets = statement("Budgets", publish, [topic_arn], condition=context.only_budgets)
    return document(
        [
            {**own, "Principal": {"AWS": "*"}},
            allow_service("cloudwatch.amazonaws.com", alarms),
            allow_service("budgets.amazonaws.com", budgets),
        ]
    )
