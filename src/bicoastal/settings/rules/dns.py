"""BC301 to BC304, BC308, BC309 and BC315 to BC317: health checks and DNS."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from bicoastal.settings.draft import Draft
from bicoastal.settings.rules.base import Problem, out_of_range, rule

CHECK_API = "https://docs.aws.amazon.com/Route53/latest/APIReference/API_HealthCheckConfig.html"

DNS_FAILOVER = "https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/dns-failover-types.html"

PRIVATE = (
    "https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/"
    "dns-failover-private-hosted-zones.html"
)

RECORDS = "https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/best-practices-dns.html"


def _check_mode(endpoint: str) -> dict[str, Any]:
    return {"dns": {"mode": "health-check"}, "health": {"endpointCheck": endpoint}}


@rule(
    "BC301",
    "error",
    source=CHECK_API,
    passes=[{"health": {"intervalS": n}} for n in (10, 30)],
    fails=[{"health": {"intervalS": n}} for n in (5, 20, 60)],
)
def check_interval(draft: Draft) -> Iterable[Problem]:
    """`health.intervalS` is 10 or 30."""
    seconds = draft.settings.health.interval_s
    if seconds not in {10, 30}:
        yield Problem(
            "health.intervalS",
            f"health.intervalS is {seconds}, but Route 53 checks every 10 or every 30 seconds.",
            "Choose 10 (faster) or 30 (cheaper).",
            seconds,
        )


@rule(
    "BC302",
    "error",
    source=CHECK_API,
    passes=[{"health": {"failureThreshold": n}} for n in (1, 10)],
    fails=[{"health": {"failureThreshold": n}} for n in (0, 11)],
)
def check_threshold(draft: Draft) -> Iterable[Problem]:
    """`health.failureThreshold` is 1 to 10."""
    value = draft.settings.health.failure_threshold
    yield from out_of_range("health.failureThreshold", value, 1, 10, "checks in a row")


@rule(
    "BC303",
    "error",
    source=PRIVATE,
    passes=[_check_mode("public"), {"dns": {"mode": "latch"}}],
    fails=[_check_mode("private"), {"dns": {"mode": "health-check"}}],
)
def check_reaches_endpoint(draft: Draft) -> Iterable[Problem]:
    """A TCP check needs a public endpoint."""
    settings = draft.settings
    if settings.dns.mode == "health-check" and settings.health.endpoint_check == "private":
        yield Problem(
            "dns.mode",
            "dns.mode is health-check, but health.endpointCheck is private: Route 53's checkers "
            "are outside the VPC, so the check could never pass.",
            "Use dns.mode: latch, or health.endpointCheck: public.",
            settings.dns.mode,
            related=("health.endpointCheck",),
        )


@rule(
    "BC304",
    "warning",
    source=DNS_FAILOVER,
    passes=[{"dns": {"mode": "latch"}}, {"dns": {"mode": "global-endpoint"}}],
    fails=[_check_mode("public")],
)
def check_mode_dangers(draft: Draft) -> Iterable[Problem]:
    """dns.mode: health-check is chosen with its two dangers in mind."""
    if draft.settings.dns.mode == "health-check":
        yield Problem(
            "dns.mode",
            "dns.mode is health-check, so clients are sent to the standby before it can write, "
            "and back to the old writer as soon as its port answers, promoted or not.",
            "Use dns.mode: latch, which follows the promotion.",
            "health-check",
        )


@rule(
    "BC308",
    "warning",
    source=RECORDS,
    passes=[{"dns": {"ttlS": n}} for n in (5, 60)],
    fails=[{"dns": {"ttlS": 61}}],
)
def short_ttl(draft: Draft) -> Iterable[Problem]:
    """`dns.ttlS` is at most 60."""
    seconds = draft.settings.dns.ttl_s
    if 60 < seconds <= 2_147_483_647:
        yield Problem(
            "dns.ttlS",
            f"dns.ttlS is {seconds}, so clients may go on asking the lost region for {seconds} "
            "seconds after DNS has moved.",
            "Choose 60 or less; Aurora's own endpoints have 5.",
            seconds,
        )


@rule(
    "BC309",
    "error",
    source="https://docs.aws.amazon.com/Route53/latest/APIReference/API_ResourceRecordSet.html",
    passes=[{"dns": {"ttlS": 0}}],
    fails=[{"dns": {"ttlS": -1}}, {"dns": {"ttlS": 2_147_483_648}}],
)
def lawful_ttl(draft: Draft) -> Iterable[Problem]:
    """`dns.ttlS` is 0 to 2147483647."""
    yield from out_of_range("dns.ttlS", draft.settings.dns.ttl_s, 0, 2_147_483_647, "seconds")


def _public_check(**health: int) -> dict[str, Any]:
    return {"dns": {"mode": "health-check"}, "health": {"endpointCheck": "public", **health}}


@rule(
    "BC315",
    "warning",
    source=CHECK_API,
    passes=[_public_check(intervalS=30, failureThreshold=3), {"health": {"failureThreshold": 10}}],
    fails=[_public_check(intervalS=30, failureThreshold=4)],
)
def quick_check(draft: Draft) -> Iterable[Problem]:
    """A health check that moves DNS notices a loss within 90 seconds."""
    settings = draft.settings
    health = settings.health
    seconds = health.interval_s * health.failure_threshold
    if settings.dns.mode == "health-check" and seconds > 90:
        yield Problem(
            "health.failureThreshold",
            f"health.failureThreshold is {health.failure_threshold}, so with health.intervalS the "
            f"check needs {seconds} seconds in a row of failures before DNS moves, and the TTL "
            "comes on top.",
            "Choose health.intervalS: 10 and a threshold of 3.",
            health.failure_threshold,
            related=("health.intervalS", "dns.mode"),
        )


@rule(
    "BC316",
    "warning",
    source=CHECK_API,
    passes=[_public_check(failureThreshold=2), {"health": {"failureThreshold": 1}}],
    fails=[_public_check(failureThreshold=1)],
)
def patient_check(draft: Draft) -> Iterable[Problem]:
    """One failed check alone does not move DNS."""
    settings = draft.settings
    if settings.dns.mode == "health-check" and settings.health.failure_threshold == 1:
        yield Problem(
            "health.failureThreshold",
            "health.failureThreshold is 1: one lost packet sends every client to the standby, "
            "which cannot write, and back again.",
            "Choose 3.",
            1,
            related=("dns.mode",),
        )


@rule(
    "BC317",
    "info",
    source=CHECK_API,
    passes=[_public_check(intervalS=10), {}],
    fails=[{"health": {"intervalS": 30}}, {"health": {"failureThreshold": 3}}],
)
def check_is_made(draft: Draft) -> Iterable[Problem]:
    """The numbers of a health check are given only where one is made."""
    keys = ("health.intervalS", "health.failureThreshold")
    mode = draft.settings.dns.mode
    given = [key for key in keys if key in draft.given]
    if given and mode != "health-check":
        yield Problem(
            given[0],
            f"{given[0]} has no effect, because dns.mode is {mode}: no check of an endpoint is "
            "made.",
            "Remove it.",
            related=("dns.mode",),
            at_key=True,
        )
