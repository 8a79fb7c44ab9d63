"""What is going on in the lab right now, on the time axis of the report."""

from __future__ import annotations

import contextlib
import dataclasses
import math
import threading
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from bicoastal.errors import BicoastalError, LabError
from bicoastal.failover.audit import Entry
from bicoastal.failover.config import GLOBAL_LAG
from bicoastal.failover.state import Record
from bicoastal.lab.aws import MemberStatus
from bicoastal.lab.drill.assembly import dns_answers
from bicoastal.lab.drill.report import LagSample, MemberState, Observations, TimelineEntry
from bicoastal.lab.drill.running import RunningLab
from bicoastal.lab.drill.series import BIN_S, write_series
from bicoastal.lab.history import Progress
from bicoastal.lab.network import PathStats
from bicoastal.lab.report.charts.timeline import View
from bicoastal.lab.report.seen import Mark

WINDOW_S = 60.0
"""Seconds that the page shows."""
LOOK_EVERY_S = 0.25
"""Seconds between two questions to DNS and record: the width of a moment in the chart."""
SIGHT_EVERY_S = 1.0
"""Seconds between two pictures of everything."""
PATIENCE_S = 30.0
"""Seconds that the embedded AWS may be silent until the lab is given up."""
_EVENTS = 15
_LAG_AGE_S = 5.0


@dataclass(frozen=True)
class Deed:
    """Something that was done by a button.

    Attributes:
        at: Seconds since the epoch.
        text: What was done, or why not.
        fault: Whether it was a fault.
    """

    at: float
    text: str
    fault: bool


@dataclass(frozen=True)
class Sight:
    """Everything at one moment.

    Attributes:
        at: Seconds since the epoch; second zero of what follows.
        seen: What the time line is drawn from.
        view: Which part of it is drawn.
        record: The decision record.
        progress: How the clients are doing.
        members: The members.
        paths: The network's paths.
        events: The latest events, newest first.
    """

    at: float
    seen: Observations
    view: View
    record: Record
    progress: Progress
    members: Sequence[MemberStatus]
    paths: Sequence[PathStats]
    events: Sequence[TimelineEntry]


class Watching:
    """Looks again and again.

    Args:
        running: The lab.
    """

    def __init__(self, running: RunningLab) -> None:
        self._running = running
        self._lock = threading.Lock()
        self._deeds: deque[Deed] = deque()
        self._lags: deque[tuple[float, float]] = deque()
        self._sight = self._look(time.time())
        self._answered_s = time.monotonic()

    @property
    def sight(self) -> Sight:
        """The latest picture."""
        return self._sight

    def note(self, deed: Deed) -> None:
        """Remember a deed; any thread may.

        Args:
            deed: What was done.
        """
        with self._lock:
            self._deeds.append(deed)
        self._running.recording.note("drill", deed.text, deed.at)

    def go_on(self, ended: threading.Event) -> None:
        """Look until something ends it: the event, or an exception such as Ctrl-C.

        Args:
            ended: Set it to end.

        Raises:
            LabError: The embedded AWS did not answer for `PATIENCE_S`.
        """
        due = time.monotonic()
        while not ended.wait(LOOK_EVERY_S):
            try:
                self._running.tell()
                if time.monotonic() >= due:
                    due = time.monotonic() + SIGHT_EVERY_S
                    self._sight = self._look(time.time())
                self._answered_s = time.monotonic()
            except (BicoastalError, ClientError, BotoCoreError) as error:
                # A busy machine may be late once: the page goes on with what was last known.
                if time.monotonic() - self._answered_s > PATIENCE_S:
                    raise LabError(f"the lab no longer answers: {error}") from error

    def _look(self, now: float) -> Sight:
        running, plan = self._running, self._running.lab.plan
        # Second zero lies on the grid of the series: its moments keep their writes from one
        # picture to the next, and the unfinished one is left out.
        zero = math.floor(now / BIN_S) * BIN_S
        since = zero - WINDOW_S
        members = running.lab.aws.members()
        with contextlib.suppress(ClientError, BotoCoreError):
            self._measure_lag(zero, members)
        ops = [op for op in running.writers.history.ops if since <= op.done_wall_s < zero]
        events = running.recording.timeline(zero)
        with self._lock:
            while self._deeds and self._deeds[0].at < since:
                self._deeds.popleft()
            marks = [Mark(d.at - zero, d.text, d.fault) for d in self._deeds]
        return Sight(
            at=zero,
            seen=Observations(
                fault_at=zero,
                timeline=[],
                recovery_time=None,
                series=write_series(ops, plan.member_of, zero),
                dns=dns_answers(running.narrator.answers, zero),
                audit=[dataclasses.asdict(each) for each in _recent(running.narrator.audit, since)],
                rounds=running.schedule.rounds(),
                lags=[LagSample(at_s=at - zero, lag_s=lag_s) for at, lag_s in self._lags],
                members=[_member(member) for member in members],
            ),
            view=View(-WINDOW_S, 0.0, "seconds before now", marks),
            record=running.store.read(),
            progress=running.writers.progress(),
            members=members,
            paths=running.lab.network.stats(),
            events=events[: -_EVENTS - 1 : -1],
        )

    def _measure_lag(self, now: float, members: Sequence[MemberStatus]) -> None:
        """Read what the standby's region published last."""
        while self._lags and self._lags[0][0] < now - WINDOW_S:
            self._lags.popleft()
        for member in members:
            if member.role == "standby":
                client = self._running.lab.client("cloudwatch", member.region)
                points = _points(client, member.cluster_id, now)
                if points:
                    last = max(points, key=lambda point: point["Timestamp"])
                    self._lags.append((now, last["Maximum"] / 1000))


def _recent(audit: Sequence[Entry], since: float) -> Sequence[Entry]:
    """The entries of the window, and the one before, whose state still held when it began."""
    before = sum(entry.at < since for entry in audit)
    return audit[max(0, before - 1) :]


def _points(client: Any, cluster: str, now: float) -> list[dict[str, Any]]:
    end = datetime.fromtimestamp(now, UTC)
    found: list[dict[str, Any]] = client.get_metric_statistics(
        Namespace="AWS/RDS",
        MetricName=GLOBAL_LAG,
        Dimensions=[{"Name": "DBClusterIdentifier", "Value": cluster}],
        StartTime=end - timedelta(seconds=_LAG_AGE_S),
        EndTime=end,
        Period=1,
        Statistics=["Maximum"],
    )["Datapoints"]
    return found


def _member(member: MemberStatus) -> MemberState:
    return MemberState(
        region=member.region,
        role=member.role,
        state=member.state,
        accepts_writes=member.role == "writer" and member.process == "running",
        detail=member.error or "",
    )
