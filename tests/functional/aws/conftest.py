"""An embedded AWS for all tests of this folder, and a network behind which its databases are."""

from __future__ import annotations

import importlib.util
import os
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pymysql
import pytest

from bicoastal.lab.aws import EmbeddedAws
from bicoastal.lab.databases import connect
from bicoastal.lab.workspace import Workspace

HOME, STANDBY, WITNESS = "us-east-1", "us-west-2", "us-east-2"
PASSWORD = "a-Password-of-the-tests"
ENGINE = {"Engine": "aurora-mysql"}

_spec = importlib.util.spec_from_file_location(
    "forwarding", Path(__file__).with_name("forwarding.py")
)
assert _spec
assert _spec.loader
forwarding: Any = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(forwarding)


def eventually(condition: Callable[[], Any], timeout: float = 15.0) -> Any:
    """The first true value of a condition; fails when there is none in time."""
    deadline = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


@dataclass
class Lab:
    """What a test needs of the embedded AWS."""

    workspace: Workspace
    plan: Any
    network: Any
    aws: EmbeddedAws
    home: str = HOME
    standby: str = STANDBY
    password: str = PASSWORD

    eventually = staticmethod(eventually)

    def rds(self, region: str = HOME) -> Any:
        return self.aws.client("rds", region)

    def make_global(self, **options: Any) -> None:
        self.rds().create_global_cluster(GlobalClusterIdentifier="g", **ENGINE, **options)

    def make_cluster(self, region: str, *, identifier: str | None = None, **options: Any) -> None:
        identifier = identifier or f"c-{region}"
        self.rds(region).create_db_cluster(DBClusterIdentifier=identifier, **ENGINE, **options)

    def make_instance(
        self,
        region: str,
        *,
        cluster: str | None = None,
        name: str | None = None,
        wait: bool = True,
        **options: Any,
    ) -> None:
        name = name or f"i-{region}"
        self.rds(region).create_db_instance(
            DBInstanceIdentifier=name,
            DBClusterIdentifier=cluster or f"c-{region}",
            **({"DBInstanceClass": "db.r6g.large"} | ENGINE | options),
        )
        if wait:
            eventually(lambda: self.instance_status(region, name) == "available")

    def instance_status(self, region: str, name: str) -> str:
        found = self.rds(region).describe_db_instances(DBInstanceIdentifier=name)
        status: str = found["DBInstances"][0]["DBInstanceStatus"]
        assert status != "failed", (self.workspace.path / "embedded-aws.log").read_text()
        return status

    def make_writer(self) -> None:
        self.make_global()
        self.make_cluster(
            HOME,
            GlobalClusterIdentifier="g",
            MasterUsername="admin",
            MasterUserPassword=PASSWORD,
            DatabaseName="app",
        )
        self.make_instance(HOME)

    def make_standby(self) -> None:
        self.make_cluster(STANDBY, GlobalClusterIdentifier="g")
        self.make_instance(STANDBY)

    def deploy(self) -> None:
        self.make_writer()
        self.make_standby()
        self.write(HOME, "CREATE TABLE rows_of_test (id INT PRIMARY KEY)")

    def group(self, region: str = STANDBY) -> Any:
        return self.rds(region).describe_global_clusters()["GlobalClusters"][0]

    def writer_region(self) -> str:
        arns = [m["DBClusterArn"] for m in self.group()["GlobalClusterMembers"] if m["IsWriter"]]
        assert len(arns) == 1
        return str(arns[0].split(":")[3])

    def membership(self, region: str) -> Any:
        return next(
            m for m in self.group()["GlobalClusterMembers"] if f":{region}:" in m["DBClusterArn"]
        )

    def client(self, region: str, source: str = "clients", password: str = PASSWORD) -> Any:
        return pymysql.connect(
            host=self.plan.address(source, region),
            port=self.plan.port,
            user="admin",
            password=password,
            database="app",
            autocommit=True,
            ssl_disabled=True,
            connect_timeout=2,
            read_timeout=3,
            write_timeout=3,
        )

    def write(self, region: str, sql: str) -> None:
        with self.client(region) as connection, connection.cursor() as cursor:
            cursor.execute(sql)

    def rows(self, socket: Path) -> list[int]:
        with connect(self.workspace, socket=socket) as connection, connection.cursor() as cursor:
            try:
                cursor.execute("SELECT id FROM app.rows_of_test ORDER BY id")
            except pymysql.err.ProgrammingError:  # the table has not been replicated yet
                return []
            return [row["id"] for row in cursor.fetchall()]

    def replicated(self, row: int) -> None:
        """Wait until the standby has a row."""
        eventually(lambda: row in self.rows(self.aws.member(STANDBY).socket))

    def kill(self, region: str) -> None:
        """SIGKILL a member's server, and wait until it is gone."""
        pid = self.aws.member(region).pid
        assert pid
        os.kill(pid, signal.SIGKILL)
        eventually(lambda: self.aws.member(region).process == "dead")

    def fail_over(self, target: str = STANDBY) -> Any:
        return self.rds(target).failover_global_cluster(
            GlobalClusterIdentifier="g",
            TargetDbClusterIdentifier=self.aws.member(target).arn,
            AllowDataLoss=True,
        )["GlobalCluster"]

    def settled(self) -> dict[str, Any]:
        """Wait until no failover or switchover is running; give the last one."""
        eventually(lambda: self.aws.failovers()[-1]["state"] != "running")
        return self.aws.failovers()[-1]

    def rejoined(self) -> dict[str, Any]:
        """Wait until the old writer is back, however; tell how."""
        done = ("connected", "failed")
        eventually(lambda: self.aws.failovers()[-1]["rejoin"]["state"] in done)
        return dict(self.aws.failovers()[-1]["rejoin"])


@pytest.fixture(scope="session")
def started_lab() -> Iterator[Lab]:
    with Workspace("bicoastal-test-") as workspace:
        plan = forwarding.Plan([HOME, STANDBY, WITNESS, "clients"], [HOME, STANDBY])
        with EmbeddedAws(workspace, plan, promotion_s=0.3, fence_s=0.3) as aws:
            network = forwarding.Forwarding(plan, aws.sockets)
            network.start()
            yield Lab(workspace, plan, network, aws)
            network.stop()


@pytest.fixture
def lab(started_lab: Lab) -> Iterator[Lab]:
    yield started_lab
    started_lab.network.heal()
    started_lab.aws.refuse_nothing()
    started_lab.aws.reset()
