"""The pages that humans got: every message of the stack's SNS topics, through a queue each."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict

from bicoastal.operate.inventory import ClientFactory

QUEUE = "bicoastal-drill-pages"
_ALL_CLEAR = "OK:"
"""How CloudWatch's message of an alarm that is over begins: nobody is woken by that."""


class PageSent(BaseModel):
    """One message of a topic.

    Attributes:
        region: The topic's region.
        subject: Its subject.
        message: Its text.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    region: str
    subject: str
    message: str


class Pages:
    """Subscribes to the topics, as the mailbox of whoever is on call would.

    A context manager: leaving it deletes the queues.

    Args:
        client: Gives SNS and SQS clients.
        topics: Region to the ARN of its topic.
    """

    def __init__(self, client: ClientFactory, topics: Mapping[str, str]) -> None:
        self._client = client
        self._topics = topics
        self._queues: dict[str, str] = {}
        self._seen: list[PageSent] = []

    def __enter__(self) -> Pages:
        for region, topic in self._topics.items():
            sqs = self._client("sqs", region)
            url = sqs.create_queue(QueueName=QUEUE)["QueueUrl"]
            self._queues[region] = url
            arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
            endpoint = arn["Attributes"]["QueueArn"]
            self._client("sns", region).subscribe(TopicArn=topic, Protocol="sqs", Endpoint=endpoint)
        return self

    def __exit__(self, *_: object) -> None:
        for region, url in self._queues.items():
            self._client("sqs", region).delete_queue(QueueUrl=url)

    def read(self) -> list[PageSent]:
        """Give every page so far, in each region's order."""
        for region, url in self._queues.items():
            sqs = self._client("sqs", region)
            while found := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get(
                "Messages"
            ):
                for message in found:
                    page = _page(region, message)
                    if not page.subject.startswith(_ALL_CLEAR):
                        self._seen.append(page)
                    sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return list(self._seen)


def _page(region: str, message: Mapping[str, Any]) -> PageSent:
    body = json.loads(message["Body"])
    return PageSent(region=region, subject=body.get("Subject") or "", message=body["Message"])
