"""The provider as Pulumi's plugin: a process of its own, driven over gRPC."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import grpc  # type: ignore[import-untyped]  # no stubs are published with it
import pytest
from pulumi.runtime import proto
from pulumi.runtime.proto import provider_pb2_grpc

from bicoastal.lab.engine.values import PropertyValue, to_plain
from bicoastal.lab.provider.serve import main

from .conftest import WEST, Client, wire

VPC = "urn:pulumi:stack::project::aws:ec2/vpc:Vpc::v"


@pytest.fixture
def plugin(endpoint: str) -> Iterator[subprocess.Popen[str]]:
    command = ["setpriv", "--pdeathsig", "KILL", sys.executable, "-m", "bicoastal.lab.provider"]
    process = subprocess.Popen(
        [*command, "127.0.0.1:1"], env={**os.environ, "AWS_ENDPOINT_URL": endpoint},
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(10)
        finally:
            process.kill()


@pytest.fixture
def stub(plugin: subprocess.Popen[str]) -> Iterator[Any]:
    assert plugin.stdout is not None
    port = int(plugin.stdout.readline())
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        yield provider_pb2_grpc.ResourceProviderStub(channel)


def struct(**properties: Any) -> Any:
    return PropertyValue.marshal_map(wire(properties))


def plain(properties: Any) -> dict[str, Any]:
    found: dict[str, Any] = to_plain(PropertyValue.unmarshal_map(properties))
    return found


def test_a_resource_is_led_through_its_life(stub: Any, client: Client) -> None:
    stub.Configure(proto.ConfigureRequest(args=struct(region=WEST), acceptSecrets=True))
    checked = stub.Check(proto.CheckRequest(urn=VPC, news=struct(cidrBlock="10.1.0.0/16")))
    assert not checked.failures
    made = stub.Create(proto.CreateRequest(urn=VPC, properties=checked.inputs))
    assert made.id in {v["VpcId"] for v in client("ec2", WEST).describe_vpcs()["Vpcs"]}
    assert plain(made.properties)["arn"].endswith(made.id)

    same = stub.Diff(
        proto.DiffRequest(urn=VPC, id=made.id, olds=made.properties, news=checked.inputs)
    )
    assert same.changes == proto.DiffResponse.DIFF_NONE
    news = stub.Check(
        proto.CheckRequest(urn=VPC, news=struct(cidrBlock="10.1.0.0/16", tags={"a": "b"}))
    ).inputs
    changed = proto.UpdateRequest(urn=VPC, id=made.id, olds=made.properties, news=news)
    updated = stub.Update(changed)
    assert plain(updated.properties)["tagsAll"] == {"a": "b"}
    read = stub.Read(
        proto.ReadRequest(urn=VPC, id=made.id, properties=updated.properties, inputs=news)
    )
    assert read.id == made.id

    stub.Delete(proto.DeleteRequest(urn=VPC, id=made.id, properties=updated.properties))
    assert made.id not in {v["VpcId"] for v in client("ec2", WEST).describe_vpcs()["Vpcs"]}
    answer = stub.Invoke(
        proto.InvokeRequest(tok="aws:index/getCallerIdentity:getCallerIdentity", args=struct())
    )
    assert plain(getattr(answer, "return"))["accountId"] == "000000000000"


def test_errors_are_the_words_of_aws_and_no_traceback(stub: Any) -> None:
    stub.Configure(proto.ConfigureRequest(args=struct(region=WEST)))
    urn = "urn:pulumi:stack::project::aws:iam/rolePolicy:RolePolicy::p"
    properties = struct(role="nobody", name="p", policy="{}")
    with pytest.raises(grpc.RpcError) as caught:
        stub.Create(proto.CreateRequest(urn=urn, properties=properties))
    assert caught.value.details().startswith("NoSuchEntity: ")
    assert "Traceback" not in caught.value.details()
    assert "File" not in caught.value.details()


def test_a_defect_shows_where_it_is(stub: Any) -> None:
    stub.Configure(proto.ConfigureRequest(args=struct(region=WEST)))
    with pytest.raises(grpc.RpcError, match=r"aurora|KeyError|globalClusterIdentifier"):
        stub.Create(
            proto.CreateRequest(
                urn="urn:pulumi:s::p::aws:rds/globalCluster:GlobalCluster::g", properties=struct()
            )
        )


@pytest.mark.parametrize("number", (signal.SIGTERM, signal.SIGINT))
def test_it_ends_when_it_is_told(plugin: subprocess.Popen[str], number: signal.Signals) -> None:
    assert plugin.stdout is not None
    assert int(plugin.stdout.readline()) > 0
    plugin.send_signal(number)
    assert plugin.wait(10) == 0


@pytest.mark.parametrize("environ", ({}, {"AWS_ENDPOINT_URL": "https://rds.amazonaws.com"}))
def test_without_an_embedded_aws_it_does_not_start(
    environ: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(environ) == 2
    assert capsys.readouterr().err.startswith("AWS_ENDPOINT_URL: the lab's provider talks only")
