"""BC305 to BC314: when and how the controller fails over."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from bicoastal.settings import tables
from bicoastal.settings.draft import Draft
from bicoastal.settings.models import Monitoring
from bicoastal.settings.rules.base import Problem, out_of_range, rule
from bicoastal.settings.rules.places import WITNESSES
from bicoastal.settings.secrecy import shown

DISASTER = (
    "https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/"
    "aurora-global-database-disaster-recovery.html"
)

IN_REGION = (
    "https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/"
    "Concepts.AuroraHighAvailability.html"
)

LAMBDA = "https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html"

GLOBAL_TABLES = (
    "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/"
    "V2globaltables_HowItWorks.html"
)

IN_REGION_S = 60
"""How long Aurora's own failover within a region may take, in seconds."""


def _failover(**keys: object) -> dict[str, Any]:
    return {"failover": keys}


@rule(
    "BC305",
    "error",
    source=DISASTER,
    passes=[
        _failover(mode="automatic"),
        _failover(mode="approve") | {"regions": {"witness": "us-east-1"}},
    ],
    fails=[{"regions": {"witness": "us-east-1"}}, {"regions": {"witness": "us-west-2"}}],
)
def three_witnesses(draft: Draft) -> Iterable[Problem]:
    """Automatic failover has three witnesses in three regions."""
    regions = draft.settings.regions
    if draft.settings.failover.mode == "automatic" and regions.witness in regions.pair:
        yield Problem(
            "regions.witness",
            f"regions.witness is {shown('regions.witness', regions.witness)}, which "
            "holds a member, but automatic failover needs three witnesses in three regions: two "
            "cannot tell a lost region from a lost link.",
            "Choose a third region, or failover.mode: approve.",
            regions.witness,
            related=("failover.mode", *WITNESSES[:2]),
        )


@rule(
    "BC306",
    "error",
    source=DISASTER,
    passes=[_failover(quorum=n) for n in (2, 3)],
    fails=[_failover(quorum=n) for n in (0, 1, 4)],
)
def quorum(draft: Draft) -> Iterable[Problem]:
    """`failover.quorum` is a majority of the three witnesses."""
    value = draft.settings.failover.quorum
    if value not in {2, 3}:
        why = "three witnesses cannot give more votes" if value > 3 else "one must not decide alone"
        yield Problem(
            "failover.quorum",
            f"failover.quorum is {value}, but must be 2 or 3 of the three witnesses: {why}.",
            "Choose 2.",
            value,
        )


@rule(
    "BC307",
    "warning",
    source=IN_REGION,
    passes=[
        _failover(probeIntervalS=10, threshold=7, graceS=0),
        _failover(threshold=0, graceS=0),
        _failover(probeIntervalS=0, graceS=0),
        _failover(threshold=1, graceS=-1),
    ],
    fails=[_failover(probeIntervalS=10, threshold=3, graceS=30)],
)
def window(draft: Draft) -> Iterable[Problem]:
    """The window is longer than a failover within the region takes."""
    failover = draft.settings.failover
    seconds = failover.window_s
    lawful = failover.threshold >= 1 and failover.probe_interval_s >= 1 and failover.grace_s >= 0
    if lawful and seconds < IN_REGION_S:
        # Settings are read by commands that have no use for the failover: only a finding needs it.
        from bicoastal.failover.detection.outages import chance_to_trigger  # noqa: PLC0415

        chance = chance_to_trigger(IN_REGION_S, seconds, failover.probe_interval_s)
        yield Problem(
            "failover.threshold",
            f"failover.threshold, with failover.probeIntervalS and failover.graceS, gives a window "
            f"of {seconds} seconds ((m - 1) T + g), but Aurora's failover within the region may "
            f"take {IN_REGION_S}: with a chance of up to {chance:.0%} a region would be given up "
            "for what mends itself.",
            f"Raise threshold or graceS until the window is {IN_REGION_S} seconds or more.",
            failover.threshold,
            related=("failover.probeIntervalS", "failover.graceS"),
        )


@rule(
    "BC310",
    "error",
    source=LAMBDA,
    passes=[_failover(graceS=0, cooldownS=0), {}],
    fails=[
        _failover(probeIntervalS=0),
        _failover(probeIntervalS=31),
        _failover(threshold=0),
        _failover(graceS=-1),
        _failover(probeTimeoutS=0.1),
        _failover(cooldownS=-1),
        _failover(rpoBudgetS=-1),
        _failover(promotionTimeoutS=10),
        _failover(cleanRounds=0),
        {"monitoring": {"lagAlarmMs": 0}},
        {"monitoring": {"rpoAlarmMs": 0}},
        {"monitoring": {"cpuAlarmPercent": 101}},
        {"monitoring": {"memoryAlarmMib": 0}},
        {"monitoring": {"localStorageAlarmMib": 0}},
        {"monitoring": {"volumeLeftAlarmGib": 0}},
        {"monitoring": {"connectionsAlarm": 16_001}},
        {"monitoring": {"deadlocksAlarmPerMinute": -1}},
        {"monitoring": {"loginFailuresAlarmPerMinute": -1}},
    ],
)
def failover_numbers(draft: Draft) -> Iterable[Problem]:
    """The numbers of failover and monitoring are in their ranges."""
    failover, day = draft.settings.failover, 86_400
    ranges: tuple[tuple[str, float, float, float, str], ...] = (
        # The controller's run lasts 55 seconds: two rounds at least must fit.
        ("failover.probeIntervalS", failover.probe_interval_s, 1, 30, "seconds"),
        ("failover.threshold", failover.threshold, 1, 100, "rounds"),
        ("failover.graceS", failover.grace_s, 0, day, "seconds"),
        ("failover.probeTimeoutS", failover.probe_timeout_s, 0.4, 20, "seconds"),
        ("failover.cooldownS", failover.cooldown_s, 0, 30 * day, "seconds"),
        ("failover.rpoBudgetS", failover.rpo_budget_s, 0, day, "seconds"),
        ("failover.promotionTimeoutS", failover.promotion_timeout_s, 60, day, "seconds"),
        ("failover.cleanRounds", failover.clean_rounds, 1, 100, "rounds"),
        *_alarm_ranges(draft.settings.monitoring),
    )
    for key, value, low, high, unit in ranges:
        yield from out_of_range(key, value, low, high, unit)


def _alarm_ranges(alarms: Monitoring) -> Iterable[tuple[str, float, float, float, str]]:
    """The thresholds of alarms: key, value, least, most, unit."""
    day_ms, most_rate = 86_400_000, 1_000_000
    # Aurora MySQL takes 16,000 connections at most, a cluster volume 256 TiB.
    return (
        ("monitoring.lagAlarmMs", alarms.lag_alarm_ms, 1, day_ms, "ms"),
        ("monitoring.rpoAlarmMs", alarms.rpo_alarm_ms, 1, day_ms, "ms"),
        ("monitoring.cpuAlarmPercent", alarms.cpu_alarm_percent, 1, 100, "percent"),
        ("monitoring.memoryAlarmMib", alarms.memory_alarm_mib, 1, 4 * 1024**2, "MiB"),
        ("monitoring.localStorageAlarmMib", alarms.local_storage_alarm_mib, 1, 1024**2, "MiB"),
        ("monitoring.volumeLeftAlarmGib", alarms.volume_left_alarm_gib, 1, 256 * 1024, "GiB"),
        ("monitoring.connectionsAlarm", alarms.connections_alarm, 1, 16_000, "connections"),
        (
            "monitoring.deadlocksAlarmPerMinute",
            alarms.deadlocks_alarm_per_minute, 0, most_rate, "a minute",
        ),
        (
            "monitoring.loginFailuresAlarmPerMinute",
            alarms.login_failures_alarm_per_minute, 0, most_rate, "a minute",
        ),
    )  # fmt: skip


@rule(
    "BC311",
    "error",
    source=LAMBDA,
    passes=[_failover(probeIntervalS=10, probeTimeoutS=2)],
    fails=[_failover(probeIntervalS=2, probeTimeoutS=2)],
)
def probe_fits(draft: Draft) -> Iterable[Problem]:
    """A probe ends before the next one begins."""
    failover = draft.settings.failover
    if failover.probe_timeout_s >= failover.probe_interval_s:
        yield Problem(
            "failover.probeTimeoutS",
            f"failover.probeTimeoutS is {failover.probe_timeout_s:g}, not less than "
            f"failover.probeIntervalS, which is {failover.probe_interval_s}: the rounds would "
            "overlap.",
            "Lower the time-out or raise the interval.",
            failover.probe_timeout_s,
            related=("failover.probeIntervalS",),
        )


@rule(
    "BC312",
    "warning",
    source=DISASTER,
    passes=[_failover(cooldownS=900), {}],
    fails=[_failover(cooldownS=899)],
)
def cooldown(draft: Draft) -> Iterable[Problem]:
    """The cooldown outlasts a promotion."""
    failover = draft.settings.failover
    if failover.cooldown_s < failover.promotion_timeout_s:
        yield Problem(
            "failover.cooldownS",
            f"failover.cooldownS is {failover.cooldown_s}, less than failover.promotionTimeoutS, "
            f"which is {failover.promotion_timeout_s}: a second failover could begin before the "
            "first has settled.",
            "Choose at least the promotion's time-out; an hour is usual.",
            failover.cooldown_s,
            related=("failover.promotionTimeoutS",),
        )


@rule(
    "BC313",
    "error",
    source=GLOBAL_TABLES,
    passes=[
        {},
        {"regions": {"home": "eu-west-1", "standby": "eu-central-1", "witness": "eu-west-3"}},
    ],
    fails=[
        {"regions": {"standby": "eu-west-1"}},
        {"regions": {"witness": "us-west-1"}},
        {"regions": {"home": "sa-east-1"}},
    ],
)
def one_region_set(draft: Draft) -> Iterable[Problem]:
    """The three regions are in one set of DynamoDB's multi-Region strong consistency."""
    known = tables.regions()
    names = draft.settings.regions.witnesses
    if any(name not in known for name in names):
        return  # another rule speaks of it
    sets = [known[name].region_set for name in names]
    wanted = sets[0]
    for key, name, found in zip(WITNESSES, names, sets, strict=True):
        if found is None or found != wanted:
            yield Problem(
                key,
                f"{key} is {name}, but the decision record must survive the loss of any one "
                "region, and DynamoDB offers that (multi-Region strong consistency) only within "
                "one set of regions: the US, the EU or the AP one.",
                f"Choose three of one set: {_sets()}.",
                name,
                related=WITNESSES,
            )
            return


def _sets() -> str:
    known = tables.regions().items()
    return "; ".join(
        ", ".join(name for name, region in known if region.region_set == wanted)
        for wanted in ("US", "EU", "AP")
    )


@rule(
    "BC314",
    "info",
    source=DISASTER,
    passes=[_failover(mode="automatic"), _failover(mode="approve")],
    fails=[_failover(mode="observe")],
)
def may_act(draft: Draft) -> Iterable[Problem]:
    """The controller may act."""
    if draft.settings.failover.mode == "observe":
        yield Problem(
            "failover.mode",
            "failover.mode is observe: the controller says what it would have done, and does "
            "nothing when a region is lost.",
            "Choose approve or automatic once its record has convinced you.",
            "observe",
        )
