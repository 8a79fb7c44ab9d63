"""Keys, roles, functions, logs, alarms, schedules, topics and tables."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pulumi
import pytest
from botocore.exceptions import ClientError

from bicoastal.lab.provider import ProviderError

from .conftest import EAST, MIDDLE, WEST, Client, Hand, Made, life

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
FUNCTION = "aws:lambda/function:Function"


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


def function(hand: Hand, code: object, **more: object) -> Made:
    role = hand.create(ROLE, "r", name="run", assumeRolePolicy=TRUST)
    return hand.create(
        FUNCTION, "f", name="probe", role=role.outputs["arn"], runtime="python3.12",
        handler="probe.handler", code=code, timeout=10, memorySize=128, architectures=["arm64"],
        environment={"variables": {"A": "1"}}, tags={"Name": "f"}, **more,
    )  # fmt: skip


SOURCE = "def handler(event, context):\n    return {'answer': event['n'] + 1}\n"


def test_function(hand: Hand, client: Client) -> None:
    run = client("lambda")
    made = function(
        hand, pulumi.AssetArchive({"probe.py": pulumi.StringAsset(SOURCE)}),
        reservedConcurrentExecutions=1, vpcConfig={"subnetIds": [], "securityGroupIds": []},
        deadLetterConfig={"targetArn": "arn:aws:sns:us-east-1:000000000000:dead"},
    )  # fmt: skip

    def call() -> object:
        answer = run.invoke(FunctionName="probe", Payload=b'{"n": 41}')
        return json.loads(answer["Payload"].read())

    assert call() == {"answer": 42}
    assert made.outputs["invokeArn"].endswith(f"{made.outputs['arn']}/invocations")
    assert made.outputs["qualifiedArn"].startswith(made.outputs["arn"] + ":")
    assert run.get_function_concurrency(FunctionName="probe")["ReservedConcurrentExecutions"] == 1

    changed = SOURCE.replace("+ 1", "+ 2")
    made = hand.update(
        made, code=pulumi.AssetArchive({"probe.py": pulumi.StringAsset(changed)}),
        reservedConcurrentExecutions=-1, environment={"variables": {"B": "2"}},
        tags={"Other": "x"},
    )  # fmt: skip
    assert call() == {"answer": 43}
    found = run.get_function(FunctionName="probe")
    assert found["Configuration"]["Environment"] == {"Variables": {"B": "2"}}
    assert found["Tags"] == {"Other": "x"}
    assert "ReservedConcurrentExecutions" not in run.get_function_concurrency(FunctionName="probe")

    permission = hand.create(
        "aws:lambda/permission:Permission", "p", action="lambda:InvokeFunction",
        function="probe", principal="events.amazonaws.com",
        sourceArn="arn:aws:events:us-east-1:000000000000:rule/x",
    )  # fmt: skip
    statement = json.loads(run.get_policy(FunctionName="probe")["Policy"])["Statement"][0]
    assert statement["Sid"] == permission.id
    life(hand, permission)

    life(hand, made, {"memorySize": 256})
    assert hand.read(permission) is None
    with pytest.raises(ClientError, match="ResourceNotFound"):
        run.get_function(FunctionName="probe")


def test_code_is_compared_by_its_content(hand: Hand, tmp_path: Path) -> None:
    folder = tmp_path / "code"
    folder.mkdir()
    (folder / "probe.py").write_text(SOURCE)
    made = function(hand, pulumi.FileArchive(str(folder)))
    inputs = {k: v for k, v in made.outputs.items() if k in made.inputs and k != "tagsAll"}

    same = pulumi.AssetArchive({"probe.py": pulumi.FileAsset(str(folder / "probe.py"))})
    assert hand.diff(made, **{**inputs, "code": same}).changes is False
    (folder / "probe.py").write_text(SOURCE + "# more\n")
    assert hand.diff(made, **{**inputs, "code": same}).diffs == ["code"]


def test_a_zip_is_taken_as_it_is(hand: Hand, client: Client, tmp_path: Path) -> None:
    path = tmp_path / "code.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("probe.py", SOURCE)
    function(hand, pulumi.FileArchive(str(path)))

    answer = client("lambda").invoke(FunctionName="probe", Payload=b'{"n": 1}')
    assert json.load(io.BytesIO(answer["Payload"].read())) == {"answer": 2}


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


TABLE = "aws:dynamodb/table:Table"


def test_table_with_replicas(hand: Hand, client: Client) -> None:
    table = hand.create(
        TABLE, "t", name="record", billingMode="PAY_PER_REQUEST", hashKey="cluster",
        attributes=[{"name": "cluster", "type": "S"}], streamEnabled=True,
        streamViewType="NEW_AND_OLD_IMAGES",
        replicas=[{"regionName": WEST, "consistencyMode": "STRONG", "propagateTags": True}],
        globalTableWitness={"regionName": MIDDLE}, pointInTimeRecovery={"enabled": True},
        deletionProtectionEnabled=False, tags={"Name": "t"},
    )  # fmt: skip

    dynamodb = client("dynamodb")
    found = dynamodb.describe_table(TableName="record")["Table"]
    assert found["KeySchema"] == [{"AttributeName": "cluster", "KeyType": "HASH"}]
    assert table.outputs["streamArn"] == found["LatestStreamArn"]
    dynamodb.put_item(TableName="record", Item={"cluster": {"S": "c"}, "epoch": {"N": "1"}})
    there = client("dynamodb", WEST).get_item(
        TableName="record", Key={"cluster": {"S": "c"}}, ConsistentRead=True
    )
    assert there["Item"]["epoch"] == {"N": "1"}
    backups = dynamodb.describe_continuous_backups(TableName="record")
    status = backups["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"]
    assert status["PointInTimeRecoveryStatus"] == "ENABLED"

    table = hand.update(table, pointInTimeRecovery=None, tags={"Other": "x"})
    tags = dynamodb.list_tags_of_resource(ResourceArn=table.outputs["arn"])["Tags"]
    assert tags == [{"Key": "Other", "Value": "x"}]
    life(hand, table)
    for region in (EAST, WEST, MIDDLE):
        assert client("dynamodb", region).list_tables()["TableNames"] == []


def test_table_changes(hand: Hand, client: Client) -> None:
    table = hand.create(
        TABLE, "t", name="plain", hashKey="a", rangeKey="b", readCapacity=2,
        attributes=[{"name": "a", "type": "S"}, {"name": "b", "type": "N"}],
    )  # fmt: skip
    found = client("dynamodb").describe_table(TableName="plain")["Table"]
    assert found["ProvisionedThroughput"]["ReadCapacityUnits"] == 2
    assert [key["KeyType"] for key in found["KeySchema"]] == ["HASH", "RANGE"]

    table = hand.update(
        table, billingMode="PAY_PER_REQUEST", streamEnabled=True, streamViewType="KEYS_ONLY",
        deletionProtectionEnabled=True,
        replicas=[{"regionName": WEST}, {"regionName": MIDDLE}],
    )  # fmt: skip
    assert client("dynamodb", MIDDLE).list_tables()["TableNames"] == ["plain"]
    with pytest.raises(ProviderError, match="protect"):
        hand.delete(table)
    table = hand.update(
        table, replicas=[{"regionName": WEST}], deletionProtectionEnabled=False, billingMode=None
    )
    assert client("dynamodb", MIDDLE).list_tables()["TableNames"] == []
    life(hand, table)
