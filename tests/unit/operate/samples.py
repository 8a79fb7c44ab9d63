"""A healthy stack's status and record, to be changed by the tests."""

from __future__ import annotations

from bicoastal.failover.audit import Entry, Note, link
from bicoastal.failover.state import Record, State
from bicoastal.failover.votes import Depth, Verdict, Vote
from bicoastal.operate.report import (
    CheckReport,
    DatabaseReport,
    Measurement,
    MemberReport,
    RecordReport,
    Status,
)
from bicoastal.settings import Settings, load

HOME, STANDBY, WITNESS = "us-east-1", "us-west-2", "us-east-2"
REGIONS = (HOME, STANDBY, WITNESS)
SETTINGS: Settings = load({})
NOW = 1_700_000_000.0
RECORD = Record("global-dev", HOME, version=3, state=State.STEADY, since=NOW - 7200, armed=True)


def arn(region: str) -> str:
    code = {HOME: "use1", STANDBY: "usw2"}[region]
    return f"arn:aws:rds:{region}:123456789012:cluster:aurora-{code}-dev"


def entry(record: Record = RECORD) -> Entry:
    return link([], record, record, Note(NOW - 60, "someone", "because [of] it"))


def database(**changes: object) -> DatabaseReport:
    members = (
        MemberReport(HOME, arn(HOME), "writer", "connected", "available", 1),
        MemberReport(STANDBY, arn(STANDBY), "standby", "connected", "available", 1),
    )
    values: dict[str, object] = {
        "asked": STANDBY, "status": "available", "failover": None, "members": members,
    }  # fmt: skip
    return DatabaseReport(**{**values, **changes})  # type: ignore[arg-type]  # a test's shorthand


def vote(witness: str = HOME, verdict: Verdict = Verdict.UP, **changes: object) -> Vote:
    return Vote(witness, HOME, verdict, Depth.GREETING, "greeting", **changes)  # type: ignore[arg-type]  # likewise


def status(**changes: object) -> Status:
    values: dict[str, object] = {
        "cluster": "global-dev",
        "at": NOW,
        "regions": dict.fromkeys(REGIONS),
        "database": database(),
        "decision": RecordReport(STANDBY, RECORD, entry()),
        "lags": (Measurement(STANDBY, 0.4, 20.0),),
        "votes": tuple(vote(region) for region in REGIONS),
        "checks": (CheckReport("latch-dev", True, "3 of 3"),),
        "latch": tuple(Measurement(region, 1.0, 5.0) for region in REGIONS),
    }
    return Status(**{**values, **changes})  # type: ignore[arg-type]  # likewise
