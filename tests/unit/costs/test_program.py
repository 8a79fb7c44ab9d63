"""The estimator knows the program: every type, every alarm, every run, every call."""

from __future__ import annotations

import re
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

import pulumi_aws
import pytest

from bicoastal import stack
from bicoastal.costs import program
from bicoastal.costs.estimate import items
from bicoastal.costs.free import FREE
from bicoastal.costs.items import Case, Item
from bicoastal.costs.usage import Usage
from bicoastal.failover.config import ControllerConfig, Latch, Member
from bicoastal.failover.controller import Controller
from bicoastal.failover.sizing import RUN_S
from bicoastal.failover.state import Record, State
from bicoastal.failover.votes import Depth, Topology, Verdict, Vote
from bicoastal.lab.planning import PlannedResource, planned_resources
from bicoastal.settings import Settings, load
from bicoastal.stack.alarm_rules import CONTROLLER_RULES, maintenance_rule, member_rules, vote_rules
from bicoastal.stack.context import HEALTH_METRICS_REGION, topic_regions
from bicoastal.stack.database import LOG_RETENTION_DAYS

SECRET = "arn:aws:secretsmanager:{}:123456789012:secret:database-AbCdEf"
EUROPE = {"home": "eu-central-1", "standby": "eu-west-1", "witness": "eu-west-3"}
SHAPES: dict[str, dict[str, Any]] = {
    "default": {},
    "public": {
        "health": {"endpointCheck": "public"},
        "dns": {"mode": "health-check"},
        "network": {"flowLogs": True},
        "monitoring": {
            "alarmEmails": ["dba@example.com"],
            "alarmUrls": ["https://events.example.com/sns"],
            "dashboards": False,
        },
        "budget": {"monthlyUsd": 250},
    },
    "production": {"profile": "production", "dns": {"mode": "global-endpoint"}},
    "european": {"regions": EUROPE, "database": {"monitoringIntervalS": 0}},
    "headless": {
        "database": {"headlessStandby": True, "instanceClass": "db.r6g.large"},
        "failover": {"mode": "approve"},
    },
    "replica": {
        "topology": "binlog-replica",
        "database": {"instanceClass": "db.t4g.medium"},
        "failover": {"mode": "observe"},
    },
    "given zone": {"hostedZoneId": "Z0123456789ABCDEFGHIJ", "domainName": "db.example.org"},
}


def settings_of(shape: dict[str, Any]) -> Settings:
    home = shape.get("regions", {}).get("home", "us-east-1")
    return load({"secretArn": SECRET.format(home), **shape})


@pytest.fixture(scope="module")
def plans(
    tmp_path_factory: pytest.TempPathFactory,
) -> dict[str, tuple[Settings, list[PlannedResource]]]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        settings = {name: settings_of(shape) for name, shape in SHAPES.items()}
        return {name: (asked, planned_resources(asked)) for name, asked in settings.items()}


@pytest.fixture(params=list(SHAPES))
def planned(
    request: pytest.FixtureRequest, plans: dict[str, tuple[Settings, list[PlannedResource]]]
) -> tuple[Settings, list[PlannedResource]]:
    return plans[request.param]


def items_of(settings: Settings) -> list[Item]:
    return list(items(Case(settings, Usage())))


def test_every_resource_type_is_billed_or_free_with_a_source(planned):
    settings, resources = planned
    billed = {kind for item in items_of(settings) for kind in item.covers}
    assert not billed & set(FREE)
    unknown = {found.type for found in resources} - billed - set(FREE)
    assert not unknown, f"neither an item nor an entry in FREE: {sorted(unknown)}"
    for reason, source in FREE.values():
        assert reason
        assert source.startswith("https://")


def test_the_shapes_reach_every_type_that_the_program_can_create(plans):
    reached = {found.type for _, resources in plans.values() for found in resources}
    sources = "".join(file.read_text("utf-8") for file in Path(stack.__file__).parent.glob("*.py"))
    named = set(re.findall(r"\baws\.(\w+)\.([A-Z]\w+)\(", sources))
    kinds = {getattr(getattr(pulumi_aws, module), name) for module, name in named}
    written = {kind.pulumi_type for kind in kinds if hasattr(kind, "pulumi_type")}
    assert len(written) > 25
    assert written <= reached


def test_nothing_is_billed_that_the_program_does_not_create(planned):
    settings, resources = planned
    billed = {kind for item in items_of(settings) for kind in item.covers if item.quantity}
    assert billed <= {found.type for found in resources}


@pytest.mark.parametrize(
    ("kind", "name", "per"),
    (
        ("aws:cloudwatch/metricAlarm:MetricAlarm", "Alarms", 1),
        ("aws:cloudwatch/compositeAlarm:CompositeAlarm", "Alarm over alarms", 1),
        ("aws:kms/key:Key", "Key", 1),
        ("aws:rds/clusterInstance:ClusterInstance", "Instances, db.r6g.large", 730),
        ("aws:rds/clusterInstance:ClusterInstance", "Serverless v2, minimum 0.5 ACU", 365),
        ("aws:cloudwatch/eventRule:EventRule", "Schedule", 43_800),
        ("aws:ec2/internetGateway:InternetGateway", "Public addresses", 730),
    ),
)
def test_counts_are_those_of_the_program(planned, kind, name, per):
    settings, resources = planned
    there = Counter(found.region for found in resources if found.type == kind)
    counted: Counter[str] = Counter()
    for item in items_of(settings):
        if item.name == name:
            counted[item.region] += int(item.quantity / per)
    assert not counted or counted == there


def test_health_checks_and_functions_are_those_of_the_program(planned):
    settings, resources = planned
    found = Counter(resource.type for resource in resources)
    made = items_of(settings)
    checks = sum(item.quantity for item in made if item.key.startswith("route53:check/") and
                 not item.key.endswith("feature"))  # fmt: skip
    assert checks == found["aws:route53/healthCheck:HealthCheck"]
    functions = [item for item in made if item.key == "lambda:request"]
    assert len(functions) == found["aws:lambda/function:Function"]
    dashboards = sum(item.quantity for item in made if item.key == "cloudwatch:dashboard")
    assert dashboards == found["aws:cloudwatch/dashboard:Dashboard"]
    notices = [item for item in made if item.key == "sns:request"]
    assert len(notices) == found["aws:sns/topic:Topic"]
    each = 200 if settings.monitoring.alarm_urls else 100  # the topic's, and each URL's
    assert {item.quantity for item in notices} == {each}
    flow_logs = [item for item in made if item.name == "Flow log, written"]
    assert len(flow_logs) == found["aws:ec2/flowLog:FlowLog"]
    zones = [item for item in made if item.key == "route53:zone"]
    assert len(zones) == found["aws:route53/zone:Zone"]


def test_constants_agree_with_the_program(planned):
    settings, _ = planned
    on_disk = not settings.database.is_serverless
    bare = member_rules(settings, has_instances=False)
    assert len(bare) == program.MEMBER_ALARMS
    whole = member_rules(settings, has_instances=True)
    assert len(whole) - len(bare) == program.INSTANCE_ALARMS + on_disk
    votes = vote_rules("Bicoastal/dev", 2, 3)
    counted = (*votes, maintenance_rule("Bicoastal/dev"))
    assert len(CONTROLLER_RULES) + len(counted) == program.CONTROLLER_ALARMS
    assert len({rule.metric for rule in counted}) == program.VOTE_METRICS
    assert HEALTH_METRICS_REGION == program.HEALTH_METRICS_REGION
    assert LOG_RETENTION_DAYS == 30
    assert topic_regions(settings) == program.topic_regions(settings)


def test_functions_have_the_memory_that_is_priced(tmp_path, monkeypatch):
    from bicoastal.lab.engine import Deployment
    from bicoastal.lab.planning import pulumi_config
    from bicoastal.stack.program import program as pulumi_program

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    deployment = Deployment("bicoastal", "dev", pulumi_config(settings_of({})))
    functions = [
        found
        for found in deployment.preview(pulumi_program)
        if found.type == "aws:lambda/function:Function"
    ]
    assert len(functions) == 5
    for found in functions:
        assert Decimal(int(found.inputs["memorySize"])) / 1024 == program.MEMORY_GB
        assert found.inputs["architectures"] == ["arm64"]


HOME, STANDBY, WITNESS = "us-east-1", "us-west-2", "us-east-2"


class World:
    """Healthy, and counts what it is asked."""

    def __init__(self) -> None:
        self.votes: Counter[str] = Counter()
        self.latches: Counter[str] = Counter()

    def vote(self, witness: str, member: str, number: int) -> Vote:
        self.votes[witness] += 1
        return Vote(witness, member, Verdict.UP, Depth.GREETING, "fake")

    def topology(self) -> Topology:
        return Topology(HOME, True, None, True, True)

    def promote(self, target_arn: str) -> str:
        raise AssertionError(target_arn)

    def put_latch(self, region: str, value: int, at: float) -> None:
        self.latches[region] += 1

    def lag(self, before: float) -> None:
        raise AssertionError(before)

    def page(self, subject: str, message: str) -> None:
        raise AssertionError(subject)


class Store:
    """Counts reads; nothing may be written while all is well."""

    def __init__(self) -> None:
        self.reads = 0

    def read(self) -> Record:
        self.reads += 1
        return Record(
            cluster="global-dev", writer=HOME, version=7, armed=True, since=0.0, state=State.STEADY
        )

    def write(self, old: Record, new: Record, note: object) -> Record:
        raise AssertionError(new)


@pytest.mark.parametrize("interval", (5, 10, 20, 30, 55, 60))
@pytest.mark.parametrize("region", (HOME, STANDBY))
def test_the_real_controller_asks_as_often_as_is_priced(interval, region):
    config = ControllerConfig(
        cluster="global-dev",
        region=region,
        home_region=HOME,
        members={HOME: Member("arn:home", "home"), STANDBY: Member("arn:standby", "standby")},
        witnesses={each: f"probe-{each}" for each in (HOME, STANDBY, WITNESS)},
        table="record-dev",
        latch=Latch("Bicoastal", "HomeIsWriter", "Cluster", "g", (HOME, STANDBY, WITNESS)),
        probe_interval_s=float(interval),
    )
    now = [1000.0]

    def sleep(seconds: float) -> None:
        now[0] += seconds

    world, store = World(), Store()
    controller = Controller(
        config, 1.0, store, world, clock=lambda: now[0], monotonic=lambda: now[0],
        sleep=sleep, log=lambda line: None,
    )  # fmt: skip
    controller.run(remaining=lambda: 75 - (now[0] - 1000.0))
    expected = program.rounds_per_run(interval) if region == STANDBY else 0
    assert store.reads == max(1, expected)
    assert set(world.votes.values()) == ({expected} if expected else set())
    puts = program.LATCH_PUTS_PER_RUN
    assert set(world.latches.values()) == ({puts} if expected else set())
    assert len(world.latches) == (3 if expected else 0)
    assert now[0] - 1000.0 == max(0, expected - 1) * interval
    assert config.run_s == RUN_S
