"""A lab of stand-ins, as the live page sees it."""

from __future__ import annotations

import time
from contextlib import nullcontext
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from bicoastal.failover.audit import Note, link
from bicoastal.failover.state import Record, State
from bicoastal.lab.aws import MemberStatus
from bicoastal.lab.aws.config import client_variables
from bicoastal.lab.drill.options import DrillOptions
from bicoastal.lab.drill.recording import Recording, Silent
from bicoastal.lab.drill.stage import Stage
from bicoastal.lab.history import History, Op, Outcome
from bicoastal.lab.network import AddressPlan, PathStats
from bicoastal.lab.route53 import AnswerChange
from bicoastal.settings import load

HOME, STANDBY, THIRD = "us-east-1", "us-west-2", "us-east-2"
PLAN = AddressPlan("127.81.9", ("clients", THIRD), (HOME, STANDBY))
PASSWORD = "the-password"


def member(region: str, **changes: Any) -> MemberStatus:
    values: dict[str, Any] = {
        "region": region,
        "cluster_id": f"aurora-{region}",
        "arn": "arn",
        "endpoint": "name",
        "socket": Path("/socket"),
        "pid": 7,
        "role": "writer" if region == HOME else "standby",
        "state": "available",
        "process": "running",
        "volume": "v1",
        "error": None,
    }
    return MemberStatus(**{**values, **changes})


def path(region: str, state: str = "open", source: str = "clients") -> PathStats:
    return PathStats(source, region, PLAN.address(source, region), state, 1.0, 1, 1, 9, 9)


def record(**changes: Any) -> Record:
    return Record(**{"cluster": "global-dev", "writer": HOME, "state": State.STEADY, "armed": True,
                     **changes})  # fmt: skip


def op(ago_s: float, region: str = HOME, outcome: Outcome = "ok") -> Op:
    """A write that ended some seconds ago."""
    done, wall = time.monotonic() - ago_s, time.time() - ago_s
    address = PLAN.address("clients", region)
    return Op(0, 1, "row", outcome, "write", address, 0, "", done, done, wall, wall)


def audit(*steps: tuple[float, State]) -> list[Any]:
    """A trail: seconds ago, and the state that began then."""
    trail: list[str] = []
    entries, before = [], record(state=State.OBSERVE)
    for ago_s, state in steps:
        after = record(state=state, version=before.version + 1)
        entry = link(trail, before, after, Note(time.time() - ago_s, "test", f"now {state}"))
        trail.append(entry.to_json())
        entries.append(entry)
        before = after
    return entries


class Lab:
    """What `Watching`, `Presses` and `page` ask; change what it answers with."""

    def __init__(self, folder: Path) -> None:
        self.members = [member(HOME), member(STANDBY)]
        self.paths = [path(HOME), path(STANDBY)]
        self.record = record()
        self.history = History([op(2.0), op(1.5, outcome="fail"), op(1.0, STANDBY)])
        self.audit = audit((300.0, State.OBSERVE), (200.0, State.STEADY), (5.0, State.SUSPECT))
        self.rounds = [{"at": time.time() - 3, "votes": {THIRD: "DOWN refused"}}]
        self.lag_ms: float | None = 250.0
        self.asked: list[Any] = []
        self.told = 0
        settings = load({})
        environment: Any = SimpleNamespace(
            plan=PLAN,
            password=PASSWORD,
            workspace=SimpleNamespace(path=folder),
            network=SimpleNamespace(stats=lambda: self.paths),
            route53=SimpleNamespace(address=("127.81.9.1", 5353)),
            aws=SimpleNamespace(
                members=lambda: self.members,
                variables=client_variables("http://127.0.0.1:4566", 10.0),
            ),
            client=lambda service, region: SimpleNamespace(get_metric_statistics=self._points),
        )
        store: Any = SimpleNamespace(read=lambda: self.record)
        self.stage = Stage(environment, settings, 10.0, {}, {}, store)
        self.running: Any = SimpleNamespace(
            lab=environment,
            settings=settings,
            options=DrillOptions(pace=10.0),
            stage=self.stage,
            store=store,
            recording=Recording(Silent()),
            tell=self._tell,
            writers=SimpleNamespace(history=self.history, progress=self.history.progress),
            narrator=SimpleNamespace(audit=self.audit, answers=[answer(400.0, HOME)]),
            schedule=SimpleNamespace(rounds=lambda: self.rounds),
            started=nullcontext,
        )

    def _tell(self) -> None:
        self.told += 1

    def _points(self, **asked: Any) -> dict[str, Any]:
        self.asked.append(asked)
        if self.lag_ms is None:
            return {"Datapoints": []}
        now = datetime.now(UTC)
        older = datetime.fromtimestamp(0, UTC)
        return {
            "Datapoints": [
                {"Timestamp": now, "Maximum": self.lag_ms},
                {"Timestamp": older, "Maximum": 1.0},
            ]
        }


def answer(ago_s: float, region: str) -> AnswerChange:
    address = PLAN.address("clients", region)
    at = time.time() - ago_s
    return AnswerChange("db.example.com.", "A", "NOERROR", (), address, region, at, 0.0)
