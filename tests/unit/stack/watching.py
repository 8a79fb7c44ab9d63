"""What the tests of alarms share: the data of a stack, and what its alarms say of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bicoastal.lab.alarms import acts, composite_alarm_state, metric_alarm_state
from bicoastal.lab.route53.rules import AlarmState

MEMBERS = {"us-east-1": "use1", "us-west-2": "usw2"}
ON_STANDBY_ONLY = {"AuroraGlobalDBReplicationLag", "AuroraGlobalDBRPOLag"}
ON_ACTIVE_CONTROLLER_ONLY = {"WitnessesDown", "WitnessesUnknown"}
NOT_SERVERLESS = {"FreeLocalStorage"}
MIB, GIB = 1024**2, 1024**3

Data = dict[str, float | None]
"""Metric -> the statistic of each of the latest periods; None if there is no such metric."""

HEALTHY: Data = {
    "EngineUptime": 86_400,
    "AuroraGlobalDBReplicationLag": 90,
    "AuroraGlobalDBRPOLag": 120,
    "AuroraVolumeBytesLeftTotal": 127_000 * GIB,
    "CPUUtilization": 35,
    "FreeableMemory": 2 * GIB,
    "FreeLocalStorage": 20 * GIB,
    "DatabaseConnections": 30,
    "Deadlocks": 0,
    "LoginFailures": 0,
    "Invocations": 5,
    "Errors": 0,
    "Throttles": 0,
    "WitnessesDown": 0,
    "WitnessesUnknown": 0,
    "Maintenance": 0,
    "HealthCheckStatus": 1,
    "HomeIsWriter": 1,
}
"""What is measured where it can be, while all is well."""


def healthy(region: str, writer: str, *, serverless: bool = True) -> Data:
    """What CloudWatch has in a region while all is well, by who is the writer."""
    absent = NOT_SERVERLESS if serverless else set()
    if region == writer:
        absent = absent | ON_STANDBY_ONLY | ON_ACTIVE_CONTROLLER_ONLY
    return {metric: None if metric in absent else value for metric, value in HEALTHY.items()}


def states(
    program: Any, data: Mapping[str, Data], periods: int = 8
) -> dict[str, dict[str, AlarmState]]:
    """Region -> alarm -> what it says of steady data; the composite ones too."""
    found: dict[str, dict[str, AlarmState]] = {region: {} for region in data}
    for alarm in program.of("MetricAlarm"):
        if alarm.region in data:
            value = data[alarm.region][alarm.inputs["metricName"]]
            state = metric_alarm_state(alarm.inputs, [value] * periods)
            found[alarm.region][alarm.name] = state
    for alarm in program.of("CompositeAlarm"):
        of_region = found[alarm.region]
        of_region[alarm.name] = composite_alarm_state(alarm.inputs["alarmRule"], of_region)
    return found


def alarming(program: Any, data: Mapping[str, Data]) -> set[str]:
    """The alarms that go off."""
    return {
        name
        for of_region in states(program, data).values()
        for name, state in of_region.items()
        if state is AlarmState.ALARM
    }


def pages(program: Any, minutes: list[dict[str, Data]], kind: str, region: str) -> list[bool]:
    """Whether an alarm over others wakes somebody, minute by minute."""
    name, muting = (f"{each}-{MEMBERS[region]}-dev" for each in (kind, "maintenance"))
    found = [alarming(program, minute) for minute in minutes]
    suppressor = program.one("CompositeAlarm", name).inputs.get("actionsSuppressor")
    return acts(suppressor, [name in each for each in found], [muting in each for each in found])


# Setting -> value, alarm, metric, a value that makes it go off, the nearest one that does not.
THRESHOLDS: dict[str, tuple[float, str, str, float, float]] = {
    "lagAlarmMs": (700, "lag", "AuroraGlobalDBReplicationLag", 701, 700),
    "rpoAlarmMs": (800, "rpo", "AuroraGlobalDBRPOLag", 801, 800),
    "cpuAlarmPercent": (50, "cpu", "CPUUtilization", 51, 50),
    "memoryAlarmMib": (512, "memory", "FreeableMemory", 511 * MIB, 512 * MIB),
    "localStorageAlarmMib": (99, "disk", "FreeLocalStorage", 98 * MIB, 99 * MIB),
    "volumeLeftAlarmGib": (9, "storage", "AuroraVolumeBytesLeftTotal", 8 * GIB, 9 * GIB),
    "connectionsAlarm": (40, "connections", "DatabaseConnections", 41, 40),
    "deadlocksAlarmPerMinute": (60, "deadlocks", "Deadlocks", 1.1, 1.0),
    "loginFailuresAlarmPerMinute": (120, "logins", "LoginFailures", 2.1, 2.0),
}
