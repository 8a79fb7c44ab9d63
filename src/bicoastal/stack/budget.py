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
from bicoastal.stack.topics import Topics

NOTICES = (("ACTUAL", 80.0), ("ACTUAL", 100.0), ("FORECASTED", 100.0))
"""What is told: the kind of cost, and from how many percent of the limit on."""

WATCHED_TAGS = ("Project", "Environment")
"""The tags that all costs of the stack carry, together."""


class CostWatch(pulumi.ComponentResource):
    """The budget, which tells the home region's topic.

    Args:
        topics: the topics, which people subscribe to, and which Budgets may use.
        limit_usd: US dollars a month.
        context: names, tags and account.
        parent: the component that this one belongs to.

    Attributes:
        budget: the budget.
    """

    def __init__(
        self, topics: Topics, limit_usd: float, context: Context, parent: pulumi.Resource
    ) -> None:
        super().__init__(
            "bicoastal:stack:CostWatch", "cost-watch", {}, pulumi.ResourceOptions(parent=parent)
        )
        name = context.names.budget
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
                    "subscriber_sns_topic_arns": [topics.topics[context.home].arn],
                }
                for kind, percent in NOTICES
            ],
            tags=context.tags(name),
            opts=context.options(context.home, self, depends_on=[topics.policies[context.home]]),
        )
        self.register_outputs({})
