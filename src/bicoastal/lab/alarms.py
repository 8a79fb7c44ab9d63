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
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from bicoastal.lab.route53.rules import COMPARISONS, AlarmState

_CHILD = re.compile(r'ALARM\("([^"]+)"\)')


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
    """What an alarm over others says (source 3), for rules that join `ALARM("name")` by OR.

    Args:
        rule: The alarm's rule.
        states: The state of each alarm by name.

    Returns:
        ALARM if one of them is in that state, else OK.

    Raises:
        ValueError: The rule has another form.
        KeyError: It names an alarm that is not there.
    """
    children = _CHILD.findall(rule)
    if rule != " OR ".join(f'ALARM("{name}")' for name in children) or not children:
        message = f"only alarms joined by OR are understood, not {rule!r}"
        raise ValueError(message)
    found = [states[name] for name in children]
    return AlarmState.ALARM if AlarmState.ALARM in found else AlarmState.OK
