"""Each role may do exactly its work, on exactly its things: decided by evaluating its policies."""

from __future__ import annotations

import json
from typing import Any

import pytest

from .policy_evaluation import Request, allows, matches

ACCOUNT = "123456789012"
MEMBERS = {"us-east-1": "use1", "us-west-2": "usw2"}
REGIONS = {**MEMBERS, "us-east-2": "use2"}
WHOLE = f"arn:aws:rds::{ACCOUNT}:global-cluster:global-dev"


def cluster(region: str) -> str:
    return f"arn:aws:rds:{region}:{ACCOUNT}:cluster:aurora-{MEMBERS[region]}-dev"


def log_stream(region: str, function: str) -> str:
    # The mocks make a log group's ARN of its name; a stream is below it.
    return f"arn:aws:loggroup:{region}:{ACCOUNT}:/aws/lambda/{function}:log-stream:2026/11/24/x"


def prober(region: str) -> str:
    return f"arn:aws:function:{region}:{ACCOUNT}:probe-{REGIONS[region]}-dev"


def record(region: str) -> str:
    return f"arn:aws:dynamodb:{region}:{ACCOUNT}:table/record-dev"


def topic(region: str) -> str:
    return f"arn:aws:topic:{region}:{ACCOUNT}:notify-{MEMBERS[region]}-dev"


def key(region: str) -> str:
    return f"arn:aws:key:{region}:{ACCOUNT}:aurora-{MEMBERS[region]}-dev"


def interface(region: str) -> str:
    return f"arn:aws:ec2:{region}:{ACCOUNT}:network-interface/eni-1"


OWN_METRICS = {"cloudwatch:namespace": "Bicoastal"}
OTHER_METRICS = {"cloudwatch:namespace": "AWS/RDS"}


def of_controller(region: str) -> set[tuple[str, str]]:
    """Everything that a controller may do."""
    name = f"control-{MEMBERS[region]}-dev"
    return {
        ("logs:CreateLogStream", log_stream(region, name)),
        ("logs:PutLogEvents", log_stream(region, name)),
        *(("lambda:InvokeFunction", prober(each)) for each in REGIONS),
        ("rds:DescribeGlobalClusters", WHOLE),
        ("rds:DescribeDBClusters", cluster(region)),
        ("cloudwatch:GetMetricStatistics", "*"),
        ("cloudwatch:PutMetricData", "*"),
        ("rds:FailoverGlobalCluster", WHOLE),
        *(("rds:FailoverGlobalCluster", cluster(each)) for each in MEMBERS),
        *(("dynamodb:GetItem", record(each)) for each in MEMBERS),
        *(("dynamodb:PutItem", record(each)) for each in MEMBERS),
        ("sns:Publish", topic(region)),
        ("kms:Decrypt", key(region)),
        ("kms:GenerateDataKey", key(region)),
        ("kms:GenerateDataKeyWithoutPlaintext", key(region)),
    }


def of_prober(region: str) -> set[tuple[str, str]]:
    """Everything that a prober's role may do, for Lambda itself."""
    name = f"probe-{REGIONS[region]}-dev"
    return {
        ("logs:CreateLogStream", log_stream(region, name)),
        ("logs:PutLogEvents", log_stream(region, name)),
        ("ec2:CreateNetworkInterface", interface(region)),
        ("ec2:DeleteNetworkInterface", interface(region)),
        ("ec2:AssignPrivateIpAddresses", interface(region)),
        ("ec2:UnassignPrivateIpAddresses", interface(region)),
        ("ec2:DescribeNetworkInterfaces", "*"),
        ("ec2:DescribeSubnets", "*"),
    }


# What nobody here may do, whatever else changes.
NEVER = (
    "cloudwatch:PutMetricAlarm", "cloudwatch:DeleteAlarms", "dynamodb:DeleteItem",
    "dynamodb:DeleteTable", "dynamodb:Scan", "dynamodb:UpdateItem",
    "ec2:AuthorizeSecurityGroupEgress", "ec2:RunInstances", "events:DisableRule",
    "iam:CreateAccessKey", "iam:PassRole", "iam:PutRolePolicy", "kms:CreateGrant", "kms:Encrypt",
    "kms:PutKeyPolicy", "kms:ScheduleKeyDeletion", "lambda:UpdateFunctionCode",
    "lambda:UpdateFunctionConfiguration", "logs:CreateLogGroup", "logs:DeleteLogGroup",
    "logs:GetLogEvents", "rds:DeleteDBCluster", "rds:DeleteGlobalCluster", "rds:ModifyDBCluster",
    "rds:ModifyGlobalCluster", "rds:RemoveFromGlobalCluster", "rds:RestoreDBClusterFromSnapshot",
    "rds:SwitchoverGlobalCluster", "rds:StopDBCluster", "route53:ChangeResourceRecordSets",
    "route53:UpdateHealthCheck", "secretsmanager:GetSecretValue", "sns:DeleteTopic",
    "sns:Subscribe", "sts:AssumeRole",
)  # fmt: skip


def everything() -> set[tuple[str, str]]:
    """Each action that anybody may do, and each that nobody may, on each thing that there is."""
    allowed = {pair for region in MEMBERS for pair in of_controller(region)}
    allowed |= {pair for region in REGIONS for pair in of_prober(region)}
    actions = {action for action, _ in allowed} | set(NEVER)
    things = {thing for _, thing in allowed} | {
        f"arn:aws:rds:us-west-2:{ACCOUNT}:cluster:somebody-elses",
        "arn:aws:rds:us-west-2:999999999999:cluster:aurora-usw2-dev",
        f"arn:aws:dynamodb:us-west-2:{ACCOUNT}:table/record-dev2",
        f"arn:aws:ec2:us-west-2:{ACCOUNT}:instance",
        f"arn:aws:secretsmanager:us-east-1:{ACCOUNT}:secret:bicoastal/dev-AbCdEf",
    }
    return {(action, thing) for action in actions for thing in things}


def is_a(thing: str, pattern: str) -> bool:
    return pattern in (thing, "*")


def allowed_pairs(statements: list[dict[str, Any]], context: dict[str, str]) -> set[Any]:
    return {
        (action, thing)
        for action, thing in everything()
        if allows(statements, Request(action, thing, context=context))
    }


def expected_pairs(granted: set[tuple[str, str]]) -> set[tuple[str, str]]:
    """A grant on `*` covers every thing; any other covers the thing itself."""
    return {
        (action, thing)
        for action, thing in everything()
        if any(action == a and is_a(thing, t) for a, t in granted)
    }


@pytest.mark.parametrize("region", MEMBERS)
def test_a_controller_may_do_exactly_its_work(default: Any, region: str) -> None:
    (policy,) = policies_of(default, f"control-{MEMBERS[region]}-dev")
    found = allowed_pairs(policy.policy(), OWN_METRICS)
    assert found == expected_pairs(of_controller(region))
    assert not {action for action, _ in found} & set(NEVER)


@pytest.mark.parametrize("region", MEMBERS)
def test_a_controller_cannot_forge_what_aws_measures(default: Any, region: str) -> None:
    (policy,) = policies_of(default, f"control-{MEMBERS[region]}-dev")
    for context in (OTHER_METRICS, {}):
        request = Request("cloudwatch:PutMetricData", "*", context=context)
        assert not allows(policy.policy(), request)


@pytest.mark.parametrize("region", REGIONS)
def test_a_prober_s_role_may_do_exactly_what_lambda_needs(default: Any, region: str) -> None:
    name = f"probe-{REGIONS[region]}-dev"
    (policy,) = policies_of(default, name)
    found = allowed_pairs(policy.policy(), {})
    # The interfaces' ARN does not end in a name: whatever Lambda makes in this region.
    granted = of_prober(region) | {
        (action, thing)
        for action, thing in everything()
        if action in {a for a, t in of_prober(region) if t == interface(region)}
        and thing.startswith(f"arn:aws:ec2:{region}:")
        and "/" in thing
    }
    assert found == expected_pairs(granted)
    # And the code itself, with the same role, only writes its log.
    code = {"lambda:SourceFunctionArn": f"arn:aws:lambda:{region}:{ACCOUNT}:function:{name}"}
    assert {action for action, _ in allowed_pairs(policy.policy(), code)} == {
        "logs:CreateLogStream", "logs:PutLogEvents",
    }  # fmt: skip


def policies_of(program: Any, role: str) -> list[Any]:
    assert not [
        found for found in program.of("RolePolicyAttachment") if found.inputs["role"] == role
    ]
    return [found for found in program.of("RolePolicy") if found.inputs["role"] == role]


def test_a_flow_log_s_role_writes_its_own_group_and_finds_it(public: Any) -> None:
    for region, code in REGIONS.items():
        (policy,) = policies_of(public, f"flow-{code}-dev")
        (trusted,) = public.one("Role", f"flow-{code}-dev").policy("assumeRolePolicy")
        assert trusted["Principal"] == {"Service": "vpc-flow-logs.amazonaws.com"}
        stream = f"arn:aws:loggroup:{region}:{ACCOUNT}:/aws/vpc/vpc-{code}-dev:log-stream:eni-1"
        assert allows(policy.policy(), Request("logs:PutLogEvents", stream))
        for action, thing in (
            ("logs:PutLogEvents", log_stream(region, f"control-{code}-dev")),
            ("logs:GetLogEvents", stream),
            ("logs:CreateLogGroup", stream),
            ("logs:DeleteLogGroup", stream),
        ):
            assert not allows(policy.policy(), Request(action, thing))


@pytest.mark.parametrize("which", ("default", "public"))
def test_roles_trust_one_service_each(which: str, request: pytest.FixtureRequest) -> None:
    for role in request.getfixturevalue(which).of("Role"):
        (trusted,) = role.policy("assumeRolePolicy")
        assert trusted["Effect"] == "Allow"
        assert trusted["Action"] == "sts:AssumeRole"
        assert set(trusted["Principal"]) == {"Service"}
        assert json.loads(role.inputs["assumeRolePolicy"])["Version"] == "2012-10-17"


# Why a statement that allows something may say `*`, or an action with one.
REASONS = {
    ("RolePolicy", "ReadLag"): "metrics have no ARN",
    ("RolePolicy", "SetLatch"): "metrics have no ARN; a condition names the namespace",
    ("RolePolicy", "Listings"): "EC2's listings know no resources; denied to the code itself",
    ("RolePolicy", "EncryptNotices"): "KMS's two ways to generate a data key",
    ("Key", "Account"): "the account's own policies decide; `*` is this key",
    ("Key", "Logs"): "`*` is this key; a condition names the log groups",
    ("Key", "Alarms"): "`*` is this key; a condition names the account",
    ("Key", "Events"): "`*` is this key; a condition names the account",
    ("Key", "Budgets"): "`*` is this key; a condition names the account's budgets",
}


@pytest.mark.parametrize("which", ("default", "public", "production", "european"))
def test_a_star_has_a_written_reason(which: str, request: pytest.FixtureRequest) -> None:
    program = request.getfixturevalue(which)
    judged = 0
    for kind in ("RolePolicy", "Key", "TopicPolicy"):
        for found in program.of(kind):
            for statement in found.policy():
                judged += 1
                wide = "*" in statement["Resource"] or any("*" in a for a in statement["Action"])
                if statement["Effect"] == "Allow" and wide:
                    assert REASONS.get((kind, statement["Sid"])), (found.name, statement["Sid"])
                if kind != "RolePolicy":
                    named = statement["Principal"].get("Service") or "Condition" in statement
                    assert named or statement["Sid"] == "Account"
    assert judged >= 30
    policies = {"policy", "assumeRolePolicy"}
    elsewhere = {f.type for f in program.custom if policies & set(f.inputs)}
    assert {kind.rpartition(":")[2] for kind in elsewhere} <= {
        "RolePolicy", "Role", "Key", "TopicPolicy",
    }  # fmt: skip


@pytest.mark.parametrize("region", MEMBERS)
def test_a_key_serves_its_stack_and_no_other_service(public: Any, region: str) -> None:
    policy = public.one("Key", f"aurora-{MEMBERS[region]}-dev").policy()
    here = key(region)
    account = {"aws:SourceAccount": ACCOUNT}
    budget = {**account, "aws:SourceArn": f"arn:aws:budgets::{ACCOUNT}:budget/x"}
    logs = f"logs.{region}.amazonaws.com"
    context = "kms:EncryptionContext:aws:logs:arn"
    group = f"arn:aws:logs:{region}:{ACCOUNT}:log-group:/aws/lambda/control-{MEMBERS[region]}-dev"

    def may(action: str, service: str | None, context: dict[str, str]) -> bool:
        return allows(policy, Request(action, here, service, context))

    assert may("kms:ScheduleKeyDeletion", None, {})  # the account, by its own policies
    for service in ("cloudwatch.amazonaws.com", "events.rds.amazonaws.com"):
        assert may("kms:GenerateDataKey", service, account)
        assert not may("kms:GenerateDataKey", service, {"aws:SourceAccount": "999999999999"})
        assert not may("kms:GenerateDataKey", service, {})
        assert not may("kms:ScheduleKeyDeletion", service, account)
    assert may("kms:Encrypt", logs, {context: group})
    assert not may("kms:Encrypt", logs, {context: group + "2"})
    assert not may("kms:Encrypt", "logs.eu-west-1.amazonaws.com", {context: group})
    assert may("kms:Decrypt", "budgets.amazonaws.com", budget) is (region == "us-east-1")
    for stranger in ("ec2.amazonaws.com", "s3.amazonaws.com", "sns.amazonaws.com"):
        assert not may("kms:Decrypt", stranger, {**budget, context: group})


def test_the_evaluation_itself() -> None:
    def statement(**parts: Any) -> dict[str, Any]:
        return {"Effect": "Allow", "Action": "s3:Get*", "Resource": "arn:a:*:b?", **parts}

    get = Request("S3:getObject", "arn:a:x:b1", context={"k": "v"})
    assert allows([statement()], get)
    assert not allows([], get)
    assert not allows([statement(), statement(Effect="Deny")], get)
    assert not allows([statement(Effect="Deny")], get)
    assert not allows([statement(Resource="arn:a:*:b")], get)
    assert not allows([statement(Action="s3:Put*")], get)
    others = {"Effect": "Allow", "NotAction": ["s3:Put*"], "NotResource": "arn:z:*"}
    assert allows([others], get)
    assert not allows([{**others, "NotAction": "s3:*"}], get)
    assert not allows([{**others, "NotResource": "arn:a:*"}], get)
    assert allows([statement(Condition={"StringEquals": {"k": ["u", "v"]}})], get)
    assert not allows([statement(Condition={"StringEquals": {"k": "v*"}})], get)
    assert allows([statement(Condition={"StringLike": {"k": "v*"}})], get)
    assert not allows([statement(Condition={"ArnLike": {"missing": "*"}})], get)
    assert not matches("a.c", "abc")
    with pytest.raises(KeyError):
        allows([statement(Condition={"IpAddress": {"k": "v"}})], get)
    with pytest.raises(ValueError, match="NotPrincipal"):
        allows([statement(NotPrincipal={"AWS": "*"})], get)
