"""What a person does where no command does it, step by step."""

from __future__ import annotations

from bicoastal.operate.errors import BadRequest
from bicoastal.operate.target import Target


def check_switchable(target: Target, region: str) -> None:
    """Refuse a topology without a switchover, with the steps that a person takes instead.

    https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/AuroraMySQL.Replication.CrossRegion.Promote.html

    Args:
        target: the stack.
        region: the writer to be.

    Raises:
        BadRequest: it is not a global database; the message has the steps.
    """
    if target.settings.is_global:
        return
    raise BadRequest(
        f"topology is {target.settings.topology}, for which AWS has no switchover: a replica can "
        "only be promoted, for good, and nothing keeps its source from taking writes. To move "
        "without losing any: stop all writes; wait until 'bicoastal status' shows a lag of 0; "
        f"run 'bicoastal failover --to {region} --stopped'; then deploy a new pair whose stack "
        "file has regions.home and regions.standby exchanged (docs/deploying.md, "
        "'A planned move of a replica', has the steps)"
    )


def check_upgradable(target: Target, to: str) -> None:
    """Refuse to upgrade a replica by binary log, with the steps that a person takes instead.

    What `upgrade` verifies between two steps, that a member is in step with the writer again, RDS
    tells of a global database only. The replica comes first, for a source may be older than its
    replica, but not newer: https://dev.mysql.com/doc/refman/8.0/en/replication-compatibility.html

    Args:
        target: the stack.
        to: the engine version to reach.

    Raises:
        BadRequest: it is not a global database; the message has the steps.
    """
    if target.settings.is_global:
        return
    home, standby = target.settings.regions.pair

    def modify(region: str) -> str:
        return (
            f"aws rds modify-db-cluster --region {region} --db-cluster-identifier "
            f"{target.names.cluster(region)} --engine-version {to} --apply-immediately"
        )

    steps = (
        "bicoastal maintenance --for 2h --reason ..., which mutes the alarms of a restart",
        f"{modify(standby)}, the replica first: it may be newer than its source, not older",
        f"wait until it is available and alarm {target.names.alarm('lag', standby)} is OK",
        f"{modify(home)}, and wait until it is available; writes stop while it restarts",
        "bicoastal maintenance --end --reason ...",
        f"pulumi config set --path 'bicoastal:database.engineVersion' {to}",
    )
    raise BadRequest(
        "topology is binlog-replica: what this command verifies between two steps, RDS tells of a "
        "global database only. A minor version by hand, as long as no member was promoted:\n"
        + "\n".join(f"  {number}. {step}" for number, step in enumerate(steps, 1))
    )
