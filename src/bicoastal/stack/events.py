"""RDS's own events of each member, told to the topic of its region.

Among them are a switchover or failover of the global database from start to end, whether the old
writer could be fenced (an event of an instance), and that DNS of the writer endpoint has changed.
No category is left out: AWS does not say to which one the fencing events belong.
Source:
https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/USER_Events.Messages.html
"""

from __future__ import annotations

from collections.abc import Mapping

import pulumi
import pulumi_aws as aws

from bicoastal.stack.context import Context
from bicoastal.stack.database import Member
from bicoastal.stack.topics import Topics


class MemberEvents(pulumi.ComponentResource):
    """The event subscriptions of all members, each in its own region."""

    def __init__(
        self,
        members: Mapping[str, Member],
        topics: Topics,
        context: Context,
        parent: pulumi.Resource,
    ) -> None:
        super().__init__(
            "bicoastal:stack:MemberEvents", "events", {}, pulumi.ResourceOptions(parent=parent)
        )
        for region, member in members.items():
            sources = {
                "cluster": [member.cluster.id],
                "instance": [instance.id for instance in member.instances],
            }
            for source, ids in sources.items():
                name = context.names.event_subscription(region, source)
                aws.rds.EventSubscription(
                    name,
                    name=name,
                    sns_topic=topics.topics[region].arn,
                    source_type=f"db-{source}",
                    source_ids=ids,
                    tags=context.tags(name),
                    # RDS refuses a topic that it may not publish to.
                    opts=context.options(region, self, depends_on=[topics.policies[region]]),
                )
        self.register_outputs({})
