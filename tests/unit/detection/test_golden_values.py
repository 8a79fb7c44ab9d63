"""Golden values of the closed forms: computed by hand, or from their published tables."""

from __future__ import annotations

import math

import pytest

from bicoastal.failover.detection import alarms, confidence, outages, timing, waiting, windows
from bicoastal.failover.detection.alarms import per_year
from bicoastal.failover.detection.prediction import (
    Events,
    false_failovers,
    predict,
    rate_in_words,
)


@pytest.mark.parametrize(
    ("interval_s", "fail_share", "expected"),
    (
        (5, 0.01, (62_500, 625, 6.25, 0.0625, 6.3e-4)),
        (10, 0.01, (31_200, 312, 3.12, 0.0312, 3.1e-4)),
        (30, 0.01, (10_400, 104, 1.04, 0.0104, 1.0e-4)),
        (10, 0.001, (3_150, 3.15, 3.15e-3, 3.2e-6, 3.2e-9)),
    ),
)
def test_alarms_of_one_observer(
    interval_s: float, fail_share: float, expected: tuple[float, ...]
) -> None:
    for threshold, alarms_per_year in enumerate(expected, start=1):
        rate = alarms.false_alarm_rate(fail_share, threshold, interval_s)
        assert per_year(rate) == pytest.approx(alarms_per_year, rel=0.05)


def test_chance_of_an_alarm_in_a_year_is_never_above_the_rate() -> None:
    assert alarms.chance_in_a_year(3.12) == pytest.approx(0.956, abs=0.001)
    assert alarms.chance_in_a_year(8.3e-5) == pytest.approx(8.3e-5, rel=1e-4)


def test_detection_time_of_one_observer() -> None:
    time = timing.fixed_schedule(10, 3, 4)
    assert (time.minimum_s, time.mean_s, time.maximum_s) == (24, 29, 34)
    assert time.deviation_s == pytest.approx(10 / math.sqrt(12))
    assert [time.cdf(t) for t in (23, 24, 26.5, 34, 50)] == [0, 0, 0.25, 1, 1]
    assert timing.fixed_schedule(10, 3, 4, grace_s=30).mean_s == 59


def test_waiting_after_each_reply_pays_every_time_out() -> None:
    time = timing.after_reply(10, 3, 4)
    assert time.mean_s == 37
    assert time.maximum_s == 3 * (10 + 4)


@pytest.mark.parametrize(
    ("form", "mean_s", "p95_s"), (("fixed_schedule", 32.2, 33.5), ("after_reply", 40.2, 41.5))
)
def test_route53_with_sixteen_checkers(form: str, mean_s: float, p95_s: float) -> None:
    quorum = alarms.checkers_to_fail(16)
    time = getattr(timing, form)(10, 3, 4, rank=quorum, observers=16)
    assert quorum == 14
    assert time.mean_s == pytest.approx(mean_s, abs=0.05)
    assert time.quantile(0.95) == pytest.approx(p95_s, abs=0.05)
    assert timing.fixed_schedule(30, 3, 4, rank=14, observers=16).mean_s == pytest.approx(
        88.7, abs=0.05
    )


@pytest.mark.parametrize(("fail_share", "probes"), ((0.5, 14), (0.8, 4.77), (1.0, 3)))
def test_probes_to_three_failures_of_a_half_broken_member(fail_share: float, probes: float) -> None:
    assert timing.probes_to_run(fail_share, 3) == pytest.approx(probes, abs=0.01)
    assert timing.mean_of_gray_failure(10, 4, probes) == 5 + (probes - 1) * 10 + 4


@pytest.mark.parametrize(
    ("interval_s", "quorum", "observers", "threshold", "alarms_per_year"),
    (
        (10, 2, 3, 2, 0.28),
        (10, 2, 3, 3, 8.3e-5),
        (5, 2, 3, 3, 1.7e-4),
        (10, 3, 5, 3, 3.0e-9),
    ),
)
def test_alarms_of_a_quorum_of_votes(
    interval_s: float, quorum: int, observers: int, threshold: int, alarms_per_year: float
) -> None:
    pi = alarms.round_failure(0.01, quorum, observers)
    rate = alarms.false_alarm_rate(pi, threshold, interval_s)
    assert per_year(rate) == pytest.approx(alarms_per_year, rel=0.02)


def test_alarms_of_a_quorum_of_states() -> None:
    rate = alarms.latched_alarm_rate(0.01, 3, 3, 10, quorum=2, observers=3)
    assert per_year(rate) == pytest.approx(5.7e-5, rel=0.02)
    alone = alarms.latched_alarm_rate(0.01, 3, 1, 10, quorum=1, observers=1)
    assert alone == pytest.approx(alarms.false_alarm_rate(0.01, 3, 10), rel=1e-9)


@pytest.mark.parametrize(
    ("failures", "window", "alarms_per_year"),
    ((3, 5, 18.4), (4, 6, 0.306), (5, 8, 0.0106), (6, 10, 3.8e-4)),
)
def test_alarms_of_k_of_n(failures: int, window: int, alarms_per_year: float) -> None:
    rate = windows.k_of_n_alarm_rate(0.01, failures, window, 10)
    assert per_year(rate) == pytest.approx(alarms_per_year, rel=0.02)


@pytest.mark.parametrize(
    ("failures", "window", "probes"), ((3, 5, 7.27), (3, 3, 14), (6, 10, 16.95), (6, 6, 126))
)
def test_probes_to_k_of_n(failures: int, window: int, probes: float) -> None:
    assert windows.probes_to_k_of_n(0.5, failures, window) == pytest.approx(probes, abs=0.01)


def test_probes_to_k_of_n_lie_between_their_bounds() -> None:
    for share in (0.05, 0.3, 0.9):
        exact = windows.probes_to_k_of_n(share, 3, 5)
        assert 3 / share <= exact <= timing.probes_to_run(share, 3)
    assert windows.probes_to_k_of_n(1.0, 3, 5) == 3


def test_bursts_on_one_path_and_on_two_of_three() -> None:
    rate = 12 / alarms.YEAR_S
    assert 12 * outages.mean_chance_to_trigger(20, 20, 10) == pytest.approx(3.5, rel=0.02)
    both = outages.overlap_rate(rate, 20, quorum=2, observers=3)
    needless = per_year(both) * outages.mean_chance_to_trigger(10, 20, 10)
    assert needless == pytest.approx(4.7e-5, rel=0.02)


@pytest.mark.parametrize(
    ("interval_s", "threshold", "grace_s", "total", "precision"),
    (
        (5, 2, 0, 6.0, 0.016),
        (5, 6, 30, 0.80, 0.11),
        (5, 10, 60, 0.11, 0.48),
        (5, 10, 120, 9.9e-3, 0.91),
        (10, 11, 120, 9.9e-4, 0.99),
    ),
)
def test_the_front_of_needless_failovers(
    interval_s: float, threshold: int, grace_s: float, total: float, precision: float
) -> None:
    needless = false_failovers(
        interval_s=interval_s,
        threshold=threshold,
        grace_s=grace_s,
        quorum=2,
        observers=3,
        events=Events(),
    )
    assert needless.total == pytest.approx(total, rel=0.02)
    assert needless.precision(0.1) == pytest.approx(precision, abs=0.006)


def test_the_causes_of_needless_failovers_and_nothing_at_all() -> None:
    needless = false_failovers(
        interval_s=5, threshold=2, grace_s=0, quorum=2, observers=3, events=Events()
    )
    assert needless.loss == pytest.approx(0.035, rel=0.02)
    assert needless.path == pytest.approx(2.6e-4, rel=0.02)
    assert needless.common == pytest.approx(5.9, rel=0.02)
    assert outages.FalseFailovers(0, 0, 0).precision(0) == 1


def test_how_long_to_wait_and_which_threshold_costs_least() -> None:
    acting = waiting.cost_of_acting_s(220, 5_000, 10)
    assert acting == 720
    assert waiting.best_wait_pareto_s(1.5, acting) == 1080
    assert waiting.best_wait_exponential_s(721, acting) == 0
    assert waiting.best_wait_exponential_s(719, acting) == math.inf
    threshold = waiting.best_threshold(
        fail_share=0.01,
        interval_s=10,
        losses_per_year=0.2,
        outage_cost_per_s=10,
        needless_cost=50_000,
    )
    assert threshold == pytest.approx(5.3, abs=0.05)


def test_how_many_runs_prove_a_quantile() -> None:
    assert [confidence.runs_needed(part) for part in (0.90, 0.95, 0.99)] == [29, 59, 299]
    assert confidence.quantile_bounded(59) == pytest.approx(0.9505, abs=1e-4)
    runs = [float(n) for n in range(93)]
    assert confidence.upper_bound(runs[:58], 0.95) is None
    assert confidence.upper_bound(runs[:59], 0.95) == 58  # the longest
    assert confidence.upper_bound(runs, 0.95) == 91  # of 93 the second longest is enough
    assert confidence.rate_bounded(100) == pytest.approx(3 / 100, rel=0.002)


def test_distance_from_the_uniform_distribution() -> None:
    assert confidence.distance([0.5], 0, 1) == 0.5
    assert confidence.distance([2, 4, 6, 8], 0, 10) == pytest.approx(0.2)
    assert confidence.distance([-1, 11], 0, 10) == 0.5
    assert confidence.distance_allowed(100) == pytest.approx(0.1358, rel=1e-4)


@pytest.mark.parametrize("runs", (30, 59, 1000))
def test_chance_gives_the_allowed_distance_once_in_twenty(runs: int) -> None:
    allowed = confidence.distance_allowed(runs)
    assert confidence.chance_of_distance(allowed, runs) == pytest.approx(0.05)
    assert confidence.chance_of_distance(0.0, runs) == 1.0


def test_prediction_for_the_controller() -> None:
    expected = predict(interval_s=10, threshold=7, grace_s=30, timeout_s=2)
    assert (expected.noticed.minimum_s, expected.noticed.maximum_s) == (2, 12)
    assert (expected.acted.minimum_s, expected.acted.maximum_s) == (94, 104)
    assert expected.needless.common == pytest.approx(0.18, rel=0.02)
    assert expected.precision == pytest.approx(0.357, abs=0.005)
    # Divided by a pace, 2 / (10 / 15) must still be three rounds.
    paced = predict(interval_s=10 / 15, threshold=7, grace_s=2, timeout_s=0.1)
    assert paced.acted.minimum_s == pytest.approx(6.2)


@pytest.mark.parametrize(
    ("rate", "words"),
    (
        (1e-30, "below the model's floor of 0.0001 a year"),
        (0.0196, "once in 51 years"),
        (0.18, "0.18 a year"),
    ),
)
def test_rates_in_words(rate: float, words: str) -> None:
    assert rate_in_words(rate) == words


@pytest.mark.parametrize(
    ("call", "words"),
    (
        (lambda: alarms.false_alarm_rate(1.5, 3, 10), "fail_share is 1.5"),
        (lambda: alarms.false_alarm_rate(0.5, 3, 0), "interval_s is 0"),
        (lambda: alarms.round_failure(0.5, 4, 3), "quorum is 4"),
        (lambda: alarms.latched_alarm_rate(1.0, 3, 3, 10, quorum=1, observers=1), "1 - fail_share"),
        (lambda: windows.probes_to_k_of_n(0.5, 3, 13), "window is 13"),
        (lambda: timing.fixed_schedule(10, 0, 1), "threshold is 0"),
        (lambda: timing.fixed_schedule(10, 1, 1).quantile(-0.1), "part is -0.1"),
        (lambda: confidence.runs_needed(1.0), "part is 1.0"),
        (lambda: waiting.cost_of_acting_s(1, 1, math.inf), "outage_cost_per_s is inf"),
    ),
)
def test_numbers_without_meaning_are_refused(call, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        call()
