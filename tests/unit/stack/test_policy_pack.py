"""The policy pack, over Pulumi's own protocol: our stack passes, a naive one does not."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc  # type: ignore[import-untyped]  # no stubs wanted
import pulumi
import pulumi_aws as aws
import pytest
from google.protobuf import empty_pb2, json_format, struct_pb2  # type: ignore[import-untyped]  # no stubs wanted
from pulumi.runtime.proto import analyzer_pb2, analyzer_pb2_grpc
from pulumi_policy import EnforcementLevel
from pulumi_policy.policy import _PolicyAnalyzerServicer

from bicoastal.policy.catalogue import GUARDS
from bicoastal.policy.pack import NAME, policies

ROOT = Path(__file__).parents[3]
UNKNOWN_TEXT = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""How the engine writes text that a preview cannot know."""


class Analyzer:
    """The pack behind the servicer that `PolicyPack` serves, in this process."""

    def __init__(self) -> None:
        self.servicer: Any = _PolicyAnalyzerServicer(
            NAME, "0.0.1", policies(), EnforcementLevel.ADVISORY, None, None, None, None, None,
            None, None,
        )  # fmt: skip

    def configure(self, **config: dict[str, Any]) -> None:
        request = analyzer_pb2.ConfigureAnalyzerRequest()
        for name, properties in config.items():
            entry = request.policyConfig[name.replace("_", "-")]
            entry.enforcementLevel = analyzer_pb2.MANDATORY
            entry.properties.update(properties)
        self.servicer.Configure(request, None)

    def look(self, kind: str, region: str = "us-east-1", /, **props: Any) -> list[Any]:
        request = analyzer_pb2.AnalyzeRequest(type=kind, urn=f"urn:{kind}", name="x")
        request.properties.CopyFrom(wire(props))
        request.provider.type = "pulumi:providers:aws"
        request.provider.properties.update({"region": region})
        return list(self.servicer.Analyze(request, None).diagnostics)

    def look_at_all(self, resources: list[Any]) -> list[Any]:
        request = analyzer_pb2.AnalyzeStackRequest(resources=resources)
        return list(self.servicer.AnalyzeStack(request, None).diagnostics)


def wire(props: dict[str, Any]) -> struct_pb2.Struct:
    return json_format.ParseDict(props, struct_pb2.Struct())


def stack_resource(urn: str, kind: str, uses: dict[str, str] | None = None, /, **props: Any) -> Any:
    found = analyzer_pb2.AnalyzerResource(type=kind, urn=urn, name=urn)
    found.properties.CopyFrom(wire(props))
    found.provider.properties.update({"region": "us-east-1"})
    for name, source in (uses or {}).items():
        found.propertyDependencies[name].urns.append(source)
    return found


def inputs_of(resource: Any) -> dict[str, Any]:
    """A resource's inputs without the code of functions, which is no plain value."""
    return {key: value for key, value in resource.inputs.items() if key != "code"}


def everything(program: Any) -> list[Any]:
    """A recorded program's resources, as the engine would hand them over."""
    found = []
    for resource in program.custom:
        told = analyzer_pb2.AnalyzerResource(
            type=resource.type, urn=resource.urn, name=resource.name
        )
        told.properties.CopyFrom(wire(inputs_of(resource)))
        told.provider.properties.update({"region": resource.region})
        found.append(told)
    return found


@pytest.fixture(scope="module")
def analyzer() -> Analyzer:
    return Analyzer()


@pytest.mark.parametrize("which", ("public", "production"))
def test_our_own_stack_breaks_no_guard(analyzer, which, request):
    program = request.getfixturevalue(which)
    refused = []
    for resource in program.custom:
        refused += analyzer.look(resource.type, resource.region, **inputs_of(resource))
    refused += analyzer.look_at_all(everything(program))
    advice = {"bc606-not-public"} if which == "public" else set()
    assert {found.policyName for found in refused} <= advice


def naive() -> None:
    """What people write first: burstable, unencrypted, no check that could pass."""
    whole = aws.rds.GlobalCluster(
        "global", global_cluster_identifier="global", engine="aurora-mysql",
        storage_encrypted=False,
    )  # fmt: skip
    home = aws.rds.Cluster(
        "home", engine=aws.rds.EngineType.AURORA_MYSQL, global_cluster_identifier=whole.id,
        cluster_identifier="home", master_username="admin", manage_master_user_password=True,
        backtrack_window=3600,
    )  # fmt: skip
    aws.rds.ClusterInstance(
        "small", cluster_identifier=home.id, engine=aws.rds.EngineType.AURORA_MYSQL,
        instance_class="db.t3.small", publicly_accessible=True,
    )  # fmt: skip
    aws.vpc.SecurityGroupIngressRule(
        "open", security_group_id="sg-1", ip_protocol="tcp", from_port=3306, to_port=3306,
        cidr_ipv4="0.0.0.0/0",
    )  # fmt: skip
    tcp = aws.route53.HealthCheck("tcp", type="TCP", ip_address="10.0.0.5", port=3306)
    aws.route53.HealthCheck("calculated", type="CALCULATED", child_health_threshold=1)
    aws.route53.Record(
        "primary", zone_id="Z1", name="db", type=aws.route53.RecordType.CNAME, ttl=300,
        records=[home.endpoint], set_identifier="a",
        failover_routing_policies=[{"type": "PRIMARY"}], opts=pulumi.ResourceOptions(
            depends_on=[tcp]
        ),
    )  # fmt: skip


def test_a_naive_stack_is_refused_before_anything_is_made(analyzer, run_program):
    program = run_program(naive)
    said = {
        found.policyName
        for resource in program.custom
        for found in analyzer.look(resource.type, **inputs_of(resource))
        if found.enforcementLevel == analyzer_pb2.MANDATORY
    }
    assert said == {
        "bc303-check-reaches", "bc605-not-open", "bc801-storage-encrypted", "bc803-no-backtrack",
        "bc804-own-password", "bc807-final-snapshot-named", "bc811-calculated-children",
        "bc812-primary-checked",
    }  # fmt: skip
    whole = analyzer.look_at_all(everything(program))
    (burstable,) = [found for found in whole if found.policyName == "bc201-burstable"]
    assert burstable.urn.endswith("::small")
    assert burstable.enforcementLevel == analyzer_pb2.MANDATORY
    assert "BC201 error: instanceClass is db.t3.small, a burstable class" in burstable.message
    assert "aurora-global-database.configuration.requirements.html" in burstable.message


def test_a_preview_judges_what_it_knows_and_nothing_else(analyzer):
    """Unknown values reach the guards as unknown: no crash, no `cannot run during preview`."""
    cluster = {
        "engine": "aurora-mysql", "globalClusterIdentifier": UNKNOWN_TEXT,
        "storageEncrypted": True, "kmsKeyId": UNKNOWN_TEXT, "skipFinalSnapshot": True,
        "engineVersion": "8.0.mysql_aurora.3.10.4",
        "serverlessv2ScalingConfiguration": {"minCapacity": UNKNOWN_TEXT, "maxCapacity": 2},
        "vpcSecurityGroupIds": [UNKNOWN_TEXT], "tags": UNKNOWN_TEXT,
    }  # fmt: skip
    assert analyzer.look("aws:rds/cluster:Cluster", **cluster) == []
    (said,) = analyzer.look("aws:rds/cluster:Cluster", **{**cluster, "backtrackWindow": 60})
    assert said.policyName == "bc803-no-backtrack"
    whole = analyzer.look_at_all(
        [
            stack_resource("c", "aws:rds/cluster:Cluster", **cluster),
            stack_resource(
                "i", "aws:rds/clusterInstance:ClusterInstance", {"clusterIdentifier": "c"},
                engine="aurora-mysql", instanceClass="db.t4g.medium",
                clusterIdentifier=UNKNOWN_TEXT, autoMinorVersionUpgrade=False,
            ),
        ]
    )  # fmt: skip
    assert [(found.policyName, found.urn) for found in whole] == [("bc201-burstable", "i")]


def test_the_budget_is_configured_or_comes_from_the_stack_file(monkeypatch):
    analyzer = Analyzer()
    large = stack_resource(
        "i", "aws:rds/clusterInstance:ClusterInstance", engine="aurora-mysql",
        instanceClass="db.r6g.large", region="eu-west-1",
    )  # fmt: skip
    assert analyzer.look_at_all([large]) == []
    analyzer.configure(bc824_budget={"monthlyUsd": 100})
    (said,) = analyzer.look_at_all([large])
    assert "exceeds the budget of $100.00" in said.message
    assert "db.r6g.large in eu-west-1" in said.message
    analyzer.configure(bc824_budget={})
    monkeypatch.setenv("PULUMI_CONFIG", '{"bicoastal:budget": "{\\"monthlyUsd\\": 120}"}')
    (said,) = analyzer.look_at_all([large])
    assert "exceeds the budget of $120.00" in said.message
    pulumi.runtime.set_all_config({})


def test_where_a_resource_is_may_be_unknown():
    analyzer = Analyzer()
    analyzer.configure(bc824_budget={"monthlyUsd": 1}, bc825_budget_complete={"monthlyUsd": 1})
    key = analyzer_pb2.AnalyzerResource(type="aws:kms/key:Key", urn="k", name="k")
    (said,) = analyzer.look_at_all([key])
    assert "The estimate leaves out: kms:key in ." in said.message


@pytest.fixture
def served() -> Iterator[str]:
    """`policy/` as Pulumi starts it; it says on which port it listens."""
    paths = [str(ROOT / "src"), *sys.path]
    process = subprocess.Popen(
        [
            "setpriv", "--pdeathsig", "KILL", sys.executable, "-m", "pulumi.policy",
            "127.0.0.1:1", str(ROOT / "policy"),
        ],
        env={**os.environ, "PYTHONUNBUFFERED": "1", "PYTHONPATH": os.pathsep.join(paths)},
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        yield f"127.0.0.1:{int(process.stdout.readline())}"
    finally:
        process.kill()
        process.wait()


def test_the_folder_is_a_policy_pack_with_every_guard(served):
    with grpc.insecure_channel(served) as channel:
        analyzer = analyzer_pb2_grpc.AnalyzerStub(channel)
        info = analyzer.GetAnalyzerInfo(empty_pb2.Empty(), timeout=60)
        assert info.name == NAME
        assert {policy.name for policy in info.policies} == {guard.name for guard in GUARDS}
        levels = {policy.name: policy.enforcementLevel for policy in info.policies}
        for guard in GUARDS:
            is_mandatory = levels[guard.name] == analyzer_pb2.MANDATORY
            assert is_mandatory == (guard.severity == "error")
        request = analyzer_pb2.AnalyzeRequest(type="aws:route53/healthCheck:HealthCheck")
        request.properties.update({"type": "CALCULATED"})
        said = analyzer.Analyze(request, timeout=60).diagnostics
        assert {found.policyName for found in said} == {"bc811-calculated-children", "bc813-tagged"}
