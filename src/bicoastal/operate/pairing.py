"""Two clusters outside a global database, of which one replicates the other's binary log: pure.

No region describes the pair: a cluster's own region alone knows whom it replicates from. Source:
https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/AuroraMySQL.Replication.CrossRegion.html
"""

from __future__ import annotations

from collections.abc import Mapping

from bicoastal.operate.access import Answer
from bicoastal.operate.report import GONE, UNTOLD, DatabaseReport, MemberReport

REPLICATING = "replicating"
NOT_REPLICATING = "not replicating"
_ABSENT = "DBClusterNotFoundFault"


def pair_report(clusters: Mapping[str, Answer]) -> tuple[DatabaseReport | None, str | None]:
    """Put what each region said about its cluster into our words.

    Args:
        clusters: each member's region to the answer about its cluster.

    Returns:
        The report, None when no region told anything; and why a region that is not silent did not
        tell, None when each did.
    """
    known = {region: answer.value for region, answer in clusters.items() if answer.value}
    untold = {r: answer for r, answer in clusters.items() if r not in known and not _gone(answer)}
    if len(untold) == len(clusters):
        return None, "; ".join(f"{region}: {answer.problem}" for region, answer in untold.items())
    # A silent region is told of as silent.
    spoken = [
        f"{region}: {answer.problem}" for region, answer in untold.items() if not answer.silent
    ]
    sources = {
        r: str(cluster.get("ReplicationSourceIdentifier") or "") for r, cluster in known.items()
    }
    arns = {_region(arn): arn for arn in sources.values() if arn}
    arns |= {region: str(cluster["DBClusterArn"]) for region, cluster in known.items()}
    members = [
        MemberReport(
            region=region,
            arn=arns.get(region, ""),
            role=_role(region, answer, sources),
            status=known[region].get("Status") if region in known else None,
            instances=len(known[region].get("DBClusterMembers", ())) if region in known else None,
            version=known[region].get("EngineVersion") if region in known else None,
            source=_region(sources.get(region, "")),
        )
        for region, answer in clusters.items()
    ]
    members.sort(key=lambda member: (member.role != "writer", member.region))
    writers = {member.region for member in members if member.role == "writer"}
    replicates = any(member.source in writers for member in members)
    status = REPLICATING if replicates else NOT_REPLICATING
    return DatabaseReport(", ".join(known), status, None, tuple(members)), "; ".join(spoken) or None


def _role(region: str, answer: Answer, sources: Mapping[str, str]) -> str:
    if answer.value:
        return "standby" if sources[region] else "writer"
    if _gone(answer):
        return GONE
    # A silent source is known by its replica.
    return "writer" if region in map(_region, sources.values()) else UNTOLD


def _gone(answer: Answer) -> bool:
    return answer.value is None and str(answer.problem).startswith(_ABSENT)


def _region(arn: str) -> str | None:
    return arn.split(":")[3] if arn else None
