"""Zones, health checks and records."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from bicoastal.lab.provider import ProviderError

from .conftest import EAST, MIDDLE, WEST, Client, Hand, Hands, life

ZONE = "aws:route53/zone:Zone"
CHECK = "aws:route53/healthCheck:HealthCheck"
RECORD = "aws:route53/record:Record"


def test_private_zone(hands: Hands, client: Client) -> None:
    hand = hands()
    vpcs = [
        {"vpcId": hands(r).create("aws:ec2/vpc:Vpc", "v", cidrBlock="10.1.0.0/16").id}
        | ({"vpcRegion": r} if r != EAST else {})
        for r in (EAST, WEST, MIDDLE)
    ]
    zone = hand.create(
        ZONE, "z", name="example.com", comment="c", vpcs=vpcs[:2], tags={"Name": "z"}
    )
    route53 = client("route53")

    def found() -> set[str]:
        return {v["VPCRegion"] for v in route53.get_hosted_zone(Id=zone.id)["VPCs"]}

    assert zone.id == zone.outputs["zoneId"]
    assert not zone.id.startswith("/hostedzone/")
    assert found() == {EAST, WEST}
    zone = hand.update(zone, vpcs=vpcs[1:], comment="d", tags={"Other": "x"})
    assert found() == {WEST, MIDDLE}
    tags = route53.list_tags_for_resource(ResourceType="hostedzone", ResourceId=zone.id)
    assert tags["ResourceTagSet"]["Tags"] == [{"Key": "Other", "Value": "x"}]
    life(hand, zone)
    with pytest.raises(ClientError, match="NoSuchHostedZone"):
        route53.get_hosted_zone(Id=zone.id)


def test_public_zone_with_records_of_others(hand: Hand, client: Client) -> None:
    zones = [
        hand.create(ZONE, f"z{n}", name=f"{n}.example.com", forceDestroy=force)
        for n, force in enumerate((False, True))
    ]
    assert zones[0].outputs["nameServers"]
    for zone in zones:
        client("route53").change_resource_record_sets(
            HostedZoneId=zone.id,
            ChangeBatch={
                "Changes": [
                    {
                        "Action": "CREATE",
                        "ResourceRecordSet": {
                            "Name": f"x.{zone.outputs['name']}",
                            "Type": "A",
                            "TTL": 5,
                            "ResourceRecords": [{"Value": "192.0.2.1"}],
                        },
                    }
                ]
            },
        )

    with pytest.raises(ProviderError, match="HostedZoneNotEmpty"):
        hand.delete(zones[0])
    life(hand, zones[1])


def test_health_checks_of_all_types(hand: Hand, client: Client) -> None:
    route53 = client("route53")

    def found(id_: str) -> dict[str, Any]:
        return dict(route53.get_health_check(HealthCheckId=id_)["HealthCheck"]["HealthCheckConfig"])

    tcp = hand.create(
        CHECK, "tcp", type="TCP", fqdn="db.example.com", port=3306, requestInterval=10,
        failureThreshold=3, tags={"Name": "tcp"},
    )  # fmt: skip
    assert found(tcp.id)["FullyQualifiedDomainName"] == "db.example.com"
    assert (found(tcp.id)["Port"], found(tcp.id)["RequestInterval"]) == (3306, 10)
    alarm = hand.create(
        CHECK, "alarm", type="CLOUDWATCH_METRIC", cloudwatchAlarmName="latch",
        cloudwatchAlarmRegion=WEST, insufficientDataHealthStatus="LastKnownStatus",
        triggers={"threshold": "1"},
    )  # fmt: skip
    assert found(alarm.id)["AlarmIdentifier"] == {"Name": "latch", "Region": WEST}
    assert found(alarm.id)["InsufficientDataHealthStatus"] == "LastKnownStatus"
    calculated = hand.create(
        CHECK, "calculated", type="CALCULATED", childHealthchecks=[tcp.id, alarm.id],
        childHealthThreshold=1,
    )  # fmt: skip
    assert len(found(calculated.id)["ChildHealthChecks"]) == 2
    assert found(calculated.id)["HealthThreshold"] == 1

    calculated = hand.update(calculated, childHealthThreshold=2)
    assert found(calculated.id)["HealthThreshold"] == 2
    tcp = hand.update(tcp, failureThreshold=5, tags={"Other": "x"})
    assert found(tcp.id)["FailureThreshold"] == 5
    tags = route53.list_tags_for_resource(ResourceType="healthcheck", ResourceId=tcp.id)
    assert tags["ResourceTagSet"]["Tags"] == [{"Key": "Other", "Value": "x"}]
    assert hand.diff(tcp, type="TCP", requestInterval=30).replaces == ["requestInterval"]
    for check in (calculated, tcp):
        life(hand, check)
    life(hand, alarm, {"triggers": {"threshold": "2"}})
    assert route53.list_health_checks()["HealthChecks"] == []


def test_failover_records(hand: Hand, client: Client) -> None:
    zone = hand.create(ZONE, "z", name="example.com")
    check = hand.create(CHECK, "c", type="TCP", fqdn="x.example.com", port=3306).id
    common = {"zoneId": zone.id, "name": "db.example.com", "type": "CNAME", "ttl": 5}
    primary = hand.create(
        RECORD, "p", **common, records=["one.example.net"], setIdentifier="use1",
        failoverRoutingPolicies=[{"type": "PRIMARY"}], healthCheckId=check,
    )  # fmt: skip
    secondary = hand.create(
        RECORD, "s", **common, records=["two.example.net"], setIdentifier="usw2",
        failoverRoutingPolicies=[{"type": "SECONDARY"}],
    )  # fmt: skip

    def found() -> dict[str, dict[str, Any]]:
        sets = client("route53").list_resource_record_sets(HostedZoneId=zone.id)
        return {r["SetIdentifier"]: r for r in sets["ResourceRecordSets"] if r["Type"] == "CNAME"}

    assert found()["use1"]["Failover"] == "PRIMARY"
    assert found()["use1"]["HealthCheckId"] == check
    assert found()["usw2"]["Failover"] == "SECONDARY"
    assert "HealthCheckId" not in found()["usw2"]
    assert found()["usw2"]["ResourceRecords"] == [{"Value": "two.example.net"}]
    assert found()["usw2"]["TTL"] == 5
    assert primary.id == f"{zone.id}_db.example.com_CNAME_use1"
    assert primary.outputs["fqdn"] == "db.example.com"

    life(hand, primary, {"records": ["three.example.net"]})
    assert set(found()) == {"usw2"}
    life(hand, secondary)
    life(hand, zone)
    assert hand.read(primary) is None  # not even the zone is there


def test_other_records(hand: Hand, client: Client) -> None:
    zone = hand.create(ZONE, "z", name="example.com")
    common = {"zoneId": zone.id, "name": "w.example.com", "type": "A", "ttl": 5}
    weighted = hand.create(
        RECORD, "w", **common, records=["192.0.2.1"], setIdentifier="one",
        weightedRoutingPolicies=[{"weight": 7}],
    )  # fmt: skip
    alias = hand.create(
        RECORD, "a", zoneId=zone.id, name="a.example.com", type="A",
        aliases=[{"zoneId": zone.id, "name": "w.example.com", "evaluateTargetHealth": False}],
    )  # fmt: skip
    simple = {"zoneId": zone.id, "name": "s.example.com", "type": "A", "ttl": 5}
    hand.create(RECORD, "s", **simple, records=["192.0.2.1"])
    with pytest.raises(ProviderError, match="InvalidChangeBatch"):
        hand.create(RECORD, "t", **simple, records=["192.0.2.2"])
    again = hand.create(RECORD, "t", **simple, records=["192.0.2.2"], allowOverwrite=True)

    sets = client("route53").list_resource_record_sets(HostedZoneId=zone.id)
    found = {r["Name"].rstrip("."): r for r in sets["ResourceRecordSets"]}
    assert found["w.example.com"]["Weight"] == 7
    assert found["a.example.com"]["AliasTarget"]["DNSName"].rstrip(".") == "w.example.com"
    assert found["s.example.com"]["ResourceRecords"] == [{"Value": "192.0.2.2"}]
    for record in (weighted, alias, again):
        life(hand, record)
