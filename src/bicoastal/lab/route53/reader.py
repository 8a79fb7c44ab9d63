"""Reads Route 53's control plane and CloudWatch's metrics from the embedded AWS, by boto3."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from bicoastal.lab.route53.rules import Alarm, AlarmState, HealthCheck, Record, alarm_state
from bicoastal.lab.route53.zones import Snapshot, Zone, normal

ClientFor = Callable[[str, str], Any]
# The last one is no BotoCoreError: an answer that is none of the API's.
UNREACHABLE = (BotoCoreError, ClientError, ResponseParserError)

# Route 53's control plane is in us-east-1
# (https://docs.aws.amazon.com/whitepapers/latest/aws-fault-isolation-boundaries/global-services.html).
_ROUTE53_REGION = "us-east-1"
# CloudWatch looks at more periods than it evaluates, so that a late point is not a missing one
# (https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html).
_MORE_PERIODS = 2


class Reader:
    """Turns API answers into the values that the rules work on.

    Args:
        client_for: Gives a boto3 client for (service, region).
        regions: Regions to ask for global clusters, in order; the first that answers counts.
        pace: How many times faster than AWS the lab runs.
    """

    def __init__(self, client_for: ClientFor, regions: Iterable[str], pace: float = 1.0) -> None:
        self._client_for = client_for
        self._regions = tuple(regions)
        self._pace = pace
        self._alarms: dict[tuple[str, int], Alarm] = {}

    def snapshot(self) -> Snapshot:
        """Read zones, records, health checks and global writer endpoints.

        Raises:
            BotoCoreError, ClientError: If Route 53 does not answer.
        """
        route53 = self._client_for("route53", _ROUTE53_REGION)
        zones = tuple(
            Zone(normal(zone["Name"]), tuple(self._records(route53, zone["Id"])))
            for zone in _pages(route53, "list_hosted_zones", "HostedZones")
        )
        checks = {
            raw["Id"]: self._check(raw)
            for raw in _pages(route53, "list_health_checks", "HealthChecks")
        }
        return Snapshot(zones, checks, self._writers())

    def streams(self, snapshot: Snapshot) -> dict[str, AlarmState]:
        """Judge the data stream of every CLOUDWATCH_METRIC check.

        A region that does not answer gives insufficient data.

        Args:
            snapshot: The health checks.

        Returns:
            Check identifier to state.
        """
        return {
            check.id: self._stream(check.alarm)
            for check in snapshot.checks.values()
            if check.kind == "CLOUDWATCH_METRIC" and not check.disabled
        }

    def _records(self, route53: Any, zone_id: str) -> Iterator[Record]:
        sets = _pages(
            route53, "list_resource_record_sets", "ResourceRecordSets", HostedZoneId=zone_id
        )
        for raw in sets:
            yield Record(
                name=normal(raw["Name"]),
                type=raw["Type"],
                ttl_s=int(raw.get("TTL", 60)),
                values=tuple(row["Value"] for row in raw.get("ResourceRecords", ())),
                set_id=raw.get("SetIdentifier", ""),
                failover=raw.get("Failover", ""),
                health_check=raw.get("HealthCheckId", ""),
            )

    def _check(self, raw: dict[str, Any]) -> HealthCheck:
        config = raw["HealthCheckConfig"]
        return HealthCheck(
            id=raw["Id"],
            kind=config["Type"],
            inverted=config.get("Inverted", False),
            disabled=config.get("Disabled", False),
            host=config.get("IPAddress") or config.get("FullyQualifiedDomainName", ""),
            port=config.get("Port", 0),
            interval_s=config.get("RequestInterval", 30),
            failure_threshold=config.get("FailureThreshold", 3),
            children=tuple(config.get("ChildHealthChecks", ())),
            health_threshold=config.get("HealthThreshold", 0),
            alarm=self._alarm(raw),
            insufficient_data=config.get("InsufficientDataHealthStatus", "LastKnownStatus"),
        )

    def _alarm(self, raw: dict[str, Any]) -> Alarm | None:
        """Find what a check watches, once for each version of the check.

        Route 53 copies the alarm's settings when the check is made or updated and does not
        follow later changes of the alarm
        (https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/health-checks-creating-values.html).
        """
        identifier = raw["HealthCheckConfig"].get("AlarmIdentifier")
        if identifier is None:
            return None
        key = (raw["Id"], raw.get("HealthCheckVersion", 1))
        if key not in self._alarms:
            found = raw.get("CloudWatchAlarmConfiguration") or self._describe(identifier)
            if found is None:
                return None
            self._alarms[key] = _alarm(identifier["Region"], found)
        return self._alarms[key]

    def _describe(self, identifier: dict[str, str]) -> dict[str, Any] | None:
        try:
            cloudwatch = self._client_for("cloudwatch", identifier["Region"])
            answer = cloudwatch.describe_alarms(AlarmNames=[identifier["Name"]])
        except UNREACHABLE:
            return None
        alarms: list[dict[str, Any]] = answer.get("MetricAlarms", [])
        return alarms[0] if alarms else None

    def _stream(self, alarm: Alarm | None) -> AlarmState:
        if alarm is None:
            return AlarmState.INSUFFICIENT_DATA
        period_s = max(1, round(alarm.period_s / self._pace))
        now = time.time()
        try:
            answer = self._client_for("cloudwatch", alarm.region).get_metric_statistics(
                Namespace=alarm.namespace,
                MetricName=alarm.metric,
                Dimensions=[{"Name": name, "Value": value} for name, value in alarm.dimensions],
                StartTime=_utc(now - period_s * (alarm.periods + _MORE_PERIODS)),
                EndTime=_utc(now + period_s),
                Period=period_s,
                Statistics=[alarm.statistic],
            )
        except UNREACHABLE:
            return AlarmState.INSUFFICIENT_DATA
        points = {
            point["Timestamp"].timestamp(): float(point[alarm.statistic])
            for point in answer.get("Datapoints", ())
        }
        return alarm_state(alarm, points)

    def _writers(self) -> dict[str, str]:
        for region in self._regions:
            try:
                answer = self._client_for("rds", region).describe_global_clusters()
            except UNREACHABLE:
                continue
            return dict(_writer_endpoints(answer.get("GlobalClusters", ())))
        return {}


def _writer_endpoints(clusters: Iterable[dict[str, Any]]) -> Iterator[tuple[str, str]]:
    for cluster in clusters:
        writer = next((m for m in cluster.get("GlobalClusterMembers", ()) if m["IsWriter"]), None)
        if cluster.get("Endpoint") and writer is not None:
            yield normal(cluster["Endpoint"]), writer["DBClusterArn"].split(":")[3]


def _alarm(region: str, raw: dict[str, Any]) -> Alarm:
    return Alarm(
        region=region,
        namespace=raw["Namespace"],
        metric=raw["MetricName"],
        dimensions=tuple((d["Name"], d["Value"]) for d in raw.get("Dimensions", ())),
        statistic=raw["Statistic"],
        period_s=raw["Period"],
        periods=raw["EvaluationPeriods"],
        comparison=raw["ComparisonOperator"],
        threshold=float(raw["Threshold"]),
    )


def _pages(client: Any, operation: str, key: str, **arguments: Any) -> Iterator[dict[str, Any]]:
    for page in client.get_paginator(operation).paginate(**arguments):
        yield from page.get(key, ())


def _utc(epoch_s: float) -> dt.datetime:
    return dt.datetime.fromtimestamp(epoch_s, dt.UTC)
