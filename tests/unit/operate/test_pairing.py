"""Two clusters that replicate by binary log: what is seen of them, and what is wrong with it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bicoastal.failover.audit import to_json
from bicoastal.operate.access import Access
from bicoastal.operate.gathering import look
from bicoastal.operate.report import MemberReport, Status
from bicoastal.operate.target import Target

from .fake_rds import cluster, refused
from .samples import HOME, RECORD, STANDBY, arn, entry
from .test_dismantling import REPLICA
from .test_drift import LIVE
from .test_gathering import FakeClients, FakeService
from .test_status_view import shown

SOURCE = {"ReplicationSourceIdentifier": arn(HOME)}
SAME = {k: v for k, v in LIVE.items() if not k.startswith(("DBCl", "DBSub", "Server"))}
PAIR: dict[str, Any] = {
    HOME: {**cluster(HOME), **SAME},
    STANDBY: {**cluster(STANDBY), **SAME, **SOURCE},
}
GONE = refused("DBClusterNotFoundFault", "not found")
CHANGED = "; the next pulumi up changes it"
SILENCE = "no answer (EndpointConnectionError)"


class PairService(FakeService):
    """Knows no global database; each region tells of its own cluster, or refuses to."""

    aws: PairClients

    def _describe_db_clusters(self, **_: Any) -> Any:
        found = self.aws.pair[self.region]
        if isinstance(found, Exception):
            raise found
        return {"DBClusters": [found]}

    def _describe_global_clusters(self, **_: Any) -> Any:
        raise AssertionError("there is none to be asked about")

    def _get_item(self, **_: Any) -> Any:
        record = replace(RECORD, writer=self.aws.writer)
        trail = {"L": [{"S": entry(record).to_json()}]}
        return {"Item": {"record": {"S": to_json(record.to_dict())}, "audit": trail}}

    def _get_metric_statistics(self, **asked: Any) -> Any:
        self.aws.metrics.append((self.region, asked["MetricName"]))
        return {"Datapoints": []}


class PairClients(FakeClients):
    """Both regions of a pair."""

    def __init__(self, pair: dict[str, Any], writer: str, silent: tuple[str, ...]) -> None:
        super().__init__(silent)
        self.pair, self.writer = pair, writer
        self.metrics: list[tuple[str, str]] = []

    def get(self, service: str, region: str, **_: Any) -> Any:
        return PairService(self, service, region)


def seen(
    monkeypatch: pytest.MonkeyPatch,
    *,
    writer: str = HOME,
    silent: tuple[str, ...] = (),
    **changes: Any,
) -> tuple[Status, PairClients]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    access = Access(Target(REPLICA, any_topology=True))
    pair = {HOME: changes.get("home", PAIR[HOME]), STANDBY: changes.get("standby", PAIR[STANDBY])}
    fake: Any = PairClients(pair, writer, silent)
    access.clients = fake
    return look(access), fake


def told(found: Status) -> list[str]:
    """What is wrong, but for metrics, of which the fakes have none, and votes on a writer."""
    quiet = ("the latch", "the replication lag", "the record is not", "audit trail")
    return [line for line in found.problems if not line.startswith(quiet)]


def test_a_pair_that_replicates_is_well(monkeypatch: pytest.MonkeyPatch) -> None:
    found, fake = seen(monkeypatch)
    assert told(found) == []
    assert found.database is not None
    assert (found.database.status, found.database.writer) == ("replicating", HOME)
    assert found.database.members == (
        MemberReport(HOME, arn(HOME), "writer", None, "available", 1, LIVE["EngineVersion"]),
        MemberReport(
            STANDBY, arn(STANDBY), "standby", None, "available", 1, LIVE["EngineVersion"], HOME
        ),
    )
    assert (found.topology, found.quiet) == ("binlog-replica", True)
    assert [one.region for one in found.lags] == [STANDBY]
    assert (STANDBY, "AuroraBinlogReplicaLag") in fake.metrics
    assert (found.to_dict()["topology"], found.to_dict()["schema"]) == ("binlog-replica", 1)


def test_what_does_not_exist_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    text = shown(seen(monkeypatch)[0])
    assert "topology binlog-replica: there is no global database" in text
    assert "database replicating  (asked us-east-1, us-west-2)" in text
    version = LIVE["EngineVersion"]
    assert (
        f"member   {HOME}  writer   available, replicates from nobody, instances: 1, {version}"
    ) in text
    assert f"member   {STANDBY}  standby  available, replicates from {HOME}, instances: 1" in text
    assert "program  quiet" in text


def test_after_a_promotion_both_take_writes(monkeypatch: pytest.MonkeyPatch) -> None:
    alone = {**PAIR[STANDBY], "ReplicationSourceIdentifier": ""}
    found, _ = seen(monkeypatch, standby=alone, writer=STANDBY)
    (line,) = [line for line in told(found) if "neither of" in line]
    assert line.startswith(f"neither of {HOME} and {STANDBY} replicates from the other")
    assert found.database is not None
    assert (found.database.status, found.database.writer) == ("not replicating", None)
    assert found.lags == ()
    assert {vote.member for vote in found.votes} == {STANDBY}
    assert "RDS calls" not in "".join(found.problems)


@pytest.mark.parametrize(
    ("changes", "roles", "lines"),
    (
        ({"standby": GONE}, ["writer", "gone"], [f"the cluster in {STANDBY} is gone"]),
        ({"home": GONE}, ["gone", "standby"], [f"the cluster in {HOME} is gone"]),
        (
            {"standby": refused("AccessDenied", "not you")},
            ["writer", "unknown"],
            [f"the topology is unknown: {STANDBY}: AccessDenied: not you"],
        ),
        ({"silent": (STANDBY,)}, ["writer", "unknown"], [f"{STANDBY}: {SILENCE}"]),
        ({"silent": (HOME,)}, ["writer", "standby"], [f"{HOME}: {SILENCE}"]),
        (
            {"standby": {**PAIR[STANDBY], "Status": "promoting", "DBClusterMembers": []}},
            ["writer", "standby"],
            [
                f"the member in {STANDBY} is promoting",
                f"the member in {STANDBY} has no instance",
                f"{STANDBY}: DBClusterMembers is [], the program says ['db-usw2-1-dev']{CHANGED}",
            ],
        ),
        (
            {
                "standby": {
                    **PAIR[STANDBY],
                    "ReplicationSourceIdentifier": "arn:aws:rds:eu-west-1:1:cluster:other",
                }
            },
            ["writer", "standby"],
            [f"{STANDBY} replicates from eu-west-1, which is not of the pair"],
        ),
    ),
)
def test_what_is_wrong_is_named_once(
    changes: dict[str, Any], roles: list[str], lines: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    found, _ = seen(monkeypatch, **changes)
    assert found.database is not None
    assert [member.role for member in found.database.members] == roles
    assert told(found) == lines


def test_a_lost_source_is_known_by_its_replica(monkeypatch: pytest.MonkeyPatch) -> None:
    found, _ = seen(monkeypatch, silent=(HOME,))
    assert found.database is not None
    assert found.database.writer == HOME
    assert found.database.arns == {HOME: arn(HOME), STANDBY: arn(STANDBY)}
    text = shown(found)
    assert f"member   {HOME}  writer   no answer, source unknown, instances: ?" in text


def test_when_no_region_tells_of_its_cluster(monkeypatch: pytest.MonkeyPatch) -> None:
    denied = refused("AccessDenied", "not you")
    found, _ = seen(monkeypatch, home=denied, standby=denied)
    words = "; ".join(f"{region}: AccessDenied: not you" for region in (HOME, STANDBY))
    assert (found.database, told(found)) == (None, [f"the topology is unknown: {words}"])
