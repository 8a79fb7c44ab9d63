"""Every depth of a probe against real databases, through the network, TLS and IAM's door."""

from __future__ import annotations

import json
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pymysql
import pytest
from typer.testing import CliRunner

from bicoastal.cli.app import app
from bicoastal.failover import token
from bicoastal.failover.config import HEARTBEAT_TABLE, PROBE_USER, Endpoint, ProberConfig
from bicoastal.failover.prober import probe
from bicoastal.failover.votes import Depth, Verdict, Vote
from bicoastal.lab.aws.config import ACCOUNT_ID, SECRET_KEY
from bicoastal.lab.aws.resolver import resolver
from bicoastal.lab.databases import Database, replication
from bicoastal.lab.drill.admission import Admission
from bicoastal.lab.drill.databases import Databases
from bicoastal.lab.network import AddressPlan, Network
from bicoastal.lab.waiting import wait_until
from bicoastal.lab.workspace import Workspace

pytestmark = pytest.mark.lab
HOME, STANDBY, WITNESS, CLIENTS = "us-east-1", "us-west-2", "us-east-2", "clients"
USER, PASSWORD = "admin", "a-master-password"
# A depth has its own time; long enough for a busy machine, and waited out only by what hangs.
TIMEOUT_S = 1.5
ENDPOINTS = {
    region: f"aurora-dev.cluster-abc123.{region}.rds.amazonaws.com" for region in (HOME, STANDBY)
}
KEY = token.Key(ACCOUNT_ID, SECRET_KEY)


@dataclass
class Lab:
    """Two databases behind a network, and their doors."""

    plan: AddressPlan
    network: Network
    databases: dict[str, Database]
    admission: Admission

    def admin(self, sql: str, region: str = HOME) -> list[Any]:
        with closing(self.databases[region].admin()) as connection:
            return replication.query(connection, sql)

    def vote(
        self,
        *,
        heartbeat: str | None = HEARTBEAT_TABLE,
        user: str = PROBE_USER,
        key: token.Key = KEY,
        signed_ago_s: float = 0.0,
        signed_for: str | None = None,
        ca_file: str | None = None,
    ) -> Vote:
        """Let the witness region's prober probe the home member."""
        members = {region: Endpoint(host, self.plan.port) for region, host in ENDPOINTS.items()}
        config = ProberConfig(WITNESS, members, probe_user=user, heartbeat=heartbeat)

        def credentials(member: str, endpoint: Endpoint, name: str) -> str:
            host, at = signed_for or endpoint.host, time.time() - signed_ago_s
            return token.sign(key, member, host, endpoint.port, name, at=at)

        tls = ssl.create_default_context(cafile=ca_file or self.admission.ca_file)
        return probe(config, HOME, timeout_s=TIMEOUT_S, credentials=credentials, tls=tls)


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with ExitStack() as stack:
        workspace = stack.enter_context(Workspace("bicoastal-test-"))
        plan = AddressPlan.allocate([HOME, STANDBY, WITNESS, CLIENTS], [HOME, STANDBY])
        databases = {
            region: Database(workspace, f"db-{region}", number)
            for number, region in enumerate((HOME, STANDBY), 1)
        }
        sockets = {region: database.socket for region, database in databases.items()}
        network = stack.enter_context(Network(workspace.path, plan, sockets))
        admission = Admission(workspace, [HOME, STANDBY, WITNESS], plan.port, pace=15.0)
        master = Databases(USER, PASSWORD, "app", plan.port)
        for database in databases.values():
            stack.callback(database.discard)
            database.start(read_only=False)
            database.seed(USER, PASSWORD, "app")
            first = admission.bootstrap(master, database.socket)
            assert all(outcome.changes for outcome in first)
            again = admission.bootstrap(master, database.socket)
            assert not any(outcome.changes for outcome in again), "it can be repeated"
        admission.stand_before(network, ENDPOINTS)
        table = {HOME: {}, WITNESS: {m: plan.address(WITNESS, m) for m in (HOME, STANDBY)}}
        replaced = resolver(WITNESS, table, plan.port, Path("/none"), socket.getaddrinfo)
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        patch.setattr(socket, "getaddrinfo", replaced)
        yield Lab(plan, network, databases, admission)


def test_a_writer_takes_the_canary(lab: Lab) -> None:
    vote = lab.vote()
    assert (vote.verdict, vote.depth, vote.written) == (Verdict.UP, Depth.CANARY, True), vote
    assert (vote.read_only, vote.overloaded, vote.needs_repair) == (False, False, False)
    assert "MariaDB" in str(vote.version)
    first = lab.admin(f"SELECT * FROM {HEARTBEAT_TABLE}")
    assert lab.vote().written
    second = lab.admin(f"SELECT * FROM {HEARTBEAT_TABLE}")
    assert [row["witness"] for row in second] == [WITNESS], "one row for each witness"
    assert second[0]["beat_at"] > first[0]["beat_at"]


def test_the_role_alone_writes_nothing(lab: Lab) -> None:
    vote = lab.vote(heartbeat=None)
    assert (vote.depth, vote.read_only, vote.written) == (Depth.LOGIN, False, None)


def test_a_member_that_is_read_only_is_up_and_not_written_to(lab: Lab) -> None:
    lab.admin("SET GLOBAL read_only = 1")
    try:
        vote = lab.vote()
    finally:
        lab.admin("SET GLOBAL read_only = 0")
    assert (vote.verdict, vote.depth, vote.written) == (Verdict.UP, Depth.LOGIN, None)
    assert (vote.read_only, vote.reason) == (True, "logged in, read-only (read_only)")


def test_stalled_writes_are_seen_by_the_canary_only(lab: Lab) -> None:
    with closing(lab.databases[HOME].admin()) as holder:
        replication.query(holder, "FLUSH TABLES WITH READ LOCK")
        assert lab.vote(heartbeat=None).reason == "logged in, writable"
        vote = lab.vote()
    assert (vote.verdict, vote.depth, vote.written) == (Verdict.UP, Depth.CANARY, False)
    assert "a write does not end" in vote.reason
    assert wait_until(lambda: bool(lab.vote().written), 20)


def test_without_its_table_the_member_is_up_and_somebody_is_told(lab: Lab) -> None:
    lab.admin(f"RENAME TABLE {HEARTBEAT_TABLE} TO bicoastal.elsewhere")
    try:
        vote = lab.vote()
    finally:
        lab.admin(f"RENAME TABLE bicoastal.elsewhere TO {HEARTBEAT_TABLE}")
    assert (vote.verdict, vote.depth, vote.needs_repair) == (Verdict.UP, Depth.LOGIN, True)
    assert "bicoastal bootstrap" in vote.reason


@pytest.mark.parametrize(
    ("how", "reason"),
    (
        ({"signed_ago_s": 61.0}, "good for 60 s"),
        ({"signed_for": "db.example.com"}, "signed for another host"),
        ({"key": token.Key(ACCOUNT_ID, "guessed")}, "with another secret"),
        ({"key": token.Key("AKIA", SECRET_KEY)}, "of an unknown key"),
        ({"user": "somebody"}, "error 1045"),
    ),
    ids=("expired", "other host", "wrong secret", "unknown key", "unknown user"),
)
def test_who_is_not_let_in_is_unknown(lab: Lab, how: dict[str, Any], reason: str) -> None:
    vote = lab.vote(**how)
    assert (vote.verdict, vote.depth, vote.needs_repair) == (Verdict.UNKNOWN, Depth.LOGIN, True)
    assert "error 1045" in vote.reason
    assert reason in vote.reason
    assert "X-Amz" not in vote.reason


def test_a_server_of_another_authority_is_unknown(lab: Lab, tmp_path: Path) -> None:
    (tmp_path / "certificates").mkdir()
    other = Workspace.attach(tmp_path)
    stranger = Admission(other, [WITNESS], lab.plan.port, pace=1.0)
    vote = lab.vote(ca_file=stranger.ca_file)
    assert (vote.verdict, vote.depth, vote.needs_repair) == (Verdict.UNKNOWN, Depth.LOGIN, True)
    assert "TLS failed" in vote.reason
    assert lab.vote().written, "and the front serves the next one"


def test_the_probe_user_is_not_let_in_without_tls(lab: Lab) -> None:
    address = lab.plan.address(WITNESS, HOME)
    with pytest.raises(pymysql.OperationalError, match="3159"):
        pymysql.connect(host=address, port=lab.plan.port, user=PROBE_USER, ssl_disabled=True)


@pytest.mark.parametrize("encrypted", (False, True))
def test_other_users_pass_the_front_with_their_password(lab: Lab, encrypted: bool) -> None:
    tls = ssl.create_default_context(cafile=lab.admission.ca_file) if encrypted else None
    host = ENDPOINTS[HOME]
    connection: Any = pymysql.connect(
        host=host, port=lab.plan.port, user=USER, password=PASSWORD, database="app", ssl=tls,
        ssl_disabled=tls is None,
    )  # fmt: skip
    with closing(connection), connection.cursor() as cursor:
        cursor.execute("SELECT REPEAT('x', 300000), DATABASE()")
        assert cursor.fetchone() == ("x" * 300000, "app")
    with pytest.raises(pymysql.OperationalError, match="1045"):
        pymysql.connect(host=host, port=lab.plan.port, user=USER, password="no", ssl=tls,
                        ssl_disabled=tls is None)  # fmt: skip


def test_too_many_connections_is_a_veto(lab: Lab) -> None:
    lab.admin("SET GLOBAL max_connections = 10")
    with ExitStack() as held:
        held.callback(lab.admin, "SET GLOBAL max_connections = 300")
        address = lab.plan.address(CLIENTS, HOME)
        with suppress(pymysql.OperationalError):
            for _ in range(20):
                taken = pymysql.connect(host=address, port=lab.plan.port, user=USER,
                                        password=PASSWORD, ssl_disabled=True)  # fmt: skip
                held.enter_context(closing(taken))
            pytest.fail("there was no end to the connections")
        vote = lab.vote()
        # The administrator's own way in has one connection more than the rest.
        held.pop_all().close()
    assert (vote.verdict, vote.overloaded) == (Verdict.UP, True)
    assert "1040" in vote.reason


def test_a_stopped_server_accepts_a_connection_and_is_down(lab: Lab) -> None:
    lab.databases[HOME].pause()
    try:
        vote = lab.vote()
    finally:
        lab.databases[HOME].resume()
    assert (vote.verdict, vote.depth) == (Verdict.DOWN, Depth.GREETING)
    assert "(hung)" in vote.reason
    assert vote.reason.endswith(f"; {STANDBY} answers")
    assert wait_until(lambda: bool(lab.vote().written), 20)


def test_a_cut_path_is_down_as_before(lab: Lab) -> None:
    lab.network.cut(WITNESS, HOME)
    vote = lab.vote()
    lab.network.heal(WITNESS, HOME)
    assert (vote.verdict, vote.depth) == (Verdict.DOWN, Depth.TCP)
    assert wait_until(lambda: bool(lab.vote().written), 20)


def test_the_command_applies_the_statements_that_it_prints(lab: Lab) -> None:
    host = lab.plan.address(CLIENTS, HOME)
    common = ("bootstrap", "--apply", "--host", host, "--user", USER, "--tls", "off", "--json")
    runner = CliRunner(env={"MASTER_PASSWORD": PASSWORD, "WRONG": "wrong"})
    dry = runner.invoke(app, [*common, "--password-env", "MASTER_PASSWORD", "--dry-run"])
    assert dry.exit_code == 0, dry.output
    rows = json.loads(dry.stdout)["statements"]
    # All is there, but MariaDB's user is not identified as Aurora's is.
    assert [row["changes"] for row in rows] == [False, False, False, True, False]
    assert PASSWORD not in dry.output
    refused = runner.invoke(app, [*common, "--password-env", "MASTER_PASSWORD"])
    assert refused.exit_code == 1
    assert "how it is identified" in refused.stderr
    assert "the database refused" in refused.stderr
    stranger = runner.invoke(app, [*common, "--password-env", "WRONG"])
    assert (stranger.exit_code, "no login at" in stranger.stderr) == (1, True)


def test_a_killed_server_is_down(lab: Lab) -> None:
    lab.databases[HOME].kill()
    assert wait_until(lambda: lab.vote().reason.startswith("connection refused"), 20)
    vote = lab.vote()
    assert (vote.verdict, vote.depth) == (Verdict.DOWN, Depth.TCP)
    assert vote.reason == f"connection refused; {STANDBY} answers"
    lab.databases[HOME].start(read_only=False)
    assert wait_until(lambda: bool(lab.vote().written), 20)
