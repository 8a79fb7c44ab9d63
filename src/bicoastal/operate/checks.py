"""The health checks behind DNS: found by what they watch, and what Route 53 saw last.

`GetHealthCheckStatus` does not speak about CALCULATED checks, so they are calculated here. Where it
is silent about a check on the latch's metric, the metric itself tells, as it tells Route 53.
Sources: https://docs.aws.amazon.com/Route53/latest/APIReference/API_GetHealthCheckStatus.html
and https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/dns-failover-determining-health-of-endpoints.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from bicoastal.operate.access import ask
from bicoastal.operate.report import CheckReport
from bicoastal.operate.target import Target


def health_checks(
    client: Any, target: Target, latch: Mapping[str, float | None]
) -> tuple[CheckReport, ...]:
    """Find the stack's health checks, and ask about each.

    Args:
        client: of Route 53.
        target: whose checks.
        latch: the latch's value by region; None where it has none.

    Returns:
        The checks by name, the one that DNS follows last; none when DNS follows no check.

    Raises:
        botocore.exceptions.ClientError: Route 53 refused.
        botocore.exceptions.BotoCoreError: it did not answer.
    """
    watched = watched_names(target)
    if not watched:
        return ()
    known: list[dict[str, Any]] = []
    for page in client.get_paginator("list_health_checks").paginate():
        known += page["HealthChecks"]
    values = {target.names.latch_region_check(region): latch[region] for region in latch}
    children = {}
    for check in known:
        name = _name(check, watched)
        if name is not None:
            children[check["Id"]] = _seen(name, client, check["Id"], values.get(name))
    reports = sorted(children.values(), key=lambda report: report.name)
    return (*reports, *_calculated(known, children, target))


def watched_names(target: Target) -> dict[str, str]:
    """What the stack's checks watch, an alarm's name or a host's first label, by check name.

    Args:
        target: whose checks.

    Returns:
        Watched thing to the check's name.
    """
    names, home = target.names, target.settings.regions.home
    if target.settings.dns.mode == "health-check":
        return {names.cluster(home): names.endpoint_check(home)}
    return {names.latch_alarm(r): names.latch_region_check(r) for r in target.latch_regions}


def watched_by(check: Mapping[str, Any]) -> frozenset[str]:
    """What a health check watches: an alarm's name, or a host's first label.

    Args:
        check: Route 53's description of it.
    """
    config = check["HealthCheckConfig"]
    host = config.get("FullyQualifiedDomainName", "").partition(".")[0]
    return frozenset({config.get("AlarmIdentifier", {}).get("Name", ""), host} - {""})


def _name(check: Mapping[str, Any], watched: Mapping[str, str]) -> str | None:
    return next((watched[thing] for thing in watched_by(check) if thing in watched), None)


def _seen(name: str, client: Any, check: str, value: float | None) -> CheckReport:
    answer = ask(lambda: client.get_health_check_status(HealthCheckId=check))
    if answer.value is None:
        return CheckReport(name, None, answer.problem or "")
    texts = [
        str(seen.get("StatusReport", {}).get("Status", ""))
        for seen in answer.value["HealthCheckObservations"]
    ]
    healthy, detail = verdict(texts)
    if healthy is None and value is not None:
        healthy = value >= 1
        detail = f"by its metric, which is {value:g}"
    return CheckReport(name, healthy, detail)


def verdict(texts: Sequence[str]) -> tuple[bool | None, str]:
    """What the checkers' statuses say together.

    More than 18 % of them must call an endpoint healthy. Source:
    https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/dns-failover-determining-health-of-endpoints.html

    Args:
        texts: each checker's status, such as `Success: HTTP Status Code 200`.

    Returns:
        Healthy, unhealthy or None when no checker has looked, and the same in words.
    """
    good = sum(text.startswith("Success") for text in texts)
    if not good and not any(text.startswith("Failure") for text in texts):
        return None, "no checker says anything"
    return good > 0.18 * len(texts), f"success at {good} of {len(texts)} checkers"


def _calculated(
    known: Iterable[Mapping[str, Any]], children: Mapping[str, CheckReport], target: Target
) -> list[CheckReport]:
    reports = []
    for check in known:
        config = check["HealthCheckConfig"]
        ids = config.get("ChildHealthChecks", ())
        if config["Type"] != "CALCULATED" or not set(ids) & set(children):
            continue
        found = [children[child].healthy for child in ids if child in children]
        needed = int(config.get("HealthThreshold", len(ids)))
        good = sum(health is True for health in found)
        # Undecided while those that nobody knows about could still tip it.
        undecided = good < needed <= good + sum(health is None for health in found)
        healthy = None if undecided else good >= needed
        names = target.names
        follows_latch = target.settings.dns.mode == "latch"
        name = names.latch_check if follows_latch else names.endpoint_calculated_check
        detail = f"{good} of {len(ids)} children are healthy, {needed} needed"
        reports.append(CheckReport(name, healthy, detail))
    return reports
