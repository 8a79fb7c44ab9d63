"""Topics, alarms and who hears of them, event subscriptions, metrics of votes, dashboards."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from .watching import MEMBERS

OTHER = "o" * 50


@pytest.mark.parametrize("region", MEMBERS)
def test_each_member_is_watched_in_its_own_region(default: Any, region: str) -> None:
    on_members = [f for f in default.of("MetricAlarm") if f.inputs["namespace"] == "AWS/RDS"]
    here = [found for found in on_members if found.region == region]
    assert len(here) == len(on_members) / 2 == 9
    for found in here:
        assert found.name.split("-")[1] == MEMBERS[region]
        assert found.inputs["dimensions"] == {
            "DBClusterIdentifier": f"aurora-{MEMBERS[region]}-dev"
        }


@pytest.mark.parametrize("region", MEMBERS)
def test_each_controller_is_watched_by_its_own_function(default: Any, region: str) -> None:
    for kind in ("silent", "errors", "throttles"):
        found = default.one("MetricAlarm", f"{kind}-{MEMBERS[region]}-dev")
        assert found.region == region
        assert found.inputs["namespace"] == "AWS/Lambda"
        assert found.inputs["dimensions"] == {"FunctionName": f"control-{MEMBERS[region]}-dev"}


@pytest.mark.parametrize("region", MEMBERS)
def test_votes_are_counted_in_the_controller_s_own_log(default: Any, region: str) -> None:
    code = MEMBERS[region]
    for field, metric, kind in (
        ("down", "WitnessesDown", "down"),
        ("unknown", "WitnessesUnknown", "blind"),
        ("maintenance", "Maintenance", "maintenance"),
    ):
        found = default.one("LogMetricFilter", f"votes-{code}-{field}-dev")
        assert found.region == region
        assert found.inputs["logGroupName"] == f"/aws/lambda/control-{code}-dev"
        assert found.inputs["pattern"] == f'{{ $.event = "round" && $.{field} >= 0 }}'
        assert found.inputs["metricTransformation"] == {
            "name": metric, "namespace": "Bicoastal/dev", "value": f"$.{field}",
        }  # fmt: skip
        alarm = default.one("MetricAlarm", f"{kind}-{code}-dev")
        assert (alarm.inputs["namespace"], alarm.inputs["metricName"]) == ("Bicoastal/dev", metric)
        assert found.urn in alarm.dependencies


@pytest.mark.parametrize(("which", "check"), (("default", "latch"), ("public", "endpoint")))
def test_moved_dns_is_noticed_where_route_53_has_its_metrics(
    which: str, check: str, request: pytest.FixtureRequest
) -> None:
    program = request.getfixturevalue(which)
    found = program.one("MetricAlarm", "status-use1-dev")
    assert found.region == "us-east-1"
    assert found.inputs["namespace"] == "AWS/Route53"
    assert found.inputs["metricName"] == "HealthCheckStatus"
    assert found.inputs["dimensions"] == {"HealthCheckId": f"HealthCheck-{check}-dev"}


def test_dns_that_nothing_moves_is_not_watched(production: Any) -> None:
    assert not [found for found in production.of("MetricAlarm") if "status" in found.name]
    assert {found.region for found in production.of("Topic")} == {"eu-central-1", "eu-west-1"}


@pytest.mark.parametrize("which", ("default", "production", "european"))
def test_what_is_urgent_is_told_once_and_everything_else_by_itself(
    which: str, request: pytest.FixtureRequest
) -> None:
    program = request.getfixturevalue(which)
    below = {
        (page.region, name)
        for page in program.of("CompositeAlarm")
        for name in re.findall(r'ALARM\("([^"]+)"\)', page.inputs["alarmRule"])
    }
    assert len(program.of("CompositeAlarm")) == 4
    for found in (*program.of("MetricAlarm"), *program.of("CompositeAlarm")):
        assert found.inputs["alarmDescription"]
        silent = (found.region, found.name) in below or found.name.startswith(
            ("latch-", "maintenance-")
        )
        topic = None if silent else [program.outputs["topic_arns"][found.region]]
        assert found.inputs.get("alarmActions") == found.inputs.get("okActions") == topic
    assert below <= {(found.region, found.name) for found in program.of("MetricAlarm")}


@pytest.mark.parametrize("region", MEMBERS)
def test_only_what_work_explains_is_muted_by_the_region_s_own_alarm(
    default: Any, region: str
) -> None:
    code = MEMBERS[region]
    outage, page = (default.one("CompositeAlarm", f"{k}-{code}-dev") for k in ("outage", "page"))
    assert outage.inputs["actionsSuppressor"] == {
        "alarm": f"maintenance-{code}-dev", "waitPeriod": 60, "extensionPeriod": 180,
    }  # fmt: skip
    assert outage.inputs["alarmRule"] == " OR ".join(
        f'ALARM("{kind}-{code}-dev")' for kind in ("connectivity", "rpo", "down")
    )
    assert "actionsSuppressor" not in page.inputs
    assert page.inputs["alarmRule"].endswith(
        f' OR (ALARM("connectivity-{code}-dev") AND ALARM("down-{code}-dev"))'
    )
    muting = default.one("MetricAlarm", f"maintenance-{code}-dev")
    assert muting.region == region
    # Nobody mutes by being silent.
    assert muting.inputs["treatMissingData"] == "notBreaching"


def test_moved_dns_tells_by_itself_in_a_region_without_a_member(european: Any) -> None:
    found = european.one("MetricAlarm", f"status-use1-{OTHER}")
    assert found.inputs["alarmActions"] == [european.outputs["topic_arns"]["us-east-1"]]
    assert {page.region for page in european.of("CompositeAlarm")} == {"eu-central-1", "eu-west-1"}


def test_topics_are_encrypted_with_their_region_s_key(default: Any, european: Any) -> None:
    for region, code in MEMBERS.items():
        topic = default.one("Topic", f"notify-{code}-dev")
        assert topic.region == region
        assert topic.inputs["kmsMasterKeyId"].endswith(f"{region}:123456789012:aurora-{code}-dev")
    elsewhere = european.one("Topic", f"notify-use1-{OTHER}")
    assert "kmsMasterKeyId" not in elsewhere.inputs


def test_everybody_hears_from_every_topic(default: Any, public: Any) -> None:
    assert default.of("TopicSubscription") == []
    heard = {
        (found.inputs["topic"], found.inputs["protocol"], found.inputs["endpoint"])
        for found in public.of("TopicSubscription")
    }
    assert heard == {
        (arn, protocol, endpoint)
        for arn in public.outputs["topic_arns"].values()
        for protocol, endpoint in (
            ("email", "dba@example.com"),
            ("email", "oncall@example.com"),
            ("https", "https://events.example.com/sns"),
        )
    }


@pytest.mark.parametrize("which", ("default", "production"))
def test_rds_tells_each_region_of_its_own_member(
    which: str, request: pytest.FixtureRequest
) -> None:
    program = request.getfixturevalue(which)
    told: dict[tuple[str, str], set[str]] = {}
    for found in program.of("EventSubscription"):
        inputs = found.inputs
        told[found.region, inputs["sourceType"]] = set(inputs["sourceIds"])
        assert inputs["snsTopic"] == program.outputs["topic_arns"][found.region]
        # AWS does not say to which category the result of fencing belongs.
        assert "eventCategories" not in inputs
        (policy,) = (p for p in program.of("TopicPolicy") if p.region == found.region)
        assert policy.urn in found.dependencies
        allowed = {s["Sid"]: s for s in policy.policy()}["Events"]
        assert allowed["Principal"] == {"Service": "events.rds.amazonaws.com"}
        assert allowed["Resource"] == [inputs["snsTopic"]]
        (key,) = (key for key in program.of("Key") if key.region == found.region)
        assert {s["Sid"]: s for s in key.policy()}["Events"]["Principal"] == allowed["Principal"]
    expected: dict[tuple[str, str], set[str]] = {}
    for kind, source in (("Cluster", "db-cluster"), ("ClusterInstance", "db-instance")):
        for found in program.of(kind):
            name = found.name if kind == "Cluster" else f"ClusterInstance-{found.name}"
            expected.setdefault((found.region, source), set()).add(name)
    assert told == expected
    assert len(told) == 4


@pytest.mark.parametrize("region", MEMBERS)
def test_a_dashboard_shows_every_alarm_of_its_region_first(default: Any, region: str) -> None:
    found = default.one("Dashboard", f"bicoastal-{MEMBERS[region]}-dev")
    assert found.region == region
    first, *others = json.loads(found.inputs["dashboardBody"])["widgets"]
    assert first["type"] == "alarm"
    here = [a for a in default.of("MetricAlarm") if a.region == region]
    assert {arn.rpartition(":")[2] for arn in first["properties"]["alarms"]} == {
        alarm.name for alarm in here if not alarm.name.startswith("latch-")
    }
    # Whatever is drawn is a metric that is watched, or the size of the volume.
    drawn = {(m[0], m[1]) for widget in others for m in widget["properties"]["metrics"]}
    watched = {(a.inputs["namespace"], a.inputs["metricName"]) for a in here}
    assert drawn - watched == {("AWS/RDS", "VolumeBytesUsed")}
    for widget in others:
        assert widget["properties"]["region"] == region
        for metric in widget["properties"]["metrics"]:
            assert metric[2:] in ([], ["DBClusterIdentifier", f"aurora-{MEMBERS[region]}-dev"])


def test_widgets_of_a_dashboard_lie_side_by_side_and_fit(default: Any) -> None:
    for found in default.of("Dashboard"):
        taken: set[tuple[int, int]] = set()
        for widget in json.loads(found.inputs["dashboardBody"])["widgets"]:
            cells = {
                (x, y)
                for x in range(widget["x"], widget["x"] + widget["width"])
                for y in range(widget["y"], widget["y"] + widget["height"])
            }
            assert not cells & taken
            assert max(x for x, _ in cells) < 24
            taken |= cells


def test_dashboards_can_be_left_out(public: Any) -> None:
    assert public.of("Dashboard") == []
