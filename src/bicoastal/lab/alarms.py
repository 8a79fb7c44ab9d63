"""CloudWatch's rules of alarms, as pure functions: what an alarm says of given data.

The embedded AWS keeps alarms but looks at neither dimensions nor missing data, which decide whether
an alarm is quiet after a swap of roles.

Sources, named in the functions by their number:

1. Configuring how alarms treat missing data,
   https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
2. Alarm evaluation,
   https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-evaluation.html
3. PutCompositeAlarm, AlarmRule,
   https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutCompositeAlarm.html
4. Suppressing composite alarm actions,
   https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Create_Composite_Alarm_Suppression.html
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from bicoastal.lab.route53.rules import COMPARISONS, AlarmState

_CHILD = re.compile(r'ALARM\("([^"]+)"\)')
_TERM = re.compile(rf"{_CHILD.pattern}|\({_CHILD.pattern}(?: AND {_CHILD.pattern})+\)")


def metric_alarm_state(
    alarm: Mapping[str, Any],
    values: Sequence[float | None],
    before: AlarmState = AlarmState.INSUFFICIENT_DATA,
) -> AlarmState:
    """What an alarm on one metric says (sources 1 and 2).

    Only where fewer points exist than the alarm looks at, missing ones are made up as it asks.

    Args:
        alarm: The inputs with which the alarm is registered, in Pulumi's names.
        values: The statistic of each period of the evaluation range, oldest first; None if there
            is none.
        before: The state that `ignore` keeps.

    Returns:
        The state.
    """
    looked_at = int(alarm["evaluationPeriods"])
    wanted = int(alarm.get("datapointsToAlarm") or looked_at)
    missing = alarm.get("treatMissingData") or "missing"
    breaches = COMPARISONS[alarm["comparisonOperator"]]
    points = [breaches(value, alarm["threshold"]) for value in values if value is not None]
    made_up = max(0, looked_at - len(points))
    breaching = sum(points[-looked_at:])
    if made_up and missing == "breaching":
        breaching += made_up
    if breaching >= wanted:
        return AlarmState.ALARM
    if made_up and all(points) and missing in {"missing", "ignore"}:
        if missing == "ignore":
            return before
        return AlarmState.ALARM if points else AlarmState.INSUFFICIENT_DATA
    return AlarmState.OK


def composite_alarm_state(rule: str, states: Mapping[str, AlarmState]) -> AlarmState:
    """What an alarm over others says (source 3), for `ALARM("name")` joined by OR, or by AND in ().

    Args:
        rule: The alarm's rule.
        states: The state of each alarm by name.

    Returns:
        ALARM if one of them is in that state, else OK.

    Raises:
        ValueError: The rule has another form.
        KeyError: It names an alarm that is not there.
    """
    terms = rule.split(" OR ")
    if not all(_TERM.fullmatch(term) for term in terms):
        message = f"only alarms joined by OR, and by AND in parentheses, not {rule!r}"
        raise ValueError(message)
    found = [{states[name] for name in _CHILD.findall(term)} for term in terms]
    return AlarmState.ALARM if {AlarmState.ALARM} in found else AlarmState.OK


def acts(
    suppressor: Mapping[str, Any] | None,
    alarming: Sequence[bool],
    muting: Sequence[bool],
    step_s: float = 60,
) -> list[bool]:
    """When an alarm over others would do its actions for being in alarm (source 4).

    It does not while its suppressor is in alarm, nor within the wait period of going off itself,
    nor within the extension period of the suppressor's end. What was held back is done then.

    Args:
        suppressor: Its `actionsSuppressor`, in Pulumi's names; None if it has none.
        alarming: Whether it is in alarm, at each step.
        muting: Whether the suppressor is.
        step_s: Seconds from one to the next.

    Returns:
        For each step, whether its actions would be done then.
    """
    if suppressor is None:
        return list(alarming)
    wait, extension = suppressor["waitPeriod"] / step_s, suppressor["extensionPeriod"] / step_s
    found, began, ended = [], 0, -math.inf
    for now, (alarm, muted) in enumerate(zip(alarming, muting, strict=True)):
        began = began if alarm else now + 1
        ended = now + 1 if muted else ended
        # Whoever has waited once need not wait after the extension, too.
        found.append(alarm and not muted and now - began >= wait and now - ended >= extension)
    return found
