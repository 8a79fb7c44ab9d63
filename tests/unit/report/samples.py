"""Records with everything that a report shows, made from the sample of all unit tests."""

from __future__ import annotations

import dataclasses
from typing import Any

from bicoastal.failover.audit import Note, link
from bicoastal.failover.state import Record, State
from bicoastal.lab.drill.report import DrillReport, RecoveryTime, RegionWrites, WriteSeries

FAULT_AT = 1_000_000.0
HOME, STANDBY, WITNESS = "us-east-1", "us-west-2", "us-east-2"
PACE = 20.0
# T = 10 s at pace 20 is 0.5 s, the window of 6 rounds and 30 s of grace is 4.5 s: ten rounds.
FIRST_BAD_S, LOOK_S = 0.3, 0.1
FAILOVER = {"probeIntervalS": 10, "threshold": 7, "graceS": 30}


def whole(report: DrillReport, **changes: Any) -> DrillReport:
    """The sample with a fault's time, an audit trail, rounds and the writes over time."""
    values: dict[str, Any] = {
        "fault_at": FAULT_AT,
        "pace": PACE,
        "settings": {"environmentSuffix": "dev", "failover": FAILOVER},
        "audit": audit(),
        "rounds": rounds(),
        "series": series(),
    }
    return report.model_copy(update={**values, **changes})


def lasting(report: DrillReport, total_s: float) -> DrillReport:
    """The sample with an outage of this length."""
    parts = RecoveryTime(
        total_s=total_s,
        detect_s=total_s * 0.1,
        decide_s=total_s * 0.5,
        promote_s=total_s * 0.2,
        redirect_s=total_s * 0.1,
        reconnect_s=total_s * 0.1,
        floor_s=total_s * 0.8,
        silence_s=total_s,
    )
    return report.model_copy(update={"recovery_time": parts})


def audit(first_bad_s: float = FIRST_BAD_S) -> list[dict[str, Any]]:
    """A hash-chained trail: armed, steady, suspect, claimed, promoting, redirecting, cooling."""
    first_bad_at = FAULT_AT + first_bad_s
    steps: tuple[tuple[float, State, dict[str, Any]], ...] = (
        (-3.0, State.OBSERVE, {"armed": True}),
        (-2.0, State.STEADY, {}),
        (first_bad_s, State.SUSPECT, {"first_bad_at": first_bad_at}),
        (first_bad_s + 4.5, State.FENCING, {}),
        (first_bad_s + 4.7, State.PROMOTING, {"epoch": 2}),
        (first_bad_s + 7.0, State.REDIRECTING, {}),
        (first_bad_s + 8.0, State.COOLDOWN, {}),
    )
    trail: list[str] = []
    entries = []
    record = Record("global-dev", HOME)
    for at_s, state, changes in steps:
        at = FAULT_AT + at_s
        after = dataclasses.replace(record, state=state, version=record.version + 1, **changes)
        who, why = f"controller/{STANDBY}", f"now <{state}>"
        note = Note(at, who, why, _evidence(at), ("Act",), ("id-1",))
        entry = link(trail, record, after, note)
        trail.append(entry.to_json())
        entries.append(dataclasses.asdict(entry))
        record = after
    return entries


def _evidence(at: float) -> dict[str, Any]:
    lag = 0.02 if at > FAULT_AT else None
    return {"taken_at": at, "lag_s": lag, "votes": [{"witness": HOME, "age_s": LOOK_S}]}


def rounds() -> list[dict[str, Any]]:
    """Votes before and after the fault, and an invocation that failed."""
    up = dict.fromkeys((HOME, STANDBY, WITNESS), "UP greeting")
    down = dict.fromkeys((HOME, STANDBY), "DOWN connection refused")
    return [
        {"at": FAULT_AT - 1.0, "region": STANDBY, "state": "STEADY", "votes": up, "reason": "fine"},
        {
            "at": FAULT_AT + 0.2,
            "region": STANDBY,
            "state": "SUSPECT",
            "votes": {**down, WITNESS: "UNKNOWN no vote within 2 s"},
            "reason": "1 bad round",
        },
        {"at": FAULT_AT + 3.0, "region": HOME, "error": "throttled"},
    ]


def series() -> WriteSeries:
    """Four moments of a second: writes at home, refusals, nothing, writes in the standby."""
    return WriteSeries(
        start_s=-1.0,
        bin_s=1.0,
        regions=[
            RegionWrites(region="", acknowledged=[0] * 4, failed=[0, 1, 0, 0], unknown=[0] * 4),
            RegionWrites(
                region=HOME, acknowledged=[100, 0, 0, 0], failed=[0, 40, 0, 0], unknown=[0, 9, 0, 0]
            ),
            RegionWrites(
                region=STANDBY, acknowledged=[0, 0, 0, 50], failed=[0] * 4, unknown=[0] * 4
            ),
        ],
    )
