"""What counts as wrong, and what does not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bicoastal.failover.audit import Note, link
from bicoastal.failover.state import State
from bicoastal.failover.votes import Verdict
from bicoastal.operate.judgement import problems, trail_problems
from bicoastal.operate.report import (
    CheckReport,
    DnsReport,
    Drift,
    Measurement,
    MemberReport,
    RecordReport,
)
from bicoastal.settings import load

from .samples import (
    HOME,
    NOW,
    RECORD,
    REGIONS,
    SETTINGS,
    STANDBY,
    WITNESS,
    arn,
    database,
    entry,
    status,
    vote,
)


def decision(**changes: Any) -> RecordReport:
    return RecordReport(STANDBY, replace(RECORD, **changes), entry())


@pytest.mark.parametrize(
    "changes",
    (
        {},
        {"decision": decision(armed=False, state=State.OBSERVE)},
        {"decision": decision(maintenance_until=NOW + 60)},
        {"checks": (CheckReport("latch-dev", None, "?"),)},
        {"lags": ()},
        {"checks": (), "latch": ()},
        {"checks_problem": "no answer"},
    ),
)
def test_what_is_not_wrong(changes: dict[str, Any]) -> None:
    assert problems(status(**changes), SETTINGS) == ()


WRONG: tuple[tuple[dict[str, Any], str], ...] = (
    ({"regions": {HOME: "no answer (X)", STANDBY: None}}, f"{HOME}: no answer (X)"),
    ({"database": None, "database_problem": "why"}, "the topology is unknown: why"),
    ({"database": database(failover="failing-over to x")}, "the global database is failing-over"),
    ({"database": database(status="modifying")}, "the global database is modifying"),
    ({"database": database(members=())}, "the global database has no writer"),
    ({"database": database(members=())}, f"{STANDBY} is not a member"),
    ({"decision": None, "decision_problem": "why"}, "the record is unknown: why"),
    ({"decision": decision(state=State.LOCKED)}, "the automation is LOCKED"),
    ({"decision": decision(state=State.HELD)}, "a failover is HELD"),
    ({"decision": decision(state=State.SUSPECT)}, "the writer looks lost: SUSPECT"),
    (
        {"decision": decision(state=State.PROMOTING, target_region=STANDBY)},
        f"a failover to {STANDBY} is under way: PROMOTING",
    ),
    ({"decision": decision(acknowledged=False)}, "has not been acknowledged"),
    ({"decision": replace(decision(), tampering=("forged",))}, "audit trail: forged"),
    ({"decision": decision(writer=STANDBY)}, f"RDS calls {HOME} the writer, the record {STANDBY}"),
    ({"lags": (Measurement(STANDBY, problem="why"),)}, f"lag of {STANDBY} is unknown: why"),
    ({"lags": (Measurement(STANDBY, 0.1, 700.0),)}, "was measured 700 s ago"),
    ({"lags": (Measurement(STANDBY, 31.0, 1.0),)}, "lags by 31.0 s, more than the budget of 30 s"),
    ({"votes": (vote(), vote(STANDBY, Verdict.DOWN))}, "only 1 of 2 witnesses see the writer"),
    ({"votes": (vote(HOME, Verdict.UNKNOWN),)}, f"the witness in {HOME} says UNKNOWN: greeting"),
    ({"votes": (vote(overloaded=True),)}, "says that the writer is overloaded"),
    ({"votes": (vote(read_only=True),)}, "says that the writer refuses writes"),
    ({"latch": (Measurement(HOME, problem="why"),)}, f"the latch has no value in {HOME}: why"),
    ({"latch": (Measurement(HOME, 1.0, 301.0),)}, "does the standby's controller run?"),
    ({"latch": (Measurement(HOME, 0.0, 1.0),)}, f"the latch in {HOME} is 0, the record says 1"),
    (
        {"checks": (CheckReport("latch-dev", False, "?"),)},
        "health check latch-dev is unhealthy, but with this writer it should be healthy",
    ),
    (
        {"decision": decision(writer=STANDBY)},
        "health check latch-dev is healthy, but with this writer it should be unhealthy",
    ),
)


@pytest.mark.parametrize(("changes", "text"), WRONG)
def test_what_is_wrong(changes: dict[str, Any], text: str) -> None:
    found = problems(status(**changes), SETTINGS)
    assert any(text in line for line in found), found


@pytest.mark.parametrize(
    ("changes", "text"),
    (
        ({"sync": "pending-resync"}, "does not replicate (pending-resync)"),
        ({"sync": None}, "does not replicate (unknown)"),
        ({"status": "modifying"}, f"the member in {STANDBY} is modifying"),
        ({"instances": 0}, f"the member in {STANDBY} has no instance"),
    ),
)
def test_what_is_wrong_with_a_member(changes: dict[str, Any], text: str) -> None:
    standby = MemberReport(STANDBY, arn(STANDBY), "standby", "connected", "available", 1)
    members = (database().members[0], replace(standby, **changes))
    assert text in problems(status(database=database(members=members)), SETTINGS)[0]


def test_a_silent_region_is_one_thing_and_not_four() -> None:
    silence = "no answer (X)"
    changed = status(
        regions={**dict.fromkeys(REGIONS), STANDBY: silence},
        lags=(Measurement(STANDBY, problem=silence),),
        latch=(Measurement(STANDBY, problem=silence),),
        votes=(vote(HOME), vote(STANDBY, Verdict.UNKNOWN), vote(WITNESS)),
    )
    assert problems(changed, SETTINGS) == (f"{STANDBY}: {silence}",)
    down = replace(changed, votes=(vote(HOME), vote(STANDBY, Verdict.DOWN), vote(WITNESS)))
    assert len(problems(down, SETTINGS)) == 2


def test_without_a_record_nothing_is_said_about_latch_and_checks() -> None:
    changed = status(
        decision=None,
        latch=tuple(Measurement(region, 0.0, 1.0) for region in REGIONS),
        database=None,
    )
    assert len(problems(changed, SETTINGS)) == 2


def test_the_trail_must_end_in_the_record() -> None:
    note = Note(NOW, "test", "armed")
    ended = link([], RECORD, RECORD, note)
    ticked = replace(RECORD, version=9, last_bad_at=NOW)
    assert trail_problems(ticked, [ended]) == ()
    assert trail_problems(replace(RECORD, armed=False), [ended]) == (
        "the record is not what its last entry (1) left",
    )
    assert trail_problems(replace(RECORD, version=0), []) == ()
    assert trail_problems(RECORD, []) == ("the record was written, but its trail is empty",)


def test_a_difference_says_what_becomes_of_it() -> None:
    found = status(drift=(Drift(HOME, "Port", 1, 2), Drift(HOME, "EngineVersion", "a", "b", False)))
    assert problems(found, SETTINGS) == (
        f"{HOME}: Port is 1, the program says 2; the next pulumi up changes it",
        f"{HOME}: EngineVersion is a, the program says b; the program leaves it alone",
    )
    assert (found.quiet, status().quiet, status(drift=()).quiet) == (False, None, True)


def test_dns_must_lead_to_the_writer_where_it_answers() -> None:
    led = DnsReport("db", "somebody", ("x",), STANDBY)
    assert problems(status(dns=led), SETTINGS) == (f"db leads to {STANDBY}, the writer is {HOME}",)
    for fine in (replace(led, region=HOME), replace(led, region=None)):
        assert problems(status(dns=fine), SETTINGS) == ()


def test_a_headless_standby_misses_no_instance() -> None:
    headless = load({"database": {"headlessStandby": True}, "failover": {"mode": "approve"}})
    home, standby = database().members
    seen = status(database=database(members=(home, replace(standby, instances=0))))
    assert not any("has no instance" in line for line in problems(seen, headless))
    assert any("has no instance" in line for line in problems(seen, SETTINGS))
