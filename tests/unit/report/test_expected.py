"""Predicted and measured detection."""

from __future__ import annotations

import pytest

from bicoastal.lab.report.expected import at_full_pace, detection

from .samples import FIRST_BAD_S, LOOK_S, audit, whole


def test_the_closed_form_is_held_against_the_audit_trail(report) -> None:
    found = detection(whole(report))
    assert found is not None
    assert found.interval_s == 0.5
    assert found.phase_s == pytest.approx(FIRST_BAD_S - LOOK_S)
    assert found.noticed.measured_s == pytest.approx(FIRST_BAD_S)
    assert found.noticed.predicted.minimum_s == pytest.approx(LOOK_S)
    # Ten rounds half a second apart, the look of the first and the one after the claim.
    assert found.acted.predicted.minimum_s == pytest.approx(9 * 0.5 + 2 * LOOK_S)
    assert found.acted.measured_s == pytest.approx(FIRST_BAD_S + 4.7)
    assert found.noticed.outside_s == found.acted.outside_s == 0


@pytest.mark.parametrize(("first_bad_s", "outside_s"), ((0.05, -0.05), (0.9, 0.3)))
def test_what_lies_outside_is_told(report, first_bad_s: float, outside_s: float) -> None:
    found = detection(whole(report, audit=audit(first_bad_s)))
    assert found is not None
    assert found.noticed.outside_s == pytest.approx(outside_s)


def test_without_a_promotion_or_its_evidence_there_is_nothing_to_compare(report) -> None:
    trail = audit()
    assert detection(whole(report, audit=trail[:3])) is None
    assert detection(whole(report, audit=[{**trail[2], "evidence": None}, *trail[4:]])) is None
    assert detection(whole(report, fault_at=None)) is None
    assert detection(report) is None
    assert at_full_pace(report) is None
    odd = whole(report, settings={"failover": {"weather": 1}})
    assert at_full_pace(odd) is None


def test_the_same_settings_on_aws(report) -> None:
    prediction = at_full_pace(whole(report))
    assert prediction is not None
    assert (prediction.acted.minimum_s, prediction.acted.maximum_s) == (94, 104)
