"""Alarms, topics with their subscribers, subscriptions to RDS's events."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from bicoastal.operate.doctor.watching import SETTLING_S, alarms, subscription, topic
from bicoastal.settings import load

from .played import absent, clients, ids
from .samples import HOME, SETTINGS

NOW = 1_700_000_000.0
TOPIC = "arn:aws:sns:us-east-1:123456789012:notify-use1-dev"


def alarm(age_s: float = 0.0, **more: Any) -> dict[str, Any]:
    return {
        "AlarmName": "a",
        "ActionsEnabled": True,
        "AlarmActions": [TOPIC],
        "AlarmDescription": "what it means",
        "StateValue": "OK",
        "StateUpdatedTimestamp": datetime.fromtimestamp(NOW - age_s, UTC),
    } | more


NO_DATA = {"StateValue": "INSUFFICIENT_DATA"}


@pytest.mark.parametrize(
    ("found", "expected"),
    (
        (alarm(), []),
        (alarm(ActionsEnabled=False), ["alarm-disabled"]),
        (alarm(StateValue="ALARM"), ["alarm-state"]),
        (alarm(StateValue="ALARM", AlarmActions=[]), []),
        (alarm(StateValue="ALARM", AlarmActions=[], OKActions=[TOPIC]), ["alarm-state"]),
        (alarm(SETTLING_S - 1, **NO_DATA), []),
        (alarm(SETTLING_S + 1, **NO_DATA), ["alarm-no-data"]),
        ({"AlarmName": "a", **NO_DATA}, []),
    ),
)
@pytest.mark.parametrize("kind", ("MetricAlarms", "CompositeAlarms"))
def test_an_alarm(found: dict[str, Any], expected: list[str], kind: str) -> None:
    assert ids(alarms(clients(describe_alarms={kind: [found]}), HOME, ["a"], NOW)) == expected


def test_its_own_words_say_why_it_went_off() -> None:
    asked = clients(describe_alarms={"MetricAlarms": [alarm(StateValue="ALARM")]})
    (found,) = alarms(asked, HOME, ["a"])
    assert found.why == "what it means"
    bare = alarm(StateValue="ALARM", AlarmDescription=None)
    (found,) = alarms(clients(describe_alarms={"MetricAlarms": [bare]}), HOME, ["a"])
    assert found.why == "it says that something is wrong"


def test_alarms_are_asked_for_a_hundred_at_a_time_and_missing_ones_named() -> None:
    asked: list[int] = []

    def describe(*, AlarmNames: list[str], **_: Any) -> Any:  # noqa: N803 - AWS's
        asked.append(len(AlarmNames))
        return {"MetricAlarms": [alarm(AlarmName=name) for name in AlarmNames if name != "gone"]}

    names = [*map(str, range(120)), "gone"]
    (found,) = alarms(clients(describe_alarms=describe), HOME, names, NOW)
    assert (found.id, found.subject, asked) == ("alarm-missing", f"{HOME} gone", [100, 21])
    assert list(alarms(clients(), HOME, ())) == []


MAIL, HOOK = "a@example.com", "https://example.com/hook"
TOLD = load({"monitoring": {"alarmEmails": [MAIL], "alarmUrls": [HOOK]}})


def sns(**subscribers: str) -> Any:
    return clients(
        list_topics={"Topics": [{"TopicArn": f"{TOPIC}x"}, {"TopicArn": TOPIC}]},
        list_subscriptions_by_topic={
            "Subscriptions": [
                {"Endpoint": {"mail": MAIL, "hook": HOOK}[who], "SubscriptionArn": state}
                for who, state in subscribers.items()
            ]
        },
    )


@pytest.mark.parametrize(
    ("subscribers", "expected"),
    (
        ({"mail": f"{TOPIC}:1", "hook": f"{TOPIC}:2"}, []),
        ({"mail": f"{TOPIC}:1"}, [("subscription-missing", HOOK)]),
        (
            {"hook": f"{TOPIC}:1", "mail": "PendingConfirmation"},
            [("subscription-unconfirmed", MAIL)],
        ),
        (
            {"mail": f"{TOPIC}:1", "hook": "PendingConfirmation"},
            [("subscription-unconfirmed", HOOK)],
        ),
    ),
)
def test_a_topic_and_who_hears_it(
    subscribers: dict[str, str], expected: list[tuple[str, str]]
) -> None:
    found = list(topic(sns(**subscribers), TOLD, HOME, "notify-use1-dev"))
    assert [(each.id, each.subject.split(": ")[1]) for each in found] == expected
    for each in found:
        if each.id == "subscription-unconfirmed":
            protocol = "email" if MAIL in each.subject else "https"
            assert f"--topic-arn {TOPIC} --protocol {protocol} " in each.cure


def test_a_topic_that_is_gone() -> None:
    asked = clients(list_topics={"Topics": [{"TopicArn": f"{TOPIC}x"}]})
    assert ids(topic(asked, TOLD, HOME, "notify-use1-dev")) == ["topic-missing"]
    assert ids(topic(sns(), SETTINGS, HOME, "notify-use1-dev")) == []


@pytest.mark.parametrize(
    ("answer", "expected"),
    (
        ({"EventSubscriptionsList": [{"Enabled": True}]}, []),
        ({"EventSubscriptionsList": [{}]}, []),
        ({"EventSubscriptionsList": [{"Enabled": False}]}, ["events-disabled"]),
        ({"EventSubscriptionsList": []}, ["events-missing"]),
        (absent("SubscriptionNotFound"), ["events-missing"]),
    ),
)
def test_a_subscription_to_events(answer: Any, expected: list[str]) -> None:
    asked = clients(describe_event_subscriptions=answer)
    assert ids(subscription(asked, HOME, "events-use1-cluster-dev")) == expected
