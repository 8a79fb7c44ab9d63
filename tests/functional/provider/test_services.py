"""Keys, roles, logs, alarms, schedules and topics."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from .conftest import Client, Hand, life

TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": "sts:AssumeRole",
                "Principal": {"Service": "lambda.amazonaws.com"},
            }
        ],
    }
)
POLICY = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "rds:Describe*", "Resource": "*"}],
    }
)
ROLE = "aws:iam/role:Role"


def test_key(hand: Hand, client: Client) -> None:
    kms = client("kms")
    key = hand.create(
        "aws:kms/key:Key", "k", description="d", enableKeyRotation=True, deletionWindowInDays=7,
        policy=POLICY, tags={"Name": "k"},
    )  # fmt: skip

    assert kms.get_key_rotation_status(KeyId=key.id)["KeyRotationEnabled"] is True
    assert key.outputs["keyId"] == key.id
    assert key.outputs["arn"].endswith(f"key/{key.id}")
    key = hand.update(
        key, enableKeyRotation=False, description="e", tags={"Name": "l"}, policy=TRUST
    )
    assert kms.get_key_rotation_status(KeyId=key.id)["KeyRotationEnabled"] is False
    metadata = kms.describe_key(KeyId=key.id)["KeyMetadata"]
    assert metadata["Description"] == "e"
    tags = kms.list_resource_tags(KeyId=key.id)["Tags"]
    assert tags == [{"TagKey": "Name", "TagValue": "l"}]
    key = hand.update(key, tags=None, description=None)
    assert kms.list_resource_tags(KeyId=key.id)["Tags"] == []

    life(hand, key)
    metadata = kms.describe_key(KeyId=key.id)["KeyMetadata"]
    assert metadata["KeyState"] == "PendingDeletion"


def test_alias(hand: Hand, client: Client) -> None:
    keys = [hand.create("aws:kms/key:Key", f"k{n}").id for n in (1, 2)]
    hand.create("aws:kms/alias:Alias", "b", name="alias/another", targetKeyId=keys[0])
    alias = hand.create("aws:kms/alias:Alias", "a", name="alias/db", targetKeyId=keys[0])
    assert client("kms").describe_key(KeyId="alias/db")["KeyMetadata"]["KeyId"] == keys[0]
    alias = hand.update(alias, targetKeyId=keys[1])
    assert client("kms").describe_key(KeyId="alias/db")["KeyMetadata"]["KeyId"] == keys[1]
    life(hand, alias)


def test_role(hand: Hand, client: Client) -> None:
    iam = client("iam")
    role = hand.create(
        ROLE, "r", name="control", assumeRolePolicy=TRUST, description="d", tags={"Name": "r"}
    )
    assert iam.get_role(RoleName="control")["Role"]["Arn"] == role.outputs["arn"]
    changed = TRUST.replace("lambda", "monitoring.rds")
    role = hand.update(role, assumeRolePolicy=changed, description="e", tags={"Other": "x"})
    found = iam.get_role(RoleName="control")["Role"]
    assert "monitoring.rds" in json.dumps(found["AssumeRolePolicyDocument"])
    assert iam.list_role_tags(RoleName="control")["Tags"] == [{"Key": "Other", "Value": "x"}]

    policy = hand.create("aws:iam/rolePolicy:RolePolicy", "p", role=role.id, policy=POLICY)
    name = policy.outputs["name"]
    assert name.startswith("p-")
    policy = hand.update(policy, policy=POLICY.replace("Describe", "Failover"))
    document = iam.get_role_policy(RoleName="control", PolicyName=name)["PolicyDocument"]
    assert "rds:Failover*" in json.dumps(document)

    arn = "arn:aws:iam::aws:policy/service-role/AmazonRDSEnhancedMonitoringRole"
    attachment = hand.create(
        "aws:iam/rolePolicyAttachment:RolePolicyAttachment", "a", role=role.id, policyArn=arn
    )
    attached = iam.list_attached_role_policies(RoleName="control")["AttachedPolicies"]
    assert [item["PolicyArn"] for item in attached] == [arn]

    life(hand, attachment)
    life(hand, policy)
    life(hand, role)
    assert hand.read(attachment) is None  # not even the role is there
    with pytest.raises(ClientError, match="NoSuchEntity"):
        iam.get_role(RoleName="control")


def test_log_group(hand: Hand, client: Client) -> None:
    logs = client("logs")
    group = hand.create(
        "aws:cloudwatch/logGroup:LogGroup", "g", name="/aws/lambda/probe", retentionInDays=7,
        tags={"Name": "g"},
    )  # fmt: skip
    hand.create("aws:cloudwatch/logGroup:LogGroup", "h", name="/aws/lambda/probe-2")

    def found() -> dict[str, Any]:
        groups = logs.describe_log_groups(logGroupNamePrefix="/aws/lambda/probe")["logGroups"]
        return next(dict(g) for g in groups if g["logGroupName"] == "/aws/lambda/probe")

    assert found()["retentionInDays"] == 7
    assert not group.outputs["arn"].endswith(":*")
    group = hand.update(group, retentionInDays=14, tags={"Other": "x"})
    assert found()["retentionInDays"] == 14
    assert logs.list_tags_log_group(logGroupName="/aws/lambda/probe")["tags"] == {"Other": "x"}
    group = hand.update(group, retentionInDays=None)
    assert "retentionInDays" not in found()
    life(hand, group)


def test_metric_alarm(hand: Hand, client: Client) -> None:
    cloudwatch = client("cloudwatch")
    topic = hand.create("aws:sns/topic:Topic", "t", name="t").id
    alarm = hand.create(
        "aws:cloudwatch/metricAlarm:MetricAlarm", "a", name="latch", namespace="Bicoastal",
        metricName="HomeIsWriter", dimensions={"Cluster": "global-dev"}, statistic="Minimum",
        period=60, evaluationPeriods=1, threshold=1, comparisonOperator="LessThanThreshold",
        treatMissingData="missing", alarmActions=[topic], okActions=[topic], tags={"Name": "a"},
    )  # fmt: skip

    def found() -> dict[str, Any]:
        return dict(cloudwatch.describe_alarms(AlarmNames=["latch"])["MetricAlarms"][0])

    assert found()["Dimensions"] == [{"Name": "Cluster", "Value": "global-dev"}]
    assert found()["Threshold"] == 1
    assert found()["AlarmActions"] == found()["OKActions"] == [topic]
    alarm = hand.update(alarm, threshold=2, dimensions=None, tags={"Other": "x"})
    assert found()["Threshold"] == 2
    tags = cloudwatch.list_tags_for_resource(ResourceARN=found()["AlarmArn"])["Tags"]
    assert tags == [{"Key": "Other", "Value": "x"}]
    life(hand, alarm)


def test_schedule(hand: Hand, client: Client) -> None:
    events = client("events")
    rule = hand.create(
        "aws:cloudwatch/eventRule:EventRule", "r", name="every-minute", description="d",
        scheduleExpression="rate(1 minute)", state="DISABLED", tags={"Name": "r"},
    )  # fmt: skip
    assert events.describe_rule(Name="every-minute")["State"] == "DISABLED"
    rule = hand.update(rule, state="ENABLED", tags={"Other": "x"})
    assert events.describe_rule(Name="every-minute")["State"] == "ENABLED"
    tags = events.list_tags_for_resource(ResourceARN=rule.outputs["arn"])["Tags"]
    assert tags == [{"Key": "Other", "Value": "x"}]

    arn = "arn:aws:lambda:us-east-1:000000000000:function:control"
    target = hand.create(
        "aws:cloudwatch/eventTarget:EventTarget", "t", rule="every-minute", arn=arn,
        targetId="control",
        retryPolicy={"maximumEventAgeInSeconds": 60, "maximumRetryAttempts": 0},
    )  # fmt: skip
    (found,) = events.list_targets_by_rule(Rule="every-minute")["Targets"]
    assert (found["Id"], found["Arn"]) == ("control", arn)
    life(hand, target, {"arn": arn + "-2", "retryPolicy": None})
    life(hand, rule)
    assert hand.read(target) is None
    with pytest.raises(ClientError, match="ResourceNotFound"):
        events.describe_rule(Name="every-minute")


def test_topic(hand: Hand, client: Client) -> None:
    sns = client("sns")
    topic = hand.create("aws:sns/topic:Topic", "t", name="notify", tags={"Name": "t"})
    assert topic.id == topic.outputs["arn"]
    topic = hand.update(topic, displayName="Bicoastal", tags={"Other": "x"})
    assert sns.get_topic_attributes(TopicArn=topic.id)["Attributes"]["DisplayName"] == "Bicoastal"
    assert sns.list_tags_for_resource(ResourceArn=topic.id)["Tags"] == [
        {"Key": "Other", "Value": "x"}
    ]
    subscription = hand.create(
        "aws:sns/topicSubscription:TopicSubscription", "s", topic=topic.id, protocol="email",
        endpoint="dba@example.com",
    )  # fmt: skip
    (found,) = sns.list_subscriptions_by_topic(TopicArn=topic.id)["Subscriptions"]
    assert found["Endpoint"] == "dba@example.com"
    life(hand, subscription)
    assert sns.list_subscriptions_by_topic(TopicArn=topic.id)["Subscriptions"] == []
    life(hand, topic)
    assert sns.list_topics()["Topics"] == []


def test_topic_policy(hand: Hand, client: Client) -> None:
    sns = client("sns")
    topic = hand.create("aws:sns/topic:Topic", "t", name="notify")

    def found() -> str:
        return str(sns.get_topic_attributes(TopicArn=topic.id)["Attributes"]["Policy"])

    policy = hand.create("aws:sns/topicPolicy:TopicPolicy", "p", arn=topic.id, policy=TRUST)
    assert json.loads(found()) == json.loads(TRUST)
    life(hand, policy, {"policy": POLICY})
    assert "AWS:SourceOwner" in found()  # as every topic has it that was given none
    life(hand, topic)
    assert hand.read(policy) is None


def test_budget(hand: Hand, client: Client) -> None:
    budgets, account = client("budgets"), "000000000000"
    here = {"AccountId": account, "BudgetName": "cost-dev"}
    arn = f"arn:aws:budgets::{account}:budget/cost-dev"

    def notice(kind: str, percent: int, **to: list[str]) -> dict[str, Any]:
        return {
            "notificationType": kind, "comparisonOperator": "GREATER_THAN",
            "threshold": percent, "thresholdType": "PERCENTAGE", **to,
        }  # fmt: skip

    def told() -> set[tuple[str, float]]:
        found = budgets.describe_notifications_for_budget(**here)["Notifications"]
        return {(n["NotificationType"], n["Threshold"]) for n in found}

    tags = [{"tags": {"key": key, "values": ["x"]}} for key in ("Project", "Environment")]
    topic = "arn:aws:sns:us-east-1:000000000000:notify"
    budget = hand.create(
        "aws:budgets/budget:Budget", "b", name="cost-dev", accountId=account, budgetType="COST",
        timeUnit="MONTHLY", limitAmount="120.00", limitUnit="USD", metrics="UnblendedCost",
        filterExpression={"ands": tags}, tags={"Name": "b"},
        notifications=[
            notice("ACTUAL", 80, subscriberSnsTopicArns=[topic]),
            notice("FORECASTED", 100, subscriberEmailAddresses=["ops@example.com"]),
        ],
    )  # fmt: skip
    found = budgets.describe_budget(**here, ShowFilterExpression=True)["Budget"]
    assert found["BudgetLimit"] == {"Amount": "120.00", "Unit": "USD"}
    assert [operand["Tags"]["Key"] for operand in found["FilterExpression"]["And"]] == [
        "Project", "Environment",
    ]  # fmt: skip
    assert budget.outputs["arn"] == arn
    assert told() == {("ACTUAL", 80), ("FORECASTED", 100)}
    subscribers = budgets.describe_subscribers_for_notification(
        **here, Notification=budgets.describe_notifications_for_budget(**here)["Notifications"][0]
    )["Subscribers"]
    assert subscribers == [{"SubscriptionType": "SNS", "Address": topic}]

    budget = hand.update(
        budget, limitAmount="90.00", tags={"Other": "x"}, filterExpression=None, metrics=None,
        notifications=[notice("ACTUAL", 100, subscriberSnsTopicArns=[topic])],
    )  # fmt: skip
    assert budgets.describe_budget(**here)["Budget"]["BudgetLimit"]["Amount"] == "90.00"
    assert told() == {("ACTUAL", 100)}
    tagged = budgets.list_tags_for_resource(ResourceARN=arn)["ResourceTags"]
    assert tagged == [{"Key": "Other", "Value": "x"}]
    budget = hand.update(budget, limitAmount=None, limitUnit=None, notifications=None)
    assert told() == set()
    life(hand, budget)
    assert budgets.describe_budgets(AccountId=account)["Budgets"] == []


def test_composite_alarm(hand: Hand, client: Client) -> None:
    cloudwatch = client("cloudwatch")
    topic = hand.create("aws:sns/topic:Topic", "t", name="t").id
    below = [
        hand.create(
            "aws:cloudwatch/metricAlarm:MetricAlarm", name, name=name, namespace="AWS/RDS",
            metricName="CPUUtilization", statistic="Maximum", period=60, evaluationPeriods=1,
            threshold=80, comparisonOperator="GreaterThanThreshold",
        )
        for name in ("cpu-1", "cpu-2")
    ]  # fmt: skip
    page = hand.create(
        "aws:cloudwatch/compositeAlarm:CompositeAlarm", "p", alarmName="page",
        alarmRule='ALARM("cpu-1") OR ALARM("cpu-2")', alarmDescription="look now",
        actionsSuppressor={"alarm": "cpu-1", "waitPeriod": 60, "extensionPeriod": 180},
        alarmActions=[topic], okActions=[topic], tags={"Name": "page"},
    )  # fmt: skip

    def found() -> dict[str, Any]:
        answer = cloudwatch.describe_alarms(AlarmNames=["page"], AlarmTypes=["CompositeAlarm"])
        return dict(answer["CompositeAlarms"][0])

    def turn(name: str, state: str) -> str:
        cloudwatch.set_alarm_state(AlarmName=name, StateValue=state, StateReason="test")
        return str(found()["StateValue"])

    assert page.outputs["arn"] == found()["AlarmArn"]
    assert found()["AlarmActions"] == found()["OKActions"] == [topic]
    assert [turn("cpu-1", "OK"), turn("cpu-2", "OK")][-1] == "OK"
    assert turn("cpu-2", "ALARM") == "ALARM"
    page = hand.update(page, alarmRule='(ALARM("cpu-1") AND ALARM("cpu-2"))', tags={"Other": "x"})
    assert found()["StateValue"] == "OK"
    tags = cloudwatch.list_tags_for_resource(ResourceARN=found()["AlarmArn"])["Tags"]
    assert tags == [{"Key": "Other", "Value": "x"}]
    life(hand, page)
    for alarm in below:
        life(hand, alarm)


def test_dashboard(hand: Hand, client: Client) -> None:
    body = json.dumps({"widgets": [{"type": "text", "properties": {"markdown": "a"}}]})
    board = hand.create(
        "aws:cloudwatch/dashboard:Dashboard", "d", dashboardName="d", dashboardBody=body
    )
    board = hand.update(board, dashboardBody=body.replace('"a"', '"b"'))
    shown = client("cloudwatch").get_dashboard(DashboardName="d")["DashboardBody"]
    assert json.loads(shown)["widgets"][0]["properties"]["markdown"] == "b"
    # Whoever changes it by hand makes a difference that a refresh sees.
    client("cloudwatch").put_dashboard(DashboardName="d", DashboardBody=body)
    assert hand.read(board) is None
    client("cloudwatch").put_dashboard(DashboardName="d", DashboardBody=shown)
    life(hand, board)


def test_metric_of_a_log(hand: Hand, client: Client) -> None:
    group = hand.create("aws:cloudwatch/logGroup:LogGroup", "g", name="/aws/lambda/control")
    votes = hand.create(
        "aws:cloudwatch/logMetricFilter:LogMetricFilter", "v", name="votes",
        logGroupName=group.id, pattern="{ $.down >= 0 }",
        metricTransformation={"name": "Down", "namespace": "Bicoastal/dev", "value": "$.down"},
    )  # fmt: skip

    def found() -> dict[str, Any]:
        answer = client("logs").describe_metric_filters(logGroupName=group.id)
        return dict(answer["metricFilters"][0])

    assert found()["metricTransformations"] == [
        {"metricName": "Down", "metricNamespace": "Bicoastal/dev", "metricValue": "$.down"}
    ]
    votes = hand.update(votes, pattern="{ $.down >= 1 }")
    assert found()["filterPattern"] == "{ $.down >= 1 }"
    life(hand, votes)
    life(hand, group)


def test_flow_log(hand: Hand, client: Client) -> None:
    vpc = hand.create("aws:ec2/vpc:Vpc", "v", cidrBlock="10.9.0.0/16").id
    group = hand.create("aws:cloudwatch/logGroup:LogGroup", "g", name="/aws/vpc/v")
    flow = hand.create(
        "aws:ec2/flowLog:FlowLog", "f", vpcId=vpc, trafficType="ALL",
        logDestinationType="cloud-watch-logs", logDestination=group.outputs["arn"],
        maxAggregationInterval=60, tags={"Name": "f"},
    )  # fmt: skip
    (found,) = client("ec2").describe_flow_logs(FlowLogIds=[flow.id])["FlowLogs"]
    assert (found["ResourceId"], found["TrafficType"]) == (vpc, "ALL")
    flow = hand.update(flow, tags={"Other": "x"})
    (found,) = client("ec2").describe_flow_logs(FlowLogIds=[flow.id])["FlowLogs"]
    assert found["Tags"] == [{"Key": "Other", "Value": "x"}]
    life(hand, flow)
