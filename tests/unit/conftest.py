"""Samples that several unit tests share."""

from __future__ import annotations

from typing import Any

import pytest

from bicoastal.lab.drill.report import (
    Deployment,
    DnsAnswer,
    DrillReport,
    MemberState,
    Phase,
    RecoveryTime,
    Requirement,
    TimelineEntry,
    Write,
    Writes,
)


@pytest.fixture
def report() -> DrillReport:
    """A drill of a partition that lost seven writes and failed one requirement."""
    lost = [Write(client=n, seq=10 + n, id=f"row-{n}", at_s=-0.01 * n) for n in range(7)]
    values: dict[str, Any] = {
        "tool_version": "0.1.0",
        "started_at": "2026-11-24T06:00:00+00:00",
        "host": {"cores": "2"},
        "versions": {"mariadb": "10.11"},
        "fault": "partition",
        "armed": True,
        "dns_mode": "latch",
        "seed": 3,
        "pace": 20.0,
        "settings": {"environmentSuffix": "dev"},
        "limits": ["MariaDB is not Aurora"],
        "deployment": Deployment(resources=122, by_type={}, by_region={}),
        "phases": [Phase(name="start", seconds=0.5)],
        "timeline": [TimelineEntry(at_s=0.0, source="drill", text="every path cut")],
        "recovery_time": RecoveryTime(
            total_s=10.0,
            detect_s=1.0,
            decide_s=5.0,
            promote_s=2.0,
            redirect_s=1.5,
            reconnect_s=0.5,
            floor_s=6.5,
            silence_s=10.1,
        ),
        "writes": Writes(
            attempted=1000,
            acknowledged=900,
            failed=80,
            unknown=20,
            lost=lost,
            phantom=[],
            duplicates=[],
            divergent=lost,
            divergent_acknowledged=7,
            rpo_s=0.06,
            tail_only=True,
        ),
        "dns": [
            DnsAnswer(at_s=-5.0, region="us-east-1", answer="127.0.0.1"),
            DnsAnswer(at_s=9.5, region="us-west-2", answer="127.0.0.2"),
        ],
        "health_checks": {},
        "audit": [],
        "rounds": [],
        "failovers": [],
        "members": [
            MemberState(
                region="us-east-1",
                role="standby",
                state="available",
                accepts_writes=False,
                detail="read only",
            )
        ],
        "requirements": [
            Requirement(id="steady-state", promise="p1", outcome="pass", observed="100 %"),
            Requirement(id="nothing-left", promise="p2", outcome="fail", observed="1 left"),
            Requirement(id="dns-never-back", promise="p3", outcome="not promised", observed="back"),
        ],
        "verdict": "fail",
    }
    return DrillReport(**values)
