"""Whether the engine can be upgraded, and in which order: the standbys first, the writer last.

AWS upgrades a global database on Aurora MySQL to a minor version member by member, and fails over
between members of one version only:
https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-global-database-upgrade.html
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from bicoastal.failover.state import Record
from bicoastal.failover.store import RecordStore
from bicoastal.failover.switching import AT_REST, occupied
from bicoastal.operate import judgement
from bicoastal.operate.access import Access, Told
from bicoastal.operate.errors import BadRequest
from bicoastal.operate.gathering import look
from bicoastal.operate.offered import unoffered
from bicoastal.operate.report import DatabaseReport, MemberReport, Status
from bicoastal.settings import Settings, check
from bicoastal.settings.tables import is_lower, major, parse_version

KEY = "database.engineVersion"
BUSY = ("upgrading", "modifying")
"""What a member is called while its upgrade goes on; an interrupted run finds it so."""
_DETACHING = (
    "https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/"
    "AuroraMySQL.Updates.Patching.ModifyEngineVersion.html"
)


@dataclass(frozen=True)
class UpgradePlan:
    """What an upgrade would do.

    Attributes:
        cluster: global cluster identifier.
        to: the engine version to reach.
        record: the record as found.
        members: the members in the order in which they are upgraded, the writer last.
        preconditions: each one's name, and what is red about it.
        notes: what is no obstacle, but should be known.
    """

    cluster: str
    to: str
    record: Record
    members: tuple[MemberReport, ...]
    preconditions: tuple[tuple[str, tuple[str, ...]], ...]
    notes: tuple[str, ...] = ()

    @property
    def refusals(self) -> tuple[str, ...]:
        """Why it is not done; empty when it can be."""
        return tuple(line for _, lines in self.preconditions for line in lines)

    @property
    def begun(self) -> bool:
        """Whether an earlier run has got somewhere: it is gone on with."""
        return any(member.version == self.to or is_busy(member) for member in self.members)

    @property
    def done(self) -> bool:
        """Whether nothing is left to do, and nothing is held for it."""
        reached = bool(self.members) and all(
            member.version == self.to and not is_busy(member) for member in self.members
        )
        return reached and self.record.held_by is None

    def call(self, member: MemberReport) -> str:
        """What becomes of a member.

        Args:
            member: one of the members.
        """
        if is_busy(member):
            return f"wait: it is {member.status}"
        if member.version == self.to:
            return "nothing: it has the version"
        return f"rds:ModifyDBCluster in {member.region}, at once"

    def to_dict(self) -> dict[str, Any]:
        """The plan as JSON values."""
        return {
            "cluster": self.cluster,
            "to": self.to,
            "begun": self.begun,
            "done": self.done,
            "steps": [
                {
                    "region": member.region,
                    "role": member.role,
                    "version": member.version,
                    "status": member.status,
                    "call": self.call(member),
                }
                for member in self.members
            ],
            "preconditions": {name: list(lines) for name, lines in self.preconditions},
            "refusals": list(self.refusals),
            "notes": list(self.notes),
            "record": self.record.to_dict(),
        }


def is_busy(member: MemberReport) -> bool:
    """Whether a member is being changed.

    Args:
        member: the member.
    """
    return member.status in BUSY


def plan(
    access: Access, store: RecordStore, to: str, pace: float, tell: Told = lambda _line: None
) -> UpgradePlan:
    """Look at every precondition. Writes nothing.

    Args:
        access: the way to the stack.
        store: the record's store.
        to: the engine version to reach.
        pace: by how much durations are divided.
        tell: takes progress.

    Returns:
        The plan.

    Raises:
        BadRequest: that is no version that the stack file could ask for.
        FailoverError: the record could not be read.
    """
    settings = wanted(access.target.settings, to)
    record = store.read()
    status = look(access, pace, tell)
    members = in_order(status.database, settings.regions.members)
    found: list[tuple[str, tuple[str, ...]]] = [
        ("database", tuple(_database(status, settings))),
        ("members", tuple(_members(members, settings))),
        ("record", tuple(_record(status, record))),
    ]
    if not any(is_busy(member) for member in members):
        # What restarts just now neither replicates nor answers.
        parts = dict(judgement.by_part(status, settings))
        found += [(name, parts[name]) for name in ("lag", "votes")]
    tell(f"asking RDS whether it upgrades to {to}")
    found.append(("version", tuple(unoffered(access, settings, members))))
    notes = tuple(_notes(members, to))
    return UpgradePlan(access.target.names.global_cluster, to, record, members, tuple(found), notes)


def wanted(settings: Settings, to: str) -> Settings:
    """The settings as they are to be after the upgrade.

    Args:
        settings: as they are.
        to: the engine version.

    Returns:
        A changed copy.

    Raises:
        BadRequest: the rules find it wrong; the message has each reason and cure.
    """
    database = settings.database.model_copy(update={"engine_version": to})
    changed = settings.model_copy(update={"database": database})
    before = {finding.rule_id for finding in check(settings) if finding.severity == "error"}
    errors = [
        finding
        for finding in check(changed)
        if finding.severity == "error" and finding.rule_id not in before
    ]
    if errors:
        raise BadRequest("\n".join(str(finding) for finding in errors))
    return changed


def in_order(database: DatabaseReport | None, regions: tuple[str, ...]) -> tuple[MemberReport, ...]:
    """The members in the order in which AWS lets them be upgraded.

    Args:
        database: the topology; None when it is unknown.
        regions: the members' regions in the stack file's order.

    Returns:
        The standbys in that order, then the writer.
    """
    members = database.members if database else ()
    places = {region: number for number, region in enumerate(regions)}
    return tuple(
        sorted(members, key=lambda m: (m.role == "writer", places.get(m.region, 0), m.region))
    )


def _database(status: Status, settings: Settings) -> Iterator[str]:
    """As in `judgement`, but that a member may be in the midst of its upgrade."""
    database = status.database
    if database is not None:
        calm = tuple(
            replace(m, status="available", sync=m.sync and "connected") if is_busy(m) else m
            for m in database.members
        )
        state = "available" if database.status in BUSY else database.status
        database = replace(database, members=calm, status=state)
    parts = dict(judgement.by_part(replace(status, database=database), settings))
    yield from parts["regions"]
    yield from parts["database"]


def _members(members: tuple[MemberReport, ...], settings: Settings) -> Iterator[str]:
    """All of one version, or some further on the way that this upgrade takes."""
    to = settings.database.engine_version
    for member in members:
        if member.version is None:
            yield f"the version of {member.region} is unknown"
        elif major(member.version) != major(to):
            yield _major(member, to)
        elif is_lower(to, member.version):
            yield f"{member.region} runs {member.version}, which is later: AWS downgrades nothing"
        if member.role == "standby" and member.instances == 0:
            yield f"{member.region} has no instance, without which AWS does not upgrade it"
    versions = {m.region: m.version for m in members if m.version not in (None, to)}
    if len(set(versions.values())) > 1:
        words = ", ".join(f"{region} {version}" for region, version in sorted(versions.items()))
        yield f"the members differ, not as an upgrade to {to} leaves them: {words}"
    if any(m.role == "writer" and m.version == to for m in members) and versions:
        yield f"the writer has {to} already and {', '.join(sorted(versions))} not: upgrade it alone"


def _major(member: MemberReport, to: str) -> str:
    return (
        f"{member.region} runs {member.version}: to {to} is a major upgrade, which needs a "
        "rehearsal on a clone, parameter groups of the new family, and one call for the whole "
        "global database: https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/"
        "AuroraMySQL.Upgrading.Procedure.html#AuroraMySQL.Upgrading.GlobalDB"
    )


def _record(status: Status, record: Record) -> Iterator[str]:
    if problem := occupied(record, time.time()):
        yield problem
    if record.state not in AT_REST:
        yield f"the record is not at rest: {record.state}"
    if not record.acknowledged:
        yield f"the failover to {record.writer} has not been acknowledged (acknowledge)"
    writer = status.database.writer if status.database else None
    if writer not in (None, record.writer):
        yield f"RDS calls {writer} the writer, the record {record.writer}"
    if status.decision is not None:
        yield from (f"audit trail: {problem}" for problem in status.decision.tampering)


def _notes(members: tuple[MemberReport, ...], to: str) -> Iterator[str]:
    yield "until all members have the version AWS fails over to none of them"
    yield "each member restarts when its turn comes; writes stop while the writer does"
    lines = {parsed.minor for m in members if (parsed := parse_version(m.version or ""))}
    new = parse_version(to)
    if new is not None and lines - {new.minor}:
        yield (
            f"AWS may refuse to leave {', '.join(sorted(lines))} for {new.minor} in place, when "
            f"the community's version rises with it; then nothing is changed, see {_DETACHING}"
        )
