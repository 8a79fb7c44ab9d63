"""What holds for the provider as a whole."""

from __future__ import annotations

import asyncio
import copy
import inspect
import json
import re
import sys
import threading
from typing import Any

import pytest
from pulumi.provider.experimental.provider import (
    ConfigureRequest,
    CreateRequest,
    GetSchemaRequest,
    UpdateRequest,
)

from bicoastal.lab.engine import UNKNOWN
from bicoastal.lab.engine.values import reveal, to_plain
from bicoastal.lab.provider import HANDLERS, Credentials, LabProvider, ProviderError
from bicoastal.lab.provider.registry import SERVICES

from .conftest import EAST, WEST, Client, Hand, Hands, Made, wire

VPC = "aws:ec2/vpc:Vpc"
FUNCTION = "aws:lambda/function:Function"


def test_required_inputs_are_asked_for(hand: Hand) -> None:
    checked = hand.check("urn:pulumi:s::p::aws:route53/record:Record::r", {}, {"type": "A"})
    assert {f.property: f.reason for f in checked.failures} == {
        "zoneId": "is required", "name": "is required",
    }  # fmt: skip


def test_a_made_up_name_stays(hand: Hand) -> None:
    urn = "urn:pulumi:s::p::aws:sns/topic:Topic::news"
    first = hand.check(urn, {}, {}).inputs["name"].value
    assert first.startswith("news-")
    assert hand.check(urn, {}, {}).inputs["name"].value == first
    kept = hand.check(urn, {"name": "old-name"}, {}).inputs["name"].value
    assert kept == "old-name"


def test_an_unknown_type_is_an_error(hand: Hand) -> None:
    with pytest.raises(ProviderError, match="does not know the resource type aws:s3/bucket:Bucket"):
        hand.check("urn:pulumi:s::p::aws:s3/bucket:Bucket::b", {}, {})


def test_default_tags_are_put_on_everything(hands: Hands, client: Client) -> None:
    for given in ({"tags": {"All": "1", "Own": "0"}}, json.dumps({"tags": {"All": "1"}})):
        hand = hands(EAST, defaultTags=given)
        vpc = hand.create(VPC, "v", cidrBlock="10.1.0.0/16", tags={"Own": "2"})
        assert vpc.outputs["tagsAll"] == {"All": "1", "Own": "2"}
        (found,) = client("ec2").describe_vpcs(VpcIds=[vpc.id])["Vpcs"]
        assert {t["Key"]: t["Value"] for t in found["Tags"]} == {"All": "1", "Own": "2"}


def test_each_copy_works_in_its_own_region(endpoint: str, hands: Hands, client: Client) -> None:
    vpcs = {
        region: hands(region).create(VPC, "v", cidrBlock="10.1.0.0/16") for region in (EAST, WEST)
    }
    for region, vpc in vpcs.items():
        found = client("ec2", region).describe_vpcs()["Vpcs"]
        assert vpc.id in {v["VpcId"] for v in found}
    assert f":{WEST}:" in vpcs[WEST].outputs["arn"]

    own = hands(EAST).create(VPC, "w", cidrBlock="10.1.0.0/16", region=WEST)
    assert own.id in {v["VpcId"] for v in client("ec2", WEST).describe_vpcs()["Vpcs"]}
    hands(EAST).delete(own)
    assert own.id not in {v["VpcId"] for v in client("ec2", WEST).describe_vpcs()["Vpcs"]}

    from_config = LabProvider(endpoint, Credentials("123456789012", "x"))
    variables = {"aws:config:region": WEST}
    request = ConfigureRequest(variables, {}, accept_secrets=True, accept_resources=False)
    asyncio.run(from_config.configure(request))
    hand = Hand(copy.copy(from_config))
    answer = hand.ask("aws:index/getCallerIdentity:getCallerIdentity")
    assert answer.return_value["accountId"].value == "123456789012"


def test_what_was_only_half_made_is_taken_away(hand: Hand, client: Client) -> None:
    """The second call of a creation is refused: the first one's VPC must not stay."""
    before = len(client("ec2").describe_vpcs()["Vpcs"])
    with pytest.raises(ProviderError, match="ParamValidationError"):
        hand.create(VPC, "v", cidrBlock="10.1.0.0/16", enableDnsHostnames="not a bool")
    assert len(client("ec2").describe_vpcs()["Vpcs"]) == before


def test_nothing_made_means_nothing_to_take_away(hand: Hand) -> None:
    with pytest.raises(ProviderError) as caught:
        hand.create("aws:iam/rolePolicy:RolePolicy", "p", role="nobody", policy="{}")
    assert caught.value.code == "NoSuchEntity"


def test_a_preview_asks_nobody(hand: Hand, client: Client) -> None:
    before = len(client("ec2").describe_vpcs()["Vpcs"])
    inputs = wire({"cidrBlock": "10.1.0.0/16", "tags": {"a": UNKNOWN}})
    urn = f"urn:pulumi:s::p::{VPC}::v"
    created = asyncio.run(hand.provider.create(CreateRequest(urn, inputs, timeout=0, preview=True)))
    assert created.properties == inputs
    updated = asyncio.run(
        hand.provider.update(
            UpdateRequest(urn, "vpc-1", {}, inputs, 0, ignore_changes=[], preview=True)
        )
    )
    assert updated.properties == inputs
    assert len(client("ec2").describe_vpcs()["Vpcs"]) == before


def test_waiting_can_be_cancelled(hand: Hand) -> None:
    """A peering connection that nobody made never appears; the accepter waits for it."""
    failed: list[ProviderError] = []

    def accept() -> None:
        try:
            hand.create(
                "aws:ec2/vpcPeeringConnectionAccepter:VpcPeeringConnectionAccepter", "a",
                vpcPeeringConnectionId="pcx-none",
            )  # fmt: skip
        except ProviderError as error:
            failed.append(error)

    waiting = threading.Thread(target=accept)
    waiting.start()
    while waiting.is_alive():
        asyncio.run(hand.provider.cancel())
        waiting.join(0.05)
    assert [error.code for error in failed] == ["Cancelled"]


def test_after_a_cancellation_one_can_wait_again(endpoint: str) -> None:
    """An interrupted deployment is destroyed with the same provider."""
    hand = Hand(LabProvider(endpoint, patience=0.1), region=EAST)
    asyncio.run(hand.provider.cancel())
    with pytest.raises(ProviderError) as caught:
        hand.create(
            "aws:ec2/vpcPeeringConnectionAccepter:VpcPeeringConnectionAccepter", "a",
            vpcPeeringConnectionId="pcx-none",
        )  # fmt: skip
    assert caught.value.code == "Timeout"


def test_waiting_ends(endpoint: str) -> None:
    hand = Hand(LabProvider(endpoint, patience=0.1), region=EAST)
    with pytest.raises(ProviderError, match=r"given up waiting for .*pcx-none.* after 0.1 s"):
        hand.create(
            "aws:ec2/vpcPeeringConnectionAccepter:VpcPeeringConnectionAccepter", "a",
            vpcPeeringConnectionId="pcx-none",
        )  # fmt: skip


@pytest.mark.parametrize(
    "url", ("", "https://rds.amazonaws.com", "http://10.0.0.1:4566", "http://example.com")
)
def test_only_this_machine_is_talked_to(url: str) -> None:
    with pytest.raises(ProviderError, match="only to an embedded AWS on this machine"):
        LabProvider(url)


@pytest.mark.parametrize("host", ("127.0.0.1", "127.9.9.9", "[::1]", "localhost"))
def test_loopback_addresses_are_fine(host: str) -> None:
    LabProvider(f"http://{host}:4566")


def test_the_users_own_aws_settings_are_left_out(
    endpoint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "production")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nowhere")
    monkeypatch.setenv("HTTP_PROXY", "http://192.0.2.1:9")
    monkeypatch.setenv("http_proxy", "http://192.0.2.1:9")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "999999999999")
    hand = Hand(LabProvider(endpoint), region=EAST)
    answer = hand.ask("aws:index/getCallerIdentity:getCallerIdentity")
    assert answer.return_value["accountId"].value == "000000000000"


def test_clients_can_be_made_beforehand(
    endpoint: str, hands: Hands, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After warming up, no handler makes a client in that region."""
    provider = LabProvider(endpoint)
    provider.warm([EAST])
    monkeypatch.setattr(provider._clients, "_session", None)
    hand = Hand(provider, region=EAST)
    made = [
        hand.create(VPC, "v", cidrBlock="10.1.0.0/16"),
        hand.create("aws:sns/topic:Topic", "t"),
        hand.create("aws:cloudwatch/logGroup:LogGroup", "g"),
    ]
    assert {made_.id for made_ in made}
    sources = "".join(inspect.getsource(sys.modules[type(h).__module__]) for h in HANDLERS.values())
    assert set(re.findall(r'client\(\s*"(\w+)"', sources)) == set(SERVICES)


def test_an_embedded_aws_that_is_not_there_is_an_error() -> None:
    hand = Hand(LabProvider("http://127.0.0.1:9"), region=EAST)
    with pytest.raises(ProviderError, match="EndpointConnectionError"):
        hand.create(VPC, "v", cidrBlock="10.1.0.0/16")


def test_the_schema_is_a_stub(hand: Hand) -> None:
    answer = asyncio.run(hand.provider.get_schema(GetSchemaRequest(0)))
    assert json.loads(answer.schema or "")["name"] == "aws"


def test_ignored_changes_are_no_difference(hand: Hand) -> None:
    from pulumi.provider.experimental.provider import DiffRequest

    vpc = hand.create(VPC, "v", cidrBlock="10.1.0.0/16")
    news = wire({"cidrBlock": "10.2.0.0/16", "tagsAll": {}})
    request = DiffRequest(vpc.urn, vpc.id, vpc.state, news, ["cidrBlock"])
    assert asyncio.run(hand.provider.diff(request)).changes is False


def plain(answer: Any) -> dict[str, Any]:
    assert not answer.failures
    found: dict[str, Any] = reveal(to_plain(answer.return_value))
    return found


def test_questions(hands: Hands, client: Client) -> None:
    hand = hands(WEST)
    assert plain(hand.ask("aws:index/getCallerIdentity:getCallerIdentity"))["accountId"] == (
        "000000000000"
    )
    filters = [{"name": "opt-in-status", "values": ["opt-in-not-required"]}]
    token = "aws:index/getAvailabilityZones:getAvailabilityZones"
    zones = plain(hand.ask(token, state="available", filters=filters))
    assert zones["names"] == ["us-west-2a", "us-west-2b", "us-west-2c"]
    assert len(zones["zoneIds"]) == 3
    none = hand.ask(
        "aws:index/getAvailabilityZones:getAvailabilityZones",
        filters=[{"name": "opt-in-status", "values": ["opted-in"]}],
    )
    assert plain(none)["names"] == []

    token = "aws:ec2/getManagedPrefixList:getManagedPrefixList"
    name = "com.amazonaws.us-west-2.route53-healthchecks"
    found = plain(hand.ask(token, name=name))
    assert found["name"] == name
    assert found["entries"][0]["cidr"]
    by_filter = [{"name": "prefix-list-name", "values": [name]}]
    assert plain(hand.ask(token, filters=by_filter))["id"] == found["id"]
    assert plain(hand.ask(token, id=found["id"]))["name"] == name
    with pytest.raises(ProviderError, match="no managed prefix list nothing in us-west-2"):
        hand.ask(token, name="nothing")


def test_a_secret_is_read_as_a_secret(hands: Hands, client: Client) -> None:
    manager = client("secretsmanager")
    arn = manager.create_secret(Name="db", SecretString='{"password": "hunter2"}')["ARN"]
    answer = hands(EAST).ask("aws:secretsmanager/getSecretVersion:getSecretVersion", secretId=arn)
    assert answer.return_value["secretString"].is_secret
    assert plain(answer)["secretString"] == '{"password": "hunter2"}'
    with pytest.raises(ProviderError, match="ResourceNotFoundException"):
        hands(WEST).ask("aws:secretsmanager/getSecretVersion:getSecretVersion", secretId="x")


def test_an_unknown_question_is_a_failure(hand: Hand) -> None:
    answer = hand.ask("aws:index/getWeather:getWeather")
    assert [(f.property, f.reason) for f in answer.failures] == [
        ("aws:index/getWeather:getWeather", "is not known to the lab")
    ]


def test_every_type_of_the_stack_has_a_handler() -> None:
    assert set(HANDLERS) >= {
        "aws:ec2/vpc:Vpc", "aws:ec2/subnet:Subnet", "aws:ec2/internetGateway:InternetGateway",
        "aws:ec2/routeTable:RouteTable", "aws:ec2/route:Route",
        "aws:ec2/routeTableAssociation:RouteTableAssociation",
        "aws:ec2/securityGroup:SecurityGroup",
        "aws:ec2/vpcPeeringConnection:VpcPeeringConnection",
        "aws:ec2/vpcPeeringConnectionAccepter:VpcPeeringConnectionAccepter",
        "aws:ec2/peeringConnectionOptions:PeeringConnectionOptions",
        "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
        "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule",
        "aws:kms/key:Key", "aws:kms/alias:Alias", "aws:rds/subnetGroup:SubnetGroup",
        "aws:rds/clusterParameterGroup:ClusterParameterGroup",
        "aws:rds/globalCluster:GlobalCluster", "aws:rds/cluster:Cluster",
        "aws:rds/clusterInstance:ClusterInstance", "aws:iam/role:Role",
        "aws:iam/rolePolicy:RolePolicy", "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
        "aws:lambda/function:Function", "aws:lambda/permission:Permission",
        "aws:cloudwatch/logGroup:LogGroup", "aws:cloudwatch/metricAlarm:MetricAlarm",
        "aws:cloudwatch/eventRule:EventRule", "aws:cloudwatch/eventTarget:EventTarget",
        "aws:sns/topic:Topic", "aws:sns/topicSubscription:TopicSubscription",
        "aws:dynamodb/table:Table", "aws:route53/zone:Zone",
        "aws:route53/healthCheck:HealthCheck", "aws:route53/record:Record",
    }  # fmt: skip


def test_what_is_not_of_the_stack_is_read_by_its_id(hand: Hand) -> None:
    made = hand.create("aws:sns/topic:Topic", "topic", name="topic")
    found = hand.read(Made(made.urn, made.id, {}, {}))
    assert found is not None
    assert found["arn"] == made.id
    assert not [name for name in found if name.startswith("__")]
