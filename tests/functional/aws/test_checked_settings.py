"""Settings that `check` passes deploy into the embedded AWS and go away again, databases and all.

The few and dear part of `tests/unit/checked`: every service of the embedded AWS gets every request.
"""

from __future__ import annotations

from typing import Any

import pytest

from bicoastal.cli.stackfile import PLACEHOLDER_SECRET
from bicoastal.lab.drill.deploying import Stack
from bicoastal.lab.drill.environment import Environment
from bicoastal.settings import load

pytestmark = pytest.mark.lab

EVERYTHING: dict[str, Any] = {
    "environmentSuffix": "9" * 50,
    "profile": "production",
    "project": "other",
    "costCenter": "12",
    "tags": {"Owner": "data platform", "Größe": "zehn"},
    "domainName": "writer.db.corp.internal",
    "regions": {"home": "us-west-2", "standby": "us-east-1", "witness": "us-east-2"},
    "database": {
        "engineVersion": "8.4.mysql_aurora.8.4.7",
        "instanceClass": "db.r7i.2xlarge",
        "instancesPerMember": 2,
        "databaseName": "A_1",
        "backupRetentionDays": 35,
        "backupWindow": "23:45-00:15",
        "maintenanceWindow": "sun:04:00-sun:05:00",
        "deletionProtection": False,
        "monitoringIntervalS": 1,
        "storageType": "aurora-iopt1",
    },
    "network": {
        "homeCidr": "10.99.0.0/26",
        "standbyCidr": "172.16.0.0/17",
        "witnessCidr": "192.168.0.0/26",
        "zonesPerRegion": 3,
        "clientCidrs": ["10.40.0.0/16", "10.40.0.0/17"],
    },
    "health": {"endpointCheck": "public", "intervalS": 30, "failureThreshold": 2},
    "dns": {"mode": "health-check", "ttlS": 0},
    "failover": {"mode": "approve", "probeIntervalS": 5, "threshold": 20, "graceS": 0},
    "monitoring": {"lagAlarmMs": 1, "alarmEmails": ["ops@example.com"]},
}


def test_settings_that_differ_in_every_key_deploy() -> None:
    home = EVERYTHING["regions"]["home"]
    settings = load({"secretArn": PLACEHOLDER_SECRET.format(region=home)} | EVERYTHING)
    with Environment(settings, pace=20.0) as lab:
        stack = Stack(lab, settings)
        stack.deploy()
        for region in settings.regions.members:
            (found,) = lab.client("rds", region).describe_db_clusters()["DBClusters"]
            assert found["PreferredBackupWindow"] == "23:45-00:15"
            assert found["PreferredMaintenanceWindow"] == "sun:04:00-sun:05:00"
        assert stack.destroy() == []


def test_what_the_network_cannot_be_is_refused(lab: Any) -> None:
    ec2 = lab.aws.client("ec2", lab.home)

    def refused(code: str) -> Any:
        return pytest.raises(ec2.exceptions.ClientError, match=rf"\({code}\)")

    def vpc(cidr: str, region: str = lab.home) -> str:
        made = lab.aws.client("ec2", region).create_vpc(CidrBlock=cidr)
        return str(made["Vpc"]["VpcId"])

    with refused("InvalidVpc.Range"):
        vpc("10.0.0.0/8")
    home, standby = vpc("10.10.0.0/16"), vpc("10.10.128.0/17", lab.standby)
    with refused("InvalidParameterValue"):
        ec2.create_vpc_peering_connection(VpcId=home, PeerVpcId=standby, PeerRegion=lab.standby)
    ec2.create_subnet(VpcId=home, CidrBlock="10.10.0.0/24")
    with refused("InvalidSubnet.Conflict"):
        ec2.create_subnet(VpcId=home, CidrBlock="10.10.0.128/25")
    with refused("InvalidSubnet.Range"):
        ec2.create_subnet(VpcId=home, CidrBlock="10.20.0.0/24")
    group = ec2.create_security_group(GroupName="g", Description="g", VpcId=home)["GroupId"]
    rule = {"IpProtocol": "tcp", "FromPort": 3306, "ToPort": 3306}
    permission = [rule | {"IpRanges": [{"CidrIp": "10.40.0.0/16"}]}]
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=permission)
    with refused("InvalidPermission.Duplicate"):
        ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=permission)


def test_what_a_health_check_cannot_be_is_refused(lab: Any) -> None:
    route53 = lab.aws.client("route53", lab.home)

    def check(**config: Any) -> Any:
        asked = {"Type": "TCP", "FullyQualifiedDomainName": "db.example.com", "Port": 3306}
        return route53.create_health_check(
            CallerReference=str(config), HealthCheckConfig=asked | config
        )

    assert check(RequestInterval=10, FailureThreshold=10)["HealthCheck"]["Id"]
    for config in ({"RequestInterval": 20}, {"FailureThreshold": 11}):
        with pytest.raises(route53.exceptions.InvalidInput):
            check(**config)
