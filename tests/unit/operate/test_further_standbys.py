"""What the operator's commands know of further standbys."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bicoastal.failover.errors import StoreError
from bicoastal.failover.gateway import Gateway
from bicoastal.failover.state import State
from bicoastal.operate import judgement, overriding, switching
from bicoastal.operate.drift import drift
from bicoastal.operate.errors import BadRequest
from bicoastal.operate.judgement import by_part, problems
from bicoastal.operate.overriding import plan as plan_failover
from bicoastal.operate.replaying import replay_problems
from bicoastal.operate.report import MemberReport, RecordReport
from bicoastal.operate.target import Target
from bicoastal.settings import Settings, load

from .samples import HOME, RECORD, REGIONS, STANDBY, arn, database, entry, status

IRELAND, SYDNEY = "eu-west-1", "ap-southeast-2"
FURTHER = {"furtherStandbys": [IRELAND, SYDNEY]}
NAMED: Settings = load({"regions": FURTHER, "dns": {"mode": "global-endpoint"}})
LATCHED: Settings = load({"regions": FURTHER})
IRELAND_ARN = arn(HOME).replace(HOME, IRELAND).replace("use1", "euw1")


def test_the_record_is_looked_for_in_the_pair_and_the_votes_asked_of_the_witnesses() -> None:
    target = Target(NAMED)
    assert target.order == (STANDBY, HOME)
    assert Target(LATCHED).latch_regions == REGIONS
    config = target.controller_config(IRELAND, {IRELAND: IRELAND_ARN})
    assert (config.region, config.members[IRELAND].arn) == (IRELAND, IRELAND_ARN)
    assert (config.further, tuple(config.witnesses)) == ((IRELAND, SYDNEY), REGIONS)
    target.check_member(SYDNEY, "--to")
    with pytest.raises(BadRequest, match="--to must be one of us-east-1, us-west-2, eu-west-1"):
        target.check_member("sa-east-1", "--to")


def test_only_auroras_own_name_leads_to_a_further_standby() -> None:
    (why,) = Target(LATCHED).unnamed(IRELAND)
    assert "dns.mode is latch" in why
    assert "no writer in eu-west-1" in why
    assert Target(LATCHED).unnamed(STANDBY) == ()
    assert Target(NAMED).unnamed(IRELAND) == ()


def there(state: State = State.OBSERVE) -> Any:
    """All is well, and the writer is in Ireland."""
    record = replace(RECORD, writer=IRELAND, state=state)
    members = (
        MemberReport(IRELAND, IRELAND_ARN, "writer", "connected", "available", 1),
        *(replace(each, role="standby") for each in database().members),
        MemberReport(SYDNEY, "arn:x", "standby", "connected", "available", 1),
    )
    return status(
        decision=RecordReport(STANDBY, record, entry(record)), latch=(), checks=(),
        database=database(members=members),
    )  # fmt: skip


def test_status_says_that_from_there_nothing_fails_over_by_itself() -> None:
    (line,) = problems(there(), NAMED)
    assert line.startswith("the writer is in eu-west-1, from where nothing fails over by itself")
    home = replace(there(), decision=RecordReport(STANDBY, RECORD, entry()), database=None)
    assert dict(by_part(home, NAMED))[judgement.PROTECTION] == ()
    assert dict(by_part(replace(home, decision=None), NAMED))[judgement.PROTECTION] == ()


def test_status_misses_a_lost_member_and_drift_sees_every_member() -> None:
    lost = there()
    lost = replace(lost, database=replace(lost.database, members=lost.database.members[:-1]))
    assert f"{SYDNEY} is not a member of the global database" in problems(lost, NAMED)
    old = {"EngineVersion": "8.0.mysql_aurora.3.10.3", "DBClusterMembers": []}
    found = drift(NAMED, {SYDNEY: old})
    assert [(one.region, one.what) for one in found] == [
        (SYDNEY, "DBClusterMembers"), (SYDNEY, "EngineVersion"),
    ]  # fmt: skip


def test_a_headless_standby_without_instances_is_as_the_program_wants_it() -> None:
    headless = load({"database": {"headlessStandby": True}, "failover": {"mode": "approve"}})
    assert drift(headless, {STANDBY: {"DBClusterMembers": []}}) == ()
    (one,) = drift(headless, {HOME: {"DBClusterMembers": []}})
    assert one.wanted == ["db-use1-1-dev"]


class Records:
    """A store that holds one record. No DynamoDB."""

    def __init__(self, record: Any) -> None:
        self.record = record

    def read(self) -> Any:
        return self.record


def access(settings: Settings) -> Any:
    return type("FakeAccess", (), {"target": Target(settings), "clients": None})()


@pytest.mark.parametrize(
    ("settings", "refused"), ((NAMED, False), (LATCHED, True)), ids=("named", "latched")
)
def test_a_switchover_there_needs_a_name_that_leads_there(
    settings: Settings, refused: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(switching, "look", lambda *_: status())
    monkeypatch.setattr(switching, "ask_witnesses", lambda *_: ())
    monkeypatch.setattr(switching, "unreached", lambda *_: ())
    store: Any = Records(RECORD)
    plan = switching.plan(access(settings), store, IRELAND, 1.0)
    routing = dict(plan.preconditions)["routing"]
    assert bool(routing) is refused
    assert judgement.PROTECTION not in dict(plan.preconditions)


def test_a_failback_from_there_is_not_refused_for_being_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(switching, "look", lambda *_: there())
    monkeypatch.setattr(switching, "ask_witnesses", lambda *_: ())
    monkeypatch.setattr(switching, "unreached", lambda *_: ())
    store: Any = Records(there().decision.record)
    assert switching.plan(access(NAMED), store, HOME, 1.0).refusals == ()


def test_a_failover_there_needs_a_name_that_leads_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever else is refused: no client of the name would find that writer."""

    def nobody(*_: Any) -> None:
        raise StoreError("no answer")

    monkeypatch.setattr(overriding, "_arns", nobody)
    monkeypatch.setattr(Gateway, "vote", lambda *_: None)
    monkeypatch.setattr(Gateway, "lag", lambda *_: None)
    store: Any = Records(RECORD)
    for settings, count in ((NAMED, 0), (LATCHED, 1)):
        refusals = plan_failover(access(settings), store, IRELAND, 1.0).refusals
        assert sum("would find no writer" in line for line in refusals) == count


def test_a_trail_is_replayed_with_the_policies_of_the_pair_which_alone_has_controllers() -> None:
    class Silent:
        """Lambda in no region. A fake."""

        def get(self, *_: str) -> Any:
            return self

        def get_function_configuration(self, **_: str) -> Any:
            raise StoreError("no answer")

    told = access(NAMED)
    told.clients = Silent()
    found = replay_problems(told, [])
    assert [line.split(" does not tell")[0] for line in found] == [
        "the controller of us-east-1", "the controller of us-west-2",
    ]  # fmt: skip
