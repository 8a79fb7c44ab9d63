"""How clients find the writer, in each of the three modes."""

from __future__ import annotations

from typing import Any

import pytest

OTHER = "o" * 50
REGIONS = {"us-east-1": "use1", "us-west-2": "usw2", "us-east-2": "use2"}


def checks(program: Any, kind: str) -> list[Any]:
    return [found for found in program.of("HealthCheck") if found.inputs["type"] == kind]


def pair(program: Any) -> tuple[Any, Any]:
    """The failover pair: PRIMARY, SECONDARY."""
    by_role = {
        found.inputs["failoverRoutingPolicies"][0]["type"]: found for found in program.of("Record")
    }
    assert set(by_role) == {"PRIMARY", "SECONDARY"}
    return by_role["PRIMARY"], by_role["SECONDARY"]


@pytest.mark.parametrize("region", REGIONS)
def test_the_latch_has_a_check_in_each_of_three_regions(default: Any, region: str) -> None:
    name = f"latch-{REGIONS[region]}-dev"
    alarm = default.one("MetricAlarm", name)
    assert alarm.region == region
    expected = {
        "name": name,
        "namespace": "Bicoastal",
        "metricName": "HomeIsWriter",
        "dimensions": {"Cluster": "global-dev"},
        "statistic": "Minimum",
        "period": 60,
        "evaluationPeriods": 1,
        "comparisonOperator": "LessThanThreshold",
        "threshold": 1,
        "treatMissingData": "missing",
    }
    assert {key: alarm.inputs[key] for key in expected} == expected
    # Route 53 follows neither M of N nor other kinds of statistics.
    assert {"datapointsToAlarm", "metricQueries", "extendedStatistic"}.isdisjoint(alarm.inputs)
    check = default.one("HealthCheck", name)
    assert check.inputs["type"] == "CLOUDWATCH_METRIC"
    assert check.inputs["cloudwatchAlarmName"] == name
    assert check.inputs["cloudwatchAlarmRegion"] == region
    assert check.inputs["insufficientDataHealthStatus"] == "LastKnownStatus"


def test_a_changed_alarm_makes_route_53_read_it_again(default: Any, european: Any) -> None:
    first = default.one("HealthCheck", "latch-use1-dev").inputs["triggers"]
    second = european.one("HealthCheck", f"latch-euc1-{OTHER}").inputs["triggers"]
    assert "global-dev" in first["metric"]
    assert f"global-{OTHER}" in second["metric"]
    assert first["evaluation"] == second["evaluation"] == "Minimum < 1 over 1 x 60 s"


def test_the_latch_needs_two_of_its_three_children(default: Any) -> None:
    (calculated,) = checks(default, "CALCULATED")
    children = {f"HealthCheck-latch-{code}-dev" for code in REGIONS.values()}
    assert set(calculated.inputs["childHealthchecks"]) == children
    assert len(calculated.inputs["childHealthchecks"]) == 3
    assert calculated.inputs["childHealthThreshold"] == 2
    primary, _ = pair(default)
    assert primary.inputs["healthCheckId"] == f"HealthCheck-{calculated.name}"


@pytest.mark.parametrize("which", ("default", "public"))
def test_the_failover_pair_points_to_the_members(
    which: str, request: pytest.FixtureRequest
) -> None:
    program = request.getfixturevalue(which)
    settings = {
        "default": ("Zexample.com", "db-dev.example.com", 5),
        "public": ("Z0123456789ABCDEFGHIJ", "db.example.org", 30),
    }
    endpoints = program.outputs["member_endpoints"]
    for record, region in zip(pair(program), ("us-east-1", "us-west-2"), strict=True):
        inputs = record.inputs
        assert (inputs["zoneId"], inputs["name"], inputs["ttl"]) == settings[which]
        assert inputs["type"] == "CNAME"
        assert inputs["records"] == [endpoints[region]]
        assert inputs["setIdentifier"] == REGIONS[region]
    _, secondary = pair(program)
    assert "healthCheckId" not in secondary.inputs


def test_the_classical_pair_follows_a_tcp_check_on_the_home_endpoint(public: Any) -> None:
    (endpoint,) = checks(public, "TCP")
    expected = {
        "fqdn": public.outputs["primary_cluster_endpoint"],
        "port": 3306,
        "requestInterval": 30,
        "failureThreshold": 2,
    }
    assert {key: endpoint.inputs[key] for key in expected} == expected
    (calculated,) = checks(public, "CALCULATED")
    assert calculated.inputs["childHealthchecks"] == [f"HealthCheck-{endpoint.name}"]
    assert calculated.inputs["childHealthThreshold"] == 1
    primary, _ = pair(public)
    assert primary.inputs["healthCheckId"] == f"HealthCheck-{calculated.name}"
    assert checks(public, "CLOUDWATCH_METRIC") == []
    assert not [found for found in public.of("MetricAlarm") if "latch" in found.name]
    assert public.outputs["status_check"] == "endpoint-dev"
    assert set(public.outputs["health_checks"]) == {"endpoint-dev", "tcp-use1-dev"}


def test_an_existing_zone_is_used_as_it_is(public: Any) -> None:
    assert public.of("Zone") == []
    assert public.outputs["zone_id"] == "Z0123456789ABCDEFGHIJ"
    assert public.outputs["domain_name"] == "db.example.org"


def test_without_a_zone_a_private_one_is_made_for_the_three_vpcs(default: Any) -> None:
    (zone,) = default.of("Zone")
    assert zone.inputs["name"] == "example.com"
    assert zone.inputs["vpcs"] == [
        {"vpcId": f"Vpc-vpc-{code}-dev", "vpcRegion": region} for region, code in REGIONS.items()
    ]


def test_the_global_endpoint_needs_one_record_and_no_check(production: Any) -> None:
    (record,) = production.of("Record")
    assert record.inputs["type"] == "CNAME"
    assert record.inputs["name"] == "db-live.example.com"
    assert record.inputs["records"] == [production.outputs["global_writer_endpoint"]]
    assert {"setIdentifier", "failoverRoutingPolicies", "healthCheckId"}.isdisjoint(record.inputs)
    assert production.of("HealthCheck") == []


def test_the_latch_also_serves_a_public_endpoint(european: Any) -> None:
    assert checks(european, "TCP") == []
    assert len(checks(european, "CLOUDWATCH_METRIC")) == 3
    assert all(found.inputs["publiclyAccessible"] for found in european.of("ClusterInstance"))
