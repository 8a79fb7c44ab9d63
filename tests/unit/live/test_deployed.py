"""What is made of AWS's descriptions of a deployed stack, and of silence."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from bicoastal.costs.deployed import MemberSeen, Place, Rhythm, deployed_estimate
from bicoastal.costs.usage import Usage
from bicoastal.live import counting, deployed, existing, member
from bicoastal.operate.access import clients_of, endpoints
from bicoastal.operate.target import Target
from bicoastal.settings import Settings, load
from bicoastal.settings.account import Unread

from .conftest import HOME, STANDBY, WITNESS

SETTINGS: Settings = load({"environmentSuffix": "a-1"})
CLUSTER: dict[str, Any] = {"DBClusterIdentifier": "aurora-use1-a-1", "BackupRetentionPeriod": 7}


def test_a_member_is_its_cluster_and_the_instances_on_every_page(stubs: Any) -> None:
    scaling = {"MinCapacity": 0.5, "MaxCapacity": 4.0}
    cluster = {
        **CLUSTER,
        "StorageType": "aurora-iopt1",
        "ServerlessV2ScalingConfiguration": scaling,
    }
    stubs.answer("rds", "describe_db_clusters", {"DBClusters": [cluster]})
    first = {"DBInstanceClass": "db.serverless", "PubliclyAccessible": True}
    second = {"DBInstanceClass": "db.serverless", "MonitoringInterval": 30}
    third = {
        "DBInstanceClass": "db.r6g.large",
        "PubliclyAccessible": False,
        "MonitoringInterval": 0,
    }
    stubs.answer("rds", "describe_db_instances", {"DBInstances": [first, second], "Marker": "more"})
    stubs.answer("rds", "describe_db_instances", {"DBInstances": [third]})
    found = member.member(stubs, SETTINGS, HOME)
    classes = {"db.serverless": 2, "db.r6g.large": 1}
    assert found == MemberSeen(classes, 1, 0.5, 4.0, "aurora-iopt1", 7, 30)


def test_a_cluster_may_have_nothing_or_not_be_there(stubs: Any) -> None:
    stubs.answer("rds", "describe_db_clusters", {"DBClusters": [CLUSTER]})
    stubs.answer("rds", "describe_db_instances", {"DBInstances": []})
    assert member.member(stubs, SETTINGS, HOME) == MemberSeen({}, backup_days=7)
    stubs.refuse("rds", "describe_db_clusters", "DBClusterNotFoundFault")
    assert member.member(stubs, SETTINGS, HOME) is None


@pytest.mark.parametrize("refused", ("rds:DescribeDBClusters", "rds:DescribeDBInstances"))
def test_a_member_that_may_not_be_read_is_unread(refused: str, stubs: Any) -> None:
    if refused.endswith("Instances"):
        stubs.answer("rds", "describe_db_clusters", {"DBClusters": [CLUSTER]})
        stubs.refuse("rds", "describe_db_instances", "AccessDenied")
    else:
        stubs.refuse("rds", "describe_db_clusters", "AccessDenied")
    found = member.member(stubs, SETTINGS, HOME)
    assert isinstance(found, Unread)
    assert found.cure == f"Grant {refused} in us-east-1 to whoever checks."


def test_a_volume_is_as_full_as_when_it_was_last_measured(stubs: Any) -> None:
    at = [datetime(2026, 1, 1, hour, tzinfo=UTC) for hour in (1, 3, 2)]
    points = [
        {"Timestamp": moment, "Maximum": float(gib * 1024**3)}
        for moment, gib in zip(at, (1, 12, 30), strict=True)
    ]
    stubs.answer("cloudwatch", "get_metric_statistics", {"Datapoints": points})
    assert member.volume(stubs, SETTINGS, HOME) == Decimal(12)
    stubs.answer("cloudwatch", "get_metric_statistics", {"Datapoints": []})
    assert member.volume(stubs, SETTINGS, HOME) is None


def controller_of(probe_interval_s: float, regions: tuple[str, ...]) -> dict[str, Any]:
    config = Target(SETTINGS).controller_config(STANDBY, {})
    text = config.to_json().replace(
        '"probe_interval_s":10', f'"probe_interval_s":{probe_interval_s}'
    )
    if not regions:
        text = text.replace(f'"regions":["{HOME}","{STANDBY}","{WITNESS}"]', '"regions":[]')
    return {"Environment": {"Variables": {"BICOASTAL_CONFIG": text}}}


@pytest.mark.parametrize(
    ("answer", "rhythm"),
    (
        (controller_of(10, (HOME,)), Rhythm(10, has_latch=True)),
        (controller_of(30, ()), Rhythm(30, has_latch=False)),
    ),
)
def test_a_controller_tells_how_it_works(answer: Any, rhythm: Rhythm, stubs: Any) -> None:
    stubs.answer("lambda", "get_function_configuration", answer)
    config = existing.controller(stubs, SETTINGS, HOME)
    assert deployed.rhythm_of([None, config, None]) == rhythm


def test_no_controller_and_one_that_cannot_be_read(stubs: Any) -> None:
    stubs.refuse("lambda", "get_function_configuration", "ResourceNotFoundException")
    assert existing.controller(stubs, SETTINGS, HOME) is None
    broken = {"Environment": {"Variables": {"BICOASTAL_CONFIG": "{"}}}
    stubs.answer("lambda", "get_function_configuration", broken)
    found = existing.controller(stubs, SETTINGS, HOME)
    assert isinstance(found, Unread)
    assert "is not JSON" in found.reason
    assert deployed.rhythm_of([None, found]) == found
    assert deployed.rhythm_of([None, None]) is None


def test_prober_and_table_are_there_or_not(stubs: Any) -> None:
    stubs.answer("lambda", "get_function_configuration", {})
    stubs.refuse("lambda", "get_function_configuration", "ResourceNotFoundException")
    assert [existing.has_prober(stubs, SETTINGS, HOME) for _ in range(2)] == [True, False]
    stubs.answer("dynamodb", "describe_table", {})
    stubs.refuse("dynamodb", "describe_table", "ResourceNotFoundException")
    stubs.refuse("dynamodb", "describe_table", "AccessDeniedException")
    found = [existing.has_table(stubs, SETTINGS, HOME) for _ in range(3)]
    assert found[:2] == [True, False]
    assert isinstance(found[2], Unread)


def test_a_key_that_waits_for_its_deletion_is_none(stubs: Any) -> None:
    for state in ("Enabled", "PendingDeletion"):
        metadata = {"KeyId": "k", "KeyState": state}
        stubs.answer("kms", "describe_key", {"KeyMetadata": metadata})
    stubs.refuse("kms", "describe_key", "NotFoundException")
    stubs.refuse("kms", "describe_key", "InternalFailure")
    found = [existing.has_key(stubs, SETTINGS, HOME) for _ in range(4)]
    assert found[:3] == [True, False, False]
    assert isinstance(found[3], Unread)


def test_flow_logs(stubs: Any) -> None:
    stubs.answer("ec2", "describe_flow_logs", {"FlowLogs": [{"FlowLogId": "f"}]})
    stubs.answer("ec2", "describe_flow_logs", {"FlowLogs": []})
    stubs.refuse("ec2", "describe_flow_logs", "UnauthorizedOperation")
    found = [existing.has_flow_log(stubs, SETTINGS, HOME) for _ in range(3)]
    assert found[:2] == [True, False]
    assert isinstance(found[2], Unread)


def test_alarms_are_the_stacks_own_only(stubs: Any) -> None:
    own = [{"AlarmName": name} for name in ("cpu-use1-a-1", "lag-use1-a-1")]
    others = [{"AlarmName": name} for name in ("cpu-use1-b-a-1", "cpu-use1-a-1-b", "cpu-usw2-a-1")]
    first = {"MetricAlarms": [own[0], others[0]], "CompositeAlarms": [], "NextToken": "more"}
    second = {
        "MetricAlarms": [own[1], *others[1:]],
        "CompositeAlarms": [{"AlarmName": "page-use1-a-1"}, {"AlarmName": "another"}],
    }
    stubs.answer("cloudwatch", "describe_alarms", first)
    stubs.answer("cloudwatch", "describe_alarms", second)
    assert counting.count_alarms(stubs, SETTINGS, HOME) == (2, 1)


def test_metrics_of_votes(stubs: Any) -> None:
    filters = {"metricFilters": [{"filterName": name} for name in "ab"]}
    stubs.answer("logs", "describe_metric_filters", filters)
    stubs.refuse("logs", "describe_metric_filters", "ResourceNotFoundException")
    found = [counting.count_filters(stubs, SETTINGS, HOME) for _ in range(2)]
    assert found == [2, 0]


def test_a_dashboard_that_both_regions_tell_is_one(stubs: Any) -> None:
    both = [{"DashboardName": f"bicoastal-{code}-a-1"} for code in ("use1", "usw2", "euw1")]
    stubs.answer("cloudwatch", "list_dashboards", {"DashboardEntries": both})
    stubs.answer("cloudwatch", "list_dashboards", {"DashboardEntries": both[:1]}, STANDBY)
    answers = [counting.dashboards(stubs, SETTINGS, region) for region in (HOME, STANDBY)]
    assert deployed.together(answers) == 2
    assert deployed.together([answers[0], Unread("x", "y")]) == Unread("x", "y")


def check(id_: str, type_: str, **config: Any) -> dict[str, Any]:
    return {
        "Id": id_,
        "CallerReference": id_,
        "HealthCheckVersion": 1,
        "HealthCheckConfig": {"Type": type_, **config},
    }


def listed(*checks: dict[str, Any]) -> dict[str, Any]:
    return {"HealthChecks": list(checks), "Marker": "", "IsTruncated": False, "MaxItems": "100"}


def test_checks_are_found_by_what_they_watch(stubs: Any) -> None:
    latches = [
        check(
            code, "CLOUDWATCH_METRIC", AlarmIdentifier={"Region": HOME, "Name": f"latch-{code}-a-1"}
        )
        for code in ("use1", "usw2", "use2")
    ]
    over = check("over", "CALCULATED", ChildHealthChecks=["use1", "usw2", "use2"])
    foreign = check("f", "CALCULATED", ChildHealthChecks=["else"])
    stubs.answer("route53", "list_health_checks", listed(*latches, over, foreign))
    assert counting.count_checks(stubs, SETTINGS) == (4, 0, 0)
    host = "aurora-use1-a-1.cluster-x.us-east-1.rds.amazonaws.com"
    tcp = check("tcp", "TCP", FullyQualifiedDomainName=host, RequestInterval=10)
    slow = check("slow", "TCP", FullyQualifiedDomainName=host, RequestInterval=30)
    other = check("other", "TCP", FullyQualifiedDomainName="db.example.org")
    above = check("above", "CALCULATED", ChildHealthChecks=["tcp"])
    stubs.answer("route53", "list_health_checks", listed(tcp, slow, other, above))
    assert counting.count_checks(stubs, SETTINGS) == (1, 2, 1)


def test_the_zone_is_the_one_that_the_program_made(stubs: Any) -> None:
    comments = ("Where db-a-1.example.com is found", "Where db-b.example.com is found")
    zones = [
        {"Id": f"/hostedzone/Z{n}", "Name": "x.", "CallerReference": str(n), "Config": config}
        for n, config in enumerate(({"Comment": comments[0]}, {"Comment": comments[1]}, {}))
    ]
    answer = {"HostedZones": zones, "Marker": "", "IsTruncated": False, "MaxItems": "100"}
    stubs.answer("route53", "list_hosted_zones", answer)
    assert counting.count_zones(stubs, SETTINGS) == 1


def test_where_nobody_answers_every_line_stands_and_each_question_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    seen = deployed.read(clients_of(endpoints(["http://127.0.0.1:1"])), SETTINGS)
    assert seen.exists
    asked = [fact.reason.partition(":")[2].partition(":")[0] for fact in seen.unread]
    everywhere = {"GetFunctionConfiguration", "DescribeFlowLogs", "DescribeAlarms"}
    of_member = {
        "DescribeDBClusters",
        "GetMetricStatistics",
        "DescribeKey",
        "DescribeMetricFilters",
        "DescribeTable",
    }
    of_home = {"ListDashboards", "ListHealthChecks", "ListHostedZones"}
    assert sorted(asked) == sorted(
        f"{action} in {region}"
        for region, actions in (
            (HOME, everywhere | of_member | of_home),
            (STANDBY, everywhere | of_member),
            (WITNESS, everywhere),
        )
        for action in actions
    )
    assert Place(WITNESS, "Alarms") in seen.counts
    assert Place(WITNESS, "Alarm over alarms") not in seen.counts
    assert deployed_estimate(SETTINGS, seen, Usage()).total > 100
