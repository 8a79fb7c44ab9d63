"""Each closed form against a simulation of what it describes, within three standard errors.

The seeds are fixed: a run is the same every time.
"""

from __future__ import annotations

import itertools
import math
import random
import statistics
from collections.abc import Callable, Sequence

import pytest

from bicoastal.failover.detection import alarms, confidence, outages, timing, waiting, windows

RUNS = 4_000


def agrees(samples: Sequence[float], expected: float) -> bool:
    """The mean lies within three standard errors of the expectation."""
    error = statistics.stdev(samples) / math.sqrt(len(samples))
    return abs(statistics.fmean(samples) - expected) <= 3 * error


def first_run(dice: random.Random, fails: Callable[[], bool], failures: int, window: int) -> int:
    """How many probes it takes until k of the last n have failed."""
    seen: list[bool] = []
    while True:
        seen.append(fails())
        if sum(seen[-window:]) >= failures:
            return len(seen)


@pytest.mark.parametrize("waits", (False, True))
def test_detection_time(waits: bool) -> None:
    dice = random.Random(1)
    interval_s, threshold, timeout_s = 10.0, 3, 4.0
    samples = []
    for _ in range(RUNS):
        now = dice.uniform(0, interval_s)  # the first probe after the loss
        for left in reversed(range(threshold)):
            now += timeout_s if waits or left == 0 else 0
            now += interval_s if left else 0
        samples.append(now)
    form = timing.after_reply if waits else timing.fixed_schedule
    expected = form(interval_s, threshold, timeout_s)
    assert agrees(samples, expected.mean_s)
    assert statistics.stdev(samples) == pytest.approx(expected.deviation_s, rel=0.05)


def test_detection_time_of_a_quorum_that_is_not_in_step() -> None:
    dice = random.Random(2)
    expected = timing.fixed_schedule(10, 3, 4, rank=2, observers=3)
    samples = [24 + sorted(dice.uniform(0, 10) for _ in range(3))[1] for _ in range(RUNS)]
    assert agrees(samples, expected.mean_s)
    assert statistics.stdev(samples) == pytest.approx(expected.deviation_s, rel=0.05)
    assert agrees([sample <= 27 for sample in samples], expected.cdf(27))
    most_s = expected.quantile(0.9)
    assert agrees([sample <= most_s for sample in samples], 0.9)


@pytest.mark.parametrize(("failures", "window"), ((3, 3), (3, 5), (4, 6)))
def test_probes_until_a_gray_failure_is_seen(failures: int, window: int) -> None:
    dice = random.Random(3)
    samples = [
        float(first_run(dice, lambda: dice.random() < 0.5, failures, window)) for _ in range(RUNS)
    ]
    assert agrees(samples, windows.probes_to_k_of_n(0.5, failures, window))
    if failures == window:
        assert agrees(samples, timing.probes_to_run(0.5, failures))


@pytest.mark.parametrize(("quorum", "observers"), ((1, 1), (2, 3), (3, 3)))
def test_alarms_of_votes_in_rounds(quorum: int, observers: int) -> None:
    dice = random.Random(4)
    threshold, fail_share, rounds = 2, 0.3, 500
    samples = []
    for _ in range(300):
        run = entered = 0
        for _ in range(rounds):
            bad = sum(dice.random() < fail_share for _ in range(observers)) >= quorum
            run = run + 1 if bad else 0
            entered += run == threshold
        samples.append(entered / rounds)
    pi = alarms.round_failure(fail_share, quorum, observers)
    assert agrees(samples, alarms.false_alarm_rate(pi, threshold, 1.0))


def test_alarms_of_k_of_n() -> None:
    dice = random.Random(5)
    failures, window, fail_share, probes = 3, 5, 0.2, 500
    samples = []
    for _ in range(300):
        seen = [dice.random() < fail_share for _ in range(probes + window)]
        full = [sum(seen[i : i + window]) >= failures for i in range(probes + 1)]
        entered = sum(now and not before for before, now in itertools.pairwise(full))
        samples.append(entered / probes)
    assert agrees(samples, windows.k_of_n_alarm_rate(fail_share, failures, window, 1.0))


def test_alarms_of_states_that_are_not_in_step() -> None:
    dice = random.Random(6)
    threshold, recovery, fail_share, quorum, observers = 2, 2, 0.3, 2, 3
    probes = 500
    samples = []
    for _ in range(300):
        down, runs = [False] * observers, [0] * observers
        crossings = 0
        for turn in range(probes * observers):
            one = turn % observers  # they take turns: never at the same time
            failed = dice.random() < fail_share
            runs[one] = runs[one] + 1 if failed != down[one] else 0
            if runs[one] == (recovery if down[one] else threshold):
                down[one], runs[one] = not down[one], 0
                crossings += down[one] and sum(down) == quorum
        samples.append(crossings / probes)
    expected = alarms.latched_alarm_rate(
        fail_share, threshold, recovery, 1.0, quorum=quorum, observers=observers
    )
    assert agrees(samples, expected)


def test_outages_that_outlast_the_window() -> None:
    dice = random.Random(7)
    window_s, interval_s, mean_s = 20.0, 10.0, 25.0

    def triggers(length_s: float) -> float:
        first = dice.uniform(0, interval_s)
        return float(first + window_s <= length_s)

    assert agrees(
        [triggers(26) for _ in range(RUNS)], outages.chance_to_trigger(26, window_s, interval_s)
    )
    assert agrees(
        [triggers(dice.expovariate(1 / mean_s)) for _ in range(RUNS)],
        outages.mean_chance_to_trigger(mean_s, window_s, interval_s),
    )


def test_bursts_that_overlap() -> None:
    dice = random.Random(8)
    rate, mean_s, paths, span_s = 0.002, 5.0, 3, 400_000.0
    edges = []
    for path in range(paths):
        now = 0.0
        while (now := now + dice.expovariate(rate)) < span_s:
            edges.append((now, path, 1))
            now += dice.expovariate(1 / mean_s)
            edges.append((now, path, -1))
    active, began, lengths = 0, 0.0, []
    for at, _, change in sorted(edges):
        if active == 1 and change == 1:
            began = at
        if active == 2 and change == -1:
            lengths.append(at - began)
        active += change
    expected = outages.overlap_rate(rate, mean_s, quorum=2, observers=paths) * span_s
    # On and off bursts come a little less often than "gamma B much less than 1" has it.
    assert abs(len(lengths) - expected * (1 - 3 * rate * mean_s)) <= 3 * math.sqrt(expected)
    assert agrees(lengths, mean_s / 2)


def test_the_best_wait_is_best() -> None:
    """J(D) by numeric integration, for a Pareto tail: no other wait costs less."""
    alpha, scale, acting_s = 1.5, 60.0, 720.0

    def survives(t: float) -> float:
        return min(1.0, (scale / t) ** alpha) if t else 1.0

    steps = [float(t) for t in range(4_000)]
    costs, area = [], 0.0
    for t in steps:
        costs.append(area + survives(t) * acting_s)
        area += survives(t + 0.5)
    best = steps[costs.index(min(costs))]
    assert best == pytest.approx(waiting.best_wait_pareto_s(alpha, acting_s), abs=5)


def test_the_threshold_that_costs_least() -> None:
    def cost(threshold: float) -> float:
        needless = alarms.per_year((1 - 0.01) * 0.01**threshold / 10) * 50_000
        return 0.2 * threshold * 10 * 10 + needless

    best = waiting.best_threshold(
        fail_share=0.01,
        interval_s=10,
        losses_per_year=0.2,
        outage_cost_per_s=10,
        needless_cost=50_000,
    )
    assert cost(best) < min(cost(best - 0.05), cost(best + 0.05))


def test_the_bound_of_a_quantile_holds_as_often_as_it_says() -> None:
    dice = random.Random(9)
    held = []
    for _ in range(RUNS):
        bound = confidence.upper_bound([dice.random() for _ in range(59)], 0.95)
        held.append(float(bound is not None and bound >= 0.95))
    assert agrees(held, 1 - 0.95**59)


def test_the_distance_is_exceeded_as_seldom_as_it_says() -> None:
    dice = random.Random(10)
    allowed = confidence.distance_allowed(40)
    exceeded = [
        float(confidence.distance([dice.random() for _ in range(40)], 0, 1) > allowed)
        for _ in range(RUNS)
    ]
    assert 0.03 < statistics.fmean(exceeded) < 0.055
