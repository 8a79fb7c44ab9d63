"""The zip, deployed into an emulated AWS as Lambda functions, loses a member and fails over.

The members are two loopback servers that only greet; everything else is what runs in AWS: the
zipped functions, the record in DynamoDB, the promotion through RDS, the latch in CloudWatch.
"""

from __future__ import annotations

import json
import os
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest

from bicoastal.failover import bundle, record
from bicoastal.failover.config import ControllerConfig, Endpoint, Latch, Member, ProberConfig
from bicoastal.failover.replay import replay
from bicoastal.failover.state import Policy, State

pytestmark = pytest.mark.lab
HOME, STANDBY, WITNESS = "us-east-1", "us-west-2", "us-east-2"
REGIONS = (HOME, STANDBY, WITNESS)
ROLE = "arn:aws:iam::000000000000:role/failover"
VERSION = "8.0.mysql_aurora.3.10.4"
PACE = 10.0
Client = Callable[[str, str], Any]
# In one process: hypercorn's own command would start a second one, which outlives the first.
SERVE = """
import asyncio, sys
from hypercorn.asyncio import serve
from hypercorn.config import Config
from ministack.app import app
config = Config()
config.bind = [sys.argv[1]]
asyncio.run(serve(app, config))
"""


@dataclass
class Greeter:
    """Accepts connections on loopback and greets like a MySQL server, until it is killed."""

    listener: socket.socket = field(
        default_factory=lambda: socket.create_server(("127.0.0.1", 0), backlog=64)
    )

    def __post_init__(self) -> None:
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        payload = b"\x0a8.0.39-fake\0" + struct.pack("<I", 1) + bytes(60)
        with suppress(OSError):
            while True:
                connection, _ = self.listener.accept()
                with suppress(OSError), connection:
                    connection.sendall(len(payload).to_bytes(3, "little") + b"\0" + payload)

    @property
    def endpoint(self) -> Endpoint:
        return Endpoint(*self.listener.getsockname())

    def kill(self) -> None:
        with suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """Makes clients of an emulated AWS, which ends with this process."""
    with socket.create_server(("127.0.0.1", 0)) as reserved:
        port = reserved.getsockname()[1]
    log = Path(tmp_path_factory.mktemp("aws"), "log")
    environment = {
        **os.environ,
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "BICOASTAL_PACE": str(PACE),
        "TMPDIR": str(log.parent),
    }
    with log.open("wb") as output:
        process = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", sys.executable, "-c", SERVE, f"127.0.0.1:{port}"],
            env=environment, stdout=output, stderr=output,
        )  # fmt: skip

    def make(service: str, region: str) -> Any:
        return boto3.client(  # type: ignore[call-overload]  # the service is a variable here
            service,
            region_name=region,
            endpoint_url=f"http://127.0.0.1:{port}",
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )

    try:
        deadline = time.monotonic() + 30
        while socket.socket().connect_ex(("127.0.0.1", port)):
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.05)
        yield make
    finally:
        process.terminate()
        process.wait(30)


@pytest.fixture(scope="module")
def members(client: Client) -> dict[str, Member]:
    client("rds", HOME).create_global_cluster(
        GlobalClusterIdentifier="global-dev", Engine="aurora-mysql", EngineVersion=VERSION
    )
    made = {}
    for region in (HOME, STANDBY):
        rds, name = client("rds", region), f"aurora-{region}"
        seed = {"MasterUsername": "admin", "MasterUserPassword": "password1"}
        cluster = rds.create_db_cluster(
            DBClusterIdentifier=name,
            Engine="aurora-mysql",
            EngineVersion=VERSION,
            GlobalClusterIdentifier="global-dev",
            **(seed if region == HOME else {}),
        )["DBCluster"]
        rds.create_db_instance(
            DBInstanceIdentifier=f"db-{region}",
            DBClusterIdentifier=name,
            Engine="aurora-mysql",
            DBInstanceClass="db.r6g.large",
        )
        made[region] = Member(cluster["DBClusterArn"], name)
    return made


def deploy(client: Client, region: str, name: str, handler: str, text: str) -> None:
    client("lambda", region).create_function(
        FunctionName=name,
        Runtime="python3.11",
        Role=ROLE,
        Handler=handler,
        Timeout=70,
        Code={"ZipFile": bundle.build()},
        Environment={"Variables": {"BICOASTAL_CONFIG": text}},
    )


def latch_values(client: Client, region: str) -> set[float]:
    now = datetime.now(UTC)
    points = client("cloudwatch", region).get_metric_statistics(
        Namespace="Bicoastal",
        MetricName="HomeIsWriter",
        Dimensions=[{"Name": "Cluster", "Value": "global-dev"}],
        StartTime=now - timedelta(minutes=5),
        EndTime=now + timedelta(minutes=1),
        Period=60,
        Statistics=["Minimum"],
    )["Datapoints"]
    return {point["Minimum"] for point in points}


def test_the_deployed_functions_fail_over_once(client: Client, members: dict[str, Member]) -> None:
    servers = {HOME: Greeter(), STANDBY: Greeter()}
    endpoints = {region: server.endpoint for region, server in servers.items()}
    dynamodb = client("dynamodb", STANDBY)
    dynamodb.create_table(
        TableName="record-dev",
        KeySchema=[{"AttributeName": "cluster", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "cluster", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    for region in REGIONS:
        text = ProberConfig(region, endpoints).to_json()
        deploy(client, region, f"probe-{region}", bundle.PROBER_HANDLER, text)
    settings = ControllerConfig(
        cluster="global-dev",
        region=STANDBY,
        home_region=HOME,
        members=members,
        witnesses={region: f"probe-{region}" for region in REGIONS},
        table="record-dev",
        latch=Latch("Bicoastal", "HomeIsWriter", "Cluster", "global-dev", REGIONS),
        threshold=3,
        grace_s=5.0,
        clean_rounds=2,
    )
    deploy(client, STANDBY, "control", bundle.CONTROLLER_HANDLER, settings.to_json())
    store = record.RecordStore(dynamodb, "record-dev", "global-dev", HOME)

    def invoke_until(state: State) -> dict[str, Any]:
        deadline = time.monotonic() + 60
        while True:
            answer = client("lambda", STANDBY).invoke(FunctionName="control", Payload=b"{}")
            summary: dict[str, Any] = json.loads(answer["Payload"].read())
            assert "FunctionError" not in answer, summary
            if store.read().state is state:
                return summary
            assert time.monotonic() < deadline, (summary, store.audit())

    record.arm(store, "test", "ready", time.time())
    assert invoke_until(State.STEADY)["acted"]
    assert latch_values(client, HOME) == {1.0}

    servers[HOME].kill()
    invoke_until(State.COOLDOWN)
    servers[STANDBY].kill()

    final = store.read()
    assert (final.writer, final.epoch, final.latch, final.armed) == (STANDBY, 2, 0, False)
    described = client("rds", STANDBY).describe_global_clusters()["GlobalClusters"][0]
    writers = [m["DBClusterArn"] for m in described["GlobalClusterMembers"] if m["IsWriter"]]
    assert writers == [members[STANDBY].arn]
    assert all(0.0 in latch_values(client, region) for region in REGIONS)

    trail = store.audit()
    assert len([entry for entry in trail if entry.request_ids]) == 1, "one promotion was asked for"
    assert replay(trail, {STANDBY: Policy.of(settings, PACE)}) == []
