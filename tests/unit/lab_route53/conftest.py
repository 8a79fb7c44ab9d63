"""A small fake of the three services that the data plane reads.

A fake, because MiniStack by itself stores the children of CALCULATED checks wrongly; the lab's
layer over it mends that and is tested with it elsewhere.
"""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from bicoastal.lab.network import AddressPlan

HOME, STANDBY, WITNESS = "us-east-1", "us-west-2", "us-east-2"
DOMAIN = "db-dev.example.com"


def endpoint(region: str) -> str:
    return f"aurora.cluster-abc123.{region}.rds.amazonaws.com"


def pair(health_check: str) -> list[dict[str, Any]]:
    """The failover pair of the stack."""
    return [
        {
            "Name": DOMAIN + ".",
            "Type": "CNAME",
            "TTL": 5,
            "SetIdentifier": region,
            "Failover": failover,
            "ResourceRecords": [{"Value": endpoint(region)}],
            **({"HealthCheckId": health_check} if failover == "PRIMARY" else {}),
        }
        for region, failover in ((HOME, "PRIMARY"), (STANDBY, "SECONDARY"))
    ]


class FakeAws:
    """Route 53, CloudWatch and RDS as far as they are read; pages hold one item each."""

    def __init__(self) -> None:
        self.records: list[dict[str, Any]] = []
        self.checks: list[dict[str, Any]] = []
        self.alarms: dict[tuple[str, str], dict[str, Any]] = {}
        self.points: dict[str, list[tuple[float, float]]] = {}
        self.global_clusters: list[dict[str, Any]] = []
        self.down: set[tuple[str, str]] = set()
        self.calls: list[tuple[str, str, dict[str, Any]]] = []

    def client_for(self, service: str, region: str) -> _Client:
        return _Client(self, service, region)

    def check(self, id_: str, **config: Any) -> None:
        self.checks.append(
            {
                "Id": id_,
                "CallerReference": id_,
                "HealthCheckVersion": 1,
                "HealthCheckConfig": config,
            }
        )

    def latch(self) -> None:
        """The stack's default: a metric in three regions, two of which must say 1."""
        regions = (HOME, STANDBY, WITNESS)
        for region in regions:
            self.alarms[region, "latch"] = {
                "Namespace": "Bicoastal",
                "MetricName": "HomeIsWriter",
                "Dimensions": [{"Name": "Cluster", "Value": "global-dev"}],
                "Statistic": "Minimum",
                "Period": 60,
                "EvaluationPeriods": 1,
                "ComparisonOperator": "LessThanThreshold",
                "Threshold": 1.0,
            }
            self.check(
                f"latch-{region}",
                Type="CLOUDWATCH_METRIC",
                AlarmIdentifier={"Region": region, "Name": "latch"},
                InsufficientDataHealthStatus="LastKnownStatus",
            )
        children = [f"latch-{region}" for region in regions]
        self.check("both", Type="CALCULATED", HealthThreshold=2, ChildHealthChecks=children)
        self.records = pair("both")

    def put(self, value: float, *regions: str) -> None:
        for region in regions or (HOME, STANDBY, WITNESS):
            self.points.setdefault(region, []).append((time.time(), value))


class _Client:
    def __init__(self, aws: FakeAws, service: str, region: str) -> None:
        self._aws, self._service, self._region = aws, service, region

    def _called(self, operation: str, **arguments: Any) -> None:
        if (self._service, self._region) in self._aws.down:
            raise EndpointConnectionError(endpoint_url=self._region)
        self._aws.calls.append((operation, self._region, arguments))

    def get_paginator(self, operation: str) -> _Paginator:
        return _Paginator(self, operation)

    def pages(self, operation: str, **arguments: Any) -> Iterator[dict[str, Any]]:
        self._called(operation, **arguments)
        key, items = {
            "list_hosted_zones": (
                "HostedZones",
                [{"Id": "/hostedzone/Z1", "Name": "example.com."}],
            ),
            "list_health_checks": ("HealthChecks", self._aws.checks),
            "list_resource_record_sets": ("ResourceRecordSets", self._aws.records),
        }[operation]
        yield {}
        for item in items:
            yield {key: [item]}

    def describe_alarms(self, AlarmNames: list[str]) -> dict[str, Any]:  # noqa: N803
        self._called("describe_alarms")
        found = self._aws.alarms.get((self._region, AlarmNames[0]))
        return {"MetricAlarms": [found] if found else []}

    def get_metric_statistics(self, **query: Any) -> dict[str, Any]:
        self._called("get_metric_statistics", **query)
        period_s = query["Period"]
        windows: dict[float, list[float]] = {}
        for at, value in self._aws.points.get(self._region, ()):
            if query["StartTime"].timestamp() <= at < query["EndTime"].timestamp():
                windows.setdefault(at // period_s * period_s, []).append(value)
        return {
            "Datapoints": [
                {"Timestamp": dt.datetime.fromtimestamp(at, dt.UTC), "Minimum": min(values)}
                for at, values in windows.items()
            ]
        }

    def describe_global_clusters(self) -> dict[str, Any]:
        if not self._aws.global_clusters:
            raise ClientError({"Error": {"Code": "Throttling", "Message": "no"}}, "Describe")
        self._called("describe_global_clusters")
        return {"GlobalClusters": self._aws.global_clusters}


class _Paginator:
    def __init__(self, client: _Client, operation: str) -> None:
        self._client, self._operation = client, operation

    def paginate(self, **arguments: Any) -> Iterator[dict[str, Any]]:
        return self._client.pages(self._operation, **arguments)


@pytest.fixture
def aws() -> FakeAws:
    return FakeAws()


@pytest.fixture
def plan() -> AddressPlan:
    return AddressPlan.allocate(["clients", "internet"], [HOME, STANDBY])
