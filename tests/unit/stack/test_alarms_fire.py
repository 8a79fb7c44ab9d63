"""Each alarm goes off by its own metric and by no other; none does while all is well."""

from __future__ import annotations

from typing import Any

import pytest

from bicoastal.lab.route53.rules import AlarmState

from .watching import GIB, MEMBERS, MIB, THRESHOLDS, Data, alarming, healthy, pages, states

HOME, STANDBY = MEMBERS

# Alarm -> metric, a value that makes it go off, the nearest one that does not, whether it pages.
CASES: dict[str, tuple[str, float, float, bool]] = {
    "connectivity": ("EngineUptime", 0, 1, True),
    "rpo": ("AuroraGlobalDBRPOLag", 5001, 5000, True),
    "lag": ("AuroraGlobalDBReplicationLag", 5001, 5000, False),
    "storage": ("AuroraVolumeBytesLeftTotal", 1023 * GIB, 1024 * GIB, True),
    "cpu": ("CPUUtilization", 80.1, 80, False),
    "memory": ("FreeableMemory", 127 * MIB, 128 * MIB, False),
    "connections": ("DatabaseConnections", 71, 70, False),
    "deadlocks": ("Deadlocks", 6.1 / 60, 6 / 60, False),
    "logins": ("LoginFailures", 1.1, 1, False),
    "silent": ("Invocations", 0, 1, True),
    "errors": ("Errors", 3, 2, True),
    "throttles": ("Throttles", 5, 4, True),
    "down": ("WitnessesDown", 2, 1, True),
    "blind": ("WitnessesUnknown", 2, 1, True),
}
# What planned work looks like: muted in maintenance.
PLANNED = {"connectivity", "rpo", "down"}
# Where no data is itself the alarm.
LOUD = {"connectivity", "silent"}


@pytest.mark.parametrize("writer", MEMBERS)
@pytest.mark.parametrize("which", ("default", "strict"))
def test_all_is_quiet_while_all_is_well_whoever_is_the_writer(
    which: str, writer: str, request: pytest.FixtureRequest
) -> None:
    program = request.getfixturevalue(which)
    data = {region: healthy(region, writer, serverless=which == "default") for region in MEMBERS}
    assert alarming(program, data) == set()


def test_every_alarm_of_a_member_region_is_among_the_cases(default: Any, strict: Any) -> None:
    kinds = {found.name.split("-")[0] for found in default.of("MetricAlarm")}
    assert kinds - {"latch", "maintenance", "status"} == set(CASES)
    more = {found.name.split("-")[0] for found in strict.of("MetricAlarm")}
    assert more - kinds == {"disk"}


@pytest.mark.parametrize("region", MEMBERS)
@pytest.mark.parametrize("kind", CASES)
def test_each_alarm_goes_off_by_its_own_metric_on_both_sides(
    default: Any, kind: str, region: str
) -> None:
    metric, bad, good, urgent = CASES[kind]
    (writer,) = (other for other in MEMBERS if other != region)  # so that the metric exists here
    data = {each: healthy(each, writer) for each in MEMBERS}
    data[region][metric] = good
    assert alarming(default, data) == set()
    data[region][metric] = bad
    code = MEMBERS[region]
    over = "outage" if kind in PLANNED else "page"
    expected = {f"{kind}-{code}-dev"} | ({f"{over}-{code}-dev"} if urgent else set())
    assert alarming(default, data) == expected


def during(*, maintenance: float | None, **bad: float | None) -> dict[str, Data]:
    """A minute in which something of the standby's region is not as usual."""
    data = {each: healthy(each, HOME) for each in MEMBERS}
    data[STANDBY] |= {"Maintenance": maintenance, **bad}
    return data


@pytest.mark.parametrize("kind", sorted(PLANNED))
def test_maintenance_mutes_what_planned_work_looks_like_until_it_is_over(
    default: Any, kind: str
) -> None:
    metric, bad, *_ = CASES[kind]
    work = [during(maintenance=0)] + [during(maintenance=1, **{metric: bad})] * 90
    for after, wakes in (
        (during(maintenance=0), False),  # it is well again
        (during(maintenance=0, **{metric: bad}), True),  # it ended, or whoever worked was killed
        (during(maintenance=None, **{metric: bad}), True),  # and no controller says anything
    ):
        told = pages(default, work + [after] * 4, "outage", STANDBY)
        assert told[:-2] == [False] * (len(told) - 2)
        assert told[-1] is wakes
    # Without maintenance somebody is woken, after the minute that a suppressor would need.
    alone = [during(maintenance=0)] + [during(maintenance=0, **{metric: bad})] * 3
    assert pages(default, alone, "outage", STANDBY) == [False, False, True, True]


@pytest.mark.parametrize("kind", sorted({k for k, case in CASES.items() if case[3]} - PLANNED))
def test_maintenance_mutes_nothing_that_no_work_explains(default: Any, kind: str) -> None:
    metric, bad, *_ = CASES[kind]
    told = pages(default, [during(maintenance=1, **{metric: bad})] * 2, "page", STANDBY)
    assert told == [True, True]


def test_no_maintenance_explains_that_both_members_are_down(default: Any) -> None:
    metrics = {kind: CASES[kind][:2] for kind in ("connectivity", "down")}
    for kinds, wakes in ((["connectivity"], False), (["down"], False), (metrics, True)):
        minute = during(maintenance=1, **dict(metrics[kind] for kind in kinds))
        assert pages(default, [minute], "page", STANDBY) == [wakes]
        assert pages(default, [minute] * 4, "outage", STANDBY) == [False] * 4


@pytest.mark.parametrize("kind", CASES)
def test_no_data_is_an_alarm_only_where_silence_is_the_trouble(default: Any, kind: str) -> None:
    data = {each: healthy(each, HOME) for each in MEMBERS}
    data[STANDBY][CASES[kind][0]] = None
    assert (f"{kind}-usw2-dev" in alarming(default, data)) is (kind in LOUD)


def test_local_storage_is_watched_where_instances_report_it(strict: Any) -> None:
    data = {each: healthy(each, HOME, serverless=False) for each in MEMBERS}
    data[HOME]["FreeLocalStorage"] = 98 * MIB
    assert alarming(strict, data) == {"disk-use1-dev"}


def test_dns_that_has_moved_pages_where_route_53_has_its_metrics(default: Any) -> None:
    data = {each: healthy(each, STANDBY) for each in MEMBERS}
    data[HOME]["HealthCheckStatus"] = 0
    assert alarming(default, data) == {"status-use1-dev", "page-use1-dev"}
    data[HOME]["HealthCheckStatus"] = None
    found = states(default, data)[HOME]["status-use1-dev"]
    assert found is AlarmState.INSUFFICIENT_DATA


@pytest.mark.parametrize("key", THRESHOLDS)
def test_the_thresholds_are_those_of_the_settings(strict: Any, key: str) -> None:
    _, kind, metric, bad, good = THRESHOLDS[key]
    data = {each: healthy(each, HOME, serverless=False) for each in MEMBERS}
    data[STANDBY][metric] = good
    assert f"{kind}-usw2-dev" not in alarming(strict, data)
    data[STANDBY][metric] = bad
    assert f"{kind}-usw2-dev" in alarming(strict, data)


def test_the_witnesses_alarms_follow_the_quorum(strict: Any) -> None:
    data = {each: healthy(each, HOME, serverless=False) for each in MEMBERS}
    data[STANDBY] |= {"WitnessesDown": 2, "WitnessesUnknown": 1}
    assert alarming(strict, data) == {"blind-usw2-dev", "page-usw2-dev"}
    data[STANDBY] |= {"WitnessesDown": 3, "WitnessesUnknown": 0}
    assert alarming(strict, data) == {"down-usw2-dev", "outage-usw2-dev"}
