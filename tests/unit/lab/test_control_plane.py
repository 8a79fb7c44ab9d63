"""The control plane's rare ways, with databases and records that are not real."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
from pymysql.err import OperationalError

from bicoastal.errors import LabError
from bicoastal.lab.aws import members as members_module
from bicoastal.lab.aws.config import Paths, ServerConfig, member_socket_name
from bicoastal.lab.aws.control import _healthy
from bicoastal.lab.aws.failovers import Failovers
from bicoastal.lab.aws.lag import publish
from bicoastal.lab.aws.members import Members
from bicoastal.lab.aws.server import prepare
from bicoastal.lab.aws.status import process_state
from bicoastal.lab.databases import Durability, Promotion, Template
from bicoastal.lab.workspace import Workspace

HOME, STANDBY = "us-east-1", "us-west-2"


class SlowError(LabError):
    """A failure that takes its time."""


class Database:
    """A database that does as it is told: ``fails`` names the calls that raise."""

    def __init__(self, workspace: Any, name: str, server_id: int, **options: Any) -> None:
        self.name, self.socket = name, options["socket"]
        self.calls: list[str] = []
        self.fails: dict[str, Exception] = {}
        self.behind = False
        self.seconds = 0.25

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            self.calls.append(name)
            if name in self.fails:
                if isinstance(self.fails[name], SlowError):
                    time.sleep(0.2)
                raise self.fails[name]
            return {
                "drain": Promotion(0.01, "0-1-5", drained=True),
                "caught_up": not self.behind,
                "gtid_position": "0-1-5",
                "lag": self.seconds,
            }.get(name)

        return call


class Records:
    """The records of one region, of a global cluster with two members."""

    def __init__(self, region: str, group: dict[str, Any]) -> None:
        self.region = region
        self.group = group
        self.record: dict[str, Any] | None = {
            "DBClusterIdentifier": region,
            "DBClusterArn": f"arn:aws:rds:{region}:1:cluster:{region}",
            "MasterUsername": "admin",
            "_MasterUserPassword": "p",
            "DatabaseName": "app",
        }
        self.statuses: list[str] = []
        self.member: dict[str, Any] | None = {"IsWriter": region == HOME}

    def cluster(self, _: str) -> dict[str, Any] | None:
        return self.record

    def source_of(self, _: Any) -> str | None:
        writer = self.group["writer"]
        return None if writer == self.region else f"arn:aws:rds:{writer}:1:cluster:{writer}"

    def member_of(self, _: Any) -> dict[str, Any] | None:
        return self.member

    def set_status(self, _: Any, status: str) -> None:
        self.statuses.append(status)

    def set_writer(self, group: dict[str, Any], arn: str, *, old_status: str) -> None:
        group["writer"] = arn.split(":")[3]
        group["old_status"] = old_status

    def add_snapshot(self, _: Any) -> str:
        return "rds:snapshot"

    def run(self, function: Callable[..., Any], *args: Any) -> Any:
        return function(*args)


class Lab:
    """Members, the first of them the writer, and the failovers between them."""

    def __init__(
        self, workspace: Workspace, regions: tuple[str, ...] = (HOME, STANDBY), **options: Any
    ) -> None:
        addresses = {s: dict.fromkeys(regions, "127.9.9.9") for s in regions}
        paths = Paths(addresses, regions, 3306)
        self.regions = regions
        settings = {"promotion_s": 0.0, "fence_s": 0.05, "drain_s": 0.05} | options
        config = ServerConfig(workspace.path, paths, **settings)
        self.members = Members(config, workspace, make=Database)  # type: ignore[arg-type]
        self.flips = 0
        self.fencing: Callable[..., int] = lambda *_, **__: 2
        self.failovers = Failovers(self.members, self.flip, fencing=self.fence)
        self.group: dict[str, Any] = {
            "GlobalClusterIdentifier": "g",
            "Status": "available",
            "writer": HOME,
            "GlobalClusterMembers": [
                {"DBClusterArn": f"arn:aws:rds:{region}:1:cluster:{region}"} for region in regions
            ],
        }

    def flip(self) -> None:
        self.flips += 1

    def fence(self, *args: Any, **limits: Any) -> int:
        return self.fencing(*args, **limits)

    def member(self, region: str) -> Any:
        return self.members.by_region[region]

    async def up(self) -> None:
        for region in self.regions:
            records: Any = Records(region, self.group)
            await self.members.instance_created(records, region)
            await self.member(region).starting

    async def go(self, kind: str = "failover") -> dict[str, Any]:
        await self.failovers.begin(self.group, self.member(HOME), self.member(STANDBY), kind)
        await until(lambda: self.failovers.history[-1].state != "running")
        return self.failovers.history[-1].to_dict()

    async def returned(self) -> dict[str, Any]:
        rejoin = self.failovers.history[-1].rejoin
        assert rejoin
        await until(lambda: rejoin.state in ("connected", "failed"))
        return self.failovers.history[-1].to_dict()["rejoin"]  # type: ignore[no-any-return]


async def until(condition: Callable[[], Any]) -> None:
    deadline = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        await asyncio.sleep(0.001)


def run(test: Callable[[Lab], Coroutine[Any, Any, None]], **options: Any) -> None:
    async def main() -> None:
        with Workspace("bt-") as workspace:
            lab = Lab(workspace, **options)
            await lab.up()
            await test(lab)
            await lab.failovers.cancel()
            assert lab.failovers.history == []
            await lab.members.stop_all()
            assert lab.members.by_region == {}

    asyncio.run(main())


def timeout(*_: Any, **__: Any) -> int:
    time.sleep(0.05)
    raise OperationalError(2013, "timed out")


def refused(*_: Any, **__: Any) -> int:
    raise OperationalError(2003, "refused")


def hanging(*_: Any, **__: Any) -> int:
    time.sleep(0.2)
    return 0


@pytest.mark.parametrize(
    ("fencing", "outcome"),
    ((timeout, "timed out"), (hanging, "timed out"), (refused, "unreachable"), (None, "ok")),
)
def test_fencing_is_bounded_and_its_outcome_recorded(fencing: Any, outcome: str) -> None:
    async def test(lab: Lab) -> None:
        lab.fencing = fencing or lab.fencing
        record = await lab.go()
        assert record["fence"] == outcome
        assert record["fenced_at"] - record["accepted_at"] < 0.15
        assert (record["state"], lab.group["writer"], lab.flips) == ("done", STANDBY, 1)

    run(test)


def test_the_transitional_state_lasts_as_long_as_asked() -> None:
    async def test(lab: Lab) -> None:
        record = await lab.go()
        assert record["flipped_at"] - record["accepted_at"] >= 0.2
        assert record["promotion_seconds"] < 0.2

    run(test, promotion_s=0.2)


@pytest.mark.parametrize("kind", ("failover", "switchover"))
def test_after_a_failure_both_go_on_in_their_old_roles(kind: str) -> None:
    async def test(lab: Lab) -> None:
        home, standby = lab.member(HOME).database, lab.member(STANDBY).database
        standby.fails["drain"] = LabError("the applier has failed")
        record = await lab.go(kind)
        await until(lambda: standby.calls[-1] == "follow")
        assert (record["state"], record["error"]) == ("failed", "the applier has failed")
        assert (lab.group["Status"], lab.group["writer"], lab.flips) == ("available", HOME, 0)
        assert "FailoverState" not in lab.group
        assert home.calls[-1] == "open"
        assert "open" not in standby.calls
        assert record["rejoin"] is None

    run(test)


def test_a_switchover_that_cannot_catch_up_is_given_up() -> None:
    async def test(lab: Lab) -> None:
        lab.member(STANDBY).database.behind = True
        record = await lab.go("switchover")
        assert record["state"] == "failed"
        assert "did not catch up with us-east-1 within 0.05 s" in record["error"]
        await until(lambda: lab.member(HOME).database.calls[-1] == "open")

    run(test)


def test_an_old_writer_that_dies_in_a_switchover_rejoins_like_after_a_failover() -> None:
    async def test(lab: Lab) -> None:
        old = lab.member(HOME).database
        old.fails["demote"] = OperationalError(2003, "gone")
        record = await lab.go("switchover")
        assert (record["state"], lab.group["writer"]) == ("done", STANDBY)
        assert (lab.group["Status"], lab.group["old_status"]) == ("available", "pending-resync")
        assert (await lab.returned())["state"] == "connected"
        assert lab.member(HOME).database is not old

    run(test)


def test_the_old_writer_is_watched_until_it_answers() -> None:
    async def test(lab: Lab) -> None:
        answers: list[Callable[..., int]] = [refused, refused, timeout, lambda *_, **__: 7]

        def fence(*_: Any, **__: Any) -> int:
            return answers.pop(0)()

        lab.fencing = fence
        assert (await lab.go())["fence"] == "unreachable"
        rejoin = await lab.returned()
        assert (rejoin["state"], rejoin["killed"], rejoin["old_position"]) == (
            "connected",
            7,
            "0-1-5",
        )
        (snapshot,) = lab.member(HOME).snapshots
        assert str(snapshot.database.socket) == rejoin["snapshot"]
        assert snapshot.database.name != lab.member(HOME).database.name

    run(test)


def test_a_rejoin_that_fails_says_why() -> None:
    async def test(lab: Lab) -> None:
        lab.member(HOME).database.fails["stop"] = OSError("no space left")
        await lab.go()
        rejoin = await lab.returned()
        assert (rejoin["state"], rejoin["error"]) == ("failed", "no space left")
        assert (lab.member(HOME).state, lab.member(HOME).error) == ("failed", "no space left")

    run(test)


def test_a_member_without_membership_rejoins_all_the_same() -> None:
    async def test(lab: Lab) -> None:
        lab.member(HOME).records.member = None
        await lab.go()
        assert (await lab.returned())["state"] == "connected"

    run(test)


def test_a_member_that_is_deleted_while_it_rejoins_leaves_no_server() -> None:
    async def test(lab: Lab) -> None:
        made: list[Any] = []
        make = lab.members._make

        def hanging_snapshot(*args: Any, **options: Any) -> Any:
            database: Any = make(*args, **options)
            if "snapshot" in str(options["socket"]):
                database.fails["wait_ready"] = SlowError()
                made.append(database)
            return database

        lab.members._make = hanging_snapshot
        await lab.go()
        await until(lambda: made and "launch" in made[0].calls)
        await lab.failovers.forget(HOME)
        await lab.members.cluster_deleted(HOME, HOME)
        assert made[0].calls[-1] == "discard"

    run(test)


def test_a_server_that_dies_while_it_restarts_is_left_to_the_failover() -> None:
    async def test(lab: Lab) -> None:
        member = lab.member(HOME)

        async def lose(database: Any) -> None:
            member.state = "rejoining"

        lab.members.launch = lose  # type: ignore[method-assign]
        member.database.calls.clear()
        await lab.members.restart(HOME)
        assert member.database.calls == []

    run(test)


def test_a_secondary_that_is_down_leaves_its_source_all_the_same() -> None:
    async def test(lab: Lab) -> None:
        database = lab.member(STANDBY).database
        database.fails["stop_following"] = OperationalError(2003, "down")
        await lab.members.detached(STANDBY, STANDBY)
        assert "open" not in database.calls

    run(test)


def test_nobody_waits_for_a_member_that_was_deleted() -> None:
    async def test(lab: Lab) -> None:
        lab.fencing = refused
        await lab.go()
        await lab.failovers.forget(HOME)
        await lab.failovers.forget(HOME)
        assert lab.failovers.history[-1].rejoin
        assert lab.failovers.history[-1].rejoin.state == "waiting"

    run(test)


def test_a_restarted_old_writer_stays_closed_until_it_has_rejoined() -> None:
    async def test(lab: Lab) -> None:
        lab.fencing = refused
        await lab.go()
        old = lab.member(HOME)
        old.database.calls.clear()
        await lab.members.restart(HOME)
        assert old.database.calls == ["launch"]
        assert old.state == "rejoining"
        await lab.members.restart(STANDBY)
        assert lab.member(STANDBY).database.calls[-1] == "open"
        old.state = "stopped"
        for region in (HOME, "eu-west-1"):
            with pytest.raises(LabError, match="has no database"):
                await lab.members.restart(region)

    run(test)


def test_a_database_that_does_not_come_up_fails_its_instance(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def test(lab: Lab) -> None:
        member = lab.member(HOME)
        await lab.members.last_instance_deleted(HOME, HOME)
        member.database.fails["wait_ready"] = LabError("no memory")
        await lab.members.instance_created(member.records, HOME)
        assert member.records.statuses[-1] == "creating"
        await member.starting
        assert (member.state, member.error) == ("failed", "no memory")
        assert member.records.statuses[-1] == "failed"

    run(test)


def test_an_instance_that_is_deleted_while_it_starts_leaves_nothing_running() -> None:
    async def test(lab: Lab) -> None:
        member = lab.member(HOME)
        await lab.members.last_instance_deleted(HOME, HOME)
        await lab.members.instance_created(member.records, HOME)
        await lab.members.last_instance_deleted(HOME, HOME)
        assert member.starting.cancelled()
        assert (member.state, member.database.calls[-1]) == ("stopped", "stop")
        await lab.members.last_instance_deleted("other", HOME)
        await lab.members.cluster_deleted("other", HOME)
        await lab.members.detached("other", HOME)
        await lab.members.password_changed("other", HOME)

    run(test)


def test_a_standby_whose_writer_is_not_here_comes_up() -> None:
    async def test(lab: Lab) -> None:
        standby = lab.member(STANDBY)
        await lab.members.last_instance_deleted(STANDBY, STANDBY)
        await lab.members.cluster_deleted(HOME, HOME)
        await lab.members.instance_created(standby.records, STANDBY)
        await standby.starting
        assert (standby.state, standby.database.calls[-1]) == ("available", "follow")

    run(test)


def test_catching_up_bears_databases_that_are_down() -> None:
    async def test(lab: Lab) -> None:
        home, standby = lab.member(HOME).database, lab.member(STANDBY).database
        home.fails["gtid_position"] = OperationalError(2003, "down")
        assert not await lab.members.caught_up(standby, home, timeout=0.03)
        home.fails.clear()
        assert await lab.members.caught_up(standby, home)

    run(test)


def test_a_cluster_that_vanished_is_an_error() -> None:
    async def test(lab: Lab) -> None:
        member = lab.member(HOME)
        record, member.records.record = member.records.record, None
        with pytest.raises(LabError, match="does not exist any more"):
            _ = member.cluster
        member.records.record = record
        member.starting = None
        await lab.members.last_instance_deleted(HOME, HOME)
        assert member.state == "stopped"

    run(test)


def test_a_replica_is_promoted_in_its_time_and_one_without_a_database_at_once() -> None:
    async def test(lab: Lab) -> None:
        standby = lab.member(STANDBY)
        standby.cluster["ReplicationSourceIdentifier"] = "arn"
        await lab.members.promoted(standby.cluster, STANDBY)
        assert (standby.state, standby.cluster["Status"]) == ("promoting", "promoting")
        assert "ReplicationSourceIdentifier" in standby.cluster
        await standby.starting
        assert (standby.state, standby.seeded) == ("available", True)
        assert "ReplicationSourceIdentifier" not in standby.cluster
        assert standby.database.calls[-2:] == ["stop_following", "open"]
        standby.state = "stopped"
        standby.cluster["ReplicationSourceIdentifier"] = "arn"
        await lab.members.promoted(standby.cluster, STANDBY)
        assert "ReplicationSourceIdentifier" not in standby.cluster

    run(test)


def test_the_lag_of_secondaries_is_published_when_it_is_known() -> None:
    class CloudWatch:
        def __init__(self) -> None:
            self.data: list[Any] = []

        def record_metric(self, *datum: Any) -> None:
            self.data.append(datum)

    async def test(lab: Lab) -> None:
        standby, cloudwatch = lab.member(STANDBY), CloudWatch()
        assert await publish(standby, cloudwatch) == 0.25
        names = [datum[1] for datum in cloudwatch.data]
        assert names == ["AuroraGlobalDBReplicationLag", "AuroraGlobalDBRPOLag"]
        assert cloudwatch.data[0][0] == "AWS/RDS"
        assert cloudwatch.data[0][2:] == (
            250.0,
            "Milliseconds",
            {"DBClusterIdentifier": STANDBY},
        )
        standby.database.seconds = None
        assert await publish(standby, cloudwatch) is None
        standby.database.fails["lag"] = OperationalError(2003, "down")
        assert await publish(standby, cloudwatch) is None
        assert await publish(lab.member(HOME), cloudwatch) is None
        standby.records.record = None
        assert await publish(standby, cloudwatch) is None
        assert len(cloudwatch.data) == 2

    run(test)


def test_the_lag_of_a_replica_outside_a_global_database_is_in_seconds() -> None:
    published: list[Any] = []

    async def test(lab: Lab) -> None:
        standby = lab.member(STANDBY)
        standby.records.member = None
        cloudwatch = type("CloudWatch", (), {"record_metric": lambda _, *d: published.append(d)})()
        assert await publish(standby, cloudwatch) == 0.25
        assert [datum[1:4] for datum in published] == [("AuroraBinlogReplicaLag", 0.25, "Seconds")]

    run(test)


def test_the_configuration_survives_its_file(tmp_path: Path) -> None:
    class Plan:
        sources = (HOME, STANDBY, "clients")
        members = (HOME, STANDBY)
        port = 3307

        def address(self, source: str, member: str) -> str:
            return f"127.0.{self.sources.index(source)}.{self.members.index(member)}"

    config = ServerConfig(tmp_path, Paths.of(Plan()), 2.0, 0.5, durability=Durability(0, 2))
    assert ServerConfig.from_json(config.to_json()) == config
    assert config.paths.address("clients", STANDBY) == "127.0.2.1"
    with pytest.raises(LabError, match="no path from clients to eu-west-1"):
        config.paths.address("clients", "eu-west-1")
    assert member_socket_name(HOME) == "db-us-east-1"


def test_the_server_and_its_functions_get_a_closed_environment() -> None:
    paths = Paths({HOME: {HOME: "127.9.9.9"}}, (HOME,), 3306)
    with Workspace("bt-") as workspace:
        variables = {"PATH": "/bin"}
        prepare(ServerConfig(workspace.path, paths, pace=20), 4567, variables)
        assert variables["BIND_HOST"] == variables["MINISTACK_HOST"] == "127.0.0.1"
        assert (variables["IOT_MTLS_ENABLED"], variables["SFTP_ENABLED"]) == ("0", "0")
        assert (variables["BICOASTAL_PACE"], variables["GATEWAY_PORT"]) == ("20", "4567")
        assert variables["PATH"] == "/bin"
        assert Path(variables["TMPDIR"]).parent == workspace.path
        site = Path(variables["PYTHONPATH"])
        assert site.parent == workspace.path
        assert "def getaddrinfo" in (site / "sitecustomize.py").read_text()


def test_a_process_that_is_gone_is_dead() -> None:
    assert process_state(None) == "dead"
    assert process_state(1) == "running"


def test_members_are_prepared_with_the_installed_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(members_module, "find_server", lambda: "server")
    monkeypatch.setattr(Template, "build", lambda _, server: Path(f"/{server}"))

    async def test(lab: Lab) -> None:
        made: dict[str, Any] = {}
        lab.members._make = lambda *_, **options: made.update(options)  # type: ignore[assignment]
        await lab.members.prepare()
        lab.members.new_database(HOME)
        assert (made["server"], made["template"]) == ("server", Path("/server"))

    run(test)


def test_a_switchover_needs_databases_that_answer() -> None:
    async def test(lab: Lab) -> None:
        home, standby = lab.member(HOME), lab.member(STANDBY)
        home.database.fails["gtid_position"] = OperationalError(2003, "down")
        assert not _healthy(home, standby)

    run(test)


# --- further secondaries ------------------------------------------------------------------------
THREE = (HOME, STANDBY, "eu-west-1")


def test_after_a_failover_another_secondary_is_rebuilt_and_no_snapshot_kept() -> None:
    async def test(lab: Lab) -> None:
        other = lab.member("eu-west-1")
        old = other.database
        await lab.go()
        await until(lambda: other.state == "available")
        assert other.database is not old
        assert old.calls[-2:] == ["stop", "discard"]
        assert "follow" in other.database.calls
        assert (other.snapshots, other.records.member["SynchronizationStatus"]) == ([], "connected")
        assert (await lab.returned())["state"] == "connected"
        assert len(lab.member(HOME).snapshots) == 1

    run(test, regions=THREE)


def test_after_a_switchover_another_secondary_goes_on_with_its_volume() -> None:
    async def test(lab: Lab) -> None:
        other = lab.member("eu-west-1")
        old = other.database
        before = len(old.calls)
        record = await lab.go("switchover")
        assert (other.database, old.calls[before:]) == (old, ["follow"])
        assert other.records.member["SynchronizationStatus"] == "connected"
        assert record["rejoin"] is None

    run(test, regions=THREE)


def test_a_secondary_that_cannot_follow_after_a_switchover_is_rebuilt() -> None:
    async def test(lab: Lab) -> None:
        other = lab.member("eu-west-1")
        old = other.database
        old.fails["follow"] = OperationalError(2003, "gone")
        assert (await lab.go("switchover"))["state"] == "done"
        await until(lambda: other.state == "available")
        assert other.database is not old

    run(test, regions=THREE)


def test_a_member_without_a_database_is_left_alone() -> None:
    async def test(lab: Lab) -> None:
        lab.group["GlobalClusterMembers"].append(
            {"DBClusterArn": "arn:aws:rds:sa-east-1:1:cluster:x"}
        )
        assert (await lab.go())["state"] == "done"
        assert (await lab.returned())["state"] == "connected"

    run(test, regions=THREE)
