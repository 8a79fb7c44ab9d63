"""After a deployment nobody is trusted until all was seen to be well again."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bicoastal.failover import guards
from bicoastal.failover.decision import step
from bicoastal.failover.state import Page, Policy, State

from .fakes import HOME, POLICY, STANDBY, armed, config, evidence

NOW = 1000.0
NEW = replace(POLICY, deployment="new")
OLD = {"deployment": "old"}


def test_the_fingerprint_is_the_same_in_both_regions_and_follows_code_and_configuration() -> None:
    one = replace(config(STANDBY), code="a")
    other = replace(config(HOME), code="a", topic_arn="arn:another")
    assert one.deployment == other.deployment
    assert Policy.of(one).deployment == one.deployment
    assert replace(one, code="b").deployment != one.deployment
    assert replace(one, threshold=9).deployment != one.deployment
    assert replace(one, code="").deployment == ""


@pytest.mark.parametrize("state", (State.STEADY, State.SUSPECT, State.HELD, State.FENCING))
def test_a_change_before_the_point_of_no_return_asks_for_clean_rounds(state: State) -> None:
    record = armed(state, since=NOW - 1, bad_rounds=3, first_bad_at=NOW - 30, last_bad_at=NOW,
                   **OLD)  # fmt: skip
    after = step(record, evidence(NOW, "DDD"), NOW, NEW)
    assert (after.record.state, after.record.armed) == (State.OBSERVE, True)
    assert after.record.bad_rounds == 0
    assert "changed: clean rounds first" in after.reason


def test_every_witness_down_right_after_a_change_is_told_and_nothing_is_done() -> None:
    record, now, pages = armed(State.OBSERVE, **OLD), NOW, []
    for _ in range(8):
        now += POLICY.interval_s
        result = step(record, evidence(now, "DDD"), now, NEW)
        pages += [action for action in result.actions if isinstance(action, Page)]
        record = result.record
    assert record.state is State.OBSERVE
    assert {page.subject for page in pages} == {"The writer seems lost and nothing is done"}


def test_clean_rounds_begin_anew_and_end_in_the_new_deployment() -> None:
    record = armed(State.OBSERVE, clean_rounds=POLICY.clean_rounds - 1, **OLD)
    seen = []
    while record.state is State.OBSERVE:
        record = step(record, evidence(NOW, "UUU"), NOW, NEW).record
        seen.append(record.clean_rounds)
        assert record.deployment == "new"
    assert record.state is State.STEADY
    assert len(seen) == POLICY.clean_rounds
    assert not guards.redeployed(record, NEW)


def test_a_record_of_before_is_not_taken_for_a_change() -> None:
    assert step(armed(), evidence(NOW, "UUU"), NOW, NEW).record.state is State.STEADY
