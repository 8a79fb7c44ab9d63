"""The shipped decision takes the time that the closed forms predict, over random phases."""

from __future__ import annotations

import math
import random
import statistics
from dataclasses import replace

from bicoastal.failover import decision
from bicoastal.failover.detection import confidence
from bicoastal.failover.detection.prediction import predict
from bicoastal.failover.state import Gather, Record, State

from .fakes import POLICY, armed, evidence

LOST_AT, LOOK_S = 5_000.0, 2.0
# 25 s of grace: with a multiple of T the last round would come at the very end of the window,
# and rounding would decide whether it counts.
SLOW = replace(POLICY, threshold=7, grace_s=25.0)


def fail_over(phase_s: float) -> tuple[float, float]:
    """Seconds from the loss to the first bad round, and to the promotion."""
    record: Record = armed(State.STEADY)
    asked_at = LOST_AT + phase_s
    noticed_s = math.nan
    while record.state is not State.PROMOTING:
        now = asked_at + LOOK_S
        step = decision.step(record, evidence(now, "DDD"), now, SLOW)
        if math.isnan(noticed_s) and step.record.bad_rounds:
            noticed_s = now - LOST_AT
        again = any(isinstance(action, Gather) for action in step.actions)
        asked_at = now if again else asked_at + SLOW.interval_s
        record = step.record
    return noticed_s, now - LOST_AT


def test_detection_agrees_with_the_closed_form_over_random_phases() -> None:
    dice = random.Random(7)
    runs = [fail_over(dice.uniform(0, SLOW.interval_s)) for _ in range(60)]
    expected = predict(
        interval_s=SLOW.interval_s,
        threshold=SLOW.threshold,
        grace_s=SLOW.grace_s,
        timeout_s=LOOK_S,
    )
    noticed, acted = zip(*runs, strict=True)
    for measured, form in ((noticed, expected.noticed), (acted, expected.acted)):
        assert form.minimum_s <= min(measured) <= max(measured) <= form.maximum_s
        error = statistics.stdev(measured) / math.sqrt(len(measured))
        assert abs(statistics.fmean(measured) - form.mean_s) <= 3 * error
        distance = confidence.distance(measured, form.minimum_s, form.maximum_s)
        assert distance < confidence.distance_allowed(len(measured))
