"""A look at the stack while regions are silent; the clients are fakes, not AWS."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from bicoastal.failover.audit import to_json
from bicoastal.operate.access import Access
from bicoastal.operate.gathering import database_report, look
from bicoastal.operate.report import DnsReport
from bicoastal.operate.target import Target

from .samples import HOME, RECORD, REGIONS, SETTINGS, STANDBY, arn, entry, vote


class FakeClients:
    """Every service of every region in one object; regions and services may be silent."""

    def __init__(self, silent: Iterable[str] = (), members: bool = True) -> None:
        self.silent = set(silent)
        self.members = members

    def get(self, service: str, region: str, **_: Any) -> Any:
        return FakeService(self, service, region)


class FakeService:
    """A client of one service in one region."""

    def __init__(self, aws: FakeClients, service: str, region: str) -> None:
        self.aws, self.service, self.region = aws, service, region

    def __getattr__(self, name: str) -> Any:
        if {self.region, self.service} & self.aws.silent:
            raise EndpointConnectionError(endpoint_url="http://fake")
        return getattr(self, f"_{name}")

    def _describe_global_clusters(self, **_: Any) -> Any:
        members = [
            {
                "DBClusterArn": arn(region),
                "IsWriter": region == HOME,
                "SynchronizationStatus": "connected",
            }
            for region in (HOME, STANDBY)
        ]
        found = {"Status": "available", "GlobalClusterMembers": members * self.aws.members}
        return {"GlobalClusters": [found]}

    def _describe_db_clusters(self, **_: Any) -> Any:
        code = {HOME: "use1", STANDBY: "usw2"}[self.region]
        members = [{"DBInstanceIdentifier": f"db-{code}-1-dev"}]
        return {"DBClusters": [{"Status": "available", "DBClusterMembers": members}]}

    def _get_item(self, **_: Any) -> Any:
        item = {
            "record": {"S": to_json(RECORD.to_dict())},
            "audit": {"L": [{"S": entry().to_json()}]},
        }
        return {"Item": item}

    def _get_metric_statistics(self, **_: Any) -> Any:
        return {"Datapoints": []}

    def _invoke(self, **_: Any) -> Any:
        return {"Payload": io.BytesIO(json.dumps(vote(self.region).to_dict()).encode())}

    def _get_paginator(self, _name: str) -> Any:
        return self

    def _paginate(self) -> Any:
        return [{"HealthChecks": []}]


@pytest.fixture
def access(monkeypatch: pytest.MonkeyPatch) -> Access:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    return Access(Target(SETTINGS))


def seen(access: Access, **world: Any) -> Any:
    fake: Any = FakeClients(**world)
    access.clients = fake
    return look(access)


def test_when_the_standby_is_silent_the_home_region_tells(access: Access) -> None:
    found = seen(access, silent=[STANDBY])
    assert found.regions == {**dict.fromkeys(REGIONS), STANDBY: found.regions[STANDBY]}
    assert found.regions[STANDBY] == "no answer (EndpointConnectionError)"
    assert found.database.asked == found.decision.asked == HOME
    assert [member.status for member in found.database.members] == ["available", None]
    assert found.lags[0].problem == "no answer (EndpointConnectionError)"


def test_when_nobody_answers_that_is_what_is_said(access: Access) -> None:
    found = seen(access, silent=REGIONS)
    assert (found.database, found.decision) == (None, None)
    silence = "no answer (EndpointConnectionError)"
    assert found.database_problem == f"{STANDBY}: {silence}; {HOME}: {silence}"
    assert found.decision_problem == found.database_problem
    assert found.checks_problem == silence
    assert {one.member for one in found.votes} == {HOME}
    assert all(found.regions.values())


def test_a_silent_service_is_no_silent_region(access: Access) -> None:
    found = seen(access, silent=["rds"])
    assert found.regions == dict.fromkeys(REGIONS)
    assert found.database is None
    assert found.decision.record == RECORD


def test_without_a_writer_the_witnesses_are_asked_about_the_records(access: Access) -> None:
    found = seen(access, members=False)
    assert found.database.writer is None
    assert {one.member for one in found.votes} == {RECORD.writer}


def test_a_metric_without_data_is_unknown(access: Access) -> None:
    found = seen(access)
    assert {one.problem for one in (*found.latch, *found.lags)} == {"nothing was published lately"}


def test_a_failover_under_way_is_named() -> None:
    state = {"Status": "failing-over", "ToDbClusterArn": arn(STANDBY)}
    group = {"Status": "failing-over", "FailoverState": state, "GlobalClusterMembers": []}
    found = database_report(HOME, group, {})
    assert found.failover == "failing-over to aurora-usw2-dev"


def test_dns_is_asked_at_the_same_time(access: Access) -> None:
    fake: Any = FakeClients()
    access.clients = fake
    found = look(access, ask_dns=lambda _target: DnsReport("db", "me", ("x",), STANDBY))
    assert found.dns is not None
    assert f"db leads to {STANDBY}, the writer is {HOME}" in found.problems
