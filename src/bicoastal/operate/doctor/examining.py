"""Every examination at once; what cannot be read is a finding, too."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import product
from typing import NamedTuple

from bicoastal.live.asking import asked
from bicoastal.operate.access import Access, Told
from bicoastal.operate.doctor import encryption, members, record_table, running, standing, watching
from bicoastal.operate.doctor.finding import Finding, Planned
from bicoastal.operate.gathering import look
from bicoastal.operate.report import DnsReport
from bicoastal.operate.target import Target
from bicoastal.settings.account import Unread

_WORKERS = 16
_ALARMS = ("aws:cloudwatch/metricAlarm:MetricAlarm", "aws:cloudwatch/compositeAlarm:CompositeAlarm")
_TOPIC = "aws:sns/topic:Topic"
_EVENTS = "aws:rds/eventSubscription:EventSubscription"
_FUNCTION = "aws:lambda/function:Function"
_RULE = "aws:cloudwatch/eventRule:EventRule"


class _Examination(NamedTuple):
    """A question to one region.

    Attributes:
        action: the IAM action that it needs.
        region: the region.
        question: gives the findings.
    """

    action: str
    region: str
    question: Callable[[], Iterable[Finding]]


def examine(
    access: Access,
    planned: Iterable[Planned],
    *,
    pace: float = 1.0,
    tell: Told = lambda _line: None,
    ask_dns: Callable[[Target], DnsReport] | None = None,
) -> tuple[Finding, ...]:
    """Examine everything. Nothing is written; the probers are invoked once.

    Args:
        access: the way to the stack, of any topology.
        planned: what the program asks for.
        pace: by how much durations are divided.
        tell: takes progress.
        ask_dns: asks what DNS answers; None does not ask.

    Returns:
        What is not as it should be, in the order of the concerns; empty when all is well.
    """
    settings = access.target.settings
    everything = tuple(_examinations(access, tuple(planned)))
    tell(f"examining {', '.join(settings.regions.all)} in {len(everything)} questions")
    with ThreadPoolExecutor(_WORKERS, "doctor") as pool:
        answers = [pool.submit(_ask, each) for each in everything]
        first = tuple(standing.findings(look(access, pace, tell, ask_dns), settings))
        return (*first, *(finding for answer in answers for finding in answer.result()))


def _ask(examination: _Examination) -> tuple[Finding, ...]:
    answer = asked(examination.action, examination.region, lambda: tuple(examination.question()))
    return (encryption.unread(answer),) if isinstance(answer, Unread) else answer


def _examinations(access: Access, planned: tuple[Planned, ...]) -> Iterator[_Examination]:
    settings, clients = access.target.settings, access.clients
    regions = settings.regions
    if settings.is_global:
        region = access.target.order[0]
        question = partial(members.global_cluster, clients, settings, region)
        yield _Examination("rds:DescribeGlobalClusters", region, question)
    of_members = (
        ("rds:DescribeDBInstances", members.instances),
        ("kms:DescribeKey", encryption.key),
        ("rds:DescribeDBClusters", encryption.encrypted),
    )
    of_the_record = (
        ("dynamodb:DescribeTable", record_table.table),
        ("dynamodb:DescribeContinuousBackups", record_table.backups),
    )
    for where, examinations in ((regions.members, of_members), (regions.pair, of_the_record)):
        for region, (action, examination) in product(where, examinations):
            yield _Examination(action, region, partial(examination, clients, settings, region))
    question = partial(encryption.secret, clients, settings, regions.home)
    yield _Examination("secretsmanager:DescribeSecret", regions.home, question)
    for region in dict.fromkeys(each.region for each in planned):
        names = [each.name for each in planned if each.region == region and each.type in _ALARMS]
        question = partial(watching.alarms, clients, region, names)
        yield _Examination("cloudwatch:DescribeAlarms", region, question)
    for type_, action, examination in (
        (_TOPIC, "sns:ListSubscriptionsByTopic", partial(watching.topic, clients, settings)),
        (_EVENTS, "rds:DescribeEventSubscriptions", partial(watching.subscription, clients)),
        (
            _FUNCTION,
            "lambda:GetFunctionConfiguration",
            partial(running.function, clients, settings),
        ),
        (_RULE, "events:DescribeRule", partial(running.schedule, clients)),
    ):
        for each in planned:
            if each.type == type_:
                question = partial(examination, each.region, each.name)
                yield _Examination(action, each.region, question)
