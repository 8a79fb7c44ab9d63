"""RDS event subscriptions."""

from __future__ import annotations

from typing import Any

from bicoastal.lab.provider.aws import Aws, absent_ok, pick, tag_list
from bicoastal.lab.provider.handler import Handler, Inputs
from bicoastal.lab.provider.rds import retag


class EventSubscription(Handler):
    """Who is told of what happens to clusters or instances."""

    type = "aws:rds/eventSubscription:EventSubscription"
    required = ("snsTopic",)
    fixed = frozenset({"name", "region"})
    named = "name"
    taggable = True

    def create(self, aws: Aws, inputs: Inputs) -> str:
        """Create the subscription; its id is its name."""
        aws.client("rds").create_event_subscription(
            SubscriptionName=inputs["name"],
            Tags=tag_list(inputs.get("tagsAll") or {}),
            **_subscription(inputs),
            **pick(inputs, "sourceIds"),
        )
        return str(inputs["name"])

    def read(self, aws: Aws, id_: str, state: Inputs) -> dict[str, Any] | None:
        """Find the subscription."""
        del state
        with absent_ok():
            answer = aws.client("rds").describe_event_subscriptions(SubscriptionName=id_)
            (found,) = answer["EventSubscriptionsList"]
            return {"arn": found["EventSubscriptionArn"], "customerAwsId": found["CustomerAwsId"]}
        return None

    def update(self, aws: Aws, id_: str, old: Inputs, new: Inputs) -> None:
        """Change topic, categories and sources, and the tags."""
        rds = aws.client("rds")
        rds.modify_event_subscription(SubscriptionName=id_, **_subscription(new))
        had, wanted = set(old.get("sourceIds") or ()), set(new.get("sourceIds") or ())
        for source in sorted(wanted - had):
            rds.add_source_identifier_to_subscription(SubscriptionName=id_, SourceIdentifier=source)
        for source in sorted(had - wanted):
            rds.remove_source_identifier_from_subscription(
                SubscriptionName=id_, SourceIdentifier=source
            )
        retag(aws, (self.read(aws, id_, new) or {})["arn"], old, new)

    def delete(self, aws: Aws, id_: str, state: Inputs) -> None:
        """Delete the subscription."""
        del state
        with absent_ok():
            aws.client("rds").delete_event_subscription(SubscriptionName=id_)


def _subscription(inputs: Inputs) -> dict[str, Any]:
    return pick(inputs, "sourceType", "eventCategories", "enabled", snsTopic="SnsTopicArn")


HANDLERS = (EventSubscription(),)
