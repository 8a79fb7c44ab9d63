"""What a status looks like: the answer first."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from rich.console import Console

from bicoastal.cli.status_view import ago, print_status
from bicoastal.failover.state import State
from bicoastal.failover.votes import Verdict
from bicoastal.operate.report import (
    CheckReport,
    DnsReport,
    Drift,
    Measurement,
    MemberReport,
    RecordReport,
    Status,
)

from .samples import HOME, NOW, RECORD, STANDBY, arn, database, status, vote


def shown(found: Status) -> str:
    stream = io.StringIO()
    print_status(found, Console(file=stream, highlight=False, soft_wrap=True))
    return stream.getvalue()


def test_a_well_stack() -> None:
    text = shown(status())
    first, _, third, *_ = text.splitlines()
    assert first == "global-dev  all is well  2023-11-14 22:13:20Z"
    assert third.startswith("record   STEADY, for 2 h, armed, epoch 1, writer us-east-1, latch 1")
    assert "last failover never" in text
    assert "by someone: because [of] it" in text
    assert "member   us-west-2  standby  available, connected, instances: 1" in text
    assert "lag      us-west-2  0.4 s  measured 20 s ago" in text


def test_a_lost_region() -> None:
    found = status(
        problems=("one [thing]", "another"),
        regions={HOME: "no answer (X)", STANDBY: None},
        database=database(
            failover="failing-over to x",
            members=(MemberReport(HOME, arn(HOME), "writer"),),
        ),
        decision=RecordReport(
            STANDBY,
            replace(
                RECORD,
                state=State.OBSERVE,
                since=0.0,
                armed=False,
                maintenance_until=NOW + 60,
                acknowledged=False,
                last_failover_at=NOW,
            ),
            None,
        ),
        lags=(Measurement(STANDBY, problem="nothing"),),
        votes=(vote(HOME, Verdict.DOWN),),
        checks=(CheckReport("latch-dev", False, "0 of 3"),),
        checks_problem="no answer (Y)",
    )
    text = shown(found)
    assert "global-dev  2 things are wrong" in text
    assert "! one [thing]" in text
    assert "record   OBSERVE, not armed, in maintenance until 2023-11-14 22:14:20Z" in text
    assert "last failover 2023-11-14 22:13:20Z, not acknowledged" in text
    assert "last entry" not in text
    assert "available, failing-over to x" in text
    assert "writer   no answer, sync unknown, instances: ?" in text
    assert "lag      us-west-2  unknown: nothing" in text
    assert "check    Route 53: no answer (Y)" in text
    assert "region   us-east-1: no answer (X)" in text


def test_when_nobody_tells_anything() -> None:
    text = shown(status(problems=("all",), database=None, decision=None))
    assert "1 thing is wrong" in text
    assert "record   unknown" in text
    assert "members  unknown" in text


@pytest.mark.parametrize(
    ("age_s", "text"), ((0, "0 s"), (119, "119 s"), (120, "2 min"), (7200, "2 h"), (172800, "2 d"))
)
def test_ages(age_s: float, text: str) -> None:
    assert ago(age_s) == text


def test_what_dns_answers_and_what_the_program_would_do() -> None:
    answer = DnsReport("db", "somebody", ("x", "10.0.0.1"), HOME)
    text = shown(status(dns=answer, drift=()))
    assert "dns      db  x 10.0.0.1, that is us-east-1  (asked somebody)" in text
    assert "program  quiet" in text
    silent = DnsReport("db", "somebody", problem="no answer")
    text = shown(status(dns=silent, drift=(Drift(HOME, "Port", 1, 2),)))
    assert "dns      db  no answer  (asked somebody)" in text
    assert "program  not quiet" in text
    assert "program  unknown" in shown(status())
