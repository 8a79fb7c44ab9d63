"""Taking the databases apart, step by step; what was done before is found done.

What is to be done, and why in that order, stands in `deletion_order`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from bicoastal.operate.access import Told, ask
from bicoastal.operate.deletion_order import (
    ABSENT,
    GOING,
    GROUP,
    Step,
    code,
    first,
    security_groups,
)
from bicoastal.operate.errors import Refused
from bicoastal.operate.inventory import ClientFactory

PATIENCE_S = 3600.0
"""Seconds until a step counts as stuck: a final snapshot of a large volume takes its time."""
_POLL_S = 5.0
_BUSY = ("InvalidDBClusterStateFault", "InvalidDBInstanceState", "InvalidGlobalClusterStateFault")
"""Not now: what came before has not ended. Asked again until the patience ends."""


def dismantle(
    client: ClientFactory,
    planned: tuple[Step, ...],
    *,
    pace: float = 1.0,
    tell: Told = lambda _line: None,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Take the steps, one after the other; what was done before is found done.

    Args:
        client: gives the clients.
        planned: the steps.
        pace: by how much durations are divided.
        tell: takes progress.
        sleep: waits a number of seconds.

    Raises:
        Refused: a step is refused, gets no answer, or takes too long. Those before it are done.
    """
    for number, step in enumerate(planned, 1):
        tell(f"{number}/{len(planned)} {step}")
        _Doing(client, step, pace, tell, sleep).run()


@dataclass
class _Doing:
    """One step on its way."""

    client: ClientFactory
    step: Step
    pace: float
    tell: Told
    sleep: Callable[[float], None]
    state: str = "unknown"
    asked: bool = False
    said: str = ""

    def run(self) -> None:
        patience_s = PATIENCE_S / self.pace
        deadline = time.monotonic() + patience_s
        while True:
            answer = ask(self._advance)
            if answer.value:
                return
            if answer.problem is not None:
                if not answer.silent:
                    self._fail(answer.problem)
                self._say(answer.problem)
            if time.monotonic() >= deadline:
                why = f" ({self.said})" if self.said else ""
                self._fail(f"it is still {self.state} after {patience_s:.0f} s{why}")
            self.sleep(_POLL_S / self.pace)

    def _fail(self, why: str) -> None:
        raise Refused(f"{self.step}: {why}. Run the same command again to go on from here")

    def _say(self, why: str) -> None:
        if why != self.said:
            self.said = why
            self.tell(f"not yet: {why}")

    def _advance(self) -> bool:
        """Go on by one call; whether it is done."""
        rds = self.client("rds", self.step.region)
        if self._is_done(rds):
            return True
        if self.asked or self.state == GOING:
            return False
        self.asked = self._call(rds)
        return self._is_done(rds)

    def _is_done(self, rds: Any) -> bool:
        state = _state(rds, self.step)
        self.state = state or "gone"
        return state is None

    def _call(self, rds: Any) -> bool:
        """Ask for it; False when AWS wants to be asked again later."""
        try:
            _request(rds, self.step)
        except ClientError as error:
            if code(error) in _BUSY:
                self._say(str(error.response["Error"].get("Message")))
                return False
            if code(error) not in ABSENT:
                raise
        return True


def _state(rds: Any, step: Step) -> str | None:
    """The status of what a step is about, or None when there is nothing left to do."""
    if step.kind == "DB instance":
        instance = {"DBInstanceIdentifier": step.name}
        found = first(rds.describe_db_instances, "DBInstances", instance)
        return found and str(found["DBInstanceStatus"])
    name = step.group or step.name
    if step.kind == "DB cluster" and step.group is None:
        found = first(rds.describe_db_clusters, "DBClusters", {"DBClusterIdentifier": name})
        if step.action == "promote" and not (found or {}).get("ReplicationSourceIdentifier"):
            return None
        if step.action == "free" and found and _is_free(found, step):
            return None
        return found and str(found["Status"])
    found = first(rds.describe_global_clusters, "GlobalClusters", {"GlobalClusterIdentifier": name})
    if found is None or step.arn is None:
        return found and str(found["Status"])
    arns = [member["DBClusterArn"] for member in found["GlobalClusterMembers"]]
    return f"a member of {name}" if step.arn in arns else None


def _is_free(cluster: Mapping[str, Any], step: Step) -> bool:
    has = cluster.get("DBClusterParameterGroup")
    return step.parameters in (None, has) and security_groups(cluster) == set(step.security_groups)


def _request(rds: Any, step: Step) -> None:
    if step.kind == "DB instance":
        rds.delete_db_instance(DBInstanceIdentifier=step.name, SkipFinalSnapshot=True)
    elif step.kind == GROUP:
        rds.delete_global_cluster(GlobalClusterIdentifier=step.name)
    elif step.action == "free":
        own = {"DBClusterParameterGroupName": step.parameters} if step.parameters else {}
        rds.modify_db_cluster(
            DBClusterIdentifier=step.name,
            VpcSecurityGroupIds=list(step.security_groups),
            ApplyImmediately=True,
            **own,
        )
    elif step.action == "promote":
        rds.promote_read_replica_db_cluster(DBClusterIdentifier=step.name)
    elif step.group is not None:
        rds.remove_from_global_cluster(
            GlobalClusterIdentifier=step.group, DbClusterIdentifier=step.arn
        )
    else:
        last = {"FinalDBSnapshotIdentifier": step.snapshot} if step.snapshot else {}
        rds.delete_db_cluster(
            DBClusterIdentifier=step.name, SkipFinalSnapshot=step.snapshot is None, **last
        )
