"""What an alarm says of data, point by point as AWS's page has it."""

from __future__ import annotations

import pytest

from bicoastal.lab.alarms import acts, composite_alarm_state, metric_alarm_state
from bicoastal.lab.route53.rules import AlarmState

OK, ALARM, NONE = AlarmState.OK, AlarmState.ALARM, AlarmState.INSUFFICIENT_DATA
KEPT = AlarmState.ALARM
TREATMENTS = ("missing", "ignore", "breaching", "notBreaching")

# 0 is a point within the threshold, X one beyond it, - none. The tables of
# https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
THREE_OF_THREE = {
    "0-X-X": (OK, OK, OK, OK),
    "----0": (OK, OK, OK, OK),
    "-----": (NONE, KEPT, ALARM, OK),
    "0XX-X": (ALARM, ALARM, ALARM, ALARM),
    "--X--": (ALARM, KEPT, ALARM, OK),
}
TWO_OF_THREE = {
    "0-X-X": (ALARM, ALARM, ALARM, ALARM),
    "00X0X": (ALARM, ALARM, ALARM, ALARM),
    "0-X--": (OK, OK, ALARM, OK),
    "----0": (OK, OK, ALARM, OK),
    "---X-": (ALARM, KEPT, ALARM, OK),
}


@pytest.mark.parametrize(
    ("wanted", "points", "treatment", "expected"),
    [
        (wanted, points, treatment, state)
        for wanted, table in ((None, THREE_OF_THREE), (2, TWO_OF_THREE))
        for points, states in table.items()
        for treatment, state in zip(TREATMENTS, states, strict=True)
    ],
)
def test_missing_data_is_treated_as_the_alarm_says(wanted, points, treatment, expected):
    alarm = {
        "evaluationPeriods": 3,
        "threshold": 10,
        "comparisonOperator": "GreaterThanThreshold",
        "treatMissingData": treatment,
        **({"datapointsToAlarm": wanted} if wanted else {}),
    }
    values = [{"0": 10.0, "X": 10.1, "-": None}[point] for point in points]
    assert metric_alarm_state(alarm, values, before=KEPT) is expected


def test_missing_data_is_missing_if_nothing_is_said():
    alarm = {"evaluationPeriods": 1, "threshold": 1, "comparisonOperator": "LessThanThreshold"}
    assert metric_alarm_state(alarm, [None]) is NONE
    assert metric_alarm_state(alarm, [0]) is ALARM


def test_an_alarm_over_others_goes_off_with_any_of_them():
    rule = 'ALARM("a-1") OR ALARM("b-1")'
    assert composite_alarm_state(rule, {"a-1": OK, "b-1": ALARM}) is ALARM
    assert composite_alarm_state(rule, {"a-1": OK, "b-1": NONE}) is OK
    with pytest.raises(KeyError):
        composite_alarm_state(rule, {"a-1": OK})


@pytest.mark.parametrize(
    ("a", "b", "expected"), ((ALARM, OK, OK), (NONE, ALARM, OK), (ALARM, ALARM, ALARM))
)
def test_alarms_in_parentheses_count_together(a, b, expected):
    states = {"a": a, "b": b, "c": OK}
    assert composite_alarm_state('ALARM("c") OR (ALARM("a") AND ALARM("b"))', states) is expected


@pytest.mark.parametrize(
    ("alarming", "muting", "expected"),
    (
        ("-XXXX", "-----", "---XX"),  # after the wait period of two steps
        ("-XXXX", "--X--", "-----"),  # the suppressor came in time
        ("-XXXXXXX", "--XX----", "-------X"),  # told after the extension period of three
        ("-XXXX-XX", "XXX-----", "--------"),  # over before it ended
        ("XX-XXX", "------", "-----X"),  # waited for anew
    ),
)
def test_a_suppressed_alarm_acts_after_its_suppressor_and_not_before(alarming, muting, expected):
    suppressor = {"alarm": "m", "waitPeriod": 120, "extensionPeriod": 180}
    alarms, mutes = ([each == "X" for each in line] for line in (alarming, muting))
    assert "".join("-X"[done] for done in acts(suppressor, alarms, mutes)) == expected


def test_without_a_suppressor_an_alarm_acts_at_once():
    assert acts(None, [False, True], [True, True]) == [False, True]


@pytest.mark.parametrize("rule", ("", 'ALARM("a") AND ALARM("b")', 'NOT ALARM("a")', "a OR b"))
def test_a_rule_of_another_form_is_refused(rule):
    with pytest.raises(ValueError, match="joined by OR"):
        composite_alarm_state(rule, {"a": OK, "b": OK})
