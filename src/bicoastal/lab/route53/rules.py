"""Route 53's rules of health and failover, as pure functions.

Sources, named in the functions by their number:

1. How Route 53 determines whether a health check is healthy,
   https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/dns-failover-determining-health-of-endpoints.html
2. HealthCheckConfig,
   https://docs.aws.amazon.com/Route53/latest/APIReference/API_HealthCheckConfig.html
3. ResourceRecordSet, member Failover,
   https://docs.aws.amazon.com/Route53/latest/APIReference/API_ResourceRecordSet.html
4. How Route 53 chooses records when health checking is configured,
   https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/health-checks-how-route-53-chooses-records.html
5. Using CloudWatch alarms, evaluating an alarm and missing data,
   https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum

HEALTHY_SHARE = 0.18
TCP_TIMEOUT_S = 10.0

COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    "GreaterThanOrEqualToThreshold": operator.ge,
    "GreaterThanThreshold": operator.gt,
    "LessThanOrEqualToThreshold": operator.le,
    "LessThanThreshold": operator.lt,
}
"""CloudWatch's comparison operators: whether a value breaches a threshold."""


@dataclass(frozen=True)
class Alarm:
    """The data stream that a CLOUDWATCH_METRIC check watches (source 1: not the alarm's state).

    Attributes:
        region: Region of the metric.
        namespace: The metric's namespace.
        metric: The metric's name.
        dimensions: Name and value of each dimension.
        statistic: Average, Minimum, Maximum, Sum or SampleCount.
        period_s: Seconds of one period.
        periods: How many of the newest data points are judged.
        comparison: CloudWatch's comparison operator.
        threshold: What the values are compared with.
    """

    region: str
    namespace: str
    metric: str
    dimensions: tuple[tuple[str, str], ...]
    statistic: str
    period_s: float
    periods: int
    comparison: str
    threshold: float


@dataclass(frozen=True)
class HealthCheck:
    """What Route 53 knows of a health check.

    Attributes:
        id: Its identifier.
        kind: ``TCP``, ``CALCULATED``, ``CLOUDWATCH_METRIC`` or another of Route 53's types.
        inverted: Whether its status is turned round.
        disabled: Whether it is not evaluated.
        host: Name or address that is connected to (TCP).
        port: Port that is connected to (TCP).
        interval_s: Seconds from an answer to the next request (TCP).
        failure_threshold: Equal results in a row that change a checker's opinion (TCP).
        children: Identifiers of the checks that are counted (CALCULATED).
        health_threshold: How many children must be healthy (CALCULATED).
        alarm: The data stream (CLOUDWATCH_METRIC), None if it is not known.
        insufficient_data: ``Healthy``, ``Unhealthy`` or ``LastKnownStatus`` (CLOUDWATCH_METRIC).
    """

    id: str
    kind: str
    inverted: bool = False
    disabled: bool = False
    host: str = ""
    port: int = 0
    interval_s: float = 30.0
    failure_threshold: int = 3
    children: tuple[str, ...] = ()
    health_threshold: int = 0
    alarm: Alarm | None = None
    insufficient_data: str = "LastKnownStatus"


class AlarmState(Enum):
    """What a data stream says."""

    OK = "OK"
    ALARM = "ALARM"
    INSUFFICIENT_DATA = "INSUFFICIENT_DATA"


@dataclass(frozen=True)
class CheckerOpinion:
    """What one health checker thinks of an endpoint; a new one thinks it healthy (source 1).

    Attributes:
        healthy: Its present opinion.
        streak: Results in a row that contradict it.
    """

    healthy: bool = True
    streak: int = 0

    def observe(self, *, passed: bool, threshold: int) -> CheckerOpinion:
        """Take one result into account (source 2, FailureThreshold).

        Args:
            passed: Whether the connection was established in time.
            threshold: Equal results in a row that change the opinion, both ways.

        Returns:
            The new opinion.
        """
        if passed == self.healthy:
            return replace(self, streak=0)
        if self.streak + 1 >= threshold:
            return CheckerOpinion(healthy=passed)
        return replace(self, streak=self.streak + 1)


def endpoint_healthy(opinions: Sequence[bool]) -> bool:
    """Join the checkers' opinions: healthy if more than 18 % say so (source 1).

    Args:
        opinions: One of each checker; without any the check is new and therefore healthy.
    """
    return not opinions or sum(opinions) > HEALTHY_SHARE * len(opinions)


def calculated_healthy(children: Sequence[bool], threshold: int) -> bool:
    """Count healthy children (source 2, HealthThreshold).

    A threshold above the number of children can never be met; 0 always is.

    Args:
        children: Status of each child.
        threshold: How many must be healthy.
    """
    return sum(children) >= threshold


def alarm_state(alarm: Alarm, points: Mapping[float, float]) -> AlarmState:
    """Judge a data stream by the newest points that exist (source 5; missing data is missing).

    Args:
        alarm: Comparison, threshold and number of periods.
        points: Start of the period (epoch seconds) to the statistic's value, inside the range
            that is looked at.

    Returns:
        ALARM if all of the newest points breach, INSUFFICIENT_DATA if there are none, else OK.
    """
    newest = [points[at] for at in sorted(points)[-alarm.periods :]]
    if not newest or alarm.comparison not in COMPARISONS:
        return AlarmState.INSUFFICIENT_DATA
    breaches = COMPARISONS[alarm.comparison]
    if all(breaches(value, alarm.threshold) for value in newest):
        return AlarmState.ALARM
    return AlarmState.OK


def metric_healthy(state: AlarmState, insufficient_data: str, *, last_known: bool = True) -> bool:
    """Turn the data stream's state into health (source 2, InsufficientDataHealthStatus).

    Args:
        state: What the data stream says.
        insufficient_data: ``Healthy``, ``Unhealthy`` or ``LastKnownStatus``.
        last_known: Health when there was data last; a new check has none and is healthy.
    """
    if state is not AlarmState.INSUFFICIENT_DATA:
        return state is AlarmState.OK
    if insufficient_data == "LastKnownStatus":
        return last_known
    return insufficient_data == "Healthy"


def evaluate(
    checks: Mapping[str, HealthCheck],
    opinions: Mapping[str, Sequence[bool]],
    streams: Mapping[str, AlarmState],
    last_known: Mapping[str, bool],
) -> dict[str, bool]:
    """Evaluate every check.

    A disabled check counts as healthy before it is inverted (source 2, Disabled). Types that the
    lab does not evaluate keep a new check's status. A child that does not exist is not counted; a
    circle of children, which Route 53 refuses, counts as unhealthy.

    Args:
        checks: All health checks by identifier.
        opinions: Opinions of an endpoint's checkers, by check.
        streams: State of the data stream, by check.
        last_known: Health of a metric's check, before inversion, when there was data last.

    Returns:
        Identifier to status, True for healthy.
    """
    statuses: dict[str, bool] = {}
    open_: set[str] = set()

    def status(check: HealthCheck) -> bool:
        if check.id not in statuses:
            if check.id in open_:
                return False
            open_.add(check.id)
            statuses[check.id] = (check.disabled or raw(check)) != check.inverted
        return statuses[check.id]

    def raw(check: HealthCheck) -> bool:
        match check.kind:
            case "TCP":
                return endpoint_healthy(opinions.get(check.id, ()))
            case "CALCULATED":
                children = [status(checks[child]) for child in check.children if child in checks]
                return calculated_healthy(children, check.health_threshold)
            case "CLOUDWATCH_METRIC":
                return metric_healthy(
                    streams.get(check.id, AlarmState.INSUFFICIENT_DATA),
                    check.insufficient_data,
                    last_known=last_known.get(check.id, True),
                )
            case _:
                return True

    return {id_: status(check) for id_, check in checks.items()}


@dataclass(frozen=True)
class Record:
    """One resource record set.

    Attributes:
        name: Fully qualified, lower case, with the final dot.
        type: ``CNAME``, ``A`` ...
        ttl_s: Time to live, seconds.
        values: The records' values.
        set_id: Set identifier, empty for a simple record.
        failover: ``PRIMARY``, ``SECONDARY`` or empty.
        health_check: Identifier of its health check, empty for none.
    """

    name: str
    type: str
    ttl_s: int
    values: tuple[str, ...]
    set_id: str = ""
    failover: str = ""
    health_check: str = ""


def record_healthy(record: Record, statuses: Mapping[str, bool]) -> bool:
    """Tell whether a record may be answered (source 4).

    Without a health check it always may; a check that does not exist says nothing against it.

    Args:
        record: The record.
        statuses: Status of every health check.
    """
    return statuses.get(record.health_check, True)


def choose(records: Sequence[Record], statuses: Mapping[str, bool]) -> Record | None:
    """Choose which of the records of one name and type is answered (sources 3 and 4).

    The primary whenever it is healthy (so Route 53 fails back by itself); else a healthy
    secondary; the primary again if neither is healthy. Without a failover policy the first
    healthy record, or the first if none is.

    Args:
        records: All records of one name and type.
        statuses: Status of every health check.

    Returns:
        The record to answer, None if there are no records.
    """
    ranked = sorted(records, key=lambda record: record.failover == "SECONDARY")
    healthy = [record for record in ranked if record_healthy(record, statuses)]
    return next(iter(healthy or ranked), None)
