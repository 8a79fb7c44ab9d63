"""Topics, subscriptions and alarms."""

from __future__ import annotations

from typing import Any

import pytest

OTHER = "o" * 50
MEMBERS = {"us-east-1": "use1", "us-west-2": "usw2"}
ON_MEMBER = {
    "cpu": ("CPUUtilization", "GreaterThanThreshold", "notBreaching"),
    "memory": ("FreeableMemory", "LessThanThreshold", "notBreaching"),
    "storage": ("AuroraVolumeBytesLeftTotal", "LessThanThreshold", "notBreaching"),
    "connectivity": ("EngineUptime", "LessThanThreshold", "breaching"),
    "lag": ("AuroraGlobalDBReplicationLag", "GreaterThanThreshold", "notBreaching"),
}


def alarm(program: Any, kind: str, region: str) -> Any:
    (suffix,) = {found.name.rpartition("-")[2] for found in program.of("Table")}
    return program.one("MetricAlarm", f"{kind}-{MEMBERS[region]}-{suffix}")


@pytest.mark.parametrize("region", MEMBERS)
@pytest.mark.parametrize("kind", ON_MEMBER)
def test_each_member_is_watched_in_its_own_region(default: Any, kind: str, region: str) -> None:
    found = alarm(default, kind, region)
    metric, comparison, missing = ON_MEMBER[kind]
    assert found.region == region
    assert found.inputs["namespace"] == "AWS/RDS"
    assert found.inputs["metricName"] == metric
    assert found.inputs["comparisonOperator"] == comparison
    assert found.inputs["treatMissingData"] == missing
    assert found.inputs["dimensions"] == {"DBClusterIdentifier": f"aurora-{MEMBERS[region]}-dev"}


@pytest.mark.parametrize("region", MEMBERS)
def test_the_lag_alarm_has_the_threshold_that_was_asked_for(
    default: Any, public: Any, region: str
) -> None:
    assert alarm(default, "lag", region).inputs["threshold"] == 5000
    assert alarm(public, "lag", region).inputs["threshold"] == 700
    assert "700 ms" in alarm(public, "lag", region).inputs["alarmDescription"]


@pytest.mark.parametrize("region", MEMBERS)
def test_a_controller_that_does_not_run_is_noticed(default: Any, region: str) -> None:
    silent = alarm(default, "silent", region)
    assert silent.inputs["dimensions"] == {"FunctionName": f"control-{MEMBERS[region]}-dev"}
    assert silent.inputs["metricName"] == "Invocations"
    assert silent.inputs["treatMissingData"] == "breaching"
    errors = alarm(default, "errors", region)
    assert errors.inputs["metricName"] == "Errors"
    assert errors.inputs["threshold"] == 2


@pytest.mark.parametrize(("which", "check"), (("default", "latch"), ("public", "endpoint")))
def test_moved_dns_is_noticed_where_route_53_has_its_metrics(
    which: str, check: str, request: pytest.FixtureRequest
) -> None:
    program = request.getfixturevalue(which)
    found = alarm(program, "status", "us-east-1")
    assert found.region == "us-east-1"
    assert found.inputs["namespace"] == "AWS/Route53"
    assert found.inputs["metricName"] == "HealthCheckStatus"
    assert found.inputs["dimensions"] == {"HealthCheckId": f"HealthCheck-{check}-dev"}
    assert found.inputs["threshold"] == 1


def test_dns_that_nothing_moves_is_not_watched(production: Any) -> None:
    assert not [found for found in production.of("MetricAlarm") if "status" in found.name]
    assert {found.region for found in production.of("Topic")} == {"eu-central-1", "eu-west-1"}


def test_every_alarm_but_the_latch_tells_its_own_region_both_times(default: Any) -> None:
    for found in default.of("MetricAlarm"):
        if found.name.startswith("latch-"):
            assert "alarmActions" not in found.inputs
        else:
            topic = [default.outputs["topic_arns"][found.region]]
            assert found.inputs["alarmActions"] == found.inputs["okActions"] == topic
            assert found.inputs["alarmDescription"]


def test_topics_are_encrypted_with_their_region_s_key(default: Any, european: Any) -> None:
    for region, code in MEMBERS.items():
        topic = default.one("Topic", f"notify-{code}-dev")
        assert topic.region == region
        assert topic.inputs["kmsMasterKeyId"].endswith(f"{region}:123456789012:aurora-{code}-dev")
    elsewhere = european.one("Topic", f"notify-use1-{OTHER}")
    assert "kmsMasterKeyId" not in elsewhere.inputs


def test_every_address_hears_from_every_topic(default: Any, public: Any) -> None:
    assert default.of("TopicSubscription") == []
    heard = {
        (found.inputs["topic"], found.inputs["protocol"], found.inputs["endpoint"])
        for found in public.of("TopicSubscription")
    }
    assert heard == {
        (arn, "email", address)
        for arn in public.outputs["topic_arns"].values()
        for address in ("dba@example.com", "oncall@example.com")
    }
