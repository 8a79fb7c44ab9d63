"""What is made of AWS's answers, one reader after the other."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from bicoastal.live import access, database, network, quotas, secret, zone
from bicoastal.live.network import Vpcs
from bicoastal.settings import Settings, load
from bicoastal.settings.account import (
    Concurrency,
    Engine,
    KeyState,
    Offer,
    Quota,
    Range,
    Secret,
    Unread,
)

from .conftest import ACCOUNT, HOME, STANDBY

ARN = f"arn:aws:secretsmanager:{HOME}:{ACCOUNT}:secret:bicoastal/dev-AbCdEf"
SETTINGS: Settings = load({"secretArn": ARN})
ZONES = {"AvailabilityZones": [{"ZoneName": f"{HOME}{letter}"} for letter in "abc"]}


def unread(fact: Any, *words: str) -> None:
    assert isinstance(fact, Unread), fact
    for word in words:
        assert word in f"{fact.reason} {fact.cure}"


def options(*zones: str) -> dict[str, Any]:
    found = [{"Name": zone} for zone in zones]
    return {"OrderableDBInstanceOptions": [{"AvailabilityZones": found}]}


# --- database ---------------------------------------------------------------------------------
def test_an_offer_is_gathered_over_all_pages_and_compared_with_the_zones_that_are_used(
    stubs: Any,
) -> None:
    stubs.answer("ec2", "describe_availability_zones", ZONES)
    first = options(f"{HOME}b") | {"Marker": "more"}
    stubs.answer("rds", "describe_orderable_db_instance_options", first)
    stubs.answer("rds", "describe_orderable_db_instance_options", options(f"{HOME}c"))
    found = database.offer(stubs, SETTINGS, HOME)
    assert found == Offer((f"{HOME}a", f"{HOME}b"), (f"{HOME}b", f"{HOME}c"))
    assert found.missing == (f"{HOME}a",)


def test_a_version_that_rds_does_not_know_is_offered_with_no_class(stubs: Any) -> None:
    stubs.answer("ec2", "describe_availability_zones", ZONES)
    operation = "describe_orderable_db_instance_options"
    stubs.refuse("rds", operation, "InvalidParameterCombination")
    assert database.offer(stubs, SETTINGS, HOME) == Offer((f"{HOME}a", f"{HOME}b"), ())


def test_an_offer_that_may_not_be_read_is_unread(stubs: Any) -> None:
    stubs.answer("ec2", "describe_availability_zones", ZONES)
    stubs.refuse("rds", "describe_orderable_db_instance_options", "AccessDenied")
    unread(database.offer(stubs, SETTINGS, HOME), "Grant rds:DescribeOrderableDBInstanceOptions")


def test_without_zones_an_offer_is_unread(stubs: Any) -> None:
    stubs.refuse("ec2", "describe_availability_zones", "UnauthorizedOperation")
    action = "ec2:DescribeAvailabilityZones in us-east-1"
    unread(database.offer(stubs, SETTINGS, HOME), action, f"Grant {action} to whoever checks.")


@pytest.mark.parametrize("status", ("available", "deprecated"))
def test_a_version_is_creatable_only_while_it_is_available(status: str, stubs: Any) -> None:
    found = [{"Status": status, "SupportsGlobalDatabases": True}]
    stubs.answer("rds", "describe_db_engine_versions", {"DBEngineVersions": found})
    assert database.engine(stubs, SETTINGS, HOME) == Engine(status == "available", True)


def test_no_version_is_an_answer_and_a_failure_is_none(stubs: Any) -> None:
    stubs.answer("rds", "describe_db_engine_versions", {"DBEngineVersions": []})
    assert database.engine(stubs, SETTINGS, HOME) is None
    stubs.refuse("rds", "describe_db_engine_versions", "InternalFailure")
    unread(
        database.engine(stubs, SETTINGS, HOME),
        "rds:DescribeDBEngineVersions in us-east-1: InternalFailure: said so",
        "See what rds:DescribeDBEngineVersions answered, and check again.",
    )


# --- secret -----------------------------------------------------------------------------------
def test_a_secret_is_described_without_what_it_holds(stubs: Any) -> None:
    stubs.answer(
        "secretsmanager",
        "describe_secret",
        {
            "DeletedDate": datetime(2026, 1, 1, tzinfo=UTC),
            "KmsKeyId": "k",
            "ReplicationStatus": [{"Region": STANDBY, "Status": "Failed"}],
        },
    )
    assert secret.read(stubs, ARN, HOME) == Secret(True, "k", {STANDBY: "Failed"})
    assert secret.in_region(ARN, STANDBY) == ARN.replace(HOME, STANDBY)
    assert secret.in_region("name", STANDBY) == "name"


def test_keys_are_enabled_or_not_or_not_there(stubs: Any) -> None:
    stubs.refuse("kms", "describe_key", "NotFoundException")
    stubs.answer("kms", "describe_key", {"KeyMetadata": {"KeyId": "k", "KeyState": "Disabled"}})
    stubs.refuse("kms", "describe_key", "AccessDeniedException", STANDBY)
    stubs.refuse("kms", "describe_key", "NotFoundException", STANDBY)
    held = ((HOME, Secret(False, "k", {})), (STANDBY, Secret(False, "other", {})), (HOME, None))
    own, there, original, replica = secret.keys(stubs, SETTINGS, held)
    assert own == KeyState("environmentSuffix", HOME, "alias/aurora-use1-dev", None)
    unread(there.state, "kms:DescribeKey in us-west-2: AccessDeniedException")
    assert original == KeyState("secretArn", HOME, "k", "Disabled")
    assert replica == KeyState("secretArn", STANDBY, "other", "missing")


# --- zone -------------------------------------------------------------------------------------
def test_a_hosted_zone_is_asked_for_only_if_one_is_given(stubs: Any) -> None:
    assert zone.read(stubs, SETTINGS) is None
    stubs.refuse("route53", "get_hosted_zone", "AccessDenied")
    given = load({"hostedZoneId": "Z0123456789ABC", "domainName": "db.example.org"})
    unread(zone.read(stubs, given), "Grant route53:GetHostedZone in us-east-1")


# --- network ----------------------------------------------------------------------------------
def vpc(id_: str, name: str, *blocks: tuple[str, str]) -> dict[str, Any]:
    associations = [
        {"CidrBlock": cidr, "CidrBlockState": {"State": state}} for cidr, state in blocks
    ]
    tags = [{"Key": "Name", "Value": name}]
    return {"VpcId": id_, "Tags": tags, "CidrBlockAssociationSet": associations}


def peering(status: str, other: str) -> dict[str, Any]:
    return {
        "Status": {"Code": status},
        "RequesterVpcInfo": {"VpcId": "vpc-2", "CidrBlockSet": [{"CidrBlock": "10.2.0.0/16"}]},
        "AccepterVpcInfo": {"VpcId": other, "CidrBlockSet": [{"CidrBlock": "10.9.0.0/16"}]},
    }


def test_addresses_of_others_are_those_of_their_vpcs_and_of_what_is_peered(stubs: Any) -> None:
    own = vpc("vpc-1", "vpc-use1-dev", ("10.10.0.0/16", "associated"))
    app = vpc("vpc-2", "app", ("10.2.0.0/16", "associated"), ("10.3.0.0/16", "disassociated"))
    stubs.answer("ec2", "describe_vpcs", {"Vpcs": [own, app]})
    peerings = [peering("active", "vpc-7"), peering("deleted", "vpc-8")]
    answer = {"VpcPeeringConnections": peerings}
    stubs.answer("ec2", "describe_vpc_peering_connections", answer)
    found = network.read(stubs, SETTINGS, HOME)
    assert isinstance(found, Vpcs)
    assert (found.own, found.count) == (frozenset({"vpc-1"}), 2)
    assert network.others(found, found.own) == (
        Range("10.2.0.0/16", "vpc-2, seen in us-east-1"),
        Range("10.9.0.0/16", "vpc-7, seen in us-east-1"),
    )
    limit = {"Quota": {"Value": 5.0}}
    stubs.answer("service-quotas", "get_service_quota", limit)
    assert network.quota(stubs, found, HOME) == Quota("VPCs", 2, 5, 0)
    stubs.answer("service-quotas", "get_service_quota", limit)
    without = Vpcs(HOME, frozenset(), (), 5)
    exceeded = network.quota(stubs, without, HOME)
    assert exceeded == Quota("VPCs", 5, 5, 1)
    assert exceeded.is_exceeded


def test_without_peerings_the_addresses_are_unread(stubs: Any) -> None:
    stubs.answer("ec2", "describe_vpcs", {"Vpcs": []})
    stubs.refuse("ec2", "describe_vpc_peering_connections", "UnauthorizedOperation")
    found = network.read(stubs, SETTINGS, HOME)
    unread(found, "ec2:DescribeVpcPeeringConnections in us-east-1: UnauthorizedOperation")
    assert network.others(found, ()) is network.quota(stubs, found, HOME) is found


# --- quotas -----------------------------------------------------------------------------------
def test_a_quota_that_rds_does_not_name_is_unread(stubs: Any) -> None:
    clusters = {"AccountQuotaName": "DBClusters", "Used": 39, "Max": 40}
    stubs.answer("rds", "describe_account_attributes", {"AccountQuotas": [clusters]})
    found, *rest = quotas.of_rds(stubs, SETTINGS, HOME, False)
    assert found == Quota("DBClusters", 39, 40, 1)
    assert len(rest) == 3
    unread(rest[0], "the answer lacks DBInstances")
    stubs.refuse("rds", "describe_account_attributes", "AccessDenied")
    (refused,) = quotas.of_rds(stubs, SETTINGS, HOME, False)
    unread(refused, "Grant rds:DescribeAccountAttributes")


def test_what_the_controller_has_reserved_is_not_needed_again(stubs: Any) -> None:
    limits = {"ConcurrentExecutions": 1000, "UnreservedConcurrentExecutions": 999}
    for held, needed in (({"ReservedConcurrentExecutions": 1}, 0), ({}, 1)):
        stubs.answer("lambda", "get_account_settings", {"AccountLimit": limits})
        stubs.answer("lambda", "get_function_concurrency", held)
        assert quotas.of_lambda(stubs, SETTINGS, HOME) == Concurrency(1000, 999, needed)
    stubs.answer("lambda", "get_account_settings", {"AccountLimit": limits})
    stubs.refuse("lambda", "get_function_concurrency", "AccessDeniedException")
    unread(quotas.of_lambda(stubs, SETTINGS, HOME), "Grant lambda:GetFunctionConcurrency")


# --- access -----------------------------------------------------------------------------------
def caller(stubs: Any, resource: str, service: str = "sts") -> None:
    arn = f"arn:aws:{service}::{ACCOUNT}:{resource}"
    stubs.answer("sts", "get_caller_identity", {"Arn": arn, "Account": ACCOUNT, "UserId": "u"})


def decide(stubs: Any, times: int, decision: str = "allowed", region: str = HOME) -> None:
    for _ in range(times):
        result = {"EvalActionName": "rds:CreateDBCluster", "EvalDecision": decision}
        answer = {"EvaluationResults": [result]}
        stubs.answer("iam", "simulate_principal_policy", answer, region)


def role(name: str) -> dict[str, Any]:
    return {
        "Role": {
            "Path": "/", "RoleName": name, "RoleId": "A" * 16, "CreateDate": datetime.now(UTC),
            "Arn": f"arn:aws:iam::{ACCOUNT}:role/aws-reserved/{name}",
        }
    }  # fmt: skip


@pytest.mark.parametrize(
    ("decision", "denied"), (("allowed", ()), ("implicitDeny", ("rds:CreateDBCluster",)))
)
def test_a_users_policies_are_simulated(decision: str, denied: Any, stubs: Any) -> None:
    caller(stubs, "user/me", "iam")
    decide(stubs, 11, decision)
    assert access.denied(stubs, SETTINGS, HOME) == denied


def test_of_a_session_the_roles_policies_are_simulated(stubs: Any) -> None:
    caller(stubs, "assumed-role/deployer/session")
    stubs.answer("iam", "get_role", role("deployer"))
    decide(stubs, 11)
    assert access.denied(stubs, SETTINGS, HOME) == ()
    caller(stubs, "assumed-role/deployer/session")
    stubs.refuse("iam", "get_role", "AccessDenied")
    unread(access.denied(stubs, SETTINGS, HOME), "Grant iam:GetRole")


def test_in_the_standby_region_the_secret_is_not_read(stubs: Any) -> None:
    arn = f"arn:aws:iam::{ACCOUNT}:user/me"
    answer = {"Arn": arn, "Account": ACCOUNT, "UserId": "u"}
    stubs.answer("sts", "get_caller_identity", answer, STANDBY)
    decide(stubs, 10, region=STANDBY)
    assert access.denied(stubs, SETTINGS, STANDBY) == ()


def test_who_does_not_know_itself_is_not_simulated(stubs: Any) -> None:
    stubs.refuse("sts", "get_caller_identity", "ExpiredToken")
    unread(access.denied(stubs, SETTINGS, HOME), "sts:GetCallerIdentity in us-east-1: ExpiredTok")


def test_the_controllers_role_is_simulated_on_all_that_it_moves(stubs: Any) -> None:
    stubs.answer("iam", "get_role", role("control-usw2-dev"), STANDBY)
    decide(stubs, 3, region=STANDBY)
    assert access.failover_denied(stubs, SETTINGS) == ()
    stubs.refuse("iam", "get_role", "AccessDenied", STANDBY)
    unread(access.failover_denied(stubs, SETTINGS), "Grant iam:GetRole in us-west-2")


def test_arns_are_in_the_partition_of_their_region() -> None:
    assert access._arn("cn-north-1", "sns", "r", "a", "t") == "arn:aws-cn:sns:r:a:t"
    assert access._arn("xx-west-9", "sns", "r", "a", "t") == "arn:aws:sns:r:a:t"
