"""How many alarms, metrics, dashboards, health checks and zones a deployed stack has."""

from __future__ import annotations

import re

from bicoastal.failover.gateway import Clients
from bicoastal.live.asking import asked, client, if_there, pages
from bicoastal.operate.checks import watched_by
from bicoastal.settings import Names, Settings, region_code
from bicoastal.settings.account import Fact
from bicoastal.settings.names import zone_comment

CHECKS = (
    "Checks over metrics and checks",
    "Check on the endpoint",
    "Option: an interval of 10 s",
)
"""The lines of an estimate that `count_checks` counts."""

_CHILDREN = "ChildHealthChecks"


def count_filters(clients: Clients, settings: Settings, region: str) -> Fact[int]:
    """How many metrics are made of a controller's log."""
    names = Names(settings)
    group = names.function_log_group(names.controller(region))
    logs = client(clients, "logs", region)

    def question() -> int:
        return len(pages(logs, "describe_metric_filters", "metricFilters", logGroupName=group))

    action = "logs:DescribeMetricFilters"
    return asked(action, region, lambda: if_there(question, "ResourceNotFoundException") or 0)


def count_alarms(clients: Clients, settings: Settings, region: str) -> Fact[tuple[int, int]]:
    """How many alarms on metrics a region has, and how many over alarms."""
    own = re.compile(rf"[a-z]+-{region_code(region)}-{re.escape(settings.environment_suffix)}")

    def question() -> tuple[int, int]:
        pages = client(clients, "cloudwatch", region).get_paginator("describe_alarms")
        single, over = 0, 0
        for page in pages.paginate(AlarmTypes=["MetricAlarm", "CompositeAlarm"]):
            single += sum(bool(own.fullmatch(a["AlarmName"])) for a in page["MetricAlarms"])
            over += sum(bool(own.fullmatch(a["AlarmName"])) for a in page["CompositeAlarms"])
        return single, over

    return asked("cloudwatch:DescribeAlarms", region, question)


def dashboards(clients: Clients, settings: Settings, region: str) -> Fact[frozenset[str]]:
    """The names of the stack's dashboards that a region tells; they belong to the account."""
    wanted = {Names(settings).dashboard(member) for member in settings.regions.members}
    cloudwatch = client(clients, "cloudwatch", region)

    def question() -> frozenset[str]:
        entries = pages(cloudwatch, "list_dashboards", "DashboardEntries")
        return frozenset(wanted & {entry["DashboardName"] for entry in entries})

    return asked("cloudwatch:ListDashboards", region, question)


def count_checks(clients: Clients, settings: Settings) -> Fact[tuple[int, int, int]]:
    """How many health checks there are: over metrics and checks, on an endpoint, fast ones.

    Args:
        clients: boto3's clients.
        settings: give the names of what is watched.

    Returns:
        Three numbers, in the order of `CHECKS`.
    """
    names, regions = Names(settings), settings.regions
    watched = {names.cluster(regions.home), *map(names.latch_alarm, regions.witnesses)}
    route53 = client(clients, "route53", regions.home)

    def question() -> tuple[int, int, int]:
        known = pages(route53, "list_health_checks", "HealthChecks")
        own = {c["Id"]: c["HealthCheckConfig"] for c in known if watched_by(c) & watched}
        over = [c for c in known if own.keys() & set(c["HealthCheckConfig"].get(_CHILDREN, ()))]
        ends = [config for config in own.values() if config["Type"] != "CLOUDWATCH_METRIC"]
        fast = sum(config.get("RequestInterval") == 10 for config in ends)
        return len(own) - len(ends) + len(over), len(ends), fast

    return asked("route53:ListHealthChecks", regions.home, question)


def count_zones(clients: Clients, settings: Settings) -> Fact[int]:
    """How many private zones were made for the stack's name: one or none."""
    domain, region = settings.domain_name, settings.regions.home
    route53 = client(clients, "route53", region)

    def question() -> int:
        zones = pages(route53, "list_hosted_zones", "HostedZones")
        return sum(zone["Config"].get("Comment") == zone_comment(domain) for zone in zones)

    return asked("route53:ListHostedZones", region, question)
