"""What is deployed against what is asked for: a line differs where AWS says something else."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from bicoastal.costs.changes import compare
from bicoastal.costs.deployed import (
    COUNTED,
    MemberSeen,
    Rhythm,
    Seen,
    deployed_estimate,
    remarks,
)
from bicoastal.costs.estimate import estimate
from bicoastal.costs.usage import Usage
from bicoastal.settings import Settings, load
from bicoastal.settings.account import Unread

from .seeing import changed, seen_as

HOME, STANDBY, WITNESS = "us-east-1", "us-west-2", "us-east-2"
D = Decimal
USAGE = Usage()
NO_ANSWER = Unread("kms:DescribeKey in us-east-1: no answer", "Check again.")
SHAPES: tuple[dict[str, Any], ...] = (
    {},
    {"profile": "production"},
    {
        "profile": "staging",
        "database": {"headlessStandby": True},
        "failover": {"mode": "approve"},
    },
    {"dns": {"mode": "global-endpoint"}, "monitoring": {"dashboards": False}},
    {"dns": {"mode": "health-check"}, "health": {"endpointCheck": "public"}},
    {"dns": {"mode": "health-check"}, "health": {"endpointCheck": "public", "intervalS": 30}},
    {"network": {"flowLogs": True}, "failover": {"probeIntervalS": 30, "threshold": 3}},
    {"database": {"storageType": "aurora-iopt1", "monitoringIntervalS": 0}},
    {"topology": "binlog-replica", "database": {"instanceClass": "db.t4g.medium"}},
    {"regions": {"furtherStandbys": ["eu-west-1", "ap-southeast-2"]}},
    {"hostedZoneId": "Z0123456789ABC", "domainName": "db.example.org"},
    {
        "regions": {"home": "eu-west-1", "standby": "eu-central-1", "witness": "eu-west-2"},
        "database": {"serverlessMinAcu": 1},
    },
)


def made(keys: dict[str, Any]) -> Settings:
    if keys.get("topology") == "binlog-replica":
        keys = {**keys, "failover": {"mode": "observe"}}
    return load(keys)


@pytest.mark.parametrize("keys", SHAPES, ids=str)
def test_what_is_deployed_as_asked_costs_what_is_estimated(keys: dict[str, Any]) -> None:
    settings = made(keys)
    found = deployed_estimate(settings, seen_as(settings), USAGE)
    wanted = estimate(settings, USAGE)
    assert compare(found, wanted).differences == ()
    assert found.total == wanted.total > 0
    assert sorted(map(str, found.unpriced)) == sorted(map(str, wanted.unpriced))


@pytest.mark.parametrize("deployed", SHAPES[1:7], ids=str)
def test_the_settings_of_today_give_names_only(deployed: dict[str, Any]) -> None:
    """Whatever the settings have become, what is deployed costs what it did."""
    then = made(deployed)
    today = load({"monitoring": {"dashboards": not then.monitoring.dashboards}})
    found = deployed_estimate(today, seen_as(then), USAGE)
    assert compare(found, estimate(then, USAGE)).differences == ()


def test_nothing_is_sent_to_a_further_standby_that_is_not_deployed_yet() -> None:
    asked = load({"regions": {"furtherStandbys": ["eu-west-1"]}})
    seen = seen_as(load({}))
    seen = replace(seen, members={**seen.members, "eu-west-1": None})
    found = deployed_estimate(asked, seen, USAGE)
    assert compare(found, estimate(load({}), USAGE)).differences == ()


def test_every_counted_line_is_one_of_the_estimate() -> None:
    lines = {(line.name, line.key) for keys in SHAPES for line in estimate(made(keys), USAGE).lines}
    assert set(COUNTED.items()) <= lines


def default() -> tuple[Settings, Seen, MemberSeen]:
    settings = load({})
    seen = seen_as(settings)
    member = seen.members[STANDBY]
    assert isinstance(member, MemberSeen)
    return settings, seen, member


def differences(seen: Seen, usage: Usage = USAGE) -> dict[tuple[str, str], tuple[Any, Any]]:
    """Region and figure -> deployed and estimated quantity, without the allowances."""
    found = compare(deployed_estimate(load({}), seen, usage), estimate(load({}), usage))
    return {
        (each.line.region, each.line.key): (
            each.old and each.old.quantity,
            each.new and each.new.quantity,
        )
        for each in found.differences
        if each.line.region != "account"
    }


def test_another_class_in_one_region() -> None:
    _, seen, member = default()
    other = replace(member, classes={"db.r6g.large": 2})
    assert differences(replace(seen, members={**seen.members, STANDBY: other})) == {
        (STANDBY, "aurora:acu/aurora"): (None, D(365)),
        (STANDBY, "aurora:instance/db.r6g.large/aurora"): (D(1460), None),
    }


def test_a_headless_standby_has_no_capacity_and_reads_nothing() -> None:
    _, seen, member = default()
    members = {**seen.members, STANDBY: replace(member, classes={}, monitoring_s=0)}
    found = differences(replace(seen, members=members))
    assert found.pop((STANDBY, "aurora:acu/aurora")) == (None, D(365))
    # Enhanced Monitoring goes with the instances.
    assert set(found) == {(STANDBY, "logs:ingestion"), (STANDBY, "logs:storage")}


def test_capacity_of_several_instances() -> None:
    _, seen, member = default()
    other = replace(member, classes={"db.serverless": 3}, least_acu=2.0, most_acu=8.0)
    found = differences(replace(seen, members={**seen.members, STANDBY: other}))
    assert found == {(STANDBY, "aurora:acu/aurora"): (D(4380), D(365))}
    used = differences(
        replace(seen, members={**seen.members, STANDBY: other}), Usage(average_acu=D(3))
    )
    assert used[STANDBY, "aurora:acu/aurora"] == (D(2190), D("1095.0"))  # above the minimum


@pytest.mark.parametrize(
    ("gib", "billed"), (("0.2", "10"), ("10", "10"), ("83.5", "83.5")), ids=str
)
def test_storage_is_what_was_measured_but_never_below_the_smallest(gib: str, billed: str) -> None:
    settings = load({})
    found = deployed_estimate(settings, seen_as(settings, D(gib)), Usage(storage_gib=D(50)))
    lines = [line for line in found.lines if line.name == "Storage"]
    assert {line.region: line.quantity for line in lines} == dict.fromkeys(
        (HOME, STANDBY), D(billed)
    )
    assert {line.kind for line in lines} == {"usage"}


@pytest.mark.parametrize(
    ("region", "name", "count", "figure", "deployed"),
    (
        (HOME, "Alarms", 12, "cloudwatch:alarm", 12),
        (WITNESS, "Alarms", 0, "cloudwatch:alarm", None),
        (STANDBY, "Alarm over alarms", 0, "cloudwatch:composite", None),
        (STANDBY, "Key", 0, "kms:key", None),
        (HOME, "Metrics of votes", 1, "cloudwatch:metric", 1),
        ("global", "Dashboards", 1, "cloudwatch:dashboard", 1),
        ("global", "Private zone", 0, "route53:zone", None),
        ("global", "Checks over metrics and checks", 3, "route53:check/derived", 3),
        ("global", "Option: an interval of 10 s", 1, "route53:check/feature", 1),
    ),
)
def test_things_that_are_counted(
    region: str, name: str, count: int, figure: str, deployed: int | None
) -> None:
    _, seen, _ = default()
    found = differences(replace(seen, counts=changed(seen.counts, region, name, count)))
    assert [(key, old) for key, (old, _) in found.items()] == [((region, figure), deployed)]


def test_what_the_usage_says_of_counted_things_holds_for_both() -> None:
    _, seen, _ = default()
    usage = Usage(key_rotations=D(5), derived_checks="included")
    assert differences(seen, usage) == {}


@pytest.mark.parametrize(
    ("region", "name"), ((HOME, "Controller"), (WITNESS, "Prober"), (HOME, "Record"))
)
def test_what_is_not_there_is_not_paid_for(region: str, name: str) -> None:
    settings, seen, _ = default()
    without = replace(seen, there=changed(seen.there, region, name, False))
    found = deployed_estimate(settings, without, USAGE)
    gone = compare(found, estimate(settings, USAGE)).differences
    own = [each for each in gone if each.line.region == region]
    assert len(own) == 4
    assert all(each.change == "added" and each.line.name.startswith(name) for each in own)


def test_a_region_without_a_member_has_none_of_its_lines() -> None:
    settings, seen, _ = default()
    without = replace(seen, members={**seen.members, STANDBY: None})
    found = deployed_estimate(settings, without, USAGE)
    names = {line.name for line in found.lines if line.region == STANDBY}
    assert not [n for n in names if n.startswith(("Serverless", "Storage", "Read", "Database"))]
    assert "Key" in names


def test_the_controllers_rhythm_and_the_way_of_dns_are_those_deployed() -> None:
    settings, seen, _ = default()
    slow = load({"failover": {"probeIntervalS": 30, "threshold": 3}})
    found = deployed_estimate(settings, replace(seen, rhythm=Rhythm(30, has_latch=True)), USAGE)
    assert found.total == estimate(slow, USAGE).total


def test_nothing_is_deployed() -> None:
    settings = load({"environmentSuffix": "blue"})
    full = seen_as(settings)
    seen = Seen(
        members=dict.fromkeys(full.members),
        volumes=dict.fromkeys(full.volumes),
        counts=dict.fromkeys(full.counts, 0),
        there=dict.fromkeys(full.there, False),
        rhythm=None,
    )
    found = deployed_estimate(settings, seen, USAGE)
    assert found.lines == ()
    assert found.total == 0
    assert list(remarks(settings, seen)) == [
        "Nothing of the environment blue is deployed in us-east-1, us-west-2, us-east-2."
    ]


def test_what_could_not_be_read_stands_as_asked_and_is_named_once() -> None:
    settings, seen, _ = default()
    silent = Seen(
        members=dict.fromkeys(seen.members, NO_ANSWER),
        volumes=dict.fromkeys(seen.volumes, NO_ANSWER),
        counts=dict.fromkeys(seen.counts, NO_ANSWER),
        there=dict.fromkeys(seen.there, NO_ANSWER),
        rhythm=NO_ANSWER,
    )
    assert differences(silent) == {}
    (said,) = (line for line in remarks(settings, silent) if "no answer" in line)
    assert said.endswith(
        "own quantity stands: kms:DescribeKey in us-east-1: no answer. Check again."
    )


def test_what_is_never_read_is_named() -> None:
    settings, seen, _ = default()
    said = " ".join(remarks(settings, seen))
    assert "the secret and its replica" in said
    assert f"No VolumeBytesUsed was published in {HOME} within a day" in said
    measured = " ".join(remarks(settings, seen_as(settings, D(12))))
    assert "VolumeBytesUsed" not in measured
