"""Least privilege: no policy says `*` where there is something to name."""

from __future__ import annotations

import json
from typing import Any

import pytest

MEMBERS = {"us-east-1": "use1", "us-west-2": "usw2"}
REGIONS = {**MEMBERS, "us-east-2": "use2"}
ACCOUNT = "123456789012"
# Actions that know no resources, by AWS's service authorization reference.
WITHOUT_RESOURCES = {
    "cloudwatch:GetMetricStatistics",
    "cloudwatch:PutMetricData",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
}


def statements(program: Any, name: str) -> dict[str, Any]:
    return {found["Sid"]: found for found in program.one("RolePolicy", name).policy()}


@pytest.mark.parametrize("which", ("default", "public", "production", "european"))
def test_a_star_stands_only_where_there_is_no_arn(
    which: str, request: pytest.FixtureRequest
) -> None:
    program = request.getfixturevalue(which)
    policies = program.of("RolePolicy")
    assert len(policies) == 5
    for policy in policies:
        for found in policy.policy():
            assert all("*" not in action.partition(":")[2] or "kms:" in action
                       for action in found["Action"])  # fmt: skip
            if "*" in found["Resource"] and found["Effect"] == "Allow":
                assert set(found["Action"]) <= WITHOUT_RESOURCES
            assert all(arn == "*" or arn.startswith("arn:aws:") for arn in found["Resource"])


@pytest.mark.parametrize("region", REGIONS)
def test_a_prober_may_have_interfaces_and_write_its_log(default: Any, region: str) -> None:
    name = f"probe-{REGIONS[region]}-dev"
    found = statements(default, name)
    assert set(found) == {"WriteLogs", "Interfaces", "Listings", "NotByTheCode"}
    (logs,) = found["WriteLogs"]["Resource"]
    assert logs.endswith(f":{region}:{ACCOUNT}:/aws/lambda/{name}:*")
    assert found["Interfaces"]["Resource"] == [f"arn:aws:ec2:{region}:{ACCOUNT}:*/*"]
    denied = found["NotByTheCode"]
    assert denied["Effect"] == "Deny"
    assert set(denied["Action"]) == {
        *found["Interfaces"]["Action"],
        *found["Listings"]["Action"],
    }
    assert denied["Condition"] == {
        "ArnEquals": {
            "lambda:SourceFunctionArn": [f"arn:aws:lambda:{region}:{ACCOUNT}:function:{name}"]
        }
    }


@pytest.mark.parametrize("region", MEMBERS)
def test_a_controller_may_do_its_work_and_no_more(default: Any, region: str) -> None:
    name = f"control-{MEMBERS[region]}-dev"
    found = {
        sid: (sorted(one["Action"]), sorted(one["Resource"]))
        for sid, one in statements(default, name).items()
    }
    clusters = [
        f"arn:aws:rds:{member}:{ACCOUNT}:cluster:aurora-{code}-dev"
        for member, code in MEMBERS.items()
    ]
    own = clusters[list(MEMBERS).index(region)]
    whole = f"arn:aws:rds::{ACCOUNT}:global-cluster:global-dev"
    probers = [
        found.name and f"arn:aws:function:{found.region}:{ACCOUNT}:{found.name}"
        for found in default.of("Function")
        if found.name.startswith("probe-")
    ]
    assert found == {
        "WriteLogs": (
            ["logs:CreateLogStream", "logs:PutLogEvents"],
            [f"arn:aws:loggroup:{region}:{ACCOUNT}:/aws/lambda/{name}:*"],
        ),
        "AskWitnesses": (["lambda:InvokeFunction"], sorted(probers)),
        "Look": (["rds:DescribeGlobalClusters"], [whole]),
        "LookCloser": (["rds:DescribeDBClusters"], [own]),
        "ReadLag": (["cloudwatch:GetMetricStatistics"], ["*"]),
        "FailOver": (["rds:FailoverGlobalCluster"], sorted([whole, *clusters])),
        "Record": (
            ["dynamodb:GetItem", "dynamodb:PutItem"],
            [f"arn:aws:dynamodb:{member}:{ACCOUNT}:table/record-dev" for member in MEMBERS],
        ),
        "SetLatch": (["cloudwatch:PutMetricData"], ["*"]),
        "Notify": (["sns:Publish"], [default.outputs["topic_arns"][region]]),
        "EncryptNotices": (
            ["kms:Decrypt", "kms:GenerateDataKey*"],
            [f"arn:aws:key:{region}:{ACCOUNT}:aurora-{MEMBERS[region]}-dev"],
        ),
    }


@pytest.mark.parametrize("region", MEMBERS)
def test_a_controller_publishes_in_its_own_namespace_only(default: Any, region: str) -> None:
    found = statements(default, f"control-{MEMBERS[region]}-dev")
    assert found["SetLatch"]["Condition"] == {"StringEquals": {"cloudwatch:namespace": "Bicoastal"}}


def test_roles_trust_one_service_each(default: Any) -> None:
    for role in default.of("Role"):
        (trusted,) = role.policy("assumeRolePolicy")
        assert trusted["Effect"] == "Allow"
        assert trusted["Action"] == "sts:AssumeRole"
        assert set(trusted["Principal"]) == {"Service"}
        assert json.loads(role.inputs["assumeRolePolicy"])["Version"] == "2012-10-17"


def test_a_prober_may_log_in_as_its_user_of_both_members_and_as_no_other(production: Any) -> None:
    members = [cluster.name for cluster in production.of("Cluster")]
    policies = [found for found in production.of("RolePolicy") if "probe-" in found.name]
    assert len(policies) == 3
    for policy in policies:
        (login,) = (found for found in policy.policy() if found["Sid"] == "LogIn")
        assert login["Action"] == ["rds-db:connect"]
        assert len(login["Resource"]) == 2
        for name, arn in zip(members, login["Resource"], strict=True):
            head, _, tail = arn.partition(":dbuser:")
            assert head.startswith("arn:aws:rds-db:")
            assert head.endswith(f":{ACCOUNT}")
            assert tail == f"cluster-{name.upper()}/bicoastal_probe"
