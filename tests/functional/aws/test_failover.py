"""Losing the writer, moving it on purpose, and its return; on real databases."""

from __future__ import annotations

import os
import signal
from typing import Any

import pymysql
import pytest
from botocore.exceptions import ClientError

from bicoastal.lab.waiting import wait_until

pytestmark = pytest.mark.lab


def test_a_killed_writer_loses_its_role_and_comes_back_as_a_replica_on_a_new_volume(
    lab: Any,
) -> None:
    lab.deploy()
    lab.write(lab.home, "INSERT INTO rows_of_test VALUES (1), (2)")
    lab.replicated(2)
    old = lab.aws.member(lab.home)
    lab.kill(lab.home)

    answer = lab.fail_over()

    assert answer["Status"] == "failing-over"
    assert answer["FailoverState"] == {
        "Status": "failing-over",
        "FromDbClusterArn": old.arn,
        "ToDbClusterArn": lab.aws.member(lab.standby).arn,
        "IsDataLossAllowed": True,
    }
    during = lab.group()
    assert during["Status"] == "failing-over"
    assert lab.writer_region() == lab.home
    with pytest.raises(ClientError, match="InvalidGlobalClusterStateFault"):
        lab.fail_over()
    with pytest.raises(ClientError, match="InvalidGlobalClusterStateFault"):
        lab.rds().remove_from_global_cluster(
            GlobalClusterIdentifier="g", DbClusterIdentifier=old.arn
        )
    record = lab.settled()
    after = lab.group()
    assert (after["Status"], after.get("FailoverState")) == ("available", None)
    assert lab.writer_region() == lab.standby
    assert lab.membership(lab.home)["SynchronizationStatus"] == "pending-resync"
    assert (record["kind"], record["fence"], record["drained"]) == ("failover", "unreachable", True)
    assert record["accepted_at"] < record["fenced_at"] < record["promoted_at"]
    assert record["promoted_at"] <= record["flipped_at"]
    assert record["flipped_at"] - record["accepted_at"] >= 0.29
    assert record["promotion_seconds"] < 0.3
    lab.write(lab.standby, "INSERT INTO rows_of_test VALUES (3)")
    back = lab.aws.member(lab.home)
    assert (back.role, back.state, back.process) == ("standby", "rejoining", "dead")

    lab.aws.restart(lab.home)

    rejoin = lab.rejoined()
    assert rejoin["state"] == "connected"
    assert lab.membership(lab.home)["SynchronizationStatus"] == "connected"
    (snapshot,) = lab.aws.snapshots()
    assert lab.rows(snapshot.socket) == [1, 2]
    assert snapshot.name.startswith("rds:unplanned-global-failover-c-us-east-1-")
    (listed,) = lab.rds().describe_db_cluster_snapshots()["DBClusterSnapshots"]
    assert listed["DBClusterSnapshotIdentifier"] == snapshot.name
    member = lab.aws.member(lab.home)
    assert (member.role, member.state, member.process) == ("standby", "available", "running")
    assert member.volume != old.volume
    assert lab.rows(member.socket) == [1, 2, 3]
    with pytest.raises(pymysql.err.OperationalError, match="read-only"):
        lab.write(lab.home, "INSERT INTO rows_of_test VALUES (4)")


def test_a_hanging_writer_cannot_be_fenced_until_it_goes_on(lab: Any) -> None:
    lab.deploy()
    lab.write(lab.home, "INSERT INTO rows_of_test VALUES (1)")
    lab.replicated(1)
    old = lab.aws.member(lab.home)
    os.kill(old.pid, signal.SIGSTOP)
    # The signal is delivered a moment after it was sent.
    assert wait_until(lambda: lab.aws.member(lab.home).process == "paused", 5.0)
    lab.fail_over()
    record = lab.settled()
    assert record["fence"] == "timed out"
    assert record["fenced_at"] - record["accepted_at"] < 0.6
    assert lab.aws.failovers()[-1]["rejoin"]["state"] == "waiting"

    os.kill(old.pid, signal.SIGCONT)

    assert lab.rejoined()["state"] == "connected"
    assert lab.rows(lab.aws.member(lab.home).socket) == [1]


def test_a_partitioned_writer_keeps_writing_and_is_fenced_when_the_partition_heals(
    lab: Any,
) -> None:
    lab.deploy()
    with lab.client(lab.home) as survivor, survivor.cursor() as cursor:
        cursor.execute("INSERT INTO rows_of_test VALUES (1)")
        lab.replicated(1)
        lab.network.cut(source=lab.home, member=lab.standby)
        lab.network.cut(source=lab.standby, member=lab.home)
        lab.fail_over()
        assert lab.settled()["fence"] == "timed out"
        cursor.execute("INSERT INTO rows_of_test VALUES (100)")
        lab.write(lab.standby, "INSERT INTO rows_of_test VALUES (2)")

        lab.network.heal()

        rejoin = lab.rejoined()
        with pytest.raises(pymysql.err.MySQLError):
            cursor.execute("INSERT INTO rows_of_test VALUES (101)")
    assert rejoin["state"] == "connected"
    assert rejoin["killed"] == 1
    (snapshot,) = lab.aws.snapshots()
    assert lab.rows(snapshot.socket) == [1, 100]
    assert lab.rows(lab.aws.member(lab.home).socket) == [1, 2]
    assert snapshot.position != lab.aws.failovers()[-1]["position"]


def test_a_healthy_writer_is_fenced_before_the_other_is_promoted(lab: Any) -> None:
    lab.deploy()
    with lab.client(lab.home) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        lab.fail_over()
        record = lab.settled()
        with pytest.raises(pymysql.err.MySQLError):
            cursor.execute("INSERT INTO rows_of_test VALUES (1)")
    assert record["fence"] == "ok"
    assert lab.rejoined()["state"] == "connected"
    # The automated snapshot goes with its cluster, one that somebody made stays.
    rds, old = lab.rds(), f"c-{lab.home}"
    rds.create_db_cluster_snapshot(DBClusterIdentifier=old, DBClusterSnapshotIdentifier="kept")
    rds.delete_db_instance(DBInstanceIdentifier=f"i-{lab.home}", SkipFinalSnapshot=True)
    rds.remove_from_global_cluster(
        GlobalClusterIdentifier="g", DbClusterIdentifier=lab.aws.member(lab.home).arn
    )
    assert len(rds.describe_db_cluster_snapshots()["DBClusterSnapshots"]) == 2
    rds.delete_db_cluster(DBClusterIdentifier=old, SkipFinalSnapshot=True)
    (kept,) = rds.describe_db_cluster_snapshots()["DBClusterSnapshots"]
    assert kept["DBClusterSnapshotIdentifier"] == "kept"
    assert lab.aws.snapshots() == []


def test_a_switchover_loses_nothing_and_reverses_replication(lab: Any) -> None:
    lab.deploy()
    lab.write(lab.home, "INSERT INTO rows_of_test VALUES (1)")
    volume = lab.aws.member(lab.home).volume
    answer = lab.rds().switchover_global_cluster(
        GlobalClusterIdentifier="g", TargetDbClusterIdentifier=lab.aws.member(lab.standby).arn
    )["GlobalCluster"]
    assert answer["Status"] == "switching-over"
    assert answer["FailoverState"]["IsDataLossAllowed"] is False
    record = lab.settled()
    assert (record["state"], record["kind"], record["fence"]) == ("done", "switchover", "ok")
    assert lab.writer_region() == lab.standby
    assert lab.membership(lab.home)["SynchronizationStatus"] == "connected"
    lab.write(lab.standby, "INSERT INTO rows_of_test VALUES (2)")
    # And back, with the other action that switches over.
    lab.rds(lab.standby).failover_global_cluster(
        GlobalClusterIdentifier="g",
        TargetDbClusterIdentifier=lab.aws.member(lab.home).arn,
        Switchover=True,
    )
    assert lab.settled()["state"] == "done"
    lab.write(lab.home, "INSERT INTO rows_of_test VALUES (3)")
    lab.replicated(3)
    assert lab.rows(lab.aws.member(lab.standby).socket) == [1, 2, 3]
    assert lab.aws.member(lab.home).volume == volume
    assert lab.aws.snapshots() == []


def test_a_failover_whose_target_is_dead_fails_and_leaves_the_writer(lab: Any) -> None:
    lab.deploy()
    lab.kill(lab.standby)
    lab.fail_over()
    record = lab.settled()
    assert record["state"] == "failed"
    assert "Can't connect" in record["error"]
    assert lab.writer_region() == lab.home
    assert (lab.group()["Status"], lab.group().get("FailoverState")) == ("available", None)


def test_a_writer_that_comes_back_without_a_failover_is_writer_again(lab: Any) -> None:
    lab.deploy()
    lab.kill(lab.home)
    with pytest.raises(ClientError, match="InvalidDBClusterStateFault"):
        lab.rds().switchover_global_cluster(
            GlobalClusterIdentifier="g", TargetDbClusterIdentifier=lab.aws.member(lab.standby).arn
        )
    lab.aws.restart(lab.home)
    lab.write(lab.home, "INSERT INTO rows_of_test VALUES (1)")
    lab.replicated(1)


def test_a_standby_that_comes_back_follows_again(lab: Any) -> None:
    lab.deploy()
    lab.kill(lab.standby)
    lab.write(lab.home, "INSERT INTO rows_of_test VALUES (1)")
    lab.aws.restart(lab.standby)
    lab.replicated(1)


def test_deleting_a_lost_writer_ends_the_wait_for_it(lab: Any) -> None:
    lab.deploy()
    lab.kill(lab.home)
    lab.fail_over()
    lab.settled()
    lab.rds().delete_db_instance(DBInstanceIdentifier=f"i-{lab.home}", SkipFinalSnapshot=True)
    lab.rds(lab.standby).remove_from_global_cluster(
        GlobalClusterIdentifier="g", DbClusterIdentifier=lab.aws.member(lab.home).arn
    )
    lab.rds().delete_db_cluster(DBClusterIdentifier=f"c-{lab.home}", SkipFinalSnapshot=True)
    assert [m.region for m in lab.aws.members()] == [lab.standby]
    assert [m["IsWriter"] for m in lab.group()["GlobalClusterMembers"]] == [True]


def test_the_lag_is_published_in_the_standbys_region_only(lab: Any) -> None:
    lab.deploy()

    def metrics(region: str) -> set[str]:
        found = lab.aws.client("cloudwatch", region).list_metrics(Namespace="AWS/RDS")["Metrics"]
        return {m["MetricName"] for m in found}

    lab.eventually(lambda: metrics(lab.standby))
    assert metrics(lab.standby) == {"AuroraGlobalDBReplicationLag", "AuroraGlobalDBRPOLag"}
