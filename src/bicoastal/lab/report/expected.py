"""The closed forms of detection held against what a drill measured. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bicoastal.failover.detection.prediction import Prediction, predict
from bicoastal.failover.detection.timing import DetectionTime
from bicoastal.lab.drill.report import DrillReport
from bicoastal.settings.models import Failover


@dataclass(frozen=True)
class Measured:
    """One time, predicted and measured, in seconds of the drill's pace.

    Attributes:
        name: What it is.
        predicted: The closed form, with the time that the votes really took.
        measured_s: What the drill measured.
    """

    name: str
    predicted: DetectionTime
    measured_s: float

    @property
    def outside_s(self) -> float:
        """By how much the measurement lies below (negative) or above the predicted range."""
        low, high = self.predicted.minimum_s, self.predicted.maximum_s
        return min(0.0, self.measured_s - low) + max(0.0, self.measured_s - high)


@dataclass(frozen=True)
class Detection:
    """How a loss was detected.

    Attributes:
        noticed: Until the first bad round of the run that led to the promotion.
        acted: Until the claim was confirmed.
        phase_s: U, from the fault to the round that noticed it.
        interval_s: T, in seconds of the drill's pace.
    """

    noticed: Measured
    acted: Measured
    phase_s: float
    interval_s: float


def detection(record: DrillReport) -> Detection | None:
    """Compare prediction and measurement.

    Args:
        record: The drill's record.

    Returns:
        The comparison; None if nobody was promoted or the record does not tell enough.
    """
    failover = _failover(record)
    intent = next((e for e in record.audit if e["to_state"] == "PROMOTING"), None)
    if record.fault_at is None or failover is None or intent is None:
        return None
    noticed_at = intent["before"]["first_bad_at"]
    first = next((e for e in record.audit if _taken_at(e) == noticed_at), None)
    if first is None:
        return None
    interval_s = failover.probe_interval_s / record.pace
    looked_s, confirmed_s = _votes_took(first), _votes_took(intent)
    forms = predict(
        interval_s=interval_s,
        threshold=failover.threshold,
        grace_s=failover.grace_s / record.pace,
        timeout_s=looked_s,
        confirming_s=confirmed_s,
    )
    return Detection(
        noticed=Measured("first bad round", forms.noticed, noticed_at - record.fault_at),
        acted=Measured("promotion asked for", forms.acted, intent["at"] - record.fault_at),
        phase_s=noticed_at - record.fault_at - looked_s,
        interval_s=interval_s,
    )


def at_full_pace(record: DrillReport) -> Prediction | None:
    """What the closed forms say of the same settings on AWS, with a probe that times out.

    Args:
        record: The drill's record.

    Returns:
        The prediction, with the assumptions of `Events`; None if the record does not tell enough.
    """
    failover = _failover(record)
    if failover is None:
        return None
    return predict(
        interval_s=failover.probe_interval_s,
        threshold=failover.threshold,
        grace_s=failover.grace_s,
        timeout_s=failover.probe_timeout_s,
    )


def _failover(record: DrillReport) -> Failover | None:
    try:
        return Failover.model_validate(record.settings["failover"])
    except (KeyError, ValueError):  # a record of another version, or no whole one
        return None


def _taken_at(entry: Mapping[str, Any]) -> float | None:
    return entry["evidence"]["taken_at"] if entry["evidence"] else None


def _votes_took(entry: Mapping[str, Any]) -> float:
    """From asking the witnesses to having their votes, as the controller measured it."""
    return max((vote["age_s"] for vote in entry["evidence"]["votes"]), default=0.0)
