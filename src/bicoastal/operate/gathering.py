"""Looking at a stack: every region is asked at the same time, and none is needed."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from bicoastal.failover.gateway import Gateway
from bicoastal.failover.votes import Vote, unknown
from bicoastal.operate import judgement
from bicoastal.operate.access import Access, Answer, Told, ask
from bicoastal.operate.checks import health_checks
from bicoastal.operate.drift import drift
from bicoastal.operate.pairing import pair_report
from bicoastal.operate.report import (
    GONE,
    DatabaseReport,
    DnsReport,
    Drift,
    Measurement,
    MemberReport,
    RecordReport,
    Status,
)
from bicoastal.operate.target import Target

READ_TIMEOUT_S = 3.0
_LATCH_WINDOW = timedelta(minutes=15)
_WORKERS = 16
_WITHOUT_LAG = ("writer", GONE)


def look(
    access: Access,
    pace: float = 1.0,
    tell: Told = lambda _line: None,
    ask_dns: Callable[[Target], DnsReport] | None = None,
) -> Status:
    """Look at everything once. Nothing is written; the probers are invoked once.

    Args:
        access: the way to the stack.
        pace: by how much durations are divided; not 1 in a lab only.
        tell: takes progress.
        ask_dns: asks what DNS answers; None does not ask.

    Returns:
        What was seen, and what is wrong with it.
    """
    with ThreadPoolExecutor(_WORKERS, "look") as pool:
        dns = pool.submit(ask_dns, access.target) if ask_dns else None
        status = _Look(access, pace, pool).run(tell)
    status = replace(status, dns=dns.result() if dns else None)
    return replace(status, problems=judgement.problems(status, access.target.settings))


class _Look:
    """One look; remembers which region answered anything."""

    def __init__(self, access: Access, pace: float, pool: ThreadPoolExecutor) -> None:
        self._access = access
        self._target = access.target
        self._pace = pace
        self._pool = pool
        self._answers: dict[str, list[Answer]] = {}

    def run(self, tell: Told) -> Status:
        target = self._target
        regions = target.settings.regions
        names = target.names
        is_global = target.settings.is_global
        tell(f"asking RDS, DynamoDB and CloudWatch in {', '.join(regions.all)}")
        groups = self._all(regions.members if is_global else (), self._global_cluster)
        clusters = self._all(regions.members, self._member)
        records = self._all(target.order, self._record)
        latches = self._all(target.latch_regions, self._latch)
        told = {region: future.result() for region, future in clusters.items()}
        database, database_problem = (
            self._database({region: future.result() for region, future in groups.items()}, told)
            if is_global
            else pair_report(told)
        )
        decision, decision_problem = self._decision(
            {region: future.result() for region, future in records.items()}
        )
        writer = database.writer if database else None
        if writer is None:
            writer = decision.record.writer if decision else regions.home
        tell(f"asking the witnesses about {writer}")
        arns = database.arns if database else {}
        votes = {
            region: self._submit(region, self._vote, region, writer, arns)
            for region in regions.witnesses
        }
        # After a promotion a pair has two that replicate from nobody, and so lag behind nobody.
        others = database.members if database else ()
        alone = {writer, *(member.region for member in others if member.role in _WITHOUT_LAG)}
        standbys = [region for region in regions.members if region not in alone]
        lags = {region: self._submit(region, self._lag, region, arns) for region in standbys}
        latch = tuple(_measured(region, future.result()) for region, future in latches.items())
        values = {found.region: found.value for found in latch}
        checks = ask(health_checks, route53(self._access), target, values)
        return Status(
            cluster=names.global_cluster,
            at=time.time(),
            database=database,
            database_problem=database_problem,
            decision=decision,
            decision_problem=decision_problem,
            lags=tuple(_measured(region, future.result()) for region, future in lags.items()),
            votes=tuple(
                _voted(region, writer, future.result()) for region, future in votes.items()
            ),
            latch=latch,
            checks=checks.value or (),
            checks_problem=checks.problem,
            regions={region: self._silence(region) for region in regions.all},
            drift=self._drift(told),
            topology=target.settings.topology,
        )

    def _all(self, regions: tuple[str, ...], question: Callable[[str], Any]) -> dict[str, Any]:
        return {region: self._submit(region, question, region) for region in regions}

    def _submit(self, region: str, question: Callable[..., Any], *arguments: Any) -> Any:
        def asked() -> Answer:
            answer = ask(question, *arguments)
            self._answers.setdefault(region, []).append(answer)
            return answer

        return self._pool.submit(asked)

    def _silence(self, region: str) -> str | None:
        """Why a region counts as silent: it was asked, and nothing of it answered."""
        answers = self._answers.get(region, [])
        silent = bool(answers) and all(answer.silent for answer in answers)
        return answers[0].problem if silent else None

    def _client(self, service: str, region: str) -> Any:
        return self._access.clients.get(service, region, read_timeout_s=READ_TIMEOUT_S, attempts=1)

    def _global_cluster(self, region: str) -> dict[str, Any]:
        name = self._target.names.global_cluster
        found = self._client("rds", region).describe_global_clusters(GlobalClusterIdentifier=name)
        group: dict[str, Any] = found["GlobalClusters"][0]
        return group

    def _member(self, region: str) -> dict[str, Any]:
        name = self._target.names.cluster(region)
        found = self._client("rds", region).describe_db_clusters(DBClusterIdentifier=name)
        cluster: dict[str, Any] = found["DBClusters"][0]
        return cluster

    def _record(self, region: str) -> RecordReport:
        store = self._access.store(region)
        trail = store.audit()
        record = store.read()
        tampering = judgement.trail_problems(record, trail)
        return RecordReport(region, record, trail[-1] if trail else None, tampering)

    def _vote(self, witness: str, member: str, arns: Mapping[str, str]) -> Vote:
        return self._gateway(self._target.order[0], arns).vote(witness, member, 0)

    def _lag(self, region: str, arns: Mapping[str, str]) -> tuple[float, float] | None:
        return self._gateway(region, arns).lag(time.time())

    def _gateway(self, region: str, arns: Mapping[str, str]) -> Gateway:
        config = self._target.controller_config(region, arns)
        return Gateway(config, self._pace, self._access.clients)

    def _latch(self, region: str) -> tuple[float, float] | None:
        """The latch's last value in a region, and when it was put."""
        latch = self._target.controller_config(region, {}).latch
        end = datetime.now(UTC)
        points = self._client("cloudwatch", region).get_metric_statistics(
            Namespace=latch.namespace,
            MetricName=latch.metric,
            Dimensions=[{"Name": latch.dimension_name, "Value": latch.dimension_value}],
            StartTime=end - _LATCH_WINDOW,
            EndTime=end + timedelta(minutes=1),
            # CloudWatch keeps minutes; a lab's last only as long as its pace says.
            Period=max(1, round(60 / self._pace)),
            Statistics=["Minimum"],
        )["Datapoints"]
        if not points:
            return None
        last = max(points, key=lambda point: point["Timestamp"])
        return last["Minimum"], last["Timestamp"].timestamp()

    def _database(
        self, groups: Mapping[str, Answer], clusters: Mapping[str, Answer]
    ) -> tuple[DatabaseReport | None, str | None]:
        for region in self._target.order:
            if groups[region].value is not None:
                return database_report(region, groups[region].value, clusters), None
        return None, _problems(groups, self._target.order)

    def _drift(self, clusters: Mapping[str, Answer]) -> tuple[Drift, ...] | None:
        known = {region: answer.value for region, answer in clusters.items() if answer.value}
        return drift(self._target.settings, known) if known else None

    def _decision(self, records: Mapping[str, Answer]) -> tuple[RecordReport | None, str | None]:
        for answer in records.values():
            if answer.value is not None:
                return answer.value, None
        return None, _problems(records, self._target.order)


def route53(access: Access) -> Any:
    """Route 53 has one address for all regions; the region only signs.

    Args:
        access: the way to the stack.
    """
    return access.clients.get(
        "route53", access.target.order[0], read_timeout_s=READ_TIMEOUT_S, attempts=1
    )


def database_report(
    asked: str, group: Mapping[str, Any], clusters: Mapping[str, Answer]
) -> DatabaseReport:
    """Put a description of the global database into our words.

    Args:
        asked: the region that gave it.
        group: RDS's description.
        clusters: what each member's own region said about its cluster.

    Returns:
        The report.
    """
    members = []
    for member in group.get("GlobalClusterMembers", ()):
        region = str(member["DBClusterArn"]).split(":")[3]
        cluster = clusters[region].value if region in clusters else None
        members.append(
            MemberReport(
                region=region,
                arn=member["DBClusterArn"],
                role="writer" if member.get("IsWriter") else "standby",
                sync=member.get("SynchronizationStatus"),
                status=cluster.get("Status") if cluster else None,
                instances=len(cluster.get("DBClusterMembers", ())) if cluster else None,
                version=cluster.get("EngineVersion") if cluster else None,
            )
        )
    state = group.get("FailoverState") or {}
    under_way = None
    if state.get("Status"):
        target = str(state.get("ToDbClusterArn", "?")).rpartition(":")[2]
        under_way = f"{state['Status']} to {target}"
    members.sort(key=lambda member: (member.role != "writer", member.region))
    return DatabaseReport(asked, str(group.get("Status", "unknown")), under_way, tuple(members))


def _problems(answers: Mapping[str, Answer], order: tuple[str, ...]) -> str:
    return "; ".join(f"{region}: {answers[region].problem}" for region in order)


def _measured(region: str, answer: Answer) -> Measurement:
    if answer.value is None:
        return Measurement(region, problem=answer.problem or "nothing was published lately")
    value, at = answer.value
    return Measurement(region, round(value, 3), round(max(0.0, time.time() - at), 1))


def _voted(witness: str, member: str, answer: Answer) -> Vote:
    vote: Vote | None = answer.value
    return vote or unknown(witness, member, answer.problem or "no vote")
