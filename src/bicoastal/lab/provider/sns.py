"""Topics and who hears them."""

from __future__ import annotations

import json
from typing import Any

from bicoastal.lab.provider.aws import Aws, absent_ok, pick, sync_tags, tag_list
from bicoastal.lab.provider.handler import EVERYTHING, Handler, Inputs, differs

_ATTRIBUTES = ("kmsMasterKeyId", "displayName", "policy")


class Topic(Handler):
    """A topic."""

    type = "aws:sns/topic:Topic"
    fixed = frozenset({"name", "fifoTopic", "region"})
    named = "name"
    taggable = True

    def create(self, aws: Aws, inputs: Inputs) -> str:
        """Create the topic; its id is its ARN."""
        response = aws.client("sns").create_topic(
            Name=inputs["name"],
            Attributes=pick(inputs, *_ATTRIBUTES),
            Tags=tag_list(inputs.get("tagsAll") or {}),
        )
        return str(response["TopicArn"])

    def read(self, aws: Aws, id_: str, state: Inputs) -> dict[str, Any] | None:
        """Read the topic."""
        del state
        with absent_ok():
            found = aws.client("sns").get_topic_attributes(TopicArn=id_)["Attributes"]
            name = id_.rpartition(":")[2]
            return {"arn": id_, "name": name, "owner": found.get("Owner")}
        return None

    def update(self, aws: Aws, id_: str, old: Inputs, new: Inputs) -> None:
        """Change attributes and tags."""
        sns = aws.client("sns")
        for name in _ATTRIBUTES:
            if differs(old, new, name):
                attribute, value = next(iter(pick({name: new.get(name) or ""}, name).items()))
                sns.set_topic_attributes(
                    TopicArn=id_, AttributeName=attribute, AttributeValue=value
                )
        sync_tags(
            old.get("tagsAll") or {},
            new.get("tagsAll") or {},
            lambda tags: sns.tag_resource(ResourceArn=id_, Tags=tag_list(tags)),
            lambda keys: sns.untag_resource(ResourceArn=id_, TagKeys=keys),
        )

    def delete(self, aws: Aws, id_: str, state: Inputs) -> None:
        """Delete the topic."""
        del state
        with absent_ok():
            aws.client("sns").delete_topic(TopicArn=id_)


class TopicSubscription(Handler):
    """A subscription."""

    type = "aws:sns/topicSubscription:TopicSubscription"
    required = ("topic", "protocol", "endpoint")
    fixed = EVERYTHING

    def create(self, aws: Aws, inputs: Inputs) -> str:
        """Subscribe; its id is its ARN."""
        response = aws.client("sns").subscribe(
            TopicArn=inputs["topic"],
            Protocol=inputs["protocol"],
            Endpoint=inputs["endpoint"],
            ReturnSubscriptionArn=True,
        )
        return str(response["SubscriptionArn"])

    def read(self, aws: Aws, id_: str, state: Inputs) -> dict[str, Any] | None:
        """Read the subscription."""
        del state
        with absent_ok():
            attributes = aws.client("sns").get_subscription_attributes(SubscriptionArn=id_)
            pending = attributes["Attributes"].get("PendingConfirmation") == "true"
            return {"arn": id_, "pendingConfirmation": pending}
        return None

    def delete(self, aws: Aws, id_: str, state: Inputs) -> None:
        """Unsubscribe."""
        if self.read(aws, id_, state) is not None:
            aws.client("sns").unsubscribe(SubscriptionArn=id_)


class TopicPolicy(Handler):
    """Who may use a topic."""

    type = "aws:sns/topicPolicy:TopicPolicy"
    required = ("arn", "policy")
    fixed = frozenset({"arn", "region"})

    def create(self, aws: Aws, inputs: Inputs) -> str:
        """Give the topic the policy; its id is the topic's ARN."""
        self._set(aws, inputs["arn"], inputs["policy"])
        return str(inputs["arn"])

    def read(self, aws: Aws, id_: str, state: Inputs) -> dict[str, Any] | None:
        """Look whether the topic still has the policy."""
        with absent_ok():
            found = aws.client("sns").get_topic_attributes(TopicArn=id_)["Attributes"]
            if json.loads(found.get("Policy") or "{}") == json.loads(state["policy"]):
                return {"owner": found.get("Owner")}
        return None

    def update(self, aws: Aws, id_: str, old: Inputs, new: Inputs) -> None:
        """Replace the policy."""
        del old
        self._set(aws, id_, new["policy"])

    def delete(self, aws: Aws, id_: str, state: Inputs) -> None:
        """Give the topic the policy back that every topic starts with: its owner may use it.

        Source: https://docs.aws.amazon.com/sns/latest/api/API_CreateTopic.html
        """
        if self.read(aws, id_, state) is not None:
            owner = {
                "Effect": "Allow",
                "Principal": {"AWS": "*"},
                "Action": ["SNS:*"],
                "Resource": id_,
                "Condition": {"StringEquals": {"AWS:SourceOwner": id_.split(":")[4]}},
            }
            self._set(aws, id_, json.dumps({"Version": "2008-10-17", "Statement": [owner]}))

    def _set(self, aws: Aws, arn: str, policy: str) -> None:
        aws.client("sns").set_topic_attributes(
            TopicArn=arn, AttributeName="Policy", AttributeValue=policy
        )


HANDLERS = (Topic(), TopicSubscription(), TopicPolicy())
