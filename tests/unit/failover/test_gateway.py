"""The calls to AWS, checked against the service models that botocore ships."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from typing import Any

import boto3
import pytest
from botocore.exceptions import ReadTimeoutError
from botocore.response import StreamingBody
from botocore.stub import Stubber

from bicoastal.failover.gateway import Clients, Gateway, GatewayError
from bicoastal.failover.votes import Evidence, Topology

from .fakes import ARNS, HOME, HOME_ARN, STANDBY, STANDBY_ARN, WITNESSES, config, votes


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)


@cache
def real() -> Clients:
    """Real clients, made once: reading the service models takes longer than all the tests."""
    return Clients()


class StubbedClients(Clients):
    """Real boto3 clients whose answers are stubbed, in order, and must all be used."""

    def __init__(self) -> None:
        self.stubs: dict[tuple[str, str], Stubber] = {}

    def get(self, service: str, region: str, **_: Any) -> Any:
        # One client per service and region here, so that its stub is known beforehand.
        client = real().get(service, region)
        if (service, region) not in self.stubs:
            self.stubs[service, region] = Stubber(client)
            self.stubs[service, region].activate()
        return client

    def stub(self, service: str, region: str) -> Stubber:
        self.get(service, region)
        return self.stubs[service, region]


@pytest.fixture
def clients() -> Iterator[StubbedClients]:
    made = StubbedClients()
    yield made
    for stub in made.stubs.values():
        stub.deactivate()
        stub.assert_no_pending_responses()


@pytest.fixture
def gateway(clients: StubbedClients) -> Gateway:
    return Gateway(config(), 1.0, clients)


def payload(value: object) -> StreamingBody:
    data = json.dumps(value).encode()
    return StreamingBody(io.BytesIO(data), len(data))


def answer(clients: StubbedClients, value: object, **more: Any) -> None:
    request = {"FunctionName": f"probe-{HOME}", "Payload": b'{"region": "us-east-1", "round": 3}'}
    clients.stub("lambda", HOME).add_response(
        "invoke", {"Payload": payload(value), **more}, request
    )


def test_a_witness_is_asked_in_its_own_region(clients: StubbedClients, gateway: Gateway) -> None:
    (vote,) = votes("D--")
    answer(clients, vote.to_dict())
    assert gateway.vote(HOME, HOME, 3) == vote


@pytest.mark.parametrize(
    ("value", "more", "reason"),
    (
        ({"errorMessage": "boom"}, {"FunctionError": "Unhandled"}, "failed: .*boom"),
        ({"verdict": "MAYBE"}, {}, "answered nonsense"),
        ([1], {}, "answered nonsense"),
        (None, {}, "answered nonsense"),
        (votes("-U-")[0].to_dict(), {}, "us-west-2 answered about us-east-1"),
        (votes("U--", STANDBY)[0].to_dict(), {}, "us-east-1 answered about us-west-2"),
    ),
)
def test_a_witness_that_answers_badly_has_not_voted(
    value: object, more: dict[str, Any], reason: str, clients: StubbedClients, gateway: Gateway
) -> None:
    answer(clients, value, **more)
    with pytest.raises(GatewayError, match=reason):
        gateway.vote(HOME, HOME, 3)


def test_a_refused_invocation_carries_its_code(clients: StubbedClients, gateway: Gateway) -> None:
    clients.stub("lambda", HOME).add_client_error("invoke", "TooManyRequestsException")
    with pytest.raises(GatewayError, match="the witness in us-east-1 did not vote") as caught:
        gateway.vote(HOME, HOME, 3)
    assert caught.value.code == "TooManyRequestsException"


def test_no_answer_has_no_code(clients: StubbedClients, gateway: Gateway) -> None:
    client = clients.get("rds", STANDBY)

    def fail(**_: Any) -> None:
        raise ReadTimeoutError(endpoint_url="x")

    client.meta.events.register("before-call", fail)
    try:
        with pytest.raises(GatewayError, match="could not be described") as caught:
            gateway.topology()
    finally:
        client.meta.events.unregister("before-call", fail)
    assert caught.value.code == ""


def member(region: str, *, writer: bool, synchronized: str = "connected") -> dict[str, Any]:
    return {
        "DBClusterArn": ARNS[region],
        "IsWriter": writer,
        "SynchronizationStatus": synchronized,
    }


def describe(
    clients: StubbedClients,
    members: list[dict[str, Any]],
    status: str = "available",
    own: dict[str, Any] | None = None,
    **more: Any,
) -> None:
    cluster = {"Status": status, "GlobalClusterMembers": members, **more}
    stub = clients.stub("rds", STANDBY)
    stub.add_response(
        "describe_global_clusters",
        {"GlobalClusters": [cluster]},
        {"GlobalClusterIdentifier": "global-dev"},
    )
    instance = {"DBInstanceIdentifier": "db", "IsClusterWriter": True}
    state = {"Status": "available", "DBClusterMembers": [instance]}
    stub.add_response(
        "describe_db_clusters",
        {"DBClusters": [state if own is None else own]},
        {"DBClusterIdentifier": "standby"},
    )


BOTH = [member(HOME, writer=True), member(STANDBY, writer=False)]


def test_a_healthy_topology(clients: StubbedClients, gateway: Gateway) -> None:
    describe(clients, BOTH, FailoverState={})
    assert gateway.topology() == Topology(HOME, True, None, True, True)


def test_the_versions_of_the_standby_and_of_the_whole(
    clients: StubbedClients, gateway: Gateway
) -> None:
    own = {"Status": "available", "DBClusterMembers": [{}], "EngineVersion": "3.12.0"}
    describe(clients, BOTH, own=own, EngineVersion="3.10.4")
    found = Evidence(1.0, topology=gateway.topology())
    assert found.topology is not None
    assert found.topology.versions == ("3.12.0", "3.10.4")
    assert Evidence.from_dict(json.loads(json.dumps(found.to_dict()))) == found
    describe(clients, BOTH, own=own)
    assert gateway.topology().versions is None


def test_a_failover_under_way(clients: StubbedClients, gateway: Gateway) -> None:
    state = {"Status": "failing-over", "FromDbClusterArn": HOME_ARN, "ToDbClusterArn": STANDBY_ARN}
    describe(clients, BOTH, "failing-over", FailoverState=state)
    found = gateway.topology()
    assert (found.settled, found.failover_target, found.writer) == (False, STANDBY_ARN, HOME)
    describe(clients, BOTH, "available", FailoverState=state)
    assert not gateway.topology().settled


def test_after_a_failover_the_own_member_is_no_standby(
    clients: StubbedClients, gateway: Gateway
) -> None:
    describe(clients, [member(STANDBY, writer=True)])
    found = gateway.topology()
    assert (found.writer, found.standby_ready, found.connected) == (STANDBY, False, False)
    resync = member(HOME, writer=False, synchronized="pending-resync")
    describe(clients, [member(STANDBY, writer=True), resync])
    assert not gateway.topology().connected


@pytest.mark.parametrize(
    ("members", "own"),
    (
        (BOTH, {"Status": "available", "DBClusterMembers": []}),
        (BOTH, {"Status": "creating", "DBClusterMembers": [{"IsClusterWriter": True}]}),
        ([member(HOME, writer=True)], None),
    ),
    ids=("headless", "not available", "detached"),
)
def test_a_standby_that_cannot_be_promoted(
    members: list[dict[str, Any]],
    own: dict[str, Any] | None,
    clients: StubbedClients,
    gateway: Gateway,
) -> None:
    describe(clients, members, own=own)
    assert not gateway.topology().standby_ready


@pytest.mark.parametrize("writers", (0, 2))
def test_none_or_two_writers_are_no_writer(
    writers: int, clients: StubbedClients, gateway: Gateway
) -> None:
    describe(clients, [member(HOME, writer=writers > 0), member(STANDBY, writer=writers > 1)])
    assert gateway.topology().writer is None


def test_an_empty_answer_is_explained(clients: StubbedClients, gateway: Gateway) -> None:
    clients.stub("rds", STANDBY).add_response("describe_global_clusters", {"GlobalClusters": []})
    with pytest.raises(GatewayError, match="unexpected answer"):
        gateway.topology()


def test_a_promotion_accepts_data_loss_and_names_the_arn(
    clients: StubbedClients, gateway: Gateway
) -> None:
    clients.stub("rds", STANDBY).add_response(
        "failover_global_cluster",
        {"ResponseMetadata": {"RequestId": "id-7"}},
        {
            "GlobalClusterIdentifier": "global-dev",
            "TargetDbClusterIdentifier": STANDBY_ARN,
            "AllowDataLoss": True,
        },
    )
    assert gateway.promote(STANDBY_ARN) == "id-7"


def test_a_refused_promotion(clients: StubbedClients, gateway: Gateway) -> None:
    stub = clients.stub("rds", STANDBY)
    stub.add_client_error("failover_global_cluster", "InvalidGlobalClusterStateFault")
    with pytest.raises(GatewayError) as caught:
        gateway.promote(STANDBY_ARN)
    assert caught.value.code == "InvalidGlobalClusterStateFault"


@pytest.mark.parametrize("region", WITNESSES)
def test_the_latch_is_put_with_standard_resolution(
    region: str, clients: StubbedClients, gateway: Gateway
) -> None:
    datum = {
        "MetricName": "HomeIsWriter",
        "Dimensions": [{"Name": "Cluster", "Value": "global-dev"}],
        "Timestamp": datetime.fromtimestamp(1800, UTC),
        "Value": 0.0,
    }
    clients.stub("cloudwatch", region).add_response(
        "put_metric_data", {}, {"Namespace": "Bicoastal", "MetricData": [datum]}
    )
    gateway.put_latch(region, 0, 1800.0)


def points(clients: StubbedClients, metric: str, *values: tuple[int, float]) -> None:
    clients.stub("cloudwatch", STANDBY).add_response(
        "get_metric_statistics",
        {
            "Datapoints": [
                {"Timestamp": datetime.fromtimestamp(at, UTC), "Maximum": value}
                for at, value in values
            ]
        },
        {
            "Namespace": "AWS/RDS",
            "MetricName": metric,
            "Dimensions": [{"Name": "DBClusterIdentifier", "Value": "standby"}],
            "StartTime": datetime.fromtimestamp(0, UTC),
            "EndTime": datetime.fromtimestamp(1800, UTC),
            "Period": 60,
            "Statistics": ["Maximum"],
        },
    )


def test_the_lag_is_the_last_one_before_the_moment(
    clients: StubbedClients, gateway: Gateway
) -> None:
    points(clients, "AuroraGlobalDBRPOLag", (1680, 900.0), (1740, 250.0), (1620, 100.0))
    assert gateway.lag(1800.0) == (0.25, 1740.0)


def test_older_engines_publish_another_lag(clients: StubbedClients, gateway: Gateway) -> None:
    points(clients, "AuroraGlobalDBRPOLag")
    points(clients, "AuroraGlobalDBReplicationLag", (1740, 1500.0))
    assert gateway.lag(1800.0) == (1.5, 1740.0)


def test_no_lag_is_none(clients: StubbedClients, gateway: Gateway) -> None:
    points(clients, "AuroraGlobalDBRPOLag")
    points(clients, "AuroraGlobalDBReplicationLag")
    assert gateway.lag(1800.0) is None


def test_a_page_has_a_short_subject(clients: StubbedClients, gateway: Gateway) -> None:
    clients.stub("sns", STANDBY).add_response(
        "publish",
        {},
        {"TopicArn": config().topic_arn, "Subject": "s" * 100, "Message": "whole"},
    )
    gateway.page("s" * 150, "whole")


def test_without_a_topic_nothing_is_sent(clients: StubbedClients) -> None:
    Gateway(config(topic_arn=None), 1.0, clients).page("subject", "message")
    assert clients.stubs == {}


def test_clients_are_made_once_with_short_timeouts_and_few_attempts() -> None:
    clients = Clients()
    first = clients.get("rds", HOME, read_timeout_s=2.5, attempts=1)
    assert clients.get("rds", HOME, read_timeout_s=2.5, attempts=1) is first
    assert clients.get("rds", STANDBY, read_timeout_s=2.5, attempts=1) is not first
    used = first.meta.config
    assert (used.connect_timeout, used.read_timeout) == (1.0, 2.5)
    assert used.retries["total_max_attempts"] == 1


def test_a_regions_address_can_be_given() -> None:
    clients = Clients({HOME: "http://127.0.0.1:9"}.get)
    assert clients.get("sts", HOME).meta.endpoint_url == "http://127.0.0.1:9"
    assert clients.get("sts", STANDBY).meta.endpoint_url != "http://127.0.0.1:9"


def test_a_session_can_be_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID", raising=False)
    session = boto3.session.Session(aws_access_key_id="own", aws_secret_access_key="s")
    client = Clients(session=session).get("sts", HOME)
    assert client._request_signer._credentials.access_key == "own"


# --- a replica by binary log: two clusters, of which each knows only its own source -------------
def replica(clients: StubbedClients, *, by_hand: bool = False) -> Gateway:
    changes = {"topology": "binlog-replica", "mode": "observe"}
    return Gateway(config(STANDBY, **changes), 1.0, clients, by_hand=by_hand)


@pytest.mark.parametrize(
    ("found", "writer", "ready"),
    (
        ({"ReplicationSourceIdentifier": HOME_ARN, "DBClusterMembers": [{}]}, HOME, True),
        ({"ReplicationSourceIdentifier": HOME_ARN}, HOME, False),
        ({"DBClusterMembers": [{}]}, STANDBY, False),
    ),
)
def test_a_replica_s_source_is_the_writer_until_it_is_promoted(
    clients: StubbedClients, found: dict[str, Any], writer: str, ready: bool
) -> None:
    clients.stub("rds", STANDBY).add_response(
        "describe_db_clusters",
        {"DBClusters": [{"Status": "available", **found}]},
        {"DBClusterIdentifier": "standby"},
    )
    is_replica = "ReplicationSourceIdentifier" in found
    assert replica(clients).topology() == Topology(
        writer, settled=True, standby_ready=ready, connected=is_replica
    )


def test_a_replica_that_is_promoted_is_not_settled(clients: StubbedClients) -> None:
    found = {"Status": "promoting", "ReplicationSourceIdentifier": HOME_ARN}
    answer = {"DBClusters": [{**found, "DBClusterMembers": [{}]}]}
    clients.stub("rds", STANDBY).add_response("describe_db_clusters", answer)
    seen = replica(clients).topology()
    assert (seen.settled, seen.standby_ready) == (False, False)


def test_a_replica_is_never_promoted_from_here(clients: StubbedClients) -> None:
    with pytest.raises(GatewayError, match="by hand"):
        replica(clients).promote(STANDBY_ARN)
    assert clients.stubs == {}


def test_a_person_promotes_a_replica_by_its_cluster(clients: StubbedClients) -> None:
    answer = {"ResponseMetadata": {"RequestId": "id-8"}}
    stub = clients.stub("rds", STANDBY)
    asked = {"DBClusterIdentifier": "standby"}
    stub.add_response("promote_read_replica_db_cluster", answer, asked)
    assert replica(clients, by_hand=True).promote(STANDBY_ARN) == "id-8"
    stub.add_client_error("promote_read_replica_db_cluster", "InvalidDBClusterStateFault", "no")
    with pytest.raises(GatewayError, match="was not accepted"):
        replica(clients, by_hand=True).promote(STANDBY_ARN)


def test_a_replica_tells_its_lag_in_seconds_or_that_it_does_not_know(
    clients: StubbedClients,
) -> None:
    points(clients, "AuroraBinlogReplicaLag", (1680, 7.0), (1740, -1.0))
    assert replica(clients).lag(1800.0) == (7.0, 1680.0)
    points(clients, "AuroraBinlogReplicaLag", (1740, -1.0))
    assert replica(clients).lag(1800.0) is None
