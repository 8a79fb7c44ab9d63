"""Every concern is examined, in every region that the program has it in."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from bicoastal.lab.planning import planned_resources
from bicoastal.operate.doctor import encryption, examining, members, record_table, running, watching
from bicoastal.operate.doctor.examining import examine
from bicoastal.operate.doctor.finding import Finding, Planned
from bicoastal.operate.target import Target

from .fake_rds import refused
from .samples import HOME, SETTINGS, STANDBY, database, status
from .test_dismantling import REPLICA
from .test_doctor_encryption import ARN

PLANNED = [
    Planned(HOME, "aws:sns/topic:Topic", "notify-use1-dev"),
    Planned(HOME, "aws:cloudwatch/metricAlarm:MetricAlarm", "cpu-use1-dev"),
    Planned(HOME, "aws:cloudwatch/compositeAlarm:CompositeAlarm", "page-use1-dev"),
    Planned(STANDBY, "aws:rds/eventSubscription:EventSubscription", "events-usw2-cluster-dev"),
    Planned(STANDBY, "aws:lambda/function:Function", "probe-usw2-dev"),
    Planned(STANDBY, "aws:cloudwatch/eventRule:EventRule", "control-usw2-dev"),
    Planned(STANDBY, "aws:ec2/vpc:Vpc", "vpc-usw2-dev"),
]


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What each examination was asked; every one finds what it was asked about."""
    asked: list[Any] = []

    def play(module: Any, name: str) -> None:
        def played(_clients: Any, *about: Any) -> list[Finding]:
            words = " ".join(str(each) for each in about if each not in (SETTINGS, REPLICA))
            asked.append((name, words))
            return [Finding(name, words, "", "", "", "")]

        monkeypatch.setattr(module, name, played)

    for module, names in (
        (members, ("global_cluster", "instances")),
        (encryption, ("key", "encrypted", "secret")),
        (record_table, ("table", "backups")),
        (watching, ("alarms", "topic", "subscription")),
        (running, ("function", "schedule")),
    ):
        for name in names:
            play(module, name)
    monkeypatch.setattr(examining, "look", lambda *_: status(database=database(status="busy")))
    return asked


def access(settings: Any = SETTINGS) -> Any:
    return SimpleNamespace(target=Target(settings, None, any_topology=True), clients=None)


EVERYWHERE = [
    ("instances", HOME), ("key", HOME), ("encrypted", HOME),
    ("instances", STANDBY), ("key", STANDBY), ("encrypted", STANDBY),
    ("table", HOME), ("backups", HOME), ("table", STANDBY), ("backups", STANDBY),
    ("secret", HOME), ("alarms", f"{HOME} ['cpu-use1-dev', 'page-use1-dev']"),
    ("alarms", f"{STANDBY} []"), ("topic", f"{HOME} notify-use1-dev"),
    ("subscription", f"{STANDBY} events-usw2-cluster-dev"),
    ("function", f"{STANDBY} probe-usw2-dev"), ("schedule", f"{STANDBY} control-usw2-dev"),
]  # fmt: skip


def test_a_global_database(seen: list[Any]) -> None:
    told: list[str] = []
    found = [(each.id, each.subject) for each in examine(access(), PLANNED, tell=told.append)]
    assert found == [
        ("status-database", "database"), ("global_cluster", STANDBY), *EVERYWHERE
    ]  # fmt: skip
    assert sorted(seen) == sorted(found[1:])
    assert "in 18 questions" in told[0]


@pytest.mark.usefixtures("seen")
def test_a_pair_that_replicates_by_binary_log() -> None:
    found = [(each.id, each.subject) for each in examine(access(REPLICA), PLANNED)]
    assert found == EVERYWHERE


@pytest.mark.usefixtures("seen")
def test_what_cannot_be_read_is_a_finding_and_hides_no_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def denied(*_: Any) -> list[Finding]:
        raise refused("AccessDenied", "not you")

    monkeypatch.setattr(encryption, "key", denied)
    found = examine(access(), PLANNED)
    unread = [each for each in found if each.id == "unread"]
    assert [each.subject for each in unread] == [
        f"kms:DescribeKey in {region}" for region in (HOME, STANDBY)
    ]
    assert unread[0].cure == "Grant kms:DescribeKey in us-east-1 to whoever checks."
    assert len(found) == len(EVERYWHERE) + 2


def test_the_types_are_those_of_the_program() -> None:
    settings = SETTINGS.model_copy(update={"secret_arn": ARN})
    types = {each.type for each in planned_resources(settings)}
    single = {examining._TOPIC, examining._EVENTS, examining._FUNCTION, examining._RULE}
    assert {*examining._ALARMS, *single} <= types
