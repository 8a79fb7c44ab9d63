"""Whether RDS agrees with what a human says."""

from __future__ import annotations

from bicoastal.operate.access import Access, ask
from bicoastal.operate.errors import Refused
from bicoastal.operate.gathering import READ_TIMEOUT_S


def check_writer(access: Access, writer: str) -> None:
    """Refuse when RDS calls another region the writer.

    Args:
        access: the way to the stack.
        writer: the region that a human calls the writer.

    Raises:
        Refused: RDS names another one, or does not answer.
    """
    if not access.target.settings.is_global:
        _check_replica(access, writer)
        return
    name = access.target.names.global_cluster
    problems = []
    for region in access.target.order:
        client = access.clients.get("rds", region, read_timeout_s=READ_TIMEOUT_S, attempts=1)
        answer = ask(lambda rds=client: rds.describe_global_clusters(GlobalClusterIdentifier=name))
        if answer.value is None:
            problems.append(f"{region}: {answer.problem}")
            continue
        members = answer.value["GlobalClusters"][0]["GlobalClusterMembers"]
        found = [m["DBClusterArn"].split(":")[3] for m in members if m.get("IsWriter")]
        if found != [writer]:
            named = ", ".join(found) or "nobody"
            raise Refused(
                f"RDS in {region} calls {named} the writer, not {writer}; --force insists"
            )
        return
    raise Refused(f"RDS does not say who is the writer ({'; '.join(problems)}); --force insists")


def _check_replica(access: Access, writer: str) -> None:
    """Outside a global database only a cluster's own region knows whether it replicates."""
    client = access.clients.get("rds", writer, read_timeout_s=READ_TIMEOUT_S, attempts=1)
    name = access.target.names.cluster(writer)
    answer = ask(lambda: client.describe_db_clusters(DBClusterIdentifier=name)["DBClusters"][0])
    if answer.value is None:
        raise Refused(f"RDS in {writer} does not answer ({answer.problem}); --force insists")
    if source := answer.value.get("ReplicationSourceIdentifier"):
        raise Refused(f"{name} in {writer} replicates from {source}; --force insists")
