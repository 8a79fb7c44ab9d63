"""What AWS would say of a stack that was deployed as its settings ask, by hand."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from bicoastal.costs.deployed import MemberSeen, Place, Rhythm, Seen
from bicoastal.settings import Settings
from bicoastal.settings.account import Fact

MEMBER_ALARMS = {"db.serverless": 15, "db.r6g.large": 16, "db.t4g.medium": 16}
"""Of a member's region without the latch's and the name's."""
HEADLESS_ALARMS = 9
CONTROLLER_ALARMS = 6


def seen_as(settings: Settings, volume: Decimal | None = None) -> Seen:
    """A stack that is deployed exactly as asked, its volumes as full as given."""
    database, regions, dns = settings.database, settings.regions, settings.dns.mode
    public = settings.health.endpoint_check == "public"
    members: dict[str, Fact[MemberSeen | None]] = {}
    counts: dict[Place, Fact[int]] = {}
    for region in regions.members:
        count = settings.instances(region)
        members[region] = MemberSeen(
            classes={database.instance_class: count} if count else {},
            public=count if public else 0,
            least_acu=database.serverless_min_acu if database.is_serverless else None,
            most_acu=database.serverless_max_acu if database.is_serverless else None,
            storage_type=database.storage_type,
            backup_days=database.backup_retention_days,
            monitoring_s=database.monitoring_interval_s,
        )
        alarms = MEMBER_ALARMS[database.instance_class] if count else HEADLESS_ALARMS
        decides = region in regions.pair
        counts[Place(region, "Alarms")] = alarms if decides else alarms - CONTROLLER_ALARMS
        counts[Place(region, "Alarm over alarms")] = 2 if decides else 1
        if decides:
            counts[Place(region, "Metrics of votes")] = 3
        counts[Place(region, "Key")] = 1
    for region in regions.witnesses if dns == "latch" else ():
        _add(counts, region, "Alarms", 1)
    if dns != "global-endpoint":
        _add(counts, "us-east-1", "Alarms", 1)
    derived = {"latch": 4, "health-check": 1, "global-endpoint": 0}[dns]
    endpoint = int(dns == "health-check")
    counts[Place("global", "Checks over metrics and checks")] = derived
    counts[Place("global", "Check on the endpoint")] = endpoint
    fast = endpoint if settings.health.interval_s == 10 else 0
    counts[Place("global", "Option: an interval of 10 s")] = fast
    counts[Place("global", "Private zone")] = int(settings.hosted_zone_id is None)
    counts[Place("global", "Dashboards")] = (
        len(regions.members) if settings.monitoring.dashboards else 0
    )
    there: dict[Place, Fact[bool]] = {Place(r, "Prober"): True for r in regions.witnesses}
    there |= {Place(r, n): True for r in regions.pair for n in ("Controller", "Record")}
    there |= {Place(r, "Flow log"): settings.network.flow_logs for r in regions.all}
    return Seen(
        members=members,
        volumes=dict.fromkeys(regions.members, volume),
        counts=counts,
        there=there,
        rhythm=Rhythm(settings.failover.probe_interval_s, dns == "latch"),
    )


def _add(counts: dict[Place, Fact[int]], region: str, name: str, more: int) -> None:
    place = Place(region, name)
    before = counts.get(place, 0)
    assert isinstance(before, int)
    counts[place] = before + more


def changed(facts: Mapping[Place, object], region: str, name: str, value: object) -> dict:  # type: ignore[type-arg]  # of either kind
    """The facts with one of them replaced."""
    assert Place(region, name) in facts
    return {**facts, Place(region, name): value}
