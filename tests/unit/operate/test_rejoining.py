"""Whether the old writer is a clean replica again, from what AWS says; the clients are fakes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from bicoastal.failover.state import Record, State
from bicoastal.failover.votes import Depth, Verdict, Vote
from bicoastal.operate import rejoining
from bicoastal.operate.rejoining import SNAPSHOT_PREFIX, RejoinReport, examine
from bicoastal.operate.report import Drift, MemberReport
from bicoastal.operate.target import Target

from .samples import HOME, RECORD, REGIONS, SETTINGS, STANDBY, arn, database, status

OVER = replace(RECORD, state=State.COOLDOWN, writer=STANDBY)
MEMBERS = (
    MemberReport(STANDBY, arn(STANDBY), "writer", "connected", "available", 1),
    MemberReport(HOME, arn(HOME), "standby", "connected", "available", 1),
)
CLUSTER: dict[str, Any] = {
    "ReplicationSourceIdentifier": arn(STANDBY),
    "Status": "available",
    "DBClusterMembers": [{}],
}
VOTE = Vote("", HOME, Verdict.UP, Depth.LOGIN, "login", read_only=True)


class Rds:
    """What the old writer's region says of it."""

    def __init__(self, cluster: Any) -> None:
        self.cluster = cluster

    def describe_db_clusters(self, **_: Any) -> Any:
        if self.cluster is None:
            raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "Describe")
        return {"DBClusters": [self.cluster]}

    def describe_db_cluster_snapshots(self, **_: Any) -> Any:
        if self.cluster is None:
            raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "Describe")
        names = (f"{SNAPSHOT_PREFIX}aurora-use1-dev-1", "rds:aurora-use1-dev-daily")
        return {"DBClusterSnapshots": [{"DBClusterSnapshotIdentifier": n} for n in names]}


def look_at(
    monkeypatch: pytest.MonkeyPatch,
    record: Record = OVER,
    cluster: Any = CLUSTER,
    vote: Vote = VOTE,
    **seen: Any,
) -> RejoinReport:
    found = status(**{"database": database(members=MEMBERS), **seen})
    monkeypatch.setattr(rejoining, "look", lambda *_: found)
    votes = tuple(replace(vote, witness=region) for region in REGIONS)
    monkeypatch.setattr(rejoining, "ask_witnesses", lambda *_: votes)
    clients: Any = type("FakeClients", (), {"get": lambda *_a, **_k: Rds(cluster)})()
    access: Any = type("FakeAccess", (), {"clients": clients, "target": Target(SETTINGS)})()
    store: Any = type("FakeStore", (), {"read": lambda _self: record})()
    return examine(access, store, 1.0)


def test_a_clean_replica_and_where_its_old_volume_was_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = look_at(monkeypatch)
    assert (found.region, found.writer, found.refusals, found.notes) == (HOME, STANDBY, (), ())
    assert found.snapshots == (f"{SNAPSHOT_PREFIX}aurora-use1-dev-1",)
    assert found.to_dict()["clean"] is True


def test_who_has_not_logged_in_cannot_tell_whether_it_is_closed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shallow = replace(VOTE, depth=Depth.GREETING, read_only=None)
    found = look_at(monkeypatch, vote=shallow)
    assert found.refusals == ()
    assert len(found.notes) == 3
    assert "has not logged in (depth greeting)" in found.notes[0]


@pytest.mark.parametrize(
    ("changes", "words"),
    (
        ({"record": replace(OVER, state=State.LOCKED)}, "the record is in LOCKED"),
        ({"record": replace(OVER, acknowledged=False)}, "has not been acknowledged"),
        ({"database": None, "database_problem": "silence"}, "the topology is unknown: silence"),
        ({"database": database()}, f"RDS calls {HOME} the writer, the record {STANDBY}"),
        (
            {"database": database(members=MEMBERS, status="modifying")},
            "the global database is modifying: wait",
        ),
        ({"database": database(members=MEMBERS[:1])}, "diverged: us-east-1 is not a member"),
        ({"cluster": None}, "its own region does not tell: AccessDenied"),
        ({"cluster": {}}, "diverged: its own region calls it a replica of nobody"),
        (
            {"cluster": {**CLUSTER, "ReplicationSourceIdentifier": "arn:other"}},
            "diverged: it replicates from arn:other",
        ),
        ({"cluster": {**CLUSTER, "Status": "creating"}}, "it is creating: wait"),
        ({"cluster": {**CLUSTER, "DBClusterMembers": []}}, "it has no instance: run pulumi up"),
        (
            {
                "database": database(
                    members=(MEMBERS[0], replace(MEMBERS[1], sync="pending-resync"))
                )
            },
            "it does not replicate (pending-resync): wait",
        ),
        ({"lags": ()}, ""),
        ({"vote": replace(VOTE, read_only=False)}, "diverged: it takes writes, us-east-1"),
        ({"vote": replace(VOTE, verdict=Verdict.DOWN)}, "us-east-1 finds it DOWN: login"),
        ({"drift": (Drift(HOME, "Port", 1, 2),)}, "us-east-1: Port is 1, the program says 2"),
    ),
)
def test_what_is_not_clean_is_named(
    changes: dict[str, Any], words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = look_at(monkeypatch, **changes)
    assert any(words in line for line in found.refusals) or not words
    assert found.to_dict()["clean"] is (not words)


def test_unknown_snapshots_are_said_and_no_obstacle(monkeypatch: pytest.MonkeyPatch) -> None:
    found = look_at(monkeypatch, cluster=None)
    assert found.notes == (f"the snapshots in {HOME} are unknown: AccessDenied: no",)
