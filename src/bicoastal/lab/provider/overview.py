"""What is made of alarms and logs: composite alarms, dashboards, metrics of log lines."""

from __future__ import annotations

import json
from typing import Any

from bicoastal.lab.provider.aws import Aws, absent_ok, pick
from bicoastal.lab.provider.handler import Handler, Inputs
from bicoastal.lab.provider.watch import Alarm


class CompositeAlarm(Alarm):
    """An alarm over others."""

    type = "aws:cloudwatch/compositeAlarm:CompositeAlarm"
    required = ("alarmName", "alarmRule")
    fixed = frozenset({"alarmName", "region"})
    kind = "CompositeAlarm"

    def put(self, cloudwatch: Any, inputs: Inputs, **more: Any) -> str:
        """Write the alarm's definition."""
        cloudwatch.put_composite_alarm(**_composite(inputs), **more)
        return str(inputs["alarmName"])


def _composite(inputs: Inputs) -> dict[str, Any]:
    muting = pick(
        inputs.get("actionsSuppressor") or {},
        alarm="ActionsSuppressor",
        waitPeriod="ActionsSuppressorWaitPeriod",
        extensionPeriod="ActionsSuppressorExtensionPeriod",
    )
    return muting | pick(
        inputs,
        "alarmName",
        "alarmRule",
        "alarmDescription",
        "actionsEnabled",
        "alarmActions",
        "insufficientDataActions",
        okActions="OKActions",
    )


class Dashboard(Handler):
    """A page of graphs."""

    type = "aws:cloudwatch/dashboard:Dashboard"
    required = ("dashboardName", "dashboardBody")
    fixed = frozenset({"dashboardName", "region"})

    def create(self, aws: Aws, inputs: Inputs) -> str:
        """Create the dashboard; its id is its name."""
        self._put(aws, inputs)
        return str(inputs["dashboardName"])

    def read(self, aws: Aws, id_: str, state: Inputs) -> dict[str, Any] | None:
        """Look whether the dashboard is there and shows what it should."""
        with absent_ok():
            found = aws.client("cloudwatch").get_dashboard(DashboardName=id_)
            if json.loads(found["DashboardBody"]) == json.loads(state["dashboardBody"]):
                return {"dashboardArn": found["DashboardArn"]}
        return None

    def update(self, aws: Aws, id_: str, old: Inputs, new: Inputs) -> None:
        """Replace what it shows."""
        del id_, old
        self._put(aws, new)

    def delete(self, aws: Aws, id_: str, state: Inputs) -> None:
        """Delete the dashboard."""
        del state
        with absent_ok():
            aws.client("cloudwatch").delete_dashboards(DashboardNames=[id_])

    def _put(self, aws: Aws, inputs: Inputs) -> None:
        aws.client("cloudwatch").put_dashboard(**pick(inputs, "dashboardName", "dashboardBody"))


class LogMetricFilter(Handler):
    """A metric that is read from the lines of a log."""

    type = "aws:cloudwatch/logMetricFilter:LogMetricFilter"
    required = ("logGroupName", "pattern", "metricTransformation")
    fixed = frozenset({"name", "logGroupName", "region"})
    named = "name"

    def create(self, aws: Aws, inputs: Inputs) -> str:
        """Create the filter; its id is its name."""
        self._put(aws, inputs)
        return str(inputs["name"])

    def read(self, aws: Aws, id_: str, state: Inputs) -> dict[str, Any] | None:
        """Look for the filter in its log group."""
        with absent_ok():
            answer = aws.client("logs").describe_metric_filters(
                logGroupName=state["logGroupName"], filterNamePrefix=id_
            )
            if any(found["filterName"] == id_ for found in answer["metricFilters"]):
                return {}
        return None

    def update(self, aws: Aws, id_: str, old: Inputs, new: Inputs) -> None:
        """Replace the filter's definition."""
        del id_, old
        self._put(aws, new)

    def delete(self, aws: Aws, id_: str, state: Inputs) -> None:
        """Delete the filter."""
        with absent_ok():
            aws.client("logs").delete_metric_filter(
                logGroupName=state["logGroupName"], filterName=id_
            )

    def _put(self, aws: Aws, inputs: Inputs) -> None:
        transformation = pick(
            inputs["metricTransformation"],
            name="metricName",
            namespace="metricNamespace",
            value="metricValue",
        )
        aws.client("logs").put_metric_filter(
            logGroupName=inputs["logGroupName"],
            filterName=inputs["name"],
            filterPattern=inputs["pattern"],
            metricTransformations=[transformation],
        )


HANDLERS = (CompositeAlarm(), Dashboard(), LogMetricFilter())
