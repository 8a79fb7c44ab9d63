"""What watches and tells: alarms, topics, event subscriptions."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from bicoastal.failover.gateway import Clients
from bicoastal.live.asking import client, if_there
from bicoastal.operate.doctor.finding import Finding
from bicoastal.settings import Settings

SETTLING_S = 900.0
"""A new alarm has no data for a while; after 15 minutes it should have."""
_A_CALL = 100
"""Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarms.html"""
_DEPLOY = "pulumi up --refresh"
_PENDING = "PendingConfirmation"


def alarms(
    clients: Clients, region: str, names: Sequence[str], now: float | None = None
) -> Iterator[Finding]:
    """Examine a region's alarms.

    Args:
        clients: boto3's clients.
        region: the region.
        names: the alarms that the program asks for.
        now: seconds since the epoch; None asks the clock.

    Yields:
        Alarms that are missing, switched off, in alarm, or without data for long.
    """
    cloudwatch, found = client(clients, "cloudwatch", region), {}
    for start in range(0, len(names), _A_CALL):
        answer = cloudwatch.describe_alarms(
            AlarmNames=list(names[start : start + _A_CALL]),
            AlarmTypes=["MetricAlarm", "CompositeAlarm"],
            MaxRecords=_A_CALL,
        )
        for alarm in (*answer.get("MetricAlarms", ()), *answer.get("CompositeAlarms", ())):
            found[alarm["AlarmName"]] = alarm
    for name in names:
        alarm = found.get(name)
        if alarm is None:
            why = "nobody hears of what it watches"
            yield Finding("alarm-missing", f"{region} {name}", "gone", "there", why, _DEPLOY)
            continue
        yield from _alarm(region, name, alarm, time.time() if now is None else now)


def _alarm(region: str, name: str, alarm: dict[str, Any], now: float) -> Iterator[Finding]:
    subject, state = f"{region} {name}", alarm.get("StateValue", "OK")
    if not alarm.get("ActionsEnabled", True):
        yield Finding(
            "alarm-disabled",
            subject,
            "its actions are switched off",
            "it tells its topic",
            "it goes off and nobody hears it",
            f"aws cloudwatch enable-alarm-actions --region {region} --alarm-names {name}",
        )
    # The latch's alarms are Route 53's: they go off when the writer is not at home, as they should.
    if state == "ALARM" and (alarm.get("AlarmActions") or alarm.get("OKActions")):
        why = str(alarm.get("AlarmDescription") or "it says that something is wrong")
        cure = "see docs/monitoring.md for what it means"
        yield Finding("alarm-state", subject, "ALARM", "OK", why, cure)
    changed = alarm.get("StateUpdatedTimestamp")
    age_s = now - changed.timestamp() if isinstance(changed, datetime) else 0.0
    if state == "INSUFFICIENT_DATA" and age_s > SETTLING_S:
        yield Finding(
            "alarm-no-data",
            subject,
            f"no data for {age_s / 60:.0f} minutes",
            "data",
            "without data it never goes off",
            "look whether what it watches runs: its metric is in its definition",
        )


def topic(clients: Clients, settings: Settings, region: str, name: str) -> Iterator[Finding]:
    """Examine a topic and who hears it.

    Args:
        clients: boto3's clients.
        settings: say who should be told.
        region: the topic's region.
        name: its name.

    Yields:
        A missing topic, and subscriptions that are missing or that nobody confirmed.
    """
    sns = client(clients, "sns", region)
    arns = sns.get_paginator("list_topics").paginate().search("Topics[].TopicArn")
    arn = next((found for found in arns if str(found).endswith(f":{name}")), None)
    if arn is None:
        why = "alarms and controllers tell people through it"
        yield Finding("topic-missing", f"{region} {name}", "gone", "there", why, _DEPLOY)
        return
    pages = sns.get_paginator("list_subscriptions_by_topic").paginate(TopicArn=arn)
    told = {
        found["Endpoint"]: found["SubscriptionArn"] for found in pages.search("Subscriptions[]")
    }
    watch = settings.monitoring
    for endpoint in (*watch.alarm_emails, *watch.alarm_urls):
        subject = f"{region} {name}: {endpoint}"
        if endpoint not in told:
            why = "who is not subscribed hears no alarm"
            yield Finding("subscription-missing", subject, "gone", "there", why, _DEPLOY)
        elif told[endpoint] == _PENDING:
            yield Finding(
                "subscription-unconfirmed",
                subject,
                "not confirmed",
                "confirmed",
                "until it is confirmed it gets nothing",
                "follow the link in AWS's message; it is sent again by: aws sns subscribe "
                f"--region {region} --topic-arn {arn} --protocol "
                f"{'email' if '@' in endpoint else 'https'} --notification-endpoint {endpoint}",
            )


def subscription(clients: Clients, region: str, name: str) -> Iterator[Finding]:
    """Examine a subscription to RDS's events.

    Args:
        clients: boto3's clients.
        region: its region.
        name: its name.

    Yields:
        That it is missing or switched off.
    """
    rds, subject = client(clients, "rds", region), f"{region} {name}"
    found = if_there(
        lambda: rds.describe_event_subscriptions(SubscriptionName=name)["EventSubscriptionsList"],
        "SubscriptionNotFound",
    )
    why = "a failover that somebody else made, and one that failed, show in RDS's events only"
    if not found:
        yield Finding("events-missing", subject, "gone", "there", why, _DEPLOY)
    elif not found[0].get("Enabled", True):
        cure = (
            f"aws rds modify-event-subscription --region {region} --subscription-name {name} "
            "--enabled"
        )
        yield Finding("events-disabled", subject, "switched off", "on", why, cure)
