"""The verdict fails exactly where a promise is broken."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bicoastal.lab.drill.pages import PageSent
from bicoastal.lab.drill.replication import Replication
from bicoastal.lab.drill.report import DnsAnswer, MemberState, RecoveryTime, Write, Writes
from bicoastal.lab.drill.verdict import Observed, judge, passed
from bicoastal.lab.scenarios import Expectation, Scenario, all_scenarios

WRITE = Write(client=1, seq=2, id="w", at_s=-0.1)
WRITES = Writes(
    attempted=100,
    acknowledged=90,
    failed=6,
    unknown=4,
    lost=[],
    phantom=[],
    duplicates=[],
    divergent=[],
    divergent_acknowledged=0,
    rpo_s=0.0,
    tail_only=True,
)
PAGE = PageSent(region="us-west-2", subject="Failed over to us-west-2", message="m")
GOOD = Observed(
    expect=Expectation(promotion=True, states=("COOLDOWN",)),
    dns_mode="latch",
    home="us-east-1",
    standby="us-west-2",
    steady_share=1.0,
    refused_after_fault=9,
    promotions=("us-west-2",),
    verified_at_s=6.0,
    recovery=RecoveryTime(
        total_s=7.0,
        detect_s=1.0,
        decide_s=4.0,
        promote_s=1.0,
        redirect_s=0.5,
        reconnect_s=0.5,
        floor_s=6.0,
        silence_s=7.1,
    ),
    writes=WRITES,
    rpo_budget_s=30.0,
    replication=Replication.ASYNC,
    dns=(
        DnsAnswer(at_s=-3.0, region="us-east-1", answer="a"),
        DnsAnswer(at_s=6.5, region="us-west-2", answer="b"),
    ),
    healed_at_s=9.0,
    old_member=MemberState(
        region="us-east-1", role="standby", state="available", accepts_writes=False, detail=""
    ),
    audit_intact=True,
    final_state="COOLDOWN",
    serving="us-west-2",
    pages=(PAGE,),
    told="one reason\nanother",
    leftovers=(),
)
STILL = replace(
    GOOD,
    expect=Expectation(promotion=False, states=("STEADY", "HELD")),
    promotions=(),
    verified_at_s=None,
    recovery=None,
    dns=GOOD.dns[:1],
    final_state="HELD",
    serving="us-east-1",
)


def failing(seen: Observed) -> set[str]:
    return {requirement.id for requirement in judge(seen) if requirement.outcome == "fail"}


@pytest.mark.parametrize("scenario", all_scenarios().values(), ids=lambda scenario: scenario.name)
def test_what_a_mutant_has_to_fail_is_judged(scenario: Scenario):
    judged = {requirement.id for requirement in judge(replace(GOOD, expect=scenario.expect))}
    assert set(scenario.mutant.fails) <= judged


def test_a_good_drill_passes_every_requirement():
    assert failing(GOOD) == set()
    assert passed(judge(GOOD))


@pytest.mark.parametrize(
    ("change", "broken"),
    (
        ({"steady_share": 0.98}, "steady-state"),
        ({"refused_after_fault": 0}, "fault-felt"),
        ({"promotions": ()}, "one-promotion"),
        ({"promotions": ("us-west-2", "us-east-1")}, "one-promotion"),
        ({"promotions": ("us-east-1",)}, "one-promotion"),
        ({"recovery": None}, "clients-recover"),
        ({"writes": WRITES.model_copy(update={"phantom": [WRITE]})}, "nothing-invented"),
        ({"writes": WRITES.model_copy(update={"duplicates": [WRITE]})}, "nothing-invented"),
        (
            {"writes": WRITES.model_copy(update={"lost": [WRITE], "rpo_s": 31.0})},
            "loss-within-budget",
        ),
        ({"dns": GOOD.dns[:1]}, "dns-after-promotion"),
        ({"verified_at_s": None}, "dns-after-promotion"),
        ({"verified_at_s": 6.6}, "dns-after-promotion"),
        (
            {"dns": (*GOOD.dns, DnsAnswer(at_s=10.0, region="us-east-1", answer="a"))},
            "dns-never-back",
        ),
        ({"healed_at_s": None}, "dns-never-back"),
        (
            {"old_member": GOOD.old_member.model_copy(update={"accepts_writes": True})},
            "old-member-harmless",
        ),
        (
            {"old_member": GOOD.old_member.model_copy(update={"role": "writer"})},
            "old-member-harmless",
        ),
        (
            {"old_member": GOOD.old_member.model_copy(update={"state": "rejoining"})},
            "old-member-harmless",
        ),
        ({"audit_intact": False}, "record-intact"),
        ({"final_state": "LOCKED"}, "record-intact"),
        ({"leftovers": ("us-east-1 VPC vpc-1",)}, "nothing-left"),
    ),
)
def test_each_broken_promise_fails_its_own_requirement(change, broken):
    seen = replace(GOOD, **change)
    assert failing(seen) == {broken}
    assert not passed(judge(seen))


def test_losses_within_the_budget_are_counted_and_pass():
    writes = WRITES.model_copy(update={"lost": [WRITE], "rpo_s": 0.1})
    requirement = {r.id: r for r in judge(replace(GOOD, writes=writes))}["loss-within-budget"]
    assert requirement.outcome == "pass"
    assert "1 of 90 acknowledged lost" in requirement.observed


@pytest.mark.parametrize("mode", ("health-check", "global-endpoint"))
def test_other_modes_are_not_held_to_what_only_the_latch_promises(mode):
    seen = replace(
        GOOD,
        dns_mode=mode,
        dns=(
            GOOD.dns[0],
            DnsAnswer(at_s=2.0, region="us-west-2", answer="b"),
            DnsAnswer(at_s=9.5, region="us-east-1", answer="a"),
        ),
    )
    outcomes = {r.id: r.outcome for r in judge(seen)}
    assert outcomes["dns-after-promotion"] == "not promised"
    assert outcomes["dns-never-back"] == "not promised"
    assert passed(judge(seen))


def test_the_classical_pair_fails_if_dns_never_moves():
    assert "dns-after-promotion" in failing(
        replace(GOOD, dns_mode="health-check", dns=GOOD.dns[:1])
    )


def test_a_drill_in_which_nobody_may_be_promoted_passes_when_nobody_was():
    assert failing(STILL) == set()


@pytest.mark.parametrize(
    ("change", "broken"),
    (
        ({"promotions": ("us-west-2",)}, "no-promotion"),
        ({"dns": GOOD.dns}, "dns-unmoved"),
        ({"writes": WRITES.model_copy(update={"lost": [WRITE]})}, "nothing-lost"),
        ({"final_state": "LOCKED"}, "record-intact"),
    ),
)
def test_what_must_not_happen_fails_its_own_requirement(change, broken):
    assert failing(replace(STILL, **change)) == {broken}


@pytest.mark.parametrize(
    ("wanted", "seen", "requirement"),
    (
        ({"felt": True}, {"refused_after_fault": 0}, "fault-felt"),
        ({"felt": False}, {"refused_after_fault": 3}, "fault-felt"),
        ({"paged": True}, {"pages": ()}, "paged"),
        ({"paged": False}, {"pages": (PAGE,)}, "paged"),
        ({"page_says": "locked"}, {"pages": (PAGE,)}, "page-says"),
        ({"serving": "home"}, {"serving": None}, "serving"),
        ({"serving": "standby"}, {"serving": "us-east-1"}, "serving"),
        ({"told": "over budget"}, {"told": "one reason"}, "told"),
        ({"divergent": True}, {}, "divergence"),
        (
            {"divergent": False},
            {"writes": WRITES.model_copy(update={"divergent": [WRITE]})},
            "divergence",
        ),
    ),
)
def test_what_a_scenario_asks_for_besides_is_judged_only_then(wanted, seen, requirement):
    broken = replace(STILL, **seen)
    assert requirement not in {each.id for each in judge(broken)}
    asked = STILL.expect.model_copy(update=wanted)
    assert failing(replace(broken, expect=asked)) == {requirement}


@pytest.mark.parametrize(
    ("wanted", "seen"),
    (
        ({"felt": True}, {}),
        ({"felt": False}, {"refused_after_fault": 0}),
        ({"paged": True, "page_says": "Failed over"}, {}),
        ({"paged": False}, {"pages": ()}),
        ({"serving": "home"}, {}),
        ({"told": "another"}, {}),
        ({"divergent": False}, {}),
    ),
)
def test_what_a_scenario_asks_for_passes_when_it_was_seen(wanted, seen):
    asked = STILL.expect.model_copy(update=wanted)
    assert failing(replace(STILL, **seen, expect=asked)) == set()


def test_where_writes_wait_for_the_standby_none_may_be_lost():
    waiting = replace(GOOD, replication=Replication.SEMI_SYNC)
    assert failing(waiting) == set()
    lost = WRITES.model_copy(update={"lost": [WRITE], "rpo_s": 0.1})
    assert failing(replace(GOOD, writes=lost)) == set()
    assert failing(replace(waiting, writes=lost)) == {"loss-within-budget"}
