"""What watching and failing over cost: functions, schedule, record, alarms, metrics, notices."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from math import ceil

from bicoastal.costs.database import log_items
from bicoastal.costs.items import GIB, KIB_PER_GIB, MINUTES, Case, Item, global_item
from bicoastal.costs.program import (
    COMPOSITE_ALARMS,
    LATCH_PUTS_PER_RUN,
    MEMORY_GB,
    VOTE_METRICS,
    alarms,
    rounds_per_run,
    topic_regions,
)

_FUNCTION = "aws:lambda/function:Function"
_SCHEDULE = ("aws:cloudwatch/eventRule:EventRule", "aws:cloudwatch/eventTarget:EventTarget")
_ALARM = ("aws:cloudwatch/metricAlarm:MetricAlarm",)
_COMPOSITE = ("aws:cloudwatch/compositeAlarm:CompositeAlarm",)
_DASHBOARD = ("aws:cloudwatch/dashboard:Dashboard",)
_TABLE = ("aws:dynamodb/table:Table",)
_SUBSCRIPTION = "aws:sns/topicSubscription:TopicSubscription"
_TOPIC = ("aws:sns/topic:Topic",)


def rounds(case: Case) -> Decimal:
    """The rounds of the standby's controller in a month; each asks every prober once."""
    return MINUTES * rounds_per_run(case.settings.failover.probe_interval_s)


def latch_puts(case: Case) -> Decimal:
    """How often the standby's controller puts the latch into each region in a month."""
    return MINUTES * LATCH_PUTS_PER_RUN if case.follows_latch else Decimal(0)


def control_items(case: Case) -> Iterator[Item]:
    """Everything that is billed for watching and deciding, in the order in which it is shown."""
    for region in case.settings.regions.witnesses:
        yield from _functions(case, region)
    for region in case.settings.regions.pair:
        yield Item("Schedule", "events:schedule", region, MINUTES, "fixed", _SCHEDULE)
    yield from _record(case)
    for region, count in alarms(case.settings).items():
        yield Item("Alarms", "cloudwatch:alarm", region, Decimal(count), "fixed", _ALARM)
    if case.follows_latch:
        for region in case.settings.regions.witnesses:
            yield Item("Metric HomeIsWriter", "cloudwatch:metric", region, Decimal(1))
            yield Item("PutMetricData of the latch", "cloudwatch:request", region, latch_puts(case))
    for region in case.settings.regions.members:
        decides = region in case.settings.regions.pair
        over = Decimal(COMPOSITE_ALARMS if decides else 1)
        yield Item("Alarm over alarms", "cloudwatch:composite", region, over, "fixed", _COMPOSITE)
        if decides:
            yield Item("Metrics of votes", "cloudwatch:metric", region, Decimal(VOTE_METRICS))
    yield from _dashboards(case)
    if case.settings.network.flow_logs:
        for region in case.settings.regions.all:
            yield from log_items("Flow log", region, case.usage.flow_log_gib, "usage")
    yield from _notices(case)


def _dashboards(case: Case) -> Iterator[Item]:
    if case.settings.monitoring.dashboards:
        count = Decimal(len(case.settings.regions.members))
        yield global_item("Dashboards", "cloudwatch:dashboard", count, covers=_DASHBOARD)


def _functions(case: Case, region: str) -> Iterator[Item]:
    """The region's prober, and its controller: that of the writer's region only looks.

    Source: https://aws.amazon.com/lambda/pricing/
    """
    usage = case.usage
    yield from _function(
        "Prober", region, rounds(case), usage.probe_s, rounds(case) * usage.run_log_bytes
    )
    if region not in case.settings.regions.pair:
        return
    per_run = 1
    seconds = usage.round_s
    if region == case.standby:
        interval = case.settings.failover.probe_interval_s
        per_run = rounds_per_run(interval)
        seconds = (per_run - 1) * Decimal(interval) + usage.round_s
    logged = MINUTES * (usage.run_log_bytes + per_run * usage.round_log_bytes)
    yield from _function("Controller", region, MINUTES, seconds, logged)


def _function(
    name: str, region: str, runs: Decimal, seconds: Decimal, log_bytes: Decimal
) -> Iterator[Item]:
    duration = runs * seconds * MEMORY_GB
    yield Item(f"{name}, requests", "lambda:request", region, runs, "fixed", (_FUNCTION,))
    yield Item(f"{name}, duration", "lambda:duration", region, duration, "fixed", (_FUNCTION,))
    yield from log_items(f"{name}'s log", region, log_bytes / GIB, "fixed")


def _record(case: Case) -> Iterator[Item]:
    """The record: read in every round, written only when something happens.

    Each write is billed in every region of the global table, counted here in the witness's too,
    which AWS's page does not say: at most a few cents. A read has 4 KB, a write 1 KB a unit.
    Source:
    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/global-tables-billing.html
    """
    usage = case.usage
    read_units = max(1, ceil(usage.record_kib / 4))
    write_units = usage.record_writes * max(1, ceil(usage.record_kib))
    for region in case.settings.regions.pair:
        reads = MINUTES if region == case.home else rounds(case)
        yield Item("Record, reads", "dynamodb:read", region, reads * read_units, "fixed", _TABLE)
    for region in case.settings.regions.witnesses:
        yield Item("Record, writes", "dynamodb:write", region, write_units, "usage", _TABLE)
    size = usage.record_kib / KIB_PER_GIB
    for region in case.settings.regions.pair:
        yield Item("Record, storage", "dynamodb:storage", region, size, "fixed", _TABLE)
        yield Item("Record, recovery", "dynamodb:recovery", region, size, "fixed", _TABLE)


def _notices(case: Case) -> Iterator[Item]:
    """Messages to the topics, e-mails, and deliveries by HTTPS, which are priced as messages.

    AWS's own price of a delivery by HTTPS is 0.60 instead of 0.50 US dollars a million.
    Source: https://aws.amazon.com/sns/pricing/
    """
    monitoring, count = case.settings.monitoring, case.usage.notifications
    readers, listeners = len(monitoring.alarm_emails), len(monitoring.alarm_urls)
    covers = (*_TOPIC, _SUBSCRIPTION) if listeners else _TOPIC
    for region in topic_regions(case.settings):
        messages = count * (1 + listeners)
        yield Item("Notices", "sns:request", region, messages, "usage", covers)
        if readers:
            yield Item("E-mails", "sns:email", region, count * readers, "usage", (_SUBSCRIPTION,))
