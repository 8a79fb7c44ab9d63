"""Carrying an upgrade out, member by member, so that whoever goes away can begin again.

The record is held meanwhile (see `failover.holding`): no failover, no page about the restarts, no
second run. What is reached is read from RDS and kept nowhere else, so that a run which was
interrupted is gone on with by the next one.
"""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass
from typing import Any

from bicoastal.failover.errors import Conflict, RecordError, StoreError
from bicoastal.failover.gateway import Clients
from bicoastal.failover.holding import LEASE_S, begin_work, end_work, go_on, leave_work
from bicoastal.failover.state import Record
from bicoastal.failover.store import RecordStore
from bicoastal.operate.access import Access, ask
from bicoastal.operate.conduct import Conduct, insist
from bicoastal.operate.errors import Refused
from bicoastal.operate.gathering import READ_TIMEOUT_S
from bicoastal.operate.report import MemberReport
from bicoastal.operate.upgrading import BUSY, UpgradePlan

MEMBER_S = 3600.0
"""So long a member may take, seconds of AWS's time; most take minutes."""
_POLL_S = 10.0
_LEAST_POLL_S = 0.2
_UNTOLD_S = 60.0
"""So long an unanswered call may take to show, before it counts as never made."""


def carry_out(access: Access, store: RecordStore, agreed: UpgradePlan, conduct: Conduct) -> Record:
    """Upgrade, and verify that all members have the version.

    Args:
        access: the way to the stack.
        store: the record's store.
        agreed: what was planned.
        conduct: who asks, and how it is gone about.

    Returns:
        The record at the end: no longer held, armed as before.

    Raises:
        Refused: it cannot be done, AWS did not do it, or its end was not seen.
        FailoverError: the record could not be written, or is somebody else's now.
    """
    insist(agreed.refusals)
    holder = f"upgrade to {agreed.to} ({secrets.token_hex(3)})"
    return _Upgrade(access, store, agreed, conduct, holder).run()


def upgrade_member(clients: Clients, region: str, cluster: str, version: str) -> tuple[str, ...]:
    """Ask for a member's minor upgrade, at once rather than in its maintenance window.

    Source: https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_ModifyDBCluster.html

    Args:
        clients: boto3 clients.
        region: the member's region.
        cluster: its cluster identifier.
        version: the engine version.

    Returns:
        AWS's request ids.

    Raises:
        botocore.exceptions.ClientError: refused.
        botocore.exceptions.BotoCoreError: no answer; whether it was accepted is unknown.
    """
    client = clients.get("rds", region, read_timeout_s=10.0, attempts=1)
    answer = client.modify_db_cluster(
        DBClusterIdentifier=cluster, EngineVersion=version, ApplyImmediately=True
    )
    return (str(answer["ResponseMetadata"]["RequestId"]),)


@dataclass
class _Upgrade:
    """One upgrade on its way."""

    access: Access
    store: RecordStore
    agreed: UpgradePlan
    conduct: Conduct
    holder: str
    _said_at: float = 0.0

    @property
    def kept(self) -> float | None:
        """A maintenance that was announced before: it goes on afterwards.

        What an interrupted run left is not such a one.
        """
        record = self.agreed.record
        until = record.maintenance_until
        return until if until is not None and until > time.time() and not record.held_by else None

    def run(self) -> Record:
        hold_s = self.conduct.hold_s
        begin_work(
            self.store,
            self.conduct.requester,
            self.conduct.reason,
            time.time(),
            holder=self.holder,
            hold_s=hold_s,
        )
        self._said_at = time.monotonic()
        self.conduct.tell(f"the automation keeps still for {hold_s:.0f} s at most")
        try:
            for member in self.agreed.members:
                self._upgrade(member)
            self._verify()
        except BaseException as error:
            self._leave(str(error) or type(error).__name__)
            raise
        self.conduct.tell("every member has the version; the automation goes on as before")
        return end_work(
            self.store, self.conduct.requester,
            f"all members have it, verified: {self.conduct.reason}", time.time(),
            holder=self.holder, maintenance_until=self.kept,
        )  # fmt: skip

    def _leave(self, why: str) -> None:
        """Let the next run take over at once; it does no harm if that cannot be written."""
        now = time.time()
        ask(lambda: leave_work(self.store, self.conduct.requester, why, now, holder=self.holder))

    def _go_on(self) -> None:
        """Stay the only one; asked before every step, because this process may have slept."""
        try:
            go_on(self.store, time.time(), holder=self.holder)
        except RecordError as error:
            raise Refused(f"{error}; {self._half()}") from None
        except Conflict:
            return  # a controller was quicker; the next time will do
        except StoreError:
            # The last word still counts for a while.
            if time.monotonic() - self._said_at > LEASE_S / 2:
                raise
            return
        self._said_at = time.monotonic()

    def _half(self) -> str:
        return (
            "what is begun is not undone, and until all members have one version AWS fails over to "
            "none: see 'bicoastal status', and run the same command again"
        )

    def _upgrade(self, member: MemberReport) -> None:
        """Bring one member to the version: ask if nobody has, and wait."""
        self._go_on()
        found, region = self._look(member.region), member.region
        if found is not None and self._reached(found):
            self.conduct.tell(f"{region} has {self.agreed.to}")
            return
        answered = True
        if found is None or found["Status"] not in BUSY:
            answered = self._call(region)
        self._wait(region, answered)

    def _call(self, region: str) -> bool:
        """Ask for a member's upgrade, once; whether it was answered is the result."""
        name, to = self.access.target.names.cluster(region), self.agreed.to
        answer = ask(upgrade_member, self.access.clients, region, name, to)
        if answer.problem is not None and not answer.silent:
            self._refused(region, answer.problem)
        outcome = f"upgrade of {name} in {region} to {to}"
        outcome += " accepted" if answer.problem is None else f": {answer.problem}"
        self.conduct.remember(self.store, outcome, answer.value or (), time.time())
        return answer.problem is None

    def _refused(self, region: str, why: str) -> None:
        """AWS does not do it: undo the hold if nothing has been changed yet."""
        if self.agreed.begun or region != self.agreed.members[0].region:
            raise Refused(f"AWS does not upgrade {region}: {why}. But {self._half()}")
        end_work(
            self.store, self.conduct.requester, f"AWS does not upgrade {region}: {why}",
            time.time(), holder=self.holder, maintenance_until=self.kept,
        )  # fmt: skip
        notes = "; ".join(self.agreed.notes[2:])
        raise Refused(
            f"nothing was changed, and the automation goes on as before: {why}"
            + (f". {notes}" if notes else "")
        )

    def _wait(self, region: str, answered: bool) -> None:
        begun, said = time.monotonic(), ""
        while time.monotonic() - begun < MEMBER_S / self.conduct.pace:
            found = self._look(region)
            if found is not None and self._reached(found):
                seconds = time.monotonic() - begun
                self.conduct.tell(f"{region} has {self.agreed.to}, after {seconds:.0f} s")
                return
            waited = time.monotonic() - begun > _UNTOLD_S / self.conduct.pace
            if found is not None and not answered and waited and found["Status"] not in BUSY:
                raise Refused(f"RDS in {region} never began; {self._half()}")
            words = f"{region} is {found['Status']}" if found else f"RDS in {region} is silent"
            if words != said:
                said = words
                self.conduct.tell(words)
            self.conduct.sleep(max(_LEAST_POLL_S, _POLL_S / self.conduct.pace))
            self._go_on()
        raise Refused(f"the upgrade of {region} did not end in time; {self._half()}")

    def _look(self, region: str) -> dict[str, Any] | None:
        """A member as its own region describes it, with its instances and what it replicates."""
        return ask(lambda: self._describe(region)).value  # type: ignore[no-any-return]

    def _describe(self, region: str) -> dict[str, Any]:
        client = self.access.clients.get("rds", region, read_timeout_s=READ_TIMEOUT_S, attempts=1)
        names = self.access.target.names
        cluster = client.describe_db_clusters(DBClusterIdentifier=names.cluster(region))
        own: dict[str, Any] = cluster["DBClusters"][0]
        instances = client.describe_db_instances(
            Filters=[{"Name": "db-cluster-id", "Values": [own["DBClusterIdentifier"]]}]
        )["DBInstances"]
        group = client.describe_global_clusters(GlobalClusterIdentifier=names.global_cluster)
        members = group["GlobalClusters"][0]["GlobalClusterMembers"]
        sync = {m["DBClusterArn"]: m.get("SynchronizationStatus") for m in members}
        return {**own, "instances": instances, "sync": sync.get(own["DBClusterArn"])}

    def _reached(self, found: dict[str, Any]) -> bool:
        """Up again with the version, every instance too, and in step with the writer."""
        return (
            (found["Status"], found["EngineVersion"]) == ("available", self.agreed.to)
            and found["sync"] in (None, "connected")
            and all(
                (i["DBInstanceStatus"], i["EngineVersion"]) == ("available", self.agreed.to)
                for i in found["instances"]
            )
        )

    def _verify(self) -> None:
        """All at once, and the global database's own version, by which a failover is judged."""
        regions = [member.region for member in self.agreed.members]
        late = [r for r in regions if not (found := self._look(r)) or not self._reached(found)]
        if late:
            raise Refused(f"{', '.join(late)} did not stay at {self.agreed.to}; {self._half()}")
        begun = time.monotonic()
        while (version := ask(self._whole, regions[-1]).value) != self.agreed.to:
            if time.monotonic() - begun > MEMBER_S / self.conduct.pace:
                raise Refused(f"the global database is called {version}; {self._half()}")
            self.conduct.sleep(max(_LEAST_POLL_S, _POLL_S / self.conduct.pace))
            self._go_on()

    def _whole(self, region: str) -> str:
        client = self.access.clients.get("rds", region, read_timeout_s=READ_TIMEOUT_S, attempts=1)
        name = self.access.target.names.global_cluster
        found = client.describe_global_clusters(GlobalClusterIdentifier=name)["GlobalClusters"]
        return str(found[0]["EngineVersion"])
