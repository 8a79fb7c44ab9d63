"""What MiniStack never does but AWS (and the lab's layer over MiniStack) does: take its time.

A scripted client stands in for boto3 here.
"""

from __future__ import annotations

import threading
from typing import Any, cast

import pytest
from botocore.exceptions import ClientError

from bicoastal.lab.provider import HANDLERS
from bicoastal.lab.provider.access import _permission
from bicoastal.lab.provider.aws import Aws, Clients, ProviderError, absent_ok, explained
from bicoastal.lab.provider.functions import Permission
from bicoastal.lab.provider.global_cluster import leave_global_cluster
from bicoastal.lab.provider.invokes import _availability_zones
from bicoastal.lab.provider.route53 import _health_check


def refused(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "m"}}, "Operation")


class Script:
    """A client whose calls give the next of their scripted answers; the last one is repeated."""

    def __init__(self, **answers: list[Any]) -> None:
        self.answers = answers
        self.calls: list[tuple[str, dict[str, Any]]] = []

    def __getattr__(self, name: str) -> Any:
        def call(**arguments: Any) -> Any:
            self.calls.append((name, arguments))
            answers = self.answers.get(name, [{}])
            answer = answers.pop(0) if len(answers) > 1 else answers[0]
            if isinstance(answer, Exception):
                raise answer
            return answer

        return call

    def get(self, service: str, region: str) -> Script:
        self.calls.append(("client", {"service": service, "region": region}))
        return self

    def named(self, name: str) -> list[dict[str, Any]]:
        return [arguments for called, arguments in self.calls if called == name]

    def aws(self) -> Aws:
        return Aws(cast("Clients", self), "us-east-1", threading.Event(), patience=5)


def cluster(status: str = "available") -> dict[str, Any]:
    arn = "arn:aws:rds:us-east-1:1:cluster:c"
    return {"DBClusters": [{"DBClusterArn": arn, "Status": status}]}


def test_a_cluster_is_ready_when_it_is_available() -> None:
    script = Script(describe_db_clusters=[cluster("creating"), cluster("creating"), cluster()])
    handler = HANDLERS["aws:rds/cluster:Cluster"]
    assert handler.create(script.aws(), {"clusterIdentifier": "c", "engine": "e"}) == "c"
    assert len(script.named("describe_db_clusters")) == 3


def test_a_cluster_is_gone_when_it_cannot_be_found() -> None:
    gone = refused("DBClusterNotFoundFault")
    script = Script(
        describe_db_clusters=[cluster(), cluster(), cluster("deleting"), gone],
        describe_global_clusters=[{"GlobalClusters": []}],
    )
    HANDLERS["aws:rds/cluster:Cluster"].delete(script.aws(), "c", {})
    assert script.named("delete_db_cluster") == [
        {"DBClusterIdentifier": "c", "SkipFinalSnapshot": True}
    ]
    assert not script.answers["describe_db_clusters"][1:]


def test_an_instance_is_waited_for_both_ways() -> None:
    handler = HANDLERS["aws:rds/clusterInstance:ClusterInstance"]
    found = [{"DBInstances": [{"DBInstanceStatus": s}]} for s in ("creating", "available")]
    script = Script(describe_db_instances=list(found))
    assert handler.create(script.aws(), {"identifier": "i"}) == "i"
    assert len(script.named("describe_db_instances")) == 2

    script = Script(describe_db_instances=[found[1], refused("DBInstanceNotFound")])
    handler.delete(script.aws(), "i", {})
    assert len(script.named("describe_db_instances")) == 2


def test_an_instance_without_a_cluster_is_no_writer() -> None:
    script = Script(
        describe_db_instances=[{"DBInstances": [{"DBInstanceArn": "a"}]}],
        describe_db_clusters=[refused("DBClusterNotFoundFault")],
    )
    found = HANDLERS["aws:rds/clusterInstance:ClusterInstance"].read(script.aws(), "i", {})
    assert found is not None
    assert found["writer"] is False


def test_a_global_cluster_is_waited_for_both_ways() -> None:
    handler = HANDLERS["aws:rds/globalCluster:GlobalCluster"]
    states = [{"GlobalClusters": [{"Status": s}]} for s in ("creating", "available")]
    script = Script(describe_global_clusters=list(states))
    assert handler.create(script.aws(), {"globalClusterIdentifier": "g"}) == "g"
    script = Script(
        describe_global_clusters=[states[1], states[1], refused("GlobalClusterNotFoundFault")]
    )
    handler.delete(script.aws(), "g", {})
    assert len(script.named("describe_global_clusters")) == 3


def test_a_member_leaves_on_its_own_and_is_waited_for() -> None:
    here, there = (f"arn:aws:rds:{r}:1:cluster:c" for r in ("us-east-1", "us-west-2"))

    def members(*arns: str) -> dict[str, Any]:
        found = [{"DBClusterArn": arn, "IsWriter": arn == here} for arn in arns]
        return {"GlobalClusters": [{"GlobalClusterIdentifier": "g", "GlobalClusterMembers": found}]}

    script = Script(
        describe_db_clusters=[cluster()],
        describe_global_clusters=[members(here, there), members(here, there), members(there)],
    )  # fmt: skip
    leave_global_cluster(script.aws(), "c")

    # Nobody else is taken out for it, which is as far as the real provider goes.
    left = [a["DbClusterIdentifier"] for a in script.named("remove_from_global_cluster")]
    assert left == [here]
    assert not script.answers["describe_global_clusters"][1:]


def test_a_cluster_that_is_gone_need_not_leave() -> None:
    script = Script(describe_db_clusters=[refused("DBClusterNotFoundFault")])
    leave_global_cluster(script.aws(), "c")
    assert script.named("describe_global_clusters") == []


def test_a_function_is_waited_for() -> None:
    states = [{"State": "Pending"}, {"State": "Active", "LastUpdateStatus": "InProgress"}, {}]
    script = Script(get_function=[{"Configuration": state} for state in states])
    handler = HANDLERS["aws:lambda/function:Function"]
    import pulumi

    code = pulumi.AssetArchive({"a": pulumi.StringAsset("a")})
    handler.create(script.aws(), {"name": "f", "role": "r", "code": code})
    assert len(script.named("get_function")) == 3


def test_a_table_and_its_replicas_are_waited_for() -> None:
    handler = HANDLERS["aws:dynamodb/table:Table"]
    creating = {"Table": {"TableStatus": "CREATING"}}
    active = {"Table": {"TableStatus": "ACTIVE"}}
    replicas = [
        {"Table": {"TableStatus": "ACTIVE", "Replicas": [{"ReplicaStatus": status}]}}
        for status in ("CREATING", "ACTIVE")
    ]
    script = Script(describe_table=[creating, active, *replicas])
    handler.create(
        script.aws(),
        {
            "name": "t", "hashKey": "k", "attributes": [],
            "replicas": [{"regionName": "us-west-2"}],
        },
    )  # fmt: skip
    assert len(script.named("describe_table")) == 4
    assert "MultiRegionConsistency" not in script.named("update_table")[0]


def test_strong_consistency_is_made_in_one_call_with_its_witness() -> None:
    script = Script(describe_table=[{"Table": {"TableStatus": "ACTIVE"}}])
    HANDLERS["aws:dynamodb/table:Table"].create(
        script.aws(),
        {
            "name": "t", "hashKey": "k", "attributes": [],
            "replicas": [{"regionName": "us-west-2", "consistencyMode": "STRONG"}],
            "globalTableWitness": {"regionName": "us-east-2"},
        },
    )  # fmt: skip
    assert script.named("update_table") == [
        {
            "TableName": "t",
            "ReplicaUpdates": [{"Create": {"RegionName": "us-west-2"}}],
            "MultiRegionConsistency": "STRONG",
            "GlobalTableWitnessUpdates": [{"Create": {"RegionName": "us-east-2"}}],
        }
    ]


def test_a_table_is_taken_apart_with_its_witness() -> None:
    table = {"TableStatus": "ACTIVE", "Replicas": [{"RegionName": "us-west-2"}]}
    alone = {"Table": {"TableStatus": "ACTIVE"}}
    gone = refused("ResourceNotFoundException")
    script = Script(describe_table=[{"Table": table}, alone, alone, gone])
    HANDLERS["aws:dynamodb/table:Table"].delete(
        script.aws(), "t", {"globalTableWitness": {"regionName": "us-east-2"}}
    )
    assert script.named("update_table") == [
        {
            "TableName": "t",
            "ReplicaUpdates": [{"Delete": {"RegionName": "us-west-2"}}],
            "GlobalTableWitnessUpdates": [{"Delete": {"RegionName": "us-east-2"}}],
        }
    ]


def test_an_accepter_waits_until_the_connection_is_active() -> None:
    def connection(code: str) -> dict[str, Any]:
        return {"VpcPeeringConnections": [{"Status": {"Code": code}}]}

    script = Script(
        describe_vpc_peering_connections=[
            refused("InvalidVpcPeeringConnectionID.NotFound"),
            connection("pending-acceptance"),
            connection("provisioning"),
            connection("active"),
        ]
    )
    handler = HANDLERS["aws:ec2/vpcPeeringConnectionAccepter:VpcPeeringConnectionAccepter"]
    inputs = {"vpcPeeringConnectionId": "pcx-1", "autoAccept": True}
    assert handler.create(script.aws(), inputs) == "pcx-1"
    assert len(script.named("accept_vpc_peering_connection")) == 1


def test_permission_of_a_rule() -> None:
    ports = {"ipProtocol": "tcp", "fromPort": 1, "toPort": 2}
    shapes = {
        "prefixListId": ("PrefixListIds", "PrefixListId"),
        "cidrIpv4": ("IpRanges", "CidrIp"),
        "cidrIpv6": ("Ipv6Ranges", "CidrIpv6"),
        "referencedSecurityGroupId": ("UserIdGroupPairs", "GroupId"),
    }
    for name, (group, key) in shapes.items():
        assert _permission({**ports, name: "x", "description": "d"}) == {
            "IpProtocol": "tcp", "FromPort": 1, "ToPort": 2,
            group: [{key: "x", "Description": "d"}],
        }  # fmt: skip


def test_configuration_of_a_health_check() -> None:
    children = {"type": "CALCULATED", "childHealthchecks": ["a", "b"], "childHealthThreshold": 2}
    assert _health_check(children) == {
        "Type": "CALCULATED", "ChildHealthChecks": ["a", "b"], "HealthThreshold": 2,
    }  # fmt: skip
    assert _health_check({"type": "TCP", "invertHealthcheck": True, "ipAddress": "192.0.2.1"}) == {
        "Type": "TCP", "Inverted": True, "IPAddress": "192.0.2.1",
    }  # fmt: skip


def test_zones_that_must_be_opted_into_are_left_out() -> None:
    zones = [
        {"ZoneName": "us-east-1b", "State": "available"},
        {"ZoneName": "us-east-1-bos-1a", "State": "available", "OptInStatus": "opted-in"},
        {"ZoneName": "us-east-1a", "State": "available", "OptInStatus": "opt-in-not-required"},
        {"ZoneName": "us-east-1c", "State": "impaired"},
    ]
    script = Script(describe_availability_zones=[{"AvailabilityZones": zones}])
    filters = [{"name": "opt-in-status", "values": ["opt-in-not-required"]}]
    answer = _availability_zones(script.aws(), {"state": "available", "filters": filters})
    assert answer["names"] == ["us-east-1a", "us-east-1b"]


def test_nothing_of_a_permission_can_be_changed_in_place() -> None:
    handler = Permission()
    assert "principal" in handler.fixed
    assert "tags" not in handler.fixed
    assert list(handler.fixed) == []
    assert len(handler.fixed) == 0
    with pytest.raises(ProviderError, match="cannot be changed in place"):
        handler.update(Script().aws(), "x", {}, {})


def test_only_absence_is_tolerated() -> None:
    with absent_ok():
        raise refused("NoSuchHostedZone")
    with pytest.raises(ClientError), absent_ok():
        raise refused("AccessDenied")
    with pytest.raises(KeyError), absent_ok():
        raise KeyError


def test_an_error_without_details_is_explained_all_the_same() -> None:
    expected = r"^Unknown: no reason given \(Operation\)$"
    with pytest.raises(ProviderError, match=expected), explained():
        raise ClientError({}, "Operation")


def test_a_route_table_that_aws_does_not_find_is_gone() -> None:
    script = Script(describe_route_tables=[refused("InvalidRouteTableID.NotFound")])
    handler = HANDLERS["aws:ec2/routeTable:RouteTable"]
    assert handler.read(script.aws(), "rtb-1", {}) is None
