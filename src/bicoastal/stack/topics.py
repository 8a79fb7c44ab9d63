"""A topic in each region that has something to tell people, who hears it, and who may use it."""

from __future__ import annotations

from collections.abc import Mapping

import pulumi
import pulumi_aws as aws

from bicoastal.stack.context import Context
from bicoastal.stack.keys import RegionKey
from bicoastal.stack.policies import allow_service, document, statement

_OWNER_ACTIONS = [
    f"sns:{action}"
    for action in (
        "GetTopicAttributes", "SetTopicAttributes", "AddPermission", "RemovePermission",
        "DeleteTopic", "Subscribe", "ListSubscriptionsByTopic", "Publish",
    )
]  # fmt: skip


class Topics(pulumi.ComponentResource):
    """The topics, all with the same subscribers.

    Attributes:
        topics: region -> its topic.
        policies: region -> the policy that lets AWS's services use it.
    """

    def __init__(
        self, keys: Mapping[str, RegionKey], context: Context, parent: pulumi.Resource
    ) -> None:
        super().__init__(
            "bicoastal:stack:Topics", "topics", {}, pulumi.ResourceOptions(parent=parent)
        )
        self._context = context
        self.topics: dict[str, aws.sns.Topic] = {}
        self.policies: dict[str, aws.sns.TopicPolicy] = {}
        for region in context.topic_regions:
            name = context.names.topic(region)
            topic = aws.sns.Topic(
                name,
                name=name,
                kms_master_key_id=keys[region].arn if region in keys else None,
                tags=context.tags(name),
                opts=context.options(region, self),
            )
            self.topics[region] = topic
            self.policies[region] = aws.sns.TopicPolicy(
                name,
                arn=topic.arn,
                policy=topic_policy(topic.arn, region, context),
                opts=context.options(region, self),
            )
            self._subscribe(region, name, topic)
        self.register_outputs({})

    def _subscribe(self, region: str, name: str, topic: aws.sns.Topic) -> None:
        """Whoever is subscribed must confirm it: a person by e-mail, a service by an answer."""
        monitoring = self._context.settings.monitoring
        told = (
            *(("email", address) for address in monitoring.alarm_emails),
            *(("https", url) for url in monitoring.alarm_urls),
        )
        for number, (protocol, endpoint) in enumerate(told, start=1):
            aws.sns.TopicSubscription(
                f"{name}-{number}",
                topic=topic.arn,
                protocol=protocol,
                endpoint=endpoint,
                opts=self._context.options(region, self),
            )


def topic_policy(topic_arn: pulumi.Input[str], region: str, context: Context) -> pulumi.Output[str]:
    """Who may use a topic: the account itself and CloudWatch, as without a policy; RDS and Budgets.

    A topic has one policy, so the one that AWS gives it by default is written out again. RDS tells
    of events where there is a member, AWS Budgets where there is a budget.
    Sources: https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/USER_Events.GrantingPermissions.html
    https://docs.aws.amazon.com/cost-management/latest/userguide/budgets-sns-policy.html
    https://docs.aws.amazon.com/sns/latest/dg/sns-access-policy-use-cases.html

    Args:
        topic_arn: the topic.
        region: its region.
        context: settings and account.

    Returns:
        The policy as JSON text.
    """
    settings, account = context.settings, context.account_id
    publish = ["sns:Publish"]
    of_account = {"StringEquals": {"aws:SourceAccount": account}}
    own = statement(
        "Account",
        _OWNER_ACTIONS,
        [topic_arn],
        condition={"StringEquals": {"aws:SourceOwner": account}},
    )
    alarms = statement("Alarms", publish, [topic_arn], condition=of_account)
    allowed = [
        {**own, "Principal": {"AWS": "*"}},
        allow_service("cloudwatch.amazonaws.com", alarms),
    ]
    if region in settings.regions.members:
        events = statement("Events", publish, [topic_arn], condition=of_account)
        allowed.append(allow_service("events.rds.amazonaws.com", events))
    if context.tells_of_budget(region):
        budgets = statement("Budgets", publish, [topic_arn], condition=context.only_budgets)
        allowed.append(allow_service("budgets.amazonaws.com", budgets))
    return document(allowed)
