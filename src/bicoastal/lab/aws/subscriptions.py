"""RDS event subscriptions: who is told of what happens to which clusters and instances.

The lab keeps them, so that the stack can be deployed and compared; it sends no events itself.
Source: https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateEventSubscription.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias
from xml.sax.saxutils import escape

from bicoastal.lab.aws.records import Records
from bicoastal.lab.aws.refusal import Refusal

Answer: TypeAlias = str | Refusal
"""What goes into the answer's result, or why it is refused."""

_Key: TypeAlias = tuple[str, str, str]


@dataclass(frozen=True)
class Subscription:
    """One subscription, as RDS describes it."""

    account: str
    region: str
    name: str
    topic: str
    source_type: str
    sources: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    enabled: bool = True

    @property
    def arn(self) -> str:
        """The subscription's ARN."""
        return f"arn:aws:rds:{self.region}:{self.account}:es:{self.name}"

    def xml(self) -> str:
        """The element that the API gives for it."""
        values = {
            "CustomerAwsId": self.account,
            "CustSubscriptionId": self.name,
            "SnsTopicArn": self.topic,
            "Status": "active",
            "SourceType": self.source_type,
            "Enabled": str(self.enabled).lower(),
            "EventSubscriptionArn": self.arn,
        }
        inner = "".join(f"<{tag}>{escape(text)}</{tag}>" for tag, text in values.items())
        sources = "".join(f"<SourceId>{escape(each)}</SourceId>" for each in self.sources)
        categories = "".join(
            f"<EventCategory>{escape(each)}</EventCategory>" for each in self.categories
        )
        return (
            f"<EventSubscription>{inner}<SourceIdsList>{sources}</SourceIdsList>"
            f"<EventCategoriesList>{categories}</EventCategoriesList></EventSubscription>"
        )


@dataclass
class Subscriptions:
    """All subscriptions of the embedded AWS, and RDS's actions on them."""

    _all: dict[_Key, Subscription] = field(default_factory=dict)

    @property
    def actions(self) -> Mapping[str, Callable[[Records, Mapping[str, str], Any], Answer]]:
        """Action -> what handles it: records, the parameters as text and as they came."""
        return {
            "CreateEventSubscription": self._create,
            "DescribeEventSubscriptions": self._describe,
            "ModifyEventSubscription": self._modify,
            "AddSourceIdentifierToSubscription": self._add_source,
            "RemoveSourceIdentifierFromSubscription": self._remove_source,
            "DeleteEventSubscription": self._delete,
        }

    def forget(self) -> None:
        """Drop all of them."""
        self._all.clear()

    def _create(self, records: Records, flat: Mapping[str, str], params: Any) -> Answer:
        made = Subscription(
            records.account,
            records.region,
            flat["SubscriptionName"],
            flat["SnsTopicArn"],
            flat.get("SourceType", ""),
            _listed(flat, "SourceIds.SourceId"),
            _listed(flat, "EventCategories.EventCategory"),
            flat.get("Enabled", "true") == "true",
        )
        if self._key(records, made.name) in self._all:
            text = f"Event Subscription already exists: {made.name}"
            return Refusal("SubscriptionAlreadyExist", text)
        for source in made.sources:
            if not _exists(records, made.source_type, source):
                return Refusal("SourceNotFound", f"Could not find source {source}.", 404)
        records.rds._tags[made.arn] = records.rds._parse_tags(params)
        return self._keep(records, made)

    def _describe(self, records: Records, flat: Mapping[str, str], _: Any) -> Answer:
        wanted = flat.get("SubscriptionName")
        here = [
            each
            for (account, region, name), each in self._all.items()
            if (account, region) == (records.account, records.region) and wanted in (None, name)
        ]
        if wanted and not here:
            return _unknown(wanted)
        each_xml = "".join(each.xml() for each in here)
        return f"<EventSubscriptionsList>{each_xml}</EventSubscriptionsList>"

    def _modify(self, records: Records, flat: Mapping[str, str], _: Any) -> Answer:
        found = self._find(records, flat)
        if found is None:
            return _unknown(flat["SubscriptionName"])
        changed = replace(
            found,
            topic=flat.get("SnsTopicArn", found.topic),
            source_type=flat.get("SourceType", found.source_type),
            categories=_listed(flat, "EventCategories.EventCategory") or found.categories,
            enabled=flat.get("Enabled", str(found.enabled).lower()) == "true",
        )
        return self._keep(records, changed)

    def _add_source(self, records: Records, flat: Mapping[str, str], _: Any) -> Answer:
        found, source = self._find(records, flat), flat["SourceIdentifier"]
        if found is None:
            return _unknown(flat["SubscriptionName"])
        if not _exists(records, found.source_type, source):
            return Refusal("SourceNotFound", f"Could not find source {source}.", 404)
        return self._keep(records, replace(found, sources=(*found.sources, source)))

    def _remove_source(self, records: Records, flat: Mapping[str, str], _: Any) -> Answer:
        found, source = self._find(records, flat), flat["SourceIdentifier"]
        if found is None:
            return _unknown(flat["SubscriptionName"])
        left = tuple(each for each in found.sources if each != source)
        return self._keep(records, replace(found, sources=left))

    def _delete(self, records: Records, flat: Mapping[str, str], _: Any) -> Answer:
        found = self._all.pop(self._key(records, flat["SubscriptionName"]), None)
        if found is None:
            return _unknown(flat["SubscriptionName"])
        records.rds._tags.pop(found.arn, None)
        return found.xml()

    def _find(self, records: Records, flat: Mapping[str, str]) -> Subscription | None:
        return self._all.get(self._key(records, flat["SubscriptionName"]))

    def _keep(self, records: Records, subscription: Subscription) -> str:
        self._all[self._key(records, subscription.name)] = subscription
        return subscription.xml()

    def _key(self, records: Records, name: str) -> _Key:
        return records.account, records.region, name


def _unknown(name: str) -> Refusal:
    return Refusal("SubscriptionNotFound", f"Event Subscription not found: {name}", 404)


def _listed(flat: Mapping[str, str], prefix: str) -> tuple[str, ...]:
    """The values of a list of RDS's query protocol: `Prefix.1`, `Prefix.2` ..."""
    return tuple(value for key, value in sorted(flat.items()) if key.startswith(f"{prefix}."))


def _exists(records: Records, source_type: str, source: str) -> bool:
    look = records.cluster if source_type == "db-cluster" else records.instance
    return look(source) is not None
