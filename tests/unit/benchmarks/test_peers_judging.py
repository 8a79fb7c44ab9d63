"""The judging part of the comparison with peers."""

from __future__ import annotations

from dataclasses import replace

import pytest
from benchmarks.peers.judging import Attempt, Run, accepting, double_writer_s, measure
from benchmarks.peers.table import Cell

from bicoastal.lab.history import History, Op
from bicoastal.lab.network import AddressPlan

PLAN = AddressPlan("127.80.1", ("clients",), ("home", "standby"))
FAULT_S = 10.0


def writes(member: str, begin: float, end: float, *, ok: bool = True) -> list[Op]:
    count = round((end - begin) / 0.1)
    return [
        Op(
            client=0,
            seq=0,
            id=f"{member}-{begin}-{n}",
            outcome="ok" if ok else "fail",
            stage="write",
            address=PLAN.address("clients", member),
            code=0,
            error="",
            invoked_s=begin + n * 0.1,
            done_s=begin + n * 0.1,
            invoked_wall_s=0.0,
            done_wall_s=0.0,
        )
        for n in range(count)
    ]


def canary(member: str, begin: float, end: float, *, accepted: bool = True) -> list[Attempt]:
    ops = writes(member, begin, end)
    return [Attempt(member, op.done_s, accepted) for op in ops]


def run(*ops: list[Op], canaries: list[Attempt] | None = None, one_writer: bool = True) -> Run:
    history = History(op for each in ops for op in each)
    return Run(
        plan=PLAN,
        home="home",
        history=history,
        canaries=canaries or [],
        fault_s=FAULT_S,
        lost=3,
        divergent=4,
        one_writer=one_writer,
    )


def test_a_failover_is_measured_from_the_fault_to_steady_writes_in_the_other_region():
    seen = measure(
        run(
            writes("home", 5.0, 10.0),
            writes("home", 10.0, 14.0, ok=False),
            writes("standby", 14.0, 18.0),
        )
    )
    assert seen.rto_s == pytest.approx(4.0)
    assert seen.silence_s == pytest.approx(4.1)
    assert (seen.acknowledged, seen.lost, seen.divergent) == (90, 3, 4)
    assert seen.moved
    assert seen.double_writer_s == 0.0


def test_clients_that_are_sent_to_a_closed_member_have_no_recovery_and_a_silence_to_the_end():
    seen = measure(run(writes("home", 5.0, 10.0), writes("standby", 14.0, 30.0, ok=False)))
    assert seen.rto_s is None
    assert seen.moved
    assert seen.silence_s == pytest.approx(20.0)


def test_the_old_primary_serving_again_is_no_failover():
    seen = measure(run(writes("home", 5.0, 10.0), writes("home", 13.0, 20.0)))
    assert seen.rto_s is None
    assert not seen.moved
    assert seen.silence_s == pytest.approx(3.1)


def test_two_writers_are_found_although_no_client_ever_left_the_first():
    second = canary("standby", 5.0, 15.0, accepted=False) + canary("standby", 15.0, 18.0)
    seen = measure(run(writes("home", 5.0, 20.0), canaries=second))
    assert seen.double_writer_s == pytest.approx(2.9)
    assert seen.moved, "a member that was opened for writes is a failover, even if nobody came"


def test_members_of_a_multi_master_take_writes_without_being_two_writers_or_a_failover():
    seen = measure(
        run(writes("home", 5.0, 20.0), canaries=canary("standby", 5.0, 20.0), one_writer=False)
    )
    assert seen.double_writer_s is None
    assert not seen.moved


def test_a_refusal_or_a_silence_ends_the_time_for_which_a_member_takes_writes():
    attempts = [
        Attempt("home", at, at != 2.0) for at in (1.0, 1.5, 2.0, 2.5, 3.0, 5.0, 5.5)
    ]  # fmt: skip
    assert accepting(reversed(attempts)) == [(1.0, 1.5), (2.5, 3.0), (5.0, 5.5)]


def test_members_that_take_turns_are_not_two_writers_at_a_time():
    turns = canary("home", 0.0, 5.0) + canary("standby", 5.0, 9.0)
    assert double_writer_s(turns) == 0.0
    assert double_writer_s(turns + canary("home", 8.0, 9.0)) == pytest.approx(0.9)


def test_only_a_scenario_that_asks_for_no_failover_can_see_a_false_one():
    seen = measure(run(writes("home", 5.0, 10.0), writes("standby", 14.0, 18.0)))
    cell = Cell("naive", "regions-partitioned", seen)
    assert cell.false_failover is True
    assert replace(cell, measured=replace(seen, moved=False)).false_failover is False
    assert replace(cell, scenario="kill").false_failover is None
    assert replace(cell, measured=None).false_failover is None
