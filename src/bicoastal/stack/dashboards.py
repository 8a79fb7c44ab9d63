"""One dashboard for each member region, to be read in ten seconds, from top to bottom.

First every alarm's state; then four numbers: how far behind, how busy, how many connections, how
many witnesses say DOWN; then the last three hours of each. The same in each region: lags are
shown where there are any, which is a standby's side, and votes where a controller counts them.
Source:
https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import pulumi
import pulumi_aws as aws

from bicoastal.stack.alarm_rules import VOTES_DOWN, VOTES_UNKNOWN
from bicoastal.stack.context import Context
from bicoastal.stack.database import Member
from bicoastal.stack.monitoring import Alarms, vote_namespace

_COLUMNS = 24
_ON_CLUSTER = "DBClusterIdentifier"

_NUMBERS = (
    ("Behind the writer, ms", "AuroraGlobalDBRPOLag", "Maximum"),
    ("CPU, %", "CPUUtilization", "Maximum"),
    ("Connections", "DatabaseConnections", "Maximum"),
)
_GRAPHS = (
    ("Lag, ms", ("AuroraGlobalDBRPOLag", "AuroraGlobalDBReplicationLag"), "Maximum"),
    ("Load: CPU, %", ("CPUUtilization",), "Maximum"),
    ("Connections", ("DatabaseConnections",), "Maximum"),
    ("Memory free, bytes", ("FreeableMemory",), "Minimum"),
    ("Deadlocks and failed logins, a second", ("Deadlocks", "LoginFailures"), "Average"),
    ("Volume, bytes", ("VolumeBytesUsed", "AuroraVolumeBytesLeftTotal"), "Maximum"),
)


class Dashboards(pulumi.ComponentResource):
    """The dashboards of all member regions."""

    def __init__(
        self,
        alarms: Alarms,
        members: Mapping[str, Member],
        context: Context,
        parent: pulumi.Resource,
    ) -> None:
        super().__init__(
            "bicoastal:stack:Dashboards", "dashboards", {}, pulumi.ResourceOptions(parent=parent)
        )
        for region, member in members.items():
            known = pulumi.Output.all(
                member.cluster.cluster_identifier, *(each.arn for each in alarms.alarms[region])
            )
            name = context.names.dashboard(region)
            counts_votes = region in context.settings.regions.pair
            votes = vote_namespace(context.names) if counts_votes else None
            aws.cloudwatch.Dashboard(
                name,
                dashboard_name=name,
                dashboard_body=known.apply(partial(_as_json, region=region, votes=votes)),
                opts=context.options(region, self),
            )
        self.register_outputs({})


def _as_json(known: Sequence[str], *, region: str, votes: str | None) -> str:
    cluster, *alarm_arns = known
    return json.dumps(body(region, cluster, alarm_arns, votes))


def body(region: str, cluster: str, alarm_arns: list[str], votes: str | None) -> dict[str, Any]:
    """What a dashboard shows.

    Args:
        region: the member's region.
        cluster: the member's cluster identifier.
        alarm_arns: the alarms of the region.
        votes: the namespace of the witnesses' votes; None where no controller counts them.

    Returns:
        The body, to be written as JSON.
    """

    def on_cluster(*metrics: str) -> list[list[str]]:
        return [["AWS/RDS", metric, _ON_CLUSTER, cluster] for metric in metrics]

    numbers = [(title, on_cluster(metric), stat) for title, metric, stat in _NUMBERS]
    graphs = [(title, on_cluster(*metrics), stat) for title, metrics, stat in _GRAPHS]
    if votes is not None:
        down = [[votes, VOTES_DOWN]]
        numbers.append(("Witnesses that say DOWN", down, "Maximum"))
        graphs.append(("Witnesses", [*down, [votes, VOTES_UNKNOWN]], "Maximum"))
    return {
        "widgets": [
            {
                "type": "alarm",
                "x": 0, "y": 0, "width": _COLUMNS, "height": 4,
                "properties": {"title": f"{cluster} in {region}", "alarms": alarm_arns},
            },
            *_row("singleValue", numbers, region, y=4, height=3, columns=4),
            *_row("timeSeries", graphs, region, y=7, height=6, columns=3),
        ]
    }  # fmt: skip


def _row(
    view: str,
    shown: list[tuple[str, list[list[str]], str]],
    region: str,
    *,
    y: int,
    height: int,
    columns: int,
) -> list[dict[str, Any]]:
    """Widgets side by side, and below each other when a row is full."""
    width = _COLUMNS // columns
    return [
        {
            "type": "metric",
            "x": width * (number % columns),
            "y": y + height * (number // columns),
            "width": width,
            "height": height,
            "properties": {
                "title": title, "metrics": metrics, "stat": stat, "view": view, "region": region,
                "period": 60,
            },
        }
        for number, (title, metrics, stat) in enumerate(shown)
    ]  # fmt: skip
