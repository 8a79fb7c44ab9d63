"""Whether the old writer is a clean replica again after a failover, and what to do if not.

Re-adding it is AWS's doing: it comes back on a new volume, and what the old one had more than the
new writer is kept in a snapshot for a while. Source:
https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-global-database-disaster-recovery.html
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bicoastal.failover.gateway import Gateway
from bicoastal.failover.state import Record
from bicoastal.failover.store import RecordStore
from bicoastal.failover.switching import AT_REST, RETURNING
from bicoastal.failover.votes import Verdict, Vote
from bicoastal.operate import judgement
from bicoastal.operate.access import Access, Answer, Told, ask
from bicoastal.operate.gathering import READ_TIMEOUT_S, look
from bicoastal.operate.report import Status
from bicoastal.operate.switching import ask_witnesses

SNAPSHOT_PREFIX = "rds:unplanned-global-failover-"


@dataclass(frozen=True)
class RejoinReport:
    """What was found about the member that should be the standby.

    Attributes:
        region: its region.
        writer: the writer's region, by the record.
        record: the record as found.
        findings: each condition of a clean replica, and what is red about it, with the cure.
        notes: what is no obstacle, but should be known.
        snapshots: where the old volume was kept.
    """

    region: str
    writer: str
    record: Record
    findings: tuple[tuple[str, tuple[str, ...]], ...]
    notes: tuple[str, ...] = ()
    snapshots: tuple[str, ...] = ()

    @property
    def refusals(self) -> tuple[str, ...]:
        """Why it is not a clean replica; empty when it is."""
        return tuple(line for _, lines in self.findings for line in lines)

    def to_dict(self) -> dict[str, Any]:
        """The report as JSON values."""
        return {
            "region": self.region,
            "writer": self.writer,
            "clean": not self.refusals,
            "findings": {name: list(lines) for name, lines in self.findings},
            "notes": list(self.notes),
            "snapshots": list(self.snapshots),
            "record": self.record.to_dict(),
        }


def examine(
    access: Access, store: RecordStore, pace: float, tell: Told = lambda _line: None
) -> RejoinReport:
    """Look at the member that should be the standby. Writes nothing.

    Args:
        access: the way to the stack.
        store: the record's store.
        pace: by how much durations are divided.
        tell: takes progress.

    Returns:
        What was found.

    Raises:
        FailoverError: the record could not be read.
    """
    record, settings = store.read(), access.target.settings
    region = next(r for r in settings.regions.members if r != record.writer)
    status = look(access, pace, tell)
    config = access.target.controller_config(region, {})
    tell(f"asking the witnesses and RDS about {region}")
    votes = ask_witnesses(Gateway(config, pace, access.clients), config, region)
    cluster = ask(lambda: _cluster(access, region))
    kept = ask(lambda: _snapshots(access, region))
    parts = dict(judgement.by_part(status, settings))
    findings = (
        ("record", _rest(record)),
        ("membership", _membership(status, region, record.writer)),
        ("replica", _replica(cluster, status, record.writer)),
        ("synchronised", _synchronised(status, region) + parts["lag"]),
        ("read-only", _closed(votes)),
        ("program", tuple(line for line in parts["program"] if line.startswith(region))),
    )
    notes = [
        f"{vote.witness} has not logged in (depth {vote.depth}), so it cannot tell whether "
        f"{region} refuses writes"
        for vote in votes
        if vote.verdict is Verdict.UP and vote.read_only is None
    ]
    if kept.problem is not None:
        notes.append(f"the snapshots in {region} are unknown: {kept.problem}")
    return RejoinReport(
        region, record.writer, record, findings, tuple(notes), tuple(kept.value or ())
    )


def _cluster(access: Access, region: str) -> dict[str, Any]:
    client = access.clients.get("rds", region, read_timeout_s=READ_TIMEOUT_S, attempts=1)
    name = access.target.names.cluster(region)
    cluster: dict[str, Any] = client.describe_db_clusters(DBClusterIdentifier=name)["DBClusters"][0]
    return cluster


def _snapshots(access: Access, region: str) -> list[str]:
    client = access.clients.get("rds", region, read_timeout_s=READ_TIMEOUT_S, attempts=1)
    name = access.target.names.cluster(region)
    found = client.describe_db_cluster_snapshots(DBClusterIdentifier=name)["DBClusterSnapshots"]
    names = (str(snapshot["DBClusterSnapshotIdentifier"]) for snapshot in found)
    return sorted(each for each in names if each.startswith(SNAPSHOT_PREFIX))


def _rest(record: Record) -> tuple[str, ...]:
    if record.state not in (*AT_REST, *RETURNING):
        return (f"the record is in {record.state}: see 'bicoastal status' for what to do first",)
    if record.state in RETURNING and not record.acknowledged:
        return ("the failover has not been acknowledged: acknowledge",)
    return ()


def _membership(status: Status, region: str, writer: str) -> tuple[str, ...]:
    database = status.database
    if database is None:
        return (f"the topology is unknown: {status.database_problem}",)
    if database.writer != writer:
        return (f"RDS calls {database.writer} the writer, the record {writer}",)
    if database.failover is not None or database.status != "available":
        return (f"the global database is {database.failover or database.status}: wait",)
    if region not in database.arns:
        why = (
            f"diverged: {region} is not a member of the global database. If AWS does not add it "
            "back, save what it has more than the writer, delete its cluster and create it again "
            "under its name (create-db-cluster --global-cluster-identifier), with its subnet "
            "group and key, then run pulumi up --refresh"
        )
        return (why,)
    return ()


def _replica(cluster: Answer, status: Status, writer: str) -> tuple[str, ...]:
    """The member's own region must call it a replica of the writer, too."""
    if cluster.value is None:
        return (f"its own region does not tell: {cluster.problem}",)
    source = str(cluster.value.get("ReplicationSourceIdentifier") or "")
    arns = status.database.arns if status.database else {}
    if not source:
        return ("diverged: its own region calls it a replica of nobody; let no client write to it",)
    if source != arns.get(writer):
        return (f"diverged: it replicates from {source}, not from {arns.get(writer)}",)
    if cluster.value.get("Status") != "available":
        return (f"it is {cluster.value.get('Status')}: wait until it is available",)
    if not cluster.value.get("DBClusterMembers"):
        return ("it has no instance: run pulumi up",)
    return ()


def _synchronised(status: Status, region: str) -> tuple[str, ...]:
    members = status.database.members if status.database else ()
    sync = next((member.sync for member in members if member.region == region), None)
    if sync == "connected":
        return ()
    return (f"it does not replicate ({sync or 'unknown'}): wait, AWS rebuilds it; look again",)


def _closed(votes: tuple[Vote, ...]) -> tuple[str, ...]:
    open_ = [vote.witness for vote in votes if vote.read_only is False]
    down = [
        f"{vote.witness} finds it DOWN: {vote.reason}"
        for vote in votes
        if vote.verdict is Verdict.DOWN
    ]
    if open_:
        return (f"diverged: it takes writes, {', '.join(open_)} found; let no client reach it",)
    return tuple(down)
