"""One failover, and each of its calls to AWS goes wrong in every way, or the controller ends there.

Hypothesis looks for what nobody thought of; this makes sure that nothing plain is left out.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from bicoastal.failover.state import State

from .in_process import HOME, STANDBY
from .world import READS, WRITES, Fault, World

New = Callable[[], World]
FAILURES = [
    *((call, kind, 2) for call in READS for kind in ("throttled", "5xx", "request lost")),
    *((call, kind, 2) for call in WRITES for kind in ("throttled", "5xx", "request lost")),
    # Once: the SDK asks again what was accepted already. Twice: and never hears of it.
    *((call, "answer lost", 1) for call in WRITES),
    *((call, "answer lost", 2) for call in WRITES if call != "FailoverGlobalCluster"),
]


def serves(world: World) -> None:
    """Exactly one promotion, the other region serves, and somebody knows."""
    for _ in range(30):
        world.complete()
        world.run(STANDBY)
        if world.record.state is State.COOLDOWN:
            break
    assert world.record.state is State.COOLDOWN, world.record
    assert [target for _, target in world.promotions] == [STANDBY]
    assert (world.record.writer, world.aws.writer(), world.dns()) == (STANDBY, STANDBY, 1)


@pytest.mark.parametrize(("call", "kind", "times"), FAILURES)
def test_one_promotion_whatever_call_fails(
    new_world: New, call: str, kind: str, times: int
) -> None:
    world = new_world()
    world.suspect()
    world.faults.append(Fault(call, kind, times))
    serves(world)
    assert not world.faults, "the call was made"


def test_a_crash_at_every_step_boundary_of_a_failover(new_world: New) -> None:
    """Before the first call, and after each one that changes something.

    Before and after a call that only reads, AWS is as after the call that precedes it.
    """
    boundaries = 0
    while True:
        world = new_world()
        world.suspect()
        # One invocation from the claim to the new writer in service; RDS needs no time.
        invocation = world.begin(STANDBY, 9)
        for _ in range(boundaries):
            world.go_past_write(invocation)
            world.complete()
        if invocation.over:
            assert world.record.state is State.COOLDOWN
            break
        invocation.advance(crash=True)
        serves(world)
        boundaries += 1
    assert (
        boundaries >= 15
    )  # as many as a failover has when an unchanged latch is put once a minute


def test_a_promotion_that_rds_gives_up_is_asked_for_again_for_the_same_target(
    new_world: New,
) -> None:
    world = new_world()
    world.suspect()
    world.run(STANDBY)
    world.complete(fails=True)
    world.run(STANDBY)
    assert world.promotions == [(2, STANDBY), (2, STANDBY)]
    world.promotions.pop()
    serves(world)


def test_a_promotion_that_never_ends_is_locked_and_paged(new_world: New) -> None:
    world = new_world()
    world.suspect()
    world.run(STANDBY)
    world.tick(101.0)
    pages = world.pages
    world.run(STANDBY)
    assert world.record.state == "LOCKED"
    assert world.pages > pages
    world.finale()
    assert world.promotions == [(2, STANDBY)]


def test_a_zombie_of_an_earlier_epoch_does_nothing(new_world: New) -> None:
    """It stood still at each call from the claim on, while others failed over to the end."""
    for calls in range(1, 40):
        world = new_world()
        world.suspect()
        zombie = world.begin(STANDBY, 1)
        world.go(zombie, calls)
        if zombie.over:
            break
        serves(world)
        version, promotions = world.record.version, list(world.promotions)
        world.go(zombie, 100)
        assert zombie.waits_for is None
        assert (world.record.version, world.promotions) == (version, promotions)
        assert world.dns() == 1
    assert calls > 8


def test_a_controller_that_saw_the_past_does_not_move_dns_back(new_world: New) -> None:
    """It read PROMOTING, RDS did not answer it, and meanwhile another one moved DNS."""
    world = new_world()
    world.suspect()
    world.run(STANDBY)
    late = world.begin(STANDBY, 1)
    while late.waits_for != "DescribeGlobalClusters":
        world.go(late)
    serves(world)
    world.faults.append(Fault("DescribeGlobalClusters", "request lost", 2))
    world.go(late, 100)
    assert late.over
    assert world.dns() == 1, "the latch of whoever read earlier is older"


def test_nobody_acts_while_the_members_are_well(new_world: New) -> None:
    world = new_world()
    world.prepare(State.STEADY)
    world.liar = HOME
    for _ in range(4):
        world.run(STANDBY)
    assert (world.record.state, world.promotions) == (State.STEADY, [])
