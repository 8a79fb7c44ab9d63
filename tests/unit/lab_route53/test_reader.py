"""What is read from AWS, and what happens when AWS does not answer."""

from __future__ import annotations

import time

import pytest
from botocore.exceptions import BotoCoreError

from bicoastal.lab.route53.reader import Reader
from bicoastal.lab.route53.rules import Alarm, AlarmState, HealthCheck

from .conftest import DOMAIN, HOME, STANDBY, WITNESS, FakeAws, endpoint

OK, ALARM, INSUFFICIENT = AlarmState.OK, AlarmState.ALARM, AlarmState.INSUFFICIENT_DATA


def reader(aws: FakeAws, pace: float = 1.0) -> Reader:
    return Reader(aws.client_for, [HOME, STANDBY], pace)


def test_records_of_every_page_are_read(aws: FakeAws) -> None:
    aws.latch()
    aws.records.append(
        {"Name": "Alias.Example.com.", "Type": "A", "AliasTarget": {"DNSName": "x."}}
    )
    (zone,) = reader(aws).snapshot().zones
    assert zone.name == "example.com."
    primary, secondary, alias = zone.records
    assert (primary.name, primary.type, primary.ttl_s) == (DOMAIN + ".", "CNAME", 5)
    assert (primary.failover, primary.health_check) == ("PRIMARY", "both")
    assert primary.values == (endpoint(HOME),)
    assert (secondary.set_id, secondary.failover) == (STANDBY, "SECONDARY")
    assert secondary.health_check == ""
    assert (alias.name, alias.values) == ("alias.example.com.", ())


def test_checks_are_read_with_the_defaults_of_route_53(aws: FakeAws) -> None:
    aws.check("t", Type="TCP", FullyQualifiedDomainName="db.example.com", Port=3306)
    aws.check("i", Type="TCP", IPAddress="192.0.2.1", Port=3306, RequestInterval=10,
              FailureThreshold=1, Inverted=True, Disabled=True)  # fmt: skip
    aws.check("c", Type="CALCULATED", ChildHealthChecks=["t", "i"], HealthThreshold=2)
    checks = reader(aws).snapshot().checks
    assert checks == {
        "t": HealthCheck("t", "TCP", host="db.example.com", port=3306),
        "i": HealthCheck(
            "i", "TCP", True, True, host="192.0.2.1", port=3306, interval_s=10, failure_threshold=1
        ),
        "c": HealthCheck("c", "CALCULATED", children=("t", "i"), health_threshold=2),
    }


def test_an_alarm_is_described_once_and_later_edits_are_not_followed(aws: FakeAws) -> None:
    aws.latch()
    read = reader(aws)
    first = read.snapshot().checks[f"latch-{WITNESS}"].alarm
    assert first == Alarm(
        WITNESS, "Bicoastal", "HomeIsWriter", (("Cluster", "global-dev"),), "Minimum", 60, 1,
        "LessThanThreshold", 1.0,
    )  # fmt: skip
    aws.alarms[WITNESS, "latch"]["Threshold"] = 99.0
    assert read.snapshot().checks[f"latch-{WITNESS}"].alarm == first
    assert sum(operation == "describe_alarms" for operation, *_ in aws.calls) == 3
    aws.checks[2]["HealthCheckVersion"] = 2  # UpdateHealthCheck was called
    changed = read.snapshot().checks[f"latch-{WITNESS}"].alarm
    assert changed is not None
    assert changed.threshold == 99.0


def test_the_configuration_that_route_53_copied_is_preferred(aws: FakeAws) -> None:
    aws.latch()
    copied = aws.alarms.pop((HOME, "latch"))
    aws.checks[0]["CloudWatchAlarmConfiguration"] = copied
    assert reader(aws).snapshot().checks[f"latch-{HOME}"].alarm is not None


def test_an_alarm_that_cannot_be_described_is_asked_for_again(aws: FakeAws) -> None:
    aws.latch()
    alarm = aws.alarms.pop((HOME, "latch"))
    aws.down.add(("cloudwatch", STANDBY))
    aws.put(0)
    read = reader(aws)
    snapshot = read.snapshot()
    assert read.streams(snapshot) == {
        f"latch-{HOME}": INSUFFICIENT,
        f"latch-{STANDBY}": INSUFFICIENT,
        f"latch-{WITNESS}": ALARM,
    }
    aws.alarms[HOME, "latch"] = alarm
    aws.down.clear()
    assert set(read.streams(read.snapshot()).values()) == {ALARM}


def test_streams_follow_the_newest_points_and_go_stale(aws: FakeAws) -> None:
    aws.latch()
    read = reader(aws, pace=60)
    snapshot = read.snapshot()
    assert set(read.streams(snapshot).values()) == {INSUFFICIENT}
    aws.put(1)
    assert set(read.streams(snapshot).values()) == {OK}
    aws.put(0, HOME)
    assert read.streams(snapshot)[f"latch-{HOME}"] is ALARM
    aws.points[HOME] = [(time.time() - 3.5, 0.0)]
    assert read.streams(snapshot)[f"latch-{HOME}"] is INSUFFICIENT
    periods = {query["Period"] for name, _, query in aws.calls if name.startswith("get_metric")}
    assert periods == {1}  # 60 s, sixty times faster


def test_a_region_that_does_not_answer_has_no_data(aws: FakeAws) -> None:
    aws.latch()
    aws.put(1)
    read = reader(aws)
    snapshot = read.snapshot()
    aws.down.add(("cloudwatch", HOME))
    assert read.streams(snapshot)[f"latch-{HOME}"] is INSUFFICIENT
    assert read.streams(snapshot)[f"latch-{WITNESS}"] is OK


def test_a_disabled_check_is_not_asked_about(aws: FakeAws) -> None:
    aws.latch()
    aws.checks[0]["HealthCheckConfig"]["Disabled"] = True
    read = reader(aws)
    assert set(read.streams(read.snapshot())) == {f"latch-{STANDBY}", f"latch-{WITNESS}"}


def test_global_endpoints_lead_to_the_writer_whichever_region_answers(aws: FakeAws) -> None:
    arn = "arn:aws:rds:us-west-2:123456789012:cluster:aurora-usw2-dev"
    members = [
        {"DBClusterArn": arn.replace(STANDBY, HOME), "IsWriter": False},
        {"DBClusterArn": arn, "IsWriter": True},
    ]
    name = "Global-dev.global-1.global.rds.amazonaws.com"
    aws.global_clusters = [
        {"Endpoint": name, "GlobalClusterMembers": members},
        {"Endpoint": "empty.global-2.global.rds.amazonaws.com", "GlobalClusterMembers": []},
        {"GlobalClusterMembers": members},
    ]
    aws.down.add(("rds", HOME))
    assert reader(aws).snapshot().writers == {name.lower() + ".": STANDBY}
    aws.global_clusters = []
    assert reader(aws).snapshot().writers == {}


def test_a_silent_control_plane_is_the_callers_matter(aws: FakeAws) -> None:
    aws.down.add(("route53", HOME))
    with pytest.raises(BotoCoreError):
        reader(aws).snapshot()
