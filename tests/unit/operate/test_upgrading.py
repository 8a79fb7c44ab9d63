"""The plan of an engine upgrade: every precondition, and the order of the members."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import pytest

from bicoastal.failover.state import Record, State
from bicoastal.live import database as offers
from bicoastal.live.upgrades import Targets
from bicoastal.operate import offered, upgrading
from bicoastal.operate.errors import BadRequest
from bicoastal.operate.report import MemberReport, RecordReport
from bicoastal.operate.target import Target
from bicoastal.operate.upgrading import UpgradePlan, in_order
from bicoastal.settings import load
from bicoastal.settings.account import Offer, Unread

from .samples import HOME, RECORD, SETTINGS, STANDBY, arn, database, entry, status

OLD, NEW = "8.0.mysql_aurora.3.10.4", "8.0.mysql_aurora.3.12.0"
UNREAD = Unread("rds:X in us-west-2: AccessDenied", "Grant it.")


def member(region: str = HOME, **changes: Any) -> MemberReport:
    role = "writer" if region == HOME else "standby"
    found = MemberReport(region, arn(region), role, "connected", "available", 1, OLD)
    return replace(found, **changes)


def members(home: Any = None, standby: Any = None) -> tuple[MemberReport, ...]:
    return (member(HOME, **home or {}), member(STANDBY, **standby or {}))


class Rds:
    """What the regions say about versions and classes."""

    def __init__(self) -> None:
        self.leads: Any = Targets((NEW, "8.0.mysql_aurora.3.13.0"), ("8.4.mysql_aurora.8.4.7",))
        self.offers: Any = Offer(("a", "b"), ("a", "b"))
        self.asked: list[tuple[str, str]] = []

    def targets(self, _clients: Any, region: str, version: str) -> Any:
        self.asked.append((region, version))
        return self.leads

    def offer(self, _clients: Any, settings: Any, _region: str) -> Any:
        assert settings.database.engine_version == NEW
        return self.offers


@pytest.fixture
def rds(monkeypatch: pytest.MonkeyPatch) -> Rds:
    fake = Rds()
    monkeypatch.setattr(offered, "targets", fake.targets)
    monkeypatch.setattr(offers, "offer", fake.offer)
    return fake


def plan(
    monkeypatch: pytest.MonkeyPatch,
    to: str = NEW,
    *,
    settings: Any = SETTINGS,
    record: Record = RECORD,
    **seen: Any,
) -> UpgradePlan:
    values = {"database": database(members=members()), **seen}
    found = status(decision=RecordReport(STANDBY, record, entry(record)), **values)
    monkeypatch.setattr(upgrading, "look", lambda *_: found)
    access: Any = type("FakeAccess", (), {"clients": None, "target": Target(settings)})()
    store: Any = type("FakeStore", (), {"read": lambda _self: record})()
    return upgrading.plan(access, store, to, 1.0)


def red(found: UpgradePlan) -> dict[str, tuple[str, ...]]:
    return {name: lines for name, lines in found.preconditions if lines}


def test_a_healthy_database_is_upgraded_standby_first(
    monkeypatch: pytest.MonkeyPatch, rds: Rds
) -> None:
    found = plan(monkeypatch)
    assert red(found) == {}
    assert [name for name, _ in found.preconditions] == [
        "database", "members", "record", "lag", "votes", "version",
    ]  # fmt: skip
    assert [m.region for m in found.members] == [STANDBY, HOME]
    assert sorted(rds.asked) == [(HOME, OLD), (STANDBY, OLD)]
    assert (found.begun, found.done) == (False, False)
    values = found.to_dict()
    assert values["steps"][0]["call"] == f"rds:ModifyDBCluster in {STANDBY}, at once"
    assert any("AWS may refuse to leave 3.10 for 3.12 in place" in note for note in found.notes)


def test_within_a_release_line_nothing_speaks_of_leaving_it(
    monkeypatch: pytest.MonkeyPatch, rds: Rds
) -> None:
    rds.leads = Targets((NEW,), ())
    older = {"version": "8.0.mysql_aurora.3.12.0"}
    later = "8.0.mysql_aurora.3.12.1"
    monkeypatch.setattr(rds, "offer", lambda *_: rds.offers)
    monkeypatch.setattr(offers, "offer", lambda *_: rds.offers)
    found = plan(monkeypatch, later, database=database(members=members(older, older)))
    assert not any("in place" in note for note in found.notes)


def test_an_upgrade_that_was_left_is_gone_on_with(
    monkeypatch: pytest.MonkeyPatch, rds: Rds
) -> None:
    upgraded = database(members=members(None, {"version": NEW}))
    found = plan(monkeypatch, database=upgraded)
    assert (red(found), found.begun, found.done) == ({}, True, False)
    assert rds.asked == [(HOME, OLD)]
    assert found.call(found.members[0]) == "nothing: it has the version"
    # A member in the midst of it neither replicates nor answers: that is no obstacle.
    busy = database(
        status="upgrading",
        members=members(None, {"status": "upgrading", "sync": "pending-resync"}),
    )
    found = plan(monkeypatch, database=busy, votes=(), lags=())
    assert (red(found), found.begun) == ({}, True)
    assert found.call(found.members[0]) == "wait: it is upgrading"


def test_it_is_done_when_all_have_it_and_nothing_is_held(
    monkeypatch: pytest.MonkeyPatch, rds: Rds
) -> None:
    reached = database(members=members({"version": NEW}, {"version": NEW}))
    assert plan(monkeypatch, database=reached).done
    held = replace(RECORD, held_by="somebody", held_until=1.0)
    assert not plan(monkeypatch, database=reached, record=held).done
    assert rds.asked == []


@pytest.mark.parametrize(
    ("home", "standby", "words"),
    (
        ({"version": None}, None, f"the version of {HOME} is unknown"),
        ({"version": "8.4.mysql_aurora.8.4.7"}, None, "is a major upgrade"),
        ({"version": "8.0.mysql_aurora.3.13.0"}, None, "which is later: AWS downgrades nothing"),
        (None, {"instances": 0}, f"{STANDBY} has no instance, without which"),
        (None, {"version": "8.0.mysql_aurora.3.10.3"}, "the members differ, not as an upgrade"),
        ({"version": NEW}, None, f"the writer has {NEW} already and {STANDBY} not"),
    ),
)
def test_members_that_cannot_be_upgraded_are_refused(
    home: Any, standby: Any, words: str, monkeypatch: pytest.MonkeyPatch, rds: Rds
) -> None:
    found = plan(monkeypatch, database=database(members=members(home, standby)))
    assert words in "; ".join(red(found)["members"])


@pytest.mark.parametrize(
    ("seen", "name", "words"),
    (
        ({"database": None, "database_problem": "no answer"}, "database", "topology is unknown"),
        (
            {"database": database(failover="failing-over to x", members=members())},
            "database",
            "the global database is failing-over to x",
        ),
        ({"regions": {HOME: "no answer"}}, "database", f"{HOME}: no answer"),
        ({"lags": ()}, "lag", None),
        ({"votes": ()}, "votes", "only 0 of 0 witnesses see the writer"),
        ({"record": replace(RECORD, state=State.HELD)}, "record", "not at rest: HELD"),
        ({"record": replace(RECORD, acknowledged=False)}, "record", "has not been acknowledged"),
        ({"record": replace(RECORD, writer=STANDBY)}, "record", f"RDS calls {HOME} the writer"),
        (
            {"record": replace(RECORD, held_by="upgrade to x (1)", held_until=time.time() + 900)},
            "record",
            r"upgrade to x (1) is under way",
        ),
    ),
)
def test_what_must_be_well_first(
    seen: dict[str, Any], name: str, words: str | None, monkeypatch: pytest.MonkeyPatch, rds: Rds
) -> None:
    lines = "; ".join(red(plan(monkeypatch, **seen)).get(name, ()))
    assert (words in lines) if words else lines == ""


def test_a_trail_that_was_tampered_with_and_an_unknown_record_are_told(
    monkeypatch: pytest.MonkeyPatch, rds: Rds
) -> None:
    tampered = RecordReport(STANDBY, RECORD, None, ("entry 3 was changed",))
    monkeypatch.setattr(
        upgrading, "look", lambda *_: status(decision=tampered, database=database())
    )
    assert list(upgrading._record(status(decision=tampered), RECORD)) == [
        "audit trail: entry 3 was changed"
    ]
    assert list(upgrading._record(status(decision=None), RECORD)) == []


@pytest.mark.parametrize(
    ("leads", "offers", "words"),
    (
        (None, None, f"does not upgrade {OLD} to {NEW}, but to nothing"),
        (Targets(("8.0.mysql_aurora.3.11.0",), ()), None, "but to 8.0.mysql_aurora.3.11.0"),
        (UNREAD, None, f"whether {HOME} upgrades to {NEW} is unknown: rds:X"),
        (..., UNREAD, f"whether {HOME} offers the class is unknown"),
        (..., Offer(("a",), ("c",)), f"{HOME} does not offer db.serverless with {NEW} in a"),
    ),
)
def test_each_region_must_offer_version_and_class(
    leads: Any, offers: Any, words: str, monkeypatch: pytest.MonkeyPatch, rds: Rds
) -> None:
    rds.leads = rds.leads if leads is ... else leads
    rds.offers = offers or rds.offers
    assert words in "; ".join(red(plan(monkeypatch))["version"])


def test_what_the_stack_file_could_not_ask_for_is_bad_input(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with pytest.raises(BadRequest, match=r"Write 8\.0\.mysql_aurora\.3\.12\.0"):
        plan(monkeypatch, "3.12.0")
    old = load({"database": {"instanceClass": "db.r8g.large"}})
    with pytest.raises(BadRequest, match=r"db\.r8g"):
        upgrading.wanted(old, "8.0.mysql_aurora.3.04.6")


def test_further_standbys_come_in_the_stack_files_order() -> None:
    third = MemberReport("eu-west-1", "arn", "standby", version=OLD)
    found = database(members=(*members(), third))
    ordered = [m.region for m in in_order(found, (HOME, "eu-west-1", STANDBY))]
    assert ordered == ["eu-west-1", STANDBY, HOME]
    assert in_order(None, (HOME,)) == ()
