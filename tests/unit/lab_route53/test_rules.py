"""Route 53's rules, as tables."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bicoastal.lab.route53.rules import (
    Alarm,
    AlarmState,
    CheckerOpinion,
    HealthCheck,
    Record,
    alarm_state,
    calculated_healthy,
    choose,
    endpoint_healthy,
    evaluate,
    metric_healthy,
    record_healthy,
)

OK, ALARM, INSUFFICIENT = AlarmState.OK, AlarmState.ALARM, AlarmState.INSUFFICIENT_DATA


@pytest.mark.parametrize(
    ("healthy", "count", "expected"),
    (
        (0, 0, True),  # new, nothing seen yet
        (16, 16, True),
        (3, 16, True),  # 18.75 %
        (2, 16, False),  # 12.5 %
        (0, 16, False),
        (18, 100, False),  # exactly 18 % is not more than 18 %
        (19, 100, True),
        (1, 1, True),
        (0, 1, False),
    ),
)
def test_an_endpoint_is_healthy_if_more_than_18_percent_say_so(
    healthy: int, count: int, expected: bool
) -> None:
    opinions = [True] * healthy + [False] * (count - healthy)
    assert endpoint_healthy(opinions) is expected


@pytest.mark.parametrize(
    ("threshold", "results", "expected"),
    (
        (3, "", True),  # a new checker thinks the endpoint healthy
        (3, "--", True),
        (3, "---", False),
        (3, "--+--", True),  # a success begins the count anew
        (3, "--+---", False),
        (3, "---++", False),
        (3, "---+++", True),
        (3, "---++-+", False),
        (1, "-", False),
        (1, "-+", True),
        (10, "-" * 9, True),
        (10, "-" * 10, False),
    ),
)
def test_a_checker_changes_its_mind_after_equal_results_in_a_row(
    threshold: int, results: str, expected: bool
) -> None:
    opinion = CheckerOpinion()
    for result in results:
        opinion = opinion.observe(passed=result == "+", threshold=threshold)
    assert opinion.healthy is expected


@pytest.mark.parametrize(
    ("children", "threshold", "expected"),
    (
        ([True], 1, True),
        ([False], 1, False),
        ([], 1, False),  # a threshold above the number of children: always unhealthy
        ([True, True], 3, False),
        ([], 0, True),  # 0: always healthy
        ([False, False], 0, True),
        ([True, True, False], 2, True),
        ([True, False, False], 2, False),
    ),
)
def test_a_calculated_check_counts_healthy_children(
    children: list[bool], threshold: int, expected: bool
) -> None:
    assert calculated_healthy(children, threshold) is expected


def alarm(comparison: str = "LessThanThreshold", threshold: float = 1, periods: int = 1) -> Alarm:
    return Alarm("us-east-1", "N", "M", (), "Minimum", 60, periods, comparison, threshold)


@pytest.mark.parametrize(
    ("comparison", "threshold", "value", "expected"),
    (
        ("LessThanThreshold", 1, 0, ALARM),
        ("LessThanThreshold", 1, 1, OK),
        ("LessThanOrEqualToThreshold", 1, 1, ALARM),
        ("LessThanOrEqualToThreshold", 1, 1.5, OK),
        ("GreaterThanThreshold", 1, 2, ALARM),
        ("GreaterThanThreshold", 1, 1, OK),
        ("GreaterThanOrEqualToThreshold", 1, 1, ALARM),
        ("GreaterThanOrEqualToThreshold", 1, 0, OK),
        ("LessThanLowerThreshold", 1, 0, INSUFFICIENT),  # anomaly detection: not for Route 53
    ),
)
def test_a_data_stream_is_compared_with_the_threshold(
    comparison: str, threshold: float, value: float, expected: AlarmState
) -> None:
    assert alarm_state(alarm(comparison, threshold), {60.0: value}) is expected


@pytest.mark.parametrize(
    ("periods", "values", "expected"),
    (
        (1, [], INSUFFICIENT),
        (1, [1, 0], ALARM),
        (1, [0, 1], OK),
        (3, [0, 0, 0], ALARM),
        (3, [1, 0, 0, 0], ALARM),
        (3, [0, 0, 1], OK),
        (3, [1, 0, 0], OK),
        (3, [0, 0], ALARM),  # missing points are missing, those that exist decide
        (3, [1, 0], OK),
    ),
)
def test_the_newest_points_decide(periods: int, values: list[float], expected: AlarmState) -> None:
    points = {60.0 * index: value for index, value in enumerate(values)}
    shuffled = dict(reversed(points.items()))
    assert alarm_state(alarm(periods=periods), shuffled) is expected


@pytest.mark.parametrize(
    ("state", "insufficient", "last_known", "expected"),
    (
        (OK, "Unhealthy", False, True),
        (ALARM, "Healthy", True, False),
        (INSUFFICIENT, "Healthy", False, True),
        (INSUFFICIENT, "Unhealthy", True, False),
        (INSUFFICIENT, "LastKnownStatus", True, True),
        (INSUFFICIENT, "LastKnownStatus", False, False),
    ),
)
def test_missing_data_counts_as_configured(
    state: AlarmState, insufficient: str, last_known: bool, expected: bool
) -> None:
    assert metric_healthy(state, insufficient, last_known=last_known) is expected


def test_a_new_metric_check_without_data_is_healthy() -> None:
    assert metric_healthy(INSUFFICIENT, "LastKnownStatus")


def status(check: HealthCheck, *others: HealthCheck, **evidence: object) -> bool:
    checks = {each.id: each for each in (check, *others)}
    defaults: dict[str, object] = {"opinions": {}, "streams": {}, "last_known": {}}
    return evaluate(checks, **(defaults | evidence))[check.id]  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", ("TCP", "CLOUDWATCH_METRIC", "HTTP", "RECOVERY_CONTROL"))
@pytest.mark.parametrize("inverted", (False, True))
@pytest.mark.parametrize("disabled", (False, True))
def test_a_new_check_is_healthy_and_inverted_unhealthy(
    kind: str, inverted: bool, disabled: bool
) -> None:
    check = HealthCheck("a", kind, inverted=inverted, disabled=disabled)
    assert status(check) is not inverted


@pytest.mark.parametrize(
    ("check", "expected"),
    (
        (HealthCheck("a", "TCP"), False),
        (HealthCheck("a", "TCP", inverted=True), True),
        (HealthCheck("a", "TCP", disabled=True), True),
        (HealthCheck("a", "TCP", disabled=True, inverted=True), False),
        (HealthCheck("a", "CLOUDWATCH_METRIC"), False),
        (HealthCheck("a", "CLOUDWATCH_METRIC", inverted=True), True),
        (HealthCheck("a", "CLOUDWATCH_METRIC", disabled=True), True),
        (HealthCheck("a", "CALCULATED", health_threshold=1), False),
        (HealthCheck("a", "CALCULATED", health_threshold=1, inverted=True), True),
        (HealthCheck("a", "CALCULATED", health_threshold=1, disabled=True), True),
    ),
)
def test_inversion_and_disabling_of_an_unhealthy_check(check: HealthCheck, expected: bool) -> None:
    assert status(check, opinions={"a": [False] * 16}, streams={"a": ALARM}) is expected


def test_the_last_known_status_outlives_the_data() -> None:
    check = HealthCheck("a", "CLOUDWATCH_METRIC", insufficient_data="LastKnownStatus")
    assert not status(check, streams={"a": INSUFFICIENT}, last_known={"a": False})
    assert status(check, streams={"a": OK}, last_known={"a": False})


LATCH = HealthCheck("latch", "CALCULATED", children=("x", "y", "z"), health_threshold=2)


@pytest.mark.parametrize(
    ("states", "expected"),
    (
        ((OK, OK, OK), True),
        ((OK, OK, ALARM), True),
        ((OK, ALARM, ALARM), False),
        ((ALARM, ALARM, ALARM), False),
        ((INSUFFICIENT, OK, ALARM), True),  # last known: healthy
    ),
)
def test_a_latch_of_three_regions_follows_two(
    states: tuple[AlarmState, ...], expected: bool
) -> None:
    children = [HealthCheck(name, "CLOUDWATCH_METRIC") for name in "xyz"]
    streams = dict(zip("xyz", states, strict=True))
    assert status(LATCH, *children, streams=streams) is expected


def test_children_that_do_not_exist_are_not_counted() -> None:
    assert not status(LATCH, HealthCheck("x", "TCP"))


def test_an_inverted_child_counts_inverted() -> None:
    parent = HealthCheck("p", "CALCULATED", children=("c",), health_threshold=1)
    assert not status(parent, HealthCheck("c", "TCP", inverted=True))


def test_checks_in_a_circle_are_unhealthy() -> None:
    one = HealthCheck("1", "CALCULATED", children=("2",), health_threshold=1)
    two = HealthCheck("2", "CALCULATED", children=("1",), health_threshold=1)
    assert not status(one, two)


def record(failover: str = "", health_check: str = "") -> Record:
    return Record("db.", "CNAME", 5, (failover or "only",), failover, failover, health_check)


@pytest.mark.parametrize(
    ("primary", "secondary", "expected"),
    (
        (True, True, "PRIMARY"),
        (True, False, "PRIMARY"),
        (False, True, "SECONDARY"),
        (False, False, "PRIMARY"),  # neither is healthy: the primary, not the secondary
        (None, False, "PRIMARY"),  # without a check: always healthy
        (False, None, "SECONDARY"),
        (True, None, "PRIMARY"),
        (None, None, "PRIMARY"),
    ),
)
@pytest.mark.parametrize("turned", (False, True))
def test_a_failover_pair(
    primary: bool | None, secondary: bool | None, expected: str, turned: bool
) -> None:
    statuses = {
        name: status for name, status in (("p", primary), ("s", secondary)) if status is not None
    }
    pair = [
        record("PRIMARY", "p" if primary is not None else ""),
        record("SECONDARY", "s" if secondary is not None else ""),
    ]
    chosen = choose(pair[::-1] if turned else pair, statuses)
    assert chosen is not None
    assert chosen.failover == expected


def test_a_simple_record_is_answered_whatever_its_health() -> None:
    simple = record(health_check="x")
    assert choose([simple], {"x": False}) is simple
    assert choose([], {}) is None


def test_a_record_whose_check_does_not_exist_is_healthy() -> None:
    assert record_healthy(record("PRIMARY", "gone"), {})
    assert not record_healthy(record("PRIMARY", "x"), {"x": False})


@settings(max_examples=40)
@given(st.lists(st.booleans(), min_size=1, max_size=40))
def test_the_quorum_never_sees_more_health_with_fewer_votes(opinions: list[bool]) -> None:
    worse = [
        False if index == opinions.index(max(opinions)) else o for index, o in enumerate(opinions)
    ]
    assert endpoint_healthy(opinions) >= endpoint_healthy(worse)
